package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/examples/internal/record"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// recordings waits until a file holds n recordings and returns them.
func recordings(t *testing.T, name string, n int) (list []*postfix.Recording) {
	t.Helper()
	for range 1000 {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		list = nil
		for r, err := range postfix.ReadRecordings(f) {
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, r)
		}
		f.Close()
		if len(list) >= n {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if len(list) != n {
		t.Fatalf("%d recordings, want %d", len(list), n)
	}
	return list
}

// What is recorded, played again, gets the same answers; another configuration
// gives others.
func TestRecord(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sessions.jsonl")
	file, err := record.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := testServer(t, func(o *options) { o.recordings = file })

	c := connect(t, s)
	c.expect(t, "EHLO mail.example.com", "250")
	c.expect(t, "MAIL FROM:<eve@example.com> SIZE=1000", "250")
	c.expect(t, "RCPT TO:<nobody@example.org>", "550")
	c.expect(t, "RCPT TO:<alice@example.org>", "250")
	c.expect(t, "DATA", "354")
	if r, err := c.send([]byte("From: eve@example.com\r\n\r\nHello.\r\n")); err != nil || r.refused() {
		t.Fatalf("the message: %v, %v", r, err)
	}
	c.expect(t, "QUIT", "221")
	recordings(t, name, 1) // they are written when a session has ended, in that order

	c, _, err = dial(s.address(submissionPort), netip.MustParseAddr("198.51.100.99"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	c.expect(t, "EHLO laptop", "250")
	if _, err := c.startTLS(); err != nil {
		t.Fatal(err)
	}
	c.expect(t, "EHLO laptop", "250")
	c.expect(t, "MAIL FROM:<bob@example.org>", "250")
	c.expect(t, "RCPT TO:<alice@example.org>", "554")
	c.expect(t, "QUIT", "221")

	list := recordings(t, name, 2)
	var got []string
	for _, r := range list {
		for _, step := range r.Steps {
			switch {
			case step.TLS != nil:
				got = append(got, "TLS")
			case step.Data != nil:
				got = append(got, "message "+step.DMARC)
			default:
				got = append(got, step.Cmd)
			}
		}
	}
	for i, want := range []string{
		"EHLO mail.example.com", "MAIL FROM:<eve@example.com> SIZE=1000", "RCPT TO:<nobody@example.org>", "RCPT TO:<alice@example.org>",
		"DATA", "message pass", "RSET", "TLS", "EHLO laptop", "MAIL FROM:<bob@example.org>", "RCPT TO:<alice@example.org>",
	} {
		if i >= len(got) || got[i] != want {
			t.Fatalf("recorded %q; want %q at %d", got, want, i)
		}
	}
	for i, p := range s.ports {
		one := func(yield func(*postfix.Recording, error) bool) { yield(list[i], nil) }
		err := postfix.WhatIf(t.Context(), nil, p.policy, one, func(c postfix.Change) { t.Errorf("played again: %v", c) })
		if err != nil {
			t.Error(err)
		}
		changes := 0
		other := s.ports[1-i].policy
		if err := postfix.WhatIf(t.Context(), nil, other, one, func(postfix.Change) { changes++ }); err != nil || changes == 0 {
			t.Errorf("on the other port: %d changes, %v", changes, err)
		}
	}
}

// What a client said before STARTTLS is forgotten.
func TestRecordSTARTTLS(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sessions.jsonl")
	file, err := record.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := testServer(t, func(o *options) { o.recordings = file })
	c := connect(t, s)
	c.expect(t, "EHLO before", "250")
	if _, err := c.startTLS(); err != nil {
		t.Fatal(err)
	}
	c.expect(t, "EHLO after", "250")
	c.close()
	r := recordings(t, name, 1)[0]
	if steps := r.Steps; len(steps) != 2 || steps[0].TLS == nil || steps[1].Cmd != "EHLO after" {
		t.Errorf("recorded %+v", steps)
	}
	if r.Client.Addr != netip.MustParseAddr("192.0.2.10") || r.Client.Name != "mail.example.com" {
		t.Errorf("recorded client %+v", r.Client)
	}
}
