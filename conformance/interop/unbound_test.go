package interop

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/resolver"
)

// secureZone is signed for the tests, with its key as unbound's trust anchor.
const secureZone = `
secure.example. 300 IN SOA ns.secure.example. host.secure.example. 1 3600 600 86400 60
secure.example. 300 IN NS ns.secure.example.
ns.secure.example. 300 IN A 127.0.0.1
a.secure.example. 300 IN A 192.0.2.1
txt.secure.example. 300 IN TXT "say \"hi\" \\ \195\188"
mx.secure.example. 300 IN MX 10 a.secure.example.
alias.secure.example. 300 IN CNAME a.secure.example.
_25._tcp.a.secure.example. 300 IN TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
leaf.ent.secure.example. 300 IN A 192.0.2.2
`

const plainZone = `
plain.example. 300 IN SOA ns.plain.example. host.plain.example. 1 3600 600 86400 60
plain.example. 300 IN NS ns.plain.example.
ns.plain.example. 300 IN A 127.0.0.1
a.plain.example. 300 IN A 192.0.2.3
odd\064a%b+c=d.plain.example. 300 IN A 192.0.2.4
`

// startUnbound runs unbound with the three zones and returns its address.
func startUnbound(t *testing.T) netip.AddrPort {
	t.Helper()
	program := need(t, "unbound")
	port := freePort(t)
	config := unboundConfig(t, t.TempDir(), port)
	cmd := exec.Command(program, "-d", "-c", config)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("unbound said:\n%s", log.String())
		}
	})
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	for range 100 {
		c, err := net.DialTimeout("tcp", addr.String(), time.Second)
		if err == nil {
			c.Close()
			return addr
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("unbound does not answer")
	return addr
}

// unboundConfig writes the zones and the configuration into dir and returns the
// name of the latter.
func unboundConfig(t *testing.T, dir string, port uint16) string {
	t.Helper()
	secure, anchor := sign(t, parseZone(t, secureZone), false)
	bogusText := strings.ReplaceAll(secureZone, "secure.example", "bogus.example")
	bogus, bogusAnchor := sign(t, parseZone(t, bogusText), true)
	plain := parseZone(t, plainZone)
	plain = append(plain, bigText("big.plain.example.", 5000))

	var conf strings.Builder
	fmt.Fprintf(&conf, `server:
  directory: %q
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  do-daemonize: no
  interface: 127.0.0.1@%d
  access-control: 127.0.0.0/8 allow
  module-config: "validator iterator"
  val-log-level: 1
  ede: yes
  trust-anchor: %q
  trust-anchor: %q
remote-control:
  control-enable: no
`, dir, port, anchor, bogusAnchor)
	for name, rrs := range map[string][]dns.RR{"secure.example": secure, "bogus.example": bogus, "plain.example": plain} {
		file := filepath.Join(dir, name)
		var text strings.Builder
		for _, rr := range rrs {
			text.WriteString(rr.String() + "\n")
		}
		if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&conf, "auth-zone:\n  name: %q\n  zonefile: %q\n  for-upstream: yes\n  for-downstream: no\n  fallback-enabled: no\n", name, file)
	}
	config := filepath.Join(dir, "unbound.conf")
	if err := os.WriteFile(config, []byte(conf.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return config
}

func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}

func parseZone(t *testing.T, text string) []dns.RR {
	t.Helper()
	var rrs []dns.RR
	p := dns.NewZoneParser(strings.NewReader(text), ".", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		rrs = append(rrs, rr)
	}
	if p.Err() != nil {
		t.Fatal(p.Err())
	}
	return rrs
}

func bigText(name string, size int) dns.RR {
	txt := &dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 300}}
	for ; size > 0; size -= 250 {
		txt.Txt = append(txt.Txt, strings.Repeat("x", min(size, 250)))
	}
	return txt
}

// sign adds a key, an NSEC chain and signatures to a zone whose first record
// is its SOA. broken spoils the signatures but for those of the apex.
func sign(t *testing.T, zone []dns.RR, broken bool) (signed []dns.RR, anchor string) {
	t.Helper()
	apex := zone[0].Header().Name
	key := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: apex, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 300},
		Flags: 257, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	private, err := key.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	zone = append(slices.Clone(zone), key)
	zone = append(zone, nsecChain(zone)...)
	sets := make(map[string][]dns.RR)
	for _, rr := range zone {
		h := rr.Header()
		id := fmt.Sprint(h.Name, h.Rrtype)
		sets[id] = append(sets[id], rr)
	}
	for _, set := range sets {
		sig := &dns.RRSIG{
			Algorithm: key.Algorithm, KeyTag: key.KeyTag(), SignerName: apex, OrigTtl: 300,
			Inception:  uint32(time.Now().Add(-time.Hour).Unix()),
			Expiration: uint32(time.Now().Add(time.Hour).Unix()),
		}
		sig.Hdr.Ttl = 300
		if err := sig.Sign(private.(crypto.Signer), set); err != nil {
			t.Fatal(err)
		}
		if broken && set[0].Header().Name != apex {
			sig.Expiration++ // no longer what was signed
		}
		zone = append(zone, sig)
	}
	return zone, strings.ReplaceAll(key.ToDS(dns.SHA256).String(), "\t", " ")
}

