package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	if r, err := c.send([]byte("\r\n ; dkim=pass header.d=bank.example\r\n")); err != nil || r.code != 250 {
		t.Errorf("no header at all: %v, %v; want 250", r, err)
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
