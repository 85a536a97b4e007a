package dkim

import (
	"context"
	"testing"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

func TestVerifyWriterHeader(t *testing.T) {
	v := &Verifier{Resolver: resolvertest.Must().Resolver()}
	w := v.NewWriter(context.Background())
	if _, err := w.Write([]byte("A: b\r\nC: ")); err != nil || w.Header() != nil {
		t.Fatalf("%q, %v", w.Header(), err)
	}
	if _, err := w.Write([]byte("d\r\n\r\nbody")); err != nil || string(w.Header()) != "A: b\r\nC: d\r\n" {
		t.Fatalf("%q, %v", w.Header(), err)
	}
	if err := w.Close(); err != nil || string(w.Header()) != "A: b\r\nC: d\r\n" {
		t.Fatalf("%q, %v", w.Header(), err)
	}
}
