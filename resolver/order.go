package resolver

import (
	"cmp"
	"slices"
	"time"
)

// exploreOdds is how often a server that does not seem the fastest is tried
// first, so that its speed is known: one time in so many.
const exploreOdds = 20

// A ranked is a server with what decides its place.
type ranked struct {
	*server
	srtt time.Duration
	down bool
}

// order returns the servers in the order they are to be tried: the fastest
// first, those that were silent lately last. Now and then another server that
// is up goes first.
func (r *Resolver) order() []*server {
	switch {
	case len(r.servers) == 1:
		return r.servers
	case r.cfg.Rotate:
		r.mu.Lock()
		first := r.turns % len(r.servers)
		r.turns++
		r.mu.Unlock()
		return slices.Concat(r.servers[first:], r.servers[:first])
	}
	now := time.Now()
	ranks := make([]ranked, len(r.servers))
	for i, s := range r.servers {
		srtt, down := s.state(now)
		ranks[i] = ranked{s, srtt, down}
	}
	slices.SortStableFunc(ranks, func(a, b ranked) int {
		if a.down != b.down {
			if a.down {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.srtt, b.srtt)
	})
	var dice [2]byte
	r.ids.take(dice[:])
	if i := 1 + int(dice[1])%(len(ranks)-1); int(dice[0])*exploreOdds < 256 && !ranks[i].down {
		ranks[0], ranks[i] = ranks[i], ranks[0]
	}
	order := make([]*server, len(ranks))
	for i, x := range ranks {
		order[i] = x.server
	}
	return order
}
