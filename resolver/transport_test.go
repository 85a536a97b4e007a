package resolver_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// servers starts one listener for each of srvs.
func servers(t *testing.T, srvs ...*resolvertest.Server) []netip.AddrPort {
	t.Helper()
	var addrs []netip.AddrPort
	for _, s := range srvs {
		l, err := s.Listen("")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		addrs = append(addrs, l.Addr())
	}
	return addrs
}

// TestNextServer checks which answers make the resolver go on to the next
// server, and how soon.
func TestNextServer(t *testing.T) {
	tests := []struct {
		fault resolvertest.Fault
		next  bool
		max   time.Duration
	}{
		{resolvertest.None, false, 390 * time.Millisecond},
		{resolvertest.ServFail, true, 390 * time.Millisecond},
		{resolvertest.Refused, true, 390 * time.Millisecond},
		{resolvertest.Referral, true, 390 * time.Millisecond},
		{resolvertest.WrongOwner, true, 390 * time.Millisecond},
		{resolvertest.Timeout, true, 1500 * time.Millisecond},
		{resolvertest.WrongName, true, 1500 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.fault.String(), func(t *testing.T) {
			t.Parallel()
			a := resolvertest.Must(`a.example. 300 IN A 192.0.2.1`)
			b := resolvertest.Must(`a.example. 300 IN A 192.0.2.2`)
			a.SetFault("*", "*", tt.fault)
			r := newResolver(t, resolver.Config{Servers: servers(t, a, b), Rotate: true, CacheEntries: -1})
			start := time.Now()
			got, err := r.LookupNetIP(t.Context(), "ip4", "a.example.")
			d := time.Since(start)
			if err != nil || got[0].As4()[3] != map[bool]byte{false: 1, true: 2}[tt.next] || d > tt.max {
				t.Errorf("got %v, %v after %v", got, err, d)
			}
		})
	}
}

// TestNotFoundIsFinal checks that one server's NXDOMAIN or NODATA is believed.
func TestNotFoundIsFinal(t *testing.T) {
	a := resolvertest.Must(`example. 300 IN SOA ns.example. host.example. 1 2 3 4 5`)
	b := resolvertest.Must(oneHost)
	r := newResolver(t, resolver.Config{Servers: servers(t, a, b), Rotate: true})
	if _, err := r.LookupNetIP(t.Context(), "ip4", "a.example."); !errors.Is(err, resolver.NXDomain) {
		t.Errorf("got %v", err)
	}
}

// TestWorstFailure checks which of several failures is told.
func TestWorstFailure(t *testing.T) {
	a, b := resolvertest.Must(oneHost), resolvertest.Must(oneHost)
	a.SetFault("*", "*", resolvertest.ServFail)
	b.SetFault("*", "*", resolvertest.Refused)
	r := newResolver(t, resolver.Config{Servers: servers(t, a, b), Tries: 2})
	_, err := r.LookupTXT(t.Context(), "a.example.")
	if !errors.Is(err, resolver.ServFail) {
		t.Errorf("got %v, want ServFail", err)
	}
	if n := len(a.Queries()) + len(b.Queries()); n != 2 {
		t.Errorf("%d queries, want one to each server", n)
	}
}

// TestFastServerFirst checks the choice by round trip: nearly all questions go
// to the quick server, a few to the slow one.
func TestFastServerFirst(t *testing.T) {
	slow, fast := resolvertest.Must(`*.example. 0 IN A 192.0.2.1`), resolvertest.Must(`*.example. 0 IN A 192.0.2.1`)
	slow.SetFault("*", "*", resolvertest.Slow)
	slow.SetDelay(5 * time.Millisecond)
	r := newResolver(t, resolver.Config{Servers: servers(t, slow, fast)})
	for i := range 400 {
		addrTTL(t, r, fmt.Sprintf("n%d.example.", i))
	}
	if n := len(slow.Queries()); n < 1 || n > 100 {
		t.Errorf("%d of 400 questions went to the slow server", n)
	}
}

