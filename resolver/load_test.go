package resolver_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// TestLoad asks from 64 goroutines, four of them at a time for the same name,
// while one answer in a hundred is lost and one in a hundred is truncated: no
// wrong answer, no caller without one, and nothing is left behind.
func TestLoad(t *testing.T) {
	const goroutines, same, names = 64, 4, 1000
	lookups := 200_000
	if testing.Short() || raceEnabled {
		lookups = 20_000
	}
	var zone strings.Builder
	for i := range names {
		fmt.Fprintf(&zone, "n%d.example. 0 IN A 10.0.%d.%d\n", i, i/256, i%256)
	}
	srv := resolvertest.Must(zone.String())
	srv.SetLoss(100, 100)
	var queries atomic.Int64
	before := runtime.NumGoroutine()
	l, err := srv.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := resolver.New(resolver.Config{Servers: []netip.AddrPort{l.Addr()}, Tries: 5, CacheEntries: -1, OnEvent: func(resolver.Event) { queries.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	resolver.SetFirstRetransmit(r, 40*time.Millisecond) // most of the test would be waiting
	files := openFiles()
	var next, most atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range goroutines {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(lookups); i = next.Add(1) {
				n := int(i) / same % names
				name := fmt.Sprintf("n%d.example.", n)
				want := netip.AddrFrom4([4]byte{10, 0, byte(n / 256), byte(n % 256)})
				got, err := r.LookupNetIP(context.Background(), "ip4", name)
				if err != nil || len(got) != 1 || got[0] != want {
					t.Errorf("LookupNetIP(%q) = %v, %v; want %v", name, got, err, want)
					return
				}
				if i%1000 == 0 {
					most.Store(max(most.Load(), int64(openFiles()-files)))
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d lookups by %d queries in %v, at most %d files open", lookups, queries.Load(), time.Since(start), most.Load())
	if most.Load() > 200 {
		t.Errorf("%d sockets were open", most.Load())
	}
	r.Close()
	l.Close()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines are left, %d before", runtime.NumGoroutine(), before)
}

// openFiles returns how many files this process has open, 0 if not known.
func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
