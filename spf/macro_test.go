package spf

import (
	"context"
	"net/netip"
	"strings"
	"testing"
)

// newTestEval returns an eval as it is inside a check of the given request.
func newTestEval(t testing.TB, c *Checker, r Request) *eval {
	t.Helper()
	if c.Resolver == nil {
		c.Resolver = stub{}
	}
	e := new(eval)
	e.start(context.Background(), c)
	t.Cleanup(e.ctx.stop)
	if err := e.identity(&r); err != nil {
		t.Fatal(err)
	}
	return e
}

// expandRef is the reference for macro expansion: slow, by lists of strings
// (RFC 7208, section 7.3).
func expandRef(s string, value func(letter byte) string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			out.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case '%':
			out.WriteByte('%')
			continue
		case '_':
			out.WriteByte(' ')
			continue
		case '-':
			out.WriteString("%20")
			continue
		}
		end := strings.IndexByte(s[i:], '}') + i
		body := s[i+1 : end]
		i = end
		letter, rest := body[0], body[1:]
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		rest = rest[len(digits):]
		reverse := strings.HasPrefix(strings.ToLower(rest), "r")
		if reverse {
			rest = rest[1:]
		}
		val := value(letter | 0x20)
		if digits != "" || reverse || rest != "" {
			delims := rest
			if delims == "" {
				delims = "."
			}
			for _, d := range delims {
				val = strings.ReplaceAll(val, string(d), "\x00\x00")
			}
			parts := strings.Split(val, "\x00\x00")
			if reverse {
				for a, b := 0, len(parts)-1; a < b; a, b = a+1, b-1 {
					parts[a], parts[b] = parts[b], parts[a]
				}
			}
			n := 0
			for _, d := range digits {
				n = min(n*10+int(d-'0'), 1<<20)
			}
			if n > 0 && n < len(parts) {
				parts = parts[len(parts)-n:]
			}
			val = strings.Join(parts, ".")
		}
		if 'A' <= letter && letter <= 'Z' {
			var esc strings.Builder
			for _, c := range []byte(val) {
				if strings.IndexByte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", c) >= 0 {
					esc.WriteByte(c)
				} else {
					esc.WriteByte('%')
					esc.WriteByte("0123456789ABCDEF"[c/16])
					esc.WriteByte("0123456789ABCDEF"[c%16])
				}
			}
			val = esc.String()
		}
		out.WriteString(val)
	}
	return out.String()
}