func TestRotate(t *testing.T) {
	a, b := resolvertest.Must(`*.example. 0 IN A 192.0.2.1`), resolvertest.Must(`*.example. 0 IN A 192.0.2.1`)
	r := newResolver(t, resolver.Config{Servers: servers(t, a, b), Rotate: true})
	for i := range 10 {
		addrTTL(t, r, fmt.Sprintf("n%d.example.", i))
	}
	if len(a.Queries()) != 5 || len(b.Queries()) != 5 {
		t.Errorf("%d and %d questions, want 5 each", len(a.Queries()), len(b.Queries()))
	}
}

// TestClosedPort checks that a server which is not there is found out at once.
func TestClosedPort(t *testing.T) {
	// The system may give the port to somebody else before it is asked, and it
	// limits how often it says that a port is closed: three tries.
	var addr netip.AddrPort
	for try := 1; ; try++ {
		addr = closedPort(t)
		r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}})
		start := time.Now()
		_, err := r.LookupHost(t.Context(), "a.example.")
		if d := time.Since(start); errors.Is(err, resolver.Network) && d < time.Second {
			break
		} else if try == 3 {
			t.Fatalf("got %v after %v", err, d)
		}
	}
	good := resolvertest.Must(oneHost)
	r := newResolver(t, resolver.Config{Servers: append([]netip.AddrPort{addr}, servers(t, good)...), Rotate: true})
	if got, err := r.LookupNetIP(t.Context(), "ip4", "a.example."); err != nil || len(got) != 1 {
		t.Errorf("with a second server: %v, %v", got, err)
	}
}

// closedPort returns an address where nobody listens.
func closedPort(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := resolvertest.Must(oneHost).Listen("")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr()
}

// TestRetransmit checks that a lost query is repeated soon, and with a new ID.
func TestRetransmit(t *testing.T) {
	truth := answerer(resolvertest.Must(oneHost))
	var mu sync.Mutex
	var ids []uint16
	addr := udpServer(t, func(q []byte, _ netip.AddrPort, reply func([]byte)) {
		mu.Lock()
		defer mu.Unlock()
		if ids = append(ids, binary.BigEndian.Uint16(q)); len(ids) == 3 {
			reply(truth(q))
		}
	})
	r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}})
	start := time.Now()
	got, err := r.LookupNetIP(t.Context(), "ip4", "a.example.")
	d := time.Since(start)
	if err != nil || len(got) != 1 || d < 1100*time.Millisecond || d > 1900*time.Millisecond {
		t.Errorf("got %v, %v after %v; want the third try to be sent after 400+800 ms", got, err, d)
	}
	mu.Lock()
	defer mu.Unlock()
	if ids[0] == ids[1] && ids[1] == ids[2] {
		t.Errorf("IDs %v", ids)
	}
}

// TestLateAnswer checks that the answer to the first query counts although a
// second was sent meanwhile.
func TestLateAnswer(t *testing.T) {
	srv := resolvertest.Must(oneHost)
	srv.SetFault("*", "*", resolvertest.Slow)
	srv.SetDelay(600 * time.Millisecond)
	r := listen(t, srv, resolver.Config{})
	start := time.Now()
	got, err := r.LookupNetIP(t.Context(), "ip4", "a.example.")
	if d := time.Since(start); err != nil || len(got) != 1 || d > 980*time.Millisecond {
		t.Errorf("got %v, %v after %v", got, err, d)
	}
}

// TestPortsChange checks that a socket is not used forever.
func TestPortsChange(t *testing.T) {
	truth := answerer(resolvertest.Must(`*.example. 0 IN A 192.0.2.1`))
	var mu sync.Mutex
	ports := make(map[uint16]int)
	addr := udpServer(t, func(q []byte, from netip.AddrPort, reply func([]byte)) {
		mu.Lock()
		ports[from.Port()]++
		mu.Unlock()
		reply(truth(q))
	})
	r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}})
	for i := range 2000 {
		addrTTL(t, r, fmt.Sprintf("n%d.example.", i))
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ports) < 4 {
		t.Errorf("2000 queries came from %d ports", len(ports))
	}
	for p, n := range ports {
		if n > 512 {
			t.Errorf("%d queries came from port %d", n, p)
		}
	}
}

