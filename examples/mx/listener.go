package main

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/pires/go-proxyproto"
)

// A listener wraps what the kernel gives us three times: it reads the PROXY
// header of trusted proxies, bounds the number of connections, and keeps them
// in a list so that the server can be stopped without cutting a message in two.
type listener struct {
	net.Listener
	max      int           // connections
	each     int           // connections of one client
	refusals chan struct{} // holds one value for each client that is being refused

	mu       sync.Mutex
	open     map[*conn]bool
	clients  map[netip.Prefix]int // connections of each client, once its address is known
	stopping bool
}

// proxyHeaderTimeout bounds the wait for the PROXY header of a trusted proxy.
const proxyHeaderTimeout = 5 * time.Second

// listen listens on a TCP address. Connections from the trusted networks must
// begin with a PROXY header, whose client address is then taken for the
// client's; a header from anyone else is what it looks like, a bad command.
func listen(address string, trusted []netip.Prefix, max, each int) (*listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if len(trusted) > 0 {
		l = &proxyproto.Listener{
			Listener:          l,
			ConnPolicy:        func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) { return proxyPolicy(o, trusted), nil },
			ReadHeaderTimeout: proxyHeaderTimeout,
		}
	}
	return &listener{
		Listener: l,
		max:      max,
		each:     each,
		refusals: make(chan struct{}, maxRefusals),
		open:     map[*conn]bool{},
		clients:  map[netip.Prefix]int{},
	}, nil
}

func proxyPolicy(o proxyproto.ConnPolicyOptions, trusted []netip.Prefix) proxyproto.Policy {
	peer := addrPort(o.Upstream).Addr()
	for _, p := range trusted {
		if p.Contains(peer) {
			return proxyproto.REQUIRE
		}
	}
	return proxyproto.SKIP
}

// Accept returns the next connection. One too many is told so and closed.
func (l *listener) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: nc, l: l}
		if l.add(c) {
			return c, nil
		}
		select {
		case l.refusals <- struct{}{}:
			go l.refuse(nc)
		default: // a flood: no time for words
			nc.Close()
		}
	}
}

// maxRefusals bounds the clients that are being told to come back.
const maxRefusals = 50

// refuse tells a client that it may come back. It runs beside Accept, because
// the PROXY header is read before the first octet is written.
func (l *listener) refuse(c net.Conn) {
	defer func() { c.Close(); <-l.refusals }()
	c.SetDeadline(time.Now().Add(proxyHeaderTimeout))
	c.Write([]byte("421 4.3.2 Too many connections, try again later\r\n"))
}

func (l *listener) add(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= l.max || l.stopping {
		return false
	}
	l.open[c] = true
	return true
}

// stop makes every connection that waits for a command end at once, and every
// other as soon as its command has been answered. The client gets a 421 reply.
func (l *listener) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopping = true
	for c := range l.open {
		if !c.inMessage {
			c.Conn.SetReadDeadline(longAgo)
		}
	}
}

var longAgo = time.Unix(1, 0)

// A conn is one connection of a listener.
type conn struct {
	net.Conn
	l *listener

	// Guarded by l.mu.
	inMessage bool         // between DATA and the final dot
	hangUp    bool         // close after the next reply
	refused   int          // commands
	client    netip.Prefix // where it is counted; the zero value if it is not

	greeted bool // the first reply is out; used by Write only
}

// SetReadDeadline sets the deadline for the next command, unless the server is
// stopping: then there is no next command.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if c.l.stopping && !c.inMessage {
		t = longAgo
	}
	return c.Conn.SetReadDeadline(t)
}

// message brackets the transfer of a message, which may take until the deadline.
func (c *conn) message(deadline time.Time) (done func()) {
	c.setInMessage(true)
	c.SetReadDeadline(deadline)
	return func() { c.setInMessage(false) }
}

func (c *conn) setInMessage(on bool) {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.inMessage = on
}

// closeAfterReply makes the next reply the last one.
func (c *conn) closeAfterReply() {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.hangUp = true
}

// countRefusal counts a reply if it is a refusal, and reports whether it is one
// too many: then the connection closes after the next reply.
func (c *conn) countRefusal(reply error) bool {
	var e *smtp.SMTPError
	if !errors.As(reply, &e) || e.Code < 400 {
		return false
	}
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.refused++
	c.hangUp = c.hangUp || c.refused > maxRefused
	return c.refused > maxRefused
}

// admit counts the connection as one of its client, and reports whether that
// has no more than it may. It waits for the PROXY header.
func (c *conn) admit() bool {
	client := network(addrPort(c.Conn.RemoteAddr()).Addr())
	if !client.IsValid() {
		return true // there is no address: the session refuses it
	}
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if !c.l.open[c] || c.l.clients[client] >= c.l.each {
		return false
	}
	c.client = client
	c.l.clients[client]++
	return true
}

// network is what counts as one client: an address, of IPv6 the network of 64
// bits that a customer gets.
func network(a netip.Addr) netip.Prefix {
	p, _ := a.Prefix(min(a.BitLen(), 64)) // the zero value for the zero Addr
	return p
}

// Write writes a reply. The first one is the greeting, and the time to turn away
// a client that has too many connections: Accept does not know it yet.
func (c *conn) Write(b []byte) (int, error) {
	if !c.greeted {
		c.greeted = true
		if !c.admit() {
			c.Conn.Write([]byte("421 4.7.0 Too many connections from your address\r\n"))
			return 0, errors.Join(errTooMany, c.Close())
		}
	}
	n, err := c.Conn.Write(printableReply(b))
	c.l.mu.Lock()
	last := c.hangUp
	c.l.mu.Unlock()
	if last {
		c.Close()
	}
	return n, err
}

// printableReply returns a reply in which only printable ASCII is left: go-smtp
// repeats parts of a command as they came, and a control or a lone CR among them
// is an answer of its own to some clients. TLS records, which begin with no
// digit, are returned as they are.
func printableReply(b []byte) []byte {
	line, ok := bytes.CutSuffix(b, []byte("\r\n"))
	if !ok || b[0] < '0' || b[0] > '9' {
		return b
	}
	clean := bytes.Clone(b) // a writer may not change what it is given
	for i, x := range line {
		if x < ' ' || x > '~' {
			clean[i] = '?'
		}
	}
	return clean
}

var errTooMany = errors.New("too many connections of this client")

func (c *conn) Close() error {
	c.l.mu.Lock()
	delete(c.l.open, c)
	if c.client.IsValid() {
		if c.l.clients[c.client]--; c.l.clients[c.client] == 0 {
			delete(c.l.clients, c.client)
		}
		c.client = netip.Prefix{}
	}
	c.l.mu.Unlock()
	return c.Conn.Close()
}

// addrPort returns a TCP address in the form that the library takes. The zero
// value stands for one that is no TCP address.
func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
