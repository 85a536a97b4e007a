package resolver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// udpServer calls handle for every datagram. reply sends one back.
func udpServer(t *testing.T, handle func(query []byte, from netip.AddrPort, reply func([]byte))) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 1<<16)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			handle(slices.Clone(buf[:n]), from, func(b []byte) { conn.WriteToUDPAddrPort(b, from) })
		}
	}()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func newResolver(t *testing.T, c resolver.Config) *resolver.Resolver {
	t.Helper()
	r, err := resolver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// answerer answers like a server with one zone.
func answerer(srv *resolvertest.Server) func(q []byte) []byte {
	return func(q []byte) []byte {
		b, _ := srv.Exchange(context.Background(), netip.AddrPort{}, q, false)
		return b
	}
}

const oneHost = `a.example. 300 IN A 192.0.2.1`

func TestCancelReturnsAtOnce(t *testing.T) {
	srv := resolvertest.Must(oneHost)
	srv.SetFault("*", "*", resolvertest.Timeout)
	r := listen(t, srv, resolver.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	start := time.Now()
	_, err := r.LookupTXT(ctx, "a.example.")
	if d := time.Since(start); d > time.Second || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled after 50ms, back after %v with %v", d, err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	start = time.Now()
	_, err = r.LookupTXT(ctx, "b.example.")
	if d := time.Since(start); d > time.Second || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("50ms given, back after %v with %v", d, err)
	}
	if _, err = r.LookupTXT(ctx, "c.example."); !errors.Is(err, context.DeadlineExceeded) || len(srv.Queries()) > 2 {
		t.Errorf("with a context that has ended: %v, queries %q", err, srv.Queries())
	}
}

// TestDeadline checks that a lookup ends even if the caller never gives up.
func TestDeadline(t *testing.T) {
	srv := resolvertest.Must(oneHost)
	srv.SetFault("*", "*", resolvertest.WrongName)
	r := listen(t, srv, resolver.Config{Deadline: 200 * time.Millisecond})
	start := time.Now()
	_, err := r.LookupTXT(t.Context(), "a.example.")
	if d := time.Since(start); d > time.Second || !errors.Is(err, resolver.Timeout) {
		t.Errorf("back after %v with %v", d, err)
	}
}

// TestForgery checks what must not count as an answer: each of the datagrams
// comes before the true one.
func TestForgery(t *testing.T) {
	truth := answerer(resolvertest.Must(oneHost))
	lie := answerer(resolvertest.Must(`a.example. 300 IN A 203.0.113.66`))
	change := func(i int, f func(byte) byte) func(q []byte) []byte {
		return func(q []byte) []byte {
			b := lie(q)
			b[i] = f(b[i])
			return b
		}
	}
	add := func(n byte) func(byte) byte { return func(b byte) byte { return b + n } }
	tests := []struct {
		name  string
		forge func(q []byte) []byte
	}{
		{"nothing", func([]byte) []byte { return nil }},
		{"short", func(q []byte) []byte { return lie(q)[:11] }},
		{"cut in the question", func(q []byte) []byte { return lie(q)[:20] }},
		{"cut in the records", func(q []byte) []byte { b := lie(q); return b[:len(b)-3] }},
		{"cut behind the question", func(q []byte) []byte { return lie(q)[:12+11+4] }},
		{"echo", func(q []byte) []byte { return q }},
		{"other ID", change(1, add(1))},
		{"not an answer", change(2, func(b byte) byte { return b &^ 0x80 })},
		{"other opcode", change(2, func(b byte) byte { return b | 0x20 })},
		{"two questions", change(5, add(1))},
		{"no question", change(5, func(byte) byte { return 0 })},
		{"other name", change(13, add(1))},
		{"other type", change(12+11+1, add(1))},
		{"other class", change(12+11+3, add(2))},
		{"other case", change(13, func(b byte) byte { return b ^ 0x20 })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr := udpServer(t, func(q []byte, _ netip.AddrPort, reply func([]byte)) {
				reply(tt.forge(q))
				reply(truth(q))
			})
			r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}, Tries: 1})
			got, err := r.LookupHost(t.Context(), "a.example.")
			if tt.name == "other case" { // only randomized case makes a difference of it
				if !slices.Equal(got, []string{"203.0.113.66"}) {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			if err != nil || !slices.Equal(got, []string{"192.0.2.1"}) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// TestManyForgeries checks that a flood of wrong answers makes the resolver ask
// over TCP, where forging is harder.
func TestManyForgeries(t *testing.T) {
	srv := resolvertest.Must(oneHost)
	l, err := srv.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// The UDP half floods; the TCP half is the server's.
	var wrong int
	var tcp bool
	proxy := floodingServer(t, l.Addr())
	r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{proxy}, OnEvent: func(e resolver.Event) {
		wrong += e.Wrong
		tcp = tcp || e.TCP
	}})
	got, err := r.LookupNetIP(t.Context(), "ip4", "a.example.")
	if err != nil || len(got) != 1 || wrong <= 100 || !tcp {
		t.Errorf("got %v, %v after %d wrong datagrams, TCP: %v", got, err, wrong, tcp)
	}
}

// floodingServer answers every query over UDP with 150 forgeries, and passes
// TCP on to another server.
func floodingServer(t *testing.T, upstream netip.AddrPort) netip.AddrPort {
	t.Helper()
	addr := udpServer(t, func(q []byte, _ netip.AddrPort, reply func([]byte)) {
		for i := range 150 {
			b := slices.Clone(q)
			b[1] += byte(i + 1)
			b[2] |= 0x80
			reply(b)
			time.Sleep(100 * time.Microsecond)
		}
	})
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
			up, err := net.Dial("tcp", upstream.String())
			if err != nil {
				return
			}
			go func() { defer up.Close(); bytes.NewBuffer(nil).ReadFrom(teeTo{c, up}) }()
			go func() { defer c.Close(); bytes.NewBuffer(nil).ReadFrom(teeTo{up, c}) }()
		}
	}()
	return addr
}

