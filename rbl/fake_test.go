package rbl

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fake is a Resolver whose zones are functions of the name in front of them.
type fake struct {
	mu      sync.Mutex
	zones   map[string]func(label string) answer
	texts   map[string][]string // by whole name
	queries []string
}

// An answer is what one name gives. The zero answer is NXDOMAIN.
type answer struct {
	addrs []string
	ttl   time.Duration
	err   error
	hang  bool // until the context ends
	ad    bool
}

func a(addrs ...string) answer { return answer{addrs: addrs, ttl: 5 * time.Minute} }

// listing answers for the given labels and the standard test points.
func listing(with answer, labels ...string) func(string) answer {
	return func(label string) answer {
		for _, l := range labels {
			if l == label {
				return with
			}
		}
		switch label {
		case "2.0.0.127", "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", "test":
			return a("127.0.0.2")
		}
		return answer{ttl: time.Minute}
	}
}

func always(with answer) func(string) answer { return func(string) answer { return with } }

func (f *fake) find(name string) (label string, zone func(string) answer) {
	best := ""
	for z := range f.zones {
		if strings.HasSuffix(name, "."+z+".") && len(z) > len(best) {
			best = z
		}
	}
	if best == "" {
		return name, nil
	}
	return strings.TrimSuffix(name, "."+best+"."), f.zones[best]
}

func (f *fake) LookupNetIPMeta(ctx context.Context, network, name string) ([]netip.Addr, time.Duration, bool, error) {
	f.mu.Lock()
	f.queries = append(f.queries, name)
	label, zone := f.find(name)
	f.mu.Unlock()
	if network != "ip4" {
		return nil, 0, false, fmt.Errorf("network %q", network)
	}
	var got answer
	if zone != nil {
		got = zone(label)
	}
	if got.hang {
		<-ctx.Done()
		return nil, 0, false, &net.DNSError{Err: "timeout", Name: name, Server: "192.0.2.53", IsTimeout: true}
	}
	if got.err != nil {
		return nil, 0, false, got.err
	}
	if len(got.addrs) == 0 {
		return nil, got.ttl, got.ad, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	var out []netip.Addr
	for _, s := range got.addrs {
		out = append(out, netip.MustParseAddr(s))
	}
	return out, got.ttl, got.ad, nil
}

func (f *fake) LookupNetIP(ctx context.Context, network, name string) ([]netip.Addr, error) {
	addrs, _, _, err := f.LookupNetIPMeta(ctx, network, name)
	return addrs, err
}

func (f *fake) LookupTXT(ctx context.Context, name string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queries = append(f.queries, name+" TXT")
	if txts := f.texts[name]; txts != nil {
		return txts, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.queries
	f.queries = nil
	return out
}

func servfail(name string) answer {
	return answer{err: &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}}
}

func mustSet(t testing.TB, c Config) *Set {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustQuery(t testing.TB, s *Set, subjects ...Subject) Verdict {
	t.Helper()
	v, err := s.Query(context.Background(), subjects...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func ip(s string) Subject { return IP(netip.MustParseAddr(s)) }

var client = ip("192.0.2.9")

const clientLabel = "9.2.0.192"
