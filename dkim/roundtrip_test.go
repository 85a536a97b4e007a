package dkim

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// randomMessage returns a message with what is hard about messages: folding,
// tabs, 8-bit text, no final CRLF, an empty body, long lines, blank lines.
func randomMessage(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString("From: " + randomText(r, 20, false) + " <a@example.com>\r\n")
	names := []string{"Subject", "To", "X-Other", "Received", "Comments", "Keywords", "x-lower", "List-Id", "X-Empty "}
	for _, name := range names {
		for range r.IntN(3) {
			b.WriteString(name + ":" + randomText(r, 60, true) + "\r\n")
			if name == "Subject" || name == "To" {
				break
			}
		}
	}
	if r.IntN(10) == 0 {
		return b.String() // no empty line, no body
	}
	b.WriteString("\r\n")
	for range r.IntN(12) {
		switch r.IntN(6) {
		case 0:
			b.WriteString("\r\n")
		case 1:
			b.WriteString(strings.Repeat(" \t", r.IntN(4)) + "\r\n")
		case 2:
			b.WriteString(strings.Repeat("long ", r.IntN(5000)) + "\r\n")
		default:
			b.WriteString(randomText(r, 90, false) + "\r\n")
		}
	}
	msg := b.String()
	if r.IntN(4) == 0 {
		msg += randomText(r, 30, false) // no final CRLF
	}
	return msg
}

func randomText(r *rand.Rand, n int, fold bool) string {
	const alphabet = "abcdefgXYZ=;:,\"\\  \t\t\xe4\xff\xc3\xbc."
	var b strings.Builder
	for range r.IntN(n) + 1 {
		if fold && r.IntN(12) == 0 {
			b.WriteString("\r\n" + " \t"[:1+r.IntN(2)] + "x")
			continue
		}
		b.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

func randomSignature(r *rand.Rand) Signature {
	s := testSignature([]string{"ed", "ed", "ed", "rsa"}[r.IntN(4)])
	s.Header, s.Body = Canon(r.IntN(2)), Canon(r.IntN(2))
	s.NoOversign = r.IntN(2) == 0
	if r.IntN(3) == 0 {
		s.Identity = randomText(r, 30, false) + "@sub.example.com"
	}
	if r.IntN(3) == 0 {
		s.Headers = []string{"from", "subject", "X-Other", "keywords", "X-Empty"}
	}
	return s
}

// writeRandomly writes s in pieces of random size.
func writeRandomly(t testing.TB, r *rand.Rand, w interface{ Write([]byte) (int, error) }, s string) {
	for len(s) > 0 {
		n := 1 + r.IntN(len(s))
		if r.IntN(2) == 0 {
			n = min(n, 1+r.IntN(40))
		}
		if m, err := w.Write([]byte(s[:n])); err != nil || m != n {
			t.Fatalf("Write = %d, %v; want %d", m, err, n)
		}
		s = s[n:]
	}
}

func TestRoundTrip(t *testing.T) {
	seed := uint64(1)
	v := Verifier{Resolver: testZone(), Now: testClock}
	for range 400 {
		seed++
		r := rand.New(rand.NewPCG(seed, 1))
		msg := randomMessage(r)
		sigs := []Signature{randomSignature(r)}
		for r.IntN(3) == 0 {
			sigs = append(sigs, randomSignature(r))
		}
		s, err := NewSigner(&SignerOptions{Now: testClock, Allow: LongLine}, sigs...)
		if err != nil {
			t.Fatal(err)
		}
		sw := s.NewWriter(context.Background())
		writeRandomly(t, r, sw, msg)
		if err := sw.Close(); err != nil {
			t.Fatalf("seed %d: sign %q: %v", seed, msg, err)
		}
		signed := string(sw.Fields()) + msg
		vw := v.NewWriter(context.Background())
		writeRandomly(t, r, vw, signed)
		if err := vw.Close(); err != nil {
			t.Fatalf("seed %d: verify: %v", seed, err)
		}
		rep := vw.Report()
		if len(rep.Results) != len(sigs) {
			t.Fatalf("seed %d: %d results for %d signatures", seed, len(rep.Results), len(sigs))
		}
		for i := range rep.Results {
			if res := &rep.Results[i]; res.Status != Pass {
				t.Errorf("seed %d: signature %d: %v\n%q", seed, i, res.Err, signed)
			}
		}
		for _, line := range strings.Split(string(sw.Fields()), "\r\n") {
			if len(line) > 998 {
				t.Errorf("seed %d: line of %d octets in %q", seed, len(line), sw.Fields())
			}
		}
		checkMutations(t, r, &v, sw.Fields(), msg)
	}
}

// checkMutations changes one octet of a message in places that matter, and
// wants every signature to notice.
func checkMutations(t *testing.T, r *rand.Rand, v *Verifier, fields []byte, msg string) {
	for range 4 {
		i := r.IntN(len(msg))
		c := msg[i]
		switch c {
		case ' ', '\t', '\r', '\n':
			continue // relaxed may not tell the difference
		}
		header, _, _ := strings.Cut(msg, "\r\n\r\n")
		if i < len(header) && !strings.HasPrefix(msg[strings.LastIndex(msg[:i], "\n")+1:], "From:") {
			continue // perhaps not signed
		}
		changed := []byte(msg)
		changed[i] ^= 1
		if changed[i] == '\r' || changed[i] == '\n' || changed[i] <= ' ' {
			continue
		}
		rep, err := v.Verify(context.Background(), iotest.HalfReader(strings.NewReader(string(fields)+string(changed))))
		if err != nil {
			t.Fatal(err)
		}
		for _, res := range rep.Results {
			if res.Status == Pass {
				t.Errorf("%q to %q at %d of %.2000q: %v", c, changed[i], i, msg, res.Status)
			}
		}
	}
}

// TestEveryOctet changes each octet of a signed message in turn. Under simple
// canonicalization all of them count, but for the unused bits at the end of b=.
func TestEveryOctet(t *testing.T) {
	sig := testSignature("ed")
	sig.Header, sig.Body = Simple, Simple
	signed := mustSign(t, nil, simpleMessage, sig)
	v := Verifier{Resolver: testZone(), Now: testClock}
	unused := strings.Index(signed, "==\r\n") - 1
	for i := range signed {
		for _, bit := range []byte{1, 4, 32} {
			changed := []byte(signed)
			changed[i] ^= bit
			r, err := v.Verify(context.Background(), strings.NewReader(string(changed)))
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Results) == 1 && r.Results[0].Status == Pass && i != unused {
				t.Errorf("%q to %q at %d of %q: pass", signed[i], changed[i], i, signed)
			}
		}
	}
}