// nsecChain returns the NSEC records of a zone (RFC 4034, section 4).
func nsecChain(zone []dns.RR) []dns.RR {
	types := make(map[string][]uint16)
	for _, rr := range zone {
		types[rr.Header().Name] = append(types[rr.Header().Name], rr.Header().Rrtype)
	}
	names := make([]string, 0, len(types))
	for n := range types {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int { return slices.Compare(backwards(a), backwards(b)) })
	var chain []dns.RR
	for i, n := range names {
		bits := append(types[n], dns.TypeNSEC, dns.TypeRRSIG)
		slices.Sort(bits)
		chain = append(chain, &dns.NSEC{
			Hdr:        dns.RR_Header{Name: n, Rrtype: dns.TypeNSEC, Class: dns.ClassINET, Ttl: 60},
			NextDomain: names[(i+1)%len(names)],
			TypeBitMap: slices.Compact(bits),
		})
	}
	return chain
}

// backwards returns the labels from the root, the order of RFC 4034, section 6.1.
func backwards(name string) []string {
	labels := dns.SplitDomainName(name)
	slices.Reverse(labels)
	return labels
}

// TestUnbound asks a validating resolver that is used all over the world.
func TestUnbound(t *testing.T) {
	addr := startUnbound(t)
	overTCP := false
	r, err := resolver.New(resolver.Config{
		Servers: []netip.AddrPort{addr}, Randomize0x20: true, FailTTL: -1,
		OnEvent: func(e resolver.Event) { overTCP = overTCP || e.TCP },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()

	answers := []struct {
		name      string
		typ       uint16
		want      string
		authentic bool
	}{
		{"a.secure.example.", resolver.TypeA, "192.0.2.1", true},
		{"A.Secure.EXAMPLE.", resolver.TypeA, "192.0.2.1", true},
		{"alias.secure.example.", resolver.TypeA, "192.0.2.1", true},
		{"mx.secure.example.", resolver.TypeMX, "10 a.secure.example.", true},
		{"_25._tcp.a.secure.example.", resolver.TypeTLSA, "3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", true},
		{"a.plain.example.", resolver.TypeA, "192.0.2.3", false},
		{"odd@a%b+c=d.plain.example.", resolver.TypeA, "192.0.2.4", false},
	}
	for _, tt := range answers {
		res, err := r.Lookup(ctx, tt.name, tt.typ)
		if err != nil || len(res.Records) != 1 || !strings.EqualFold(res.Records[0].String(), tt.want) || res.Authentic != tt.authentic {
			t.Errorf("%s: %+v, %v; want %s, authentic %v", tt.name, res, err, tt.want, tt.authentic)
		}
	}
	txts, err := r.LookupTXT(ctx, "txt.secure.example.")
	if err != nil || !slices.Equal(txts, []string{"say \"hi\" \\ \u00fc"}) {
		t.Errorf("TXT: %q, %v", txts, err)
	}
	if overTCP {
		t.Error("TCP was used for small answers")
	}
	txts, err = r.LookupTXT(ctx, "big.plain.example.")
	if err != nil || len(txts) != 1 || len(txts[0]) != 5000 || !overTCP {
		t.Errorf("big TXT: %d records, %v, TCP: %v", len(txts), err, overTCP)
	}
	checkUnboundFailures(ctx, t, r)
}

// checkUnboundFailures checks what there is not, and what unbound refuses to
// believe.
func checkUnboundFailures(ctx context.Context, t *testing.T, r *resolver.Resolver) {
	t.Helper()
	failures := []struct {
		name      string
		kind      resolver.Kind
		authentic bool
		ttl       time.Duration
	}{
		{"nx.secure.example.", resolver.NXDomain, true, time.Minute},
		{"a.secure.example.", resolver.NoData, true, time.Minute},
		{"ent.secure.example.", resolver.NoData, true, time.Minute},
		{"nx.plain.example.", resolver.NXDomain, false, time.Minute},
		{"a.plain.example.", resolver.NoData, false, time.Minute},
		{"txt.bogus.example.", resolver.ServFail, false, 0},
		{"nx.bogus.example.", resolver.ServFail, false, 0},
	}
	for _, tt := range failures {
		_, err := r.LookupTXT(ctx, tt.name)
		var e *resolver.Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Authentic != tt.authentic || e.TTL != tt.ttl {
			t.Errorf("%s: %v (%+v); want %v, authentic %v", tt.name, err, e, tt.kind, tt.authentic)
		} else if tt.kind == resolver.ServFail && e.EDE < 1 {
			t.Errorf("%s: extended error %d, want a DNSSEC one (RFC 8914, section 4)", tt.name, e.EDE)
		}
	}
}
