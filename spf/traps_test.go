package spf

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// TestTraps holds one case for each point that a known implementation gets
// wrong. The name begins with the RFC 7208 section that decides.
func TestTraps(t *testing.T) {
	long := strings.Repeat("l", 63)
	for _, tt := range []struct {
		name   string
		zone   []string
		ip     string // 192.0.2.1 if empty
		sender string // user@example.com if empty
		helo   string
		fault  string // name type
		want   Result
		err    error // of the cause
	}{
		// Identities and the domain.
		{name: "2.4 domain after the last @", sender: `"a@b"@example.com`, zone: []string{`example.com. TXT "v=spf1 +all"`}, want: Pass},
		{name: "4.3 postmaster for no local-part", sender: "@example.com", zone: []string{
			`example.com. TXT "v=spf1 exists:%{l}.x.example.com -all"`, `postmaster.x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "4.3 text without @ is a domain", sender: "example.com", zone: []string{
			`example.com. TXT "v=spf1 exists:%{l}.x.example.com -all"`, `postmaster.x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "4.3 single label", sender: "u@localhost", zone: []string{`localhost. TXT "v=spf1 +all"`}, want: None, err: ErrNoRecord},
		{name: "4.3 label too long", sender: "u@l" + long + ".example.com", want: None, err: ErrNoRecord},
		{name: "4.3 label of 63", sender: "u@" + long + ".example.com", zone: []string{long + `.example.com. TXT "v=spf1 +all"`}, want: Pass},
		{name: "4.3 empty label", sender: "u@a..example.com", want: None, err: ErrNoRecord},
		{name: "4.3 leading dot", sender: "u@.example.com", want: None, err: ErrNoRecord},
		{name: "4.3 final dot", sender: "u@example.com.", zone: []string{
			`example.com. TXT "v=spf1 exists:%{d2}.x.example.com -all"`, `example.com.x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "4.3 name too long", sender: "u@" + strings.Repeat("a.", 126) + "ab", want: None, err: ErrNoRecord},
		{name: "4.3 name of 253", sender: "u@" + strings.Repeat("a.", 126) + "a", want: None},
		{name: "2.3 literal", sender: "u@[192.0.2.1]", want: None, err: ErrNoRecord},
		{name: "8616 U-label", sender: "u@bücher.example", zone: []string{
			`xn--bcher-kva.example. TXT "v=spf1 exists:%{d}.x.example -all"`, `xn--bcher-kva.example.x.example. A 127.0.0.2`}, want: Pass},
		{name: "8616 no A-label", sender: "u@\xff\xfe.example", want: None, err: ErrNoRecord},
		{name: "8616 underscore beside a U-label", sender: "u@_x.bücher.example", zone: []string{`_x.xn--bcher-kva.example. TXT "v=spf1 +all"`}, want: Pass},
		{name: "8616 local-part does not match", sender: "üser@example.com", zone: []string{
			`example.com. TXT "v=spf1 exists:%{l}.x.example.com include:%{s}.x.example.com ?all"`, `*.x.example.com. A 127.0.0.2`}, want: Neutral},
		{name: "8616 local-part in redirect", sender: "üser@example.com", zone: []string{
			`example.com. TXT "v=spf1 redirect=%{l}.x.example.com"`, `*.x.example.com. TXT "v=spf1 +all"`}, want: Neutral},
		{name: "5 mapped client is IPv4", ip: "::ffff:192.0.2.1", zone: []string{`example.com. TXT "v=spf1 ip4:192.0.2.1 -all"`}, want: Pass},
		{name: "5 mapped network never matches", ip: "::ffff:192.0.2.1", zone: []string{`example.com. TXT "v=spf1 ip6:::ffff:0:0/96 ~all"`}, want: SoftFail},
		{name: "5 ip6:::/0 does not match IPv4", zone: []string{`example.com. TXT "v=spf1 ip6:::/0 ~all"`}, want: SoftFail},
		{name: "5 zone is dropped", ip: "fe80::1%eth0", zone: []string{`example.com. TXT "v=spf1 ip6:fe80::1 -all"`}, want: Pass},

		// Records.
		{name: "3.3 parts join", zone: []string{`example.com. TXT "v=sp" "f1 +a" "ll"`}, want: Pass},
		{name: "4.5 version ends in a tab", zone: []string{`example.com. TXT "v=spf1\009+all"`}, want: None},
		{name: "4.5 v=spf10", zone: []string{`example.com. TXT "v=spf10 +all"`}, want: None},
		{name: "4.5 leading blank", zone: []string{`example.com. TXT " v=spf1 +all"`}, want: None},
		{name: "4.5 any case", zone: []string{`example.com. TXT "V=SpF1 +ALL"`}, want: Pass},
		{name: "4.5 two records", zone: []string{`example.com. TXT "v=spf1 +all"`, `example.com. TXT "v=spf1"`}, want: PermError, err: ErrMultipleRecords},
		{name: "4.5 other texts", zone: []string{`example.com. TXT "v=spf1 +all"`, `example.com. TXT "\000\255"`}, want: Pass},
		{name: "4.4 NODATA", zone: []string{`example.com. A 192.0.2.1`}, want: None},
		{name: "4.4 NXDOMAIN", want: None},
		{name: "4.4 refused", fault: "example.com. TXT", want: TempError, err: ErrDNS},
		{name: "4.6 NUL in the record", zone: []string{`example.com. TXT "v=spf1 +all\000"`}, want: PermError, err: ErrSyntax},
		{name: "4.6 8-bit in the record", zone: []string{`example.com. TXT "v=spf1 a:\195\188.example.com +all"`}, want: PermError, err: ErrSyntax},

		// Parsing.
		{name: "4.6 error after a match", zone: []string{`example.com. TXT "v=spf1 ip4:192.0.2.1 -all ip:10.0.0.1"`}, want: PermError, err: ErrSyntax},
		{name: "4.6.1 tab is no separator", zone: []string{`example.com. TXT "v=spf1 ip4:192.0.2.1\009-all"`}, want: PermError, err: ErrSyntax},
		{name: "4.6.1 blanks", zone: []string{`example.com. TXT "v=spf1   ip4:192.0.2.1    "`}, want: Pass},
		{name: "6 qualified modifier", zone: []string{`example.com. TXT "v=spf1 +redirect=x.example.com"`}, want: PermError, err: ErrSyntax},
		{name: "6 upper-case redirect", zone: []string{`example.com. TXT "v=spf1 REDIRECT=x.example.com"`, `x.example.com. TXT "v=spf1 +all"`}, want: Pass},
		{name: "6 unknown modifiers", zone: []string{`example.com. TXT "v=spf1 a.b=c all.x= mx-foo= foo=1 foo=2 +all"`}, want: Pass},
		{name: "6 unknown modifier with a bad macro", zone: []string{`example.com. TXT "v=spf1 moo=%{d +all"`}, want: PermError, err: ErrMacro},
		{name: "6 unknown modifier with an unknown macro", zone: []string{`example.com. TXT "v=spf1 foo=%{z} +all"`}, want: PermError, err: ErrMacro},
		{name: "6 redirect twice", zone: []string{`example.com. TXT "v=spf1 redirect=a.example.com redirect=a.example.com +all"`}, want: PermError, err: ErrSyntax},
		{name: "6.2 exp twice", zone: []string{`example.com. TXT "v=spf1 exp=a.example.com exp=a.example.com +all"`}, want: PermError, err: ErrSyntax},
		{name: "6.2 empty exp", zone: []string{`example.com. TXT "v=spf1 exp= +all"`}, want: PermError, err: ErrSyntax},
		{name: "7.2 c in redirect", zone: []string{`example.com. TXT "v=spf1 redirect=%{c}.example.com"`}, want: PermError, err: ErrMacro},
		{name: "7.1 digits alone are no top label", zone: []string{`example.com. TXT "v=spf1 a:example.123 +all"`}, want: PermError, err: ErrSyntax},
		{name: "7.1 two final dots", zone: []string{`example.com. TXT "v=spf1 mx:example.com.. +all"`}, want: PermError, err: ErrSyntax},
		{name: "5.6 ip6 with an IPv4 address", zone: []string{`example.com. TXT "v=spf1 ip6:192.0.2.1 +all"`}, want: PermError, err: ErrSyntax},

		// Mechanisms.
		{name: "5.1 all stops", zone: []string{`example.com. TXT "v=spf1 ?all redirect=x.example.com"`, `x.example.com. TXT "v=spf1 +all"`}, want: Neutral},
		{name: "5.2 include of softfail", zone: []string{`example.com. TXT "v=spf1 include:x.example.com ?all"`, `x.example.com. TXT "v=spf1 ~all"`}, want: Neutral},
		{name: "5.2 include of none", zone: []string{`example.com. TXT "v=spf1 include:x.example.com ?all"`}, want: PermError, err: ErrNoRecord},
		{name: "5.2 include of permerror", zone: []string{`example.com. TXT "v=spf1 include:x.example.com ?all"`, `x.example.com. TXT "v=spf1 foo"`}, want: PermError, err: ErrSyntax},
		{name: "5.2 include of temperror", zone: []string{`example.com. TXT "v=spf1 include:x.example.com ?all"`}, fault: "x.example.com. TXT", want: TempError, err: ErrDNS},
		{name: "5.2 pass two includes deep", zone: []string{
			`example.com. TXT "v=spf1 ?include:a.example.com -all"`, `a.example.com. TXT "v=spf1 ~include:b.example.com +all"`, `b.example.com. TXT "v=spf1 +all"`}, want: Fail},
		{name: "5.3 A record does not speak for IPv6", ip: "2001:db8::1", zone: []string{`example.com. TXT "v=spf1 a//0 ~all"`, `example.com. A 192.0.2.1`}, want: SoftFail},
		{name: "5.3 a//0 with AAAA", ip: "2001:db8::1", zone: []string{`example.com. TXT "v=spf1 a//0 ~all"`, `example.com. AAAA 2001:db8:ffff::1`}, want: Pass},
		{name: "5.3 prefix on each address", zone: []string{`example.com. TXT "v=spf1 a/24 -all"`, `example.com. A 198.51.100.1`, `example.com. A 192.0.2.99`}, want: Pass},
		{name: "5.3 server failure", zone: []string{`example.com. TXT "v=spf1 a -all"`}, fault: "example.com. A", want: TempError, err: ErrDNS},
		{name: "5.4 null MX", zone: []string{`example.com. TXT "v=spf1 mx -all"`, `example.com. MX 0 .`}, want: Fail},
		{name: "5.4 no implicit MX", zone: []string{`example.com. TXT "v=spf1 mx ?all"`, `example.com. A 192.0.2.1`}, want: Neutral},
		{name: "5.4 match before a failing host", zone: []string{
			`example.com. TXT "v=spf1 mx -all"`, `example.com. MX 20 bad.example.com.`, `example.com. MX 10 good.example.com.`, `good.example.com. A 192.0.2.1`},
			fault: "bad.example.com. A", want: Pass},
		{name: "5.4 failing host before a match", zone: []string{
			`example.com. TXT "v=spf1 mx -all"`, `example.com. MX 10 bad.example.com.`, `example.com. MX 20 good.example.com.`, `good.example.com. A 192.0.2.1`},
			fault: "bad.example.com. A", want: TempError, err: ErrDNS},
		{name: "5.4 missing host is skipped", zone: []string{
			`example.com. TXT "v=spf1 mx -all"`, `example.com. MX 10 none.example.com.`, `example.com. MX 20 good.example.com.`, `good.example.com. A 192.0.2.1`}, want: Pass},
		{name: "5.5 PTR failure is no match", zone: []string{`example.com. TXT "v=spf1 ptr ~all"`}, fault: "1.2.0.192.in-addr.arpa. PTR", want: SoftFail},
		{name: "5.5 failing name is skipped", zone: []string{
			`example.com. TXT "v=spf1 ptr ~all"`, `1.2.0.192.in-addr.arpa. PTR bad.example.com.`, `1.2.0.192.in-addr.arpa. PTR ok.example.com.`, `ok.example.com. A 192.0.2.1`},
			fault: "bad.example.com. A", want: Pass},
		{name: "5.5 not by octets", zone: []string{
			`example.com. TXT "v=spf1 ptr ~all"`, `1.2.0.192.in-addr.arpa. PTR notexample.com.`, `notexample.com. A 192.0.2.1`}, want: SoftFail},
		{name: "5.5 any case", zone: []string{
			`example.com. TXT "v=spf1 ptr:EXAMPLE.com ~all"`, `1.2.0.192.in-addr.arpa. PTR Ok.eXample.COM.`, `ok.example.com. A 192.0.2.1`}, want: Pass},
		{name: "5.7 AAAA does not exist", ip: "2001:db8::1", zone: []string{`example.com. TXT "v=spf1 exists:x.example.com ~all"`, `x.example.com. AAAA 2001:db8::1`}, want: SoftFail},
		{name: "5.7 A for IPv6", ip: "2001:db8::1", zone: []string{`example.com. TXT "v=spf1 exists:x.example.com ~all"`, `x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "4.8 empty label in a target", zone: []string{`example.com. TXT "v=spf1 a:foo..example.com exists:a..example.com mx:b..example.com ptr:c..example.com ~all"`}, want: SoftFail},
		{name: "6.1 redirect to none", zone: []string{`example.com. TXT "v=spf1 redirect=x.example.com"`}, want: PermError, err: ErrNoRecord},
		{name: "6.1 redirect changes %{d}", zone: []string{
			`example.com. TXT "v=spf1 redirect=x.example.com"`, `x.example.com. TXT "v=spf1 exists:%{d}.%{o}.y.example ~all"`, `x.example.com.example.com.y.example. A 127.0.0.2`}, want: Pass},
		{name: "aliases", zone: []string{`example.com. TXT "v=spf1 include:w.example.com -all"`, `w.example.com. CNAME r.example.net.`, `r.example.net. TXT "v=spf1 +all"`}, want: Pass},

		// Macros.
		{name: "7.3 truncation drops several labels", zone: []string{
			`example.com. TXT "v=spf1 exists:` + strings.Repeat("abcdefghi.", 28) + `x.%{d} ~all"`,
			strings.Repeat("abcdefghi.", 24) + `x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "7.3 URL escaping in a name", sender: "a+b c@example.com", zone: []string{
			`example.com. TXT "v=spf1 exists:%{L}.x.example.com ~all"`, `a%2Bb%20c.x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "7.3 empty parts stay", sender: "a--b@example.com", zone: []string{
			`example.com. TXT "v=spf1 exists:%{lr-}.x.example.com ~all"`, `b.a.x.example.com. A 127.0.0.2`}, want: SoftFail},
		{name: "7.3 local-part with a NUL, a backslash and a quote", sender: "a\x00\\.\"b@example.com", zone: []string{
			`example.com. TXT "v=spf1 exists:%{l}.x.example.com ~all"`, `a\000\\.\"b.x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "7.3 %{p} without names", zone: []string{`example.com. TXT "v=spf1 exists:%{p}.x.example.com ~all"`, `unknown.x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "7.2 %{v}", ip: "2001:db8::1", zone: []string{`example.com. TXT "v=spf1 exists:%{v}.x.example.com ~all"`, `ip6.x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "7.1 upper-case R", zone: []string{`example.com. TXT "v=spf1 exists:%{dR}.x.example.com ~all"`, `com.example.x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "7.2 HELO with a blank", helo: "JUMPIN' JUPITER", zone: []string{
			`example.com. TXT "v=spf1 exists:%{h}.x.example.com ~all"`, `jumpin'\032jupiter.x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "7.2 HELO U-label", helo: "bücher.example", zone: []string{
			`example.com. TXT "v=spf1 exists:%{h}.x.example.com ~all"`, `xn--bcher-kva.example.x.example.com. A 127.0.0.2`}, want: Pass},
		{name: "7.2 HELO that is no text", helo: "\xff", zone: []string{`example.com. TXT "v=spf1 exists:%{h}.x.example.com ~all"`}, want: SoftFail},
		{name: "7.2 HELO too long", helo: strings.Repeat("h.", 200), zone: []string{`example.com. TXT "v=spf1 exists:%{h}.x.example.com ~all"`}, want: SoftFail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := server(t, tt.zone...)
			if name, typ, ok := strings.Cut(tt.fault, " "); ok {
				srv.SetFault(name, typ, resolvertest.Refused)
			}
			if tt.ip == "" {
				tt.ip = "192.0.2.1"
			}
			if tt.sender == "" {
				tt.sender = "user@example.com"
			}
			req := request(tt.ip, tt.sender)
			if tt.helo != "" {
				req.Helo = tt.helo
			}
			var trace Trace
			req.Trace = trace.Add
			v := check(t, &Checker{Resolver: srv.Resolver()}, req)
			if v.Result != tt.want {
				t.Errorf("%s %q = %s (%v), want %s\n%s", tt.ip, tt.sender, v.Result, v.Cause, tt.want, trace)
			}
			if !errors.Is(v.Cause, tt.err) {
				t.Errorf("%s %q: cause %v, want %v", tt.ip, tt.sender, v.Cause, tt.err)
			}
			var e *Error
			if v.Cause != nil && !errors.As(v.Cause, &e) {
				t.Errorf("%s %q: cause is a %T", tt.ip, tt.sender, v.Cause)
			}
		})
	}
}

// TestLimits counts what RFC 7208, section 4.6.4, limits.
func TestLimits(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " "+format, i)
		}
		return b.String()
	}
	mx := func(n int) (z []string) {
		for i := range n {
			z = append(z, fmt.Sprintf("example.com. MX 10 m%d.example.com.", i), fmt.Sprintf("m%d.example.com. A 198.51.100.1", i))
		}
		return append(z, `example.com. TXT "v=spf1 mx ~all"`)
	}
	includes := func(n int) (z []string) {
		z = []string{`example.com. TXT "v=spf1` + many(n, "include:i%d.example.com") + ` ~all"`}
		for i := range n {
			z = append(z, fmt.Sprintf(`i%d.example.com. TXT "v=spf1 -all"`, i))
		}
		return z
	}
	hosts := []string{"m.example.com. A 198.51.100.1"}
	for _, tt := range []struct {
		name    string
		zone    []string
		c       Checker
		want    Result
		err     error
		terms   int
		voids   int
		queries int
	}{
		{name: "ten terms", zone: includes(10), want: SoftFail, terms: 10, queries: 11},
		{name: "eleven terms", zone: includes(11), want: PermError, err: ErrTermLimit, terms: 10, queries: 11},
		{name: "eleven terms allowed", zone: includes(11), c: Checker{MaxTerms: 11}, want: SoftFail, terms: 11, queries: 12},
		{name: "no terms allowed", zone: includes(1), c: Checker{MaxTerms: -1}, want: PermError, err: ErrTermLimit, queries: 1},
		{name: "terms after a match do not count", zone: append([]string{`example.com. TXT "v=spf1 ip4:192.0.2.1` + many(11, "a:m%d.example.com") + `"`}, hosts...), want: Pass, queries: 1},
		{name: "self redirect", zone: []string{`example.com. TXT "v=spf1 redirect=example.com"`}, want: PermError, err: ErrTermLimit, terms: 10, queries: 11},
		{name: "self include", zone: []string{`example.com. TXT "v=spf1 include:example.com"`}, want: PermError, err: ErrTermLimit, terms: 10, queries: 11},
		{name: "a bounded self redirect", zone: []string{`example.com. TXT "v=spf1 redirect=example.com"`}, c: Checker{MaxTerms: 1 << 30}, want: PermError, err: ErrTermLimit, terms: 100, queries: 101},
		{name: "two voids", zone: []string{`example.com. TXT "v=spf1 a:v1.example.com exists:v2.example.com ~all"`}, want: SoftFail, terms: 2, voids: 2, queries: 3},
		{name: "three voids", zone: []string{`example.com. TXT "v=spf1 a:v1.example.com exists:v2.example.com mx:v3.example.com ~all"`}, want: PermError, err: ErrVoidLimit, terms: 3, voids: 3, queries: 4},
		{name: "voids off", zone: []string{`example.com. TXT "v=spf1` + many(9, "a:v%d.example.com") + ` ~all"`}, c: Checker{MaxVoids: -1}, want: SoftFail, terms: 9, voids: 9, queries: 10},
		{name: "no limit term after two voids", zone: append(hosts, `example.com. TXT "v=spf1 a:v1.example.com a:v2.example.com a:m.example.com ~all"`), want: SoftFail, terms: 3, voids: 2, queries: 4},
		{name: "void MX hosts count", zone: []string{
			`example.com. TXT "v=spf1 mx ~all"`, "example.com. MX 1 v1.example.com.", "example.com. MX 2 v2.example.com.", "example.com. MX 3 v3.example.com."},
			want: PermError, err: ErrVoidLimit, terms: 1, voids: 3, queries: 5},
		{name: "void ptr counts", zone: []string{`example.com. TXT "v=spf1 ptr ~all"`}, want: SoftFail, terms: 1, voids: 1, queries: 2},
		{name: "names of the client do not count", zone: []string{
			`example.com. TXT "v=spf1 ptr ~all"`, "1.2.0.192.in-addr.arpa. PTR a.example.com.", "1.2.0.192.in-addr.arpa. PTR b.example.com.", "1.2.0.192.in-addr.arpa. PTR c.example.com."},
			want: SoftFail, terms: 1, queries: 5},
		{name: "ten MX hosts", zone: mx(10), want: SoftFail, terms: 1, queries: 12},
		{name: "eleven MX hosts", zone: mx(11), want: PermError, err: ErrNameLimit, terms: 1, queries: 2},
		{name: "eleven MX hosts allowed", zone: mx(11), c: Checker{MaxNames: 11}, want: SoftFail, terms: 1, queries: 13},
		{name: "exp does not count", zone: append(includes(10), `x.example.com. TXT "no"`), want: SoftFail, terms: 10, queries: 11},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := server(t, tt.zone...)
			tt.c.Resolver = srv.Resolver()
			v := check(t, &tt.c, request("192.0.2.1", "user@example.com"))
			if v.Result != tt.want || !errors.Is(v.Cause, tt.err) {
				t.Errorf("got %s (%v), want %s (%v)", v.Result, v.Cause, tt.want, tt.err)
			}
			if v.Terms != tt.terms || v.Voids != tt.voids || v.Queries != tt.queries {
				t.Errorf("terms %d, voids %d, queries %d, want %d, %d, %d", v.Terms, v.Voids, v.Queries, tt.terms, tt.voids, tt.queries)
			}
			if n := len(srv.Queries()); n != v.Queries {
				t.Errorf("Queries = %d, the server saw %d: %q", v.Queries, n, srv.Queries())
			}
		})
	}
}

// TestPTRNames: of more names than allowed the rest is ignored, and names are
// validated once, and only if they could matter.
func TestPTRNames(t *testing.T) {
	lines := []string{`example.com. TXT "v=spf1 ptr:other.example ptr ptr exists:%{p}.x.example ~all"`}
	for i := range 12 {
		lines = append(lines, fmt.Sprintf("1.2.0.192.in-addr.arpa. PTR n%d.example.com.", i))
	}
	srv := server(t, lines...)
	v := check(t, &Checker{Resolver: srv.Resolver()}, request("192.0.2.1", "u@example.com"))
	if v.Result != SoftFail || v.Queries != 1+1+10+1 {
		t.Errorf("got %s with %d queries, want softfail with 13: %q", v.Result, v.Queries, srv.Queries())
	}
}

// TestValidatedName: %{p} prefers the domain, then names below it, then any
// (RFC 7208, section 7.3).
func TestValidatedName(t *testing.T) {
	for _, tt := range []struct {
		names []string // of the client; those with an address end in '+'
		want  string
	}{
		{nil, "unknown"},
		{[]string{"a.example.com"}, "unknown"},
		{[]string{"a.example.net+"}, "a.example.net"},
		{[]string{"a.example.net+", "b.example.com+"}, "b.example.com"},
		{[]string{"a.example.net+", "b.example.com+", "example.com+"}, "example.com"},
		{[]string{"a.example.net+", "b.example.com", "example.com"}, "a.example.net"},
		{[]string{"notexample.com+", "example.com.example.net+"}, "notexample.com"},
	} {
		lines := []string{`example.com. TXT "v=spf1 exists:%{p}.x.example -all"`}
		for _, n := range tt.names {
			name, valid := strings.CutSuffix(n, "+")
			lines = append(lines, "1.2.0.192.in-addr.arpa. PTR "+name+".")
			if valid {
				lines = append(lines, name+". A 192.0.2.1")
			}
		}
		srv := server(t, lines...)
		check(t, &Checker{Resolver: srv.Resolver()}, request("192.0.2.1", "u@example.com"))
		q := srv.Queries()
		if got, want := q[len(q)-1], tt.want+".x.example. A"; got != want {
			t.Errorf("names %q: asked for %q, want %q", tt.names, got, want)
		}
	}
}
