package resolvertest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// A broken resolver gives the same answer to everything.
type broken struct {
	texts []string
	err   error
	delay time.Duration
}

func (b broken) LookupTXT(context.Context, string) ([]string, error) {
	time.Sleep(b.delay)
	return b.texts, b.err
}

func (b broken) LookupTXTMeta(context.Context, string) ([]string, time.Duration, bool, error) {
	return b.texts, 0, false, b.err
}

func (b broken) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, b.err
}

func (b broken) LookupNetIPMeta(context.Context, string, string) ([]netip.Addr, time.Duration, bool, error) {
	return nil, 0, false, b.err
}

func (b broken) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, b.err }

func (b broken) LookupMXMeta(context.Context, string) ([]*net.MX, time.Duration, bool, error) {
	return nil, 0, false, b.err
}

func (b broken) LookupAddr(context.Context, string) ([]string, error) { return nil, b.err }

func (b broken) LookupAddrMeta(context.Context, string) ([]string, time.Duration, bool, error) {
	return nil, 0, false, b.err
}

// TestKitFindsFaults checks that every promise of the kit can be broken, and
// that methods a resolver does not have are not held against it.
func TestKitFindsFaults(t *testing.T) {
	notFound := &net.DNSError{IsNotFound: true}
	resolvers := []any{
		broken{},
		broken{texts: []string{"wrong"}},
		broken{err: errors.New("down")},
		broken{err: notFound},
		broken{delay: 1100 * time.Millisecond, err: errors.New("late")},
	}
	srv := Must(kitZone)
	for _, c := range kitChecks() {
		if err := c.check(&kit{server: srv, resolver: struct{}{}}); !errors.Is(err, errMissing) {
			t.Errorf("%s without any method: %v", c.name, err)
		}
		found := 0
		for i, r := range resolvers {
			if i == len(resolvers)-1 && c.name != "context/cancelled" {
				continue // slow
			}
			if c.check(&kit{server: srv, resolver: r}) != nil {
				found++
			}
		}
		if found == 0 {
			t.Errorf("%s: none of the broken resolvers is found out", c.name)
		}
	}
}
