package dkim

import (
	"bytes"

	"github.com/mailsec-go/mailsec/internal/rawheader"
)

// appendField appends the canonical form of a header field with its final CRLF
// (RFC 6376, sections 3.4.1 and 3.4.2). A field at the end of input that has no
// CRLF gets one, as it will in transport.
func appendField(dst []byte, c Canon, f *rawheader.Field) []byte {
	if c == Simple {
		dst = append(dst, f.Raw...)
		if !bytes.HasSuffix(f.Raw, crlf) {
			dst = append(dst, crlf...)
		}
		return dst
	}
	for _, b := range f.Name() {
		dst = append(dst, lower(b))
	}
	dst = append(dst, ':')
	dst = appendRelaxed(dst, f.Value())
	return append(dst, crlf...)
}

var crlf = []byte("\r\n")

// appendRelaxed appends value unfolded, with every run of blanks made one
// space, and none at either end. Only CRLF is removed; a bare CR or LF stays.
func appendRelaxed(dst, value []byte) []byte {
	dst, _ = appendValue(dst, value, len(dst), false)
	return dst
}

// appendValue appends a part of a value that began at start; blank says that
// the part before it ended in a blank, and whether this one does is returned.
func appendValue(dst, value []byte, start int, blank bool) ([]byte, bool) {
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c > ' ':
		case c == ' ' || c == '\t':
			blank = true
			continue
		case c == '\r' && i+1 < len(value) && value[i+1] == '\n':
			i++
			continue
		}
		if blank && len(dst) > start {
			dst = append(dst, ' ')
		}
		blank = false
		dst = append(dst, c)
	}
	return dst, blank
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// appendOwnField appends the canonical form of the signature field itself with
// the value of b=, raw[from:to], left out and without the final CRLF (RFC 6376,
// section 3.7).
func appendOwnField(dst []byte, c Canon, f *rawheader.Field, from, to int) []byte {
	value := f.Value()
	offset := len(f.Raw) - len(value)
	if c == Simple {
		dst = append(dst, f.Raw[:offset+from]...)
		return append(dst, bytes.TrimSuffix(f.Raw[offset+to:], crlf)...)
	}
	for _, b := range f.Name() {
		dst = append(dst, lower(b))
	}
	dst = append(dst, ':')
	start := len(dst)
	dst, blank := appendValue(dst, value[:from], start, false)
	dst, _ = appendValue(dst, value[to:], start, blank)
	return dst
}
