package bench

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/rbl"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

const rblLists = 20

// rblRoundTrip is the delay of the server where the round trip is to dominate.
const rblRoundTrip = 5 * time.Millisecond

func BenchmarkRBL(b *testing.B) {
	b.Run("name4", func(b *testing.B) { rblName(b, "192.0.2.199") })
	b.Run("name6", func(b *testing.B) { rblName(b, "2001:db8:1:2:3:4:567:89ab") })
	b.Run("prepare20", rblPrepare)
	b.Run("match", rblMatch)
	b.Run("query20", func(b *testing.B) { rblQuery(b, 0) })
	b.Run("query20-5ms", func(b *testing.B) { rblQuery(b, rblRoundTrip) })
}

// rblSink keeps results alive.
var rblSink int

func rblName(b *testing.B, ip string) {
	addr := netip.MustParseAddr(ip)
	b.Run("mailsec", func(b *testing.B) {
		buf := make([]byte, 0, 256)
		b.ReportAllocs()
		for b.Loop() {
			buf = rbl.AppendIPName(buf[:0], addr, "zen.example.org")
		}
	})
	b.Run("miekg", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			name, err := miekgName(ip, "zen.example.org.")
			if err != nil {
				b.Fatal(err)
			}
			rblSink += len(name)
		}
	})
	b.Run("floor", func(b *testing.B) { // copying a finished name
		name := string(rbl.AppendIPName(nil, addr, "zen.example.org"))
		buf := make([]byte, 0, 256)
		for b.Loop() {
			buf = append(buf[:0], name...)
		}
		rblSink += len(buf)
	})
}

func miekgName(ip, zone string) (string, error) {
	rev, err := dns.ReverseAddr(ip)
	rev = strings.TrimSuffix(strings.TrimSuffix(rev, "in-addr.arpa."), "ip6.arpa.")
	return rev + zone, err
}

func rblZone(i int) string { return fmt.Sprintf("l%02d.lists.example", i) }

func rblSet(b *testing.B, res rbl.Resolver) *rbl.Set {
	b.Helper()
	c := rbl.Config{Resolver: res, Complete: true, NoText: true}
	for i := range rblLists {
		c.Lists = append(c.Lists, rbl.List{Zone: rbl.MustZone(rblZone(i)), Accept: rbl.MustPattern("127.0.0.[2..11]")})
	}
	s, err := rbl.New(c)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func rblPrepare(b *testing.B) {
	subject := rbl.IP(netip.MustParseAddr("192.0.2.199"))
	b.Run("mailsec", func(b *testing.B) {
		set := rblSet(b, resolvertest.Must().Resolver())
		var p rbl.Prepared
		b.ReportAllocs()
		for b.Loop() {
			set.Prepare(&p, subject)
		}
		rblSink += p.Len()
	})
	b.Run("miekg", func(b *testing.B) {
		var zones []string
		for i := range rblLists {
			zones = append(zones, rblZone(i)+".")
		}
		b.ReportAllocs()
		for b.Loop() {
			for _, z := range zones {
				name, _ := miekgName("192.0.2.199", z)
				rblSink += len(name)
			}
		}
	})
}

func rblMatch(b *testing.B) {
	b.Run("mailsec", func(b *testing.B) {
		m := rbl.MustPattern("127.0.0.[2;4..7;10]")
		answers := []netip.Addr{netip.MustParseAddr("127.0.0.9"), netip.MustParseAddr("127.0.0.10")}
		b.ReportAllocs()
		for b.Loop() {
			if !m.Accepts(answers) {
				b.Fatal("no match")
			}
		}
	})
}

// rblQuery asks 20 lists over loopback about an address that one of them has.
// floor is a single lookup by the same resolver: one round trip.
func rblQuery(b *testing.B, delay time.Duration) {
	srv := resolvertest.Must(
		"lists.example. 300 IN SOA ns.example. host.example. 1 2 3 4 60",
		"199.2.0.192."+rblZone(7)+". 300 IN A 127.0.0.2",
	)
	srv.SetDelay(delay)
	for i := range rblLists {
		if delay > 0 {
			srv.SetFault("199.2.0.192."+rblZone(i)+".", "*", resolvertest.Slow)
		}
	}
	l, err := srv.Listen("")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	res := newResolver(b, l.Addr(), -1) // no cache: each lookup is a round trip
	ctx := context.Background()
	subject := rbl.IP(netip.MustParseAddr("192.0.2.199"))
	b.Run("mailsec", func(b *testing.B) {
		set := rblSet(b, res)
		if _, err := set.Query(ctx, subject); err != nil { // the first one also verifies
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			v, err := set.Query(ctx, subject)
			if err != nil || v.Score != 1 || v.Incomplete {
				b.Fatal(&v, err)
			}
		}
	})
	b.Run("sequential", func(b *testing.B) { // one list after the other
		for b.Loop() {
			for i := range rblLists {
				name, err := miekgName("192.0.2.199", rblZone(i)+".")
				if err != nil {
					b.Fatal(err)
				}
				addrs, _ := res.LookupNetIP(ctx, "ip4", name)
				rblSink += len(addrs)
			}
		}
	})
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			if _, err := res.LookupNetIP(ctx, "ip4", "199.2.0.192."+rblZone(7)+"."); err != nil {
				b.Fatal(err)
			}
		}
	})
}
