package dkim

import (
	"context"
	"time"
)

// Resolver is the part of DNS that this package needs. A [*net.Resolver]
// satisfies it.
//
// Names are absolute: they end in a dot. The strings of one TXT record arrive
// joined. A name that does not exist, or has no TXT record, is reported as a
// [*net.DNSError] with IsNotFound set or as an empty result; every other error
// is taken as temporary. LookupTXT must return soon after its context ends and
// must be safe for concurrent use.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// MetaResolver is a [Resolver] that can also say whether DNSSEC vouches for an
// answer. Where it is missing, [Result.Authentic] stays false.
type MetaResolver interface {
	LookupTXTMeta(ctx context.Context, name string) (txts []string, ttl time.Duration, authentic bool, err error)
}