// TestMaxInflight checks that no more queries are open at a server than
// allowed, and that those who wait can give up.
func TestMaxInflight(t *testing.T) {
	const most = 4
	truth := answerer(resolvertest.Must(`*.example. 0 IN A 192.0.2.1`))
	var open, peak atomic.Int64
	addr := udpServer(t, func(q []byte, _ netip.AddrPort, reply func([]byte)) {
		peak.Store(max(peak.Load(), open.Add(1)))
		go func() {
			time.Sleep(50 * time.Millisecond)
			open.Add(-1)
			reply(truth(q))
		}()
	})
	r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}, MaxInflight: most})
	var callers sync.WaitGroup
	for i := range 40 {
		callers.Go(func() { addrTTL(t, r, fmt.Sprintf("n%d.example.", i)) })
	}
	time.Sleep(15 * time.Millisecond)
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer stop()
	start := time.Now()
	_, err := r.LookupTXT(ctx, "late.example.")
	if d := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || d > 300*time.Millisecond {
		t.Errorf("a caller in the queue came back after %v with %v", d, err)
	}
	callers.Wait()
	if peak.Load() > most {
		t.Errorf("%d queries were open at once, want %d at the most", peak.Load(), most)
	}
}

// TestSlotsAcrossServers checks that lookups which need a slot of each of two
// busy servers do not wait for each other forever.
func TestSlotsAcrossServers(t *testing.T) {
	a, b := resolvertest.Must(oneHost), resolvertest.Must(oneHost)
	a.SetFault("*", "*", resolvertest.Timeout)
	b.SetFault("*", "*", resolvertest.Timeout)
	r := newResolver(t, resolver.Config{Servers: servers(t, a, b), Rotate: true, MaxInflight: 1, Deadline: time.Second})
	start := time.Now()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if _, err := r.LookupTXT(t.Context(), fmt.Sprintf("n%d.example.", i)); !errors.Is(err, resolver.Timeout) {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("back after %v", d)
	}
}

// TestAnswerWhileQueued checks that the answer of a slow server is taken while
// the lookup waits for a slot of the next.
func TestAnswerWhileQueued(t *testing.T) {
	slow, busy := resolvertest.Must(`*.example. 0 IN A 192.0.2.1`), resolvertest.Must(`*.example. 0 IN A 192.0.2.1`)
	slow.SetFault("*", "*", resolvertest.Slow)
	slow.SetDelay(700 * time.Millisecond)
	busy.SetFault("*", "*", resolvertest.Timeout)
	addrs := servers(t, busy, slow)
	r := newResolver(t, resolver.Config{Servers: addrs, Rotate: true, MaxInflight: 1, Timeout: 5 * time.Second, Tries: 1})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { // holds the only slot of the busy server
		defer close(done)
		r.LookupTXT(ctx, "blocker.example.")
	}()
	time.Sleep(50 * time.Millisecond)
	start := time.Now()
	got, err := r.LookupNetIP(t.Context(), "ip4", "a.example.") // begins at the slow one
	if d := time.Since(start); err != nil || len(got) != 1 || d > 1500*time.Millisecond {
		t.Errorf("got %v, %v after %v", got, err, d)
	}
	stop()
	<-done
}

// tcpServer answers the first bytes of each connection with answers, in order,
// and truncates over UDP.
func tcpServer(t *testing.T, handle func(c net.Conn, query []byte) bool) netip.AddrPort {
	t.Helper()
	srv := resolvertest.Must(oneHost)
	srv.SetFault("*", "*", resolvertest.Truncate)
	truncate := answerer(srv)
	addr := udpServer(t, func(q []byte, _ netip.AddrPort, reply func([]byte)) { reply(truncate(q)) })
	ln, err := net.Listen("tcp", addr.String())
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for {
					var n [2]byte
					if _, err := io.ReadFull(c, n[:]); err != nil {
						return
					}
					q := make([]byte, binary.BigEndian.Uint16(n[:]))
					if _, err := io.ReadFull(c, q); err != nil || !handle(c, q) {
						return
					}
				}
			}()
		}
	}()
	return addr
}

