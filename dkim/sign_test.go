package dkim

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestNewSignerRefuses(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		edit func(*Signature)
		want string
	}{
		{"no domain", func(s *Signature) { s.Domain = "" }, "empty name"},
		{"tags in the domain", func(s *Signature) { s.Domain = "example.com; b=x" }, "not a domain name"},
		{"line end in the selector", func(s *Signature) { s.Selector = "a\r\nBcc: x" }, "not a domain name"},
		{"no key", func(s *Signature) { s.Key = nil }, "no key"},
		{"nil RSA", func(s *Signature) { s.Key = (*rsa.PrivateKey)(nil) }, "no RSA key"},
		{"empty RSA", func(s *Signature) { s.Key = new(rsa.PrivateKey) }, "no RSA key"},
		{"nil RSA elsewhere", func(s *Signature) { s.Key = fakeKey{pub: (*rsa.PublicKey)(nil)} }, "no RSA key"},
		{"empty RSA elsewhere", func(s *Signature) { s.Key = fakeKey{pub: new(rsa.PublicKey)} }, "no RSA key"},
		{"nil Ed25519", func(s *Signature) { s.Key = ed25519.PrivateKey(nil) }, "Ed25519"},
		{"seed only", func(s *Signature) { s.Key = make(ed25519.PrivateKey, 32) }, "Ed25519"},
		{"halves of two Ed25519 keys", func(s *Signature) { s.Key = make(ed25519.PrivateKey, 64) }, "Ed25519"},
		{"ECDSA", func(s *Signature) { s.Key = ec }, "*ecdsa.PublicKey"},
		{"short RSA", func(s *Signature) { s.Key = testKey("rsa1024") }, "1024 bits"},
		{"short Ed25519", func(s *Signature) { s.Key = fakeKey{pub: ed25519.PublicKey("short")} }, "5 octets"},
		{"canonicalization", func(s *Signature) { s.Body = 7 }, "canonicalization"},
		{"Expire", func(s *Signature) { s.Expire = -time.Second }, "-1s"},
		{"short Expire", func(s *Signature) { s.Expire = time.Millisecond }, "1ms"},
		{"identity without a domain", func(s *Signature) { s.Identity = "ann" }, "no domain"},
		{"identity elsewhere", func(s *Signature) { s.Identity = "ann@example.net" }, "not within"},
		{"identity with tags", func(s *Signature) { s.Identity = "@x;b=.example.com" }, "not within"},
		{"empty identity domain", func(s *Signature) { s.Identity = "ann@" }, "empty name"},
		{"no From", func(s *Signature) { s.Headers = []string{"Subject"} }, "From"},
		{"header name", func(s *Signature) { s.Headers = []string{"From", "a:b"} }, `"a:b"`},
		{"many header names", func(s *Signature) {
			s.Headers = []string{"From"}
			for i := range 500 {
				s.Headers = append(s.Headers, fmt.Sprintf("x-%d", i))
			}
		}, "more than 500"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := testSignature("ed")
			tt.edit(&s)
			if _, err := NewSigner(nil, s); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewSigner: %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := NewSigner(nil); !errors.Is(err, ErrConfig) {
		t.Errorf("no signature: %v", err)
	}
}

// fakeKey is a signer whose answers are given.
type fakeKey struct {
	pub crypto.PublicKey
	sig []byte
	err error
}

func (k fakeKey) Public() crypto.PublicKey { return k.pub }

func (k fakeKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return k.sig, k.err }

// remoteKey is a key in a service.
type remoteKey struct{ crypto.Signer }

func (k remoteKey) SignContext(ctx context.Context, r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return k.Sign(r, digest, opts)
}

type ctxKey struct{}

// contextKey wants the context of the caller.
type contextKey struct{ remoteKey }

func (k contextKey) SignContext(ctx context.Context, r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if ctx.Value(ctxKey{}) == nil {
		return nil, errors.New("not the caller's context")
	}
	return k.remoteKey.SignContext(ctx, r, digest, opts)
}

func TestRemoteKeys(t *testing.T) {
	for _, name := range []string{"ed", "rsa"} {
		sig := testSignature(name)
		sig.Key = contextKey{remoteKey{testKey(name)}}
		s, err := NewSigner(&SignerOptions{Now: testClock}, sig)
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.WithValue(context.Background(), ctxKey{}, 1)
		fields, err := s.Sign(ctx, strings.NewReader(simpleMessage))
		if err != nil {
			t.Fatal(err)
		}
		if got := outcome(mustVerify(t, &Verifier{}, string(fields)+simpleMessage)); got != "pass/ok" {
			t.Errorf("%s: %s", name, got)
		}
		boom := errors.New("boom")
		for what, key := range map[string]struct {
			key  crypto.Signer
			want error
		}{
			"wrong": {fakeKey{pub: testKey(name).Public(), sig: []byte("wrong")}, ErrPrivateKey},
			"fails": {fakeKey{pub: testKey(name).Public(), err: boom}, boom},
		} {
			sig.Key = key.key
			s, err := NewSigner(nil, sig)
			if err != nil {
				t.Fatal(err)
			}
			if fields, err := s.Sign(ctx, strings.NewReader(simpleMessage)); fields != nil || !errors.Is(err, key.want) {
				t.Errorf("%s, key %s: %q, %v", name, what, fields, err)
			}
		}
	}
}

func TestFieldText(t *testing.T) {
	sig := testSignature("ed")
	sig.Identity, sig.Expire = "@news.example.com", 24*time.Hour
	sig.Headers = []string{"from", "Subject", "SUBJECT", "X-" + strings.Repeat("Long-", 15)}
	signed := mustSign(t, nil, simpleMessage, sig)
	field, _, _ := strings.Cut(signed, "\r\nFrom:")
	i := strings.LastIndex(field, " b=")
	want := crlfText(`DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com;
 s=ed; t=1795287654; x=1795374054; i=@news.example.com; q=dns/txt; h=from:
 from:Subject:Subject:
 X-Long-Long-Long-Long-Long-Long-Long-Long-Long-Long-Long-Long-Long-Long-Long-;
 bh=QrsXY7CzID371AlVvx1ygHIBnt+ft6tyL6z3Sn84dnU=;`)
	if got := field[:i]; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := outcome(mustVerify(t, &Verifier{}, signed)); got != "pass/ok" {
		t.Error(got)
	}
}

func TestInternationalNames(t *testing.T) {
	sig := testSignature("ed")
	sig.Domain, sig.Selector, sig.Identity = "B\u00fccher.example.", "w\u00e4hler", "\u00fc;=@post.b\u00fccher.example"
	signed := mustSign(t, nil, simpleMessage, sig)
	for _, want := range []string{" d=xn--bcher-kva.example;", " s=xn--whler-gra;", " i==C3=BC=3B=3D@post.xn--bcher-kva.example;"} {
		if !strings.Contains(signed, want) {
			t.Errorf("%q is missing in %q", want, signed)
		}
	}
	name, err := RecordName(sig.Selector, sig.Domain)
	if err != nil {
		t.Fatal(err)
	}
	z := zone{name: {(&Record{Key: testKey("ed").Public()}).String()}}
	if got := outcome(mustVerify(t, &Verifier{Resolver: z}, signed)); got != "pass/ok" {
		t.Error(got)
	}
}

// TestOversigning adds a field to a signed message.
func TestOversigning(t *testing.T) {
	plain := testSignature("ed")
	plain.NoOversign = true
	for _, tt := range []struct {
		name, add    string
		sig          Signature
		want         string
		messageExtra string
	}{
		{name: "second From", add: "From: eve@example.net\r\n", sig: testSignature("ed"), want: "fail/signature"},
		{name: "second Subject", add: "Subject: pay\r\n", sig: testSignature("ed"), want: "fail/signature"},
		{name: "Reply-To", add: "Reply-To: eve@example.net\r\n", sig: testSignature("ed"), want: "fail/signature"},
		{name: "list field", add: "List-Id: <l>\r\n", sig: testSignature("ed"), want: "pass/ok"},
		{name: "second list field", add: "List-Id: <m>\r\n", sig: testSignature("ed"), want: "fail/signature", messageExtra: "List-Id: <l>\r\n"},
		{name: "trace field", add: "Received: x\r\n", sig: testSignature("ed"), want: "pass/ok"},
		{name: "second From, not oversigned", add: "From: eve@example.net\r\n", sig: plain, want: "pass/ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			signed := mustSign(t, nil, tt.messageExtra+simpleMessage, tt.sig)
			r := mustVerify(t, &Verifier{}, tt.add+signed)
			if got := outcome(r); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if strings.HasPrefix(tt.add, "From") && (r.Findings.FromCount != 2 || r.Results[0].Signed("From") != (tt.want != "pass/ok")) {
				t.Errorf("FromCount %d, signed %v", r.Findings.FromCount, r.Results[0].Signed("From"))
			}
		})
	}
}

