package dmarc

import (
	"slices"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// Limits of From fields.
const (
	MaxFrom      = 64 << 10 // octets of one field
	MaxMailboxes = 1000     // mailboxes in all fields of a message together
)

// AuthorDomains returns the domains of the mailboxes in the From fields of a
// message, as A-labels in lower case, each once, in order of appearance. From
// holds the bodies of these fields as they stand in the message, folded or not,
// without the name and the colon.
//
// The error is nil if there is exactly one field and exactly one domain
// (RFC 9989, sections 3.2.2 and 11.5). Otherwise it is an [*Error] of kind
// ErrNoFrom, ErrMultipleFrom, ErrFromSyntax, ErrNoDomain, ErrLiteral,
// ErrMultipleDomains or ErrDomain, and the domains that were found are returned
// with it.
//
// The grammar is that of RFC 5322, section 3.4, with groups (RFC 6854) and the
// obsolete forms: comments anywhere, routes, empty list elements. A final dot
// of a domain is tolerated.
func AuthorDomains(from []string) (domains []string, err error) {
	if len(from) == 0 {
		return nil, &Error{Err: ErrNoFrom}
	}
	if len(from) > 1 {
		err = &Error{Err: ErrMultipleFrom}
	}
	p := addressParser{}
	for _, body := range from {
		if p.mailboxes > MaxMailboxes { // of a message with so many fields no more is of use
			break
		}
		if ferr := p.field(body); err == nil {
			err = ferr
		}
	}
	domains = p.list
	if err == nil && len(domains) > 1 {
		err = &Error{Domain: clip(domains[1]), Err: ErrMultipleDomains}
	}
	return domains, err
}

// addressParser reads an address list and collects its domains.
type addressParser struct {
	s         string
	pos       int
	list      []string
	mailboxes int
	literal   bool
}

// field adds the domains of one field that are not in the list yet.
func (p *addressParser) field(body string) error {
	if len(body) > MaxFrom {
		return &Error{Err: ErrFromSyntax, Text: clip(body)}
	}
	p.s, p.pos = body, 0
	before := p.mailboxes
	err := p.addresses()
	if err == nil && p.literal {
		err = &Error{Err: ErrLiteral, Text: clip(body)}
	}
	if err == nil && p.mailboxes == before {
		err = &Error{Err: ErrNoDomain, Text: clip(body)}
	}
	return err
}

func (p *addressParser) fail() error {
	pos := min(p.pos, len(p.s))
	return &Error{Err: ErrFromSyntax, Pos: pos, Text: clip(p.s[pos:])}
}

// addresses reads the whole list: mailboxes and groups between commas.
func (p *addressParser) addresses() error {
	group := false
	for {
		if !p.cfws() {
			return p.fail()
		}
		switch c := p.peek(); {
		case p.pos == len(p.s) && !group:
			return nil
		case c == ',':
			p.pos++
			continue
		case c == ';' && group:
			p.pos++
			group = false
		default:
			isGroup, err := p.address(group)
			if err != nil {
				return err
			}
			if isGroup {
				group = true
				continue
			}
		}
		// A mailbox or a group has ended.
		if !p.cfws() {
			return p.fail()
		}
		if c := p.peek(); p.pos < len(p.s) && c != ',' && (c != ';' || !group) {
			return p.fail()
		}
	}
}

// address reads one mailbox, or the name of a group with its colon.
func (p *addressParser) address(inGroup bool) (isGroup bool, err error) {
	local, words := true, 0 // whether the words so far can be a local part
	dot := true
	for {
		if !p.cfws() {
			return false, p.fail()
		}
		switch c := p.peek(); {
		case p.pos == len(p.s):
			return false, p.fail()
		case c == '.':
			p.pos++
			dot = true
			words++
		case c == '"':
			if !p.quoted() {
				return false, p.fail()
			}
			local = local && dot
			dot = false
			words++
		case isAtext(c):
			p.atom()
			local = local && dot
			dot = false
			words++
		case c == '@' && words > 0 && local:
			p.pos++
			return false, p.domain()
		case c == '<':
			p.pos++
			return false, p.angle()
		case c == ':' && words > 0 && !inGroup:
			p.pos++
			return true, nil
		default:
			return false, p.fail()
		}
	}
}

// angle reads what follows '<': an optional route, the address, and '>'.
func (p *addressParser) angle() error {
	if !p.cfws() {
		return p.fail()
	}
	if c := p.peek(); c == '@' || c == ',' {
		if err := p.route(); err != nil {
			return err
		}
	}
	for n, dot := 0, true; ; n++ {
		if !p.cfws() {
			return p.fail()
		}
		c := p.peek()
		switch {
		case c == '.':
			p.pos++
			dot = true
			continue
		case c == '"' && dot:
			if !p.quoted() {
				return p.fail()
			}
		case p.pos < len(p.s) && isAtext(c) && dot:
			p.atom()
		case c == '@' && n > 0:
			p.pos++
			if err := p.domain(); err != nil {
				return err
			}
			if p.peek() != '>' {
				return p.fail()
			}
			p.pos++
			return nil
		default:
			return p.fail()
		}
		dot = false
	}
}

// route skips an obsolete source route up to and with its colon
// (RFC 5322, section 4.4). Its domains do not count.
func (p *addressParser) route() error {
	for {
		if !p.cfws() {
			return p.fail()
		}
		switch p.peek() {
		case ',':
			p.pos++
		case ':':
			p.pos++
			return nil
		case '@':
			p.pos++
			if _, literal, ok := p.name(); !ok || literal {
				return p.fail()
			}
		default:
			return p.fail()
		}
	}
}

// domain reads the domain after '@' and adds it to the list.
func (p *addressParser) domain() error {
	start := p.pos
	name, literal, ok := p.name()
	if !ok {
		return p.fail()
	}
	if p.mailboxes++; p.mailboxes > MaxMailboxes {
		return p.fail()
	}
	if literal {
		p.literal = true
		return nil
	}
	ascii, err := dnsname.ToASCII(name)
	if err != nil {
		return &Error{Domain: clip(name), Err: ErrDomain, Text: clip(p.s[start:]), Pos: start, Cause: err}
	}
	if !slices.Contains(p.list, ascii) {
		p.list = append(p.list, ascii)
	}
	return nil
}

// name reads a dotted name with comments and blanks allowed between its parts
// (RFC 5322, section 4.4), or an address literal, and the CFWS behind it. One
// dot may stand at the end.
func (p *addressParser) name() (name string, literal, ok bool) {
	if !p.cfws() {
		return "", false, false
	}
	if p.peek() == '[' {
		n := strings.IndexAny(p.s[p.pos+1:], "[]\\")
		if n < 0 || p.s[p.pos+1+n] != ']' {
			return "", false, false
		}
		p.pos += n + 2
		return "", true, p.cfws()
	}
	dotted := true // the name so far is empty or ends in a dot
	for {
		start := p.pos
		if p.pos < len(p.s) && isAtext(p.s[p.pos]) && dotted {
			p.atom()
			dotted = false
		} else if p.peek() == '.' && !dotted {
			p.pos++
			dotted = true
		} else {
			return name, false, name != "" && p.peek() != '.'
		}
		if len(name) > 4*dnsname.MaxName { // no valid name is longer; bounds the work below
			return "", false, false
		}
		part := p.s[start:p.pos]
		if name == "" {
			name = part
		} else {
			name += part
		}
		// The usual dotted name in one go, without building it from parts.
		for !dotted && p.peek() == '.' && p.pos+1 < len(p.s) && isAtext(p.s[p.pos+1]) {
			at := p.pos
			p.pos++
			p.atom()
			name = extend(p.s, name, at, p.pos)
		}
		if !p.cfws() {
			return "", false, false
		}
	}
}

// extend returns name with s[from:to] added, without copying if name ends there.
func extend(s, name string, from, to int) string {
	if from >= len(name) && s[from-len(name):from] == name {
		return s[from-len(name) : to]
	}
	return name + s[from:to]
}

func (p *addressParser) peek() byte {
	if p.pos < len(p.s) {
		return p.s[p.pos]
	}
	return 0
}

// cfws skips blanks, line ends and comments. It reports false for a comment
// without end, and leaves pos at its start.
func (p *addressParser) cfws() bool {
	for p.pos < len(p.s) {
		switch p.s[p.pos] {
		case ' ', '\t', '\r', '\n':
			p.pos++
		case '(':
			if !p.comment() {
				return false
			}
		default:
			return true
		}
	}
	return true
}

func (p *addressParser) comment() bool {
	depth := 0
	for i := p.pos; i < len(p.s); i++ {
		switch p.s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.pos = i + 1
				return true
			}
		}
	}
	return false
}

func (p *addressParser) quoted() bool {
	for i := p.pos + 1; i < len(p.s); i++ {
		switch p.s[i] {
		case '\\':
			i++
		case '"':
			p.pos = i + 1
			return true
		}
	}
	return false
}

func (p *addressParser) atom() {
	for p.pos < len(p.s) && isAtext(p.s[p.pos]) {
		p.pos++
	}
}

// isAtext reports whether c may stand in an atom (RFC 5322, section 3.2.3 and
// RFC 6532, section 3.2).
func isAtext(c byte) bool { return atext[c] }

var atext = func() (t [256]bool) {
	for c := range t {
		b := byte(c)
		t[c] = isAlpha(b) || isDigit(b) || b >= 0x80 || b != 0 && strings.IndexByte("!#$%&'*+-/=?^_`{|}~", b) >= 0
	}
	return t
}()
