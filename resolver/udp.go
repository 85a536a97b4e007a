package resolver

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

const (
	socketQueries = 512              // a socket is given up after so many queries,
	socketAge     = 30 * time.Second // or at this age, so that its port changes
	socketShare   = 16               // queries open on each socket before there is another
	maxSockets    = 64               // per server, with those that only wait for answers
	maxWrong      = 100              // wrong datagrams for one query: forgery, ask by TCP
)

// A socket is a connected UDP socket with a random port that carries many
// queries. While queries are open somebody reads it: whoever sent the first of
// them until that is answered, then a goroutine, which ends with the last.
type socket struct {
	server *server
	conn   *net.UDPConn
	timer  *time.Timer // retires the socket at its age

	mu      sync.Mutex
	open    map[uint16]*try
	reading bool
	sent    int
	retired bool // takes no more queries; closed when none is open
	closed  bool
}

// A try is one query to one server, waiting for its answer.
type try struct {
	server   *server
	socket   *socket
	form     form
	query    []byte
	start    time.Time
	wrong    int
	arrivals chan<- arrival // never blocks: it has room for all tries
	done     bool           // reported to Config.OnEvent, or given up when sent

	// reads asks send to leave the reading of the socket to the caller, who
	// must call readFor; send clears it if somebody reads already.
	reads bool
}

func (t *try) id() uint16 { return binary.BigEndian.Uint16(t.query) }

// An arrival is what became of a try.
type arrival struct {
	try   *try
	msg   *dns.Msg
	match match
	err   error
}

var errForged = errors.New("too many wrong answers")

// past is a deadline that has passed.
var past = time.Unix(1, 0)

func newSocket(s *server) (*socket, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(s.addr))
	if err != nil {
		return nil, err
	}
	k := &socket{server: s, conn: conn, open: make(map[uint16]*try)}
	k.mu.Lock() // the timer may be quick
	defer k.mu.Unlock()
	k.timer = time.AfterFunc(s.age, k.retire)
	return k, nil
}

// send registers t under its query's ID and sends the query. It returns false
// if the socket is closed or the ID taken; then nothing was sent.
func (k *socket) send(t *try) (bool, error) {
	id := t.id()
	k.mu.Lock()
	if k.closed || k.open[id] != nil {
		k.mu.Unlock()
		return false, nil
	}
	t.socket = k
	k.open[id] = t
	k.sent++
	retire := k.sent >= socketQueries
	switch {
	case k.reading:
		t.reads = false
	case !t.reads:
		k.start()
	}
	k.reading = true
	k.mu.Unlock()
	_, err := k.conn.Write(t.query)
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			k.refused(t, err)
		}
		k.forget(t)
		if t.reads {
			k.handOver()
		}
	}
	if retire {
		k.retire()
	}
	return true, err
}

// refused passes on that the server's port is closed, which the system says
// once: to the first of two queries by the failure of the second, t.
func (k *socket) refused(t *try, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, o := range k.open {
		if o != t {
			delete(k.open, id)
			o.arrivals <- arrival{try: o, err: err}
		}
	}
}

// shut closes the socket under its queries, which fail.
func (k *socket) shut() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed {
		k.closed = true
		k.timer.Stop()
		k.conn.Close()
	}
}

// load returns how many queries are open, more than there can be if the socket
// is to take no more.
func (k *socket) load() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := len(k.open)
	if k.retired {
		n += 1 << 16
	}
	return n
}

// forget gives a try up.
func (k *socket) forget(t *try) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.open[t.id()] != t {
		return
	}
	delete(k.open, t.id())
	if len(k.open) == 0 && k.reading {
		k.conn.SetReadDeadline(past) // wakes the reader, which ends
	}
}

// retire makes the socket take no more queries.
func (k *socket) retire() {
	k.mu.Lock()
	k.retired = true
	k.unlock()
}

// unlock releases mu, and closes a retired socket that nobody reads.
func (k *socket) unlock() {
	last := k.retired && !k.reading && !k.closed
	if last {
		k.closed = true
		k.conn.Close()
	}
	k.mu.Unlock()
	if last {
		k.timer.Stop()
		k.server.drop(k)
	}
}

var datagrams = sync.Pool{New: func() any { return new([maxUDPSize]byte) }}

// handOver ends the reading of somebody who has no query open any more.
func (k *socket) handOver() {
	k.mu.Lock()
	defer k.unlock()
	if k.reading = len(k.open) > 0; k.reading {
		k.start()
	}
}

// start makes a goroutine the reader. The caller holds mu.
func (k *socket) start() {
	k.conn.SetReadDeadline(time.Time{})
	go k.read()
}

// read delivers answers until no query is open.
func (k *socket) read() {
	buf := datagrams.Get().(*[maxUDPSize]byte)
	defer datagrams.Put(buf)
	for {
		n, err := k.conn.Read(buf[:])
		if k.step(k.match(buf[:n]), err, nil, time.Time{}) {
			return
		}
	}
}

// readFor delivers answers until t has one, d is over or ctx ends.
func (k *socket) readFor(ctx context.Context, t *try, d time.Duration) {
	end := time.Now().Add(d)
	k.conn.SetReadDeadline(end)
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() { k.conn.SetReadDeadline(past) })
		defer stop() // if it comes late, the next reader sets its deadline again
	}
	buf := datagrams.Get().(*[maxUDPSize]byte)
	defer datagrams.Put(buf)
	for {
		n, err := k.conn.Read(buf[:])
		a := k.match(buf[:n])
		if ctx.Err() != nil {
			end = past
		}
		if k.step(a, err, t, end) {
			return
		}
	}
}

// match finds the try that a datagram answers. The zero arrival stands for
// none.
func (k *socket) match(b []byte) arrival {
	if len(b) < headerLen {
		return arrival{}
	}
	k.mu.Lock()
	t := k.open[uint16(b[0])<<8|uint16(b[1])]
	k.mu.Unlock()
	if t == nil {
		return arrival{}
	}
	how := matchAnswer(b, t.query)
	if how == matchNone {
		return arrival{}
	}
	m, err := parseAnswer(b)
	if err != nil {
		return arrival{}
	}
	return arrival{try: t, msg: m, match: how}
}

// step hands on what the reader got, and reports whether it is to end: the
// reading goroutine (t is nil) when no query is open, another reader when t is
// not open any more or end has passed.
func (k *socket) step(a arrival, err error, t *try, end time.Time) bool {
	k.mu.Lock()
	defer k.unlock()
	late := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case late:
		k.conn.SetReadDeadline(end) // it may have been set to wake the reader
	case err != nil: // the server's port is closed, or ours
		for id, t := range k.open {
			delete(k.open, id)
			t.arrivals <- arrival{try: t, err: err}
		}
	case a.try != nil:
		if k.open[a.try.id()] == a.try {
			delete(k.open, a.try.id())
			a.try.arrivals <- a
		}
	default:
		k.countWrong()
	}
	switch {
	case len(k.open) == 0:
		k.reading = false
		return true
	case t == nil:
		return false
	case k.open[t.id()] != t, !time.Now().Before(end):
		k.start()
		return true
	}
	return false
}

// countWrong notes a datagram that answers nothing. The caller holds mu.
func (k *socket) countWrong() {
	for id, t := range k.open {
		if t.wrong++; t.wrong > maxWrong {
			delete(k.open, id)
			t.arrivals <- arrival{try: t, err: errForged}
		}
	}
}
