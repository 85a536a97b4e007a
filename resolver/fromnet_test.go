package resolver_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// netResolver returns package net's resolver, pointed at srv.
func netResolver(t *testing.T, srv *resolvertest.Server) *net.Resolver {
	t.Helper()
	l, err := srv.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, l.Addr().String())
		if udp, ok := c.(*net.UDPConn); ok {
			return hasty{udp}, nil
		}
		return c, err
	}}
}

// A hasty connection ends the wait for an answer after little more than the
// second in which a cancelled lookup is to return; package net waits for five.
type hasty struct{ *net.UDPConn }

func (h hasty) SetDeadline(t time.Time) error {
	if end := time.Now().Add(1200 * time.Millisecond); t.After(end) {
		t = end
	}
	return h.UDPConn.SetDeadline(t)
}

// TestKitFromNet names what package net does not give.
func TestKitFromNet(t *testing.T) {
	resolvertest.TestResolver(t, func(t *testing.T, s *resolvertest.Server) any {
		return resolver.FromNet(netResolver(t, s))
	}, "txt/odd-name", "addr/looks-like-address", "temporary/alias-loop", "context/cancelled", "meta/answers", "meta/errors")
}

func TestFromNet(t *testing.T) {
	srv := resolvertest.Must(lookupZone)
	srv.SetFault("fail.example.", "*", resolvertest.ServFail)
	n := resolver.FromNet(netResolver(t, srv))
	ctx := t.Context()
	if got, ttl, authentic, err := n.LookupNetIPMeta(ctx, "ip", "both.example"); len(got) != 2 || ttl != 0 || authentic || err != nil {
		t.Errorf("ip: %v, %v, %v, %v", got, ttl, authentic, err)
	}
	if got, err := n.LookupHost(ctx, "both.example."); len(got) != 2 || err != nil {
		t.Errorf("LookupHost: %v, %v", got, err)
	}
	if got, err := n.LookupNetIP(ctx, "ip4", "four.example."); err != nil || !got[0].Is4() {
		t.Errorf("ip4: %v, %v; want an address that is not mapped", got, err)
	}
	if got, _, _, err := n.LookupAddrMeta(ctx, "192.0.2.2"); len(got) == 0 || err != nil {
		t.Errorf("LookupAddrMeta: %v, %v", got, err)
	}
	if got, _, _, err := n.LookupMXMeta(ctx, "nx.example."); err == nil {
		t.Errorf("LookupMXMeta: %v", got)
	}
	if got, _, _, err := n.LookupTXTMeta(ctx, "nx.example."); err == nil {
		t.Errorf("LookupTXTMeta: %v", got)
	}
	// "Not found" does not say which kind.
	_, err := n.LookupTXT(ctx, "nx.example.")
	var nx interface{ NXDomain() bool }
	var d *net.DNSError
	if errors.As(err, &nx) || !errors.As(err, &d) || !d.IsNotFound {
		t.Errorf("NXDOMAIN: %v", err)
	}
	bad := map[string]func() error{
		"name":    func() error { _, err := n.LookupTXT(ctx, "a..b"); return err },
		"literal": func() error { _, err := n.LookupNetIP(ctx, "ip4", "192.0.2.1"); return err },
		"network": func() error { _, err := n.LookupNetIP(ctx, "udp", "a.example."); return err },
		"address": func() error { _, err := n.LookupAddr(ctx, "a.example."); return err },
	}
	for name, do := range bad {
		if err := do(); !errors.Is(err, resolver.BadName) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := n.LookupTXT(ctx, "fail.example."); !errors.Is(err, resolver.ServFail) {
		t.Errorf("SERVFAIL: %v", err)
	}
	ended, stop := context.WithTimeout(ctx, time.Nanosecond)
	defer stop()
	if _, err := n.LookupNetIP(ended, "ip4", "a.example."); !errors.Is(err, resolver.Timeout) {
		t.Errorf("after the deadline: %v", err)
	}
	if resolver.FromNet(nil) == nil {
		t.Error("FromNet(nil) is nil")
	}
}
