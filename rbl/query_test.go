package rbl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver"
)

var (
	_ Resolver     = (*net.Resolver)(nil)
	_ Resolver     = (*resolver.Resolver)(nil)
	_ MetaResolver = (*resolver.Resolver)(nil)
)

// Twenty lists, of which one is dead, one refuses everything, and one lists the
// whole world: nobody is blocked who is not listed by one of the others, the
// time stays within the bound of the set, and the reports name the three.
func TestBrokenListsBlockNobody(t *testing.T) {
	const timeout, slack = 300 * time.Millisecond, 700 * time.Millisecond
	f := &fake{zones: map[string]func(string) answer{}}
	c := Config{Resolver: f, Timeout: timeout, Breaker: Breaker{Errors: 3, Of: 5, OpenFor: time.Hour}}
	for i := range 20 {
		name := fmt.Sprintf("l%02d.example", i)
		f.zones[name] = listing(a("127.0.0.2"), "66.2.0.192")
		c.Lists = append(c.Lists, List{Zone: MustZone(name)})
	}
	f.zones["l03.example"] = always(answer{hang: true})
	f.zones["l07.example"] = always(a("127.255.255.254"))
	f.zones["l11.example"] = always(a("127.0.0.2"))
	broken := []string{"l03.example", "l07.example", "l11.example"}

	check := func(s *Set, when string) {
		t.Helper()
		for i := range 5 {
			start := time.Now()
			v := mustQuery(t, s, ip(fmt.Sprintf("192.0.2.%d", 10+i)))
			if v.Decision != Pass || v.Score != 0 {
				t.Errorf("%s: innocent client: %v", when, &v)
			}
			if took := time.Since(start); took > timeout+slack {
				t.Errorf("%s: took %v with a timeout of %v", when, took, timeout)
			}
			var named []string
			for _, r := range v.Results {
				if r.Err != nil {
					named = append(named, r.Name)
				}
			}
			if !slices.Equal(named, broken) {
				t.Errorf("%s: the verdict names %q, want %q", when, named, broken)
			}
		}
		if v := mustQuery(t, s, ip("192.0.2.66")); v.Decision != Block {
			t.Errorf("%s: listed client: %v", when, &v)
		}
	}
	without := mustSet(t, c)
	check(without, "without health check")
	if got := without.Status().Failed(); len(got) != 3 {
		t.Errorf("status after the queries: %v", got)
	}

	s := mustSet(t, c)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	report, err := s.Health(ctx)
	var named []string
	for _, bad := range report.Failed() {
		if bad.Family == FamilyIPv4 {
			named = append(named, fmt.Sprint(bad.List, " ", bad.Status))
		}
	}
	want := []string{"l03.example unreachable", "l07.example refused", "l11.example lists-everything"}
	if !slices.Equal(named, want) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("health report %q, %v; want %q", named, err, want)
	}
	check(s, "after a health check")
}

func TestListKeyIsNeverShown(t *testing.T) {
	zone, err := KeyedZone("{key}.zen.dq.example", testKey)
	if err != nil {
		t.Fatal(err)
	}
	name := clientLabel + "." + zone.Reveal() + "."
	scenarios := map[string]func(string) answer{
		"listed":      listing(a("127.0.0.2"), clientLabel),
		"refused":     always(a("127.255.255.255")),
		"bogus":       always(a("203.0.113.9")),
		"wildcard":    always(a("127.0.0.4")),
		"servfail":    always(servfail(name)),
		"timeout":     always(answer{hang: true}),
		"plain error": always(answer{err: fmt.Errorf("cannot ask %q: %w", name, &net.DNSError{Err: "x " + name, Name: name})}),
	}
	for scenario, zoneFunc := range scenarios {
		var log bytes.Buffer
		f := &fake{
			zones: map[string]func(string) answer{zone.Reveal(): zoneFunc},
			texts: map[string][]string{name: {"see https://list.example/?q=" + strings.ToUpper(name)}},
		}
		logger := slog.New(slog.NewTextHandler(&log, nil))
		c := Config{
			Resolver: f, QueryTimeout: 100 * time.Millisecond, Breaker: Breaker{Errors: 1, Of: 1},
			Lists: []List{{Zone: zone}, {Zone: zone, Name: "list " + testKey, Allow: true}},
			Reply: "{ip} {zone} {list} {code} {text} {reason} {score}",
			Trace: func(_ context.Context, e Event) { logger.Info("dnsbl", "event", e); fmt.Fprintf(&log, "%+v %#v", e, e) },
		}
		s := mustSet(t, c)
		v := mustQuery(t, s, client, Domain("spam.test"))
		again := mustQuery(t, s, client)
		report, _ := s.Health(context.Background())
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
			fmt.Fprintf(&log, verb, s)
			fmt.Fprintf(&log, verb, *s.zones[0].family[0].fault.Load().orZero())
			fmt.Fprintf(&log, verb, v)
			fmt.Fprintf(&log, verb, &again)
			fmt.Fprintf(&log, verb, v.Results)
			fmt.Fprintf(&log, verb, report)
			fmt.Fprintf(&log, verb, s.Lists())
			for _, err := range append(v.Errors(), again.Errors()...) {
				fmt.Fprintf(&log, verb, err)
				var e *Error
				for errors.As(err, &e) && e.Err != nil {
					err = e.Err
					fmt.Fprintf(&log, verb, err)
				}
				var dns *net.DNSError
				if errors.As(err, &dns) {
					fmt.Fprintf(&log, verb, dns)
					log.WriteString(dns.Name)
				}
			}
		}
		fmt.Fprintln(&log, v.Reply(), v.String(), v.AuthResult(), report.String(), s.Warnings(), s.Status())
		js, err := json.Marshal(struct {
			V Verdict
			R Report
		}{v, report})
		if err != nil {
			t.Errorf("%s: %v", scenario, err)
		}
		log.Write(js)
		if strings.Contains(strings.ToLower(log.String()), testKey) {
			at := strings.Index(strings.ToLower(log.String()), testKey)
			t.Errorf("%s: the key is shown: ...%s", scenario, log.String()[max(0, at-200):at+30])
		}
		if len(v.Errors()) == 0 && scenario != "listed" {
			t.Errorf("%s: no error is reported", scenario)
		}
	}
}

