package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/tlspolicy"
)

// The table has 100 000 entries, half of them parents, and is asked for 64 of
// them in turn, as the destinations of a busy hour. Floor is the bare map
// access with the same keys: one, or for a parent one that misses and one that
// hits.
func BenchmarkTLSPolicy(b *testing.B) {
	const entries = 100_000
	var text strings.Builder
	known := map[string]int{}
	for i := range entries / 2 {
		fmt.Fprintf(&text, "host%d.example%d.test secure\n.site%d.example%d.test encrypt\n", i, i%997, i, i%997)
		known[fmt.Sprintf("host%d.example%d.test", i, i%997)] = i
		known[fmt.Sprintf(".site%d.example%d.test", i, i%997)] = i
	}
	table, problems, err := tlspolicy.Compile(strings.NewReader(text.String()), nil)
	if err != nil || len(problems) != 0 || table.Len() != entries {
		b.Fatal(table.Len(), problems, err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	exact, parent := make([]string, 64), make([]string, 64)
	for i := range exact {
		n := rnd.IntN(entries / 2)
		exact[i] = fmt.Sprintf("host%d.example%d.test", n, n%997)
		parent[i] = fmt.Sprintf("mx.site%d.example%d.test", n, n%997)
	}
	lookup := func(nexthops []string, level tlspolicy.Level) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				m, ok := table.Lookup(nexthops[i%len(nexthops)])
				if !ok || m.Policy.Level != level {
					b.Fatal(m, ok)
				}
				i++
			}
		}
	}
	floor := func(nexthops []string, cut int) func(*testing.B) {
		return func(b *testing.B) {
			i := 0
			for b.Loop() {
				key := nexthops[i%len(nexthops)]
				_, ok := known[key]
				if cut > 0 {
					_, ok = known[key[cut:]]
				}
				if !ok {
					b.Fatal("missing")
				}
				i++
			}
		}
	}
	b.Run("exact100k/mailsec", lookup(exact, tlspolicy.Secure))
	b.Run("exact100k/floor", floor(exact, 0))
	b.Run("parent100k/mailsec", lookup(parent, tlspolicy.Encrypt))
	b.Run("parent100k/floor", floor(parent, 2))
}
