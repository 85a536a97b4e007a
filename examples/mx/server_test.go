package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/smtp"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// testServer starts a server that believes PROXY headers from 127.0.0.1 and asks
// the demonstration's zone. change may adjust its options first.
func testServer(t *testing.T, change func(*options)) *server {
	t.Helper()
	r := resolvertest.Must(demoZone).Resolver()
	config, err := openConfig("")
	if err != nil {
		t.Fatal(err)
	}
	o := options{
		listen: "127.0.0.1:0", submission: "127.0.0.1:0", config: config, maildir: t.TempDir(), resolver: r,
		proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		limits:  defaultLimits, log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	s, err := newServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.stop(ctx)
		r.Close()
	})
	return s
}

// connect opens a session as mail.example.com, which is in order.
func connect(t *testing.T, s *server) *client {
	t.Helper()
	c, _, err := dial(s.address(smtpPort), netip.MustParseAddr("192.0.2.10"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

// expect sends a command and wants a reply that begins with want.
func (c *client) expect(t *testing.T, command, want string) {
	t.Helper()
	r, err := c.command("%s", command)
	if err != nil || !strings.HasPrefix(r.String(), want) {
		t.Fatalf("%.80q: got %v, %v; want %s", command, r, err, want)
	}
}

const testMessage = "From: dave@isp.example\r\nSubject: Test\r\n\r\nHello.\r\n"

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

// The program as it is run for real, with the SMTP client of the standard
// library on the other side.
func TestListen(t *testing.T) {
	dns, err := resolvertest.Must(demoZone).Listen("")
	if err != nil {
		t.Fatal(err)
	}
	defer dns.Close()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var log syncBuffer
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-listen", "127.0.0.1:0", "-dns", dns.Addr().String(), "-maildir", dir}, nil, io.Discard, &log)
	}()
	address := waitFor(t, &log, regexp.MustCompile(`port=smtp address=(\S+)`))

	c, err := smtp.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true}); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{c.Mail("eve@example.com"), c.Rcpt("alice@example.org")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Rcpt("somebody@shop.example"); err == nil || !strings.Contains(err.Error(), "Relay access denied") {
		t.Errorf("relaying: %v", err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=forged.example\r\n"+testMessage)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	stored := messages(t, maildir(dir))
	if len(stored) != 1 || !strings.Contains(stored[0], "\r\nSubject: Test\r\n\r\nHello.\r\n") {
		t.Fatalf("stored messages: %q", stored)
	}
	if strings.Contains(stored[0], "forged") {
		t.Errorf("a forged Authentication-Results field is still there:\n%s", stored[0])
	}

	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("run = %v after the signal; want nil", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the program does not stop")
	}
	if !strings.Contains(log.String(), "alice@example.org") {
		t.Errorf("the log does not name the recipient:\n%s", log.String())
	}
}

// waitFor returns the first group of the first match in a log.
func waitFor(t *testing.T, log *syncBuffer, re *regexp.Regexp) string {
	t.Helper()
	for range 1000 {
		if m := re.FindStringSubmatch(log.String()); m != nil {
			return m[1]
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("the log never matches %s:\n%s", re, log.String())
	return ""
}

// Whatever the lists say, nothing is taken for a foreign domain.
func TestNeverRelays(t *testing.T) {
	config := fstest.MapFS{}
	embedded, err := openConfig("")
	if err != nil {
		t.Fatal(err)
	}
	names, _ := fs.Glob(embedded, "*")
	for _, name := range names {
		text, _ := fs.ReadFile(embedded, name)
		config[name] = &fstest.MapFile{Data: text}
	}
	config["main.cf"] = &fstest.MapFile{Data: []byte(`
compatibility_level = 3.6
myhostname = mx.example.org
mydestination = example.org
local_recipient_maps = hash:recipients
mynetworks = 0.0.0.0/0
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit_mynetworks
`)}
	s := testServer(t, func(o *options) { o.config = config; o.submission = "" })
	c := connect(t, s)
	c.expect(t, "EHLO mail.example.com", "250")
	c.expect(t, "MAIL FROM:<eve@example.com>", "250")
	for _, to := range []string{
		"somebody@shop.example", "alice@example.org.shop.example", "alice%shop.example@example.com",
		"@example.org:somebody@shop.example", `"alice@example.org"@shop.example`,
	} {
		r, err := c.command("RCPT TO:<%s>", to)
		if err != nil || !r.refused() {
			t.Errorf("RCPT TO:<%s>: %v, %v; want a refusal", to, r, err)
		}
	}
	c.expect(t, "RCPT TO:<alice@example.org>", "250")
}

func TestHostileInput(t *testing.T) {
	s := testServer(t, func(o *options) {
		o.limits.messageBytes = 4000
		o.limits.recipients = 2
	})
	t.Run("long command", func(t *testing.T) {
		c := connect(t, s)
		// The server may close before it has read all of it.
		if r, err := c.command("EHLO %s", strings.Repeat("a", 5000)); err == nil && r.code != 500 {
			t.Errorf("got %v; want 500", r)
		}
	})
	t.Run("long line in a message", func(t *testing.T) {
		c := connect(t, s)
		begin(t, c)
		r, err := c.send([]byte("Subject: x\r\n\r\n" + strings.Repeat("a", 3000) + "\r\n"))
		if err == nil && !r.refused() {
			t.Errorf("got %v; want a refusal", r)
		}
	})
	t.Run("large message", func(t *testing.T) {
		c := connect(t, s)
		c.expect(t, "EHLO mail.example.com", "250")
		c.expect(t, "MAIL FROM:<eve@mail.example.com> SIZE=5000", "552")
		begin(t, c)
		r, err := c.send([]byte("Subject: x\r\n\r\n" + strings.Repeat("1234567890\r\n", 400)))
		if err != nil || r.code != 552 {
			t.Errorf("got %v, %v; want 552", r, err)
		}
	})
	t.Run("large header", func(t *testing.T) {
		s := testServer(t, nil)
		c := connect(t, s)
		begin(t, c)
		r, err := c.send([]byte(strings.Repeat("X: "+strings.Repeat("a", 900)+"\r\n", 1300) + testMessage))
		if err != nil || r.code != 552 {
			t.Errorf("got %v, %v; want 552", r, err)
		}
	})
	t.Run("many recipients", func(t *testing.T) {
		c := connect(t, s)
		begin(t, c, "bob@example.org")
		c = connect(t, s)
		c.expect(t, "EHLO mail.example.com", "250")
		c.expect(t, "MAIL FROM:<eve@mail.example.com>", "250")
		c.expect(t, "RCPT TO:<alice@example.org>", "250")
		c.expect(t, "RCPT TO:<bob@example.org>", "250")
		c.expect(t, "RCPT TO:<postmaster@example.org>", "452")
	})
	t.Run("commands out of order", func(t *testing.T) {
		c := connect(t, s)
		c.expect(t, "MAIL FROM:<eve@mail.example.com>", "50")
		c.expect(t, "EHLO mail.example.com", "250")
		c.expect(t, "RCPT TO:<alice@example.org>", "50")
		c.expect(t, "DATA", "50")
		c.expect(t, "AUTH PLAIN AGJvYgB4", "503")
	})
	t.Run("garbage", func(t *testing.T) {
		c := connect(t, s)
		c.expect(t, "\x00\xff\x16\x03\x01", "50")
		c.expect(t, "MAIL FROM:<\x00>", "50")
	})
	t.Run("controls in HELO", func(t *testing.T) {
		c := connect(t, s)
		c.expect(t, "EHLO evil\x01\x7f\xff", "250")
		c.expect(t, "MAIL FROM:<eve@mail.example.com>", "250")
		if r, err := c.command("RCPT TO:<alice@example.org>"); err != nil || regexp.MustCompile(`[^ -~]`).MatchString(r.text) {
			t.Errorf("got %q, %v", r, err)
		}
	})
	for _, end := range []string{"\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r"} {
		t.Run(fmt.Sprintf("smuggling with %q", end), func(t *testing.T) {
			c := connect(t, s)
			begin(t, c)
			r, err := c.send([]byte(testMessage + "x" + end + "MAIL FROM:<ceo@example.com>\r\n"))
			if err != nil || r.code != 550 {
				t.Errorf("got %v, %v; want 550", r, err)
			}
		})
	}
	if n := len(messages(t, s.inbox)); n > 0 {
		t.Errorf("%d messages were stored; want none", n)
	}
}

// A message may come in chunks, and be given up between them.
func TestChunks(t *testing.T) {
	s := testServer(t, nil)
	envelope := func(c *client) {
		c.expect(t, "MAIL FROM:<eve@mail.example.com>", "250")
		c.expect(t, "RCPT TO:<alice@example.org>", "250")
	}
	chunk := func(c *client, text, last string) reply {
		// The line end that command adds is that of the text, or of BDAT itself.
		r, err := c.command("%s", strings.TrimSuffix(fmt.Sprintf("BDAT %d%s\r\n%s", len(text), last, text), "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, giveUp := range []string{"RSET", "EHLO mail.example.com"} {
		for _, first := range []string{"", "Subject: x\r\n"} {
			c := connect(t, s)
			c.expect(t, "EHLO mail.example.com", "250")
			envelope(c)
			if r := chunk(c, first, ""); r.code != 250 {
				t.Fatalf("first chunk: %v", r)
			}
			c.expect(t, giveUp, "250")
			c.expect(t, "MAIL FROM:<eve@mail.example.com>", "250")
		}
	}
	c := connect(t, s)
	c.expect(t, "EHLO mail.example.com", "250")
	envelope(c)
	if r := chunk(c, testMessage[:30]+"\r\n", ""); r.code != 250 {
		t.Fatalf("first chunk: %v", r)
	}
	c.expect(t, "RCPT TO:<bob@example.org>", "50")
	if r := chunk(c, "\r\nHello.\r\n", " LAST"); r.code != 250 {
		t.Fatalf("last chunk: %v", r)
	}
	if n := len(messages(t, s.inbox)); n != 1 {
		t.Errorf("%d messages stored; want 1", n)
	}
}

// begin brings a session to the point where the message follows.
func begin(t *testing.T, c *client, more ...string) {
	t.Helper()
	c.expect(t, "EHLO mail.example.com", "250")
	c.expect(t, "MAIL FROM:<eve@mail.example.com>", "250")
	for _, to := range append(more, "alice@example.org") {
		c.expect(t, "RCPT TO:<"+to+">", "250")
	}
	c.expect(t, "DATA", "354")
}

// A PROXY header from an address that is not trusted is a bad command, and the
// client stays who it is.
func TestUntrustedProxy(t *testing.T) {
	var log syncBuffer
	s := testServer(t, func(o *options) {
		o.proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		o.log = slog.New(slog.NewTextHandler(&log, nil))
	})
	conn, err := net.Dial("tcp", s.address(smtpPort).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(conn, "PROXY TCP4 192.0.2.10 192.0.2.25 40000 25\r\nEHLO mx.example.org\r\nMAIL FROM:<eve@example.com>\r\nRCPT TO:<x@shop.example>\r\nQUIT\r\n")
	text, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(text, []byte("\r\n501 5.5.2 Bad command\r\n")) {
		t.Errorf("got %q, %v; want 501 for the header", text, err)
	}
	if !strings.Contains(log.String(), "client=127.0.0.1") || strings.Contains(log.String(), "192.0.2.10") {
		t.Errorf("log:\n%s\nwant client 127.0.0.1", log.String())
	}
}

func TestTooManyConnections(t *testing.T) {
	s := testServer(t, func(o *options) { o.limits.connections = 1 })
	first := connect(t, s)
	_, greeting, err := dial(s.address(smtpPort), netip.MustParseAddr("192.0.2.10"))
	if err != nil || greeting.code != 421 {
		t.Fatalf("second connection: %v, %v; want 421", greeting, err)
	}
	first.expect(t, "QUIT", "221")
	first.close()
	for range 100 {
		if _, greeting, err = dial(s.address(smtpPort), netip.MustParseAddr("192.0.2.10")); err == nil && greeting.code == 220 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("after the first has left: %v, %v; want 220", greeting, err)
}

// A server that stops lets a message in transfer finish and ends the others.
func TestGracefulStop(t *testing.T) {
	s := testServer(t, nil)
	idle, busy := connect(t, s), connect(t, s)
	idle.expect(t, "EHLO mail.example.com", "250")
	begin(t, busy)
	if _, err := io.WriteString(busy.conn, testMessage[:20]); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // until the server is in the message
	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- s.stop(ctx)
	}()
	if r, err := idle.read(); err != nil || r.code != 421 {
		t.Errorf("idle session: %v, %v; want 421", r, err)
	}
	if r, err := busy.send([]byte(testMessage[20:])); err != nil || r.code != 250 {
		t.Errorf("busy session: %v, %v; want 250", r, err)
	}
	if r, err := busy.read(); err != nil || r.code != 421 {
		t.Errorf("after the message: %v, %v; want 421", r, err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop = %v", err)
	}
	if n := len(messages(t, s.inbox)); n != 1 {
		t.Errorf("%d messages stored; want 1", n)
	}
	if _, err := net.Dial("tcp", s.address(smtpPort).String()); err == nil {
		t.Error("the port is still open")
	}
}

// A message that does not end is cut off when the grace time is over, and
// nothing of it is stored.
func TestStopDoesNotWaitForever(t *testing.T) {
	s := testServer(t, nil)
	c := connect(t, s)
	begin(t, c)
	io.WriteString(c.conn, testMessage)
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := s.stop(ctx); err == nil {
		t.Error("stop = nil; want an error that says the time is over")
	}
	if _, err := bufio.NewReader(c.conn).ReadByte(); err == nil {
		t.Error("the session goes on")
	}
	if n := len(messages(t, s.inbox)); n != 0 {
		t.Errorf("%d messages stored; want none", n)
	}
}

// Login takes TLS, the right password, and ends after a few wrong ones.
func TestLogin(t *testing.T) {
	s := testServer(t, nil)
	h, err := hashPassword("secret", 1)
	if err != nil {
		t.Fatal(err)
	}
	s.users["bob"] = h
	open := func() *client {
		c, _, err := dial(s.address(submissionPort), netip.MustParseAddr("203.0.113.99"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.close)
		c.expect(t, "EHLO laptop", "250")
		return c
	}
	c := open()
	c.expect(t, "MAIL FROM:<bob@example.org>", "530")
	c.expect(t, "AUTH PLAIN AGJvYgBzZWNyZXQ=", "530")
	if _, err := c.startTLS(); err != nil {
		t.Fatal(err)
	}
	c.expect(t, "EHLO laptop", "250")
	c.expect(t, "AUTH LOGIN", "504")
	for i := range maxLogins {
		r, err := c.login("bob", "wrong")
		if err != nil || r.code != 535 && i < maxLogins-1 {
			t.Fatalf("wrong password: %v, %v; want 535", r, err)
		}
	}
	if r, err := c.command("NOOP"); err == nil {
		t.Errorf("after %d wrong passwords: %v; want the end", maxLogins, r)
	}
	c = open()
	if _, err := c.startTLS(); err != nil {
		t.Fatal(err)
	}
	c.expect(t, "EHLO laptop", "250")
	if r, err := c.login("bob", "secret"); err != nil || r.code != 235 {
		t.Fatalf("right password: %v, %v; want 235", r, err)
	}
	c.expect(t, "MAIL FROM:<bob@example.org>", "250")
	c.expect(t, "RCPT TO:<somebody@shop.example>", "554") // it only stores
	c.expect(t, "RCPT TO:<alice@example.org>", "250")
}

// A disk that is full is a temporary failure.
func TestStoreFails(t *testing.T) {
	s := testServer(t, nil)
	if err := os.RemoveAll(filepath.Join(string(s.inbox), "tmp")); err != nil {
		t.Fatal(err)
	}
	c := connect(t, s)
	begin(t, c)
	if r, err := c.send([]byte(testMessage)); err != nil || r.code != 451 {
		t.Errorf("got %v, %v; want 451", r, err)
	}
}
