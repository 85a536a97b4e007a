package dkim

import (
	"context"
	"strings"
	"testing"
)

// TestAllocations bounds what one small message costs. It is the promise of the
// package documentation.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	ctx := context.Background()
	for name, want := range map[string]float64{"rsa": 30, "ed": 22} {
		msg := mustSign(t, nil, simpleMessage, testSignature(name))
		v := Verifier{Resolver: meta{testZone()}, Now: testClock, KeyCache: new(KeyCache)}
		r := strings.NewReader(msg)
		if n := testing.AllocsPerRun(100, func() {
			r.Reset(msg)
			if rep, err := v.Verify(ctx, r); err != nil || rep.Results[0].Status != Pass {
				t.Fatal(rep, err)
			}
		}); n > want {
			t.Errorf("%s: Verify allocates %v times, want at most %v", name, n, want)
		}
	}
	s, err := NewSigner(nil, testSignature("ed"))
	if err != nil {
		t.Fatal(err)
	}
	r := strings.NewReader("")
	if n := testing.AllocsPerRun(100, func() {
		r.Reset(simpleMessage)
		if _, err := s.Sign(ctx, r); err != nil {
			t.Fatal(err)
		}
	}); n > 20 {
		t.Errorf("Sign allocates %v times, want at most 20", n)
	}
}
