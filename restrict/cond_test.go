package restrict

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// world is an Env whose every call gives one answer, or fails.
type world struct {
	yes bool
	err error
}

func (w world) Greylisted(context.Context, *Session) (bool, time.Duration, error) {
	return w.yes, 1500 * time.Millisecond, w.err
}
func (w world) Exceeds(context.Context, string, int, time.Duration) (bool, error) {
	return w.yes, w.err
}
func (w world) Listed(context.Context, string, *Session) (bool, string, error) {
	return w.yes, "bad\r\nhost", w.err
}
func (w world) RecipientExists(context.Context, string) (bool, error) { return w.yes, w.err }
func (w world) SenderOwners(context.Context, string) ([]string, error) {
	if w.yes {
		return []string{"Alice"}, w.err
	}
	return nil, w.err
}
func (w world) VerifyAddress(context.Context, string) (Deliverable, string, error) {
	if w.yes {
		return DeliverOK, "", w.err
	}
	return DeliverFails, "no such user", w.err
}
func (w world) env() Env {
	return Env{Greylist: w, Limiter: w, Blocklists: w, Recipients: w, Owners: w, Verifier: w}
}

var _ DNS = (*net.Resolver)(nil)

// session is a session about which everything is known.
func session() *Session {
	return &Session{
		Has:    HasClient | HasHelo | HasSender | HasRecipient | HasAuth | HasTLS | HasSPF | HasDKIM | HasDMARC,
		Client: netip.MustParseAddr("192.0.2.7"), AuthID: "alice",
		Sender: ParseAddress("alice@Example.com"), Recipient: ParseAddress("bob@sub.example.org"),
		SPF: "fail", DMARC: "fail", DMARCPolicy: "reject", DKIM: []DKIMResult{{Domain: "example.com", Result: "pass"}},
	}
}

