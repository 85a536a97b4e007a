package rbl

import (
	"strings"
	"unicode/utf8"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// CanonicalDomain returns the form of a domain that lists are asked about:
// A-labels in lower case without a final dot. Of a mail address it takes the
// part after the last "@". It returns a reason instead for what no domain list
// knows: nothing, an address literal, a name whose last label is a number, and
// what is not a name of letters, digits, hyphens and underscores.
func CanonicalDomain(s string) (string, Skip) {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		s = s[at+1:]
	}
	s = dnsname.TrimDot(s)
	switch {
	case s == "":
		return "", SkipEmpty
	case s[0] == '[':
		return "", SkipLiteral
	case s[len(s)-1] == '.' || !utf8.ValidString(s):
		return "", SkipSyntax
	}
	name, err := dnsname.ToASCII(s)
	if err != nil {
		return "", SkipSyntax
	}
	name = dnsname.TrimDot(name)
	if !isHostName(name) {
		return "", SkipSyntax
	}
	if isNumeric(name[strings.LastIndexByte(name, '.')+1:]) {
		return "", SkipNumeric
	}
	return name, ""
}

// isHostName reports whether name holds only letters, digits, hyphens,
// underscores and dots. Where the hyphens stand does not matter to a list.
func isHostName(name string) bool {
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', isDigit(c), c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

func isNumeric(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}
