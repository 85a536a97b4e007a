package rbl

import (
	"context"
	"net/netip"
	"testing"
)

func BenchmarkName(b *testing.B) {
	buf := make([]byte, 0, 256)
	for _, s := range []string{"192.0.2.1", "2001:db8:1:2:3:4:567:89ab"} {
		addr := netip.MustParseAddr(s)
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendIPName(buf[:0], addr, "zen.example.org")
			}
		})
	}
}

func BenchmarkPrepare20(b *testing.B) {
	set, sub := twenty(b), ip("192.0.2.1")
	var p Prepared
	b.ReportAllocs()
	for b.Loop() {
		set.Prepare(&p, sub)
	}
}

func BenchmarkMatch(b *testing.B) {
	m := MustPattern("127.0.0.[2..11]")
	code := netip.MustParseAddr("127.0.0.10")
	for b.Loop() {
		m.Match(code)
	}
}

func BenchmarkHost(b *testing.B) {
	for b.Loop() {
		Host("https://www.spam.example.org/path?query")
	}
}

// BenchmarkQuery20 has a resolver that answers at once: the cost of the engine.
func BenchmarkQuery20(b *testing.B) {
	set, sub := twenty(b), ip("192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		set.Query(context.Background(), sub)
	}
}
