package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// A Net asks a [*net.Resolver] and has the methods of a [Resolver] that it can
// serve. It is safe for concurrent use.
//
// What package net does not say, Net can't either: the TTL is 0, nothing is
// authentic, and a name that does not exist looks like one without records.
// For "not found" the error is therefore a bare [*net.DNSError], which does not
// answer NXDomain; other failures are an [*Error]. Names with an octet other
// than letters, digits, hyphen and underscore are not found, because package
// net sends none of them: SPF macros need more than that. A cancelled lookup may
// return late.
type Net struct{ r *net.Resolver }

// FromNet returns a Net that asks r; nil means [net.DefaultResolver]. Compared
// with r, names are always absolute, an IP address is not a name, and every
// failure but "not found" is temporary.
func FromNet(r *net.Resolver) *Net {
	if r == nil {
		r = net.DefaultResolver
	}
	return &Net{r}
}

var errAddressName = errors.New("an IP address is not a host name")

// name returns the absolute A-label form of s, which package net takes.
func (n *Net) name(s string, typ uint16) (string, error) {
	canon, err := canonical(s)
	if err == nil {
		if _, bad := netip.ParseAddr(canon); bad == nil {
			err = errAddressName // package net would answer without DNS
		}
	}
	if err != nil {
		return "", &Error{Kind: BadName, Name: s, Type: typ, EDE: -1, Err: err}
	}
	return canon + ".", nil
}

// failure turns an error of package net into one of this package.
func failure(err error, name string, typ uint16) error {
	e := &Error{Kind: kindOf(err), Name: name, Type: typ, EDE: -1, Err: err}
	var d *net.DNSError
	if !errors.As(err, &d) {
		return e
	}
	e.Server = d.Server
	switch {
	case d.IsNotFound:
		return d
	case e.Kind == Canceled || e.Kind == Timeout:
	default:
		e.Kind = ServFail // net does not tell it from REFUSED or a broken answer
	}
	return e
}

// empty makes an answer without records "not found".
func empty(name string) error {
	return &net.DNSError{Err: NoData.String(), Name: name, IsNotFound: true}
}

// ask runs one lookup of package net.
func ask[T any](ctx context.Context, n *Net, name string, typ uint16, lookup func(context.Context, string) ([]T, error)) ([]T, error) {
	fqdn, err := n.name(name, typ)
	if err != nil {
		return nil, err
	}
	got, err := lookup(ctx, fqdn)
	switch {
	case len(got) > 0: // with an error: some records were left out as malformed
		return got, nil
	case err != nil:
		return nil, failure(err, fqdn, typ)
	}
	return nil, empty(fqdn)
}

// LookupTXT returns the TXT records of name.
func (n *Net) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return ask(ctx, n, name, TypeTXT, n.r.LookupTXT)
}

// LookupMX returns the MX records of name, sorted by preference.
func (n *Net) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	return ask(ctx, n, name, TypeMX, n.r.LookupMX)
}

// LookupNetIP returns the addresses of host; network is "ip", "ip4" or "ip6".
func (n *Net) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	typ := TypeA
	switch network {
	case "ip", "ip4":
	case "ip6":
		typ = TypeAAAA
	default:
		err := fmt.Errorf("network %q is none of ip, ip4 and ip6", network)
		return nil, &Error{Kind: BadName, Name: host, EDE: -1, Err: err}
	}
	addrs, err := ask(ctx, n, host, typ, func(ctx context.Context, host string) ([]netip.Addr, error) {
		return n.r.LookupNetIP(ctx, network, host)
	})
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	return addrs, err
}

// LookupAddr returns the names that the PTR records of an address hold.
func (n *Net) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return nil, &Error{Kind: BadName, Name: addr, Type: TypePTR, EDE: -1, Err: err}
	}
	return ask(ctx, n, ReverseName(ip), TypePTR, func(ctx context.Context, _ string) ([]string, error) {
		return n.r.LookupAddr(ctx, ip.WithZone("").String())
	})
}

// LookupHost returns the addresses of host as text.
func (n *Net) LookupHost(ctx context.Context, host string) ([]string, error) {
	addrs, err := n.LookupNetIP(ctx, "ip", host)
	return texts(addrs), err
}

// LookupTXTMeta is [Net.LookupTXT]; the TTL is 0 and authentic is false.
func (n *Net) LookupTXTMeta(ctx context.Context, name string) (txts []string, ttl time.Duration, authentic bool, err error) {
	txts, err = n.LookupTXT(ctx, name)
	return txts, 0, false, err
}

// LookupMXMeta is [Net.LookupMX]; the TTL is 0 and authentic is false.
func (n *Net) LookupMXMeta(ctx context.Context, name string) (mxs []*net.MX, ttl time.Duration, authentic bool, err error) {
	mxs, err = n.LookupMX(ctx, name)
	return mxs, 0, false, err
}

// LookupNetIPMeta is [Net.LookupNetIP]; the TTL is 0 and authentic is false.
func (n *Net) LookupNetIPMeta(ctx context.Context, network, host string) (addrs []netip.Addr, ttl time.Duration, authentic bool, err error) {
	addrs, err = n.LookupNetIP(ctx, network, host)
	return addrs, 0, false, err
}

// LookupAddrMeta is [Net.LookupAddr]; the TTL is 0 and authentic is false.
func (n *Net) LookupAddrMeta(ctx context.Context, addr string) (names []string, ttl time.Duration, authentic bool, err error) {
	names, err = n.LookupAddr(ctx, addr)
	return names, 0, false, err
}
