// Package gomessage lets package dkim sign and verify messages whose header
// was parsed by github.com/emersion/go-message: a milter that receives fields
// one by one, an SMTP backend that has looked at the header already.
//
// [Reader] turns a header and a body back into the octets of a message, and
// [Prepend] puts signature fields on a header.
//
// A parsed header keeps each field as it was read: the case of its name, its
// order, folding, blanks around the colon and at the end, 8-bit octets and NUL.
// What it cannot preserve, and what therefore is not what the sender signed:
//
//   - A line end that was a bare LF is a CRLF afterwards.
//   - A final CRLF and the empty line after the header are added where missing.
//   - A field with an empty name is dropped without an error.
//   - A header with a line that is no field (a line without a colon, a leading
//     continuation, a name with a blank or an 8-bit octet) was refused as a
//     whole when it was parsed.
//   - A field that was set through the API (Set, Add) has the form that the
//     API gave it.
//   - The body must be the one from the wire. The Body of a message.Entity is
//     not: transfer encodings and charsets are decoded there.
//
// Where the octets of the message are at hand, hand them to package dkim as
// they are.
//
// All functions are safe for concurrent use on different headers.
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
