package domainkey

import (
	"sync"
	"time"
)

// CacheSize is how many keys a [Cache] holds at most; the older half goes when
// the newer one is full.
const CacheSize = 8192

// What is larger is no key in use, and not kept: whoever makes us look at keys
// of his must not fill memory with them.
const (
	maxCachedText  = 2 << 10 // a key of 8192 bits takes some 1,400 octets
	maxCachedItems = 16      // in the lists of one record
)

// maxTTL bounds how long an answer is kept, whatever its TTL says.
const maxTTL = 24 * time.Hour

// A Cache keeps parsed records. By name it keeps answers of resolvers that tell
// the TTL, as long as that says; by text it keeps what parsing came to, which
// is never stale because the text alone decides it. The zero value is ready for
// use, and safe for concurrent use. The records it returns are shared.
type Cache struct {
	mu     sync.Mutex
	names  generations[cached]
	parsed generations[Answer]
}

func (a *Answer) cacheable() bool {
	return a.Err == nil && len(a.Text) <= maxCachedText &&
		len(a.Record.Hashes)+len(a.Record.Services)+len(a.Record.Flags) <= maxCachedItems
}

type cached struct {
	answer  Answer
	expires time.Time
}

// Get returns the answer for name, if there is one whose TTL has not run out. A
// nil Cache has none.
func (c *Cache) Get(name string, now time.Time) (Answer, bool) {
	if c == nil {
		return Answer{}, false
	}
	c.mu.Lock()
	e, ok := c.names.get(name)
	c.mu.Unlock()
	return e.answer, ok && now.Before(e.expires)
}

// put keeps the answer for name if it is a key.
func (c *Cache) put(name string, a Answer, now time.Time, ttl time.Duration) {
	if c == nil || ttl <= 0 || !a.cacheable() {
		return
	}
	c.mu.Lock()
	c.names.put(name, cached{a, now.Add(min(ttl, maxTTL))})
	c.mu.Unlock()
}

// Parse is [Parse] with a memory of records that hold a key. A nil Cache parses
// each time.
func (c *Cache) Parse(txt string) (*Record, error) {
	if c == nil || len(txt) > maxCachedText {
		return Parse(txt)
	}
	c.mu.Lock()
	a, ok := c.parsed.get(txt)
	c.mu.Unlock()
	if !ok {
		a.Text = txt
		a.Record, a.Err = Parse(txt)
		if a.cacheable() {
			c.mu.Lock()
			c.parsed.put(txt, a)
			c.mu.Unlock()
		}
	}
	return a.Record, a.Err
}

// Len returns the number of records held.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.parsed.len()
}

// generations is a map of bounded size that forgets what was not used lately.
type generations[V any] struct{ now, old map[string]V }

func (g *generations[V]) get(key string) (V, bool) {
	v, ok := g.now[key]
	if !ok {
		if v, ok = g.old[key]; ok {
			g.put(key, v)
		}
	}
	return v, ok
}

func (g *generations[V]) put(key string, v V) {
	if len(g.now) >= CacheSize/2 {
		g.old, g.now = g.now, nil
	}
	if g.now == nil {
		g.now = make(map[string]V)
	}
	g.now[key] = v
	delete(g.old, key)
}

func (g *generations[V]) len() int { return len(g.now) + len(g.old) }
