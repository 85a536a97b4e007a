package postfix

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sort"
	"strings"

	"github.com/mailsec-go/mailsec/resolver"
)

// Resolver is the part of DNS that restrictions need. A [*net.Resolver] and a
// *resolver.Resolver satisfy it.
//
// Names are absolute and end in a dot. A name that does not exist, or has no
// record of the type asked for, is a [*net.DNSError] with IsNotFound set or an
// empty result. Every other error is taken as temporary. Implementations must
// be safe for concurrent use.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// NSResolver is what check_*_ns_access needs besides.
type NSResolver interface {
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
}

// rawResolver gives the strings of a TXT record one by one, of which Postfix
// 3.7 uses the first.
type rawResolver interface {
	Lookup(ctx context.Context, name string, typ uint16) (*resolver.Result, error)
}

// dnsStatus is the outcome of a lookup.
type dnsStatus uint8

const (
	dnsOK dnsStatus = iota
	dnsNoName
	dnsNoData
	dnsRetry
	dnsNullMX
	dnsInvalid
)

func (s dnsStatus) notFound() bool { return s == dnsNoName || s == dnsNoData }

// text is what the C library says about a name.
func (s dnsStatus) text() string {
	switch s {
	case dnsNoName:
		return "Host not found"
	case dnsRetry:
		return "Host not found, try again"
	case dnsInvalid:
		return "Malformed DNS server reply"
	}
	return "Host found but no data record of requested type"
}

// hostText is what the C library says about a host that has no address.
func (s dnsStatus) hostText() string {
	switch s {
	case dnsNoName:
		return "Name or service not known"
	case dnsRetry:
		return "Temporary failure in name resolution"
	}
	return "No address associated with hostname"
}

type dnsClient struct {
	r           Resolver
	firstString bool
}

// status classifies the error of a lookup that found n records. An error that
// does not tell whether the name exists counts as "no data".
func status(err error, n int) dnsStatus {
	switch {
	case err == nil && n > 0:
		return dnsOK
	case err == nil:
		return dnsNoData
	}
	if re, ok := err.(*resolver.Error); ok { // the usual case, without reflection
		switch {
		case !re.NotFound():
			return dnsRetry
		case re.NXDomain():
			return dnsNoName
		}
		return dnsNoData
	}
	var de *net.DNSError
	if !errors.As(err, &de) || !de.IsNotFound {
		return dnsRetry
	}
	var nx interface{ NXDomain() bool }
	if errors.As(err, &nx) && nx.NXDomain() {
		return dnsNoName
	}
	return dnsNoData
}

// queryable reports whether Postfix asks the DNS about a name: a host name, or
// a wildcard.
func queryable(name string) bool {
	return name == "*" || validHostname(strings.TrimPrefix(name, "*."))
}

func absolute(name string) string {
	if strings.HasSuffix(name, ".") {
		return name
	}
	return name + "."
}

// mx looks up the mail exchangers of a name, in the order of the answer.
func (d dnsClient) mx(ctx context.Context, name string) ([]*net.MX, dnsStatus) {
	if !queryable(name) {
		return nil, dnsNoName
	}
	list, err := d.r.LookupMX(ctx, absolute(name))
	st := status(err, len(list))
	if st != dnsOK {
		return nil, st
	}
	if len(list) == 1 && (list[0].Host == "." || list[0].Host == "") {
		return nil, dnsNullMX
	}
	var good []*net.MX
	for _, m := range list {
		if h := strings.TrimSuffix(m.Host, "."); validHostname(h) || validIP(h) {
			good = append(good, &net.MX{Host: h, Pref: m.Pref})
		}
	}
	if len(good) == 0 {
		return nil, dnsInvalid
	}
	return good, dnsOK
}

// hasMX is mx for callers that do not need the hosts.
func (d dnsClient) hasMX(ctx context.Context, name string) dnsStatus {
	if !queryable(name) {
		return dnsNoName
	}
	list, err := d.r.LookupMX(ctx, absolute(name))
	st := status(err, len(list))
	if st != dnsOK {
		return st
	}
	if len(list) == 1 && (list[0].Host == "." || list[0].Host == "") {
		return dnsNullMX
	}
	for _, m := range list {
		if h := strings.TrimSuffix(m.Host, "."); validHostname(h) || validIP(h) {
			return dnsOK
		}
	}
	return dnsInvalid
}

