package spf

import (
	"strings"
	"unicode/utf8"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// The macro letters of RFC 7208, section 7.2: those for any macro-string, and
// those for explanation text and unknown modifiers, in lower case.
const (
	domainLetters  = "slodiphv"
	explainLetters = domainLetters + "crt"
)

// A macro is one %{...} token.
type macro struct {
	letter  byte   // lower case
	escape  bool   // the letter was upper case: URL-escape the value
	reverse bool   // 'r'
	keep    int    // right-most parts to keep, 0 means all
	delims  string // "" means "."
}

// transforms reports whether the value is split at all (RFC 7208, section 7.1).
func (m *macro) transforms() bool { return m.reverse || m.keep > 0 || m.delims != "" }

// maxKeep is more parts than any value has; larger numbers are clamped to it.
const maxKeep = 1 << 16

// parseMacro parses the token at the beginning of s, which begins with "%{".
// It returns the length of the token, 0 if it is malformed.
func parseMacro(s, letters string) (m macro, n int) {
	if len(s) < 4 {
		return m, 0
	}
	m.letter = s[2] | 0x20
	m.escape = s[2] < 'a'
	if !isAlpha(s[2]) || strings.IndexByte(letters, m.letter) < 0 {
		return m, 0
	}
	i := 3
	for ; i < len(s) && isDigit(s[i]); i++ {
		if m.keep = m.keep*10 + int(s[i]-'0'); m.keep > maxKeep {
			m.keep = maxKeep
		}
	}
	if i > 3 && m.keep == 0 {
		return m, 0 // the number must not be zero (RFC 7208, section 7.3)
	}
	if i < len(s) && s[i]|0x20 == 'r' {
		m.reverse = true
		i++
	}
	start := i
	for i < len(s) && strings.IndexByte(".-+,/_=", s[i]) >= 0 {
		i++
	}
	if i == len(s) || s[i] != '}' {
		return m, 0
	}
	m.delims = s[start:i]
	return m, i + 1
}

// checkMacros checks a macro-string, with spaces between if sp is set, and
// returns where its last macro-expand ends, 0 if there is none.
func checkMacros(s, letters string, sp bool) (lastEnd int, f fault) {
	for i := 0; i < len(s); {
		c := s[i]
		if c != '%' {
			if c <= ' ' && !(sp && c == ' ') || c > '~' {
				return 0, fault{ErrSyntax, "octet that is not printable ASCII"}
			}
			i++
			continue
		}
		if i+1 == len(s) {
			return 0, fault{ErrMacro, "lone % at the end"}
		}
		switch s[i+1] {
		case '%', '_', '-':
			i += 2
		case '{':
			_, n := parseMacro(s[i:], letters)
			if n == 0 {
				return 0, fault{ErrMacro, "malformed or unknown macro, or one that is only for explanations"}
			}
			i += n
		default:
			return 0, fault{ErrMacro, "lone %"}
		}
		lastEnd = i
	}
	return lastEnd, fault{}
}

// checkDomainSpec checks a domain-spec: a macro-string that ends in a
// macro-expand or in "." toplabel ["."] (RFC 7208, section 7.1).
func checkDomainSpec(s string) fault {
	if s == "" {
		return fault{ErrSyntax, "empty domain"}
	}
	last, f := checkMacros(s, domainLetters, false)
	if f.kind != nil || last == len(s) {
		return f
	}
	tail := strings.TrimSuffix(s[last:], ".")
	dot := strings.LastIndexByte(tail, '.')
	if dot < 0 || !isTopLabel(tail[dot+1:]) {
		return fault{ErrSyntax, "domain does not end in a top-level label or a macro"}
	}
	return fault{}
}

// isTopLabel reports whether s is a toplabel: letters, digits and inner
// hyphens, not digits only (RFC 7208, section 7.1).
func isTopLabel(s string) bool {
	digits := true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c):
		case isAlpha(c):
			digits = false
		case c == '-' && i > 0 && i < len(s)-1:
			digits = false
		default:
			return false
		}
	}
	return s != "" && !digits
}

// maxScratch bounds the expansion of a domain-spec while it is built. Only its
// last 253 octets can matter (RFC 7208, section 7.3).
const maxScratch = 4096

// target expands a domain-spec to an absolute name; "" stands for the current
// domain. ok is false for a name that cannot be asked for: empty, with an empty
// label, with a label that is too long, or made from a local-part that is not
// ASCII (RFC 8616, section 4). Such a term does not match.
func (e *eval) target(spec string, domain string) (fqdn string, ok bool) {
	if spec == "" {
		return domain, true
	}
	name := spec
	if strings.IndexByte(spec, '%') >= 0 {
		var buf [256]byte
		b, ok := e.expand(buf[:0], spec, domain, false)
		if !ok {
			return "", false
		}
		if n := len(b); n > 0 && b[n-1] == '.' {
			b = b[:n-1]
		}
		b = truncateName(b)
		if !validName(b) {
			return "", false
		}
		b = append(b, '.')
		return string(b), true
	}
	name = strings.TrimSuffix(name, ".")
	for len(name) > dnsname.MaxName {
		dot := strings.IndexByte(name, '.')
		if dot < 0 {
			return "", false
		}
		name = name[dot+1:]
	}
	if !validName(name) {
		return "", false
	}
	if len(name) < len(spec) && spec[len(spec)-1] == '.' {
		return spec[len(spec)-1-len(name):], true
	}
	return name + ".", true
}