func frame(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

// TestTCP checks what can go wrong after truncation.
func TestTCP(t *testing.T) {
	srv := resolvertest.Must(oneHost)
	truth := answerer(srv)
	tests := []struct {
		name   string
		handle func(c net.Conn, q []byte) bool
		kind   resolver.Kind
	}{
		{"answer", func(c net.Conn, q []byte) bool { c.Write(frame(truth(q))); return true }, 0},
		{"one answer per connection", func(c net.Conn, q []byte) bool { c.Write(frame(truth(q))); return false }, 0},
		{"in pieces", func(c net.Conn, q []byte) bool {
			for _, b := range frame(truth(q)) {
				c.Write([]byte{b})
			}
			return true
		}, 0},
		{"closed", func(net.Conn, []byte) bool { return false }, resolver.Network},
		{"cut", func(c net.Conn, q []byte) bool { c.Write(frame(truth(q))[:20]); return false }, resolver.Network},
		{"silent", func(net.Conn, []byte) bool { return true }, resolver.Timeout},
		{"garbage", func(c net.Conn, q []byte) bool { c.Write(frame([]byte("garbage"))); return true }, resolver.Malformed},
		{"echo", func(c net.Conn, q []byte) bool { c.Write(frame(q)); return true }, resolver.Malformed},
		{"broken", func(c net.Conn, q []byte) bool {
			b := truth(q)
			c.Write(frame(b[:len(b)-1]))
			return true
		}, resolver.Malformed},
		{"truncated again", func(c net.Conn, q []byte) bool {
			b := truth(q)
			b[2] |= 2
			c.Write(frame(b))
			return true
		}, resolver.Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := tcpServer(t, tt.handle)
			r := newResolver(t, resolver.Config{
				Servers: []netip.AddrPort{addr}, CacheEntries: -1, Tries: 1, Timeout: 300 * time.Millisecond,
			})
			for range 3 {
				got, err := r.LookupNetIP(t.Context(), "ip4", "a.example.")
				if kindOf(err) != tt.kind || err == nil && len(got) != 1 {
					t.Errorf("got %v, %v; want kind %v", got, err, tt.kind)
				}
			}
		})
	}
}

// TestTCPCancel checks that a caller who waits for TCP can give up.
func TestTCPCancel(t *testing.T) {
	addr := tcpServer(t, func(net.Conn, []byte) bool { return true })
	r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}})
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	start := time.Now()
	_, err := r.LookupTXT(ctx, "a.example.")
	if d := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || d > time.Second {
		t.Errorf("back after %v with %v", d, err)
	}
}

// TestTCPReuse checks that connections are kept, and not too many.
func TestTCPReuse(t *testing.T) {
	srv := resolvertest.Must(oneHost)
	truth := answerer(srv)
	var mu sync.Mutex
	conns := make(map[net.Conn]int)
	addr := tcpServer(t, func(c net.Conn, q []byte) bool {
		mu.Lock()
		conns[c]++
		mu.Unlock()
		c.Write(frame(truth(q)))
		return true
	})
	r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}, CacheEntries: -1})
	for range 5 {
		addrTTL(t, r, "a.example.")
	}
	if len(conns) != 1 {
		t.Errorf("%d connections for 5 queries", len(conns))
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { r.LookupTXT(t.Context(), fmt.Sprintf("n%d.example.", i)) })
	}
	wg.Wait()
}

