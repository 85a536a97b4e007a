package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// Mistakes are named with the flag that they are in, and with what to do.
func TestMistakes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	box := t.TempDir()
	listen := []string{"-listen", "127.0.0.1:0", "-maildir", box}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"127.0.0.1:0"}, `"127.0.0.1:0" is no flag`},
		{append(listen, "-dns", "dns.example"), "-dns: \"dns.example\" is not an address such as"},
		{append(listen, "-proxy", "10.0.0.0/99"), "-proxy: \"10.0.0.0/99\" is not a network such as"},
		{append(listen, "-max-size", "0"), "-max-size: must be more than 0"},
		{append(listen, "-max-recipients", "-1"), "-max-recipients: must be more than 0"},
		{append(listen, "-config", box), "-print-config makes a directory to start from"},
		{[]string{"-listen", "here", "-maildir", box}, "-listen here: "},
		{append(listen, "-submission", "here"), "-submission here: "},
		{[]string{"-listen", "127.0.0.1:0", "-maildir", file}, "-maildir " + file + ": "},
		{[]string{"-adduser", "b ob"}, `"b ob" is not usable as a name`},
		{[]string{"-adduser", "bob"}, "type the password"},
	} {
		err := run(t.Context(), tt.args, strings.NewReader("\n"), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("run(%q) = %v; want %q", tt.args, err, tt.want)
		}
	}
	if err := run(t.Context(), []string{"-h"}, nil, io.Discard, io.Discard); err != nil {
		t.Errorf("-h: %v", err)
	}
}

// A directory in which nothing can be written is found at start, not with the
// first message.
func TestMaildirReadOnly(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	path := t.TempDir()
	if _, err := openMaildir(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(path, "new"), 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := openMaildir(path); err == nil {
		t.Error("a directory without write permission passed for a maildir")
	}
}

// A main.cf from elsewhere works alone, and what this server does not do of it
// is said.
func TestMainAlone(t *testing.T) {
	var log syncBuffer
	s := testServer(t, func(o *options) {
		o.submission = ""
		o.log = slog.New(slog.NewTextHandler(&log, nil))
		o.config = fstest.MapFS{"main.cf": {Data: []byte(`
compatibility_level = 3.6
myhostname = mail.example.org
mydestination = example.org, hash:domains
virtual_mailbox_domains = virtual.example
smtpd_client_restrictions = permit, reject_rbl_client x.test
smtpd_relay_restrictions = reject_unauth_destination, check_policy_service inet:127.0.0.1:10023
`)}, "domains": {Data: []byte("tables.example OK\n")}}
	})
	for _, want := range []string{"ignored=virtual_mailbox_domains", "ignored=hash:domains", "reject_rbl_client", "service=127.0.0.1:10023"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log:\n%s\nwithout %q", log.String(), want)
		}
	}
	if strings.Contains(log.String(), "ignored=relay_domains") || strings.Contains(log.String(), "virtual_alias_domains") {
		t.Errorf("log:\n%s\nblames defaults", log.String())
	}
	c := connect(t, s)
	c.expect(t, "EHLO mail.example.com", "250")
	c.expect(t, "MAIL FROM:<eve@example.com>", "250")
	c.expect(t, "RCPT TO:<alice@virtual.example>", "554")
}
