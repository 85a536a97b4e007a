package spf

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want string // canonical form, "" if it does not parse
		term string // at fault
		err  error
	}{
		{in: "v=spf1", want: "v=spf1"},
		{in: "V=SPF1   ", want: "v=spf1"},
		{in: "v=spf1 +A -MX/24 ~Ptr ?Exists:%{I}.X.Example", want: "v=spf1 a -mx/24 ~ptr ?exists:%{I}.X.Example"},
		{in: "v=spf1 redirect=b.example a", want: "v=spf1 a redirect=b.example"},
		{in: "v=spf1 EXP=%{D2} Foo=bar moo=", want: "v=spf1 exp=%{D2} foo=bar moo="},
		{in: "v=spf1 a/32 a//128 a/0//0 mx:a.example/24//64", want: "v=spf1 a a a/0//0 mx:a.example/24//64"},
		{in: "v=spf1 ip4:192.0.2.1/32 ip4:192.0.2.1/8 ip6:2001:DB8:0::1/128 ip6:::ffff:192.0.2.1 ip6:::/0",
			want: "v=spf1 ip4:192.0.2.1 ip4:192.0.2.1/8 ip6:2001:db8::1 ip6:::ffff:192.0.2.1 ip6:::/0"},
		{in: "v=spf1 a:9.example.com a:_spf.example.com a:%%.x.com a:foo:bar/baz.example.com", want: "v=spf1 a:9.example.com a:_spf.example.com a:%%.x.com a:foo:bar/baz.example.com"},
		{in: "v=spf1 a:example.com. a:x.1a a:x.a-1 a:%{d} a:x%%", want: "v=spf1 a:example.com. a:x.1a a:x.a-1 a:%{d} a:x%%"},
		{in: "v=spf1 exists:%{s0001r.-+,/_=}.x.example include:%{L}%_%-.x.example", want: "v=spf1 exists:%{s0001r.-+,/_=}.x.example include:%{L}%_%-.x.example"},
		{in: "v=spf1 foo=%{c}%{r}%{t} a.b-c_d=x/y:z=", want: "v=spf1 foo=%{c}%{r}%{t} a.b-c_d=x/y:z="},
		{in: "v=spf1 a:x.example/24/24", term: "a:x.example/24/24", err: ErrSyntax},
		{in: "v=spf2 a", err: ErrNoRecord},
		{in: "", err: ErrNoRecord},
		{in: "v=spf1" + strings.Repeat(" ", MaxRecord), err: ErrSyntax},
		{in: "v=spf1 a\tb", term: "a\tb", err: ErrSyntax},
		{in: "v=spf1 foo", term: "foo", err: ErrSyntax},
		{in: "v=spf1 all:x.example", term: "all:x.example", err: ErrSyntax},
		{in: "v=spf1 all/8", term: "all/8", err: ErrSyntax},
		{in: "v=spf1 --all", term: "--all", err: ErrSyntax},
		{in: "v=spf1 -", term: "-", err: ErrSyntax},
		{in: "v=spf1 :", term: ":", err: ErrSyntax},
		{in: "v=spf1 =x", term: "=x", err: ErrSyntax},
		{in: "v=spf1 1a=x", term: "1a=x", err: ErrSyntax},
		{in: "v=spf1 a@=x", term: "a@=x", err: ErrSyntax},
		{in: "v=spf1 a a= mx: -all", term: "mx:", err: ErrSyntax},
		{in: "v=spf1 include", term: "include", err: ErrSyntax},
		{in: "v=spf1 include/24", term: "include/24", err: ErrSyntax},
		{in: "v=spf1 include:x.example/24", term: "include:x.example/24", err: ErrSyntax},
		{in: "v=spf1 exists:", term: "exists:", err: ErrSyntax},
		{in: "v=spf1 ptr/0", term: "ptr/0", err: ErrSyntax},
		{in: "v=spf1 ptr:", term: "ptr:", err: ErrSyntax},
		{in: "v=spf1 a/", term: "a/", err: ErrSyntax},
		{in: "v=spf1 a//", term: "a//", err: ErrSyntax},
		{in: "v=spf1 a///64", term: "a///64", err: ErrSyntax},
		{in: "v=spf1 a/24/64", term: "a/24/64", err: ErrSyntax},
		{in: "v=spf1 a/33", term: "a/33", err: ErrSyntax},
		{in: "v=spf1 a//129", term: "a//129", err: ErrSyntax},
		{in: "v=spf1 a/024", term: "a/024", err: ErrSyntax},
		{in: "v=spf1 a/0x8", term: "a/0x8", err: ErrSyntax},
		{in: "v=spf1 a/9999999999", term: "a/9999999999", err: ErrSyntax},
		{in: "v=spf1 a//64/24", term: "a//64/24", err: ErrSyntax},
		{in: "v=spf1 a:com", term: "a:com", err: ErrSyntax},
		{in: "v=spf1 a:x.-com", term: "a:x.-com", err: ErrSyntax},
		{in: "v=spf1 a:x.com-", term: "a:x.com-", err: ErrSyntax},
		{in: "v=spf1 a:host:80", term: "a:host:80", err: ErrSyntax},
		{in: "v=spf1 a:%{d}com", term: "a:%{d}com", err: ErrSyntax},
		{in: "v=spf1 ip4", term: "ip4", err: ErrSyntax},
		{in: "v=spf1 ip4/24", term: "ip4/24", err: ErrSyntax},
		{in: "v=spf1 ip4:", term: "ip4:", err: ErrSyntax},
		{in: "v=spf1 ip4:192.0.2", term: "ip4:192.0.2", err: ErrSyntax},
		{in: "v=spf1 ip4:192.0.02.1", term: "ip4:192.0.02.1", err: ErrSyntax},
		{in: "v=spf1 ip4:192.0.2.1:80", term: "ip4:192.0.2.1:80", err: ErrSyntax},
		{in: "v=spf1 ip4:192.0.2.1/", term: "ip4:192.0.2.1/", err: ErrSyntax},
		{in: "v=spf1 ip4:192.0.2.1//32", term: "ip4:192.0.2.1//32", err: ErrSyntax},
		{in: "v=spf1 ip4:192.0.2.1/33", term: "ip4:192.0.2.1/33", err: ErrSyntax},
		{in: "v=spf1 ip4:2001:db8::1", term: "ip4:2001:db8::1", err: ErrSyntax},
		{in: "v=spf1 ip6:192.0.2.1", term: "ip6:192.0.2.1", err: ErrSyntax},
		{in: "v=spf1 ip6:fe80::1%eth0", term: "ip6:fe80::1%eth0", err: ErrSyntax},
		{in: "v=spf1 ip6:[2001:db8::1]", term: "ip6:[2001:db8::1]", err: ErrSyntax},
		{in: "v=spf1 a:%{x}.example", term: "a:%{x}.example", err: ErrMacro},
		{in: "v=spf1 a:%{d0}.example", term: "a:%{d0}.example", err: ErrMacro},
		{in: "v=spf1 a:%{d", term: "a:%{d", err: ErrMacro},
		{in: "v=spf1 a:%{dx}", term: "a:%{dx}", err: ErrMacro},
		{in: "v=spf1 a:%{", term: "a:%{", err: ErrMacro},
		{in: "v=spf1 a:%{}.example", term: "a:%{}.example", err: ErrMacro},
		{in: "v=spf1 a:x.example%", term: "a:x.example%", err: ErrMacro},
		{in: "v=spf1 a:%x.example", term: "a:%x.example", err: ErrMacro},
		{in: "v=spf1 exists:%{t}.x.example", term: "exists:%{t}.x.example", err: ErrMacro},
		{in: "v=spf1 exp=%{r}.x.example", term: "exp=%{r}.x.example", err: ErrMacro},
		{in: "v=spf1 foo=a%b", term: "foo=a%b", err: ErrMacro},
		{in: "v=spf1 redirect=a.example a redirect=b.example", term: "redirect=b.example", err: ErrSyntax},
	} {
		r, err := Parse(tt.in)
		if tt.err != nil {
			var e *Error
			if !errors.Is(err, tt.err) || !errors.As(err, &e) || e.Term != tt.term {
				t.Errorf("Parse(%.60q) = %v, %v, want %v at %q", tt.in, r, err, tt.err, tt.term)
			} else if e.Term != "" && !strings.HasPrefix(tt.in[e.Pos:], e.Term) {
				t.Errorf("Parse(%q): Pos %d is not where %q begins", tt.in, e.Pos, e.Term)
			}
			if tt.err == ErrMacro && !errors.Is(err, ErrSyntax) {
				t.Errorf("Parse(%q): a macro error is no syntax error", tt.in)
			}
			continue
		}
		if err != nil || r.String() != tt.want {
			t.Errorf("Parse(%q) = %v, %v, want %q", tt.in, r, err, tt.want)
		}
	}
}