// TestTrust checks whose AD bit counts.
func TestTrust(t *testing.T) {
	srv := resolvertest.Must(oneHost)
	srv.SetAuthentic("*", true)
	tests := []struct {
		server  string
		trustAD bool
		want    bool
	}{
		{"127.0.0.1:53", false, true},
		{"[::1]:53", false, true},
		{"[::ffff:127.0.0.53]:53", false, true},
		{"192.0.2.53:53", false, false},
		{"192.0.2.53:53", true, true},
	}
	for _, tt := range tests {
		c := srv.Config()
		c.Servers = []netip.AddrPort{netip.MustParseAddrPort(tt.server)}
		c.TrustAD = tt.trustAD
		r := newResolver(t, c)
		_, _, got, err := r.LookupNetIPMeta(t.Context(), "ip4", "a.example.")
		if got != tt.want || err != nil {
			t.Errorf("%s, TrustAD %v: authentic %v, %v", tt.server, tt.trustAD, got, err)
		}
		_, err = r.LookupTXT(t.Context(), "nx.example.")
		if e := err.(*resolver.Error); e.Authentic != tt.want {
			t.Errorf("%s, TrustAD %v: NXDOMAIN authentic %v", tt.server, tt.trustAD, e.Authentic)
		}
	}
}

// TestEvents checks that each exchange and each answer from the cache is told
// once, and that secrets stay out.
func TestEvents(t *testing.T) {
	srv := resolvertest.Must(
		`example. 300 IN SOA ns.example. host.example. 1 2 3 4 60`,
		`1.key.list.example. 300 IN A 127.0.0.2`)
	srv.SetFault("bad.key.list.example.", "*", resolvertest.ServFail)
	srv.SetFault("cut.key.list.example.", "*", resolvertest.Truncate)
	var got []string
	r := listen(t, srv, resolver.Config{
		Redact: func(name string) string { return strings.Replace(name, ".key.", ".*.", 1) },
		OnEvent: func(e resolver.Event) {
			if !e.Cached && (e.Dur <= 0 || !e.Server.IsValid()) {
				t.Errorf("%+v", e)
			}
			got = append(got, fmt.Sprint(e.Name, " ", resolver.TypeString(e.Type), " ", e.Kind.String(), " ", e.TCP, " ", e.Cached))
		},
	})
	for _, name := range []string{"1.KEY.list.example.", "1.key.list.example.", "2.key.list.example.", "bad.key.list.example.", "cut.key.list.example.", "cut.key.list.example."} {
		_, err := r.LookupNetIP(t.Context(), "ip4", name)
		var d *net.DNSError
		if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), "key") || errors.As(err, &d) && strings.Contains(d.Name, "key") {
			t.Errorf("%q shows the key", err)
		}
	}
	want := []string{
		"1.*.list.example. A ok false false",
		"1.*.list.example. A ok false true",
		"2.*.list.example. A no such name false false",
		"bad.*.list.example. A server failure false false",
		"cut.*.list.example. A malformed answer false false",
		"cut.*.list.example. A no such name true false",
		"cut.*.list.example. A no such name false true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestClose checks that lookups end when the resolver is closed under them.
func TestClose(t *testing.T) {
	srv := resolvertest.Must(oneHost)
	srv.SetFault("slow.example.", "*", resolvertest.Timeout)
	r := listen(t, srv, resolver.Config{})
	addrTTL(t, r, "a.example.")
	errs := make(chan error, 3)
	for range cap(errs) {
		go func() {
			_, err := r.LookupTXT(t.Context(), "slow.example.")
			errs <- err
		}()
	}
	time.Sleep(50 * time.Millisecond)
	r.Close()
	for range cap(errs) {
		select {
		case err := <-errs:
			if !errors.Is(err, resolver.Network) {
				t.Errorf("under way: %v", err)
			}
		case <-time.After(2 * time.Second):
			t.Fatal("a lookup did not end")
		}
	}
	if _, err := r.LookupTXT(t.Context(), "b.example."); !errors.Is(err, resolver.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if ttl := addrTTL(t, r, "a.example."); ttl == 0 {
		t.Error("the cache is gone")
	}
	if err := r.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// TestCloseUnderWay checks that Close ends a lookup whatever it waits for, and
// that its error says why.
func TestCloseUnderWay(t *testing.T) {
	t.Parallel()
	silent := resolvertest.Must(oneHost)
	silent.SetFault("*", "*", resolvertest.Timeout)
	tests := map[string]resolver.Config{
		"again over UDP": {Servers: servers(t, silent)},
		"over TCP":       {Servers: []netip.AddrPort{tcpServer(t, func(net.Conn, []byte) bool { return true })}},
		"in a hook": {Exchange: func(ctx context.Context, _ netip.AddrPort, _ []byte, _ bool) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Timeout, c.Deadline = time.Minute, time.Hour
			r := newResolver(t, c)
			time.AfterFunc(500*time.Millisecond, func() { r.Close() }) // after the first repetition
			start := time.Now()
			_, err := r.LookupTXT(t.Context(), "slow.example.")
			if d := time.Since(start); !errors.Is(err, resolver.ErrClosed) || kindOf(err) != resolver.Network || d > 10*time.Second {
				t.Errorf("back after %v with %v", d, err)
			}
		})
	}
}

// TestServerComesBack checks that the news of a closed port, which arrive with
// the next query, do not spoil that one.
func TestServerComesBack(t *testing.T) {
	srv := resolvertest.Must(`*.example. 0 IN A 192.0.2.1`)
	l, err := srv.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr()
	r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}, FailTTL: -1})
	for i := range 5 {
		addrTTL(t, r, fmt.Sprintf("n%d.example.", i))
		l.Close()
		if _, err := r.LookupNetIP(t.Context(), "ip4", "down.example."); !errors.Is(err, resolver.Network) {
			t.Errorf("while it is down: %v", err)
		}
		if l, err = srv.Listen(addr.String()); err != nil {
			t.Skip(err)
		}
	}
	l.Close()
}

