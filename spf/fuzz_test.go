package spf

import (
	"context"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/authres"
	"github.com/mailsec-go/mailsec/internal/smtptext"
)

var seedRecords = []string{
	"v=spf1 +a/24//64 -mx:m.example ?ptr:%{d} ~exists:%{ir}.%{v}.%{d2} ip4:192.0.2.0/24 ip6:2001:db8::/32 include:%{l}.x.example all",
	"v=spf1 redirect=%{d} exp=%{l1r-}.%{o} foo=%{c}%%%_%- a.b=c",
	"v=spf1 a:foo:bar/baz.example.com/24 mx a:%{L0002R+-.,/_=}",
	"v=spf1 include:%{d} redirect=%{d}", "V=SPF1", "v=spf1 a//0 a/0", "v=spf1 ptr ptr exists:%{p} mx mx mx -all exp=%{h}",
}

// FuzzParse: the canonical form parses to the same record and is a fixed point;
// positions point to the terms.
func FuzzParse(f *testing.F) {
	for _, s := range seedRecords {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		for _, d := range r.Directives {
			if !strings.HasPrefix(s[d.Pos:], d.Text) {
				t.Errorf("Parse(%q): %q is not at %d", s, d.Text, d.Pos)
			}
		}
		text := r.String()
		r2, err := Parse(text)
		if err != nil {
			t.Fatalf("Parse(%q) = %q, which does not parse: %v", s, text, err)
		}
		if again := r2.String(); again != text {
			t.Errorf("Parse(%q): %q, then %q", s, text, again)
		}
		same := slices.EqualFunc(r.Directives, r2.Directives, func(a, b Directive) bool {
			a.Text, a.Pos, b.Text, b.Pos = "", 0, "", 0
			return a == b
		}) && slices.EqualFunc(r.Modifiers, r2.Modifiers, func(a, b Modifier) bool {
			return strings.EqualFold(a.Name, b.Name) && a.Value == b.Value
		})
		if !same {
			t.Errorf("Parse(%q) = %+v, reparsed %+v", s, r, r2)
		}
	})
}

// FuzzExpand: expansion agrees with the reference and stays inside its bound.
func FuzzExpand(f *testing.F) {
	f.Add("%{ir}.%{v}._spf.%{d2}", "strong-bad@email.example.com", "192.0.2.3")
	f.Add("%{L128R.-+,/_=}%%%_%-%{s1}%{h}%{O2r}", "a+b=c/d_e,f@x.y.example", "2001:db8::1")
	f.Fuzz(func(t *testing.T, spec, sender, addr string) {
		ip, err := netip.ParseAddr(addr)
		if err != nil {
			return
		}
		if _, why := checkMacros(spec, explainLetters, true); why.kind != nil {
			return
		}
		req := Request{IP: ip, Helo: "mx.example.org", MailFrom: sender}
		c := &Checker{Resolver: stub{}, Now: fixedNow}
		var e eval
		e.start(context.Background(), c)
		defer e.ctx.stop()
		if e.identity(&req) != nil {
			return
		}
		unusable := false
		want := expandRef(spec, func(l byte) string {
			v, ok := e.macroValue(l, e.domain)
			unusable = unusable || !ok
			return v
		})
		got, ok := e.expand(nil, spec, e.domain, true)
		if ok == unusable {
			t.Fatalf("expand(%q) for %q: ok %t", spec, sender, ok)
		}
		if want = want[:min(len(want), MaxExplanation)]; ok && string(got) != want {
			t.Errorf("expand(%q) for %q = %q, want %q", spec, sender, got, want)
		}
		name, ok := e.target(spec, e.domain)
		if ok && spec != "" && (!validName(name[:len(name)-1]) || name[len(name)-1] != '.') {
			t.Errorf("target(%q) for %q = %q", spec, sender, name)
		}
	})
}