func (f *fault) orZero() *fault {
	if f == nil {
		return &fault{}
	}
	return f
}

func TestOutcomes(t *testing.T) {
	tests := []struct {
		name   string
		answer answer
		want   Outcome
		kind   error
	}{
		{"listed", a("127.0.0.2"), Listed, nil},
		{"not listed", answer{}, NotListed, nil},
		{"not matched", a("127.0.0.9"), NotMatched, nil},
		{"refused", a("127.255.255.254"), Refused, ErrRefused},
		{"127.0.0.1", a("127.0.0.1"), Refused, ErrRefused},
		{"own error code", a("127.0.0.3"), Refused, ErrRefused},
		{"bogus", a("203.0.113.1"), Refused, ErrBogus},
		{"servfail", servfail("x"), Failed, ErrTemporary},
		{"timeout", answer{hang: true}, Failed, ErrTemporary},
		{"good and bad", a("203.0.113.1", "127.0.0.2", "127.255.255.252"), Listed, ErrBogus},
		{"mapped", a("::ffff:127.0.0.2"), Listed, nil},
	}
	for _, tt := range tests {
		f := &fake{zones: map[string]func(string) answer{"bl.example": listing(tt.answer, clientLabel)}}
		s := mustSet(t, Config{Resolver: f, QueryTimeout: 200 * time.Millisecond, Lists: []List{{
			Zone: MustZone("bl.example"), Accept: MustPattern("127.0.0.2"), Refused: MustPattern("127.0.0.3"),
		}}})
		v := mustQuery(t, s, client)
		r := v.Results[0]
		if r.Outcome != tt.want || tt.kind == nil && r.Err != nil || tt.kind != nil && !errors.Is(r.Err, tt.kind) {
			t.Errorf("%s: %v, %v; want %v, %v", tt.name, r.Outcome, r.Err, tt.want, tt.kind)
		}
		if block := v.Decision == Block; block != (tt.want == Listed) {
			t.Errorf("%s: %v", tt.name, &v)
		}
		if want := r.Outcome == Refused || r.Outcome == Failed; v.Incomplete != want {
			t.Errorf("%s: Incomplete = %v", tt.name, v.Incomplete)
		}
		if v.TTL < DefaultMinTTL || v.TTL > DefaultMaxTTL {
			t.Errorf("%s: TTL %v", tt.name, v.TTL)
		}
	}
}

