package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

const (
	resolverNames = 1000
	fanoutLists   = 20
	fanoutAddrs   = 16
)

// A dnsClient asks for the A records of a name.
type dnsClient struct {
	name string
	ask  func(ctx context.Context, name string) error
}

// startDNS starts the server that all clients of one benchmark ask.
func startDNS(b *testing.B) netip.AddrPort {
	b.Helper()
	var zone strings.Builder
	for i := range resolverNames {
		fmt.Fprintf(&zone, "n%d.example. 300 IN A 10.0.%d.%d\n", i, i/256, i%256)
	}
	for i := range fanoutLists {
		fmt.Fprintf(&zone, "l%d.lists.example. 300 IN SOA ns.example. host.example. 1 2 3 4 60\n", i)
		fmt.Fprintf(&zone, "1.2.0.192.l%d.lists.example. 300 IN A 127.0.0.2\n", i)
	}
	l, err := resolvertest.Must(zone.String()).Listen("")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l.Addr()
}

// newResolver returns mailsec's client.
func newResolver(b *testing.B, server netip.AddrPort, cacheEntries int) *resolver.Resolver {
	b.Helper()
	r, err := resolver.New(resolver.Config{Servers: []netip.AddrPort{server}, CacheEntries: cacheEntries, FailTTL: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close() })
	return r
}

func mailsecClient(b *testing.B, server netip.AddrPort) dnsClient {
	r := newResolver(b, server, -1)
	return dnsClient{name: "mailsec", ask: func(ctx context.Context, name string) error {
		_, err := r.LookupNetIP(ctx, "ip4", name)
		return err
	}}
}

// stdlibClient is net.Resolver with its Go implementation.
func stdlibClient(server netip.AddrPort) dnsClient {
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, server.String())
	}}
	return dnsClient{name: "stdlib", ask: func(ctx context.Context, name string) error {
		_, err := r.LookupNetIP(ctx, "ip4", name)
		return err
	}}
}

// miekgClient dials for every query.
func miekgClient(server netip.AddrPort) dnsClient {
	return dnsClient{name: "miekg", ask: func(ctx context.Context, name string) error {
		m := new(dns.Msg).SetQuestion(name, dns.TypeA)
		re, _, err := new(dns.Client).ExchangeContext(ctx, m, server.String())
		return rcode(re, err)
	}}
}

// miekgReused has one connected socket for each goroutine that asks.
func miekgReused(server netip.AddrPort) dnsClient {
	type link struct {
		client dns.Client
		conn   *dns.Conn
	}
	var idle sync.Pool
	return dnsClient{name: "miekg-reused", ask: func(_ context.Context, name string) error {
		l, _ := idle.Get().(*link)
		if l == nil {
			l = new(link)
			var err error
			if l.conn, err = l.client.Dial(server.String()); err != nil {
				return err
			}
		}
		m := new(dns.Msg).SetQuestion(name, dns.TypeA)
		re, _, err := l.client.ExchangeWithConn(m, l.conn)
		if err != nil {
			l.conn.Close()
			return err
		}
		idle.Put(l)
		return rcode(re, nil)
	}}
}

func rcode(m *dns.Msg, err error) error {
	switch {
	case err != nil:
		return err
	case m.Rcode == dns.RcodeNameError:
		return resolver.NXDomain
	case m.Rcode != dns.RcodeSuccess:
		return errors.New(dns.RcodeToString[m.Rcode])
	}
	return nil
}

// floorClient sends ready-made octets and waits for as many as come: one
// round trip over loopback.
func floorClient(b *testing.B, server netip.AddrPort) dnsClient {
	query, err := new(dns.Msg).SetQuestion("n1.example.", dns.TypeA).Pack()
	if err != nil {
		b.Fatal(err)
	}
	var idle sync.Pool
	return dnsClient{name: "floor", ask: func(context.Context, string) error {
		c, _ := idle.Get().(*net.UDPConn)
		if c == nil {
			var err error
			if c, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server)); err != nil {
				return err
			}
		}
		var buf [512]byte
		if _, err := c.Write(query); err != nil {
			return err
		}
		_, err := c.Read(buf[:])
		idle.Put(c)
		return err
	}}
}

// BenchmarkResolver compares DNS clients that ask the same server on loopback.
func BenchmarkResolver(b *testing.B) {
	b.Run("cached", benchCached)
	b.Run("sequential", func(b *testing.B) {
		eachClient(b, func(b *testing.B, c dnsClient) {
			for i := range b.N {
				if err := c.ask(b.Context(), benchNames[i%resolverNames]); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("inflight64", func(b *testing.B) { eachClient(b, benchInflight) })
	b.Run("fanout20x16", benchFanout)
}

var benchNames = func() (names [resolverNames]string) {
	for i := range names {
		names[i] = fmt.Sprintf("n%d.example.", i)
	}
	return names
}()

func eachClient(b *testing.B, run func(*testing.B, dnsClient)) {
	server := startDNS(b)
	for _, c := range []dnsClient{
		mailsecClient(b, server), stdlibClient(server), miekgClient(server), miekgReused(server), floorClient(b, server),
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			run(b, c)
		})
	}
}

func benchInflight(b *testing.B, c dnsClient) {
	var next, failed atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if c.ask(b.Context(), benchNames[i%resolverNames]) != nil {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(failed.Load()), "errors")
}

// benchCached measures an answer from the cache.
func benchCached(b *testing.B) {
	r := newResolver(b, startDNS(b), 0)
	ctx := context.Background()
	for _, n := range benchNames {
		if _, err := r.LookupNetIP(ctx, "ip4", n); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("mailsec", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if _, err := r.LookupNetIP(ctx, "ip4", benchNames[i%resolverNames]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// benchFanout asks 20 lists about each of 16 addresses, all 320 questions at
// once, as a server does that checks 16 connections. One operation is one
// address on all lists.
func benchFanout(b *testing.B) {
	server := startDNS(b)
	for _, c := range []dnsClient{mailsecClient(b, server), stdlibClient(server), miekgClient(server)} {
		b.Run(c.name, func(b *testing.B) {
			var times []time.Duration
			failed := 0
			for i := 0; i < b.N; i += fanoutAddrs {
				t, f := fanout(b.Context(), c, i)
				times = append(times, t...)
				failed += f
			}
			slices.Sort(times)
			b.ReportMetric(float64(failed), "errors")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

func fanout(ctx context.Context, c dnsClient, round int) (times []time.Duration, failed int) {
	times = make([]time.Duration, fanoutAddrs*fanoutLists)
	var failures atomic.Int64
	var wg sync.WaitGroup
	for i := range times {
		name := fmt.Sprintf("%d.%d.0.192.l%d.lists.example.", i/fanoutLists+1, round/fanoutAddrs%256, i%fanoutLists)
		wg.Go(func() {
			start := time.Now()
			err := c.ask(ctx, name)
			times[i] = time.Since(start)
			var d *net.DNSError
			if err != nil && !errors.Is(err, resolver.NXDomain) && !(errors.As(err, &d) && d.IsNotFound) {
				failures.Add(1)
			}
		})
	}
	wg.Wait()
	return times, int(failures.Load())
}
