package resolver

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// canonical returns name as the cache and the wire code want it: lower case,
// without the final dot ("" for the root), labels of raw octets. A label that
// is not ASCII but valid UTF-8 becomes an A-label. It does not allocate for a
// name that is in this form but for the dot.
func canonical(name string) (string, error) {
	if name == "." {
		return "", nil
	}
	var upper, beyond bool // holds upper-case letters; holds octets beyond ASCII
	for i := 0; i < len(name); i++ {
		c := name[i]
		upper = upper || 'A' <= c && c <= 'Z'
		beyond = beyond || c >= utf8.RuneSelf
	}
	if beyond && utf8.ValidString(name) {
		return dnsname.ToASCII(name)
	}
	if err := dnsname.Check(name); err != nil {
		return "", err
	}
	name = dnsname.TrimDot(name)
	if upper {
		name = dnsname.Lower(name)
	}
	return name, nil
}

// appendName appends the wire form of a canonical name.
func appendName(dst []byte, name string) []byte {
	for name != "" {
		label, rest, _ := strings.Cut(name, ".")
		dst = append(dst, byte(len(label)))
		dst = append(dst, label...)
		name = rest
	}
	return append(dst, 0)
}

// rawName turns a name in presentation form, with its escapes, into labels of
// raw octets with a final dot. ok is false for a name that this form can't
// express, because one of its labels holds a dot.
func rawName(s string) (name string, ok bool) {
	if s == "" {
		return "", false
	}
	if strings.IndexByte(s, '\\') < 0 {
		return dnsname.FQDN(s), true
	}
	b, ok := unescape(s, '.')
	if !ok {
		return "", false
	}
	return dnsname.FQDN(string(b)), true
}

// unescape undoes the presentation escapes \X and \DDD (RFC 1035, section
// 5.1). It fails if the octet refuse was written as an escape.
func unescape(s string, refuse int) ([]byte, bool) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '\\' || i+1 == len(s) {
			b = append(b, c)
			continue
		}
		i++
		c = s[i]
		if i+2 < len(s) && isDigit(c) && isDigit(s[i+1]) && isDigit(s[i+2]) {
			c = (c-'0')*100 + (s[i+1]-'0')*10 + (s[i+2] - '0')
			i += 2
		}
		if int(c) == refuse {
			return nil, false
		}
		b = append(b, c)
	}
	return b, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

const hexDigits = "0123456789abcdef"

// ReverseName returns the absolute name under which the PTR records of addr
// are found (RFC 1035, section 3.5; RFC 3596, section 2.5). A zone is ignored;
// an IPv4-mapped address counts as IPv4.
func ReverseName(addr netip.Addr) string {
	addr = addr.Unmap()
	b := make([]byte, 0, 73)
	if addr.Is4() {
		a := addr.As4()
		for i := 3; i >= 0; i-- {
			b = strconv.AppendUint(b, uint64(a[i]), 10)
			b = append(b, '.')
		}
		return string(append(b, "in-addr.arpa."...))
	}
	a := addr.As16()
	for i := 15; i >= 0; i-- {
		b = append(b, hexDigits[a[i]&15], '.', hexDigits[a[i]>>4], '.')
	}
	return string(append(b, "ip6.arpa."...))
}
