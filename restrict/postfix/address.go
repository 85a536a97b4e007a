package postfix

import (
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A tok is one token of an RFC 822 address.
type tok struct {
	kind byte // tokAtom, tokQuoted, tokLiteral, or the operator itself
	text string
}

const (
	tokAtom    = 'a'
	tokQuoted  = 'q'
	tokLiteral = 'd'
)

// operators are the characters that form a token of their own. The routing
// operators "%" and "!" are among them.
const operators = "<>@,;:.%!"

// scan splits an address into tokens. Comments and blanks between tokens are
// dropped.
func scan(s string) []tok {
	t, _ := scanComments(s)
	return t
}

// scanComments is scan that also says whether there were comments.
func scanComments(s string) (out []tok, comments bool) {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case c == '(':
			i, comments = skipComment(s, i), true
		case c == '"':
			var t string
			t, i = scanQuoted(s, i+1, '"')
			out = append(out, tok{tokQuoted, t})
		case c == '[':
			var t string
			t, i = scanQuoted(s, i+1, ']')
			out = append(out, tok{tokLiteral, "[" + t + "]"})
		case strings.IndexByte(operators, c) >= 0:
			out = append(out, tok{kind: c})
			i++
		default:
			var t string
			t, i = scanAtom(s, i)
			out = append(out, tok{tokAtom, t})
		}
	}
	return out, comments
}

// skipComment returns the offset after the comment that starts at i.
func skipComment(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// scanQuoted reads up to the closing character, taking backslashes off.
func scanQuoted(s string, i int, end byte) (string, int) {
	var b strings.Builder
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == end:
			return b.String(), i + 1
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), len(s)
}

// scanAtom reads an atom that starts at i.
func scanAtom(s string, i int) (string, int) {
	var b strings.Builder
	for ; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			i++
			b.WriteByte(s[i])
			continue
		}
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '(' || c == '"' || c == '[' ||
			strings.IndexByte(operators, c) >= 0 {
			break
		}
		b.WriteByte(c)
	}
	return b.String(), i
}

func word(k byte) bool { return k == tokAtom || k == tokQuoted || k == tokLiteral }

// join writes tokens as an address. In external form quoted strings keep their
// quotes.
func join(toks []tok, external bool) string {
	var b strings.Builder
	for i, t := range toks {
		if i > 0 && word(t.kind) && word(toks[i-1].kind) {
			b.WriteByte(' ')
		}
		switch {
		case t.kind == tokQuoted && external:
			b.WriteByte('"')
			for j := 0; j < len(t.text); j++ {
				if c := t.text[j]; c == '"' || c == '\\' || c == '\r' {
					b.WriteByte('\\')
				}
				b.WriteByte(t.text[j])
			}
			b.WriteByte('"')
		case word(t.kind):
			b.WriteString(t.text)
		default:
			b.WriteByte(t.kind)
		}
	}
	return b.String()
}

// rfind returns the index of the last token of a kind, -1 for none.
func rfind(toks []tok, kind byte) int {
	for i := len(toks) - 1; i >= 0; i-- {
		if toks[i].kind == kind {
			return i
		}
	}
	return -1
}

// find returns the index of the first token of a kind, -1 for none.
func find(toks []tok, kind byte) int {
	for i, t := range toks {
		if t.kind == kind {
			return i
		}
	}
	return -1
}

// dotString reports whether a local part needs no quotes.
func dotString(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == 0x7f || strings.IndexByte("()<>@,;:\\\"[]", c) >= 0 {
			return false
		}
	}
	return true
}

// quoteLocal turns an address into its external form: a local part that is not
// a dot string is put in quotes.
func quoteLocal(addr string) string {
	local, domain := addr, ""
	if i := strings.LastIndexByte(addr, '@'); i >= 0 {
		local, domain = addr[:i], addr[i:]
	}
	if dotString(local) {
		return addr
	}
	if addr == "" {
		return ""
	}
	return join([]tok{{tokQuoted, local}}, true) + domain
}

// unquoteLocal turns an address into its internal form.
func unquoteLocal(addr string) string {
	if strings.IndexByte(addr, '"') < 0 && strings.IndexByte(addr, '\\') < 0 {
		return addr
	}
	var b strings.Builder
	quoted := false
	for i := 0; i < len(addr); i++ {
		switch c := addr[i]; {
		case c == '@' && !quoted:
			b.WriteString(addr[i:])
			return b.String()
		case c == '"':
			quoted = !quoted
		case c == '\\' && i+1 < len(addr):
			i++
			b.WriteByte(addr[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// validHostname reports whether s is what Postfix takes for a host name:
// labels of letters, digits, hyphens and underscores, not all of them numeric.
func validHostname(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	label, letters := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_':
			letters = true
			label++
		case '0' <= c && c <= '9':
			label++
		case c == '-':
			letters = true
			if label == 0 || i+1 == len(s) || s[i+1] == '.' {
				return false
			}
			label++
		case c == '.':
			if label == 0 || i+1 == len(s) {
				return false
			}
			label = 0
		default:
			return false
		}
		if label > 63 {
			return false
		}
	}
	return letters
}

// trimOneDot takes one trailing dot off, but leaves ".." and "." alone.
func trimOneDot(s string) string {
	if n := len(s); n > 1 && s[n-1] == '.' && s[n-2] != '.' {
		return s[:n-1]
	}
	return s
}

// parents calls f for name and its parent domains until f returns false. The
// second argument of f is false for all but the whole name. With dotted set
// the parents keep their leading dot. Numeric names have no parents.
func parents(name string, dotted bool, f func(key string, full bool) bool) {
	if name == "" || !f(name, true) || validIP(name) {
		return
	}
	for i := 1; i < len(name); i++ {
		if name[i] != '.' {
			continue
		}
		key := name[i:]
		if !dotted {
			key = name[i+1:]
		}
		if key == "" || !f(key, false) {
			return
		}
	}
}

func lower(s string) string { return dnsname.Lower(s) }
