package resolver

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"time"

	"github.com/miekg/dns"
)

const (
	tcpIdle    = 10 * time.Second // an idle connection is closed after this
	maxIdleTCP = 4                // per server
)

// An idleConn is a TCP connection that waits for its next query.
type idleConn struct {
	net.Conn
	timer *time.Timer
}

// exchangeTCP sends a query over TCP, on a connection that is open already or
// a new one (RFC 7766, section 6.2.1), and returns the answer.
func (s *server) exchangeTCP(ctx context.Context, query []byte) (*dns.Msg, error) {
	for {
		conn, reused, err := s.dialTCP(ctx)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { conn.SetDeadline(past) })
		b, err := roundTrip(conn, query)
		clean := stop() // false: the deadline of conn is spoilt
		var m *dns.Msg
		if err == nil {
			m, err = readAnswer(b, query)
		}
		if err == nil && clean {
			s.putTCP(conn)
			return m, nil
		}
		conn.Close() // after a wrong answer the next one may be wrong too
		switch {
		case err == nil:
			return m, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case !reused:
			return nil, err
		}
		// The server may have closed the connection meanwhile, or left an
		// answer in it that nobody asked for.
	}
}

// readAnswer unpacks b if it answers query.
func readAnswer(b, query []byte) (*dns.Msg, error) {
	if matchAnswer(b, query) == matchNone {
		return nil, malformedError{errWrongAnswer}
	}
	m, err := parseAnswer(b)
	if err != nil {
		return nil, malformedError{err}
	}
	return m, nil
}

// A malformedError is the cause of a Malformed failure.
type malformedError struct{ error }

func roundTrip(conn net.Conn, query []byte) ([]byte, error) {
	buf := make([]byte, 0, 2+len(query))
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(query)))
	if _, err := conn.Write(append(buf, query...)); err != nil {
		return nil, err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(conn, b)
	return b, err
}

// dialTCP returns an idle connection or a new one.
func (s *server) dialTCP(ctx context.Context) (conn net.Conn, reused bool, err error) {
	for {
		s.mu.Lock()
		n := len(s.idle)
		if n == 0 {
			s.mu.Unlock()
			var d net.Dialer
			conn, err = d.DialContext(ctx, "tcp", s.name)
			return conn, false, err
		}
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		if c.timer.Stop() {
			return c.Conn, true, nil
		}
	}
}

// putTCP keeps a connection for the next query.
func (s *server) putTCP(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.idle) >= maxIdleTCP {
		conn.Close()
		return
	}
	c := &idleConn{Conn: conn}
	c.timer = time.AfterFunc(s.idleFor, func() { s.dropTCP(c) })
	s.idle = append(s.idle, c)
}

// dropTCP closes a connection that was idle for too long.
func (s *server) dropTCP(c *idleConn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, x := range s.idle {
		if x == c {
			s.idle = append(s.idle[:i], s.idle[i+1:]...)
			return
		}
	}
}
