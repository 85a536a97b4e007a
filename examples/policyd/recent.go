package main

import "sync"

// recent remembers the last texts that it was given, between maxRecent and
// twice as many. The zero value remembers none yet. It is safe for concurrent
// use.
type recent struct {
	mu       sync.Mutex
	now, old map[string]bool
}

const maxRecent = 10_000

// add reports whether a text is new.
func (r *recent) add(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now[text] || r.old[text] {
		return false
	}
	if r.now == nil || len(r.now) >= maxRecent {
		r.now, r.old = make(map[string]bool), r.now
	}
	r.now[text] = true
	return true
}
