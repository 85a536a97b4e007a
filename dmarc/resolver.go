package dmarc

import (
	"context"
	"errors"
	"net"
	"time"
)

// Resolver is the part of DNS that this package needs. A [*net.Resolver]
// satisfies it.
//
// Names end in a dot, and their labels are raw octets. The strings of one TXT
// record come joined. A name that does not exist is reported as a
// [*net.DNSError] with IsNotFound set; a name without such records is reported
// either so or as an empty result. Every other error is taken as temporary
// (RFC 9989, section 4.10.1). Implementations must be safe for concurrent use.
//
// Whether a name exists at all matters for the np tag. It is learnt from errors
// that answer, through [errors.As], to interface{ NXDomain() bool }. If they do
// not, a name that was not found counts as existing, so that np is not used;
// this is the case with a [*net.Resolver].
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// A metaResolver says for each answer whether DNSSEC validated it.
type metaResolver interface {
	LookupTXTMeta(ctx context.Context, name string) (txts []string, ttl time.Duration, authentic bool, err error)
}

// reply is the answer to one TXT query. Err is set only for a failure; a name
// or type that is not there is no failure.
type reply struct {
	txts      []string
	nxdomain  bool // the name is known not to exist
	nodata    bool // the name is known to exist
	authentic bool
	err       error
}

// lookup asks r for the TXT records at name.
func lookup(ctx context.Context, r Resolver, name string) (a reply) {
	var err error
	if m, ok := r.(metaResolver); ok {
		a.txts, _, a.authentic, err = m.LookupTXTMeta(ctx, name)
	} else {
		a.txts, err = r.LookupTXT(ctx, name)
	}
	if err == nil {
		return a
	}
	a.txts = nil
	var nf *net.DNSError
	if !errors.As(err, &nf) || !nf.IsNotFound || nf.IsTemporary || nf.IsTimeout {
		a.err = err
		return a
	}
	var nx interface{ NXDomain() bool }
	if errors.As(err, &nx) {
		a.nxdomain = nx.NXDomain()
		a.nodata = !a.nxdomain
	}
	var meta interface {
		Meta() (ttl time.Duration, authentic bool)
	}
	if errors.As(err, &meta) {
		_, a.authentic = meta.Meta()
	}
	return a
}
