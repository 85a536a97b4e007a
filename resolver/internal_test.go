package resolver

import (
	"context"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

// files returns how many files are open, or skips.
func files(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}

// TestIdleEnds checks that what nobody uses is closed without anybody asking.
func TestIdleEnds(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	before := files(t)
	s := newServer(ln.Addr().(*net.TCPAddr).AddrPort(), &Config{MaxInflight: 1})
	s.idleFor, s.age = time.Millisecond, time.Millisecond
	for range maxIdleTCP + 2 {
		c, _, err := s.dialTCP(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer s.putTCP(c)
	}
	if _, err := s.socket(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the deferred calls
		for range 200 {
			s.mu.Lock()
			left := len(s.idle) + len(s.sockets)
			s.mu.Unlock()
			if left == 0 && files(t) <= before {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Errorf("%d files open, %d before", files(t), before)
	})
}

// TestTakenID checks that two queries with the same ID do not meet on a socket.
func TestTakenID(t *testing.T) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := newServer(conn.LocalAddr().(*net.UDPAddr).AddrPort(), &Config{MaxInflight: 1})
	defer s.close()
	n := byte(0)
	ids := idSource{fill: func(b []byte) {
		for i := range b {
			b[i] = n
		}
		n++
	}}
	arrivals := make(chan arrival, 4)
	seen := make(map[uint16]bool)
	for range 4 {
		tr := &try{server: s, arrivals: arrivals}
		tr.query = appendQuery(nil, 7, "a.example", TypeA, 0)
		if err := s.send(tr, &ids); err != nil {
			t.Fatal(err)
		}
		if seen[tr.id()] {
			t.Errorf("ID %d is used twice", tr.id())
		}
		seen[tr.id()] = true
	}
}

// TestSocketBound checks that sockets which only wait do not add up.
func TestSocketBound(t *testing.T) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := newServer(conn.LocalAddr().(*net.UDPAddr).AddrPort(), &Config{MaxInflight: 1})
	defer s.close()
	r, _ := New(Config{Servers: []netip.AddrPort{s.addr}})
	for range 200 {
		tr := &try{server: s, arrivals: make(chan arrival, 1)}
		tr.query = appendQuery(nil, r.ids.id(), "a.example", TypeA, 0)
		if err := s.send(tr, &r.ids); err != nil {
			t.Fatal(err)
		}
		tr.socket.retire()
	}
	if len(s.sockets) > maxSockets {
		t.Errorf("%d sockets are open", len(s.sockets))
	}
}

func TestUnescape(t *testing.T) {
	tests := []struct {
		in, want string
		ok       bool
	}{
		{`a.b`, "a.b.", true},
		{`a\@b.`, "a@b.", true},
		{`a\032b\\.`, `a b\.`, true},
		{`\255\000.`, "\xff\x00.", true},
		{`a\.b.`, "", false},
		{`a\046b.`, "", false},
		{`a\`, `a\.`, true},
		{`a\12`, "a12.", true},
		{``, "", false},
		{`.`, ".", true},
	}
	for _, tt := range tests {
		if got, ok := rawName(tt.in); got != tt.want || ok != tt.ok {
			t.Errorf("rawName(%q) = %q, %v; want %q, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

// TestSystemFile checks a system without the file.
func TestSystemFile(t *testing.T) {
	var c Config
	if err := c.readFile(t.TempDir() + "/none"); err != nil || len(c.Servers) != 1 || !c.Servers[0].Addr().IsLoopback() {
		t.Errorf("%v, %v", c.Servers, err)
	}
	name := t.TempDir() + "/resolv.conf"
	os.WriteFile(name, []byte("nameserver 192.0.2.1\n"), 0o600)
	c = Config{}
	if err := c.readFile(name); err != nil || len(c.Servers) != 1 || c.Servers[0].String() != "192.0.2.1:53" {
		t.Errorf("%v, %v", c.Servers, err)
	}
}

// TestErrorTwice checks that a query is counted once whose sending fails while
// the reader of the socket has an error for it too.
func TestErrorTwice(t *testing.T) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r, err := New(Config{Servers: []netip.AddrPort{conn.LocalAddr().(*net.UDPAddr).AddrPort()}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a := asking{ctx: t.Context(), until: time.Now().Add(time.Minute), arrivals: make(chan arrival, 8)}
	a.start(r, key{"a.example", TypeA})
	defer a.end()
	a.arrivals <- arrival{try: &try{server: r.servers[0], done: true}, err: os.ErrClosed}
	if err := a.send(r.servers[0]); err != nil {
		t.Fatal(err)
	}
	if _, ok := a.wait(10 * time.Millisecond); ok || a.open != 1 {
		t.Errorf("%d queries open, want the one that was sent", a.open)
	}
}
