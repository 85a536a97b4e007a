package spf

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

func mustParse(t testing.TB, s string) *Record {
	t.Helper()
	r, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMisuse: a programmer's mistake is an error, never a verdict.
func TestMisuse(t *testing.T) {
	ok := request("192.0.2.1", "u@example.com")
	for _, tt := range []struct {
		name string
		c    Checker
		r    Request
		err  error
	}{
		{"no resolver", Checker{}, ok, ErrNoResolver},
		{"no address", Checker{Resolver: stub{}}, Request{MailFrom: "u@example.com"}, ErrInvalidIP},
		{"identity", Checker{Resolver: stub{}}, Request{IP: ok.IP, Identity: "rcpt"}, ErrInvalidIdentity},
		{"local policy", Checker{Resolver: stub{}, LocalPolicy: &Record{Directives: []Directive{{Mechanism: A}}}}, ok, ErrLocalPolicy},
	} {
		if v, err := tt.c.Check(context.Background(), tt.r); v != nil || !errors.Is(err, tt.err) {
			t.Errorf("%s: Check = %v, %v, want %v", tt.name, v, err, tt.err)
		}
	}
	c := Checker{Resolver: stub{}}
	if _, err := c.CheckRecord(context.Background(), ok, "spf1"); !errors.Is(err, ErrNoRecord) {
		t.Errorf("CheckRecord of no record: %v", err)
	}
	if _, err := c.LintRecord(context.Background(), "example.com", "spf1"); !errors.Is(err, ErrNoRecord) {
		t.Errorf("LintRecord of no record: %v", err)
	}
	if _, err := (&Checker{}).Lint(context.Background(), "example.com"); !errors.Is(err, ErrNoResolver) {
		t.Errorf("Lint without a resolver: %v", err)
	}
}

func TestIdentity(t *testing.T) {
	srv := server(t, `example.com. TXT "v=spf1 exists:%{s}.m.example -all"`, `user\@example.com.m.example. A 127.0.0.2`,
		`mx.example.org. TXT "v=spf1 exists:%{s}.h.example -all"`, `postmaster\@mx.example.org.h.example. A 127.0.0.2`)
	c := &Checker{Resolver: srv.Resolver()}
	for _, tt := range []struct {
		name     string
		mailFrom string
		identity Identity
		want     Identity
		domain   string
		sender   string
	}{
		{"mail from", "user@Example.COM", "", MailFrom, "example.com", "user@Example.COM"},
		{"mail from asked for", "user@example.com", MailFrom, MailFrom, "example.com", "user@example.com"},
		{"helo asked for", "user@example.com", Helo, Helo, "mx.example.org", "postmaster@mx.example.org"},
		{"null", "", "", Helo, "mx.example.org", "postmaster@mx.example.org"},
		{"null as mail from", "", MailFrom, MailFrom, "mx.example.org", "postmaster@mx.example.org"},
	} {
		r := request("192.0.2.1", tt.mailFrom)
		r.Identity = tt.identity
		v := check(t, c, r)
		if v.Result != Pass || v.Identity != tt.want || v.Domain != tt.domain || v.Sender != tt.sender {
			t.Errorf("%s: %s, identity %s, domain %q, sender %q, want pass, %s, %q, %q",
				tt.name, v.Result, v.Identity, v.Domain, v.Sender, tt.want, tt.domain, tt.sender)
		}
	}
}

func TestVerdictFields(t *testing.T) {
	srv := server(t,
		`example.com. TXT "v=spf1 a:no.example.com redirect=r.example.com"`,
		`r.example.com. TXT "v=spf1 ip4:203.0.113.0/24 -include:i.example.com ~all"`,
		`i.example.com. TXT "v=spf1 ip4:198.51.100.0/24 exists:%{l}.i.example.com ?all"`,
		`user.i.example.com. A 127.0.0.2`)
	v := check(t, &Checker{Resolver: srv.Resolver()}, request("::ffff:192.0.2.1", "user@example.com"))
	want := []Step{
		{"example.com", "redirect=r.example.com"},
		{"r.example.com", "-include:i.example.com"},
		{"i.example.com", "exists:%{l}.i.example.com"},
	}
	if v.Result != Fail || v.Term != "-include:i.example.com" || v.RecordDomain != "r.example.com" ||
		!strings.HasPrefix(v.Record, "v=spf1 ip4:203") || !v.LocalPartUsed || v.IP.String() != "192.0.2.1" ||
		v.Terms != 4 || v.Voids != 1 || v.Queries != 5 {
		t.Errorf("verdict %+v", v)
	}
	if !reflect.DeepEqual(v.Path, want) {
		t.Errorf("path %v, want %v", v.Path, want)
	}

	// The default result has no term; a permerror names the term at fault.
	srv = server(t, `example.com. TXT "v=spf1 a:x.example.com"`, "x.example.com. A 198.51.100.1",
		`p.example. TXT "v=spf1 include:q.example -all"`, `q.example. TXT "v=spf1 ip4:192.0.2.1 mx:"`)
	v = check(t, &Checker{Resolver: srv.Resolver()}, request("192.0.2.1", "user@example.com"))
	if v.Result != Neutral || v.Term != "" || !reflect.DeepEqual(v.Path, []Step{{"example.com", ""}}) || v.LocalPartUsed {
		t.Errorf("default: %+v", v)
	}
	v = check(t, &Checker{Resolver: srv.Resolver()}, request("192.0.2.1", "user@p.example"))
	var e *Error
	if v.Result != PermError || !errors.As(v.Cause, &e) || e.Domain != "q.example" || e.Term != "mx:" || e.Pos != 21 || v.Term != "include:q.example" {
		t.Errorf("permerror: %+v, cause %+v", v, e)
	}
}

func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Checker{Resolver: stub{txt: func(ctx context.Context, _ string) ([]string, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}}}
	if v, err := c.Check(ctx, request("192.0.2.1", "u@example.com")); v != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v, %v", v, err)
	}
	if v, err := c.Check(ctx, request("192.0.2.1", "u@example.com")); v != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled before: %v, %v", v, err)
	}
	if r, err := c.Lint(ctx, "example.com"); r != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled Lint: %v, %v", r, err)
	}

	// The checker's own limit and the caller's deadline are both TempError.
	wait := stub{txt: func(ctx context.Context, _ string) ([]string, error) {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("no deadline")
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	v := check(t, &Checker{Resolver: wait, Timeout: 10 * time.Millisecond}, request("192.0.2.1", "u@example.com"))
	if v.Result != TempError || !errors.Is(v.Cause, context.DeadlineExceeded) || !errors.Is(v.Cause, ErrDNS) {
		t.Errorf("timeout: %s, %v", v.Result, v.Cause)
	}
	ctx, cancel = context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	v, err := (&Checker{Resolver: wait, Timeout: -1}).Check(ctx, request("192.0.2.1", "u@example.com"))
	if err != nil || v.Result != TempError || !errors.Is(v.Cause, context.DeadlineExceeded) {
		t.Errorf("deadline: %v, %v", v, err)
	}

	// A resolver that does not look at its context is asked no more questions
	// when the time is over.
	asked := 0
	slow := stub{txt: func(ctx context.Context, _ string) ([]string, error) {
		asked++
		ctx.Deadline()
		time.Sleep(30 * time.Millisecond)
		return []string{"v=spf1 redirect=example.com"}, nil
	}}
	v = check(t, &Checker{Resolver: slow, Timeout: time.Millisecond}, request("192.0.2.1", "u@example.com"))
	if v.Result != TempError || asked != 1 {
		t.Errorf("slow resolver: %s after %d questions", v.Result, asked)
	}
}

func TestLimitContext(t *testing.T) {
	type key struct{}
	parent, cancelParent := context.WithCancel(context.WithValue(context.Background(), key{}, 1))
	defer cancelParent()
	var c limitContext
	c.start(parent, time.Hour)
	if c.Err() != nil || c.Value(key{}) != 1 {
		t.Errorf("fresh: %v, %v", c.Err(), c.Value(key{}))
	}
	if d, ok := c.Deadline(); !ok || time.Until(d) > time.Hour {
		t.Errorf("deadline %v, %t", d, ok)
	}
	child, cancel := context.WithCancel(&c)
	defer cancel()
	if child.Value(key{}) != 1 {
		t.Error("value lost")
	}
	c.stop()
	<-child.Done()
	if c.Err() == nil {
		t.Error("stopped without an error")
	}

	var stopped limitContext
	stopped.start(parent, time.Hour)
	stopped.stop()
	if stopped.Err() != context.Canceled {
		t.Errorf("stopped: %v", stopped.Err())
	}
	<-stopped.Done()

	var early limitContext
	withDeadline, cancel2 := context.WithTimeout(parent, time.Minute)
	defer cancel2()
	early.start(withDeadline, time.Hour)
	if d, _ := early.Deadline(); time.Until(d) > time.Minute {
		t.Errorf("deadline %v is after the parent's", d)
	}
}

func TestTrusted(t *testing.T) {
	srv := server(t, `example.com. TXT "v=spf1 -all"`)
	c := &Checker{Resolver: srv.Resolver(), Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	v := check(t, c, request("::ffff:192.0.2.1", "u@example.com"))
	if v.Result != None || !v.Trusted || v.Queries != 0 || v.Domain != "example.com" || v.AuthResult().Reason == "" {
		t.Errorf("trusted: %+v", v)
	}
	if s := v.ReceivedSPF(""); !strings.Contains(s, "192.0.2.1 is a trusted relay") {
		t.Errorf("trusted: %q", s)
	}
	if v = check(t, c, request("198.51.100.1", "u@example.com")); v.Result != Fail || v.Trusted {
		t.Errorf("not trusted: %+v", v)
	}
}

func TestLocalPolicy(t *testing.T) {
	srv := server(t,
		`example.com. TXT "v=spf1 a:x.example.com -all exp=e.example.com"`, `x.example.com. A 198.51.100.1`, `e.example.com. TXT "no"`,
		`open.example. TXT "v=spf1 +all"`, `none.example. TXT "v=spf1 mx:x.example.com"`, `x.example.com. MX 1 x.example.com.`,
		`red.example. TXT "v=spf1 redirect=example.com"`, `inc.example. TXT "v=spf1 include:example.com ?all"`,
		`ten.example. TXT "v=spf1 redirect=ten1.example"`, `ten1.example. TXT "v=spf1 a a a a a a a a a ~all"`, `ten1.example. A 198.51.100.1`,
		`skip.example. TXT "v=spf1 ip4:192.0.2.0/24"`, `1.2.0.192.list.example. A 127.0.0.2`)
	srv.SetFault("broken.example.", "*", resolvertest.ServFail)
	for _, tt := range []struct {
		policy, sender string
		want           Result
		local          bool
	}{
		{"v=spf1 ip4:192.0.2.0/24", "u@example.com", Pass, true},
		{"v=spf1 ?ip4:192.0.2.0/24", "u@example.com", Neutral, true},
		{"v=spf1 ip4:203.0.113.0/24", "u@none.example", Neutral, false},
		{"v=spf1 ip4:203.0.113.0/24", "u@example.com", Fail, false},
		{"v=spf1 -ip4:192.0.2.0/24", "u@open.example", Pass, false},
		{"v=spf1 ip4:192.0.2.0/24", "u@none.example", Pass, true},
		{"v=spf1 ip4:192.0.2.0/24", "u@red.example", Pass, true},
		{"v=spf1 ip4:192.0.2.0/24", "u@inc.example", Pass, true},
		{"v=spf1 -ip4:192.0.2.0/24", "u@absent.example", None, false},
		{"v=spf1 include:skip.example", "u@ten.example", Pass, true},
		{"v=spf1 exists:%{ir}.list.example", "u@example.com", Pass, true},
		{"v=spf1 exists:x.broken.example", "u@example.com", Fail, false}, // only broken.example. itself fails
		{"v=spf1 exists:broken.example", "u@example.com", TempError, true},
		{"v=spf1 include:absent.example ip4:192.0.2.1", "u@example.com", Pass, true},
	} {
		c := &Checker{Resolver: srv.Resolver(), LocalPolicy: mustParse(t, tt.policy), Explain: true}
		v := check(t, c, request("192.0.2.1", tt.sender))
		if v.Result != tt.want || v.Local != tt.local {
			t.Errorf("%q for %s: %s, local %t (%v), want %s, %t", tt.policy, tt.sender, v.Result, v.Local, v.Cause, tt.want, tt.local)
		}
		if (v.Explanation != "") != (v.Result == Fail) {
			t.Errorf("%q for %s: explanation %q", tt.policy, tt.sender, v.Explanation)
		}
		if last := v.Path[len(v.Path)-1]; v.Result == Neutral && last.Term != v.Term {
			t.Errorf("%q for %s: decided by %q, path ends at %q", tt.policy, tt.sender, v.Term, last.Term)
		}
		if v.Local && v.Result != TempError && v.Cause != nil {
			t.Errorf("%q for %s: cause %v", tt.policy, tt.sender, v.Cause)
		}
	}
}

func TestLax(t *testing.T) {
	srv := server(t,
		`typo.example. TXT "v=spf1 ip:192.0.2.7 ip4:192.0.2.1 redirect=a.example redirect=b.example -all"`,
		`many.example. TXT "v=spf1 a a a a a a a a a a a ip4:192.0.2.1 -all"`, `many.example. A 198.51.100.1`,
		`void.example. TXT "v=spf1 a:a.void.example a:b.void.example a:c.void.example include:d.void.example ip4:192.0.2.1"`,
		`gone.example. TXT "v=spf1 redirect=absent.example"`,
		`loop.example. TXT "v=spf1 redirect=loop.example"`,
		`two.example. TXT "v=spf1 +all"`, `two.example. TXT "v=spf1 -all"`,
		`mx.example. TXT "v=spf1 mx -all"`, `m.example. A 192.0.2.1`,
		`mx.example. MX 1 m.example.`, `mx.example. MX 2 m2.example.`, `mx.example. MX 3 m3.example.`, `mx.example. MX 4 m4.example.`,
		`mx.example. MX 5 m5.example.`, `mx.example. MX 6 m6.example.`, `mx.example. MX 7 m7.example.`, `mx.example. MX 8 m8.example.`,
		`mx.example. MX 9 m9.example.`, `mx.example. MX 10 m10.example.`, `mx.example. MX 11 m11.example.`,
		`fine.example. TXT "v=spf1 ip4:192.0.2.1 -all"`)
	c := &Checker{Resolver: srv.Resolver(), Lax: true}
	for domain, want := range map[string]Result{
		"typo.example": Pass, "many.example": Pass, "void.example": Pass, "gone.example": Neutral,
		"loop.example": PermError, "two.example": PermError, "mx.example": Pass, "fine.example": "",
	} {
		var tr Trace
		r := request("192.0.2.1", "u@"+domain)
		r.Trace = tr.Add
		v := check(t, c, r)
		if strict := v.Result == PermError; v.Lax != want || strict == (want == "") || v.Cause == nil == strict {
			t.Errorf("%s: %s, lax %q (%v), want %q", domain, v.Result, v.Lax, v.Cause, want)
		}
		if v.Queries > 1+10*11+1+40*21 {
			t.Errorf("%s: %d queries", domain, v.Queries)
		}
	}
	v, err := c.CheckRecord(context.Background(), request("192.0.2.1", "u@example.com"), "v=spf1 foo +all")
	if err != nil || v.Result != PermError || v.Lax != Pass || v.Queries != 0 {
		t.Errorf("CheckRecord: %+v, %v", v, err)
	}
}

func TestGuess(t *testing.T) {
	srv := server(t, `example.com. A 192.0.2.77`)
	c := &Checker{Resolver: srv.Resolver()}
	v, err := c.Guess(context.Background(), request("192.0.2.1", "u@example.com"))
	if err != nil || v.Result != Pass || v.Record != GuessRecord {
		t.Errorf("Guess = %+v, %v", v, err)
	}
	if v, err = c.Guess(context.Background(), request("198.51.100.1", "u@example.com")); err != nil || v.Result != Neutral {
		t.Errorf("Guess = %+v, %v", v, err)
	}
}

func TestExplain(t *testing.T) {
	for _, tt := range []struct {
		name   string
		record string
		zone   []string
		sender string
		helo   string
		want   string
	}{
		{name: "plain", record: "v=spf1 -all exp=e.example", zone: []string{`e.example. TXT "see http://%{d}/why?i=%{i}&h=%{H} %{t} %{r}"`},
			want: "see http://example.com/why?i=192.0.2.1&h=mx.example.org 1700000000 mx.receiver.example"},
		{name: "parts join", record: "v=spf1 -all exp=e.example", zone: []string{`e.example. TXT "no " "%{" "l}"`}, want: "no user"},
		{name: "macro in the name", record: "v=spf1 -all exp=%{l}.e.example", zone: []string{`user.e.example. TXT "yes"`}, want: "yes"},
		{name: "none", record: "v=spf1 -all exp=e.example"},
		{name: "no exp", record: "v=spf1 -all"},
		{name: "two", record: "v=spf1 -all exp=e.example", zone: []string{`e.example. TXT "a"`, `e.example. TXT "b"`}},
		{name: "bad macro", record: "v=spf1 -all exp=e.example", zone: []string{`e.example. TXT "%{d is broken"`}},
		{name: "8-bit", record: "v=spf1 -all exp=e.example", zone: []string{`e.example. TXT "\195\188"`}},
		{name: "line end", record: "v=spf1 -all exp=e.example", zone: []string{`e.example. TXT "a\013\010250 ok"`}},
		{name: "line end by HELO", record: "v=spf1 -all exp=e.example", zone: []string{`e.example. TXT "%{h}"`}, helo: "a\r\nb"},
		{name: "line end by HELO, escaped", record: "v=spf1 -all exp=e.example", zone: []string{`e.example. TXT "%{H}"`}, helo: "a\r\nb", want: "a%0D%0Ab"},
		{name: "non-ASCII local-part", record: "v=spf1 -all exp=e.example", zone: []string{`e.example. TXT "%{l}"`}, sender: "ü@example.com"},
		{name: "non-ASCII local-part in the name", record: "v=spf1 -all exp=%{l}.e.example", zone: []string{`*.e.example. TXT "x"`}, sender: "ü@example.com"},
		{name: "too long", record: "v=spf1 -all exp=e.example", zone: []string{`e.example. TXT "` + strings.Repeat("%{d}", 60) + `"`},
			want: strings.Repeat("example.com", 60)[:MaxExplanation]},
		{name: "of the redirect target", record: "v=spf1 redirect=r.example exp=e.example", zone: []string{`e.example. TXT "e"`, `r.example. TXT "v=spf1 -all exp=f.example"`, `f.example. TXT "%{d} %{o}"`}, want: "r.example example.com"},
		{name: "not of the redirecting record", record: "v=spf1 redirect=r.example exp=e.example", zone: []string{`e.example. TXT "e"`, `r.example. TXT "v=spf1 -all"`}},
		{name: "not of the included record", record: "v=spf1 -include:r.example exp=e.example", zone: []string{`e.example. TXT "e"`, `r.example. TXT "v=spf1 +all exp=f.example"`, `f.example. TXT "f"`}, want: "e"},
		{name: "not on softfail", record: "v=spf1 ~all exp=e.example", zone: []string{`e.example. TXT "e"`}},
		{name: "%{p}", record: "v=spf1 -all exp=e.example", zone: []string{`e.example. TXT "%{p}"`, "1.2.0.192.in-addr.arpa. PTR p.example.", "p.example. A 192.0.2.1"}, want: "p.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := server(t, append(tt.zone, `example.com. TXT "`+tt.record+`"`)...)
			r := request("192.0.2.1", "user@example.com")
			if tt.sender != "" {
				r.MailFrom = tt.sender
			}
			if tt.helo != "" {
				r.Helo = tt.helo
			}
			c := &Checker{Resolver: srv.Resolver(), Explain: true, Now: fixedNow, Hostname: "mx.receiver.example"}
			eager := check(t, c, r)
			if eager.Explanation != tt.want {
				t.Errorf("explanation %q, want %q", eager.Explanation, tt.want)
			}
			c.Explain = false
			srv.ResetQueries()
			lazy := check(t, c, r)
			if lazy.Explanation != "" || len(srv.Queries()) != lazy.Queries || lazy.Queries != eager.Queries {
				t.Errorf("lazy check: explanation %q, queries %q, counted %d and %d", lazy.Explanation, srv.Queries(), lazy.Queries, eager.Queries)
			}
			if got := lazy.Explain(context.Background()); got != tt.want || lazy.Explanation != tt.want {
				t.Errorf("Explain = %q, want %q", got, tt.want)
			}
			asked := len(srv.Queries())
			if lazy.Explain(context.Background()) != tt.want || len(srv.Queries()) != asked {
				t.Errorf("Explain asked again")
			}
			checkOutputs(t, eager)
		})
	}
	srv := server(t, `example.com. TXT "v=spf1 -all exp=e.example"`, `e.example. TXT "x"`)
	srv.SetFault("e.example.", "TXT", resolvertest.ServFail)
	if v := check(t, &Checker{Resolver: srv.Resolver(), Explain: true}, request("192.0.2.1", "u@example.com")); v.Result != Fail || v.Explanation != "" {
		t.Errorf("failing explanation: %s, %q", v.Result, v.Explanation)
	}
}

// TestOddResolvers: answers as net.Resolver and careless ones give them.
func TestOddResolvers(t *testing.T) {
	odd := errors.New("DNS response contained records which contain invalid names")
	mapped := []netip.Addr{netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("2001:db8::1")}
	for _, tt := range []struct {
		name   string
		record string
		ip     string
		r      stub
		want   Result
	}{
		{"MX with an error", "v=spf1 mx -all", "192.0.2.1", stub{
			mx: func(string) ([]*net.MX, error) { return []*net.MX{nil, {Host: ""}, {Host: "m.example"}}, odd },
			ip: func(_, name string) ([]netip.Addr, error) {
				if name != "m.example." {
					t.Errorf("asked for %q", name)
				}
				return mapped[:1], nil
			}}, Pass},
		{"MX out of order", "v=spf1 mx -all", "192.0.2.1", stub{
			mx: func(string) ([]*net.MX, error) {
				return []*net.MX{{Host: "z.example.", Pref: 20}, {Host: "m.example.", Pref: 10}}, nil
			},
			ip: func(_, name string) ([]netip.Addr, error) {
				if name != "m.example." {
					return nil, odd
				}
				return mapped[:1], nil
			}}, Pass},
		{"PTR with an error", "v=spf1 ptr -all", "192.0.2.1", stub{
			addr: func(string) ([]string, error) { return []string{"", "bad..name", "x.example.com"}, odd },
			ip:   func(string, string) ([]netip.Addr, error) { return mapped, nil }}, Pass},
		{"PTR error", "v=spf1 ptr -all", "192.0.2.1", stub{
			addr: func(string) ([]string, error) { return nil, odd }}, Fail},
		{"mapped address", "v=spf1 a -all", "192.0.2.1", stub{
			ip: func(string, string) ([]netip.Addr, error) { return mapped, nil }}, Pass},
		{"IPv4 address for ip6", "v=spf1 a//0 ~all", "2001:db8::9", stub{
			ip: func(string, string) ([]netip.Addr, error) { return mapped[:1], nil }}, SoftFail},
		{"mixed addresses", "v=spf1 a//32 ~all", "2001:db8::9", stub{
			ip: func(string, string) ([]netip.Addr, error) { return mapped, nil }}, Pass},
		{"addresses beside an error", "v=spf1 a ~all", "192.0.2.1", stub{
			ip: func(string, string) ([]netip.Addr, error) { return mapped, odd }}, TempError},
		{"wrapped not found", "v=spf1 exists:x.example ~all", "192.0.2.1", stub{
			ip: func(string, string) ([]netip.Addr, error) { return nil, errors.Join(odd, errNotFound) }}, SoftFail},
		{"temporary not found", "v=spf1 exists:x.example ~all", "192.0.2.1", stub{
			ip: func(string, string) ([]netip.Addr, error) { return nil, &net.DNSError{IsTemporary: false} }}, TempError},
	} {
		tt.r.txt = text(tt.record)
		if v := check(t, &Checker{Resolver: tt.r}, request(tt.ip, "u@example.com")); v.Result != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.name, v.Result, v.Cause, tt.want)
		}
	}
	// A record beyond any TXT record's size is refused before it is parsed.
	v := check(t, &Checker{Resolver: stub{txt: text("v=spf1 " + strings.Repeat("a ", MaxRecord))}}, request("192.0.2.1", "u@example.com"))
	if v.Result != PermError || !errors.Is(v.Cause, ErrSyntax) {
		t.Errorf("huge record: %s, %v", v.Result, v.Cause)
	}
}

