package tlspolicy

import (
	"strings"
	"unicode/utf8"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// maxFold is the longest next hop that is folded without allocating. A host
// name is no longer.
const maxFold = 255

// fold writes s in lower case to buf and returns the part that it filled. ok is
// false, and the key without meaning, when s is not ASCII or does not fit.
func fold(buf *[maxFold]byte, s string) (key []byte, ok bool) {
	if len(s) > len(buf) {
		return nil, false
	}
	key = buf[:len(s)]
	var all byte
	for i := range key {
		c := s[i]
		all |= c
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		key[i] = c
	}
	return key, all < utf8.RuneSelf
}

// Classes of octets.
const (
	inLetter uint8 = 1 << iota // letter or underscore
	inDigit
	inHyphen
	inDot
	inOther
)

var classes = func() (c [256]uint8) {
	for i := range c {
		switch b := byte(i); {
		case 'A' <= b && b <= 'Z', 'a' <= b && b <= 'z', b == '_':
			c[i] = inLetter
		case '0' <= b && b <= '9':
			c[i] = inDigit
		case b == '-':
			c[i] = inHyphen
		case b == '.':
			c[i] = inDot
		default:
			c[i] = inOther
		}
	}
	return c
}()

// isHost reports whether s is what Postfix takes for a host name: labels of at
// most 63 letters, digits, underscores and hyphens, none of the latter at either
// end of a label, and not digits alone; at most 255 octets.
func isHost(s []byte) bool {
	if len(s) > maxFold {
		return false
	}
	var all uint8
	last, start := inDot, 0
	for i := 0; i < len(s); i++ {
		c := classes[s[i]]
		all |= c
		if c&(inDot|inHyphen) != 0 {
			if last == inDot || c == inDot && (last == inHyphen || i-start > dnsname.MaxLabel) {
				return false
			}
			if c == inDot {
				start = i + 1
			}
		}
		last = c
	}
	return all&inOther == 0 && all&(inLetter|inHyphen) != 0 &&
		last&(inDot|inHyphen) == 0 && len(s)-start <= dnsname.MaxLabel
}

// foldKey returns a key or next hop in the form under which it is compared:
// lower case, A-labels where it is a name that has any.
func foldKey(s string) string {
	name, dot := strings.CutPrefix(s, ".")
	a, err := dnsname.ToASCII(name)
	if err == nil && utf8.ValidString(name) && !strings.HasSuffix(name, ".") {
		if dot {
			return "." + a
		}
		return a
	}
	return dnsname.Lower(s)
}
