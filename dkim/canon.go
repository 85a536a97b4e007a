package dkim

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

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
	n := len(dst)
	dst = slices.Grow(dst, len(value)+16)
	dst = dst[:cap(dst)]
	for i := 0; i < len(value); {
		switch c := value[i]; {
		case c == ' ' || c == '\t':
			blank = true
			i++
			continue
		case c == '\r' && i+1 < len(value) && value[i+1] == '\n':
			i += 2
			continue
		}
		if blank && n > start {
			dst[n] = ' '
			n++
		}
		blank = false
		// What follows up to the next blank or control octet is copied in
		// words of eight: (w|high)-0x21.. lacks the top bit of a byte where
		// the octet of w is ASCII and not above a space.
		for i+8 <= len(value) {
			w := binary.LittleEndian.Uint64(value[i:])
			binary.LittleEndian.PutUint64(dst[n:], w)
			hit := ^((w | high) - above | w) & high
			k := bits.TrailingZeros64(hit) / 8
			i += k
			n += k
			if k < 8 {
				break
			}
		}
		if i < len(value) {
			switch c := value[i]; {
			case c == ' ' || c == '\t' || c == '\r' && i+1 < len(value) && value[i+1] == '\n':
			default:
				dst[n] = c
				n++
				i++
			}
		}
	}
	return dst[:n], blank
}

const (
	high  = 0x8080808080808080
	above = 0x2121212121212121
)

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
