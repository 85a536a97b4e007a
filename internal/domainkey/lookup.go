package domainkey

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// Kinds of a failed look-up, besides those of [Parse].
var (
	ErrMissing   = errors.New("no key record")
	ErrMultiple  = errors.New("more than one TXT record")
	ErrTemporary = errors.New("key look-up failed")
	ErrName      = errors.New("not a domain name")
)

// A TXTResolver looks up TXT records.
type TXTResolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// A MetaResolver also says whether DNSSEC vouches for the answer.
type MetaResolver interface {
	LookupTXTMeta(ctx context.Context, name string) (txts []string, ttl time.Duration, authentic bool, err error)
}

// Name returns the absolute name of the key of a selector, in lower case. It
// fails with [ErrName] unless both consist of labels of letters, digits,
// hyphens and underscores, within the limits of DNS: a name from a message
// never reaches DNS unchecked.
func Name(selector, domain string) (string, error) {
	if !IsName(selector) || !IsName(domain) {
		return "", ErrName
	}
	const infix = "._domainkey."
	n := len(selector) + len(infix) + len(domain)
	if n > dnsname.MaxName {
		return "", ErrName
	}
	var b strings.Builder
	b.Grow(n + 1)
	b.WriteString(selector)
	b.WriteString(infix)
	b.WriteString(domain)
	b.WriteByte('.')
	return dnsname.Lower(b.String()), nil
}

// IsName reports whether s consists of labels of letters, digits, hyphens and
// underscores of 1 to 63 octets, without a final dot.
func IsName(s string) bool {
	label := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.':
			if label == 0 {
				return false
			}
			label = 0
			continue
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
		if label++; label > dnsname.MaxLabel {
			return false
		}
	}
	return label > 0 && len(s) <= dnsname.MaxName
}

// An Answer is what a look-up found. Err is nil when Record holds a key; it
// wraps one of the kinds of this package otherwise. Record may be present
// beside an error, see [Parse].
type Answer struct {
	Record    *Record
	Text      string
	Authentic bool // DNSSEC vouches for the answer
	Err       error
}

// Lookup asks r for the key record at name, an absolute name, and keeps the
// answer in cache, which may be nil, if r tells how long it is good.
func Lookup(ctx context.Context, r TXTResolver, cache *Cache, name string, now time.Time) Answer {
	var a Answer
	var txts []string
	var ttl time.Duration
	var err error
	if m, ok := r.(MetaResolver); ok {
		txts, ttl, a.Authentic, err = m.LookupTXTMeta(ctx, name)
	} else {
		txts, err = r.LookupTXT(ctx, name)
	}
	switch {
	case err != nil && isNotFound(err), err == nil && len(txts) == 0:
		a.Err = &LookupError{Name: name, Kind: ErrMissing, Err: err}
	case err != nil:
		a.Err = &LookupError{Name: name, Kind: ErrTemporary, Err: err}
	case len(txts) > 1:
		// RFC 6376, section 3.6.2.2: the result is undefined.
		a.Err = &LookupError{Name: name, Kind: ErrMultiple}
	default:
		a.Text = txts[0]
		a.Record, a.Err = cache.Parse(txts[0])
		cache.put(name, a, now, ttl)
	}
	return a
}

func isNotFound(err error) bool {
	var dnsErr *net.DNSError
	return errors.As(err, &dnsErr) && dnsErr.IsNotFound
}

// A LookupError says why a look-up gave no record.
type LookupError struct {
	Name string // the name asked for
	Kind error
	Err  error // what the resolver said, or nil
}

func (e *LookupError) Error() string {
	s := "dkim: " + e.Kind.Error() + " at " + e.Name
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the kind and the resolver's error.
func (e *LookupError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