// TestFairQueue checks that lookups which wait for a slot get it in the order
// they came.
func TestFairQueue(t *testing.T) {
	srv := resolvertest.Must(`*.example. 0 IN A 192.0.2.1`)
	srv.SetFault("*", "*", resolvertest.Slow)
	srv.SetDelay(150 * time.Millisecond)
	r := newResolver(t, resolver.Config{Servers: servers(t, srv), MaxInflight: 1})
	var wg sync.WaitGroup
	var want []string
	for i := range 6 {
		want = append(want, fmt.Sprintf("n%d.example. A", i))
		wg.Go(func() { addrTTL(t, r, fmt.Sprintf("n%d.example.", i)) })
		time.Sleep(20 * time.Millisecond)
	}
	wg.Wait()
	if got := srv.Queries(); !slices.Equal(got, want) {
		t.Errorf("queries %q, want %q", got, want)
	}
}

// TestTCPStrayAnswer checks that an answer nobody asked for does not shift all
// later answers on its connection by one.
func TestTCPStrayAnswer(t *testing.T) {
	srv := resolvertest.Must(`*.example. 0 IN A 192.0.2.1`)
	truth := answerer(srv)
	addr := tcpServer(t, func(c net.Conn, q []byte) bool {
		b := frame(truth(q))
		c.Write(append(b, b...))
		return true
	})
	r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}, CacheEntries: -1, Tries: 1})
	for i := range 4 {
		addrTTL(t, r, fmt.Sprintf("n%d.example.", i))
	}
}

// TestDeadlineOfTCP checks that a lookup does not outlast Config.Deadline in a
// connection whose server is silent.
func TestDeadlineOfTCP(t *testing.T) {
	addr := tcpServer(t, func(net.Conn, []byte) bool { return true })
	r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}, Deadline: 100 * time.Millisecond})
	start := time.Now()
	_, err := r.LookupTXT(t.Context(), "a.example.")
	if d := time.Since(start); !errors.Is(err, resolver.Timeout) || d > time.Second {
		t.Errorf("back after %v with %v", d, err)
	}
}
