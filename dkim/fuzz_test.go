package dkim

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// FuzzVerify changes a signed message and checks that the report does not
// depend on how the message arrives, that there is one result per field, that
// every result is complete, and that only what was signed passes.
func FuzzVerify(f *testing.F) {
	signed := mustSign(f, nil, simpleMessage, testSignature("ed"))
	for _, s := range []string{
		signed, simpleMessage, "DKIM-Signature: junk\r\n" + signed, strings.Replace(signed, "lunch", "dinner", 1), "\r\n",
		"DKIM-Signature: v=1; a=ed25519-sha256; d=example.com; s=ed; h=From; l=3; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\nFrom: x\r\n\r\nbody",
	} {
		f.Add([]byte(s), uint64(1))
	}
	v := Verifier{Resolver: testZone(), Now: testClock}
	f.Fuzz(func(t *testing.T, msg []byte, seed uint64) {
		one, err := v.Verify(context.Background(), strings.NewReader(string(msg)))
		if err != nil {
			if !errors.Is(err, ErrHeaderTooLarge) {
				t.Fatal(err)
			}
			return
		}
		w := v.NewWriter(context.Background())
		writeRandomly(t, rand.New(rand.NewPCG(seed, 1)), w, string(msg))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		two := w.Report()
		if !reflect.DeepEqual(one.Findings, two.Findings) || outcome(one) != outcome(two) {
			t.Fatalf("%q: %s, in pieces %s", msg, outcome(one), outcome(two))
		}
		if n := len(one.Fields("DKIM-Signature")); n != len(one.Results) {
			t.Fatalf("%q: %d results for %d fields", msg, len(one.Results), n)
		}
		for i := range one.Results {
			r := &one.Results[i]
			if r.Index != i || (r.Status == Pass) != (r.Reason == OK) || (r.Err == nil) != (r.Status == Pass) {
				t.Fatalf("%q: %+v", msg, *r)
			}
			if r.Status == Pass && (!r.BodyMatches || !r.HeaderMatches || !strings.Contains(string(msg), "Ann <ann@example.com>") || r.UnsignedBytes != 0) {
				t.Fatalf("%q passes: %+v", msg, *r)
			}
			r.AuthResult()
		}
	})
}

// FuzzSign checks that what can be signed verifies, and stays within the line
// length that RFC 5322 allows.
func FuzzSign(f *testing.F) {
	for _, s := range []string{simpleMessage, "From: a\r\n b\r\n\r\n \r\n\r\nx", "From:\r\nX : y\r\n\r\na  b \t\r\n", "From: x"} {
		f.Add([]byte(s), uint64(1))
	}
	v := Verifier{Resolver: testZone(), Now: testClock}
	f.Fuzz(func(t *testing.T, msg []byte, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 2))
		sig := testSignature("ed")
		sig.Header, sig.Body, sig.NoOversign = Canon(r.IntN(2)), Canon(r.IntN(2)), r.IntN(2) == 0
		s, err := NewSigner(&SignerOptions{Now: testClock, Allow: Danger(r.IntN(128)) &^ MissingFrom}, sig)
		if err != nil {
			t.Fatal(err)
		}
		fields, err := s.Sign(context.Background(), strings.NewReader(string(msg)))
		if err != nil {
			if !errors.Is(err, ErrDangerous) && !errors.Is(err, ErrHeaderTooLarge) {
				t.Fatalf("%q: %v", msg, err)
			}
			return
		}
		for line := range strings.Lines(string(fields)) {
			if len(line) > 1000 {
				t.Fatalf("line of %d octets", len(line))
			}
		}
		rep := mustVerify(t, &v, string(fields)+string(msg))
		if rep.Results[0].Status != Pass {
			t.Fatalf("%q: %s: %v", msg, outcome(rep), rep.Results[0].Err)
		}
	})
}

// FuzzParseRecord checks that a record that parses is the same after it was
// written and parsed again.
func FuzzParseRecord(f *testing.F) {
	for _, key := range []string{"ed", "rsa"} {
		f.Add((&Record{Key: testKey(key).Public(), Flags: []string{"y"}, Hashes: []string{"sha256"}}).String())
	}
	f.Add("v=DKIM1; p=")
	f.Add("k=ed25519; n=a=3Bb; p=AAAA")
	f.Fuzz(func(t *testing.T, txt string) {
		LintRecord(txt)
		r, err := ParseRecord(txt)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Reason.status() != PermError || e.Pos < 0 || e.Pos > len(txt) {
				t.Fatalf("ParseRecord(%q): %#v", txt, err)
			}
			return
		}
		// An empty list allows nothing, which no list can say.
		if len(r.Hashes) == 0 {
			r.Hashes = nil
		}
		if len(r.Services) == 0 {
			r.Services = nil
		}
		if len(r.Flags) == 0 {
			r.Flags = nil
		}
		again, err := ParseRecord(r.String())
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("ParseRecord(%q) = %+v; %q = %+v, %v", txt, r, r.String(), again, err)
		}
	})
}