// test evaluates one condition at the end of the message.
func test(t *testing.T, env Env, c Cond, s *Session) Tri {
	t.Helper()
	var got Tri
	probe := &staged{stages: AnyStage, f: func(ctx context.Context, ev *Eval) Tri { got = c.Test(ctx, ev); return False }}
	p, err := Compile(Spec{Lists: map[Stage][]*List{Message: {{Rules: []Rule{{Ops: []Op{{Cond: probe}}}}}}}, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	var ev Eval
	p.Run(context.Background(), Message, s, &ev)
	return got
}

func TestConditions(t *testing.T) {
	without := func(f Facts) *Session { s := session(); s.Has &^= f; return s }
	with := func(f func(*Session)) *Session { s := session(); f(s); return s }
	for _, tt := range []struct {
		name string
		c    Cond
		s    *Session
		want Tri
	}{
		{"client in", ClientIn(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24")), session(), True},
		{"client not in", ClientIn(netip.MustParsePrefix("10.0.0.0/8")), session(), False},
		{"client unknown", ClientIn(netip.MustParsePrefix("0.0.0.0/0")), new(Session), False},
		{"authenticated", Authenticated(), session(), True},
		{"not authenticated", Authenticated(), without(HasAuth), False},
		{"encrypted", Encrypted(), session(), True},
		{"null sender", NullSender(), with(func(s *Session) { s.Sender = Address{} }), True},
		{"no sender yet", NullSender(), new(Session), False},
		{"sender domain", SenderDomain("EXAMPLE.COM."), session(), True},
		{"sender domain is not below itself", SenderDomain(".example.com"), session(), False},
		{"recipient domain below", RecipientDomain(".example.org"), session(), True},
		{"recipient without domain", RecipientDomain("", "."), with(func(s *Session) { s.Recipient = ParseAddress("postmaster") }), False},
		{"spf", SPF("fail", "softfail"), session(), True},
		{"spf not", SPF("pass"), session(), False},
		{"spf temperror", SPF("fail"), with(func(s *Session) { s.SPF = "temperror" }), Unknown},
		{"spf temperror asked for", SPF("temperror"), with(func(s *Session) { s.SPF = "temperror" }), True},
		{"spf not yet", SPF("none"), without(HasSPF), Unknown},
		{"dkim", DKIM("pass"), session(), True},
		{"dkim not", DKIM("fail"), session(), False},
		{"dkim none", DKIM("none"), with(func(s *Session) { s.DKIM = nil }), True},
		{"dkim not yet", DKIM("none"), without(HasDKIM), Unknown},
		{"dmarc disposition", DMARC("reject"), session(), True},
		{"dmarc result", DMARC("fail"), session(), True},
		{"dmarc pass has no disposition", DMARC("reject"), with(func(s *Session) { s.DMARC = "pass" }), False},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := test(t, Env{}, tt.c, tt.s); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// asking are the conditions that ask the Env.
func asking() map[string]Cond {
	return map[string]Cond{
		"greylist": Greylisted(), "rate": Rate(1, time.Minute), "listed": Listed("bl"),
		"exists": RecipientExists(), "owns": OwnsSender(), "verified": RecipientVerified(),
	}
}

func TestAskingConditions(t *testing.T) {
	for name, c := range asking() {
		for _, tt := range []struct {
			w    world
			want Tri
		}{{world{yes: true}, True}, {world{}, False}, {world{yes: true, err: errors.New("down")}, Unknown}} {
			if got := test(t, tt.w.env(), c, session()); got != tt.want {
				t.Errorf("%s with %+v: got %v, want %v", name, tt.w, got, tt.want)
			}
		}
	}
	anon := session()
	anon.Has &^= HasAuth
	if got := test(t, world{yes: true}.env(), OwnsSender(), anon); got != False {
		t.Errorf("owner without login: got %v, want false", got)
	}
	if got := test(t, world{yes: true}.env(), Rate(1, time.Minute), anon); got != True {
		t.Errorf("rate by address: got %v, want true", got)
	}
}

// What the outside world says does not break out of the reply.
func TestRepliesOfConditions(t *testing.T) {
	for cond, want := range map[string]string{
		"greylist": "450 4.7.1 Greylisted, try again in 2 seconds",
		"listed":   "550 5.7.1 Service unavailable; bad  host",
	} {
		p, err := Compile(Spec{
			Lists: map[Stage][]*List{Rcpt: {{Rules: []Rule{{Verb: Deny, Ops: []Op{{Cond: asking()[cond]}}}}}}},
			Env:   world{yes: true}.env(),
		})
		if err != nil {
			t.Fatal(err)
		}
		var ev Eval
		v := p.Run(context.Background(), Rcpt, session(), &ev)
		if got := string(v.AppendReply(nil)); got != want {
			t.Errorf("%s: got %q, want %q", cond, got, want)
		}
	}
}

// TestFaultInjection: whatever the Env fails at, no rule that depends on it
// accepts, in whichever form it is written.
func TestFaultInjection(t *testing.T) {
	broken := world{yes: true, err: errors.New("down")}.env()
	inner := func(c Cond) *List { return &List{Name: "class", Rules: []Rule{{Verb: Accept, Ops: []Op{{Cond: c}}}}} }
	forms := map[string]func(Cond) []Rule{
		"accept":       func(c Cond) []Rule { return []Rule{{Verb: Accept, Ops: []Op{{Cond: c}}}} },
		"accept not":   func(c Cond) []Rule { return []Rule{{Verb: Accept, Ops: []Op{{Cond: c, Neg: true}}}} },
		"accept, skip": func(c Cond) []Rule { return []Rule{{Verb: Accept, OnUnknown: UnknownSkips, Ops: []Op{{Cond: c}}}} },
		"accept, maybe": func(c Cond) []Rule {
			return []Rule{{Verb: Accept, OnUnknown: UnknownDefersIfPermit, Ops: []Op{{Cond: c}}}, {Verb: Accept}}
		},
		"require": func(c Cond) []Rule { return []Rule{{Verb: Require, Ops: []Op{{Cond: c}}}, {Verb: Accept}} },
		"deny":    func(c Cond) []Rule { return []Rule{{Verb: Deny, Ops: []Op{{Cond: c, Neg: true}}}, {Verb: Accept}} },
		"discard": func(c Cond) []Rule { return []Rule{{Verb: DiscardMessage, Ops: []Op{{Cond: c}}}} },
		"include": func(c Cond) []Rule { return []Rule{{Verb: Include, List: inner(c)}} },
		"guard":   func(c Cond) []Rule { return []Rule{{Verb: Include, List: inner(fixed(True)), Guard: c}} },
		"dry run": func(c Cond) []Rule { return []Rule{{Verb: Accept, DryRun: true, Ops: []Op{{Cond: c}}}} },
	}
	for name, c := range asking() {
		for form, rules := range forms {
			p, err := Compile(Spec{
				Lists: map[Stage][]*List{Rcpt: {{Name: "l", Rules: rules(c), End: Rejected}}},
				Env:   broken, Resolve: Rcpt.Set(), AcceptEndsStage: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			var ev Eval
			if v := p.Run(context.Background(), Rcpt, session(), &ev); !v.Kind.Refused() {
				t.Errorf("%s as %q: got %v, want a refusal", name, form, v.Kind)
			}
		}
	}
}

func TestParseCond(t *testing.T) {
	for _, s := range []string{"spf=fail", "spf=fail,softfail", " spf=FAIL|none", "dkim=none", "dmarc=reject", "greylist", "rate=100/1h"} {
		if c, err := ParseCond(s); err != nil || c == nil {
			t.Errorf("ParseCond(%q): %v", s, err)
		}
	}
	for _, s := range []string{"", "spf", "spf=", "spf=fial", "dkim=sure", "dmarc=maybe", "greylist=1", "rate", "rate=1", "rate=x/1h", "rate=1/0s", "rate=-1/1h", "rate=1/soon", "permit"} {
		if _, err := ParseCond(s); !errors.Is(err, ErrRule) || !strings.Contains(err.Error(), "restrict: ") {
			t.Errorf("ParseCond(%q): got %v, want an error", s, err)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for _, tt := range []struct{ in, local, domain string }{
		{"", "", ""}, {"postmaster", "postmaster", ""}, {"a@b", "a", "b"}, {"a@b@c", "a@b", "c"}, {"a@", "a", ""},
	} {
		if a := ParseAddress(tt.in); a.Text != tt.in || a.Local != tt.local || a.Domain != tt.domain {
			t.Errorf("ParseAddress(%q) = %+v", tt.in, a)
		}
	}
}
