package resolver_test

import (
	"testing"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"

	"github.com/mailsec-go/mailsec/resolver"
)

// TestCachedAllocations checks that an answer from the cache costs no more
// than the slice that the caller gets.
func TestCachedAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	srv := resolvertest.Must(
		`example. 300 IN SOA ns.example. host.example. 1 2 3 4 60`,
		`a.example. 300 IN A 192.0.2.1`,
		`a.example. 300 IN TXT "v=spf1 -all"`,
		`a.example. 300 IN MX 10 a.example.`,
		`1.2.0.192.in-addr.arpa. 300 IN PTR a.example.`)
	c := srv.Config()
	c.CacheEntries = 0
	r := newResolver(t, c)
	ctx := t.Context()
	tests := []struct {
		name string
		do   func() error
		max  float64
	}{
		{"LookupTXT", func() error { _, err := r.LookupTXT(ctx, "a.example."); return err }, 1},
		{"LookupNetIP", func() error { _, err := r.LookupNetIP(ctx, "ip4", "a.example."); return err }, 1},
		{"LookupMX", func() error { _, err := r.LookupMX(ctx, "a.example."); return err }, 2},
		{"LookupAddr", func() error { _, err := r.LookupAddr(ctx, "192.0.2.1"); return err }, 2},
		{"not found", func() error {
			if _, err := r.LookupTXT(ctx, "nx.example."); err == nil || err.(*resolver.Error).Kind != resolver.NXDomain {
				return err
			}
			return nil
		}, 1},
	}
	for _, tt := range tests {
		if err := tt.do(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := testing.AllocsPerRun(100, func() { tt.do() }); got > tt.max {
			t.Errorf("%s: %v allocations, want at most %v", tt.name, got, tt.max)
		}
	}
}