func TestRecordFields(t *testing.T) {
	const in = "v=spf1 -mx:m.example/24//64 ip6:2001:db8::/32 redirect=r.example exp=e.example x=y"
	r, err := Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	want := []Directive{
		{Text: "-mx:m.example/24//64", Pos: 7, Qualifier: '-', Mechanism: MX, Bits4: 24, Bits6: 64, Spec: "m.example"},
		{Text: "ip6:2001:db8::/32", Pos: 28, Qualifier: '+', Mechanism: IP6, Bits4: 32, Bits6: 128, Prefix: netip.MustParsePrefix("2001:db8::/32")},
	}
	if !slices.Equal(r.Directives, want) {
		t.Errorf("directives %+v, want %+v", r.Directives, want)
	}
	if r.Redirect() != "r.example" || r.Exp() != "e.example" || len(r.Modifiers) != 3 || r.Modifiers[2].Text() != "x=y" {
		t.Errorf("modifiers %+v", r.Modifiers)
	}
	if r, _ = Parse("v=spf1"); r.Redirect() != "" || r.Exp() != "" {
		t.Errorf("empty record has modifiers")
	}
	if s := Mechanism(0).String() + Mechanism(99).String(); s != "" {
		t.Errorf("no mechanism prints as %q", s)
	}
	if s := (&Directive{Mechanism: All}).String(); s != "all" {
		t.Errorf("directive without a qualifier prints as %q", s)
	}
	for q, want := range map[Qualifier]Result{'+': Pass, 0: Pass, '-': Fail, '~': SoftFail, '?': Neutral} {
		if got := q.Result(); got != want {
			t.Errorf("qualifier %q gives %s, want %s", q, got, want)
		}
	}
}

