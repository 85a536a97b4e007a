package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/examples/internal/record"
	"github.com/mailsec-go/mailsec/restrict/policyd"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// recordings returns what is in a file.
func recordings(t *testing.T, name string) (list []*postfix.Recording) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r, err := range postfix.ReadRecordings(f) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// steps writes the steps of a recording as texts.
func steps(r *postfix.Recording) (list []string) {
	for _, s := range r.Steps {
		switch {
		case s.TLS != nil:
			list = append(list, "TLS "+s.TLS.Protocol)
		case s.Login != nil:
			list = append(list, "login "+s.Login.User)
		case s.Data != nil:
			list = append(list, "message")
		default:
			list = append(list, s.Cmd)
		}
	}
	return list
}

// The requests about two messages become two recordings, which can be played.
func TestRecord(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sessions.jsonl")
	c, stop := start(t, "-listen", "inet:127.0.0.1:0", "-record", name)
	for _, values := range [][]string{
		{"instance=1", "protocol_state=EHLO", "sender=", "recipient="},
		{"instance=1", "client_port=4711", "size=1000"},
		{"instance=1", "recipient=bob@example.org", "size=1000"},
		{"instance=2", "client_address=203.0.113.9", "client_name=unknown", "sender=", "recipient=a b@example.org", "encryption_protocol=TLSv1.3", "sasl_method=PLAIN", "sasl_username=bob"},
		{"instance=1", "protocol_state=DATA", "recipient=", "size=1000"},
		{"instance=1", "protocol_state=END-OF-MESSAGE", "recipient=", "size=900"},
		{"instance=3", "client_address=none"},
		{"instance=4", "protocol_state=VRFY", "protocol_name=SMTP"},
		{"instance=5", "protocol_state=ETRN", "etrn_domain=example.org", "recipient="},
	} {
		if _, err := c.Query(t.Context(), request(values...)); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	list := recordings(t, name)
	slices.SortFunc(list, func(a, b *postfix.Recording) int { return strings.Compare(a.ID, b.ID) })
	want := map[string][]string{
		"1": {"EHLO mail.example.com", "MAIL FROM:<eve@example.com> SIZE=1000", "RCPT TO:<alice@example.org>", "RCPT TO:<bob@example.org>", "DATA", "message"},
		"2": {"TLS TLSv1.3", "EHLO mail.example.com", "login bob", "MAIL FROM:<>", `RCPT TO:<"a b"@example.org>`},
		"4": {"HELO mail.example.com", "VRFY alice@example.org"},
		"5": {"EHLO mail.example.com", "ETRN example.org"},
	}
	if len(list) != len(want) {
		t.Fatalf("%d recordings, want %d", len(list), len(want))
	}
	for _, r := range list {
		if got := steps(r); !slices.Equal(got, want[r.ID]) {
			t.Errorf("%s: recorded %q, want %q", r.ID, got, want[r.ID])
		}
	}
	if cl := list[0].Client; cl.Name != "mail.example.com" || !cl.Names {
		t.Errorf("client %+v", cl)
	}
	if cl := list[1].Client; cl.Name != "" || cl.NameStatus != "forged" || cl.ReverseName != "mail.example.com" {
		t.Errorf("client without a name: %+v", cl)
	}

	policy := func(list string) *postfix.Policy {
		p, err := postfix.Compile(postfix.Config{Params: map[string]string{"compatibility_level": "3.6", "myhostname": "mx.example.org",
			"mydestination": "example.org", "mynetworks": "127.0.0.0/8", "smtpd_sasl_auth_enable": "yes", "smtpd_recipient_restrictions": list}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var changed []string
	err := postfix.WhatIf(t.Context(), policy(""), policy("reject_unknown_client_hostname"),
		func(yield func(*postfix.Recording, error) bool) { yield(list[1], nil) },
		func(c postfix.Change) { changed = append(changed, c.Command+": "+c.Is.String()) })
	if err != nil || len(changed) != 1 || !strings.Contains(changed[0], "450 4.7.25") {
		t.Errorf("changes %q, %v", changed, err)
	}
}

// A message that nobody asks about any more is written without a signal.
func TestRecordIdle(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	file, err := record.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	rec := newRecorder(file, slog.New(slog.DiscardHandler))
	rec.idle = time.Millisecond
	rec.add(&policyd.Request{Attrs: request("instance=1")})
	for range 1000 {
		if len(recordings(t, name)) == 1 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	rec.idle = time.Hour
	rec.add(&policyd.Request{Attrs: request("instance=")}) // can't go on
	if got := len(recordings(t, name)); got != 2 {
		t.Errorf("%d recordings, want 2", got)
	}
	rec.add(&policyd.Request{Attrs: request("instance=2")})
	file.Close()
	rec.endAll() // a full disk or the like: logged only
}
