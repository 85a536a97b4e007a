package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/dkim"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

const zone = `
example.com.                  300 IN TXT "v=spf1 include:spf.example.com -all"
spf.example.com.              300 IN TXT "v=spf1 ip4:192.0.2.10 ptr ~all"
_dmarc.example.com.           300 IN TXT "v=DMARC1; p=reject; pct=50"
mail.example.com.             300 IN A   192.0.2.10
10.2.0.192.in-addr.arpa.      300 IN PTR mail.example.com.
`

// start serves the zone and more lines, and returns the flag that asks there.
func start(t *testing.T, more ...string) (dns string) {
	t.Helper()
	l, err := resolvertest.Must(append(more, zone)...).Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "-dns=" + l.Addr().String()
}

func check(t *testing.T, args []string, want ...string) {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatalf("run(%q): %v", args, err)
	}
	for _, w := range want {
		if !strings.Contains(out.String(), w) {
			t.Errorf("run(%q) printed\n%s\nwithout %q", args, out.String(), w)
		}
	}
}

func TestMessage(t *testing.T) {
	const message = "From: Eve <eve@example.com>\r\nSubject: Hello\r\n\r\nHello.\r\n"
	key, record, err := dkim.GenerateKey(dkim.Ed25519SHA256, 0)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := dkim.NewSigner(nil, dkim.Signature{Domain: "example.com", Selector: "ed", Key: key})
	if err != nil {
		t.Fatal(err)
	}
	fields, err := signer.Sign(context.Background(), strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "mail.eml")
	if err := os.WriteFile(file, append(fields, message...), 0o600); err != nil {
		t.Fatal(err)
	}
	dns := start(t, record.ZoneLine("ed._domainkey.example.com.", 300))
	check(t, []string{"message", dns, "-ip=192.0.2.10", "-helo=mail.example.com", "-from=eve@example.com", file},
		"Authentication-Results: mailcheck.invalid;",
		`SPF pass for example.com, "include:spf.example.com" at example.com, "ip4:192.0.2.10" at spf.example.com`,
		`DKIM pass: signature 1 by "example.com", selector "ed"`,
		`DMARC pass for "example.com": aligned SPF true, aligned DKIM true, policy reject at example.com`)
	if err := os.WriteFile(file, append(fields, message+"PS\r\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, []string{"message", dns, file}, "DKIM fail: ", "DMARC fail")
	if err := os.WriteFile(file, []byte("Subject: no author\r\n\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, []string{"message", dns, file}, "dkim=none", "DMARC permerror")
}

func TestDomain(t *testing.T) {
	dns := start(t)
	check(t, []string{"domain", dns, "example.com"}, "include:spf.example.com", "ptr", "policy reject", "pct")
	check(t, []string{"domain", dns, "mail.example.com"}, "policy reject for mail.example.com")
	check(t, []string{"domain", dns, "example.net"}, "DMARC: no policy")
}

func TestMistakes(t *testing.T) {
	for _, args := range [][]string{
		{}, {"unknown"}, {"message"}, {"message", "-dns=x", "y"}, {"message", "-bogus"},
		{"message", filepath.Join(t.TempDir(), "missing")}, {"domain"}, {"domain", ".."},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("run(%q) = nil; want an error", args)
		}
	}
}

// A mistake says what to do instead.
func TestAdvice(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"mail.eml"}, `"mail.eml" is no command: say message FILE`},
		{[]string{"domain", "-dns", "dns.example", "example.com"}, "is not an address such as"},
		{[]string{"message", "-dns", "127.0.0.1", "missing.eml"}, "missing.eml"},
	} {
		if err := run(t.Context(), tt.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("run(%q) = %v; want %q", tt.args, err, tt.want)
		}
	}
	if err := run(t.Context(), []string{"message", "-h"}, io.Discard, io.Discard); err != nil {
		t.Errorf("-h: %v", err)
	}
}
