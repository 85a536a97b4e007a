package domainkey

import "sync"

// DefaultCacheSize is how many records a [Cache] holds.
const DefaultCacheSize = 4096

// A Cache keeps parsed records by their text. As the text decides the outcome
// alone, an entry is never stale: how long a record is valid stays with the
// resolver. The zero value is ready for use, and safe for concurrent use. It
// holds at most twice DefaultCacheSize/2 records; the older half is dropped
// when the newer one is full.
type Cache struct {
	mu       sync.Mutex
	now, old map[string]entry
}

type entry struct {
	rec *Record
	err error
}

// Parse is [Parse] with a memory. A nil Cache parses each time.
func (c *Cache) Parse(txt string) (*Record, error) {
	if c == nil {
		return Parse(txt)
	}
	c.mu.Lock()
	e, ok := c.now[txt]
	if !ok {
		if e, ok = c.old[txt]; ok {
			c.put(txt, e)
		}
	}
	c.mu.Unlock()
	if ok {
		return e.rec, e.err
	}
	e.rec, e.err = Parse(txt)
	if len(txt) <= MaxRecord {
		c.mu.Lock()
		c.put(txt, e)
		c.mu.Unlock()
	}
	return e.rec, e.err
}

func (c *Cache) put(txt string, e entry) {
	if len(c.now) >= DefaultCacheSize/2 {
		c.old, c.now = c.now, nil
	}
	if c.now == nil {
		c.now = make(map[string]entry)
	}
	c.now[txt] = e
}

// Len returns the number of records held.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.now) + len(c.old)
}