// FuzzCheck: whatever the zone, a check asks no more than the limits allow,
// ends in a known result, and puts nothing foreign where it could do harm.
func FuzzCheck(f *testing.F) {
	for i, s := range seedRecords {
		f.Add(s, seedRecords[(i+1)%len(seedRecords)], "strong-bad@example.com", "mx.example.org", i%2 == 0)
	}
	f.Add("v=spf1 include:%{d} mx mx ptr exists:%{p} mx mx mx mx mx", "%{s} %{h}", "a\r\nb: c@example.com", "x\r\ny", true)
	f.Fuzz(func(t *testing.T, first, second, sender, helo string, v6 bool) {
		asked := 0
		hosts := make([]*net.MX, 10)
		names := make([]string, 12)
		for i := range names {
			names[i] = strings.Repeat("n", i+1) + ".example."
		}
		for i := range hosts {
			hosts[i] = &net.MX{Host: names[i]}
		}
		res := stub{
			txt: func(_ context.Context, name string) ([]string, error) {
				asked++
				if asked%2 == 1 {
					return []string{first}, nil
				}
				return []string{second}, nil
			},
			mx: func(string) ([]*net.MX, error) { asked++; return hosts, nil },
			ip: func(n, _ string) ([]netip.Addr, error) {
				asked++
				return []netip.Addr{netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("2001:db8:ffff::7")}, nil
			},
			addr: func(string) ([]string, error) { asked++; return names, nil },
		}
		ip := netip.MustParseAddr("192.0.2.1")
		if v6 {
			ip = netip.MustParseAddr("2001:db8::1")
		}
		c := &Checker{Resolver: res, Timeout: -1}
		v, err := c.Check(context.Background(), Request{IP: ip, Helo: helo, MailFrom: sender})
		if err != nil {
			t.Fatal(err)
		}
		most := 1 + DefaultMaxTerms*(1+DefaultMaxNames) + 1 + DefaultMaxNames
		if asked != v.Queries || asked > most || v.Terms > DefaultMaxTerms || v.Voids > DefaultMaxVoids+1 {
			t.Errorf("%q, %q: %d questions (%d counted), %d terms, %d voids", first, second, asked, v.Queries, v.Terms, v.Voids)
		}
		switch v.Result {
		case None, Neutral, Pass, Fail, SoftFail:
		case TempError, PermError:
			if v.Cause == nil {
				t.Errorf("%q: %s without a cause", first, v.Result)
			}
		default:
			t.Errorf("%q: result %q", first, v.Result)
		}
		v.Explain(context.Background())
		checkOutputs(t, v)
	})
}

// checkOutputs checks that every text made from v is safe to use.
func checkOutputs(t *testing.T, v *Verdict) {
	t.Helper()
	if !smtptext.IsSafe(v.Explanation) || len(v.Explanation) > MaxExplanation {
		t.Errorf("explanation %q", v.Explanation)
	}
	if !smtptext.IsSafe(v.String()) {
		t.Errorf("log line %q", v)
	}
	if !smtptext.IsSafe(v.Domain) {
		t.Errorf("domain %q", v.Domain)
	}
	if v.Cause != nil && !smtptext.IsSafe(v.Cause.Error()) {
		t.Errorf("cause %q", v.Cause)
	}
	if code, enhanced, text := v.Reply(); !smtptext.IsSafe(text) || len(enhanced)+1+len(text) > smtptext.MaxReplyText || (code == 0) != (text == "") {
		t.Errorf("reply %d %s %q", code, enhanced, text)
	}
	m := v.AuthResult()
	for _, s := range []string{m.Result, m.Reason, m.Props[0].Value} {
		if !smtptext.IsSafe(s) {
			t.Errorf("AuthResult %+v", m)
		}
	}
	h := authres.Header{ID: "mx.receiver.example", Methods: []authres.Method{m}}
	field, err := h.AppendTo(nil)
	if err != nil {
		t.Fatalf("AuthResult %+v: %v", m, err)
	}
	if back, err := authres.Parse(string(field)); err != nil || !reflect.DeepEqual(back.Methods, h.Methods) {
		t.Errorf("Authentication-Results %q reads back as %+v, %v, want %+v", field, back.Methods, err, h.Methods)
	}
	checkReceived(t, v.ReceivedSPF("mx.receiver.example"))
}

// checkReceived checks the lines of a Received-SPF value: each continues the
// field, is short enough, and has balanced quotes and parentheses.
func checkReceived(t *testing.T, s string) {
	t.Helper()
	quoted, depth := false, 0
	for i, line := range strings.Split(s, "\r\n") {
		if i > 0 && !strings.HasPrefix(line, "\t") || len(line) > 998 || !smtptext.IsSafe(strings.TrimPrefix(line, "\t")) {
			t.Errorf("Received-SPF line %q", line)
		}
		for j := 0; j < len(line); j++ {
			switch c := line[j]; {
			case c == '\\':
				j++
			case c == '"' && depth == 0:
				quoted = !quoted
			case quoted:
			case c == '(':
				depth++
			case c == ')':
				depth--
			}
		}
		if quoted || depth < 0 {
			t.Errorf("Received-SPF line %q leaves a quote open", line)
		}
	}
	if depth != 0 {
		t.Errorf("Received-SPF %q: unbalanced comment", s)
	}
}
