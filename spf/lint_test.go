package spf

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/internal/smtptext"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// codes returns the findings as "code term".
func codes(r *Report) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, strings.TrimSpace(string(f.Code)+" "+f.Term))
	}
	return out
}

func TestLintFindings(t *testing.T) {
	mx := make([]string, 11)
	for i := range mx {
		mx[i] = fmt.Sprintf("example.com. MX 10 m%d.example.com.", i)
	}
	hosts := []string{"h.example.com. A 192.0.2.1", "h.example.com. AAAA 2001:db8::1"}
	many := strings.Repeat(" include:i.example.com", 11)
	for _, tt := range []struct {
		name   string
		domain string // example.com if empty
		record string
		zone   []string
		want   []string
	}{
		{name: "clean", record: "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a:h.example.com -all exp=e.example.com", zone: append(hosts, `e.example.com. TXT "see %{c}"`)},
		{name: "no domain", domain: "localhost", want: []string{"no-record"}},
		{name: "no record", want: []string{"no-record"}},
		{name: "two records", zone: []string{`example.com. TXT "v=spf1"`, `example.com. TXT "v=spf1"`}, want: []string{"multiple-records"}},
		{name: "syntax", record: "v=spf1 ip:192.0.2.1 a:%{z} -all", want: []string{"syntax ip:192.0.2.1", "syntax a:%{z}"}},
		{name: "twice", record: "v=spf1 redirect=x.example redirect=x.example -all", want: []string{"syntax redirect=x.example", "dead-redirect redirect=x.example"}},
		{name: "terms", record: "v=spf1" + many + " -all", zone: []string{`i.example.com. TXT "v=spf1 -all"`}, want: append(
			slicesRepeat("dead-term include:i.example.com", 10), "term-limit")},
		{name: "voids", record: "v=spf1 a:x.example.com mx:x.example.com exists:x.example.com -all", want: []string{
			"void-lookup a:x.example.com", "void-lookup mx:x.example.com", "void-lookup exists:x.example.com", "void-limit"}},
		{name: "voids of one family", record: "v=spf1 a:a.example.com a:b.example.com a:c.example.com -all", zone: []string{
			"a.example.com. A 192.0.2.1", "b.example.com. A 192.0.2.1", "c.example.com. A 192.0.2.1"}, want: []string{"void-limit"}},
		{name: "mx hosts", record: "v=spf1 mx -all", zone: append(mx, "m0.example.com. A 192.0.2.1", "*.example.com. A 192.0.2.1", "*.example.com. AAAA 2001:db8::1"), want: []string{"mx-limit mx"}},
		{name: "loop", record: "v=spf1 include:l.example.com -all", zone: []string{`l.example.com. TXT "v=spf1 redirect=EXAMPLE.com"`}, want: []string{"loop redirect=EXAMPLE.com"}},
		{name: "include of nothing", record: "v=spf1 include:l.example.com -all", want: []string{"no-record include:l.example.com"}},
		{name: "after all", record: "v=spf1 -all a:x.example.com mx:x.example.com", want: []string{"dead-term a:x.example.com"}},
		{name: "pass all", record: "v=spf1 all", want: []string{"pass-all all"}},
		{name: "no all", record: "v=spf1 ip4:192.0.2.1", want: []string{"no-all"}},
		{name: "ptr", record: "v=spf1 ptr ptr:%{d} -all", want: []string{"ptr ptr", "ptr ptr:%{d}"}},
		{name: "long", record: "v=spf1" + strings.Repeat(" ip4:192.0.2.1", 40) + " -all", want: append([]string{"record-too-long"},
			slicesRepeat("dead-term ip4:192.0.2.1", 39)...)},
		{name: "wide", record: "v=spf1 ip4:10.0.0.0/8 ip6:2000::/3 -ip4:0.0.0.0/0 -all", want: []string{"wide-network ip4:10.0.0.0/8", "wide-network ip6:2000::/3"}},
		{name: "wide hosts", record: "v=spf1 a:h.example.com/0 mx:h.example.com//8 -a:h.example.com/1 -all", zone: append(hosts, "h.example.com. MX 1 h.example.com."),
			want: []string{"wide-network a:h.example.com/0", "wide-network mx:h.example.com//8"}},
		{name: "host bits", record: "v=spf1 ip4:192.0.2.1/24 -all", want: []string{"host-bits ip4:192.0.2.1/24"}},
		{name: "exp", record: "v=spf1 -all exp=e.example.com", want: []string{"explanation exp=e.example.com"}},
		{name: "exp syntax", record: "v=spf1 -all exp=e.example.com", zone: []string{`e.example.com. TXT "100%"`}, want: []string{"explanation exp=e.example.com"}},
		{name: "exp of the mail", record: "v=spf1 -all exp=%{l}.example.com"},
		{name: "unknown modifier", record: "v=spf1 -all redirct=x.example", want: []string{"unknown-modifier redirct=x.example"}},
		{name: "single label", record: "v=spf1 a:%{d1} -all", want: []string{"single-label-name a:%{d1}", "void-lookup a:%{d1}"}},
		{name: "bad name", record: "v=spf1 a:x..example.com -all", want: []string{"dead-term a:x..example.com"}},
		{name: "of the mail", record: "v=spf1 exists:%{ir}.x.example.com include:%{l}.x.example.com redirect=%{h}", want: nil},
		{name: "percent signs", record: "v=spf1 exists:%%{l%_%-.example.com -all", want: []string{"void-lookup exists:%%{l%_%-.example.com"}},
		{name: "faults", record: "v=spf1 a:f.example.com mx:f.example.com include:f.example.com -all exp=f.example.com", want: []string{
			"dns-error a:f.example.com", "dns-error mx:f.example.com", "dns-error", "dns-error exp=f.example.com"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := tt.zone
			if tt.record != "" {
				lines = append(lines, chunked("example.com.", tt.record))
			}
			srv := server(t, lines...)
			srv.SetFault("f.example.com.", "*", resolvertest.ServFail)
			if tt.domain == "" {
				tt.domain = "example.com"
			}
			rep, err := (&Checker{Resolver: srv.Resolver()}).Lint(context.Background(), tt.domain)
			if err != nil {
				t.Fatal(err)
			}
			if got := codes(rep); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%q: findings %q, want %q\n%s", tt.record, got, tt.want, rep)
			}
		})
	}
}

