package resolver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A Resolver looks names up. It is safe for concurrent use. Close frees its
// sockets. The zero Resolver has no servers: its lookups fail, see [New].
type Resolver struct {
	cfg     Config
	servers []*server
	cache   *cache // nil: off
	ids     idSource
	start   time.Time
	open    context.Context // ends with Close
	shut    context.CancelFunc

	mu      sync.Mutex
	flights map[key]*flight
	closed  bool
	turns   int // lookups begun, if Rotate
}

// A key names one RRset: a canonical name and a type.
type key struct {
	name string
	typ  uint16
}

// Sentinels of [New] and [Resolver.Close].
var (
	// ErrConfig: an option of [Config] is out of its range.
	ErrConfig = errors.New("resolver: bad option")
	// ErrClosed: the resolver was closed.
	ErrClosed = errors.New("resolver: closed")
)

// New returns a resolver with the options of c. It sends nothing. An option
// that makes no sense, or a system without a server, is an error that wraps
// [ErrConfig].
func New(c Config) (*Resolver, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	r := &Resolver{cfg: c, start: time.Now(), flights: make(map[key]*flight)}
	r.ids.fill = c.Rand
	r.open, r.shut = context.WithCancel(context.Background())
	for _, s := range c.Servers {
		r.servers = append(r.servers, newServer(s, &r.cfg))
	}
	if c.CacheEntries > 0 {
		r.cache = newCache(c.CacheEntries, c.CacheBytes)
	}
	return r, nil
}

// complete fills in the defaults and checks the ranges.
func (c *Config) complete() error {
	if len(c.Servers) == 0 {
		if c.Exchange != nil {
			c.Servers = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53")}
		} else if err := c.readFile(systemFile); err != nil {
			return err
		}
	}
	c.Servers = append([]netip.AddrPort(nil), c.Servers...)
	for _, s := range c.Servers {
		if !s.IsValid() || s.Port() == 0 || s.Addr().IsUnspecified() || s.Addr().IsMulticast() {
			return fmt.Errorf("%w: Servers: %q is no address with a port", ErrConfig, s)
		}
	}
	defaultDuration(&c.Timeout, DefaultTimeout)
	defaultDuration(&c.Deadline, DefaultDeadline)
	defaultDuration(&c.MaxTTL, DefaultMaxTTL)
	defaultDuration(&c.MaxNegTTL, DefaultMaxNegTTL)
	defaultDuration(&c.FailTTL, DefaultFailTTL)
	defaultInt(&c.Tries, DefaultTries)
	defaultInt(&c.MaxInflight, DefaultMaxInflight)
	defaultInt(&c.CacheEntries, DefaultCacheEntries)
	defaultInt(&c.CacheBytes, DefaultCacheBytes)
	if c.UDPSize == 0 {
		c.UDPSize = DefaultUDPSize
	}
	if c.Rand == nil {
		c.Rand = func(b []byte) { rand.Read(b) } // never fails
	}
	switch {
	case c.Timeout < 0:
		return fmt.Errorf("%w: Timeout %v is negative", ErrConfig, c.Timeout)
	case c.Deadline < 0:
		return fmt.Errorf("%w: Deadline %v is negative", ErrConfig, c.Deadline)
	case c.Tries < 0 || c.Tries > maxTries:
		return fmt.Errorf("%w: Tries %d is not in 1..%d", ErrConfig, c.Tries, maxTries)
	case c.MaxInflight < 0:
		return fmt.Errorf("%w: MaxInflight %d is negative", ErrConfig, c.MaxInflight)
	case c.UDPSize < 512 || c.UDPSize > maxUDPSize:
		return fmt.Errorf("%w: UDPSize %d is not in 512..%d", ErrConfig, c.UDPSize, maxUDPSize)
	case c.MinTTL < 0 || c.MaxTTL < c.MinTTL:
		return fmt.Errorf("%w: MinTTL %v and MaxTTL %v", ErrConfig, c.MinTTL, c.MaxTTL)
	case c.FailTTL > maxFailTTL:
		return fmt.Errorf("%w: FailTTL %v is longer than %v", ErrConfig, c.FailTTL, maxFailTTL)
	case c.ServeStale < 0:
		return fmt.Errorf("%w: ServeStale %v is negative", ErrConfig, c.ServeStale)
	case c.CacheBytes < 0:
		return fmt.Errorf("%w: CacheBytes %d is negative", ErrConfig, c.CacheBytes)
	}
	return nil
}

const (
	maxTries   = 100
	maxUDPSize = 4096
	maxFailTTL = 5 * time.Minute // RFC 2308, section 7.2
)