// teeTo copies what it reads from one connection to the other.
type teeTo struct{ from, to net.Conn }

func (t teeTo) Read(b []byte) (int, error) {
	n, err := t.from.Read(b)
	if n > 0 {
		t.to.Write(b[:n])
	}
	return n, err
}

// TestSizes checks answers around the sizes that matter over UDP.
func TestSizes(t *testing.T) {
	for _, size := range []int{1, 255, 256, 450, 512, 600, 1100, 1232, 1300, 4096, 5000, 40000} {
		text := strings.Repeat("0123456789", size/10+1)[:size]
		var zone strings.Builder
		zone.WriteString("a.example. 300 IN TXT")
		for s := text; s != ""; {
			n := min(len(s), 200)
			fmt.Fprintf(&zone, " %q", s[:n])
			s = s[n:]
		}
		var overTCP atomic.Bool
		r := listen(t, resolvertest.Must(zone.String()), resolver.Config{OnEvent: func(e resolver.Event) {
			if e.TCP {
				overTCP.Store(true)
			}
		}})
		got, err := r.LookupTXT(t.Context(), "a.example.")
		if err != nil || len(got) != 1 || got[0] != text {
			t.Errorf("%d octets: got %d records, %v", size, len(got), err)
		}
		if want := size > 1200; overTCP.Load() != want {
			t.Errorf("%d octets: TCP %v, want %v", size, overTCP.Load(), want)
		}
	}
}

// TestPlainQueries checks that a server which fails at EDNS is asked without
// it, and that this is remembered.
func TestPlainQueries(t *testing.T) {
	for _, f := range []resolvertest.Fault{resolvertest.FormErr, resolvertest.NotImp} {
		srv := resolvertest.Must(`*.example. 300 IN A 192.0.2.1`)
		srv.SetFault("*", "*", f)
		clock := srv.Clock()
		r := listen(t, srv, resolver.Config{Now: clock.Now, CacheEntries: -1})
		count := func() int {
			srv.ResetQueries()
			if _, err := r.LookupHost(t.Context(), "a.example."); kindOf(err) != 0 && kindOf(err) != resolver.NoData {
				t.Errorf("%v: %v", f, err)
			}
			if _, err := r.LookupNetIP(t.Context(), "ip4", "a.example."); err != nil {
				t.Errorf("%v: %v", f, err)
			}
			return len(srv.Queries())
		}
		if first := count(); first < 4 {
			t.Errorf("%v: %d queries at first, want two for some", f, first)
		}
		if second := count(); second != 3 {
			t.Errorf("%v: %d queries then, want one for each lookup", f, second)
		}
		clock.Advance(16 * time.Minute)
		if third := count(); third < 4 {
			t.Errorf("%v: EDNS is not tried again", f)
		}
	}
}

func kindOf(err error) resolver.Kind {
	var k resolver.Kind
	errors.As(err, &k)
	return k
}