func slicesRepeat(s string, n int) []string {
	return strings.Split(strings.Repeat(s+"\n", n)[:n*(len(s)+1)-1], "\n")
}

// chunked is a TXT line whose text is split into strings of 255 octets.
func chunked(name, s string) string {
	line := name + " TXT"
	for len(s) > 255 {
		line, s = line+` "`+s[:255]+`"`, s[255:]
	}
	return line + ` "` + s + `"`
}

func TestLintTree(t *testing.T) {
	srv := server(t,
		`example.com. TXT "v=spf1 ip4:192.0.2.7/24 include:i.example.net ?include:j.example.net include:%{l}.example.net mx/28//64 redirect=r.example.com"`,
		`example.com. MX 10 m.example.com.`, `m.example.com. A 203.0.113.9`, `m.example.com. AAAA 2001:db8::9`,
		`i.example.net. TXT "v=spf1 a:%{o} -all"`, `example.com. A 198.51.100.1`,
		`j.example.net. TXT "v=spf1 ip4:203.0.113.77 -all"`, `r.example.com. TXT "v=spf1 ip6:2001:db8:1::/48 -all"`)
	c := &Checker{Resolver: srv.Resolver()}
	rep, err := c.Lint(context.Background(), "EXAMPLE.com.")
	if err != nil {
		t.Fatal(err)
	}
	want := `example.com (6 lookups, 1 voids): "v=spf1 ip4:192.0.2.7/24 include:i.example.net ?include:j.example.net include:%{l}.example.net mx/28//64 redirect=r.example.com"
  include:i.example.net -> i.example.net (1 lookups, 1 voids): "v=spf1 a:%{o} -all"
  ?include:j.example.net -> j.example.net (0 lookups, 0 voids): "v=spf1 ip4:203.0.113.77 -all"
  include:%{l}.example.net -> depends on the mail
  redirect=r.example.com -> r.example.com (0 lookups, 0 voids): "v=spf1 ip6:2001:db8:1::/48 -all"
info host-bits: example.com: "ip4:192.0.2.7/24": means 192.0.2.0/24
`
	if got := rep.String(); got != want {
		t.Errorf("report:\n%s\nwant:\n%s", got, want)
	}
	var nets []netip.Prefix
	for _, s := range []string{"192.0.2.0/24", "198.51.100.1/32", "203.0.113.0/28", "2001:db8::/64", "2001:db8:1::/48"} {
		nets = append(nets, netip.MustParsePrefix(s))
	}
	if !reflect.DeepEqual(rep.Networks, nets) || rep.Lookups != 6 || rep.Voids != 1 {
		t.Errorf("networks %v, want %v; lookups %d, voids %d", rep.Networks, nets, rep.Lookups, rep.Voids)
	}
	rep, err = c.LintRecord(context.Background(), "example.com", "v=spf1 +all")
	if err != nil || len(rep.Findings) != 1 || rep.Findings[0].Severity != Warning {
		t.Errorf("LintRecord: %v, %v", rep, err)
	}
	if s := rep.Findings[0].String(); s != `warning pass-all: example.com: "+all": authorizes every host of the Internet` {
		t.Errorf("finding prints as %q", s)
	}
	if rep, _ = c.Lint(context.Background(), "none.example"); rep.String() != "none.example: no usable record\nwarning no-record: none.example: no SPF record\n" {
		t.Errorf("report %q", rep)
	}
	if s := Severity(0).String() + Broken.String(); s != "broken" {
		t.Errorf("severities %q", s)
	}
}

