package dmarc

import (
	"net/url"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A URI is one address for reports, from the rua or ruf tag
// (RFC 9989, section 4.7).
type URI struct {
	Text string // as published, without the size suffix
	// Size is the number before the letter of the obsolete size suffix, in
	// octets; 0 for none. RFC 9989 ignores it.
	Size uint64
}

// Scheme returns the scheme in lower case: "mailto", "https".
func (u URI) Scheme() string {
	s, _, _ := strings.Cut(u.Text, ":")
	return dnsname.Lower(s)
}

// Mailbox returns the address of a mailto URI with its escapes removed, "" for
// other schemes.
func (u URI) Mailbox() string {
	if u.Scheme() != "mailto" {
		return ""
	}
	_, addr, _ := strings.Cut(u.Text, ":")
	addr, _, _ = strings.Cut(addr, "?")
	if a, err := url.PathUnescape(addr); err == nil {
		return a
	}
	return ""
}

// Host returns the domain that gets the report, in lower case and as A-labels:
// the domain of the mailbox, or the host of another URI. It returns "" if there
// is none.
func (u URI) Host() string {
	host := ""
	if mb := u.Mailbox(); mb != "" {
		host = mb[strings.LastIndexByte(mb, '@')+1:]
	} else if p, err := url.Parse(u.Text); err == nil {
		host = p.Hostname()
	}
	name, err := dnsname.ToASCII(host)
	if err != nil {
		return ""
	}
	return name
}

// String returns the URI as published, without the size suffix.
func (u URI) String() string { return u.Text }

// maxURIs bounds the addresses taken from one tag.
const maxURIs = 32

// parseURIs reads the comma-separated list that starts at offset pos of the
// record. What is not a URI is left out and reported to l.
func parseURIs(list string, tag string, pos int, l *linter) []URI {
	n := min(strings.Count(list, ",")+1, maxURIs)
	uris := make([]URI, 0, n)
	for {
		part, rest, more := strings.Cut(list, ",")
		text := strings.Trim(part, " \t")
		u, ok := parseURI(text)
		switch {
		case !ok:
			l.add(pos, tag, "not a URI; it is ignored", text)
		case len(uris) == maxURIs:
			l.add(pos, tag, "more addresses than are read; the rest is ignored", text)
			return uris
		default:
			if len(u.Text) != len(text) {
				l.add(pos, tag, "the size suffix is obsolete and ignored", text)
			}
			uris = append(uris, u)
		}
		if !more {
			return uris
		}
		pos += len(part) + 1
		list = rest
	}
}

// parseURI reads dmarc-uri or obs-dmarc-uri (RFC 9989, section 4.8).
func parseURI(s string) (u URI, ok bool) {
	u.Text = s
	if i := strings.IndexByte(s, '!'); i >= 0 {
		if u.Size, ok = parseSize(s[i+1:]); !ok {
			return u, false
		}
		u.Text = s[:i]
	}
	colon := strings.IndexByte(u.Text, ':')
	if colon < 1 || colon == len(u.Text)-1 || !isAlpha(u.Text[0]) {
		return u, false
	}
	for i := 0; i < len(u.Text); i++ {
		c := u.Text[i]
		switch {
		case i < colon && !isAlpha(c) && !isDigit(c) && c != '+' && c != '-' && c != '.':
			return u, false
		case c <= ' ' || c > '~' || strings.IndexByte("<>\"\\^`{|}", c) >= 0:
			return u, false
		case c == '%' && (i+2 >= len(u.Text) || !isHex(u.Text[i+1]) || !isHex(u.Text[i+2])):
			return u, false
		}
	}
	if colon == len("mailto") && strings.EqualFold(u.Text[:colon], "mailto") {
		addr, _, _ := strings.Cut(u.Text[colon+1:], "?")
		at := strings.LastIndexByte(addr, '@')
		return u, at > 0 && at < len(addr)-1
	}
	return u, true
}

// parseSize reads what follows '!': digits and an optional unit.
func parseSize(s string) (uint64, bool) {
	unit := 0
	if n := len(s); n > 0 && !isDigit(s[n-1]) {
		unit = 10 * (strings.IndexByte("kmgt", s[n-1]|0x20) + 1)
		if s = s[:n-1]; unit == 0 {
			return 0, false
		}
	}
	var n uint64
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) || i >= 7 {
			return 0, false
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return n << unit, s != ""
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