// TestExpandRFC holds the examples of RFC 7208, section 7.4.
func TestExpandRFC(t *testing.T) {
	c := &Checker{Now: fixedNow, Hostname: "mx.receiver.example"}
	r4 := Request{IP: netip.MustParseAddr("192.0.2.3"), Helo: "mail.example.net", MailFrom: "strong-bad@email.example.com"}
	r6 := r4
	r6.IP = netip.MustParseAddr("2001:db8::cb01")
	for _, tt := range []struct {
		req      Request
		in, want string
	}{
		{r4, "%{s}", "strong-bad@email.example.com"},
		{r4, "%{o}", "email.example.com"},
		{r4, "%{d}", "email.example.com"},
		{r4, "%{d4}", "email.example.com"},
		{r4, "%{d3}", "email.example.com"},
		{r4, "%{d2}", "example.com"},
		{r4, "%{d1}", "com"},
		{r4, "%{dr}", "com.example.email"},
		{r4, "%{d2r}", "example.email"},
		{r4, "%{l}", "strong-bad"},
		{r4, "%{l-}", "strong.bad"},
		{r4, "%{lr}", "strong-bad"},
		{r4, "%{lr-}", "bad.strong"},
		{r4, "%{l1r-}", "strong"},
		{r4, "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
		{r4, "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
		{r4, "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
		{r4, "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
		{r4, "%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
		{r6, "%{ir}.%{v}._spf.%{d2}", "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"},
		{r6, "%{c}", "2001:db8::cb01"},
		{r4, "%{c} %{r} %{t} %{h}", "192.0.2.3 mx.receiver.example 1700000000 mail.example.net"},
		{r4, "%%%_%-", "% %20"},
		{r4, "%{S}", "strong-bad%40email.example.com"},
		{r4, "%{d99999999999999999999}", "email.example.com"},
		{r4, "%{p}", "unknown"},
	} {
		e := newTestEval(t, c, tt.req)
		got, ok := e.expand(nil, tt.in, e.domain, true)
		if !ok || string(got) != tt.want {
			t.Errorf("expand(%q) = %q, %t, want %q", tt.in, got, ok, tt.want)
		}
	}
	e := newTestEval(t, &Checker{}, r4)
	if got, _ := e.expand(nil, "%{r}", e.domain, true); string(got) != "unknown" {
		t.Errorf("%%{r} without a host name = %q, want unknown", got)
	}
}

func TestExpandTransformers(t *testing.T) {
	for _, sender := range []string{
		"strong-bad@email.example.com", "--a--@x.example.com", "a@b@c.example.com", "-@a.example",
		"a.b.c.d@a.b.c.d.example", "x+y=z/w_v,u-t.s@d.example", "..@d.example", "~%&\x00\r\n\"@d.example",
	} {
		e := newTestEval(t, &Checker{Now: fixedNow}, request("192.0.2.3", sender))
		value := func(l byte) string {
			v, _ := e.macroValue(l, e.domain)
			return v
		}
		for _, letter := range []string{"s", "l", "o", "d", "i", "v", "S", "L", "O"} {
			for _, digits := range []string{"", "1", "2", "3", "128", "007"} {
				for _, r := range []string{"", "r", "R"} {
					for _, delims := range []string{"", ".", "-", "+-", "=_/,", ".-+,/_="} {
						in := "x%{" + letter + digits + r + delims + "}y"
						want := expandRef(in, value)
						got, ok := e.expand(nil, in, e.domain, true)
						if !ok || string(got) != want {
							t.Fatalf("expand(%q) for %q = %q, %t, want %q", in, sender, got, ok, want)
						}
					}
				}
			}
		}
	}
}

func TestTarget(t *testing.T) {
	label := strings.Repeat("a", 63)
	for _, tt := range []struct {
		sender, spec, want string // "" for no name
	}{
		{"u@d.example", "", "d.example."},
		{"u@d.example", "x.example", "x.example."},
		{"u@d.example", "x.example.", "x.example."},
		{"u@d.example", "%{d}", "d.example."},
		{"u@d.example", "%{d}.", "d.example."},
		{"u@d.example", "%{d}..", ""},
		{"u@d.example", "x..example", ""},
		{"u@d.example", "%{l}..example", ""},
		{".@d.example", "%{l}.x.example", ""},
		{"u@d.example", label + "a.example", ""},
		{"u@d.example", "%{l}" + label + ".example", ""},
		{"u@d.example", label + "." + label + "." + label + "." + label, label + "." + label + "." + label + "."},
		{"u@d.example", label + "." + label + "." + label + "." + label + ".", label + "." + label + "." + label + "."},
		{"u@d.example", strings.Repeat("a", 300), ""},
		{"u@d.example", "%{l}" + strings.Repeat("a", 300), ""},
		{"u@d.example", strings.Repeat("x.", 3000) + "%{d}", strings.Repeat("x.", 122) + "d.example."},
		{strings.Repeat("u.", 255) + "u@d.example", strings.Repeat("%{l}.", 1000) + "%{d}", strings.Repeat("u.", 122) + "d.example."},
		{strings.Repeat("u.", 257) + "u@d.example", "%{l}.%{d}", ""},
		{"ü@d.example", "%{l}.%{d}", ""},
		{"u@d.example", strings.Repeat("%{l}.", 20000) + "%{d}", strings.Repeat("u.", 122) + "d.example."},
		{"u@d.example", strings.Repeat("%%", 2000) + ".%{d}", "d.example."},
		{"u@d.example", strings.Repeat("%{l}", 511) + ".x.%{d}", "x.d.example."},
	} {
		e := newTestEval(t, &Checker{}, request("192.0.2.3", tt.sender))
		got, ok := e.target(tt.spec, e.domain)
		if ok != (tt.want != "") || got != tt.want {
			t.Errorf("target(%.40q) for %.20q = %q, %t, want %q", tt.spec, tt.sender, got, ok, tt.want)
		}
	}
}
