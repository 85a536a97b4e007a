package spf

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

var (
	_ Resolver     = (*net.Resolver)(nil)
	_ Resolver     = (*resolver.Resolver)(nil)
	_ metaResolver = (*resolver.Resolver)(nil)
)

// zone turns lines "name TYPE data" into zone text.
func zone(lines ...string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		name, rest, _ := strings.Cut(l, " ")
		out[i] = name + " 300 IN " + rest
	}
	return out
}

// server returns a DNS server for lines as in zone.
func server(t testing.TB, lines ...string) *resolvertest.Server {
	t.Helper()
	srv, err := resolvertest.New(zone(lines...)...)
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

// request is a MAIL FROM check of sender for ip.
func request(ip, sender string) Request {
	return Request{IP: netip.MustParseAddr(ip), Helo: "mx.example.org", MailFrom: sender}
}

// check runs a check that must not fail.
func check(t testing.TB, c *Checker, r Request) *Verdict {
	t.Helper()
	v, err := c.Check(context.Background(), r)
	if err != nil {
		t.Fatalf("Check(%v) = %v", r, err)
	}
	return v
}

// stub is a resolver whose answers tests set directly. A nil function means
// "not found".
type stub struct {
	txt  func(ctx context.Context, name string) ([]string, error)
	mx   func(name string) ([]*net.MX, error)
	ip   func(network, name string) ([]netip.Addr, error)
	addr func(addr string) ([]string, error)
}

var errNotFound = &net.DNSError{Err: "no such host", IsNotFound: true}

func (s stub) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if s.txt == nil {
		return nil, errNotFound
	}
	return s.txt(ctx, name)
}

func (s stub) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	if s.mx == nil {
		return nil, errNotFound
	}
	return s.mx(name)
}

func (s stub) LookupNetIP(_ context.Context, network, name string) ([]netip.Addr, error) {
	if s.ip == nil {
		return nil, errNotFound
	}
	return s.ip(network, name)
}

func (s stub) LookupAddr(_ context.Context, addr string) ([]string, error) {
	if s.addr == nil {
		return nil, errNotFound
	}
	return s.addr(addr)
}

// text is a TXT function that gives every name the same record.
func text(record string) func(context.Context, string) ([]string, error) {
	return func(context.Context, string) ([]string, error) { return []string{record}, nil }
}

func fixedNow() time.Time { return time.Unix(1700000000, 0) }
