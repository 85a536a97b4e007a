package bench

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"github.com/mailsec-go/mailsec/dkim"
)

var dkimNow = time.Unix(1795287654, 0)

// dkimHeader has 22 fields, as mail from a large sender has by the time it
// arrives.
var dkimHeader = strings.ReplaceAll(`Return-Path: <bounces+123456-7890-user=example.net@mail.example.com>
Received: from mx1.example.net (mx1.example.net [192.0.2.10])
	by store3.example.net with LMTP id 8DXxKzq0Z2XQfQAAgWs5BA
	for <user@example.net>; Sat, 21 Nov 2026 18:00:02 +0000
Received: from out5.mail.example.com (out5.mail.example.com [198.51.100.5])
	by mx1.example.net (Postfix) with ESMTPS id 4ScY3h2R9qz3x
	for <user@example.net>; Sat, 21 Nov 2026 18:00:01 +0000 (UTC)
Received: by filter0184p3las1.example.com with SMTP id filter0184p3las1-5543
        Sat, 21 Nov 2026 18:00:00.514 +0000 UTC
Authentication-Results: mx1.example.net; spf=pass smtp.mailfrom=mail.example.com
X-Spam-Status: No, score=-1.1
X-Mailer: Example Mailer 4.2
From: "Example News" <news@example.com>
To: "A. User" <user@example.net>
Cc: other@example.net
Reply-To: "Example Support" <support@example.com>
Subject: =?utf-8?q?Your_weekly_summary_is_ready_=E2=80=93_see_what_happened?=
Date: Sat, 21 Nov 2026 18:00:00 +0000
Message-ID: <20261121180000.4711.1795287600@mail.example.com>
In-Reply-To: <20261114180000.4710.1794682800@mail.example.com>
References: <20261107180000.4709.1794078000@mail.example.com>
	<20261114180000.4710.1794682800@mail.example.com>
MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 8bit
List-Id: Example weekly <weekly.example.com>
List-Unsubscribe: <https://example.com/u/8f14e45fceea167a5a36dedd4bea2543>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Feedback-ID: 123456:weekly:example
`, "\n", "\r\n")

// dkimBody returns wrapped text: a blank about every 8 octets, an empty line
// about every 8 lines.
func dkimBody(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 0, size+100)
	column := 0
	for len(b) < size {
		for range 4 + r.IntN(7) {
			b = append(b, byte('a'+r.IntN(26)))
			column++
		}
		if column++; column < 66 {
			b = append(b, ' ')
			continue
		}
		b = append(b, "\r\n"...)
		if column = 0; r.IntN(8) == 0 {
			b = append(b, "\r\n"...)
		}
	}
	return append(b, "\r\n"...)
}

type dkimSetup struct {
	keys []crypto.Signer
	zone map[string][]string
}

// dkimKeys makes five RSA keys and one Ed25519 key, and the zone for them.
var dkimKeys = sync.OnceValue(func() *dkimSetup {
	s := &dkimSetup{zone: map[string][]string{}}
	add := func(selector string, key crypto.Signer) {
		s.keys = append(s.keys, key)
		record := (&dkim.Record{Key: key.Public()}).String()
		name := selector + "._domainkey.example.com"
		s.zone[name], s.zone[name+"."] = []string{record}, []string{record}
	}
	for i := range 5 {
		key, err := rsa.GenerateKey(nil, 2048)
		if err != nil {
			panic(err)
		}
		add(fmt.Sprintf("r%d", i), key)
	}
	add("ed", ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef")))
	return s
})

func (s *dkimSetup) LookupTXT(_ context.Context, name string) ([]string, error) {
	return s.zone[name], nil
}

func (s *dkimSetup) LookupTXTMeta(ctx context.Context, name string) ([]string, time.Duration, bool, error) {
	txts, err := s.LookupTXT(ctx, name)
	return txts, time.Hour, false, err
}

// signatures returns n RSA signatures to make, or one with Ed25519 for n = 0.
func (s *dkimSetup) signatures(n int, canon dkim.Canon) []dkim.Signature {
	sig := dkim.Signature{Domain: "example.com", Selector: "ed", Key: s.keys[5], Header: canon, Body: canon}
	if n == 0 {
		return []dkim.Signature{sig}
	}
	var sigs []dkim.Signature
	for i := range n {
		sig.Selector, sig.Key = fmt.Sprintf("r%d", i), s.keys[i]
		sigs = append(sigs, sig)
	}
	return sigs
}

func (s *dkimSetup) message(b *testing.B, body []byte, sigs []dkim.Signature) []byte {
	signer, err := dkim.NewSigner(&dkim.SignerOptions{Now: func() time.Time { return dkimNow }}, sigs...)
	if err != nil {
		b.Fatal(err)
	}
	msg := append([]byte(dkimHeader+"\r\n"), body...)
	fields, err := signer.Sign(context.Background(), bytes.NewReader(msg))
	if err != nil {
		b.Fatal(err)
	}
	return append(fields, msg...)
}

// dkimFloorVerify is SHA-256 over the body and the bare key operations.
func dkimFloorVerify(b *testing.B, body []byte, sigs []dkim.Signature) {
	digest := sha256.Sum256(body)
	raw := make([][]byte, len(sigs))
	for i, s := range sigs {
		var opts crypto.SignerOpts = crypto.SHA256
		if s.Selector == "ed" {
			opts = crypto.Hash(0)
		}
		var err error
		if raw[i], err = s.Key.Sign(nil, digest[:], opts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		sum := sha256.Sum256(body)
		for i, s := range sigs {
			ok := false
			switch k := s.Key.Public().(type) {
			case *rsa.PublicKey:
				ok = rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], raw[i]) == nil
			case ed25519.PublicKey:
				ok = ed25519.Verify(k, sum[:], raw[i])
			}
			if !ok {
				b.Fatal("floor does not verify")
			}
		}
	}
}