// TestHugeRecords: a check keeps few directives of a record, however many it
// has, and still finds the error at its end.
func TestHugeRecords(t *testing.T) {
	many := func(term string) string { return strings.Repeat(" "+term, 60000/(len(term)+1)) }
	for _, tt := range []struct {
		name   string
		record string
		want   Result
		err    error
	}{
		{"addresses", "v=spf1" + many("ip4:203.0.113.1") + " ~all", SoftFail, nil},
		{"a match first", "v=spf1 ip4:192.0.2.1" + many("a") + " -all", Pass, nil},
		{"all first", "v=spf1 ?all" + many("a"), Neutral, nil},
		{"an error at the end", "v=spf1 ip4:192.0.2.1" + many("a") + " mx:", PermError, ErrSyntax},
		{"many hosts", "v=spf1" + many("a") + " +all", PermError, ErrTermLimit},
		{"nested", "v=spf1 include:example.com" + many("a"), PermError, ErrTermLimit},
		{"spaces", "v=spf1" + strings.Repeat(" ", 60000) + "+all", Pass, nil},
	} {
		c := &Checker{Resolver: stub{txt: text(tt.record), ip: func(string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("198.51.100.1")}, nil
		}}}
		var v *Verdict
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		v = check(t, c, request("192.0.2.1", "u@example.com"))
		runtime.ReadMemStats(&after)
		if v.Result != tt.want || !errors.Is(v.Cause, tt.err) {
			t.Errorf("%s: %s (%v), want %s", tt.name, v.Result, v.Cause, tt.want)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
			t.Errorf("%s: %d octets allocated", tt.name, n)
		}
	}
}

