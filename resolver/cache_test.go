package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

const cacheZone = `
example. 300 IN SOA ns.example. host.example. 1 3600 600 86400 60
a.example. 100 IN A 192.0.2.1
a.example. 50 IN A 192.0.2.2
zero.example. 0 IN A 192.0.2.1
long.example. 2000000 IN A 192.0.2.1
huge.example. 4294967295 IN A 192.0.2.1
alias.example. 20 IN CNAME a.example.
dangling.example. 20 IN CNAME missing.example.
nosoa.test. 300 IN A 192.0.2.1
`

// cached returns a server and a resolver with a cache on its virtual clock.
func cached(t *testing.T, change func(*resolver.Config)) (*resolvertest.Server, *resolver.Resolver) {
	t.Helper()
	srv := resolvertest.Must(cacheZone)
	c := srv.Config()
	c.CacheEntries = 1000
	c.FailTTL = 5 * time.Second
	if change != nil {
		change(&c)
	}
	r, err := resolver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return srv, r
}

// addrTTL looks the A records of name up and returns the TTL.
func addrTTL(t *testing.T, r *resolver.Resolver, name string) time.Duration {
	t.Helper()
	_, ttl, _, err := r.LookupNetIPMeta(t.Context(), "ip4", name)
	if err != nil {
		t.Errorf("LookupNetIPMeta(%q): %v", name, err)
	}
	return ttl
}

func TestCacheLifetime(t *testing.T) {
	tests := []struct {
		name   string
		ttl    time.Duration // first
		lives  time.Duration // still cached after
		change func(*resolver.Config)
	}{
		{name: "a.example.", ttl: 50 * time.Second, lives: 49 * time.Second}, // the lowest of the set
		{name: "alias.example.", ttl: 20 * time.Second, lives: 19 * time.Second},
		{name: "long.example.", ttl: time.Hour, lives: time.Hour - 1},
		{name: "huge.example.", ttl: 0},
		{name: "zero.example.", ttl: 0},
		{name: "zero.example.", ttl: 10 * time.Second, lives: 9 * time.Second,
			change: func(c *resolver.Config) { c.MinTTL = 10 * time.Second }},
		{name: "long.example.", ttl: time.Minute, lives: time.Minute - 1,
			change: func(c *resolver.Config) { c.MaxTTL = time.Minute }},
	}
	for _, tt := range tests {
		srv, r := cached(t, tt.change)
		if got := addrTTL(t, r, tt.name); got != tt.ttl {
			t.Errorf("%s: TTL %v, want %v", tt.name, got, tt.ttl)
		}
		srv.Clock().Advance(tt.lives)
		asked := len(srv.Queries())
		got := addrTTL(t, r, strings.ToUpper(tt.name))
		hit := len(srv.Queries()) == asked
		if hit != (tt.lives > 0) || hit && got != tt.ttl-tt.lives {
			t.Errorf("%s after %v: TTL %v, from the cache: %v", tt.name, tt.lives, got, hit)
		}
		srv.Clock().Advance(tt.ttl - tt.lives)
		asked = len(srv.Queries())
		if addrTTL(t, r, tt.name); len(srv.Queries()) == asked {
			t.Errorf("%s: still cached after %v", tt.name, tt.ttl)
		}
	}
}

