package tlspolicy

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// maxFold is the longest next hop that is folded without allocating. A host
// name is no longer.
const maxFold = 255

// chars holds each octet in lower case and, above that, the bits of its class.
var chars = func() (c [256]uint16) {
	for i := range c {
		switch b := byte(i); {
		case 'A' <= b && b <= 'Z':
			c[i] = isName | uint16(b+'a'-'A')
		case 'a' <= b && b <= 'z', b == '_', b == '-':
			c[i] = isName | uint16(b)
		case '0' <= b && b <= '9', b == '.':
			c[i] = uint16(b)
		case b < utf8.RuneSelf:
			c[i] = isOther | uint16(b)
		default:
			c[i] = isHigh | uint16(b)
		}
	}
	return c
}()

// Classes of octets. Digits and dots have none.
const (
	isName  = 1 << (8 + iota) // letter, underscore or hyphen
	isOther                   // not in host names
	isHigh                    // not ASCII
)

// fold writes s in lower case to buf and returns the part that it filled, with
// the classes of its octets. ok is false, and the key without meaning, when s is
// not ASCII or does not fit.
func fold(buf *[maxFold]byte, s string) (key []byte, classes uint16, ok bool) {
	if len(s) > len(buf) {
		return nil, 0, false
	}
	key = buf[:len(s)]
	for i := range key {
		c := chars[s[i]]
		classes |= c
		key[i] = byte(c)
	}
	return key, classes, classes&isHigh == 0
}

// isHost reports whether a key with these classes is what Postfix takes for a
// host name: labels of at most 63 letters, digits, underscores and hyphens, none
// of the latter at either end of a label, and not digits alone; at most 255
// octets.
func isHost(key []byte, classes uint16) bool {
	if classes&(isOther|isHigh) != 0 || classes&isName == 0 || len(key) > maxFold {
		return false
	}
	return validLabels(key)
}

func validLabels(key []byte) bool {
	for {
		label, rest, more := bytes.Cut(key, dot)
		if !validLabel(label) {
			return false
		}
		if !more {
			return true
		}
		key = rest
	}
}

func validLabel(label []byte) bool {
	n := len(label)
	return n > 0 && n <= dnsname.MaxLabel && label[0] != '-' && label[n-1] != '-'
}

var dot = []byte{'.'}

// isHostName is isHost for a text.
func isHostName(s string) bool {
	var buf [maxFold]byte
	key, classes, ok := fold(&buf, s)
	return ok && isHost(key, classes)
}

// foldKey returns a key or next hop in the form under which it is compared:
// lower case, A-labels where it is a name that has any.
func foldKey(s string) string {
	name, below := strings.CutPrefix(s, ".")
	a, err := dnsname.ToASCII(name)
	if err == nil && utf8.ValidString(name) && !strings.HasSuffix(name, ".") {
		if below {
			return "." + a
		}
		return a
	}
	return dnsname.Lower(s)
}
