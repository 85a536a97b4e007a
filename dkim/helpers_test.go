package dkim

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver"
)

var (
	_ Resolver     = (*net.Resolver)(nil)
	_ Resolver     = (*resolver.Resolver)(nil)
	_ MetaResolver = (*resolver.Resolver)(nil)
)

// testNow is the clock of all tests.
var testNow = time.Unix(1795287654, 0)

func testClock() time.Time { return testNow }

// zone is a resolver that answers from a map of TXT records.
type zone map[string][]string

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	txts, ok := z[name]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return txts, nil
}

// Keys for tests, made once per run.
var testKeys = sync.OnceValue(func() map[string]crypto.Signer {
	keys := map[string]crypto.Signer{
		"ed": ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef")),
	}
	for name, bits := range map[string]int{"rsa": 2048, "rsa1024": 1024} {
		key, err := rsa.GenerateKey(nil, bits)
		if err != nil {
			panic(err)
		}
		keys[name] = key
	}
	return keys
})

func testKey(name string) crypto.Signer { return testKeys()[name] }

// testZone publishes the test keys under selectors of their names.
func testZone() zone {
	z := zone{}
	for name, key := range testKeys() {
		z[name+"._domainkey.example.com."] = []string{(&Record{Key: key.Public()}).String()}
	}
	return z
}

func testSignature(key string) Signature {
	return Signature{Domain: "example.com", Selector: key, Key: testKey(key)}
}

func crlfText(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

var simpleMessage = crlfText(`From: Ann <ann@example.com>
To: bob@example.net
Subject: lunch
Date: Sat, 21 Nov 2026 18:00:00 +0000
Message-ID: <1@example.com>

Hello Bob,

lunch at  noon?
`)

func mustSign(t testing.TB, opts *SignerOptions, msg string, sigs ...Signature) string {
	t.Helper()
	if opts == nil {
		opts = &SignerOptions{}
	}
	opts.Now = testClock
	s, err := NewSigner(opts, sigs...)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := s.Sign(context.Background(), strings.NewReader(msg))
	if err != nil {
		t.Fatalf("Sign(%.200q): %v", msg, err)
	}
	return string(fields) + msg
}

func mustVerify(t testing.TB, v *Verifier, msg string) *Report {
	t.Helper()
	if v.Resolver == nil {
		v.Resolver = testZone()
	}
	if v.Now == nil {
		v.Now = testClock
	}
	r, err := v.Verify(context.Background(), strings.NewReader(msg))
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return r
}

func outcome(r *Report) string {
	var words []string
	for i := range r.Results {
		words = append(words, fmt.Sprintf("%v/%v", r.Results[i].Status, r.Results[i].Reason))
	}
	return strings.Join(words, " ")
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
