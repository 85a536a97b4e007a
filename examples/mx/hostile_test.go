package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The first line of a message would continue our own Authentication-Results
// field if it began with a blank.
func TestMessageBeginsFolded(t *testing.T) {
	s := testServer(t, nil)
	for _, first := range []string{" ; dkim=pass header.d=bank.example\r\n", "\t; dmarc=pass\r\n"} {
		c := connect(t, s)
		begin(t, c)
		if r, err := c.send([]byte(first + testMessage)); err != nil || r.code != 550 {
			t.Errorf("%q in front: %v, %v; want 550", first, r, err)
		}
	}
	c := connect(t, s)
	begin(t, c)
	if r, err := c.send([]byte("\r\n ; dkim=pass header.d=bank.example\r\n")); err != nil || r.code != 550 {
		t.Errorf("no header at all: %v, %v; want 550", r, err) // by DMARC: there is no author
	}
	for _, m := range messages(t, s.inbox) {
		if header, _, _ := strings.Cut(m, "\r\n\r\n"); strings.Contains(header, "bank.example") {
			t.Errorf("the sender has written into our field:\n%s", m)
		}
	}
}

// Who logs in after MAIL would send as somebody whom the lists have judged as a
// stranger.
func TestLoginWithinTransaction(t *testing.T) {
	s := testServer(t, func(o *options) {
		o.config = changed(t, "main.cf", `
compatibility_level = 3.6
myhostname = mx.example.org
mydestination = example.org
smtpd_sasl_auth_enable = yes
smtpd_sender_login_maps = hash:sender_logins
smtpd_sender_restrictions = reject_authenticated_sender_login_mismatch
`)
	})
	h, err := hashPassword("secret", 1)
	if err != nil {
		t.Fatal(err)
	}
	s.users["bob"] = h
	c := connect(t, s)
	c.expect(t, "EHLO mail.example.com", "250")
	for _, sender := range []string{"alice@example.org", ""} {
		c.expect(t, "MAIL FROM:<"+sender+">", "250")
		c.expect(t, "AUTH PLAIN AGJvYgBzZWNyZXQ=", "503")
		c.expect(t, "RCPT TO:<alice@example.org>", "250")
		c.expect(t, "AUTH PLAIN AGJvYgBzZWNyZXQ=", "503")
		c.expect(t, "RSET", "250")
	}
	c.expect(t, "AUTH PLAIN AGJvYgBzZWNyZXQ=", "235")
	c.expect(t, "MAIL FROM:<alice@example.org>", "250")
	c.expect(t, "RCPT TO:<alice@example.org>", "553")
}

