package resolver

import (
	"net/netip"
	"sync"
	"time"
)

// plainFor is how long a server that can't do something is not asked to again.
const plainFor = 15 * time.Minute

// A server is one upstream server and what is known about it.
type server struct {
	addr    netip.AddrPort
	name    string // addr as text
	trusted bool   // its AD bit counts

	mu         sync.Mutex
	ednsAgain  time.Time
	mixedAgain time.Time
}

func newServer(addr netip.AddrPort, c *Config) *server {
	return &server{
		addr:    addr,
		name:    addr.String(),
		trusted: c.TrustAD || addr.Addr().Unmap().IsLoopback(),
	}
}

// form returns how to dress a query for s now.
func (s *server) form(c *Config) form {
	now := c.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	f := form{udpSize: c.UDPSize, mixed: c.Randomize0x20 && !now.Before(s.mixedAgain)}
	if c.NoEDNS || now.Before(s.ednsAgain) {
		f.udpSize = 0
	}
	return f
}

// noEDNS notes that s failed at a query with an OPT record.
func (s *server) noEDNS(now time.Time) {
	s.mu.Lock()
	s.ednsAgain = now.Add(plainFor)
	s.mu.Unlock()
}

// noMixed notes that s does not keep the case of names.
func (s *server) noMixed(now time.Time) {
	s.mu.Lock()
	s.mixedAgain = now.Add(plainFor)
	s.mu.Unlock()
}

func (s *server) close() {}
