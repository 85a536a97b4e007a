package gomessage

import (
	"bytes"
	"errors"
	"io"

	"github.com/emersion/go-message/textproto"
)

// Reader returns a reader of the message that consists of a parsed header and
// a body from the wire. A nil body is an empty one. It fails if a field has no
// raw form. The header is copied; it may be changed afterwards.
func Reader(h *textproto.Header, body io.Reader) (io.Reader, error) {
	var raw []byte
	for fields := h.Fields(); fields.Next(); {
		b, err := fields.Raw()
		if err != nil {
			return nil, err
		}
		raw = append(raw, b...)
	}
	raw = append(raw, "\r\n"...)
	if body == nil {
		return bytes.NewReader(raw), nil
	}
	return io.MultiReader(bytes.NewReader(raw), body), nil
}

// ErrFields is returned by [Prepend] for text that is not header fields.
var ErrFields = errors.New("gomessage: not header fields that end in CRLF")

// Prepend puts fields, as a signer returns them, at the top of a header, their
// octets unchanged and in their order.
func Prepend(h *textproto.Header, fields []byte) error {
	var list [][]byte
	for rest := fields; len(rest) > 0; {
		n := fieldEnd(rest)
		if n < 0 || rest[0] == ' ' || rest[0] == '\t' || bytes.IndexByte(rest[:n], ':') <= 0 {
			return ErrFields
		}
		list = append(list, bytes.Clone(rest[:n]))
		rest = rest[n:]
	}
	for i := len(list) - 1; i >= 0; i-- {
		h.AddRaw(list[i])
	}
	return nil
}

// fieldEnd returns the length of the first field in b, -1 if it has no end.
func fieldEnd(b []byte) int {
	for i := 0; ; {
		j := bytes.Index(b[i:], []byte("\r\n"))
		if j < 0 {
			return -1
		}
		i += j + 2
		if i == len(b) || b[i] != ' ' && b[i] != '\t' {
			return i
		}
	}
}
