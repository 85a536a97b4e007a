package resolvertest_test

import (
	"context"
	"net"
	"testing"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

func TestKitInProcess(t *testing.T) {
	resolvertest.TestResolver(t, func(t *testing.T, s *resolvertest.Server) any { return s.Resolver() })
}

func TestKitCached(t *testing.T) {
	resolvertest.TestResolver(t, func(t *testing.T, s *resolvertest.Server) any {
		c := s.Config()
		c.CacheEntries = 100
		r, err := resolver.New(c)
		if err != nil {
			t.Fatal(err)
		}
		return r
	})
}

func TestKitOverTheWire(t *testing.T) {
	resolvertest.TestResolver(t, func(t *testing.T, s *resolvertest.Server) any {
		l := listen(t, s)
		r, err := resolver.New(resolver.Config{Servers: l.Servers(), Randomize0x20: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		return r
	})
}

func listen(t *testing.T, s *resolvertest.Server) *resolvertest.Listener {
	t.Helper()
	l, err := s.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// netResolver returns package net's resolver, pointed at s.
func netResolver(t *testing.T, s *resolvertest.Server) *net.Resolver {
	addr := listen(t, s).Addr().String()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, addr)
	}}
}

// TestKitNetResolver pins what package net can't do. A line that begins to
// work in a later Go version fails here.
func TestKitNetResolver(t *testing.T) {
	resolvertest.TestResolver(t, func(t *testing.T, s *resolvertest.Server) any { return netResolver(t, s) },
		"txt/odd-name", "addr/looks-like-address", "temporary/alias-loop", "context/cancelled", "meta/errors")
}
