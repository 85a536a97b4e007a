package spf

import (
	"context"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	const record = "v=spf1 a mx/24 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:_spf.example.net exists:%{ir}.x.example.com -all"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(record); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	txts := []string{"v=spf1 ip4:192.0.2.0/24 -all"}
	c := &Checker{Resolver: stub{txt: func(context.Context, string) ([]string, error) { return txts, nil }}}
	req := request("192.0.2.1", "user@example.com")
	b.ReportAllocs()
	for b.Loop() {
		if v, err := c.Check(context.Background(), req); err != nil || v.Result != Pass {
			b.Fatal(v, err)
		}
	}
}
