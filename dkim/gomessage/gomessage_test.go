package gomessage_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-message/textproto"

	"github.com/mailsec-go/mailsec/dkim"
	"github.com/mailsec-go/mailsec/dkim/gomessage"
)

var message = strings.ReplaceAll("From:  a@example.com \nSUBJECT\t:two\n  lines\nX-Empty:\nx: \xff\nTo: b\n\nbody  \n", "\n", "\r\n")

func parse(t *testing.T, msg string) (textproto.Header, io.Reader) {
	t.Helper()
	r := bufio.NewReader(strings.NewReader(msg))
	h, err := textproto.ReadHeader(r)
	if err != nil {
		t.Fatal(err)
	}
	return h, r
}

func TestReader(t *testing.T) {
	h, body := parse(t, message)
	r, err := gomessage.Reader(&h, body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || string(got) != message {
		t.Errorf("got %q, %v; want %q", got, err, message)
	}
	if r, err = gomessage.Reader(&h, nil); err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(message, "body")
	if got, _ := io.ReadAll(r); string(got) != header {
		t.Errorf("without a body: %q", got)
	}
}

// TestRoundTrip signs and verifies a message in parsed form, for simple
// canonicalization, which sees every octet.
func TestRoundTrip(t *testing.T) {
	key, record, err := dkim.GenerateKey(dkim.Ed25519SHA256, 0)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := dkim.NewSigner(nil, dkim.Signature{
		Domain: "example.com", Selector: "s", Key: key, Header: dkim.Simple, Body: dkim.Simple,
	})
	if err != nil {
		t.Fatal(err)
	}
	h, body := parse(t, message)
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gomessage.Reader(&h, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	fields, err := signer.Sign(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := gomessage.Prepend(&h, append(fields, "X-First: 1\r\n"...)); err != nil {
		t.Fatal(err)
	}
	if r, err = gomessage.Reader(&h, bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	signed, err := io.ReadAll(r)
	if err != nil || string(signed) != string(fields)+"X-First: 1\r\n"+message {
		t.Fatalf("signed message %q, %v", signed, err)
	}
	v := dkim.Verifier{Resolver: txt(record.String())}
	report, err := v.Verify(context.Background(), bytes.NewReader(signed))
	if err != nil || report.Results[0].Status != dkim.Pass {
		t.Errorf("%+v, %v", report, err)
	}
}

type txt string

func (s txt) LookupTXT(context.Context, string) ([]string, error) { return []string{string(s)}, nil }

func TestPrependRefuses(t *testing.T) {
	for _, s := range []string{"no colon\r\n", "A: no end", "A: 1\r\n: x\r\n", " A: 1", " A: 1\r\n", "\tA: 1\r\nB: 2\r\n"} {
		h, _ := parse(t, message)
		n := h.Len()
		if err := gomessage.Prepend(&h, []byte(s)); !errors.Is(err, gomessage.ErrFields) || h.Len() != n {
			t.Errorf("Prepend(%q): %v, %d fields of %d", s, err, h.Len(), n)
		}
	}
}

// TestLosses shows what the documentation says is lost.
func TestLosses(t *testing.T) {
	for in, want := range map[string]string{
		"A: 1\nB: 2\n\n":           "A: 1\r\nB: 2\r\n\r\n",
		"A: 1\r\n: 2\r\n\r\n":      "A: 1\r\n\r\n",
		"A: 1\r\r\nB:\x00\r\n\r\n": "A: 1\r\r\nB:\x00\r\n\r\n",
	} {
		h, _ := parse(t, in)
		r, err := gomessage.Reader(&h, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(r); string(got) != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func ExamplePrepend() {
	var h textproto.Header
	h.AddRaw([]byte("Subject: lunch\r\n"))
	if err := gomessage.Prepend(&h, []byte("DKIM-Signature: v=1;\r\n b=...\r\n")); err != nil {
		panic(err)
	}
	r, err := gomessage.Reader(&h, strings.NewReader("noon?\r\n"))
	if err != nil {
		panic(err)
	}
	text, _ := io.ReadAll(r)
	fmt.Printf("%q\n", text)
	// Output: "DKIM-Signature: v=1;\r\n b=...\r\nSubject: lunch\r\n\r\nnoon?\r\n"
}
