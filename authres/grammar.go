package authres

import "strings"

// Classes of octets. A token is RFC 2045, section 5.1; a keyword is
// letters, digits and hyphen (RFC 5321, section 4.1.2), with the underscore
// that private methods use; atext is RFC 5322, section 3.2.3.
const (
	classToken = 1 << iota
	classKeyword
	classAtext
	classDomain
	classBlank
)

var class = func() (t [256]uint8) {
	for c := 0x21; c < 0x7f; c++ {
		if !strings.ContainsRune("()<>@,;:\\\"/[]?=", rune(c)) {
			t[c] |= classToken
		}
		if strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", rune(c)) {
			t[c] |= classAtext
		}
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			t[c] |= classKeyword | classAtext | classDomain
		case c == '-' || c == '_':
			t[c] |= classKeyword | classDomain
		}
	}
	for _, c := range " \t\r\n" {
		t[c] |= classBlank
	}
	return t
}()

// all reports whether s is not empty and consists of octets of class k.
func all(s string, k uint8) bool {
	for i := 0; i < len(s); i++ {
		if class[s[i]]&k == 0 {
			return false
		}
	}
	return s != ""
}

func isToken(s string) bool   { return all(s, classToken) }
func isKeyword(s string) bool { return all(s, classKeyword) }

// isAddress reports whether s is [[local-part] "@"] domain-name of RFC 8601,
// section 2.2, in the one spelling the parser returns.
func isAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || !isDotted(s[at+1:], classDomain) {
		return false
	}
	local := s[:at]
	return local == "" || isDotted(local, classAtext) || isQuotedLocal(local)
}

// isDotted reports whether s is one or more labels of class k with single dots
// between them.
func isDotted(s string, k uint8) bool {
	for {
		label, rest, more := strings.Cut(s, ".")
		if !all(label, k) {
			return false
		}
		if !more {
			return true
		}
		s = rest
	}
}

// isQuotedLocal reports whether s is a quoted string of printable ASCII in
// which exactly the quote and the backslash are escaped.
func isQuotedLocal(s string) bool {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	s = s[1 : len(s)-1]
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < ' ' || c > '~' || c == '"':
			return false
		case c == '\\':
			i++
			if i == len(s) || s[i] != '"' && s[i] != '\\' {
				return false
			}
		}
	}
	return true
}
