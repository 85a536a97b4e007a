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
// other schemes. It also returns "" if the escapes hide what is not one plain
// address: a second one, a quoted local-part, a blank or a control octet. The
// domain that gets the report would then not be the one that is asked for its
// consent, and the text could break out of an SMTP command.
func (u URI) Mailbox() string {
	if u.Scheme() != "mailto" {
		return ""
	}
	_, addr, _ := strings.Cut(u.Text, ":")
	addr, _, _ = strings.Cut(addr, "?")
	if a, err := url.PathUnescape(addr); err == nil && isMailbox(a) {
		return a
	}
	return ""
}

// isMailbox reports whether s is a local-part without quotes and a domain.
func isMailbox(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != '@' && c != '.' && !isAtext(c) {
			return false
		}
	}
	at := strings.IndexByte(s, '@')
	return at > 0 && at < len(s)-1 && strings.IndexByte(s[at+1:], '@') < 0
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
func (r *Record) parseURIs(list, tag string, pos int, l *linter) []URI {
	if r.room == nil {
		// Room for the addresses of both tags: one more than there are commas
		// in each.
		r.room = make([]URI, 0, min(strings.Count(r.Text[pos:], ","), 2*maxURIs)+2)
	}
	uris := appendURIs(r.room, list, tag, pos, l)
	if len(uris) == 0 {
		return nil
	}
	r.room = uris[len(uris):]
	return uris[:len(uris):len(uris)]
}

func appendURIs(uris []URI, list, tag string, pos int, l *linter) []URI {
	for {
		part, rest, more := strings.Cut(list, ",")
		text := trimBlanks(part[skipBlanks(part, 0):])
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
	colon, at, query, end := 0, 0, 0, len(s)
	for i := 0; i < end; i++ {
		switch uriClass[s[i]] {
		case uriPlain:
		case uriBad:
			return u, false
		case ':':
			if colon == 0 {
				colon = i
			}
		case '@':
			if query == 0 {
				at = i
			}
		case '?':
			if query == 0 {
				query = i
			}
		case '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return u, false
			}
		case '!':
			if u.Size, ok = parseSize(s[i+1:]); !ok {
				return u, false
			}
			end = i
		}
	}
	u.Text = s[:end]
	if colon == 0 || colon == end-1 || !isScheme(s[:colon]) {
		return u, false
	}
	if equalFold("mailto", s[:colon]) {
		if query != 0 {
			end = query
		}
		return u, at > colon+1 && at < end-1
	}
	return u, true
}

// isScheme reports whether s is the scheme of a URI (RFC 3986, section 3.1).
func isScheme(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlpha(c) && (i == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// uriClass sorts octets: not allowed in a URI (RFC 3986, section 2), of no
// further interest, or themselves.
var uriClass = func() (t [256]byte) {
	for c := byte('!'); c <= '~'; c++ {
		switch {
		case strings.IndexByte(":@?%!", c) >= 0:
			t[c] = c
		case strings.IndexByte("<>\"\\^`{|}", c) < 0:
			t[c] = uriPlain
		}
	}
	return t
}()

const (
	uriBad   = 0
	uriPlain = 1
)

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
