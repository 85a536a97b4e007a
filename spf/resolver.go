package spf

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// Resolver is the part of DNS that this package needs. A [*net.Resolver]
// satisfies it, with one restriction: it refuses names with octets other than
// letters, digits, '-' and '_', so that policies with macros such as
// exists:%{l}.example.com are evaluated wrongly for unusual local-parts. The
// resolver of this module's package resolver has no such restriction.
//
// Queried names end in a dot. Their labels are raw octets: a backslash is no
// escape. The text of one TXT record is one string, its parts joined.
//
// A name that does not exist is reported as a [*net.DNSError] with IsNotFound
// set; a name without records of the type asked for is reported either so or
// as an empty result. Every other error is taken as temporary (RFC 7208,
// section 4.4), unless LookupMX or LookupAddr return records beside it: those
// are used. Implementations must be safe for concurrent use.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// metaResolver is answered by resolvers that know lifetimes and DNSSEC.
type metaResolver interface {
	LookupTXTMeta(ctx context.Context, name string) ([]string, time.Duration, bool, error)
	LookupMXMeta(ctx context.Context, name string) ([]*net.MX, time.Duration, bool, error)
	LookupNetIPMeta(ctx context.Context, network, host string) ([]netip.Addr, time.Duration, bool, error)
	LookupAddrMeta(ctx context.Context, addr string) ([]string, time.Duration, bool, error)
}

// metaError is answered by errors that know the negative lifetime and DNSSEC.
type metaError interface {
	Meta() (ttl time.Duration, authentic bool)
}

// notFound reports whether err says that there is no such name or record.
// Nothing else about an error is looked at: net.DNSError.Temporary is false
// for a refusal, which is a temporary error all the same.
func notFound(err error) bool {
	if err == nil {
		return false
	}
	if de, ok := err.(*net.DNSError); ok {
		return de.IsNotFound
	}
	var de *net.DNSError
	return errors.As(err, &de) && de.IsNotFound
}

// The lookups below return an empty result for "not found" and an error for
// trouble. They count the query, note lifetime and authenticity, and trace.

// ask counts a question. It fails when the time is over, for resolvers that do
// not look at their context.
func (e *eval) ask() error {
	e.v.Queries++
	return e.ctx.expired()
}

func (e *eval) lookupTXT(name string) ([]string, error) {
	var txts []string
	err := e.ask()
	if err != nil {
		return nil, err
	}
	if e.meta != nil {
		var ttl time.Duration
		var ad bool
		txts, ttl, ad, err = e.meta.LookupTXTMeta(e.ctx, name)
		e.noteMeta(ttl, ad, err)
	} else {
		txts, err = e.c.Resolver.LookupTXT(e.ctx, name)
	}
	if notFound(err) {
		txts, err = nil, nil
	} else if err != nil {
		txts = nil
	}
	e.traceLookup("TXT", name, len(txts), err)
	return txts, err
}

func (e *eval) lookupMX(name string) ([]*net.MX, error) {
	var mxs []*net.MX
	err := e.ask()
	if err != nil {
		return nil, err
	}
	if e.meta != nil {
		var ttl time.Duration
		var ad bool
		mxs, ttl, ad, err = e.meta.LookupMXMeta(e.ctx, name)
		e.noteMeta(ttl, ad, err)
	} else {
		mxs, err = e.c.Resolver.LookupMX(e.ctx, name)
	}
	if len(mxs) > 0 || notFound(err) {
		err = nil // net.Resolver reports odd records as an error beside the good ones
	}
	e.traceLookup("MX", name, len(mxs), err)
	return mxs, err
}

// lookupIP asks for the addresses of one family: "ip4" or "ip6". Answers of
// the other family are dropped: an A record never says anything about an IPv6
// client (RFC 7208, section 5.3).
func (e *eval) lookupIP(network, name string) ([]netip.Addr, error) {
	var ips []netip.Addr
	err := e.ask()
	if err != nil {
		return nil, err
	}
	if e.meta != nil {
		var ttl time.Duration
		var ad bool
		ips, ttl, ad, err = e.meta.LookupNetIPMeta(e.ctx, network, name)
		e.noteMeta(ttl, ad, err)
	} else {
		ips, err = e.c.Resolver.LookupNetIP(e.ctx, network, name)
	}
	if notFound(err) {
		ips, err = nil, nil
	} else if err != nil {
		ips = nil
	}
	ips = keepFamily(ips, network == "ip4")
	typ := "A"
	if network != "ip4" {
		typ = "AAAA"
	}
	e.traceLookup(typ, name, len(ips), err)
	return ips, err
}

// keepFamily returns ips itself when every address is of the wanted family.
func keepFamily(ips []netip.Addr, v4 bool) []netip.Addr {
	for i, ip := range ips {
		if v4 && ip.Is4() || !v4 && ip.Is6() && !ip.Is4In6() {
			continue
		}
		kept := append(make([]netip.Addr, 0, len(ips)), ips[:i]...)
		for _, ip := range ips[i:] {
			switch {
			case v4 && ip.Unmap().Is4():
				kept = append(kept, ip.Unmap())
			case !v4 && ip.Is6() && !ip.Is4In6():
				kept = append(kept, ip)
			}
		}
		return kept
	}
	return ips
}

func (e *eval) lookupAddr(addr string) ([]string, error) {
	var names []string
	err := e.ask()
	if err != nil {
		return nil, err
	}
	if e.meta != nil {
		var ttl time.Duration
		var ad bool
		names, ttl, ad, err = e.meta.LookupAddrMeta(e.ctx, addr)
		e.noteMeta(ttl, ad, err)
	} else {
		names, err = e.c.Resolver.LookupAddr(e.ctx, addr)
	}
	if len(names) > 0 || notFound(err) {
		err = nil
	}
	e.traceLookup("PTR", addr, len(names), err)
	return names, err
}

// noteMeta folds one answer's lifetime and authenticity into the verdict.
func (e *eval) noteMeta(ttl time.Duration, authentic bool, err error) {
	if err != nil {
		var me metaError
		if !errors.As(err, &me) {
			e.insecure = true
			return
		}
		ttl, authentic = me.Meta()
	}
	if !authentic {
		e.insecure = true
	}
	if !e.metaSeen || ttl < e.v.TTL {
		e.v.TTL = ttl
	}
	e.metaSeen = true
}
