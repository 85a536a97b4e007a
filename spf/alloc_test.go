package spf

import (
	"context"
	"strings"
	"testing"
)

// allocs is the number of allocations of one check whose resolver makes none.
func allocs(t *testing.T, record string, want Result) float64 {
	t.Helper()
	txts := []string{record}
	c := &Checker{Resolver: stub{txt: func(context.Context, string) ([]string, error) { return txts, nil }}}
	req := request("192.0.2.1", "user@example.com")
	return testing.AllocsPerRun(200, func() {
		v, err := c.Check(context.Background(), req)
		if err != nil || v.Result != want {
			t.Fatal(v, err)
		}
	})
}

func TestAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops entries at random under the race detector")
	}
	// The verdict and the name to ask for.
	if n := allocs(t, "v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 ip4:192.0.2.0/24 -all", Pass); n > 2 {
		t.Errorf("a check without macros and includes: %v allocations, want 2 at most", n)
	}
	// One name for each of the ten includes, the path of eleven steps, the cause.
	if n := allocs(t, "v=spf1"+strings.Repeat(" ip4:198.51.100.0/24", 30)+" include:example.com -all", PermError); n > 20 {
		t.Errorf("ten includes: %v allocations, want 20 at most", n)
	}
	found := false
	if n := testing.AllocsPerRun(100, func() { found = IsSPF("V=SPF1 all") }); n != 0 || !found {
		t.Errorf("IsSPF: %v allocations", n)
	}
	r, err := Parse("v=spf1 a:x.example/24 ip4:192.0.2.0/24 foo=bar -all")
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 0, 200)
	if n := testing.AllocsPerRun(100, func() { r.Append(buf) }); n != 0 {
		t.Errorf("Record.Append: %v allocations", n)
	}
}