func TestCacheNegative(t *testing.T) {
	tests := []struct {
		name    string
		kind    resolver.Kind
		ttl     time.Duration
		queries int // for TXT twice, then MX
	}{
		{name: "nx.example.", kind: resolver.NXDomain, ttl: 60 * time.Second, queries: 1},
		{name: "a.example.", kind: resolver.NoData, ttl: 60 * time.Second, queries: 2},
		{name: "dangling.example.", kind: resolver.NXDomain, ttl: 20 * time.Second, queries: 2},
		{name: "nosoa.test.", kind: resolver.NoData, ttl: 0, queries: 3},
		{name: "nx.test.", kind: resolver.NXDomain, ttl: 0, queries: 3},
	}
	for _, tt := range tests {
		srv, r := cached(t, nil)
		for i := range 2 {
			_, err := r.LookupTXT(t.Context(), tt.name)
			var e *resolver.Error
			if !errors.As(err, &e) || e.Kind != tt.kind || e.TTL != tt.ttl || e.Cached != (i == 1 && tt.ttl > 0) {
				t.Errorf("LookupTXT(%q) no. %d: %v, TTL %v; want %v, TTL %v", tt.name, i, err, e.TTL, tt.kind, tt.ttl)
			}
		}
		_, err := r.LookupMX(t.Context(), tt.name)
		if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), "MX") {
			t.Errorf("LookupMX(%q): %v, want %v", tt.name, err, tt.kind)
		}
		if got := srv.Queries(); len(got) != tt.queries {
			t.Errorf("%s: queries %q, want %d of them", tt.name, got, tt.queries)
		}
		srv.Clock().Advance(tt.ttl)
		if _, err := r.LookupTXT(t.Context(), tt.name); len(srv.Queries()) != tt.queries+1 {
			t.Errorf("%s: still cached after %v: %v", tt.name, tt.ttl, err)
		}
	}
}

func TestCacheNegativeBound(t *testing.T) {
	_, r := cached(t, func(c *resolver.Config) { c.MaxNegTTL = 7 * time.Second })
	_, err := r.LookupTXT(t.Context(), "nx.example.")
	if e := err.(*resolver.Error); e.TTL != 7*time.Second {
		t.Errorf("TTL %v, want MaxNegTTL", e.TTL)
	}
	srv, r := cached(t, func(c *resolver.Config) { c.MaxNegTTL = -1 })
	r.LookupTXT(t.Context(), "nx.example.")
	r.LookupTXT(t.Context(), "nx.example.")
	if got := srv.Queries(); len(got) != 2 {
		t.Errorf("queries %q with MaxNegTTL -1, want two", got)
	}
}

// TestCacheCut checks RFC 8020: nothing exists below a name that does not, if
// DNSSEC says so.
func TestCacheCut(t *testing.T) {
	for _, authentic := range []bool{true, false} {
		srv, r := cached(t, nil)
		srv.SetAuthentic("*", authentic)
		r.LookupTXT(t.Context(), "nx.example.")
		_, err := r.LookupTXT(t.Context(), "a.b.nx.example.")
		if e := err.(*resolver.Error); e.Kind != resolver.NXDomain || e.Cached != authentic || e.Name != "a.b.nx.example." {
			t.Errorf("authentic %v: %+v", authentic, e)
		}
		if got := len(srv.Queries()); got != 2 && !authentic || got != 1 && authentic {
			t.Errorf("authentic %v: %d queries", authentic, got)
		}
	}
}

func TestCacheFailures(t *testing.T) {
	for _, f := range []resolvertest.Fault{resolvertest.ServFail, resolvertest.Refused, resolvertest.Timeout} {
		srv, r := cached(t, nil)
		srv.SetFault("a.example.", "*", f)
		for i := range 2 {
			_, err := r.LookupTXT(t.Context(), "a.example.")
			if e := err.(*resolver.Error); e.NotFound() || e.Cached != (i == 1) {
				t.Errorf("%v, no. %d: %+v", f, i, e)
			}
		}
		srv.SetFault("a.example.", "*", resolvertest.None)
		srv.Clock().Advance(5 * time.Second)
		if ttl := addrTTL(t, r, "a.example."); ttl == 0 {
			t.Errorf("%v: not asked again after FailTTL", f)
		}
	}
}

type hurriedKey struct{}