func defaultDuration(d *time.Duration, def time.Duration) {
	if *d == 0 {
		*d = def
	}
}

func defaultInt(n *int, def int) {
	if *n == 0 {
		*n = def
	}
}

// Close frees the sockets and makes lookups that need the network, also those
// under way, fail with [ErrClosed]. It does not wait for them. It is safe to
// call more than once.
func (r *Resolver) Close() error {
	r.mu.Lock()
	r.closed = true
	for _, f := range r.flights {
		if f.cancel != nil {
			f.cancel(ErrClosed)
		}
	}
	r.mu.Unlock()
	if r.shut != nil {
		r.shut()
	}
	for _, s := range r.servers {
		s.close()
	}
	return nil
}

// A found is an answer with what depends on the moment it was found.
type found struct {
	*answer
	ttl    time.Duration // what is left of it
	cached bool
	stale  bool
}

// lookup is behind every exported lookup.
func (r *Resolver) lookup(ctx context.Context, name string, typ uint16) (found, error) {
	canon, err := canonical(name)
	if err == nil && isMeta(typ) {
		err = errType
	}
	if err != nil {
		return found{}, r.fail(BadName, name, typ, err)
	}
	k := key{canon, typ}
	if r.cache != nil {
		if f, err, ok := r.fromCache(k); ok {
			return f, err
		}
	}
	if err := ctx.Err(); err != nil {
		return found{}, r.fail(kindOf(err), canon, typ, err)
	}
	return r.join(ctx, k)
}

// fail makes an Error for a failure that no server has said.
func (r *Resolver) fail(kind Kind, name string, typ uint16, cause error) *Error {
	return &Error{Kind: kind, Name: r.show(name), Type: typ, EDE: -1, Err: cause}
}

// show returns name as it may appear in an error or an event.
func (r *Resolver) show(name string) string {
	name = dnsname.FQDN(dnsname.Lower(name))
	if r.cfg.Redact != nil {
		return r.cfg.Redact(name)
	}
	return name
}

// resolve does the work of one lookup: it asks, and follows aliases.
func (r *Resolver) resolve(ctx context.Context, k key) (*answer, *Error) {
	c := chain{ttl: math.MaxInt32}
	c.add(k.name)
	authentic := true
	until := time.Now().Add(r.cfg.Deadline)
	for {
		asked := c.at()
		re, fail := r.ask(ctx, key{asked, k.typ}, until)
		if fail != nil && r.open.Err() != nil {
			return nil, r.fail(Network, k.name, k.typ, ErrClosed)
		}
		if fail != nil {
			return nil, r.rename(fail, k)
		}
		authentic = authentic && re.authentic()
		rrs, err := c.walk(re.msg, k.typ)
		if err != nil {
			fail = r.fail(Malformed, k.name, k.typ, err)
			fail.Server = re.server.name
			return nil, fail
		}
		if rrs != nil {
			return r.positive(k, &c, rrs, authentic, re)
		}
		ttl, soa := negativeTTL(re.msg, c.at())
		kind := NoData
		switch {
		case re.msg.Rcode == dns.RcodeNameError:
			kind = NXDomain
		case !soa && c.at() != asked:
			continue // the answer ends at an alias: ask for its target
		}
		fail = r.fail(kind, k.name, k.typ, nil)
		fail.Server, fail.Authentic, fail.EDE = re.server.name, authentic, extendedError(re.msg)
		fail.aliased = c.n > 1
		if r.cfg.MaxNegTTL > 0 {
			fail.TTL = min(seconds(min(ttl, c.ttl)), r.cfg.MaxNegTTL)
		}
		return nil, fail
	}
}

// positive makes the answer from the records at the end of the chain.
func (r *Resolver) positive(k key, c *chain, rrs []dns.RR, authentic bool, re reply) (*answer, *Error) {
	a := newAnswer(c.at(), rrs)
	if len(a.rrs) == 0 {
		fail := r.fail(Malformed, k.name, k.typ, errUnusable)
		fail.Server = re.server.name
		return nil, fail
	}
	a.ttl = min(max(seconds(c.ttl), r.cfg.MinTTL), r.cfg.MaxTTL)
	a.authentic = authentic
	return a, nil
}

// rename makes a failure at an alias one of the name asked for.
func (r *Resolver) rename(e *Error, k key) *Error {
	e.Name = r.show(k.name)
	return e
}

// now is the clock of the cache. Without Config.Now it reads the monotonic
// clock only, which is half as much work as [time.Now].
func (r *Resolver) now() time.Time {
	if r.cfg.Now != nil {
		return r.cfg.Now()
	}
	return r.start.Add(time.Since(r.start))
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }
