package pcre

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// escape reads what follows a backslash at start, outside a class.
func (p *parser) escape(start int) (*node, error) {
	if !p.more() {
		return nil, p.fail(start, `\ at end of pattern`)
	}
	c := p.peek()
	if ranges, neg, ok := escapeClass(c); ok {
		p.pos++
		return p.class(ranges, neg), nil
	}
	if simple, ok := map[byte]op{'A': opBeginText, 'G': opBeginText, 'Z': opEndFinal, 'z': opEndText,
		'b': opWordB, 'B': opNotWordB, 'K': opKeep}[c]; ok {
		p.pos++
		return &node{op: simple}, nil
	}
	switch c {
	case 'N':
		p.pos++
		if p.peek() == '{' {
			return nil, p.unsupported(start, `\N{name} is not supported`)
		}
		return p.anyChar(false), nil
	case 'X', 'C':
		return nil, p.unsupported(start, `\X and \C are not supported`)
	case 'R':
		p.pos++
		return newlineSequence(), nil
	case 'p', 'P':
		prop, err := p.property(start)
		if err != nil {
			return nil, err
		}
		return &node{op: opClass, set: (&charset{props: []property{prop}}).seal()}, nil
	case 'g':
		return p.escapeG(start)
	case 'k':
		return p.escapeK(start)
	}
	if '1' <= c && c <= '9' {
		if n, ok := p.backref(start); ok {
			return n, nil
		}
	}
	r, err := p.escapedRune(start)
	if err != nil {
		return nil, err
	}
	return p.literal(r), nil
}

// newlineSequence is \R.
func newlineSequence() *node {
	set := &charset{}
	set.addClass(vertRanges, false)
	crlf := &node{op: opCat, subs: []*node{{op: opLiteral, r: '\r'}, {op: opLiteral, r: '\n'}}}
	return &node{op: opAtomic, subs: []*node{{op: opAlt, subs: []*node{crlf, {op: opClass, set: set.seal()}}}}}
}

// backref reads \1 to \9, and more digits when that many groups were opened.
func (p *parser) backref(start int) (*node, bool) {
	end := p.pos
	for end < len(p.expr) && '0' <= p.expr[end] && p.expr[end] <= '9' && end-p.pos < 4 {
		end++
	}
	n, _ := decimal(p.expr[p.pos:end])
	if n >= 10 && n > p.groups {
		return nil, false // octal, or an error of escapedRune
	}
	p.pos = end
	return p.ref(&node{op: opBackref, n: n, pos: start}), true
}

// escapeG reads \g{1}, \g1, \g{-1}, \g{name} and the calls \g<name>, \g'1'.
func (p *parser) escapeG(start int) (*node, error) {
	p.pos++
	for open, end := range map[string]string{"<": ">", "'": "'"} {
		if !p.accept(open) {
			continue
		}
		return p.reference(start, end, opCall)
	}
	if p.accept("{") {
		return p.reference(start, "}", opBackref)
	}
	end := p.pos
	for end < len(p.expr) && (p.expr[end] == '-' || p.expr[end] == '+' || '0' <= p.expr[end] && p.expr[end] <= '9') {
		end++
	}
	n, ok := p.groupNumber(p.expr[p.pos:end] + " ")
	if end > p.pos {
		n, ok = p.groupNumber(p.expr[p.pos:end])
	}
	if !ok || n == 0 {
		return nil, p.fail(start, `\g is not followed by a group`)
	}
	p.pos = end
	return p.ref(&node{op: opBackref, n: n, pos: start}), nil
}

// reference reads a group number or name up to end.
func (p *parser) reference(start int, end string, kind op) (*node, error) {
	body, _, found := strings.Cut(p.expr[p.pos:], end)
	if found && body != "" {
		if n, ok := p.groupNumber(body); ok {
			if n == 0 && kind == opBackref {
				return nil, p.fail(start, `\g is not followed by a group`)
			}
			p.pos += len(body) + len(end)
			return p.ref(&node{op: kind, n: n, pos: start}), nil
		}
	}
	name, err := p.name(start, end)
	return p.ref(&node{op: kind, name: name, pos: start}), err
}

// escapeK reads \k<name>, \k'name' and \k{name}.
func (p *parser) escapeK(start int) (*node, error) {
	p.pos++
	for open, end := range map[string]string{"<": ">", "'": "'", "{": "}"} {
		if p.accept(open) {
			name, err := p.name(start, end)
			return p.ref(&node{op: opBackref, name: name, pos: start}), err
		}
	}
	return nil, p.fail(start, `\k is not followed by a name`)
}

// property reads what follows \p or \P.
func (p *parser) property(start int) (property, error) {
	neg := p.peek() == 'P'
	p.pos++
	name := ""
	if p.accept("{") {
		body, _, found := strings.Cut(p.expr[p.pos:], "}")
		if !found {
			return property{}, p.fail(start, `malformed \P or \p sequence`)
		}
		p.pos += len(body) + 1
		name = strings.TrimSpace(body)
	} else if p.more() {
		name = p.expr[p.pos : p.pos+1]
		p.pos++
	}
	prop, ok := unicodeProperty(name)
	if !ok {
		return property{}, p.fail(start, `unknown property after \P or \p`)
	}
	prop.neg = prop.neg != neg
	return prop, nil
}

// escapedRune reads the escapes that stand for one character, in a class and
// outside.
func (p *parser) escapedRune(start int) (rune, error) {
	r, size := utf8.DecodeRuneInString(p.expr[p.pos:])
	p.pos += size
	switch r {
	case 'a':
		return 7, nil
	case 'e':
		return 27, nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'x':
		return p.hex(start)
	case 'o':
		if p.accept("{") {
			return p.braced(start, 8)
		}
		return 0, p.fail(start, `missing opening brace after \o`)
	case 'c':
		c := p.peek()
		if c < ' ' || c > '~' {
			return 0, p.fail(start, `\c must be followed by a printable ASCII character`)
		}
		p.pos++
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		return rune(c ^ 0x40), nil
	}
	switch {
	case '0' <= r && r <= '7':
		p.pos--
		return p.octal(), nil
	case r == '8' || r == '9':
		return r, nil
	case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z':
		return 0, p.fail(start, `unrecognized character follows \`)
	}
	return r, nil
}

// octal reads up to three octal digits.
func (p *parser) octal() rune {
	end := p.pos
	for end < len(p.expr) && end-p.pos < 3 && '0' <= p.expr[end] && p.expr[end] <= '7' {
		end++
	}
	n, _ := strconv.ParseUint(p.expr[p.pos:end], 8, 31)
	p.pos = end
	return rune(n)
}

// hex reads what follows \x: up to two digits, or {digits}.
func (p *parser) hex(start int) (rune, error) {
	if p.accept("{") {
		return p.braced(start, 16)
	}
	end := p.pos
	for end < len(p.expr) && end-p.pos < 2 && isHex(p.expr[end]) {
		end++
	}
	n, _ := strconv.ParseUint("0"+p.expr[p.pos:end], 16, 31)
	p.pos = end
	return rune(n), nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// braced reads the number in {...} after \x or \o.
func (p *parser) braced(start, base int) (rune, error) {
	body, _, found := strings.Cut(p.expr[p.pos:], "}")
	n, err := strconv.ParseUint(body, base, 31)
	if !found || err != nil || n > utf8.MaxRune {
		return 0, p.fail(start, "bad character number")
	}
	p.pos += len(body) + 1
	return rune(n), nil
}
