package gomessage

import (
	"bufio"
	"bytes"
	"io"
	"testing"

	"github.com/emersion/go-message/textproto"
)

// FuzzPrepend: what Prepend takes stands at the top of the message, octet for
// octet, before the fields that were there.
func FuzzPrepend(f *testing.F) {
	f.Add([]byte("DKIM-Signature: v=1;\r\n b=x\r\nA: b\r\n"), []byte("From: a@example.com\r\n\r\n"))
	f.Add([]byte(" folded: first\r\n"), []byte("\r\n"))
	f.Add([]byte("A: b\n"), []byte("Subject: \xff\r\n\r\n"))
	f.Fuzz(func(t *testing.T, fields, header []byte) {
		h, err := textproto.ReadHeader(bufio.NewReader(bytes.NewReader(header)))
		if err != nil {
			return
		}
		before := octets(t, &h)
		if Prepend(&h, fields) != nil {
			if got := octets(t, &h); !bytes.Equal(got, before) {
				t.Errorf("refused, but the header changed: %q, was %q", got, before)
			}
			return
		}
		if got, want := octets(t, &h), append(bytes.Clone(fields), before...); !bytes.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func octets(t *testing.T, h *textproto.Header) []byte {
	t.Helper()
	r, err := Reader(h, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
