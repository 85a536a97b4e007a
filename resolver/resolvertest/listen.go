package resolvertest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A Listener serves a [Server] over UDP and TCP on one port.
type Listener struct {
	server *Server
	udp    *net.UDPConn
	tcp    *net.TCPListener
	addr   netip.AddrPort
	wg     sync.WaitGroup
	done   chan struct{}

	mu    sync.Mutex
	conns map[net.Conn]bool // nil after Close
}

const (
	listenTries = 20               // for a port that is free for UDP and TCP
	tcpIdle     = 10 * time.Second // a connection without queries is closed
)

// Listen serves s over UDP and TCP on the same port of an address such as
// "127.0.0.1:0"; "" means that one. Its receive buffer has the size that the
// system gives, so that a burst of some hundred queries may lose a few, as it
// does with any server. Close the listener to stop.
func (s *Server) Listen(addr string) (*Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("resolvertest: %w", err)
	}
	l := &Listener{server: s, done: make(chan struct{}), conns: make(map[net.Conn]bool)}
	for range listenTries {
		if err = l.bind(ap); err == nil || ap.Port() != 0 {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("resolvertest: %w", err)
	}
	l.wg.Add(2)
	go l.serveUDP()
	go l.serveTCP()
	return l, nil
}

func (l *Listener) bind(ap netip.AddrPort) error {
	udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(ap))
	if err != nil {
		return err
	}
	addr := udp.LocalAddr().(*net.UDPAddr).AddrPort()
	addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	tcp, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(addr))
	if err != nil {
		udp.Close()
		return err
	}
	l.udp, l.tcp, l.addr = udp, tcp, addr
	return nil
}

// Addr returns the address and port that is served.
func (l *Listener) Addr() netip.AddrPort { return l.addr }

// Close stops serving and waits until everything has ended.
func (l *Listener) Close() error {
	l.mu.Lock()
	conns := l.conns
	l.conns = nil
	l.mu.Unlock()
	if conns == nil {
		return nil
	}
	close(l.done)
	l.udp.Close()
	l.tcp.Close()
	for c := range conns {
		c.Close()
	}
	l.wg.Wait()
	return nil
}

func (l *Listener) serveUDP() {
	defer l.wg.Done()
	buf := make([]byte, 1<<16)
	for {
		n, from, err := l.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			select {
			case <-l.done:
				return
			default:
				continue // an ICMP error of an earlier answer
			}
		}
		out := l.server.respond(buf[:n], false, true)
		l.later(out, func(msg []byte) { l.udp.WriteToUDPAddrPort(msg, from) })
	}
}

// later sends the messages of out with send, now or after the delay. Between
// garbage and the answer is a pause, so that a client that gives up is seen.
func (l *Listener) later(out response, send func([]byte)) {
	if out.delay == 0 && len(out.msgs) <= 1 {
		for _, m := range out.msgs {
			send(m)
		}
		return
	}
	l.wg.Add(1)
	go func() {
		defer l.wg.Done()
		wait := out.delay
		for _, m := range out.msgs {
			if !l.sleep(wait) {
				return
			}
			send(m)
			wait = 20 * time.Millisecond
		}
	}()
}

func (l *Listener) sleep(d time.Duration) bool {
	if d == 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-l.done:
		return false
	}
}

func (l *Listener) serveTCP() {
	defer l.wg.Done()
	for {
		c, err := l.tcp.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		open := l.conns != nil
		if open {
			l.conns[c] = true
			l.wg.Add(1)
			go l.serveConn(c)
		}
		l.mu.Unlock()
		if !open {
			c.Close()
		}
	}
}

func (l *Listener) serveConn(c net.Conn) {
	defer l.wg.Done()
	defer func() {
		c.Close()
		l.mu.Lock()
		if l.conns != nil {
			delete(l.conns, c)
		}
		l.mu.Unlock()
	}()
	for {
		c.SetDeadline(time.Now().Add(tcpIdle))
		var length [2]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		out := l.server.respond(query, true, false)
		if !l.sleep(out.delay) {
			return
		}
		for _, m := range out.msgs {
			b := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(m)), uint16(len(m)))
			if _, err := c.Write(append(b, m...)); err != nil {
				return
			}
		}
	}
}

// Servers returns Addr as the field Servers of resolver.Config wants it.
func (l *Listener) Servers() []netip.AddrPort { return []netip.AddrPort{l.addr} }