func TestIncomplete(t *testing.T) {
	broken := map[string]func(string) answer{
		"ok.example": listing(a("127.0.0.2"), clientLabel),
		"x.example":  always(servfail("x")), "y.example": always(servfail("y")),
	}
	list := func(zone string, weight int) List { return List{Zone: MustZone(zone), Weight: weight} }
	tests := []struct {
		name  string
		block int
		allow int
		lists []List
		want  bool
	}{
		{"could block", 3, 0, []List{list("ok.example", 1), list("x.example", 2)}, true},
		{"could not block", 4, 0, []List{list("ok.example", 1), list("x.example", 2)}, false},
		{"blocked anyhow", 1, 0, []List{list("ok.example", 1), list("x.example", 2)}, false},
		{"could have been let pass", 1, 0, []List{list("ok.example", 1), list("x.example", -2)}, true},
		{"could have been allowed", 9, -2, []List{list("ok.example", -1), list("x.example", -1)}, true},
		{"two together", 4, 0, []List{list("ok.example", 1), list("x.example", 2), list("y.example", 1)}, true},
		{"only reported", 2, 0, []List{list("ok.example", 1), {Zone: MustZone("x.example"), ReportOnly: true}}, false},
	}
	for _, tt := range tests {
		s := mustSet(t, Config{Resolver: &fake{zones: broken}, Lists: tt.lists, Block: tt.block, Allow: tt.allow, Complete: true})
		if v := mustQuery(t, s, client); v.Incomplete != tt.want {
			t.Errorf("%s: %v", tt.name, &v)
		}
	}
}

func TestSeveralSubjects(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{
		"bl.example":  listing(a("127.0.0.2"), clientLabel),
		"dbl.example": listing(a("127.0.1.2"), "spam.test", "9.2.0.192"),
		"ebl.example": listing(a("127.0.0.2"), HashSpec{}.Sum("user@spam.test")),
		"url.example": listing(a("127.0.0.2"), HashSpec{}.Sum("http://spam.test/x")),
	}}
	s := mustSet(t, Config{Resolver: f, Block: 10, Complete: true, Lists: []List{
		{Zone: MustZone("bl.example")},
		{Zone: MustZone("dbl.example"), Kind: KindDomain | KindURI, Weight: 2, NoIP: true},
		{Zone: MustZone("ebl.example"), Kind: KindEmail, Weight: 3},
		{Zone: MustZone("url.example"), Kind: KindURL, Weight: 4},
	}})
	mail := []Subject{
		client, Domain("spam.test"), Domain("HELO.SPAM.test"), URI("http://spam.test/x"), URI("http://192.0.2.9/"),
		Email("User@Spam.Test"), Email("nobody"), ip("10.0.0.1"), {}, URI("http:///x"), Domain(""),
	}
	v := mustQuery(t, s, mail...)
	if v.Score != 10 || v.Decision != Block {
		t.Errorf("verdict %v, want score 10", &v)
	}
	var listed []string
	for _, r := range v.Listed() {
		listed = append(listed, r.Name+" "+r.Subject.String())
	}
	want := []string{"bl.example 192.0.2.9", "dbl.example spam.test", "dbl.example http://spam.test/x", "ebl.example User@Spam.Test", "url.example http://spam.test/x"}
	if !slices.Equal(listed, want) {
		t.Errorf("listed %q, want %q", listed, want)
	}
	var skipped []Skip
	for _, sk := range v.Skipped {
		skipped = append(skipped, sk.Reason)
	}
	if want := []Skip{SkipAddress, SkipPrivate, SkipInvalid, SkipHost, SkipEmpty}; !slices.Equal(skipped, want) {
		t.Errorf("skipped %q, want %q", skipped, want)
	}
	names := f.asked()
	for i, q := range names {
		if strings.HasPrefix(q, clientLabel+".dbl.") {
			t.Errorf("an address went to the domain list: %q", q)
		}
		if slices.Contains(names[:i], q) {
			t.Errorf("%q was asked twice", q)
		}
	}
}

func TestTooManySubjects(t *testing.T) {
	f := &fake{}
	s := mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("dbl.example"), Kind: KindURI}}, MaxSubjects: 3})
	var subjects []Subject
	for i := range 5 {
		subjects = append(subjects, URI(fmt.Sprintf("http://h%d.test/", i)))
	}
	v := mustQuery(t, s, subjects...)
	if v.Asked != 3 || len(v.Skipped) != 2 || v.Skipped[0].Reason != SkipTooMany {
		t.Errorf("asked %d, skipped %v", v.Asked, v.Skipped)
	}
}

func TestContextEnds(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{
		"ok.example":   listing(a("127.0.0.2"), clientLabel),
		"dead.example": always(answer{hang: true}),
	}}
	ctx, cancel := context.WithCancel(context.Background())
	s := mustSet(t, Config{
		Resolver: f, Block: 2, Lists: []List{{Zone: MustZone("ok.example")}, {Zone: MustZone("dead.example")}},
		Trace: func(context.Context, Event) { cancel() }, // after the first answer
	})
	v, err := s.Query(ctx, client)
	if !errors.Is(err, context.Canceled) || !v.Incomplete || v.Score != 1 || v.Decision != Pass {
		t.Errorf("cancelled: %v, %v", &v, err)
	}
	v, err = s.Query(ctx, client)
	if !errors.Is(err, context.Canceled) || !v.Incomplete || v.Asked != 0 {
		t.Errorf("cancelled before: %v, %v", &v, err)
	}
	for _, c := range s.Status() {
		if c.Status > Healthy {
			t.Errorf("the caller's impatience was held against the list: %v", c)
		}
	}
}