// TestHeaderOnlyError checks that an error without a question counts, as some
// servers send it.
func TestHeaderOnlyError(t *testing.T) {
	truth := answerer(resolvertest.Must(oneHost))
	addr := udpServer(t, func(q []byte, _ netip.AddrPort, reply func([]byte)) {
		if q[11] == 1 { // with OPT
			reply([]byte{q[0], q[1], 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0})
			return
		}
		reply(truth(q))
	})
	r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}, Tries: 1})
	if got, err := r.LookupNetIP(t.Context(), "ip4", "a.example."); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestFormErrWithOPT checks that FORMERR from a server that knows EDNS is about
// the question, and changes nothing for the others.
func TestFormErrWithOPT(t *testing.T) {
	srv := resolvertest.Must(oneHost)
	plain := 0
	c := srv.Config()
	c.Exchange = func(ctx context.Context, s netip.AddrPort, q []byte, tcp bool) ([]byte, error) {
		if q[11] == 0 {
			plain++
		}
		b, err := srv.Exchange(ctx, s, q, tcp)
		if bytes.Contains(q, []byte("odd")) {
			b[3] = b[3]&0xf0 | 1
		}
		return b, err
	}
	r := newResolver(t, c)
	_, err := r.LookupTXT(t.Context(), "odd.example.")
	if !errors.Is(err, resolver.ServFail) || !strings.Contains(err.Error(), "FORMERR") {
		t.Errorf("got %v", err)
	}
	if _, err := r.LookupNetIP(t.Context(), "ip4", "a.example."); err != nil || plain != 0 {
		t.Errorf("%v, %d queries without EDNS", err, plain)
	}
	// Nor does a server that fails with and without EDNS lose it.
	c.Exchange = func(_ context.Context, _ netip.AddrPort, q []byte, _ bool) ([]byte, error) {
		if q[11] == 0 {
			plain++
		}
		return []byte{q[0], q[1], 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0}, nil
	}
	r = newResolver(t, c)
	for range 3 {
		if _, err := r.LookupTXT(t.Context(), "a.example."); !errors.Is(err, resolver.ServFail) {
			t.Errorf("got %v", err)
		}
	}
	if plain != 3 {
		t.Errorf("%d queries without EDNS in 3 lookups", plain)
	}
}

// TestRandomCase checks 0x20 with servers that keep the case of names and with
// one that does not.
func TestRandomCase(t *testing.T) {
	truth := answerer(resolvertest.Must(`abcdefghijklmnopqrstuvwxyz.example. 300 IN A 192.0.2.1`))
	for _, fold := range []bool{false, true} {
		var mu sync.Mutex
		mixed, queries := 0, 0
		addr := udpServer(t, func(q []byte, _ netip.AddrPort, reply func([]byte)) {
			mu.Lock()
			queries++
			if !bytes.Equal(q, bytes.ToLower(q)) {
				mixed++
			}
			mu.Unlock()
			b := truth(q)
			if fold {
				copy(b[12:12+27], bytes.ToLower(b[12:12+27]))
			}
			reply(b)
		})
		r := newResolver(t, resolver.Config{Servers: []netip.AddrPort{addr}, Randomize0x20: true, CacheEntries: -1, Tries: 1})
		for range 3 {
			got, err := r.LookupNetIP(t.Context(), "ip4", "abcdefghijklmnopqrstuvwxyz.example.")
			if err != nil || len(got) != 1 {
				t.Errorf("fold %v: %v, %v", fold, got, err)
			}
		}
		mu.Lock()
		if fold && (mixed == 0 || queries != 4) || !fold && queries != 3 {
			t.Errorf("fold %v: %d queries, %d in mixed case", fold, queries, mixed)
		}
		mu.Unlock()
	}
}