// TestCacheForgetsImpatience checks that a caller whose time is over leaves
// nothing behind in the cache.
func TestCacheForgetsImpatience(t *testing.T) {
	srv, r := cached(t, func(c *resolver.Config) {
		exchange := c.Exchange
		c.Exchange = func(ctx context.Context, s netip.AddrPort, q []byte, tcp bool) ([]byte, error) {
			if _, hurried := ctx.Value(hurriedKey{}).(bool); hurried {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return exchange(ctx, s, q, tcp)
		}
	})
	ctx, stop := context.WithTimeout(context.WithValue(t.Context(), hurriedKey{}, true), 5*time.Millisecond)
	defer stop()
	if _, err := r.LookupTXT(ctx, "a.example."); !errors.Is(err, resolver.Timeout) {
		t.Errorf("got %v", err)
	}
	if _, err := r.LookupTXT(t.Context(), "a.example."); !errors.Is(err, resolver.NoData) || len(srv.Queries()) != 1 {
		t.Errorf("got %v, queries %q", err, srv.Queries())
	}
}

func TestServeStale(t *testing.T) {
	var events []resolver.Event
	srv, r := cached(t, func(c *resolver.Config) {
		c.ServeStale = time.Hour
		c.OnEvent = func(e resolver.Event) { events = append(events, e) }
	})
	addrTTL(t, r, "a.example.")
	srv.SetFault("a.example.", "*", resolvertest.ServFail)
	srv.Clock().Advance(time.Minute)
	for i := range 2 { // asked once, then left alone for 30 seconds
		res, err := r.Lookup(t.Context(), "a.example.", resolver.TypeA)
		if err != nil || !res.Stale || res.TTL != 30*time.Second || len(res.Records) != 2 {
			t.Errorf("no. %d: %+v, %v", i, res, err)
		}
	}
	if got := len(srv.Queries()); got != 2 {
		t.Errorf("%d queries, want 2", got)
	}
	if last := events[len(events)-1]; !last.Stale || !last.Cached {
		t.Errorf("last event %+v", last)
	}
	srv.Clock().Advance(time.Minute)
	r.Lookup(t.Context(), "a.example.", resolver.TypeA)
	if got := len(srv.Queries()); got != 3 {
		t.Errorf("%d queries, want 3: the servers are to be tried again", got)
	}
	srv.Clock().Advance(time.Hour)
	if _, err := r.Lookup(t.Context(), "a.example.", resolver.TypeA); !errors.Is(err, resolver.ServFail) {
		t.Errorf("after ServeStale: %v", err)
	}
	srv.SetFault("a.example.", "*", resolvertest.None)
	srv.Clock().Advance(time.Minute)
	if res, err := r.Lookup(t.Context(), "a.example.", resolver.TypeA); err != nil || res.Stale {
		t.Errorf("after the fault: %+v, %v", res, err)
	}
}

// TestStaleIsNotOutdated checks that a record is not given out stale after a
// server has said something newer about it.
func TestStaleIsNotOutdated(t *testing.T) {
	tests := []struct{ name, zone string }{
		{"gone", `example. 300 IN SOA ns.example. host.example. 1 3600 600 86400 60`},
		{"gone without SOA", `other.example. 300 IN A 192.0.2.1`},
		{"no such records", "example. 300 IN SOA ns.example. host.example. 1 3600 600 86400 60\na.example. 300 IN TXT x"},
		{"changed, not to be kept", `a.example. 0 IN A 192.0.2.77`},
	}
	for _, tt := range tests {
		srv, r := cached(t, func(c *resolver.Config) { c.ServeStale = time.Hour })
		addrTTL(t, r, "a.example.")
		if err := srv.SetZone(tt.zone); err != nil {
			t.Fatal(err)
		}
		srv.Clock().Advance(5 * time.Minute)
		r.Lookup(t.Context(), "a.example.", resolver.TypeA)
		srv.SetFault("a.example.", "*", resolvertest.ServFail)
		srv.Clock().Advance(5 * time.Minute)
		if res, err := r.Lookup(t.Context(), "a.example.", resolver.TypeA); !errors.Is(err, resolver.ServFail) {
			t.Errorf("%s: %+v, %v; want the failure", tt.name, res, err)
		}
	}
}

// TestCacheBounds fills caches with more than they may hold.
func TestCacheBounds(t *testing.T) {
	tests := []struct {
		name           string
		entries, bytes int
		most           int // answers that may still be there
		text           int
	}{
		{name: "entries", entries: 10, most: 10, text: 1},
		{name: "entries in shards", entries: 320, most: 320, text: 1},
		{name: "bytes", entries: 100000, bytes: 64 << 10, most: 160, text: 1},
		{name: "bytes of large records", entries: 10, bytes: 30 << 10, most: 10, text: 2000},
		{name: "larger than the cache", entries: 10, bytes: 1000, most: 0, text: 2000},
	}
	for _, tt := range tests {
		const names = 1000
		var zone strings.Builder
		for i := range names {
			fmt.Fprintf(&zone, "n%d.example. 300 IN TXT \"%s\"\n", i, strings.Repeat("x", tt.text))
		}
		srv := resolvertest.Must(zone.String())
		c := srv.Config()
		c.CacheEntries, c.CacheBytes = tt.entries, tt.bytes
		hit := false
		c.OnEvent = func(e resolver.Event) { hit = e.Cached }
		r, err := resolver.New(c)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for i := range names {
				if _, err := r.LookupTXT(t.Context(), fmt.Sprintf("n%d.example.", i)); err != nil {
					t.Fatal(err)
				}
			}
		}
		kept := 0
		for i := range names {
			r.LookupTXT(t.Context(), fmt.Sprintf("n%d.example.", names-1-i))
			if hit {
				kept++
			}
		}
		if kept > tt.most {
			t.Errorf("%s: %d answers in the cache, want at most %d", tt.name, kept, tt.most)
		}
	}
}

