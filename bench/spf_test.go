package bench

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	blitiri "blitiri.com.ar/go/spf"

	"github.com/mailsec-go/mailsec/spf"
)

// spfZone answers from memory, for every implementation alike. Names are held
// with and without the final dot.
type spfZone struct {
	txt map[string][]string
	ip4 map[string][]netip.Addr
	old map[string][]net.IPAddr // ip4 in the form of LookupIPAddr
}

func newSPFZone(txt, ip4 map[string]string) *spfZone {
	z := &spfZone{map[string][]string{}, map[string][]netip.Addr{}, map[string][]net.IPAddr{}}
	for name, text := range txt {
		z.txt[name], z.txt[name+"."] = []string{text}, []string{text}
	}
	for name, text := range ip4 {
		ip := netip.MustParseAddr(text)
		z.ip4[name], z.ip4[name+"."] = []netip.Addr{ip}, []netip.Addr{ip}
		old := []net.IPAddr{{IP: ip.AsSlice()}}
		z.old[name], z.old[name+"."] = old, old
	}
	return z
}

var errNoName = &net.DNSError{Err: "no such host", IsNotFound: true}

func answer[T any](m map[string][]T, name string) ([]T, error) {
	if a, ok := m[name]; ok {
		return a, nil
	}
	return nil, errNoName
}

func (z *spfZone) LookupTXT(_ context.Context, name string) ([]string, error) {
	return answer(z.txt, name)
}

func (z *spfZone) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	return answer(z.ip4, host)
}

func (z *spfZone) LookupIPAddr(_ context.Context, host string) ([]net.IPAddr, error) {
	return answer(z.old, host)
}

func (z *spfZone) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, errNoName }
func (z *spfZone) LookupAddr(context.Context, string) ([]string, error) {
	return nil, errNoName
}

// include30 is a policy of three levels with 30 networks in all; the client is
// in the last one.
func include30() map[string]string {
	ranges := func(from int) string {
		var b strings.Builder
		for i := range 10 {
			fmt.Fprintf(&b, " ip4:198.51.%d.0/24", from+i)
		}
		return b.String()
	}
	return map[string]string{
		"example.com":            "v=spf1" + ranges(0) + " include:_spf.example.net -all",
		"_spf.example.net":       "v=spf1" + ranges(10) + " include:_netblocks.example.net ~all",
		"_netblocks.example.net": "v=spf1" + ranges(20) + " ?all",
	}
}

// BenchmarkSPF is one whole check each: find, parse and evaluate the policy.
func BenchmarkSPF(b *testing.B) {
	for _, bm := range []struct {
		name   string
		txt    map[string]string
		ip4    map[string]string
		ip     string
		sender string
	}{
		{
			name: "ip4", ip: "192.0.2.10", sender: "user@example.com",
			txt: map[string]string{"example.com": "v=spf1 ip4:192.0.2.0/24 -all"},
		},
		{
			name: "include30", ip: "198.51.29.7", sender: "user@example.com",
			txt: include30(),
		},
		{
			name: "exists-macro", ip: "192.0.2.10", sender: "strong-bad@email.example.com",
			txt: map[string]string{
				"email.example.com": "v=spf1 exists:%{ir}.%{v}._spf.%{d2} exists:%{lr-}.lp._spf.%{d2} exists:%{l1r-}.%{o3r}.%{ir}.%{v}.%{d}.example.net -all",
			},
			ip4: map[string]string{"strong.com.example.email.10.2.0.192.in-addr.email.example.com.example.net": "127.0.0.2"},
		},
	} {
		zone := newSPFZone(bm.txt, bm.ip4)
		ip := netip.MustParseAddr(bm.ip)
		netIP := net.IP(ip.AsSlice())
		ctx := context.Background()
		b.Run(bm.name+"/mailsec", func(b *testing.B) {
			b.ReportAllocs()
			c := spf.Checker{Resolver: zone}
			for b.Loop() {
				v, err := c.Check(ctx, spf.Request{IP: ip, Helo: "mx.example.com", MailFrom: bm.sender})
				if err != nil || v.Result != spf.Pass {
					b.Fatal(v, err)
				}
			}
		})
		b.Run(bm.name+"/blitiri", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := blitiri.CheckHostWithSender(netIP, "mx.example.com", bm.sender, blitiri.WithResolver(zone))
				if r != blitiri.Pass {
					b.Fatal(r, err)
				}
			}
		})
	}
}
