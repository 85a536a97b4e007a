package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// A Kind says why a lookup has no records. Kinds are errors, so that
// errors.Is(err, resolver.NoData) works on every error of this package.
type Kind uint8

// The kinds of failure.
const (
	// NXDomain: the name does not exist (RFC 8020, section 2).
	NXDomain Kind = iota + 1
	// NoData: the name exists and has no records of the type
	// (RFC 2308, section 2.2).
	NoData
	// ServFail: the servers could not find out. Bogus DNSSEC data comes as this.
	ServFail
	// Refused: the servers do not answer such questions for this client.
	Refused
	// Timeout: no usable answer came in time.
	Timeout
	// Network: a query could not be sent or an answer not be read.
	Network
	// Malformed: an answer that makes no sense, a CNAME loop or a CNAME chain
	// that is too long.
	Malformed
	// BadName: the name can't be encoded; nothing was sent.
	BadName
	// Canceled: the caller's context was cancelled.
	Canceled
)

var kindText = [...]string{
	"ok", "no such name", "no data of this type", "server failure", "refused",
	"timeout", "network error", "malformed answer", "bad name", "canceled",
}

// String returns a short English text; "ok" for 0, which is no failure.
func (k Kind) String() string {
	if int(k) < len(kindText) {
		return kindText[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Error makes a Kind usable with [errors.Is].
func (k Kind) Error() string { return "resolver: " + k.String() }

// notFound reports whether k means that the records certainly do not exist.
func (k Kind) notFound() bool { return k == NXDomain || k == NoData || k == BadName }

// An Error is what a lookup without records returns. It unwraps to its [Kind]
// and to its cause, and errors.As to a [*net.DNSError] succeeds, with IsNotFound
// set for NXDomain, NoData and BadName and IsTemporary for every other kind. It
// may be shared with other callers and must not be changed.
type Error struct {
	Kind      Kind
	Name      string        // the name asked for, as [Config.Redact] shows it
	Type      uint16        // the record type asked for
	Server    string        // who answered, or was asked last; "" for nobody
	TTL       time.Duration // how long NXDomain or NoData holds; 0 if not known
	Authentic bool          // NXDomain or NoData is validated by DNSSEC
	EDE       int           // extended error code (RFC 8914, section 4), -1 for none
	Cached    bool          // answered from the cache
	Err       error         // the cause, or nil

	aliased bool // NXDomain of an alias's target: the name itself exists
}

// Error returns a text of one line. Foreign octets in it are escaped.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "resolver: lookup %q %s", e.Name, TypeString(e.Type))
	if e.Server != "" {
		b.WriteString(" on " + e.Server)
	}
	b.WriteString(": " + e.Kind.String())
	if e.EDE >= 0 {
		fmt.Fprintf(&b, " (extended error %d)", e.EDE)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the kind and, where there is one, the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// NXDomain reports whether the name itself does not exist, which tells
// NXDOMAIN from NODATA. A name that can't be encoded does not exist.
func (e *Error) NXDomain() bool { return e.Kind == NXDomain || e.Kind == BadName }

// NotFound reports whether there certainly is no such record.
func (e *Error) NotFound() bool { return e.Kind.notFound() }

// Temporary reports whether asking again later may help.
func (e *Error) Temporary() bool { return !e.Kind.notFound() }

// Timeout reports whether time ran out.
func (e *Error) Timeout() bool { return e.Kind == Timeout }

// Meta returns TTL and Authentic. It is how packages that know this package
// only by an interface get at them.
func (e *Error) Meta() (ttl time.Duration, authentic bool) { return e.TTL, e.Authentic }

// As fills a **[net.DNSError], so that callers written for [*net.Resolver]
// keep working.
func (e *Error) As(target any) bool {
	p, ok := target.(**net.DNSError)
	if !ok {
		return false
	}
	*p = &net.DNSError{
		UnwrapErr:   e.Err,
		Err:         e.Kind.String(),
		Name:        e.Name,
		Server:      e.Server,
		IsTimeout:   e.Timeout(),
		IsTemporary: e.Temporary(),
		IsNotFound:  e.NotFound(),
	}
	return true
}

// kindOf classifies an error of a transport or of a context.
func kindOf(err error) Kind {
	var k Kind
	var ne net.Error
	var m malformedError
	switch {
	case errors.As(err, &k):
		return k
	case errors.As(err, &m):
		return Malformed
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return Timeout
	case errors.As(err, &ne) && ne.Timeout():
		return Timeout
	}
	return Network
}
