package resolver

import (
	"context"
	"net"
)

// LookupNS returns the name servers of name in the order of the answer. Hosts
// end in a dot.
func (r *Resolver) LookupNS(ctx context.Context, name string) ([]*net.NS, error) {
	f, err := r.lookup(ctx, name, TypeNS)
	if err != nil {
		return nil, err
	}
	own := make([]net.NS, len(f.names))
	servers := make([]*net.NS, len(f.names))
	for i, host := range f.names {
		own[i].Host = host
		servers[i] = &own[i]
	}
	return servers, nil
}