// TestLintBounds: no tree costs more than the bounds.
func TestLintBounds(t *testing.T) {
	asked := 0
	res := stub{
		txt: func(_ context.Context, name string) ([]string, error) {
			asked++
			return []string{"v=spf1 include:a.%{d} include:b.%{d} mx a redirect=c.%{d} exp=e.%{d}"}, nil
		},
		mx: func(string) ([]*net.MX, error) {
			asked++
			var mxs []*net.MX
			for i := range 30 {
				mxs = append(mxs, &net.MX{Host: fmt.Sprintf("m%d.example.", i)})
			}
			return mxs, nil
		},
		ip: func(string, string) ([]netip.Addr, error) { asked++; return nil, errNotFound },
	}
	rep, err := (&Checker{Resolver: res}).Lint(context.Background(), "example.com")
	if err != nil || asked > maxLintQueries+1 {
		t.Errorf("%d questions, %v", asked, err)
	}
	if !strings.Contains(fmt.Sprint(codes(rep)), "too-large") {
		t.Errorf("no too-large finding in %q", codes(rep))
	}
	// Deep but narrow.
	res.txt = func(context.Context, string) ([]string, error) { return []string{"v=spf1 include:a.%{d} -all"}, nil }
	rep, err = (&Checker{Resolver: res}).Lint(context.Background(), "example.com")
	if err != nil || rep.Lookups > maxLintDepth {
		t.Errorf("%d lookups, %v", rep.Lookups, err)
	}
	res.txt = text("v=spf1 " + strings.Repeat(" a", MaxRecord))
	if rep, err = (&Checker{Resolver: res}).Lint(context.Background(), "example.com"); err != nil || rep.Findings[0].Code != CodeSyntax {
		t.Errorf("huge record: %v, %v", codes(rep), err)
	}
}

// FuzzLint: whatever the records, the walk ends inside its bounds and the
// report is printable.
func FuzzLint(f *testing.F) {
	for i, s := range seedRecords {
		f.Add(s, seedRecords[(i+1)%len(seedRecords)])
	}
	f.Add("v=spf1 include:a.%{d} redirect=b.%{d}", "v=spf1 a mx exists:%{d} include:b.%{o} exp=%{d}")
	f.Fuzz(func(t *testing.T, first, second string) {
		asked := 0
		res := stub{
			txt: func(_ context.Context, name string) ([]string, error) {
				asked++
				if asked%2 == 1 {
					return []string{first}, nil
				}
				return []string{second}, nil
			},
			mx: func(string) ([]*net.MX, error) { asked++; return []*net.MX{{Host: "m.example."}}, nil },
			ip: func(string, string) ([]netip.Addr, error) { asked++; return nil, errNotFound },
		}
		rep, err := (&Checker{Resolver: res}).Lint(context.Background(), "example.com")
		if err != nil || asked > maxLintQueries+1 {
			t.Fatalf("%d questions, %v", asked, err)
		}
		for line := range strings.Lines(rep.String()) {
			if !smtptext.IsSafe(strings.TrimSuffix(line, "\n")) {
				t.Errorf("report line %q", line)
			}
		}
	})
}