// TestCacheKeepsUsed checks that what is asked for again and again survives a
// flood of names that are asked for once.
func TestCacheKeepsUsed(t *testing.T) {
	srv := resolvertest.Must(`*.example. 300 IN A 192.0.2.1`)
	c := srv.Config()
	c.CacheEntries = 50
	r, _ := resolver.New(c)
	for i := range 1000 {
		addrTTL(t, r, "popular.example.")
		addrTTL(t, r, fmt.Sprintf("n%d.example.", i))
	}
	n := 0
	for _, q := range srv.Queries() {
		if q == "popular.example. A" {
			n++
		}
	}
	if n > 2 {
		t.Errorf("a popular name was asked for %d times", n)
	}
}

// TestCoalesce checks that equal questions go out once, and that a caller who
// gives up harms nobody.
func TestCoalesce(t *testing.T) {
	srv := resolvertest.Must(cacheZone)
	release := make(chan struct{})
	entered := make(chan struct{}, 100)
	c := srv.Config()
	c.Exchange = func(ctx context.Context, s netip.AddrPort, q []byte, tcp bool) ([]byte, error) {
		entered <- struct{}{}
		select {
		case <-release:
			return srv.Exchange(ctx, s, q, tcp)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	r, _ := resolver.New(c)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := r.LookupTXT(ctx, "nx.example.")
		first <- err
	}()
	<-entered
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = r.LookupTXT(t.Context(), "nx.example.") })
	}
	impatient, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, err := r.LookupTXT(impatient, "nx.example."); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, resolver.Timeout) {
		t.Errorf("a waiting caller whose time is over got %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) || !errors.Is(err, resolver.Canceled) {
		t.Errorf("the cancelled caller got %v", err)
	}
	<-entered // another goroutine has taken over
	close(release)
	wg.Wait()
	for _, err := range errs {
		if !errors.Is(err, resolver.NXDomain) {
			t.Errorf("a patient caller got %v", err)
		}
	}
	if got := srv.Queries(); !slices.Equal(got, []string{"nx.example. TXT"}) {
		t.Errorf("queries %q", got)
	}
}

// TestCoalesceAllLeave checks that work nobody waits for any more ends.
func TestCoalesceAllLeave(t *testing.T) {
	var mu sync.Mutex
	running := 0
	entered := make(chan struct{}, 10)
	c := resolver.Config{CacheEntries: -1}
	c.Exchange = func(ctx context.Context, _ netip.AddrPort, _ []byte, _ bool) ([]byte, error) {
		mu.Lock()
		running++
		mu.Unlock()
		entered <- struct{}{}
		<-ctx.Done()
		mu.Lock()
		running--
		mu.Unlock()
		return nil, ctx.Err()
	}
	r, _ := resolver.New(c)
	a, cancelA := context.WithCancel(t.Context())
	b, cancelB := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { r.LookupTXT(a, "a.example.") })
	<-entered
	wg.Go(func() { r.LookupTXT(b, "a.example.") })
	time.Sleep(20 * time.Millisecond)
	cancelA()
	<-entered
	cancelB()
	wg.Wait()
	for range 100 {
		mu.Lock()
		n := running
		mu.Unlock()
		if n == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("the exchange is still running")
}
