package policyd

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/restrict"
)

func listen(t *testing.T, network string) net.Listener {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// script runs one function for each connection that comes in, in order.
func script(t *testing.T, conns ...func(nc net.Conn, r *bufio.Reader)) *Client {
	t.Helper()
	l := listen(t, "tcp")
	go func() {
		for _, f := range conns {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				f(nc, bufio.NewReader(nc))
			}()
		}
	}()
	c := &Client{Network: "tcp", Address: l.Addr().String(), Timeout: 5 * time.Second, RetryDelay: -1}
	t.Cleanup(func() { c.Close() })
	return c
}

// answer reads n requests and writes the same text for each.
func answer(n int, text string) func(net.Conn, *bufio.Reader) {
	return func(nc net.Conn, r *bufio.Reader) {
		for range n {
			if _, err := ReadRequest(r); err != nil {
				return
			}
			io.WriteString(nc, text)
		}
	}
}

func drop(net.Conn, *bufio.Reader) {}

var request = []restrict.Attr{{Name: "request", Value: "smtpd_access_policy"}, {Name: "sender", Value: "a@b.example"}}

func TestServe(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		l := listen(t, network)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		var open atomic.Int32
		go func() {
			done <- Serve(ctx, l, HandlerFunc(func(_ context.Context, r *Request) string {
				open.Add(1)
				if len(r.Attrs) != 2 || r.Get("absent") != "" {
					return "REJECT wrong request"
				}
				return "REJECT no\nmail from " + r.Get("sender")
			}))
		}()
		c := &Client{Network: network, Address: l.Addr().String()}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 20 {
					got, err := c.Query(t.Context(), request)
					if want := "REJECT no mail from a@b.example"; got != want || err != nil {
						t.Errorf("%s: Query = %q, %v; want %q", network, got, err, want)
						return
					}
				}
			})
		}
		wg.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s: Serve = %v", network, err)
		}
		if n := open.Load(); n != 160 {
			t.Errorf("%s: %d requests served, want 160", network, n)
		}
		c.Close()
	}
}

func TestServeEmptyAction(t *testing.T) {
	l := listen(t, "tcp")
	go Serve(t.Context(), l, HandlerFunc(func(_ context.Context, r *Request) string {
		return strings.Repeat("x", len(r.Get("size"))*MaxReply)
	}))
	c := &Client{Network: "tcp", Address: l.Addr().String()}
	if got, err := c.Query(t.Context(), nil); got != "DUNNO" || err != nil {
		t.Errorf("empty action: %q, %v; want DUNNO", got, err)
	}
	got, err := c.Query(t.Context(), []restrict.Attr{{Name: "size", Value: "11"}})
	if err != nil || len(got) > MaxReply {
		t.Errorf("long action: %d octets, %v", len(got), err)
	}
	c.Close()
}

// failListener fails with err.
type failListener struct {
	net.Listener
	errs []error
}

func (f *failListener) Accept() (net.Conn, error) {
	err := f.errs[0]
	f.errs = f.errs[1:]
	return nil, err
}
func (f *failListener) Close() error { return nil }

type timeout struct{ error }

func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func TestServeListenerError(t *testing.T) {
	broken := errors.New("broken")
	if err := Serve(t.Context(), &failListener{errs: []error{timeout{broken}, broken}}, nil); err != broken {
		t.Errorf("Serve = %v, want the listener's error", err)
	}
}

