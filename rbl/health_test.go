package rbl

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	return c
}
func (c *clock) now() time.Time          { return time.Unix(0, c.ns.Load()) }
func (c *clock) advance(d time.Duration) { c.ns.Add(int64(d)) }

func TestHealth(t *testing.T) {
	const yes6 = "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
	only := func(label string, with answer) func(string) answer {
		return func(l string) answer {
			if l == label {
				return with
			}
			return answer{}
		}
	}
	tests := []struct {
		name string
		list List
		zone func(string) answer
		want string
	}{
		{"all families", List{Kind: KindIP | KindDomain}, listing(answer{}), "v4 ok, v6 ok, name ok"},
		{"v4 only", List{}, only("2.0.0.127", a("127.0.0.2")), "v4 ok, v6 no-test-entry"},
		{"v6 only", List{NoIPv4: true}, only(yes6, a("127.0.0.2")), "v6 ok"},
		{"empty", List{NoIPv6: true}, always(answer{}), "v4 no-test-entry"},
		{"wildcard", List{NoIPv6: true}, always(a("127.0.0.2")), "v4 lists-everything"},
		{"parked", List{NoIPv6: true}, always(a("203.0.113.9")), "v4 hijacked"},
		{"refused", List{NoIPv6: true}, always(a("127.0.0.1")), "v4 refused"},
		{"own error code", List{NoIPv6: true, Refused: MustPattern("127.0.0.9")}, always(a("127.0.0.9")), "v4 refused"},
		{"dead", List{NoIPv6: true}, always(servfail("x")), "v4 unreachable"},
		{"half dead", List{NoIPv6: true}, only("1.0.0.127", servfail("x")), "v4 unreachable"},
		{"no test", List{NoIPv6: true, Test: Test{Off: true}}, always(a("127.0.0.2")), "v4 untested"},
		{"no positive test point", List{NoIPv6: true, Test: Test{NoListed: true}}, always(answer{}), "v4 ok"},
		{"own test points", List{Kind: KindURI, Test: Test{Listed: "bad.test", NotListed: "good.test"}}, only("bad.test", a("127.0.0.2")), "name ok"},
		{"127.0.0.1 is data", List{NoIPv6: true, Accept: MustPattern("127.0.0.1")}, always(a("127.0.0.1")), "v4 lists-everything"},
	}
	for _, tt := range tests {
		tt.list.Zone = MustZone("bl.example")
		s := mustSet(t, Config{Resolver: &fake{zones: map[string]func(string) answer{"bl.example": tt.zone}}, Lists: []List{tt.list}})
		report, err := s.Health(context.Background())
		var got []string
		for _, c := range report {
			got = append(got, c.Family.String()+" "+c.Status.String())
			if (c.Err != nil) != (c.Status > Healthy) {
				t.Errorf("%s: %s with error %v", tt.name, c.Status, c.Err)
			}
		}
		if err != nil || strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %v, %v; want %s", tt.name, got, err, tt.want)
		}
		if now := s.Status(); len(now) != len(report) || len(now.Failed()) != len(report.Failed()) {
			t.Errorf("%s: Status() = %v after %v", tt.name, now, report)
		}
	}
}

func TestFailedListIsLeftAloneAndComesBack(t *testing.T) {
	clk := newClock()
	var mu sync.Mutex
	zone := always(a("127.0.0.2"))
	f := &fake{zones: map[string]func(string) answer{"bl.example": func(l string) answer {
		mu.Lock()
		defer mu.Unlock()
		return zone(l)
	}}}
	s := mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("bl.example")}}, Now: clk.now})
	if v := mustQuery(t, s, client); v.Decision != Pass || v.Results[0].Outcome != NotAsked || !v.Incomplete {
		t.Errorf("a list that lists everything: %v", &v)
	}
	want := []string{"9.2.0.192.bl.example.", "1.0.0.127.bl.example."}
	if got := f.asked(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	if v := mustQuery(t, s, client); !errors.Is(v.Results[0].Err, ErrUnhealthy) || v.Decision != Pass {
		t.Errorf("left alone: %v", &v)
	}
	if got := f.asked(); len(got) != 0 {
		t.Errorf("the failed list was asked: %q", got)
	}
	clk.advance(2 * time.Minute)
	if v := mustQuery(t, s, client); v.Results[0].Outcome != NotAsked {
		t.Errorf("still failing: %v", &v)
	}
	if got := f.asked(); len(got) != 2 {
		t.Errorf("half open: asked %q, want the two test points", got)
	}
	mu.Lock()
	zone = listing(a("127.0.0.2"), clientLabel)
	mu.Unlock()
	clk.advance(2 * time.Minute)
	if v := mustQuery(t, s, client); v.Decision != Block {
		t.Errorf("healthy again: %v", &v)
	}
	if got := s.Status(); got[0].Status != Healthy {
		t.Errorf("status %v", got)
	}
	f.asked()
	mustQuery(t, s, client)
	if got := f.asked(); len(got) != 2 || got[0] != "9.2.0.192.bl.example." || !strings.HasSuffix(got[1], " TXT") {
		t.Errorf("a list in health: asked %q", got)
	}
	clk.advance(2 * DefaultVerify)
	mustQuery(t, s, client)
	if got := f.asked(); !slices.Contains(got, "1.0.0.127.bl.example.") {
		t.Errorf("the test is old: asked %q", got)
	}
}