// truncateName drops labels from the left until the name has at most 253
// octets (RFC 7208, section 7.3).
func truncateName(b []byte) []byte {
	for len(b) > dnsname.MaxName {
		i := 0
		for i < len(b) && b[i] != '.' {
			i++
		}
		if i == len(b) {
			return b
		}
		b = b[i+1:]
	}
	return b
}

// validName reports whether every label is 1 to 63 octets long and the name at
// most 253. Labels may hold any octet.
func validName[T string | []byte](name T) bool {
	if len(name) > dnsname.MaxName {
		return false
	}
	start := 0
	for i := 0; i <= len(name); i++ {
		if i == len(name) || name[i] == '.' {
			if n := i - start; n == 0 || n > dnsname.MaxLabel {
				return false
			}
			start = i + 1
		}
	}
	return true
}

// expand appends the expansion of a checked macro-string to dst. domain is
// absolute. A name that grows too long loses its left part, an explanation
// (text set) its right part. ok is false if the macros use a local-part or HELO
// name that must not be used.
func (e *eval) expand(dst []byte, s, domain string, text bool) (_ []byte, ok bool) {
	if !text {
		s = lastMacros(s)
	}
	for i := 0; i < len(s); {
		if s[i] != '%' {
			j := i
			for j < len(s) && s[j] != '%' {
				j++
			}
			dst = append(dst, s[i:j]...)
			i = j
		} else {
			switch s[i+1] {
			case '%':
				dst, i = append(dst, '%'), i+2
			case '_':
				dst, i = append(dst, ' '), i+2
			case '-':
				dst, i = append(dst, "%20"...), i+2
			default:
				m, n := parseMacro(s[i:], explainLetters)
				i += n
				if dst, ok = e.expandMacro(dst, &m, domain); !ok {
					return dst, false
				}
			}
		}
		switch {
		case len(dst) <= MaxExplanation:
		case text:
			return dst[:MaxExplanation], true
		case len(dst) > maxScratch:
			dst = dst[:copy(dst, dst[len(dst)-maxScratch/4:])]
		}
	}
	return dst, true
}

// maxMacros is how many macros of a domain-spec are expanded, from the right.
// With that many the left ones are beyond the 253 octets of a name, unless
// hundreds of them are empty. It bounds the work for a hostile record.
const maxMacros = 512

// lastMacros returns s from its macro that is maxMacros-th from the right on.
func lastMacros(s string) string {
	if len(s) <= 2*maxMacros {
		return s
	}
	n := 0
	for i := 0; i < len(s)-1; i++ {
		if s[i] == '%' {
			n++
			i++
		}
	}
	for i := 0; n > maxMacros; i++ {
		if s[i] == '%' {
			if n--; n == maxMacros {
				_, size := parseMacro(s[i:], explainLetters)
				return s[i+max(size, 2):]
			}
			i++
		}
	}
	return s
}

func (e *eval) expandMacro(dst []byte, m *macro, domain string) (_ []byte, ok bool) {
	val, ok := e.macroValue(m.letter, domain)
	if !ok {
		return dst, false
	}
	if !m.transforms() {
		return appendValue(dst, val, m.escape), true
	}
	return m.appendParts(dst, val), true
}

// appendParts splits val at the delimiters, reverses, keeps the right-most
// parts and joins with dots. Empty parts count (RFC 7208, section 7.3).
func (m *macro) appendParts(dst []byte, val string) []byte {
	delims := m.delims
	if delims == "" {
		delims = "."
	}
	keep := m.keep
	if keep == 0 {
		keep = len(val) + 1
	}
	if !m.reverse {
		start := len(val)
		for n := 0; ; start-- {
			if start == 0 {
				break
			}
			if strings.IndexByte(delims, val[start-1]) >= 0 {
				if n++; n == keep {
					break
				}
			}
		}
		for i := start; i < len(val); i++ {
			if strings.IndexByte(delims, val[i]) >= 0 {
				dst = append(dst, '.')
			} else {
				dst = appendOctet(dst, val[i], m.escape)
			}
		}
		return dst
	}
	// Reversed, the right-most parts are the first ones of the value.
	end := 0
	for n := 0; end < len(val); end++ {
		if strings.IndexByte(delims, val[end]) >= 0 {
			if n++; n == keep {
				break
			}
		}
	}
	for end >= 0 {
		start := end
		for start > 0 && strings.IndexByte(delims, val[start-1]) < 0 {
			start--
		}
		dst = appendValue(dst, val[start:end], m.escape)
		if end = start - 1; end >= 0 {
			dst = append(dst, '.')
		}
	}
	return dst
}

func appendValue(dst []byte, val string, escape bool) []byte {
	if !escape {
		return append(dst, val...)
	}
	for i := 0; i < len(val); i++ {
		dst = appendOctet(dst, val[i], true)
	}
	return dst
}

const hexUpper = "0123456789ABCDEF"

// appendOctet appends c, percent-encoded if escape is set and it is not an
// unreserved octet of RFC 3986, section 2.3.
func appendOctet(dst []byte, c byte, escape bool) []byte {
	if !escape || isAlpha(c) || isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~' {
		return append(dst, c)
	}
	return append(dst, '%', hexUpper[c>>4], hexUpper[c&15])
}

// isASCII reports whether s has no octet above 0x7f.
func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