// metaStub is a stub that knows lifetimes and DNSSEC.
type metaStub struct {
	stub
	ad bool
}

func (m metaStub) LookupTXTMeta(ctx context.Context, name string) ([]string, time.Duration, bool, error) {
	t, err := m.LookupTXT(ctx, name)
	return t, 300 * time.Second, m.ad, err
}

func (m metaStub) LookupMXMeta(ctx context.Context, name string) ([]*net.MX, time.Duration, bool, error) {
	t, err := m.LookupMX(ctx, name)
	return t, 200 * time.Second, m.ad, err
}

func (m metaStub) LookupNetIPMeta(ctx context.Context, network, name string) ([]netip.Addr, time.Duration, bool, error) {
	t, err := m.LookupNetIP(ctx, network, name)
	return t, 400 * time.Second, m.ad, err
}

func (m metaStub) LookupAddrMeta(ctx context.Context, addr string) ([]string, time.Duration, bool, error) {
	t, err := m.LookupAddr(ctx, addr)
	return t, 100 * time.Second, m.ad, err
}

type metaErr struct{ *net.DNSError }

func (metaErr) Meta() (time.Duration, bool) { return 50 * time.Second, true }
func (e metaErr) Unwrap() error             { return e.DNSError }

func TestMeta(t *testing.T) {
	hosts := func(string) ([]*net.MX, error) { return []*net.MX{{Host: "m.example."}}, nil }
	ips := func(string, string) ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil }
	for _, tt := range []struct {
		name   string
		record string
		r      stub
		ad     bool
		secure bool
		ttl    time.Duration
	}{
		{"secure", "v=spf1 ip4:192.0.2.1", stub{}, true, true, 300 * time.Second},
		{"insecure", "v=spf1 ip4:192.0.2.1", stub{}, false, false, 300 * time.Second},
		{"mx", "v=spf1 mx", stub{mx: hosts, ip: ips}, true, true, 200 * time.Second},
		{"ptr error without Meta", "v=spf1 ptr +all", stub{}, true, false, 300 * time.Second},
		{"negative answer with Meta", "v=spf1 exists:x.example +all", stub{ip: func(string, string) ([]netip.Addr, error) {
			return nil, metaErr{errNotFound}
		}}, true, true, 50 * time.Second},
	} {
		tt.r.txt = text(tt.record)
		v := check(t, &Checker{Resolver: metaStub{tt.r, tt.ad}}, request("192.0.2.1", "u@example.com"))
		if v.Result != Pass || v.Authentic != tt.secure || v.TTL != tt.ttl {
			t.Errorf("%s: %s, authentic %t, TTL %v, want pass, %t, %v", tt.name, v.Result, v.Authentic, v.TTL, tt.secure, tt.ttl)
		}
	}
}

// TestConcurrent runs checks of one Checker at once; the race detector judges.
func TestConcurrent(t *testing.T) {
	srv := server(t, `example.com. TXT "v=spf1 include:%{d2}.x.example mx a:%{l}.example.com -all exp=e.example.com"`,
		`example.com.x.example. TXT "v=spf1 ptr ~all"`, `e.example.com. TXT "no %{s}"`)
	c := &Checker{Resolver: srv.Resolver()}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				v := check(t, c, request("192.0.2.1", "user@example.com"))
				if v.Result != PermError && v.Explain(context.Background()) != "no user@example.com" {
					t.Errorf("verdict %+v", v)
				}
			}
		})
	}
	wg.Wait()
}
