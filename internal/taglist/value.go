package taglist

import (
	"encoding/base64"
	"errors"
	"math"
)

// ErrBase64 is returned by [AppendBase64] for text that is not base64.
var ErrBase64 = errors.New("taglist: malformed base64")

// AppendBase64 appends the octets that value encodes (RFC 6376, section 2.10).
// Folding white space is ignored wherever it stands; every other character
// outside the alphabet is an error. Padding is required unless lax is set.
// Unused trailing bits are not looked at. value is not changed.
func AppendBase64(dst, value []byte, lax bool) ([]byte, error) {
	start := len(dst)
	for i := 0; i < len(value); {
		if c := value[i]; c > ' ' {
			dst = append(dst, c)
			i++
			continue
		}
		j := SkipFWS(value, i)
		if j == i {
			return dst[:start], ErrBase64
		}
		i = j
	}
	text := dst[start:]
	enc := base64.StdEncoding
	if lax && len(text)%4 != 0 {
		enc = base64.RawStdEncoding
	}
	// Decoding in place is fine: output never overtakes input.
	n, err := enc.Decode(text, text)
	if err != nil {
		return dst[:start], ErrBase64
	}
	return dst[:start+n], nil
}

// Number reads value as a decimal number of 1 to maxDigits digits; a number
// above the largest int64 gives that. It reports false for anything else.
func Number(value []byte, maxDigits int) (int64, bool) {
	if len(value) == 0 || len(value) > maxDigits {
		return 0, false
	}
	var n int64
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		if d := int64(c - '0'); n > (math.MaxInt64-d)/10 {
			n = math.MaxInt64
		} else {
			n = n*10 + d
		}
	}
	return n, true
}

// Cut splits a list of values at its first colon and strips folding white
// space around the part before it. more is false when no colon is left.
func Cut(list []byte) (item, rest []byte, more bool) {
	end := len(list)
	for i, c := range list {
		if c == ':' {
			end, more = i, true
			break
		}
	}
	if more {
		rest = list[end+1:]
	}
	return Trim(list[:end]), rest, more
}

// Trim strips folding white space from both ends of a value that [Parse]
// returned, or of a part of one. (In such a value CR and LF occur only as folds.)
func Trim(value []byte) []byte {
	for len(value) > 0 && isFWS(value[0]) {
		value = value[1:]
	}
	for len(value) > 0 && isFWS(value[len(value)-1]) {
		value = value[:len(value)-1]
	}
	return value
}

func isFWS(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// EqualFold reports whether value and the lower-case literal are equal, ASCII
// letters compared without case.
func EqualFold(value []byte, lower string) bool {
	if len(value) != len(lower) {
		return false
	}
	for i, c := range value {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
