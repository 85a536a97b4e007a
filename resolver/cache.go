package resolver

import (
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

const (
	cacheShards = 16
	// staleTTL is the TTL of a record that is given out past its lifetime, and
	// how long the servers are left alone after they failed to renew it
	// (RFC 8767, sections 4 and 5).
	staleTTL = 30 * time.Second
	// entryOverhead estimates the memory of an entry besides its strings.
	entryOverhead = 288
	// recordOverhead does the same for one record.
	recordOverhead = 160
)

// A cache holds answers and failures by key, each with a lifetime of its own.
// What was not used lately goes first (CLOCK).
type cache struct {
	seed   maphash.Seed
	shards []shard
}

type shard struct {
	mu      sync.Mutex
	entries map[uint64]*entry // by hash: of two keys that collide one is kept
	ring    []*entry          // the same entries
	hand    int
	bytes   int

	maxEntries, maxBytes int
}

// An entry is one answer or one failure. An NXDomain failure has type 0: it
// answers for every type.
type entry struct {
	key
	hash    uint64
	answer  *answer
	fail    *Error
	expires time.Time
	keep    time.Time // until when it may be given out stale
	retry   time.Time // until when it is given out stale without asking
	size    int
	slot    int
	used    bool
}

func newCache(entries, bytes int) *cache {
	n := cacheShards
	if entries < 8*cacheShards {
		n = 1
	}
	c := &cache{seed: maphash.MakeSeed(), shards: make([]shard, n)}
	for i := range c.shards {
		s := &c.shards[i]
		s.entries = make(map[uint64]*entry)
		s.maxEntries = entries / n
		s.maxBytes = bytes / n
	}
	return c
}

// shard returns the shard of all types of a name, and the hash of the name.
func (c *cache) shard(name string) (*shard, uint64) {
	h := maphash.String(c.seed, name)
	return &c.shards[h%uint64(len(c.shards))], h
}

// find returns the entry of k, whose name has the hash h, or nil. The caller
// holds mu.
func (s *shard) find(k key, h uint64) *entry {
	if e := s.entries[mix(h, k.typ)]; e != nil && e.key == k {
		return e
	}
	return nil
}

// mix returns the hash of a name and a type.
func mix(h uint64, typ uint16) uint64 { return h ^ uint64(typ)*0x9e3779b97f4a7c15 }

// get returns the entry that answers k at now, or nil. stale is true if only
// an entry past its lifetime does, which must not be asked for yet.
func (c *cache) get(k key, now time.Time) (e *entry, stale bool) {
	s, h := c.shard(k.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	e = s.find(k, h)
	if e != nil && now.Before(e.expires) {
		e.used = true
		return e, false
	}
	if nx := s.find(key{k.name, 0}, h); nx != nil && now.Before(nx.expires) {
		nx.used = true
		return nx, false
	}
	if e != nil && now.Before(e.retry) && now.Before(e.keep) {
		e.used = true
		return e, true
	}
	return nil, false
}

// covered returns an authentic NXDomain of a name above k, below which nothing
// exists (RFC 8020, section 2). Only DNSSEC makes that safe to rely on.
func (c *cache) covered(k key, now time.Time) *entry {
	for up := dnsname.Parent(k.name); up != ""; up = dnsname.Parent(up) {
		s, h := c.shard(up)
		s.mu.Lock()
		e := s.find(key{up, 0}, h)
		ok := e != nil && now.Before(e.expires) && e.fail.Authentic
		s.mu.Unlock()
		if ok {
			return e
		}
	}
	return nil
}

// extend gives an entry that may be stale another while, because the servers
// failed, and returns it; nil if there is none.
func (c *cache) extend(k key, now time.Time) *entry {
	s, h := c.shard(k.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(k, h)
	if e == nil || e.answer == nil || !now.Before(e.keep) {
		return nil
	}
	e.retry = now.Add(staleTTL)
	return e
}

// forget drops the entry of k itself, so that it is never given out stale: it
// was answered anew since.
func (c *cache) forget(k key) {
	s, h := c.shard(k.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(k, h); e != nil {
		s.drop(e)
	}
}

// put stores e, and drops others as the bounds demand.
func (c *cache) put(e *entry, now time.Time) {
	s, h := c.shard(e.name)
	e.hash = mix(h, e.typ)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.size > s.maxBytes {
		return
	}
	if old := s.entries[e.hash]; old != nil {
		s.drop(old)
	}
	for len(s.ring) > 0 && (len(s.ring) >= s.maxEntries || s.bytes+e.size > s.maxBytes) {
		s.evict(now)
	}
	e.slot = len(s.ring)
	s.ring = append(s.ring, e)
	s.entries[e.hash] = e
	s.bytes += e.size
}

// evict drops one entry: a dead one, or one not used since the hand was here.
func (s *shard) evict(now time.Time) {
	for {
		if s.hand >= len(s.ring) {
			s.hand = 0
		}
		e := s.ring[s.hand]
		if !e.used || !now.Before(e.expires) && !now.Before(e.keep) {
			s.drop(e)
			return
		}
		e.used = false
		s.hand++
	}
}

// drop takes e out; the last entry of the ring moves into its slot.
func (s *shard) drop(e *entry) {
	last := len(s.ring) - 1
	s.ring[e.slot] = s.ring[last]
	s.ring[e.slot].slot = e.slot
	s.ring[last] = nil
	s.ring = s.ring[:last]
	s.bytes -= e.size
	delete(s.entries, e.hash)
}

// fromCache answers k from the cache. ok is false if a server must be asked.
func (r *Resolver) fromCache(k key) (f found, err error, ok bool) {
	now := r.now()
	e, stale := r.cache.get(k, now)
	if e == nil {
		if e = r.cache.covered(k, now); e == nil {
			return found{}, nil, false
		}
	}
	if e.fail != nil {
		fail := *e.fail
		fail.Cached = true
		if e.name != k.name || e.fail.Type != k.typ {
			fail.Name, fail.Type = r.show(k.name), k.typ
		}
		if fail.NotFound() {
			fail.TTL = e.expires.Sub(now)
		}
		r.hit(k, fail.Kind, false)
		return found{}, &fail, true
	}
	ttl := staleTTL
	if !stale {
		ttl = e.expires.Sub(now)
	}
	r.hit(k, 0, stale)
	return found{answer: e.answer, ttl: ttl, cached: true, stale: stale}, nil, true
}

// hit reports an answer from the cache.
func (r *Resolver) hit(k key, kind Kind, stale bool) {
	if r.cfg.OnEvent != nil {
		r.cfg.OnEvent(Event{Name: r.show(k.name), Type: k.typ, Kind: kind, Cached: true, Stale: stale})
	}
}

// store keeps the outcome of a lookup. If the lookup failed and a stale answer
// may take its place, store returns that and true.
func (r *Resolver) store(k key, a *answer, fail *Error) (found, bool) {
	now := r.now()
	e := &entry{key: k, answer: a, fail: fail}
	if fail == nil || fail.NotFound() {
		r.cache.forget(k)
	}
	switch {
	case fail == nil:
		e.expires = now.Add(a.ttl)
		e.keep = e.expires.Add(r.cfg.ServeStale)
		if a.ttl <= 0 {
			return found{}, false
		}
	case fail.Kind == Canceled || errors.Is(fail, ErrClosed):
		return found{}, false
	case fail.NotFound():
		if fail.TTL <= 0 {
			return found{}, false
		}
		e.expires = now.Add(fail.TTL)
		if fail.Kind == NXDomain && !fail.aliased {
			e.typ = 0
		}
	default:
		if old := r.cache.extend(k, now); old != nil {
			r.hit(k, 0, true)
			return found{answer: old.answer, ttl: staleTTL, cached: true, stale: true}, true
		}
		if r.cfg.FailTTL <= 0 {
			return found{}, false
		}
		e.expires = now.Add(r.cfg.FailTTL)
	}
	e.size = e.estimate()
	r.cache.put(e, now)
	return found{}, false
}

// estimate returns about how much memory e takes.
func (e *entry) estimate() int {
	n := entryOverhead + len(e.name)
	if e.fail != nil {
		return n + len(e.fail.Name) + len(e.fail.Server)
	}
	n += len(e.answer.name)
	for _, rr := range e.answer.rrs {
		n += recordOverhead + 2*dns.Len(rr)
		if txt, ok := rr.(*dns.TXT); ok { // up to four octets for one, see [textOf]
			for _, s := range txt.Txt {
				n += len(s)
			}
		}
	}
	return n
}
