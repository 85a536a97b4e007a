package resolver

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/internal/smtptext"
)

// A Result is one RRset.
type Result struct {
	Name      string // owner after aliases: lower case, raw octets, final dot
	Type      uint16
	Records   []Record // at least one
	TTL       time.Duration
	Authentic bool // validated by a server that is trusted to say so
	Cached    bool // from the cache
	Stale     bool // past its lifetime, because every server failed
}

// A Record is one resource record. It is an immutable value; the zero value is
// not a record.
type Record struct{ rr dns.RR }

// Type returns the record's type.
func (r Record) Type() uint16 { return r.rr.Header().Rrtype }

// String returns the data in the form of a zone file (RFC 1035, section 5.1),
// without owner, TTL, class and type, in printable ASCII.
func (r Record) String() string {
	// Four fields come before the data, with a tab behind each; a tab in the
	// owner is escaped.
	fields := strings.SplitN(r.rr.String(), "\t", 5)
	return smtptext.Clean(fields[len(fields)-1], 0)
}

// Data returns the data in wire form, names in it not compressed.
func (r Record) Data() []byte {
	generic := new(dns.RFC3597)
	if err := generic.ToRFC3597(r.rr); err != nil {
		return nil
	}
	return decodeHex(generic.Rdata)
}

// Lookup returns the records of one type at name, which is absolute with or
// without its final dot. Labels are raw octets; a label in UTF-8 that is not
// ASCII is looked up as its A-label (RFC 5891, section 5). Aliases are
// followed. A nil error means at least one record; every error is an [*Error].
func (r *Resolver) Lookup(ctx context.Context, name string, typ uint16) (*Result, error) {
	f, err := r.lookup(ctx, name, typ)
	if err != nil {
		return nil, err
	}
	res := &Result{
		Name: f.name, Type: typ, TTL: f.ttl,
		Authentic: f.authentic, Cached: f.cached, Stale: f.stale,
		Records: make([]Record, len(f.rrs)),
	}
	for i, rr := range f.rrs {
		res.Records[i] = Record{rr}
	}
	return res, nil
}

// LookupTXT returns the TXT records of name, the strings of each joined, as
// raw octets.
func (r *Resolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	txts, _, _, err := r.LookupTXTMeta(ctx, name)
	return txts, err
}

// LookupTXTMeta is [Resolver.LookupTXT] with the remaining TTL and whether the
// answer is authentic.
func (r *Resolver) LookupTXTMeta(ctx context.Context, name string) (txts []string, ttl time.Duration, authentic bool, err error) {
	f, err := r.lookup(ctx, name, TypeTXT)
	if err != nil {
		return nil, 0, false, err
	}
	return append([]string(nil), f.texts...), f.ttl, f.authentic, nil
}

// LookupMX returns the MX records of name in the order of the answer, which is
// not sorted. Hosts end in a dot; the null MX (RFC 7505, section 3) is ".".
func (r *Resolver) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	mxs, _, _, err := r.LookupMXMeta(ctx, name)
	return mxs, err
}

// LookupMXMeta is [Resolver.LookupMX] with the remaining TTL and whether the
// answer is authentic.
func (r *Resolver) LookupMXMeta(ctx context.Context, name string) (mxs []*net.MX, ttl time.Duration, authentic bool, err error) {
	f, err := r.lookup(ctx, name, TypeMX)
	if err != nil {
		return nil, 0, false, err
	}
	own := append([]net.MX(nil), f.mx...)
	mxs = make([]*net.MX, len(own))
	for i := range own {
		mxs[i] = &own[i]
	}
	return mxs, f.ttl, f.authentic, nil
}

// LookupNetIP returns the addresses of host: network is "ip4" for A records,
// "ip6" for AAAA records or "ip" for both. A host that looks like an address is
// looked up like any other name. IPv4 addresses come as such, not mapped.
func (r *Resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	addrs, _, _, err := r.LookupNetIPMeta(ctx, network, host)
	return addrs, err
}

// LookupNetIPMeta is [Resolver.LookupNetIP] with the remaining TTL and whether
// the answer is authentic. With "ip" these are the lower TTL, and true only
// if both answers are; addresses of one family are returned even if the lookup
// of the other fails.
func (r *Resolver) LookupNetIPMeta(ctx context.Context, network, host string) (addrs []netip.Addr, ttl time.Duration, authentic bool, err error) {
	typ := TypeA
	switch network {
	case "ip4":
	case "ip6":
		typ = TypeAAAA
	case "ip":
		return r.lookupBoth(ctx, host)
	default:
		return nil, 0, false, r.fail(BadName, host, 0, fmt.Errorf("network %q is none of ip, ip4 and ip6", network))
	}
	f, err := r.lookup(ctx, host, typ)
	if err != nil {
		return nil, 0, false, err
	}
	return append([]netip.Addr(nil), f.addrs...), f.ttl, f.authentic, nil
}