func TestEarlyEndDoesNotWait(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{
		"ok.example":   listing(a("127.0.0.2"), clientLabel),
		"dead.example": always(answer{hang: true}),
	}}
	s := mustSet(t, Config{Resolver: f, Timeout: -1, QueryTimeout: -1, Lists: []List{
		{Zone: MustZone("dead.example")}, {Zone: MustZone("ok.example")},
	}})
	v := mustQuery(t, s, client)
	if v.Decision != Block || v.Answered != 1 || v.Asked != 2 || v.Incomplete {
		t.Errorf("%v, %d of %d answers", &v, v.Answered, v.Asked)
	}
	if got := v.Results[0].Outcome; got != NotAsked || v.Results[0].Err != nil {
		t.Errorf("the open list: %v, %v", got, v.Results[0].Err)
	}
}

func TestFirstMatch(t *testing.T) {
	zones := map[string]func(string) answer{
		"bl.example":   listing(a("127.0.0.2"), clientLabel),
		"wl.example":   listing(a("127.0.0.3"), clientLabel),
		"no.example":   listing(answer{}),
		"down.example": always(servfail("x")),
	}
	list := func(zone string, unknown Unknown) List { return List{Zone: MustZone(zone), Unknown: unknown} }
	allow := List{Zone: MustZone("wl.example"), Allow: true}
	tests := []struct {
		name       string
		lists      []List
		want       Decision
		by         string
		incomplete bool
	}{
		{"allow first", []List{allow, list("bl.example", 0)}, Allow, "wl.example", false},
		{"block first", []List{list("no.example", 0), list("bl.example", 0), allow}, Block, "bl.example", false},
		{"nothing", []List{list("no.example", 0)}, Pass, "", false},
		{"failure skipped", []List{list("down.example", 0), allow}, Allow, "wl.example", true},
		{"failure of the same direction", []List{list("down.example", 0), list("bl.example", 0)}, Block, "bl.example", false},
		{"failure matches", []List{list("down.example", UnknownMatch), allow}, Block, "down.example", true},
		{"failure defers", []List{list("down.example", UnknownDefer), list("bl.example", 0)}, Defer, "down.example", true},
		{"failure too late", []List{list("bl.example", 0), list("down.example", UnknownDefer)}, Block, "bl.example", false},
		{"only reported", []List{{Zone: MustZone("bl.example"), ReportOnly: true}, {Zone: MustZone("down.example"), ReportOnly: true}, allow}, Allow, "wl.example", false},
		{"failure and nothing", []List{list("down.example", 0)}, Pass, "", true},
	}
	for _, tt := range tests {
		s := mustSet(t, Config{Resolver: &fake{zones: zones}, Lists: tt.lists, FirstMatch: true})
		v := mustQuery(t, s, client)
		by := ""
		if r := v.By(); r != nil {
			by = r.Name
		}
		if v.Decision != tt.want || by != tt.by || v.Incomplete != tt.incomplete {
			t.Errorf("%s: %v by %q; want %v by %q, incomplete %v", tt.name, &v, by, tt.want, tt.by, tt.incomplete)
		}
	}
}

func TestTrace(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{"bl.example": listing(a("127.0.0.2"), clientLabel)}}
	var events []Event
	s := mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("bl.example")}},
		Trace: func(_ context.Context, e Event) { events = append(events, e) }})
	mustQuery(t, s, client)
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	e := events[0]
	if e.List != "bl.example" || e.Subject != "192.0.2.9" || e.Name != "9.2.0.192.bl.example." || len(e.Answers) != 1 || !e.Settled || e.TTL != 5*time.Minute {
		t.Errorf("event %+v", e)
	}
}

func TestNameTooLong(t *testing.T) {
	l := strings.Repeat("b", 60)
	long := l + "." + l + "." + l + "." + l + ".test"
	f := &fake{}
	s := mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("dbl.example"), Kind: KindDomain}}})
	v := mustQuery(t, s, Domain(long))
	if !errors.Is(v.Results[0].Err, ErrName) || v.Results[0].Outcome != Refused || v.Incomplete || v.Asked != 0 || len(f.asked()) != 0 {
		t.Errorf("%v, asked %d", &v, v.Asked)
	}
}

