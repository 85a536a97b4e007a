package resolver

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// plainFor is how long a server that can't do something is not asked to
	// do it again.
	plainFor = 15 * time.Minute
	// firstRetransmit is the shortest wait before a query is sent again.
	firstRetransmit = 400 * time.Millisecond
	// downFor is how long a server that did not answer is not tried first for
	// the sake of finding out.
	downFor = 10 * time.Second
)

// A server is one upstream server and what is known about it.
type server struct {
	addr    netip.AddrPort
	name    string // addr as text
	trusted bool   // its AD bit counts
	slots   slots
	idleFor time.Duration // how long a TCP connection is kept
	age     time.Duration // of a UDP socket at most
	again   time.Duration // the shortest wait before a query is sent again

	mu         sync.Mutex
	srtt       time.Duration // smoothed round trip, 0 while unknown
	down       time.Time     // when it last failed to answer
	ednsAgain  time.Time
	mixedAgain time.Time
	sockets    []*socket // those that take queries, and those that wait
	idle       []*idleConn
	closed     bool
}

func newServer(addr netip.AddrPort, c *Config) *server {
	return &server{
		addr:    addr,
		name:    addr.String(),
		trusted: c.TrustAD || addr.Addr().Unmap().IsLoopback(),
		slots:   make(slots, c.MaxInflight),
		idleFor: tcpIdle,
		age:     socketAge,
		again:   firstRetransmit,
	}
}

// form returns how to dress a query for s now.
func (s *server) form(c *Config, now time.Time) form {
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

// answered takes a round trip into account.
func (s *server) answered(rtt time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = time.Time{}
	if s.srtt == 0 {
		s.srtt = rtt
		return
	}
	s.srtt += (rtt - s.srtt) / 4
}

// silent takes a missing answer into account. The round trip stays as it is, so
// that one lost datagram does not slow the next retransmission down.
func (s *server) silent(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = now
}

// state returns the smoothed round trip and whether s was silent lately.
func (s *server) state(now time.Time) (srtt time.Duration, down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.srtt, !s.down.IsZero() && now.Sub(s.down) < downFor
}

// patience returns how long to wait for the answer to the n-th try, from 0,
// before the next.
func (s *server) patience(n int, limit time.Duration) time.Duration {
	s.mu.Lock()
	d := max(3*s.srtt, s.again)
	s.mu.Unlock()
	for ; n > 0 && d < limit; n-- {
		d *= 2
	}
	return min(d, limit)
}

// send sends t over one of the sockets.
func (s *server) send(t *try, ids *idSource) error {
	for {
		k, err := s.socket()
		if err != nil {
			return err
		}
		if ok, err := k.send(t); ok || err != nil {
			return err
		}
		ids.take(t.query[:2]) // the ID was taken
	}
}

// socket returns the socket with the fewest open queries, or a new one.
func (s *server) socket() (*socket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	var best *socket
	least := 0
	for _, k := range s.sockets {
		if n := k.load(); best == nil || n < least {
			best, least = k, n
		}
		if least == 0 {
			break
		}
	}
	if best != nil && (least < socketShare || len(s.sockets) >= maxSockets) {
		return best, nil
	}
	k, err := newSocket(s)
	if err != nil {
		return nil, err
	}
	s.sockets = append(s.sockets, k)
	return k, nil
}

// drop forgets a closed socket.
func (s *server) drop(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, x := range s.sockets {
		if x == k {
			s.sockets = append(s.sockets[:i], s.sockets[i+1:]...)
			return
		}
	}
}

// close closes all sockets. Queries that are still open fail.
func (s *server) close() {
	s.mu.Lock()
	s.closed = true
	sockets, idle := s.sockets, s.idle
	s.sockets, s.idle = nil, nil
	s.mu.Unlock()
	for _, k := range sockets {
		k.shut()
	}
	for _, c := range idle {
		c.timer.Stop()
		c.Close()
	}
}
