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

// asker asks r. It holds the targets of errors.As, which would be allocated
// for each call otherwise.
type asker struct {
	notFound *net.DNSError
	nx       nxDomain
	meta     negativeMeta
}

type nxDomain interface{ NXDomain() bool }

type negativeMeta interface {
	Meta() (ttl time.Duration, authentic bool)
}

// lookup asks r for the TXT records at name.
func (k *asker) lookup(ctx context.Context, r Resolver, name string) (a reply) {
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
	if !as(err, &k.notFound) || !k.notFound.IsNotFound || k.notFound.IsTemporary || k.notFound.IsTimeout {
		a.err = err
		return a
	}
	if err == error(k.notFound) {
		return a // the plain type of package net tells no more
	}
	if as(err, &k.nx) {
		a.nxdomain = k.nx.NXDomain()
		a.nodata = !a.nxdomain
	}
	if as(err, &k.meta) {
		_, a.authentic = k.meta.Meta()
	}
	return a
}

// as is errors.As with a quick path for an error that is not wrapped.
func as[T any](err error, target *T) bool {
	if t, ok := err.(T); ok {
		*target = t
		return true
	}
	return errors.As(err, target)
}
