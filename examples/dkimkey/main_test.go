package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// A key is made, published, checked, and made once only.
func TestMakePublishCheck(t *testing.T) {
	for _, kind := range []string{"rsa", "ed25519"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			args := []string{"-domain", "example.com", "-selector", "mail", "-type", kind, "-dir", dir}
			var out bytes.Buffer
			if err := run(t.Context(), args, &out, io.Discard); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(out.String(), "mail._domainkey.example.com.") {
				t.Errorf("zone line is %q", out.String())
			}
			info, err := os.Stat(filepath.Join(dir, "mail.example.com.pem"))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("key file: %v, %v", info, err)
			}
			if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
				t.Error("a second run wrote over the key")
			}

			dns := resolvertest.Must(out.String())
			l, err := dns.Listen("")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			check := append(args, "-check", "-dns", l.Addr().String())
			if err := run(t.Context(), check, io.Discard, io.Discard); err != nil {
				t.Errorf("published key: %v", err)
			}
			if err := dns.SetZone("mail._domainkey.example.com. 300 IN TXT \"v=DKIM1; p=\""); err != nil {
				t.Fatal(err)
			}
			if err := run(t.Context(), check, io.Discard, io.Discard); err == nil {
				t.Error("a revoked key passed for a published one")
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"-domain", "example.com", "-type", "dsa"},
		{"-domain", "example.com", "-bits", "512"},
		{"-domain", "..", "-selector", "a"},
		{"-domain", "example.com", "-check"},
		{"-unknown"},
	} {
		args = append(args, "-dir", t.TempDir())
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("run(%q) = nil; want an error", args)
		}
	}
}

// A mistake says what to do instead.
func TestAdvice(t *testing.T) {
	args := []string{"-domain", "example.com", "-type", "ed25519", "-dir", t.TempDir()}
	var said strings.Builder
	if err := run(t.Context(), args, io.Discard, &said); err != nil || !strings.Contains(said.String(), "mail.example.com.pem") {
		t.Errorf("run = %v, and does not say where the key is: %q", err, said.String())
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{args, "take another -selector"},
		{nil, "say -domain NAME"},
		{append(args, "mail"), "no other arguments"},
		{append(args, "-check", "-dns", "dns.example"), "is not an address such as"},
	} {
		if err := run(t.Context(), tt.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("run(%q) = %v; want %q", tt.args, err, tt.want)
		}
	}
	if err := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); err != nil {
		t.Errorf("-h: %v", err)
	}
}
