package restrict

import (
	"context"
	"net/netip"
	"testing"
)

// tenRules is a list that is decided by its tenth rule.
func tenRules() *List {
	l := &List{Name: "ten"}
	for range 9 {
		l.Rules = append(l.Rules, Rule{Verb: Accept, Ops: []Op{{Cond: ClientIn(netip.MustParsePrefix("10.0.0.0/8"))}}})
	}
	l.Rules = append(l.Rules, Rule{Verb: Deny, Reply: &Reply{554, Enhanced{5, 7, 1}, "no"}})
	return l
}

// Run does not allocate unless a condition does, with and without a trace.
func TestRunDoesNotAllocate(t *testing.T) {
	p := at(t, Rcpt, nil, tenRules())
	s := session()
	for _, trace := range []*Trace{nil, new(Trace)} {
		ev := &Eval{Trace: trace}
		ctx := context.Background()
		step := func() {
			if trace != nil {
				trace.Reset()
			}
			if v := p.Run(ctx, Rcpt, s, ev); v.Kind != Rejected {
				t.Fatal("not rejected")
			}
		}
		step()
		if n := testing.AllocsPerRun(100, step); n != 0 {
			t.Errorf("trace %v: %v allocations, want 0", trace != nil, n)
		}
	}
}

func BenchmarkRun10(b *testing.B) {
	p := at(b, Rcpt, nil, tenRules())
	s, ev, ctx := session(), new(Eval), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		p.Run(ctx, Rcpt, s, ev)
	}
}