// changed is the embedded configuration with another text for one of its files.
func changed(t *testing.T, name, text string) fs.FS {
	t.Helper()
	dir := t.TempDir()
	if err := printConfig(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return os.DirFS(dir)
}

// Who guesses addresses is cut off, with TLS state and sender changed in
// between or not.
func TestTooManyRefusals(t *testing.T) {
	s := testServer(t, nil)
	c := connect(t, s)
	for i := range maxRefused {
		if i%5 == 0 {
			c.expect(t, "EHLO mail.example.com", "250")
			c.expect(t, "MAIL FROM:<eve@mail.example.com>", "250")
		}
		if i == maxRefused/2 {
			if _, err := c.startTLS(); err != nil {
				t.Fatal(err)
			}
			c.expect(t, "EHLO mail.example.com", "250")
			c.expect(t, "MAIL FROM:<eve@mail.example.com>", "250")
		}
		c.expect(t, fmt.Sprintf("RCPT TO:<user%d@example.org>", i), "550")
	}
	c.expect(t, "RCPT TO:<last@example.org>", "421 4.7.0")
	if r, err := c.command("NOOP"); err == nil {
		t.Errorf("after the last refusal: %v; want the end", r)
	}
}

// A proxy that passes on what is no TCP connection gets nowhere: there is no
// client address, and no check may take that for a good one.
func TestProxyWithoutAddress(t *testing.T) {
	s := testServer(t, nil)
	for _, header := range []string{
		"\r\n\r\n\x00\r\nQUIT\n\x21\x31\x00\xd8/tmp/x" + strings.Repeat("\x00", 210), // a Unix socket
		"PROXY TCP4 192.0.2.10\r\n",                              // half of it
		"PROXY TCP4 999.0.2.10 192.0.2.25 1 1\r\n",               // no address
		"PROXY TCP4 192.0.2.10 192.0.2.25 1 99999\r\n",           // no port
		"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x04\xc0\x00\x02\x0a", // shorter than it must be
		"EHLO mail.example.com\r\n",                              // none
	} {
		conn, err := net.Dial("tcp", s.address(smtpPort).String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(conn, header+"EHLO mail.example.com\r\nMAIL FROM:<eve@mail.example.com>\r\nRCPT TO:<alice@example.org>\r\nQUIT\r\n")
		said, _ := io.ReadAll(conn) // the end may come as a reset
		if strings.Contains(string(said), "\r\n250") {
			t.Errorf("%.40q: got %q; want no session", header, said)
		}
	}
}

// One client can't take all connections.
func TestTooManyConnectionsOfOneClient(t *testing.T) {
	s := testServer(t, func(o *options) { o.limits.clientConnections = 1 })
	first := connect(t, s)
	if _, greeting, err := dial(s.address(smtpPort), netip.MustParseAddr("192.0.2.10")); err != nil || greeting.code != 421 {
		t.Errorf("second connection: %v, %v; want 421", greeting, err)
	}
	if _, greeting, err := dial(s.address(smtpPort), netip.MustParseAddr("192.0.2.11")); err != nil || greeting.code != 220 {
		t.Errorf("another client: %v, %v; want 220", greeting, err)
	}
	if _, greeting, err := dial(s.address(smtpPort), netip.MustParseAddr("2001:db8::1")); err != nil || greeting.code != 220 {
		t.Errorf("an IPv6 client: %v, %v; want 220", greeting, err)
	}
	if _, greeting, err := dial(s.address(smtpPort), netip.MustParseAddr("2001:db8::2")); err != nil || greeting.code != 421 {
		t.Errorf("its neighbour: %v, %v; want 421", greeting, err)
	}
	first.expect(t, "QUIT", "221")
	first.close()
	for range 100 {
		if _, greeting, err := dial(s.address(smtpPort), netip.MustParseAddr("192.0.2.10")); err == nil && greeting.code == 220 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("after the first has left its address is still refused")
}

// What a client sends behind STARTTLS in clear is not taken for what it says
// under TLS.
func TestCommandsBehindStartTLS(t *testing.T) {
	s := testServer(t, nil)
	c := connect(t, s)
	c.expect(t, "EHLO mail.example.com", "250")
	io.WriteString(c.conn, "STARTTLS\r\nEHLO mail.example.com\r\nMAIL FROM:<eve@mail.example.com>\r\n")
	if r, err := c.read(); err != nil || r.code != 220 {
		t.Fatalf("STARTTLS: %v, %v", r, err)
	}
	conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	if err := conn.Handshake(); err != nil {
		return // as good: the server has taken the commands for a bad handshake
	}
	c.conn, c.text = conn, textproto.NewConn(conn)
	c.expect(t, "RCPT TO:<alice@example.org>", "50")
	c.expect(t, "MAIL FROM:<eve@mail.example.com>", "50")
	c.expect(t, "EHLO mail.example.com", "250")
}

// What a client puts into a command does not come back as it was.
func TestRepliesArePrintable(t *testing.T) {
	s := testServer(t, nil)
	conn, err := net.Dial("tcp", s.address(smtpPort).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(conn, "PROXY TCP4 192.0.2.10 192.0.2.25 40000 25\r\n"+
		"EHLO e\x00v\x07i\r220-l\xff\r\nMAIL FROM:<\xe9@mail.example.com>\r\nRCPT TO:<\xff\x1b@example.org>\r\nX\xff\x01Z y\r\nQUIT\r\n")
	said, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(said), "250-Hello e?v?i?220-l?\r\n") {
		t.Errorf("got %q, %v", said, err)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(said), "\r\n"), "\r\n") {
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("reply %q", line)
		}
	}
}

// A client that is slow, wherever it is, is cut off when its time is over: the
// time is that of the command, not of the last octet. (go-smtp takes what is there
// of a line at that time for a bad command, four times.)
func TestSlowClients(t *testing.T) {
	s := testServer(t, func(o *options) {
		o.limits.commandTimeout, o.limits.messageTimeout = 500*time.Millisecond, 500*time.Millisecond
	})
	for name, where := range map[string]func(t *testing.T, c *client){
		"command": func(*testing.T, *client) {},
		"message": func(t *testing.T, c *client) { begin(t, c) },
		"handshake": func(t *testing.T, c *client) {
			c.expect(t, "EHLO mail.example.com", "250")
			c.expect(t, "STARTTLS", "220")
			c.conn.Write([]byte("\x16\x03\x01\x02\x00"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, s)
			where(t, c)
			gone := make(chan struct{})
			go func() { io.Copy(io.Discard, c.conn); close(gone) }()
			for range 200 { // ten seconds
				select {
				case <-gone:
					return
				case <-time.After(50 * time.Millisecond):
					c.conn.Write([]byte("x"))
				}
			}
			t.Error("the session goes on")
		})
	}
	t.Cleanup(func() {
		if n := len(messages(t, s.inbox)); n > 0 {
			t.Errorf("%d messages were stored; want none", n)
		}
	})
}