// lookupBoth looks A and AAAA up at the same time.
func (r *Resolver) lookupBoth(ctx context.Context, host string) ([]netip.Addr, time.Duration, bool, error) {
	var f6 found
	var err6 error
	done := make(chan struct{})
	go func() {
		defer close(done)
		f6, err6 = r.lookup(ctx, host, TypeAAAA)
	}()
	f4, err4 := r.lookup(ctx, host, TypeA)
	<-done
	switch {
	case err4 == nil && err6 == nil:
		addrs := append(append([]netip.Addr(nil), f4.addrs...), f6.addrs...)
		return addrs, min(f4.ttl, f6.ttl), f4.authentic && f6.authentic, nil
	case err4 == nil:
		ttl, authentic := meta(err6)
		return append([]netip.Addr(nil), f4.addrs...), min(f4.ttl, ttl), f4.authentic && authentic, nil
	case err6 == nil:
		ttl, authentic := meta(err4)
		return append([]netip.Addr(nil), f6.addrs...), min(f6.ttl, ttl), f6.authentic && authentic, nil
	case kindOf(err4).notFound():
		return nil, 0, false, err6 // the one that may be temporary
	}
	return nil, 0, false, err4
}

func meta(err error) (time.Duration, bool) { return err.(*Error).Meta() }

// LookupHost returns the addresses of host as text.
func (r *Resolver) LookupHost(ctx context.Context, host string) ([]string, error) {
	addrs, err := r.LookupNetIP(ctx, "ip", host)
	return texts(addrs), err
}

func texts(addrs []netip.Addr) []string {
	if addrs == nil {
		return nil
	}
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i] = a.String()
	}
	return out
}

// LookupAddr returns the names that the PTR records of an address hold, with
// their final dots. They are unverified claims of whoever runs the reverse
// zone.
func (r *Resolver) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	names, _, _, err := r.LookupAddrMeta(ctx, addr)
	return names, err
}

// LookupAddrMeta is [Resolver.LookupAddr] with the remaining TTL and whether
// the answer is authentic.
func (r *Resolver) LookupAddrMeta(ctx context.Context, addr string) (names []string, ttl time.Duration, authentic bool, err error) {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return nil, 0, false, r.fail(BadName, addr, TypePTR, err)
	}
	f, err := r.lookup(ctx, ReverseName(ip), TypePTR)
	if err != nil {
		return nil, 0, false, err
	}
	return append([]string(nil), f.names...), f.ttl, f.authentic, nil
}

// LookupCNAME returns the name at the end of host's aliases, which has an A or
// AAAA record: host itself if it is no alias.
func (r *Resolver) LookupCNAME(ctx context.Context, host string) (string, error) {
	name, _, _, err := r.LookupCNAMEMeta(ctx, host)
	return name, err
}

// LookupCNAMEMeta is [Resolver.LookupCNAME] with the remaining TTL and whether
// the whole chain is authentic (RFC 7672, section 2.2.2).
func (r *Resolver) LookupCNAMEMeta(ctx context.Context, host string) (name string, ttl time.Duration, authentic bool, err error) {
	f, err := r.lookup(ctx, host, TypeA)
	if err != nil && kindOf(err) == NoData {
		f, err = r.lookup(ctx, host, TypeAAAA)
	}
	if err != nil {
		return "", 0, false, err
	}
	return f.name, f.ttl, f.authentic, nil
}

// LookupNS returns the name servers of name in the order of the answer. Hosts
// end in a dot.
func (r *Resolver) LookupNS(ctx context.Context, name string) ([]*net.NS, error) {
	f, err := r.lookup(ctx, name, TypeNS)
	if err != nil {
		return nil, err
	}
	own := make([]net.NS, len(f.names))
	servers := make([]*net.NS, len(f.names))
	for i, host := range f.names {
		own[i].Host = host
		servers[i] = &own[i]
	}
	return servers, nil
}

// A TLSA is one TLSA record (RFC 6698, section 2.1).
type TLSA struct {
	Usage, Selector, MatchingType uint8
	Data                          []byte
}

// LookupTLSA returns the TLSA records of name, such as
// "_25._tcp.mx.example.org.".
func (r *Resolver) LookupTLSA(ctx context.Context, name string) ([]TLSA, error) {
	rdata, _, _, err := r.LookupTLSAMeta(ctx, name)
	if err != nil {
		return nil, err
	}
	recs := make([]TLSA, len(rdata))
	for i, d := range rdata {
		recs[i] = TLSA{d[0], d[1], d[2], d[3:]}
	}
	return recs, nil
}

// LookupTLSAMeta returns the data of the TLSA records of name in wire form
// (usage, selector and matching type, one octet each, then the association
// data), the remaining TTL, and whether the answer is authentic.
func (r *Resolver) LookupTLSAMeta(ctx context.Context, name string) (rdata [][]byte, ttl time.Duration, authentic bool, err error) {
	f, err := r.lookup(ctx, name, TypeTLSA)
	if err != nil {
		return nil, 0, false, err
	}
	for _, rr := range f.rrs {
		t, ok := rr.(*dns.TLSA)
		if !ok {
			continue
		}
		d := append([]byte{t.Usage, t.Selector, t.MatchingType}, decodeHex(t.Certificate)...)
		rdata = append(rdata, d)
	}
	return rdata, f.ttl, f.authentic, nil
}