// ns looks up the name servers of a name.
func (d dnsClient) ns(ctx context.Context, name string) ([]string, dnsStatus) {
	if !queryable(name) {
		return nil, dnsNoName
	}
	r, ok := d.r.(NSResolver)
	if !ok {
		return nil, dnsRetry
	}
	list, err := r.LookupNS(ctx, absolute(name))
	st := status(err, len(list))
	var hosts []string
	for _, n := range list {
		if h := strings.TrimSuffix(n.Host, "."); validHostname(h) || validIP(h) {
			hosts = append(hosts, h)
		}
	}
	if st == dnsOK && len(hosts) == 0 {
		st = dnsInvalid
	}
	return hosts, st
}

// addrs looks up the A ("ip4") or AAAA ("ip6") records of a name.
func (d dnsClient) addrs(ctx context.Context, network, name string) ([]netip.Addr, dnsStatus) {
	if !queryable(name) {
		return nil, dnsNoName
	}
	list, err := d.r.LookupNetIP(ctx, network, absolute(name))
	return list, status(err, len(list))
}

// host looks up both kinds of address of a host, as getaddrinfo does. An
// address is its own answer.
func (d dnsClient) host(ctx context.Context, name string) ([]netip.Addr, dnsStatus) {
	if a, ok := parseIP(name); ok {
		return []netip.Addr{a}, dnsOK
	}
	name = strings.TrimSuffix(name, ".") // fine for the C library, though not for an MX query
	if !validHostname(name) {
		return nil, dnsNoName
	}
	a4, st4 := d.addrs(ctx, "ip4", name)
	a6, st6 := d.addrs(ctx, "ip6", name)
	switch {
	case st4 == dnsOK || st6 == dnsOK:
		return append(a4, a6...), dnsOK
	case st4 == dnsRetry || st6 == dnsRetry:
		return nil, dnsRetry
	case st4 == dnsNoName || st6 == dnsNoName:
		return nil, dnsNoName
	}
	return nil, dnsNoData
}

// txt looks up the text of a list entry: the strings of all records, joined.
func (d dnsClient) txt(ctx context.Context, name string) ([]string, error) {
	raw, ok := d.r.(rawResolver)
	if !d.firstString || !ok {
		return d.r.LookupTXT(ctx, absolute(name))
	}
	res, err := raw.Lookup(ctx, absolute(name), resolver.TypeTXT)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, r := range res.Records {
		if b := r.Data(); len(b) > 0 && int(b[0]) < len(b) {
			texts = append(texts, string(b[1:1+int(b[0])]))
		}
	}
	return texts, nil
}

// mailHost looks for any of MX, A and AAAA in the order given and stops at the
// first that is there. The status is that of the whole search.
func (d dnsClient) mailHost(ctx context.Context, name string, mxFirst bool) dnsStatus {
	worst := dnsNoName
	step := func(st dnsStatus) bool {
		switch {
		case st == dnsOK || st == dnsNullMX || st == dnsInvalid:
			worst = st
			return true
		case st == dnsRetry:
			worst = st
		case st == dnsNoData && worst != dnsRetry:
			worst = st
		}
		return false
	}
	mx := func() bool { return step(d.hasMX(ctx, name)) }
	addr := func(network string) bool {
		_, st := d.addrs(ctx, network, name)
		return step(st)
	}
	if mxFirst {
		_ = mx() || addr("ip4") || addr("ip6")
	} else {
		_ = addr("ip4") || addr("ip6") || mx()
	}
	return worst
}

// byPref sorts mail exchangers and returns the number of those with the best
// preference.
func byPref(list []*net.MX) int {
	sort.SliceStable(list, func(i, j int) bool { return list[i].Pref < list[j].Pref })
	n := 1
	for n < len(list) && list[n].Pref == list[0].Pref {
		n++
	}
	return n
}