// TestClockIsSetBack checks that a clock which was years ahead does not keep a
// list from being asked, nor vouch for one, until it is there again.
func TestClockIsSetBack(t *testing.T) {
	clk := newClock()
	var mu sync.Mutex
	zone := always(servfail("x"))
	set := func(z func(string) answer) { mu.Lock(); zone = z; mu.Unlock() }
	f := &fake{zones: map[string]func(string) answer{"bl.example": func(l string) answer {
		mu.Lock()
		defer mu.Unlock()
		return zone(l)
	}}}
	s := mustSet(t, Config{Resolver: f, NoText: true, Now: clk.now, Lists: []List{{Zone: MustZone("bl.example"), NoIPv6: true}}})
	clk.advance(10000 * time.Hour)
	if _, err := s.Health(context.Background()); err != nil || s.Status()[0].Status != Unreachable {
		t.Fatalf("Health: %v, %v", s.Status(), err)
	}
	set(listing(a("127.0.0.2"), clientLabel))
	if v := mustQuery(t, s, client); v.Results[0].Outcome != NotAsked {
		t.Errorf("while the list is left alone: %v", v)
	}
	clk.advance(-5000 * time.Hour)
	if v := mustQuery(t, s, client); v.Decision != Block {
		t.Errorf("set back while the list is left alone: %v", v)
	}
	set(always(a("127.0.0.2")))
	clk.advance(-5000 * time.Hour)
	if v := mustQuery(t, s, client); v.Decision != Pass || s.Status()[0].Status != ListsEverything {
		t.Errorf("set back after the test point was right: %v, %v", v, s.Status())
	}
}

func TestVerifyFails(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{"bl.example": func(l string) answer {
		if l == "1.0.0.127" {
			return servfail(l)
		}
		return a("127.0.0.2")
	}}}
	s := mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("bl.example")}}})
	if v := mustQuery(t, s, client); v.Decision != Pass || v.Results[0].Outcome != Failed || !v.Incomplete {
		t.Errorf("%v", &v)
	}
	off := mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("bl.example")}}, Verify: -1})
	if v := mustQuery(t, off, client); v.Decision != Block {
		t.Errorf("without Verify: %v", &v)
	}
}

func TestBreaker(t *testing.T) {
	clk := newClock()
	var broken atomic.Bool
	broken.Store(true)
	empty := listing(answer{})
	f := &fake{zones: map[string]func(string) answer{"bl.example": func(l string) answer {
		if broken.Load() {
			return servfail(l)
		}
		if l == "2.0.0.127" {
			return answer{} // has never had a test entry
		}
		return empty(l)
	}}}
	s := mustSet(t, Config{
		Resolver: f, Now: clk.now, Lists: []List{{Zone: MustZone("bl.example")}},
		Breaker: Breaker{Errors: 3, Of: 4, OpenFor: time.Minute},
	})
	for range 3 {
		if v := mustQuery(t, s, client); v.Results[0].Outcome != Failed {
			t.Fatalf("%v", &v)
		}
	}
	f.asked()
	if v := mustQuery(t, s, client); v.Results[0].Outcome != NotAsked || len(f.asked()) != 0 {
		t.Errorf("open: %v", &v)
	}
	if got := s.Status(); got[0].Status != Tripped || !strings.Contains(got.String(), "3 of the last 4 answers were errors") {
		t.Errorf("status %v", got)
	}
	if v := mustQuery(t, s, ip("2001:db8::9")); v.Results[0].Outcome != Failed {
		t.Errorf("the other family is not affected: %v", &v)
	}
	clk.advance(2 * time.Minute)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	resp := s.admit(ctx, s.zones[0], FamilyIPv4)
	if resp.err == nil {
		t.Error("a cancelled test let the list in")
	}
	broken.Store(false)
	if v := mustQuery(t, s, client); v.Results[0].Outcome != NotListed {
		t.Errorf("half open: %v", &v)
	}

	broken.Store(true)
	off := mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("bl.example")}}, Breaker: Breaker{Errors: -1}})
	for range 30 {
		if v := mustQuery(t, off, client); v.Results[0].Outcome != Failed {
			t.Fatalf("breaker off: %v", &v)
		}
	}
}

func TestBreakerForgets(t *testing.T) {
	var fs familyState
	b := Breaker{Errors: 3, Of: 4}
	for i := range 40 {
		fs.record(b, time.Time{}, "bl.example", i%2 == 0)
	}
	if fs.fault.Load() != nil {
		t.Error("two errors of four opened the breaker")
	}
	fs.record(b, time.Time{}, "bl.example", true)
	fs.record(b, time.Time{}, "bl.example", true)
	if fs.fault.Load() == nil {
		t.Error("three errors of four did not open the breaker")
	}
}

func TestHealthEndsWithContext(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{"bl.example": always(answer{hang: true})}}
	s := mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("bl.example")}}, MaxInFlight: 1})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	report, err := s.Health(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || report[0].Status != Unreachable {
		t.Errorf("%v, %v", report, err)
	}
	if got := s.Status().Failed(); len(got) != 0 {
		t.Errorf("an aborted check was held against the list: %v", got)
	}
}

// Queries and checks of one Set from many goroutines, for the race detector.
func TestConcurrentUse(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{
		"bl.example": listing(a("127.0.0.2"), clientLabel), "wild.example": always(a("127.0.0.2")), "bad.example": always(servfail("x")),
	}}
	s := mustSet(t, Config{Resolver: f, MaxInFlight: 4, Breaker: Breaker{Errors: 2, Of: 4, OpenFor: time.Nanosecond}, Lists: []List{
		{Zone: MustZone("bl.example")}, {Zone: MustZone("wild.example")}, {Zone: MustZone("bad.example")},
	}})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				if i == 0 {
					s.Health(context.Background())
					s.Status()
				}
				if v := mustQuery(t, s, client); v.Decision != Block || v.Score != 1 {
					t.Errorf("%v", &v)
				}
				if v := mustQuery(t, s, ip("192.0.2.10")); v.Decision != Pass {
					t.Errorf("%v", &v)
				}
			}
		})
	}
	wg.Wait()
}