func TestNothingToAsk(t *testing.T) {
	f := &fake{}
	s := mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("bl.example")}}})
	for _, subjects := range [][]Subject{nil, {Domain("spam.test")}, {Email("u@d.test")}} {
		v := mustQuery(t, s, subjects...)
		if v.Decision != Pass || v.Incomplete || v.Asked != 0 || len(v.Results) != 0 || len(f.asked()) != 0 {
			t.Errorf("%v: %v", subjects, &v)
		}
	}
}

// A lookup that does not get a slot in time says nothing about its list.
func TestBusyIsNotHeldAgainstTheList(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{"slow.example": always(answer{hang: true})}}
	s := mustSet(t, Config{
		Resolver: f, MaxInFlight: 1, QueryTimeout: 20 * time.Millisecond, Breaker: Breaker{Errors: 1, Of: 1},
		Lists: []List{{Zone: MustZone("slow.example")}, {Zone: MustZone("slow2.example")}},
	})
	f.zones["slow2.example"] = f.zones["slow.example"]
	v := mustQuery(t, s, client)
	if v.Results[0].Outcome != Failed || v.Results[1].Outcome != Failed {
		t.Errorf("%v", &v)
	}
	if got := s.Status().Failed(); len(got) != 1 {
		t.Errorf("status %v, want one list tripped", got)
	}
}

// TestHashFormsDiffer checks that a list without a form for an address does not
// keep the others from being asked.
func TestHashFormsDiffer(t *testing.T) {
	none := HashSpec{Canonical: func(string) string { return "" }}
	zones := map[string]func(string) answer{
		"none.example": always(a("127.0.0.2")),
		"all.example":  listing(a("127.0.0.2"), HashSpec{}.Sum("a@b.example")),
	}
	s := mustSet(t, Config{Resolver: &fake{zones: zones}, Lists: []List{
		{Zone: MustZone("none.example"), Kind: KindEmail, Hash: none},
		{Zone: MustZone("all.example"), Kind: KindEmail},
	}})
	if v := mustQuery(t, s, Email("a@b.example")); v.Decision != Block || len(v.Skipped) != 0 {
		t.Errorf("%v, skipped %v", v, v.Skipped)
	}
	if v := mustQuery(t, s, Email("no address")); len(v.Skipped) != 1 || v.Skipped[0].Reason != SkipAddress {
		t.Errorf("no address: skipped %v", v.Skipped)
	}
}

// TestZeroSet checks that a Set that New did not make blocks nobody.
func TestZeroSet(t *testing.T) {
	var s Set
	v, err := s.Query(context.Background(), client)
	if !errors.Is(err, ErrConfig) || v.Decision != Pass || !v.Incomplete || v.Reply() != "" {
		t.Errorf("%v, %v", v, err)
	}
}

// TestManyBadAnswers checks that a list cannot fill the log: what it answers is
// told in one line.
func TestManyBadAnswers(t *testing.T) {
	var bad []string
	for i := range 200 {
		bad = append(bad, fmt.Sprintf("203.0.113.%d", i))
	}
	zones := map[string]func(string) answer{"bl.example": always(a(bad...))}
	s := mustSet(t, Config{Resolver: &fake{zones: zones}, Lists: []List{{Zone: MustZone("bl.example"), NoIPv6: true}}})
	v := mustQuery(t, s, client)
	if text := v.String(); v.Results[0].Outcome != Refused || strings.Contains(text, "\n") || len(text) > 500 {
		t.Errorf("%q", text)
	}
	report, err := s.Health(context.Background())
	if text := report.String(); err != nil || strings.Count(text, "\n") != len(report) {
		t.Errorf("%q, %v", text, err)
	}
}

// TestSetOwnsItsLists checks that neither the Config nor what Lists returns is
// tied to the Set.
func TestSetOwnsItsLists(t *testing.T) {
	aliases := GmailAliases()
	list := List{Zone: MustZone("bl.example"), Kind: KindEmail, Hash: HashSpec{Aliases: aliases}, Codes: []Code{{"x", MustPattern("127.0.0.2")}}}
	s := mustSet(t, Config{Resolver: &fake{}, Lists: []List{list}})
	clear(aliases)
	list.Codes[0].Label = "changed"
	got := s.Lists()[0]
	clear(got.Hash.Aliases)
	got.Codes[0].Label = "changed"
	if got = s.Lists()[0]; len(got.Hash.Aliases) != 2 || got.Codes[0].Label != "x" {
		t.Errorf("%v, %v", got.Hash.Aliases, got.Codes)
	}
}
