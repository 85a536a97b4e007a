package rbl

import (
	"errors"
	"net/netip"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// ParseDNSLists parses the value of Exim's dnslists condition, after expansion:
//
//	bl.example : <; dbl.example=127.0.1.2/spam.test
//	txt.example,combined.example&0.0.0.2
//
// An item is a zone, or one for the text and one to match, then a condition as
// in [ParseCondition], then a slash and keys to ask about instead of the
// client's address. The words +include_unknown, +exclude_unknown and
// +defer_unknown hold for the items after them. The Lists are meant for a
// [Config] with FirstMatch; their names are the zones as written.
func ParseDNSLists(text string) ([]List, error) {
	var out []List
	unknown := UnknownSkip
	items := splitExim(text)
	for _, it := range items {
		switch it.text {
		case "+include_unknown":
			unknown = UnknownMatch
			continue
		case "+exclude_unknown":
			unknown = UnknownSkip
			continue
		case "+defer_unknown":
			unknown = UnknownDefer
			continue
		}
		l, err := parseDNSList(it.text)
		if err != nil {
			return nil, within(text, it.pos, err)
		}
		l.Unknown = unknown
		out = append(out, l)
	}
	if len(out) == 0 {
		return nil, &Error{Kind: ErrSyntax, Text: text, Advice: "no list is named"}
	}
	return out, nil
}

// maxQuoted bounds the configuration text that an error quotes.
const maxQuoted = 4096

// within places an error of an item into the whole text.
func within(text string, pos int, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	moved := *e
	text = head(text, maxQuoted)
	pos = min(pos+e.Pos, len(text))
	moved.Kind, moved.Text, moved.Pos = ErrSyntax, hideKeys(text), len(hideKeys(text[:pos]))
	return &moved
}

// hideKeys replaces what looks like the key of a list in configuration text, so
// that an error message can quote the text.
func hideKeys(text string) string {
	notName := func(c rune) bool {
		return c != '.' && c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}
	for _, name := range strings.FieldsFunc(text, notName) {
		name = dnsname.Lower(dnsname.TrimDot(name))
		for _, part := range append(strings.Split(name, "."), name) {
			text = makeZone(name, guessSecret(part)).redact(text)
		}
	}
	return text
}

func parseDNSList(item string) (List, error) {
	var l List
	fail := func(pos int, advice string) (List, error) {
		return List{}, &Error{Kind: ErrSyntax, Text: item, Pos: pos, Advice: advice}
	}
	if strings.HasPrefix(item, "+") {
		return fail(0, "unknown option; there are +include_unknown, +exclude_unknown and +defer_unknown")
	}
	spec, keys, keyed := strings.Cut(item, "/")
	if keyed {
		l.Keys = []Key{}
		for _, k := range splitExim(keys) {
			if addr, err := netip.ParseAddr(k.text); err == nil {
				l.Keys = append(l.Keys, Key{Addr: addr.WithZone("")})
			} else if k.text != "" {
				l.Keys = append(l.Keys, Key{Name: k.text})
			}
		}
	}
	domain, cond := spec, ""
	at := strings.IndexByte(spec, '=')
	if at < 0 {
		at = strings.IndexByte(spec, '&')
	}
	if at >= 0 {
		domain, cond = spec[:at], spec[at:]
		if d, inverted := strings.CutSuffix(domain, "!"); inverted {
			domain, cond = d, "!"+cond
		}
	}
	var err error
	if l.Accept, err = ParseCondition(cond); err != nil {
		return List{}, within(item, len(domain), err)
	}
	l.Name = domain
	if text, match, both := strings.Cut(domain, ","); both {
		l.Name, domain = text, match
		if l.TextZone, err = ParseZone(text); err != nil {
			return fail(0, "the zone for the text is not a domain name")
		}
		l.Name = l.TextZone.redact(text)
	}
	if l.Zone, err = ParseZone(domain); err != nil {
		return fail(0, "want the name of a zone, without blanks around what follows")
	}
	l.Name = l.Zone.redact(l.Name)
	return l, nil
}

// An eximItem is one item of a list with its place.
type eximItem struct {
	text string
	pos  int
}

// splitExim splits a list the way Exim does: at colons, or at the punctuation
// that follows a "<" in front. A doubled separator stands for itself, blanks
// around items do not count, and empty items are left out.
func splitExim(text string) []eximItem {
	sep := byte(':')
	i := len(text) - len(strings.TrimLeft(text, " \t\r\n"))
	if i+1 < len(text) && text[i] == '<' && isPunct(text[i+1]) {
		sep = text[i+1]
		i += 2
	}
	var out []eximItem
	for i < len(text) {
		start := i
		var b strings.Builder
		for ; i < len(text); i++ {
			if text[i] == sep {
				if i+1 == len(text) || text[i+1] != sep {
					break
				}
				i++
			}
			b.WriteByte(text[i])
		}
		i++
		raw := b.String()
		if item := strings.Trim(raw, " \t\r\n"); item != "" {
			lead := len(raw) - len(strings.TrimLeft(raw, " \t\r\n"))
			out = append(out, eximItem{item, start + lead})
		}
	}
	return out
}

func isPunct(c byte) bool {
	return c > ' ' && c < 0x7f && !isAlnum(strings.ToLower(string(rune(c)))) || c < ' '
}
