package policyd

import (
	"context"
	"net"
	"testing"
)

func BenchmarkQuery(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go Serve(b.Context(), l, HandlerFunc(func(context.Context, *Request) string { return "DUNNO" }))
	c := &Client{Network: "tcp", Address: l.Addr().String()}
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Query(b.Context(), request); err != nil {
			b.Fatal(err)
		}
	}
}
