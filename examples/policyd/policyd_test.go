package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/policyd"
)

const zone = `
example.com.      300 IN TXT "v=spf1 ip4:192.0.2.10 -all"
soft.example.     300 IN TXT "v=spf1 ~all"
mistake.example.  300 IN TXT "v=spf1 ipv4:192.0.2.10 -all"
broken.example.   300 IN TXT "v=spf1 -all"
mail.example.com. 300 IN TXT "v=spf1 ip4:192.0.2.10 -all"
`

// syncBuffer is a buffer for logs that a test reads while they are written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

var listening = regexp.MustCompile(`listening address=(\S+)`)

// start runs the program and returns a client of it. stop ends the program and
// returns what it logged.
func start(t *testing.T, args ...string) (c *policyd.Client, stop func() string) {
	t.Helper()
	dns := resolvertest.Must(zone)
	dns.SetFault("broken.example.", "TXT", resolvertest.ServFail)
	l, err := dns.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	args = append(args, "-dns", l.Addr().String(), "-hostname", "mx.example.org")
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	var log syncBuffer
	done := make(chan error, 1)
	go func() { done <- run(ctx, args, &log) }()
	var address []string
	for range 1000 {
		if address = listening.FindStringSubmatch(log.String()); address != nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if address == nil {
		t.Fatalf("the program does not listen:\n%s", log.String())
	}
	c = &policyd.Client{Network: "tcp", Address: address[1]}
	if strings.HasPrefix(address[1], "/") {
		c.Network = "unix"
	}
	t.Cleanup(func() { c.Close() })
	return c, func() string {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run = %v after the signal; want nil", err)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("the program does not stop")
		}
		return log.String()
	}
}

// request makes a request out of "name=value" texts; later ones replace earlier
// ones.
func request(values ...string) []restrict.Attr {
	values = append([]string{"request=smtpd_access_policy", "protocol_state=RCPT", "protocol_name=ESMTP", "client_address=192.0.2.10",
		"client_name=mail.example.com", "reverse_client_name=mail.example.com", "helo_name=mail.example.com", "sender=eve@example.com",
		"recipient=alice@example.org", "size=0"}, values...)
	var attrs []restrict.Attr
	for _, v := range values {
		name, value, _ := strings.Cut(v, "=")
		replaced := false
		for i := range attrs {
			if attrs[i].Name == name {
				attrs[i].Value, replaced = value, true
			}
		}
		if !replaced {
			attrs = append(attrs, restrict.Attr{Name: name, Value: value})
		}
	}
	return attrs
}

func TestAnswers(t *testing.T) {
	c, stop := start(t, "-listen", "inet:127.0.0.1:0", "-trust", "198.51.100.0/24, 2001:db8::1")
	for _, tt := range []struct{ name, request, want string }{
		{"pass", "", `PREPEND Received-SPF: pass `},
		{"softfail", "sender=x@soft.example", "PREPEND Received-SPF: softfail "},
		{"none", "sender=x@nothing.example", "PREPEND Received-SPF: none "},
		{"fail", "client_address=192.0.2.11", "550 5.7.23 "},
		{"permerror", "sender=x@mistake.example", "550 5.7.24 "},
		{"temperror", "sender=x@broken.example", "451 4.7.24 "},
		{"bounce, by HELO", "sender= client_address=192.0.2.11", "550 5.7.23 "},
		{"at DATA", "protocol_state=DATA client_address=192.0.2.11", "550 5.7.23 "},
		{"trusted network", "client_address=198.51.100.7", "DUNNO"},
		{"trusted address", "client_address=2001:db8::1", "DUNNO"},
		{"logged in", "sasl_username=bob client_address=192.0.2.11", "DUNNO"},
		{"before MAIL", "protocol_state=EHLO sender= client_address=192.0.2.11", "DUNNO"},
		{"VRFY", "protocol_state=VRFY client_address=192.0.2.11", "DUNNO"},
		{"no address", "client_address=unknown", "451 4.7.24 "},
		{"first recipient", "instance=a.1", "PREPEND "},
		{"second recipient", "instance=a.1 recipient=bob@example.org", "DUNNO"},
		{"another message", "instance=a.2", "PREPEND "},
	} {
		got, err := c.Query(t.Context(), request(strings.Fields(tt.request)...))
		if err != nil || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
	if log := stop(); !strings.Contains(log, `sender=eve@example.com`) || !strings.Contains(log, "stopped") {
		t.Errorf("log:\n%s", log)
	}
}

// A line end in a value would be another action for Postfix.
func TestOneLine(t *testing.T) {
	c, _ := start(t, "-listen", "inet:127.0.0.1:0")
	got, err := c.Query(t.Context(), request("helo_name=a\nb\"; (x)", `sender="a\r\n b"@example.com`))
	if err != nil || strings.ContainsAny(got, "\r\n\t") || !strings.HasPrefix(got, "PREPEND Received-SPF: pass ") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestConcurrent(t *testing.T) {
	c, _ := start(t, "-listen", "inet:127.0.0.1:0", "-record", filepath.Join(t.TempDir(), "f"))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got, err := c.Query(t.Context(), request("client_address=192.0.2.11")); err != nil || !strings.HasPrefix(got, "550") {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	wg.Wait()
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spf")
	if l, err := net.Listen("unix", path); err == nil { // left behind by a crash
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		l.Close()
	}
	c, stop := start(t, "-listen", "unix:"+path, "-mode", "0600")
	if got, err := c.Query(t.Context(), request()); err != nil || !strings.HasPrefix(got, "PREPEND") {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: %v, %v", info, err)
	}
	if err := run(t.Context(), []string{"-listen", "unix:" + path}, io.Discard); err == nil {
		t.Error("a second one took the socket away")
	}
	stop()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket is still there")
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-unknown"}, {"-listen", "127.0.0.1:0"}, {"-listen", "inet:x"}, {"-listen", "unix:/no/such/directory/s"}, {"-dns", "x"},
		{"-trust", "x"}, {"-trust", "192.0.2.0/33"}, {"-record", "/no/such/directory/f"}, {"-mode", "rw"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if err := run(ctx, args, io.Discard); err == nil {
			t.Errorf("run(%q) = nil; want an error", args)
		}
		cancel()
	}
	got, err := parseNetworks("127.0.0.0/8, ::1")
	if err != nil || len(got) != 2 || !got[1].Contains(netip.IPv6Loopback()) {
		t.Errorf("parseNetworks = %v, %v", got, err)
	}
}

func TestRecent(t *testing.T) {
	var r recent
	for i := range 3 * maxRecent {
		if !r.add(string(rune('a'+i%26)) + strings.Repeat("x", i%97) + time.Duration(i).String()) {
			t.Fatalf("text %d was there", i)
		}
	}
	if n := len(r.now) + len(r.old); n > 2*maxRecent || n < maxRecent {
		t.Errorf("%d texts remembered", n)
	}
	if r.add("new") != true || r.add("new") != false {
		t.Error("add of the same text twice")
	}
}
