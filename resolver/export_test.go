package resolver

import "time"

// SetFirstRetransmit makes r send queries again sooner than users may. It must
// be called before the first lookup.
func SetFirstRetransmit(r *Resolver, d time.Duration) {
	for _, s := range r.servers {
		s.again = d
	}
}
