package authres

import "strings"

// lexer reads the elements of a structured field. Line ends count as blanks,
// wherever they stand, so a value may be passed folded or unfolded.
type lexer struct {
	s   string
	pos int
}

func (lx *lexer) fail(what string) error {
	pos := min(lx.pos, len(lx.s))
	return &Error{Pos: pos, What: "want " + what, Text: clip(lx.s[pos:]), Err: ErrSyntax}
}

// peek returns the next octet, 0 at the end. A NUL in the text is not told
// apart from the end here; every reader of an element refuses it.
func (lx *lexer) peek() byte {
	if lx.pos < len(lx.s) {
		return lx.s[lx.pos]
	}
	return 0
}

func (lx *lexer) accept(c byte) bool {
	if lx.pos < len(lx.s) && lx.s[lx.pos] == c {
		lx.pos++
		return true
	}
	return false
}

// semicolon steps over a semicolon and reports whether there was one or the
// end was reached.
func (lx *lexer) semicolon() bool { return lx.accept(';') || lx.pos == len(lx.s) }

// cfws skips blanks and comments (RFC 5322, section 3.2.2). The text of the
// first comment is stored in *first when that is given and empty.
func (lx *lexer) cfws(first *string) error {
	for lx.pos < len(lx.s) {
		switch c := lx.s[lx.pos]; {
		case class[c]&classBlank != 0:
			lx.pos++
		case c == '(':
			text, ok := lx.comment()
			if !ok {
				return lx.fail("end of the comment")
			}
			if first != nil && *first == "" {
				*first = text
			}
		default:
			return nil
		}
	}
	return nil
}

// comment reads a comment, nested ones included, and returns what stands
// between its parentheses with escapes and line ends removed.
func (lx *lexer) comment() (string, bool) {
	depth := 0
	for i := lx.pos; i < len(lx.s); i++ {
		switch lx.s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				text := lx.s[lx.pos+1 : i]
				lx.pos = i + 1
				return unescape(text), true
			}
		}
	}
	return "", false
}

// quoted reads a quoted string (RFC 5322, section 3.2.4) and returns its
// content with escapes and line ends removed.
func (lx *lexer) quoted() (string, bool) {
	for i := lx.pos + 1; i < len(lx.s); i++ {
		switch lx.s[i] {
		case '\\':
			i++
		case '"':
			text := lx.s[lx.pos+1 : i]
			lx.pos = i + 1
			return unescape(text), true
		}
	}
	return "", false
}

// unescape removes the backslash of each quoted pair, and CR and LF, which are
// folding. It returns s itself when there is nothing to remove.
func unescape(s string) string {
	if !strings.ContainsAny(s, "\\\r\n") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			i++
			c = s[i]
		}
		if c != '\r' && c != '\n' {
			b = append(b, c)
		}
	}
	return string(b)
}

// keyword reads a name and returns it in lower case.
func (lx *lexer) keyword() (string, bool) {
	start := lx.pos
	for lx.pos < len(lx.s) && class[lx.s[lx.pos]]&classKeyword != 0 {
		lx.pos++
	}
	return lower(lx.s[start:lx.pos]), lx.pos > start
}

// number reads a version number.
func (lx *lexer) number() (int, bool) {
	n, start := 0, lx.pos
	for lx.pos < len(lx.s) && '0' <= lx.s[lx.pos] && lx.s[lx.pos] <= '9' {
		if n = n*10 + int(lx.s[lx.pos]-'0'); n > maxVersion {
			return 0, false
		}
		lx.pos++
	}
	return n, lx.pos > start
}

// value reads a token or a quoted string. Octets outside ASCII may stand in a
// token (RFC 6532, section 3.2).
func (lx *lexer) value() (string, bool) {
	if lx.peek() == '"' {
		return lx.quoted()
	}
	start := lx.pos
	for lx.pos < len(lx.s) && (class[lx.s[lx.pos]]&classToken != 0 || lx.s[lx.pos] >= 0x80) {
		lx.pos++
	}
	return lx.s[start:lx.pos], lx.pos > start
}

// pvalue reads the value of a property: a quoted string, an address whose
// local part may be quoted, or a run of anything that does not end it.
func (lx *lexer) pvalue() (string, bool) {
	local := ""
	if lx.peek() == '"' {
		text, ok := lx.quoted()
		if !ok || lx.peek() != '@' {
			return text, ok
		}
		w := appender{utf8: true}
		w.quoted(text, '"', '"')
		local = string(w.b)
	}
	start := lx.pos
	for lx.pos < len(lx.s) {
		c := lx.s[lx.pos]
		if c <= ' ' || c == 0x7f || c == ';' || c == '(' || c == '"' {
			break
		}
		lx.pos++
	}
	return local + lx.s[start:lx.pos], lx.pos > start
}