func TestIsSPF(t *testing.T) {
	for in, want := range map[string]bool{
		"v=spf1": true, "v=spf1 ": true, "V=SPF1 x": true,
		"": false, "v=spf": false, "v=spf1\t": false, "v=spf10": false, " v=spf1": false, "v=spf1,": false, "v=spf2.0/pra": false,
	} {
		if got := IsSPF(in); got != want {
			t.Errorf("IsSPF(%q) = %t, want %t", in, got, want)
		}
	}
}

// TestParse4 compares parse4 with netip for all short texts of a small alphabet
// put where they could do harm.
func TestParse4(t *testing.T) {
	const alphabet = "0129.5x:/ "
	for i := range len(alphabet) * len(alphabet) * len(alphabet) * len(alphabet) {
		var b []byte
		for n := i; n > 0; n /= len(alphabet) {
			b = append(b, alphabet[n%len(alphabet)])
		}
		for _, s := range []string{string(b), string(b) + ".0.2.1", "192.0." + string(b), "192.0.2." + string(b), "1.2." + string(b) + ".4"} {
			got, ok := parse4(s)
			want, err := netip.ParseAddr(s)
			if ok != (err == nil && want.Is4()) || ok && got != want {
				t.Fatalf("parse4(%q) = %v, %t, want %v, %v", s, got, ok, want, err)
			}
		}
	}
}

func TestErrorText(t *testing.T) {
	for _, tt := range []struct {
		e    Error
		want string
	}{
		{Error{Kind: ErrNoRecord}, "spf: no SPF record"},
		{Error{Domain: "a\r\nb.example", Term: "mx:\"x", Pos: 7, Kind: ErrSyntax, Detail: "why"}, `spf: a??b.example: "mx:\"x" at 7: syntax error: why`},
		{Error{Domain: "a.example", Kind: ErrDNS, Err: errors.New("server\r\n250 failure")}, "spf: a.example: DNS lookup failed: server??250 failure"},
	} {
		if got := tt.e.Error(); got != tt.want {
			t.Errorf("%+v prints as %q, want %q", tt.e, got, tt.want)
		}
	}
}
