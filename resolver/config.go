package resolver

import (
	"context"
	"net/netip"
	"time"
)

// Defaults of [Config].
const (
	DefaultTimeout      = 2 * time.Second
	DefaultTries        = 3
	DefaultDeadline     = 15 * time.Second
	DefaultMaxInflight  = 64
	DefaultUDPSize      = 1232 // no path fragments it (RFC 9715, appendix A)
	DefaultCacheEntries = 32768
	DefaultCacheBytes   = 32 << 20
	DefaultMaxTTL       = time.Hour
	DefaultMaxNegTTL    = 15 * time.Minute // RFC 2308, section 5, finds up to three hours sensible
	DefaultFailTTL      = 5 * time.Second  // RFC 2308, section 7.1, allows five minutes
)

// Config holds the options of a [Resolver]. The zero value asks the servers of
// the system with a cache.
type Config struct {
	// Servers are the recursive servers to ask. Empty: those of
	// /etc/resolv.conf with its options timeout, attempts, rotate and trust-ad;
	// its search list is never used. A system without that file, or without a
	// server in it: 127.0.0.1.
	Servers []netip.AddrPort

	// Timeout bounds the wait for one answer. A query is sent again, to the
	// next server where there is one, after 400 ms or three times the usual
	// round trip, whichever is more, and then after twice as long each time,
	// but never later than Timeout. 0: [DefaultTimeout].
	Timeout time.Duration

	// Tries is how often each server is asked at most. 0: [DefaultTries].
	Tries int

	// Deadline bounds a whole lookup with its retries and aliases, whatever
	// the caller's context allows. 0: [DefaultDeadline].
	Deadline time.Duration

	// MaxInflight is how many queries may be open at one server; more wait
	// in turn, and leave the queue when their context ends.
	// 0: [DefaultMaxInflight].
	MaxInflight int

	// UDPSize is the largest answer accepted over UDP, announced by EDNS
	// (RFC 6891, section 6.2.3), from 512 to 4096. 0: [DefaultUDPSize].
	UDPSize uint16

	// NoEDNS leaves the OPT record out of every query.
	NoEDNS bool

	// Rotate starts with another server each time instead of the fastest.
	Rotate bool

	// TrustAD takes the AD bit of every server for true. Otherwise only
	// servers on a loopback address are trusted to say it.
	TrustAD bool

	// Randomize0x20 sends names in random case and insists on getting them
	// back the same, which makes forging answers harder. A server that folds
	// case is asked without for 15 minutes.
	Randomize0x20 bool

	// CacheEntries bounds the cache. 0: [DefaultCacheEntries]; negative: no
	// cache.
	CacheEntries int

	// CacheBytes bounds the memory of the cache, as estimated.
	// 0: [DefaultCacheBytes].
	CacheBytes int

	// MinTTL and MaxTTL clamp the lifetime of records. MinTTL 0: no lower
	// bound; MaxTTL 0: [DefaultMaxTTL].
	MinTTL, MaxTTL time.Duration

	// MaxNegTTL bounds the lifetime of NXDomain and NoData.
	// 0: [DefaultMaxNegTTL]; negative: they are not kept.
	MaxNegTTL time.Duration

	// FailTTL is how long ServFail, Refused, Timeout, Network and Malformed
	// are kept, so that a dead zone is not asked for over and over.
	// 0: [DefaultFailTTL]; negative: they are not kept.
	FailTTL time.Duration

	// ServeStale is how long after its end a record may still be given out
	// when every server fails (RFC 8767, section 5). 0: never.
	ServeStale time.Duration

	// Redact returns what may be shown of a name in errors and events. It
	// keeps secrets such as the key of a blocklist out of logs. It gets the
	// name in lower case with the final dot. nil: names are shown.
	Redact func(name string) string

	// OnEvent is called once for every exchange with a server and every
	// answer from the cache, on the goroutine that does the work. It must be
	// quick and safe for concurrent use. nil: nothing is called.
	OnEvent func(Event)

	// Exchange replaces the network: it sends a query to the server and
	// returns the answer, both as a DNS message without the length octets of
	// TCP. tcp asks for a transport that does not truncate. It must return
	// when ctx ends. nil: UDP and TCP.
	Exchange func(ctx context.Context, server netip.AddrPort, query []byte, tcp bool) ([]byte, error)

	// Now is the clock of the cache. nil: [time.Now].
	Now func() time.Time

	// Rand fills its argument with random octets for query IDs and letter
	// case. nil: crypto/rand.
	Rand func([]byte)
}

// An Event is one exchange with a server, or one answer from the cache.
type Event struct {
	Name   string         // as [Config.Redact] shows it
	Type   uint16         // record type
	Server netip.AddrPort // zero for an answer from the cache
	Kind   Kind           // 0 for records
	TCP    bool           // the exchange went over TCP
	Cached bool           // no server was asked
	Stale  bool           // past its lifetime, because every server failed
	Wrong  int            // datagrams that were no answer to the query
	Dur    time.Duration  // of the exchange; 0 for the cache
}