func BenchmarkDKIMVerify(b *testing.B) {
	const kb, mb = 1 << 10, 1 << 20
	for _, bm := range []struct {
		name  string
		size  int
		rsa   int // number of RSA signatures, 0: one Ed25519
		canon dkim.Canon
	}{
		{"1KB-rsa-relaxed", kb, 1, dkim.Relaxed},
		{"10KB-rsa-relaxed", 10 * kb, 1, dkim.Relaxed},
		{"10KB-ed25519-relaxed", 10 * kb, 0, dkim.Relaxed},
		{"10KB-rsa-relaxed-5sig", 10 * kb, 5, dkim.Relaxed},
		{"1MB-rsa-relaxed", mb, 1, dkim.Relaxed},
		{"1MB-rsa-simple", mb, 1, dkim.Simple},
		{"50MB-rsa-relaxed", 50 * mb, 1, dkim.Relaxed},
		{"50MB-rsa-simple", 50 * mb, 1, dkim.Simple},
		{"50MB-rsa-relaxed-5sig", 50 * mb, 5, dkim.Relaxed},
	} {
		setup := dkimKeys()
		sigs := setup.signatures(bm.rsa, bm.canon)
		body := dkimBody(bm.size)
		msg := setup.message(b, body, sigs)
		b.Run(bm.name+"/mailsec", func(b *testing.B) { verifyMailsec(b, setup, msg, len(sigs)) })
		b.Run(bm.name+"/msgauth", func(b *testing.B) { verifyMsgauth(b, setup, msg, len(sigs)) })
		b.Run(bm.name+"/floor", func(b *testing.B) { dkimFloorVerify(b, body, sigs) })
	}
}

func verifyMailsec(b *testing.B, setup *dkimSetup, msg []byte, n int) {
	v := dkim.Verifier{Resolver: setup, Now: func() time.Time { return dkimNow }, KeyCache: new(dkim.KeyCache)}
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		report, err := v.Verify(context.Background(), bytes.NewReader(msg))
		if err != nil || len(report.Results) != n || report.Results[n-1].Status != dkim.Pass {
			b.Fatal(report, err)
		}
	}
}

func verifyMsgauth(b *testing.B, setup *dkimSetup, msg []byte, n int) {
	opts := &msgauth.VerifyOptions{LookupTXT: func(name string) ([]string, error) { return setup.zone[name], nil }}
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		results, err := msgauth.VerifyWithOptions(bytes.NewReader(msg), opts)
		if err != nil || len(results) != n || results[n-1].Err != nil {
			b.Fatal(results, err)
		}
	}
}

func BenchmarkDKIMSign(b *testing.B) {
	const kb, mb = 1 << 10, 1 << 20
	for _, bm := range []struct {
		name string
		size int
	}{
		{"10KB-ed25519-relaxed", 10 * kb},
		{"50MB-ed25519-relaxed", 50 * mb},
	} {
		setup := dkimKeys()
		body := dkimBody(bm.size)
		msg := append([]byte(dkimHeader+"\r\n"), body...)
		b.Run(bm.name+"/mailsec", func(b *testing.B) { signMailsec(b, setup, msg) })
		b.Run(bm.name+"/msgauth", func(b *testing.B) { signMsgauth(b, setup, msg) })
		b.Run(bm.name+"/floor", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				sum := sha256.Sum256(body)
				if _, err := setup.keys[5].Sign(nil, sum[:], crypto.Hash(0)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func signMailsec(b *testing.B, setup *dkimSetup, msg []byte) {
	opts := dkim.SignerOptions{Now: func() time.Time { return dkimNow }}
	signer, err := dkim.NewSigner(&opts, setup.signatures(0, dkim.Relaxed)...)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		if _, err := signer.Sign(context.Background(), bytes.NewReader(msg)); err != nil {
			b.Fatal(err)
		}
	}
}

func signMsgauth(b *testing.B, setup *dkimSetup, msg []byte) {
	opts := &msgauth.SignOptions{
		Domain: "example.com", Selector: "ed", Signer: setup.keys[5],
		HeaderCanonicalization: msgauth.CanonicalizationRelaxed, BodyCanonicalization: msgauth.CanonicalizationRelaxed,
		HeaderKeys: dkim.DefaultHeaders(),
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		s, err := msgauth.NewSigner(opts)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(s, bytes.NewReader(msg)); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