func TestDangers(t *testing.T) {
	long := "X: " + strings.Repeat("x", 996) + "\r\n"
	for _, tt := range []struct {
		name, msg string
		danger    Danger
	}{
		{"bare LF in the header", "X-A: a\nb\r\n" + simpleMessage, BareLineEnd},
		{"bare CR in the body", simpleMessage + "a\rb\r\n", BareLineEnd},
		{"CR at the end", simpleMessage + "\r", BareLineEnd},
		{"NUL", "X: \x00\r\n" + simpleMessage, HeaderNUL},
		{"garbage", "garbage\r\n" + simpleMessage, BadField},
		{"long line", long + simpleMessage, LongLine},
		{"no From", "To: x\r\n\r\nbody\r\n", MissingFrom},
		{"two From", "From: x\r\n" + simpleMessage, RepeatedFrom},
		{"two Subject", "subject: x\r\n" + simpleMessage, RepeatedField},
		{"header only, two From", "From: a@example.com\r\nFrom: b\r\n", RepeatedFrom},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sig := testSignature("ed")
			s, err := NewSigner(nil, sig)
			if err != nil {
				t.Fatal(err)
			}
			for _, wrap := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
				in := strings.NewReader(tt.msg)
				fields, err := s.Sign(context.Background(), wrap(in))
				if fields != nil || !errors.Is(err, ErrDangerous) || !strings.Contains(err.Error(), tt.danger.String()) {
					t.Errorf("%q, %v; want %v", fields, err, tt.danger)
				}
				if in.Len() > 0 {
					t.Errorf("%d octets were not read", in.Len())
				}
			}
			signed := mustSign(t, &SignerOptions{Allow: tt.danger}, tt.msg, sig)
			want := "pass/ok"
			if tt.danger == MissingFrom {
				want = "policy/no-from"
			}
			if got := outcome(mustVerify(t, &Verifier{}, signed)); got != want {
				t.Errorf("allowed: %s, want %s", got, want)
			}
		})
	}
}

