package rbl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Resolver is the part of DNS that this package needs. A [*net.Resolver]
// satisfies it.
//
// A name that does not exist is reported as a [*net.DNSError] with IsNotFound
// set; a name without records of the type asked for is reported either so or as
// an empty result. Every other error is taken as temporary. Names end in a dot;
// network is always "ip4". A cancelled context must end a lookup at once: a
// query waits for its lookups. Implementations must be safe for concurrent use.
//
// A Resolver with the method of [MetaResolver] also provides the TTL.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// MetaResolver is implemented by resolvers that know how long an answer holds
// and whether it is authentic (RFC 4035, section 3.2.3). For an error the same
// is taken from a method Meta() (ttl time.Duration, authentic bool) in its chain.
type MetaResolver interface {
	LookupNetIPMeta(ctx context.Context, network, host string) (addrs []netip.Addr, ttl time.Duration, authentic bool, err error)
}

// A response is what one A lookup gave.
type response struct {
	addrs     []netip.Addr
	ttl       time.Duration // 0: unknown, or not to be kept
	authentic bool
	err       error // temporary; nil for "does not exist"
	took      time.Duration
	done      bool // the answer is there
}

func lookup(ctx context.Context, r Resolver, name string) response {
	var out response
	var err error
	if m, ok := r.(MetaResolver); ok {
		out.addrs, out.ttl, out.authentic, err = m.LookupNetIPMeta(ctx, "ip4", name)
	} else {
		out.addrs, err = r.LookupNetIP(ctx, "ip4", name)
	}
	if err == nil {
		return out
	}
	out.addrs = nil
	var meta interface {
		Meta() (ttl time.Duration, authentic bool)
	}
	if out.ttl == 0 && errors.As(err, &meta) {
		out.ttl, out.authentic = meta.Meta()
	}
	if !isNotFound(err) {
		out.err = err
	}
	return out
}

func isNotFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// hideKey wraps err so that neither its text nor a *net.DNSError found in it
// shows the key of z. Other types in its chain stay out of reach of errors.As,
// sentinels remain within reach of errors.Is.
func hideKey(z Zone, err error) error {
	if err == nil || !z.Keyed() {
		return err
	}
	return &safeError{z, err}
}

type safeError struct {
	zone Zone
	err  error
}

func (e *safeError) Error() string        { return e.zone.redact(e.err.Error()) }
func (e *safeError) Is(target error) bool { return errors.Is(e.err, target) }

func (e *safeError) As(target any) bool {
	out, ok := target.(**net.DNSError)
	var dns *net.DNSError
	if !ok || !errors.As(e.err, &dns) {
		return false
	}
	*out = &net.DNSError{
		Err: e.zone.redact(dns.Err), Name: e.zone.redact(dns.Name), Server: dns.Server,
		IsTimeout: dns.IsTimeout, IsTemporary: dns.IsTemporary, IsNotFound: dns.IsNotFound,
	}
	return true
}

// Format keeps the verbs that print fields from reaching the cause.
func (e *safeError) Format(f fmt.State, verb rune) {
	fmt.Fprintf(f, fmt.FormatString(f, verb), e.Error())
}