func TestQueryReuses(t *testing.T) {
	var conns atomic.Int32
	one := func(nc net.Conn, r *bufio.Reader) {
		conns.Add(1)
		answer(100, "action=DUNNO\n\n")(nc, r)
	}
	c := script(t, one, one, one)
	for range 10 {
		if got, err := c.Query(t.Context(), request); got != "DUNNO" || err != nil {
			t.Fatalf("Query = %q, %v", got, err)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for 10 requests, want 1", n)
	}
	c.RequestLimit = 12
	for range 4 {
		c.Query(t.Context(), request)
	}
	if n := conns.Load(); n != 2 {
		t.Errorf("%d connections with RequestLimit 12 after 14 requests, want 2", n)
	}
}

func TestQueryAges(t *testing.T) {
	tests := []struct {
		name string
		set  func(*Client)
		step time.Duration
	}{
		{"idle", func(c *Client) { c.MaxIdle = time.Second }, 2 * time.Second},
		{"ttl", func(c *Client) { c.MaxTTL = time.Second }, 2 * time.Second},
		{"kept none", func(c *Client) { c.MaxIdle = -1 }, 0},
	}
	for _, tt := range tests {
		var conns atomic.Int32
		one := func(nc net.Conn, r *bufio.Reader) {
			conns.Add(1)
			answer(9, "action=OK\n\n")(nc, r)
		}
		c := script(t, one, one)
		now := time.Unix(1000, 0)
		c.Now = func() time.Time { return now }
		tt.set(c)
		for range 2 {
			if _, err := c.Query(t.Context(), request); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			now = now.Add(tt.step)
		}
		if n := conns.Load(); n != 2 {
			t.Errorf("%s: %d connections, want 2", tt.name, n)
		}
	}
}

// TestQueryStale checks that a connection closed between two requests costs no
// try.
func TestQueryStale(t *testing.T) {
	c := script(t, answer(1, "action=ONE\n\n"), answer(1, "action=TWO\n\n"))
	c.Tries = 1
	for _, want := range []string{"ONE", "TWO"} {
		if got, err := c.Query(t.Context(), request); got != want || err != nil {
			t.Fatalf("Query = %q, %v; want %q", got, err, want)
		}
		time.Sleep(20 * time.Millisecond) // the close arrives
	}
}

func TestQueryRetries(t *testing.T) {
	c := script(t, drop, answer(1, "action= REJECT x \n\n"))
	c.RetryDelay = time.Millisecond
	if got, err := c.Query(t.Context(), request); got != "REJECT x" || err != nil {
		t.Errorf("Query = %q, %v; want the second connection's answer", got, err)
	}
}

func TestQueryErrors(t *testing.T) {
	long := "action=" + strings.Repeat("x", 2*MaxReply)
	tests := []struct {
		name, reply string
		want        error
	}{
		{"no action", "result=OK\n\n", ErrProtocol},
		{"garbage", "\x00\x01\n\n", ErrProtocol},
		{"second attribute", "action=OK\nmore=1\n\n", ErrProtocol},
		{"endless", long, ErrProtocol},
		{"cut off", "action=OK\n", ErrIO},
		{"closed", "", ErrIO},
	}
	for _, tt := range tests {
		c := script(t, answer(1, tt.reply), answer(1, tt.reply))
		got, err := c.Query(t.Context(), request)
		var e *Error
		if got != "" || !errors.As(err, &e) || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), c.Address) {
			t.Errorf("%s: Query = %q, %v; want %v", tt.name, got, err, tt.want)
		}
	}
	l := listen(t, "tcp")
	l.Close()
	c := &Client{Network: "tcp", Address: l.Addr().String(), RetryDelay: -1}
	if _, err := c.Query(t.Context(), request); !errors.Is(err, ErrDial) {
		t.Errorf("nobody listens: %v, want ErrDial", err)
	}
}

func TestQueryTimeoutAndCancel(t *testing.T) {
	hang := func(nc net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }
	c := script(t, hang, hang, hang)
	c.Timeout, c.Tries = 30*time.Millisecond, 1
	if _, err := c.Query(t.Context(), request); !errors.Is(err, ErrIO) {
		t.Errorf("timeout: %v, want ErrIO", err)
	}
	c.Timeout = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := c.Query(ctx, request); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("context: %v, want DeadlineExceeded", err)
	}
	c.Timeout, c.Tries, c.RetryDelay = 30*time.Millisecond, 5, time.Minute
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := c.Query(ctx, request); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
		t.Errorf("context during the delay: %v after %v", err, time.Since(start))
	}
}

func TestAppendRequest(t *testing.T) {
	got := string(AppendRequest(nil, []restrict.Attr{{Name: "helo_name", Value: "a\nclient_address=127.0.0.1\r\n\n\x7f=ü"}, {Name: "a=b", Value: ""}}))
	if want := "helo_name=a?client_address=127.0.0.1???" + "?=ü\na?b=\n\n"; got != want {
		t.Errorf("AppendRequest = %q, want %q", got, want)
	}
}

func TestReadRequestErrors(t *testing.T) {
	many := strings.Repeat("a=b\n", MaxAttrs+1) + "\n"
	for _, tt := range []struct {
		in   string
		want error
	}{{"", io.EOF}, {"a=b\n", io.ErrUnexpectedEOF}, {"a=b", io.ErrUnexpectedEOF}, {"ab\n\n", ErrProtocol}, {"=b\n\n", ErrProtocol}, {many, ErrProtocol},
		{"a=" + strings.Repeat("x", MaxRequest) + "\n\n", ErrProtocol}} {
		if req, err := ReadRequest(bufio.NewReader(strings.NewReader(tt.in))); !errors.Is(err, tt.want) {
			t.Errorf("ReadRequest(%.20q) = %v, %v; want %v", tt.in, req, err, tt.want)
		}
	}
}