func TestSignErrors(t *testing.T) {
	ctx := context.Background()
	s, err := NewSigner(&SignerOptions{MaxHeaderBytes: 50}, testSignature("ed"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(ctx, strings.NewReader(simpleMessage)); !errors.Is(err, ErrHeaderTooLarge) {
		t.Errorf("large header: %v", err)
	}
	if fields, err := new(Signer).Sign(ctx, strings.NewReader(simpleMessage)); !errors.Is(err, ErrConfig) || fields != nil {
		t.Errorf("zero Signer: %q, %v", fields, err)
	}
	if s, err = NewSigner(&SignerOptions{MaxHeaderFields: 2}, testSignature("ed")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(ctx, strings.NewReader(simpleMessage)); !errors.Is(err, ErrHeaderTooLarge) {
		t.Errorf("many fields: %v", err)
	}
	if s, err = NewSigner(nil, testSignature("ed")); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	if _, err := s.Sign(ctx, io.MultiReader(strings.NewReader(simpleMessage), iotest.ErrReader(boom))); !errors.Is(err, boom) {
		t.Errorf("failing reader: %v", err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Sign(canceled, strings.NewReader(simpleMessage)); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	w := s.NewWriter(canceled)
	w.Write([]byte(simpleMessage))
	if err := w.Close(); !errors.Is(err, context.Canceled) || w.Fields() != nil {
		t.Errorf("canceled in Close: %v", err)
	}
	if err := w.Close(); !errors.Is(err, context.Canceled) {
		t.Errorf("second Close: %v", err)
	}
	if _, err := w.Write(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
	always, err := NewSigner(&SignerOptions{Allow: ^Danger(0)}, testSignature("ed"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := always.Sign(ctx, strings.NewReader(" leading\r\n"+simpleMessage)); !errors.Is(err, ErrDangerous) {
		t.Errorf("leading continuation: %v", err)
	}
	w = s.NewWriter(ctx)
	_, err1 := w.Write([]byte("no: from\r\n\r\n"))
	_, err2 := w.Write([]byte("body"))
	if err3 := w.Close(); err1 == nil || err1 != err2 || err1 != err3 {
		t.Errorf("%v, %v, %v", err1, err2, err3)
	}
	many := strings.Repeat("Comments: x\r\n", 1001) + simpleMessage
	sig := testSignature("ed")
	sig.Headers = []string{"From", "Comments"}
	if s, err = NewSigner(nil, sig); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(ctx, strings.NewReader(many)); !errors.Is(err, ErrDangerous) {
		t.Errorf("more fields than a signature may name: %v", err)
	}
}

// TestHeaderOnly signs a message without a body, and one whose header has no
// final line end.
func TestHeaderOnly(t *testing.T) {
	for _, msg := range []string{"From: a@example.com\r\n", "From: a@example.com", "From: a@example.com\r\n\r\n"} {
		for _, canon := range []Canon{Relaxed, Simple} {
			sig := testSignature("ed")
			sig.Header, sig.Body = canon, canon
			signed := mustSign(t, nil, msg, sig)
			if got := outcome(mustVerify(t, &Verifier{}, signed)); got != "pass/ok" {
				t.Errorf("%q, %v: %s", msg, canon, got)
			}
			if got := outcome(mustVerify(t, &Verifier{}, strings.TrimRight(signed, "\r\n")+"\r\n\r\n")); got != "pass/ok" {
				t.Errorf("%q, %v, on its way: %s", msg, canon, got)
			}
		}
	}
}

// TestSignerConcurrent uses one Signer and one Verifier in many goroutines.
func TestSignerConcurrent(t *testing.T) {
	s, err := NewSigner(&SignerOptions{Now: testClock}, testSignature("ed"))
	if err != nil {
		t.Fatal(err)
	}
	v := Verifier{Resolver: meta{testZone()}, Now: testClock, KeyCache: new(KeyCache)}
	errs := make(chan error, 8)
	for g := range 8 {
		go func() {
			msg := simpleMessage + strings.Repeat(fmt.Sprintf("line of %d\r\n", g), 1000*g)
			for range 20 {
				fields, err := s.Sign(context.Background(), strings.NewReader(msg))
				if err == nil {
					var r *Report
					r, err = v.Verify(context.Background(), io.MultiReader(bytes.NewReader(fields), strings.NewReader(msg)))
					if err == nil && r.Results[0].Status != Pass {
						err = r.Results[0].Err
					}
				}
				if err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
