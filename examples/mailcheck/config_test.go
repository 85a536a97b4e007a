package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigFindings(t *testing.T) {
	for _, tt := range []struct{ name, main, want string }{
		{"misspelled", "smtpd_recipient_restrictions = reject_unauth_destinations, reject\n", "reject_unauth_destinations"},
		{"not a main.cf", "  x = y\n", "main.cf:1"},
		{"missing table", "smtpd_recipient_restrictions = reject_unauth_destination, check_client_access hash:nowhere\n", "nowhere"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "main.cf")
			if err := os.WriteFile(file, []byte(tt.main), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			err := run(t.Context(), []string{"config", file}, &out, io.Discard)
			if err == nil || !strings.Contains(out.String(), tt.want) {
				t.Errorf("error %v, printed\n%s\nwant %q", err, out.String(), tt.want)
			}
		})
	}
}

// The configuration that the example server comes with.
func TestConfigOfTheExample(t *testing.T) {
	check(t, []string{"config", "../mx/config/main.cf"}, "no mistakes found")
}

// Configurations as people publish and ask about them, with what is wrong.
func TestPublishedConfigs(t *testing.T) {
	for _, tt := range []struct {
		dir, about string
		bad        bool
		want       []string
	}{
		{"roaming", "somebody's own laptop is refused: cannot find your reverse hostname", true, []string{
			"main.cf:5: warning: roaming-users: smtpd_client_restrictions"}},
		{"answer", "the answer that somebody got, some years old", true, []string{
			"danger: open-relay", "danger: rbl-retired", "warning: rbl-pbl", "old-name"}},
		{"ports", "TLS 1.0 gets in on port 465 in spite of smtpd_tls_protocols", true, []string{
			"danger: tls-mandatory: smtps", "danger: wrong-side: smtps: smtp_tls_security_level"}},
		{"wiki", "a chain of checks from a wiki: dated, but sound", false, []string{
			"old-name", "lookup-before-relay-check", "no mistakes found"}},
	} {
		t.Run(tt.dir, func(t *testing.T) {
			var out bytes.Buffer
			err := run(t.Context(), []string{"config", filepath.Join("testdata", tt.dir, "main.cf")}, &out, io.Discard)
			if (err != nil) != tt.bad {
				t.Errorf("%s: error %v; want one: %v", tt.about, err, tt.bad)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%s: printed\n%s\nwithout %q", tt.about, out.String(), want)
				}
			}
		})
	}
}