// TestQueriesOfNames checks what names look like when they arrive.
func TestQueriesOfNames(t *testing.T) {
	tests := []struct{ name, want string }{
		{"A.Example", "a.example. TXT"},
		{"a+b=c@d%20.example.", "a+b=c@d%20.example. TXT"},
		{"a\\b.example.", "a\\b.example. TXT"},
		{"b\u00fccher.example.", "xn--bcher-kva.example. TXT"},
		{"\xff\x00.example.", "\xff\x00.example. TXT"},
		{"_dmarc.example.", "_dmarc.example. TXT"},
		{"192.0.2.1", "192.0.2.1. TXT"},
		{".", ". TXT"},
		{strings.Repeat("a", 63) + ".example.", strings.Repeat("a", 63) + ".example. TXT"},
		{strings.Repeat("abcdefg.", 31) + "abcde.", strings.Repeat("abcdefg.", 31) + "abcde. TXT"},
	}
	for _, tt := range tests {
		srv := resolvertest.Must(oneHost)
		_, err := srv.Resolver().LookupTXT(t.Context(), tt.name)
		if got := srv.Queries(); !slices.Equal(got, []string{tt.want}) || errors.Is(err, resolver.BadName) {
			t.Errorf("%q: queries %q, want %q; %v", tt.name, got, tt.want, err)
		}
	}
	bad := []string{
		"", "..", ".example.", "a..example.", "a.example..", strings.Repeat("a", 64) + ".example.",
		strings.Repeat("abcdefg.", 32), "a\u2028b.example.", strings.Repeat("\u00fc", 300) + ".example.",
	}
	for _, name := range bad {
		srv := resolvertest.Must(oneHost)
		_, err := srv.Resolver().LookupTXT(t.Context(), name)
		var d *net.DNSError
		if !errors.Is(err, resolver.BadName) || !errors.As(err, &d) || !d.IsNotFound || len(srv.Queries()) != 0 {
			t.Errorf("%q: %v, queries %q", name, err, srv.Queries())
		}
	}
}

// TestAliases checks chains of every length, and what they must not do.
func TestAliases(t *testing.T) {
	var zone strings.Builder
	for i := range 12 {
		fmt.Fprintf(&zone, "n%d.example. %d IN CNAME n%d.example.\n", i+1, 100+i, i)
	}
	zone.WriteString("n0.example. 300 IN A 192.0.2.1\nself.example. 300 IN CNAME self.example.\n")
	zone.WriteString("dot.example. 300 IN CNAME a\\.b.example.\nlower.example. 300 IN CNAME N0.EXAMPLE.\n")
	srv := resolvertest.Must(zone.String())
	r := srv.Resolver()
	for i := range 13 {
		name := fmt.Sprintf("n%d.example.", i)
		res, err := r.Lookup(t.Context(), name, resolver.TypeA)
		if i > 8 {
			if !errors.Is(err, resolver.Malformed) {
				t.Errorf("a chain of %d: %v, %v", i, res, err)
			}
			continue
		}
		if err != nil || res.Name != "n0.example." {
			t.Errorf("a chain of %d: %v, %v", i, res, err)
		} else if want := 100 * time.Second; i > 0 && res.TTL != want {
			t.Errorf("a chain of %d: TTL %v, want %v", i, res.TTL, want)
		}
	}
	for _, name := range []string{"self.example.", "dot.example."} {
		if res, err := r.Lookup(t.Context(), name, resolver.TypeA); !errors.Is(err, resolver.Malformed) {
			t.Errorf("%s: %v, %v", name, res, err)
		}
	}
	if res, err := r.Lookup(t.Context(), "lower.example.", resolver.TypeA); err != nil || res.Name != "n0.example." {
		t.Errorf("lower.example.: %v, %v", res, err)
	}
	if res, err := r.Lookup(t.Context(), "n3.example.", resolver.TypeCNAME); err != nil || res.Records[0].String() != "n2.example." {
		t.Errorf("asked for the alias itself: %v, %v", res, err)
	}
}

// TestPartialChain checks a server that answers with an alias only: its target
// is asked for.
func TestPartialChain(t *testing.T) {
	first := answerer(resolvertest.Must(`alias.example. 60 IN CNAME a.example.`))
	rest := answerer(resolvertest.Must(oneHost))
	var mu sync.Mutex
	var authentic byte
	r := newResolver(t, resolver.Config{Exchange: func(_ context.Context, _ netip.AddrPort, q []byte, _ bool) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		if bytes.Contains(q, []byte("alias")) {
			b := first(q)
			b[3] &= 0xf0 // NOERROR
			b[3] |= 0x20
			return b, nil
		}
		b := rest(q)
		b[3] |= authentic
		return b, nil
	}, CacheEntries: -1})
	for _, ad := range []byte{0, 0x20} {
		authentic = ad
		addrs, ttl, authentic, err := r.LookupNetIPMeta(t.Context(), "ip4", "alias.example.")
		if err != nil || len(addrs) != 1 || ttl != time.Minute || authentic != (ad != 0) {
			t.Errorf("AD %v: %v, %v, %v, %v", ad, addrs, ttl, authentic, err)
		}
	}
}
