package pcre

import (
	"strings"
	"unicode/utf8"
)

// parsePOSIX reads a POSIX extended or, with Basic, basic expression.
func (p *parser) parsePOSIX() (*node, error) {
	n, err := p.posixAlternation()
	if err != nil {
		return nil, err
	}
	if p.more() {
		return nil, p.fail(p.pos, `unmatched \)`)
	}
	return n, p.resolve()
}

func (p *parser) basic() bool { return p.flags&Basic != 0 }

// Tokens that differ between the two syntaxes.
func (p *parser) open() string  { return p.either("(", `\(`) }
func (p *parser) close() string { return p.either(")", `\)`) }
func (p *parser) bar() string   { return p.either("|", `\|`) }
func (p *parser) brace() string { return p.either("{", `\{`) }

func (p *parser) either(extended, basic string) string {
	if p.basic() {
		return basic
	}
	return extended
}

func (p *parser) at(s string) bool { return strings.HasPrefix(p.expr[p.pos:], s) }

// atEnd reports whether a branch ends here: at the end, a bar, or the closing
// parenthesis of an open group.
func (p *parser) atEnd() bool {
	return !p.more() || p.at(p.bar()) || p.at(p.close()) && (p.depth > 1 || p.basic())
}

func (p *parser) posixAlternation() (*node, error) {
	if p.depth++; p.depth > MaxNesting {
		return nil, p.fail(p.pos, "parentheses are too deeply nested")
	}
	defer func() { p.depth-- }()
	var branches []*node
	for {
		b, err := p.posixBranch()
		if err != nil {
			return nil, err
		}
		branches = append(branches, b)
		if !p.accept(p.bar()) {
			break
		}
	}
	if len(branches) == 1 {
		return branches[0], nil
	}
	return &node{op: opAlt, subs: branches}, nil
}

func (p *parser) posixBranch() (*node, error) {
	var subs []*node
	start := true // nothing that can be repeated stands before
	for !p.atEnd() {
		n, err := p.posixAtom(start)
		if err != nil {
			return nil, err
		}
		start = n.op == opBeginText || n.op == opBeginLine
		subs = append(subs, n)
		for !start && n.op != opEndText && n.op != opEndLine {
			more, err := p.posixRepeat(subs)
			if err != nil {
				return nil, err
			}
			if !more {
				break
			}
			if p.basic() && p.at("*") {
				return nil, p.fail(p.pos, "invalid preceding regular expression")
			}
		}
	}
	if len(subs) == 1 {
		return subs[0], nil
	}
	return &node{op: opCat, subs: subs}, nil
}

// posixRepeat applies one quantifier to the last element of subs.
func (p *parser) posixRepeat(subs []*node) (more bool, err error) {
	start := p.pos
	lo, hi := 0, -1
	switch {
	case p.accept("*"):
	case p.accept(p.either("+", `\+`)):
		lo = 1
	case p.accept(p.either("?", `\?`)):
		hi = 1
	case p.accept(p.brace()):
		body, after, found := strings.Cut(p.expr[p.pos:], p.either("}", `\}`))
		var ok bool
		if lo, hi, ok = posixCount(body); !found || !ok || hi >= 0 && hi < lo {
			return false, p.fail(start, `invalid content of \{\}`)
		}
		p.pos = len(p.expr) - len(after)
	default:
		return false, nil
	}
	subs[len(subs)-1] = &node{op: opRepeat, min: lo, max: hi, subs: []*node{subs[len(subs)-1]}}
	return true, nil
}

// posixCount parses n, n, and n,m and ,m.
func posixCount(body string) (lo, hi int, ok bool) {
	const maxDup = 32767
	first, second, comma := strings.Cut(body, ",")
	var err error
	if first != "" || !comma {
		if lo, err = decimal(first); err != nil || lo > maxDup {
			return 0, 0, false
		}
	}
	switch {
	case !comma:
		return lo, lo, true
	case second == "":
		return lo, -1, true
	}
	hi, err = decimal(second)
	return lo, hi, err == nil && hi <= maxDup
}

// posixAtom reads one item. start says that it is the first of its branch,
// where a basic expression takes a star as itself.
func (p *parser) posixAtom(start bool) (*node, error) {
	pos := p.pos
	if p.accept(p.open()) {
		return p.posixGroup(pos)
	}
	r, size := utf8.DecodeRuneInString(p.expr[p.pos:])
	p.pos += size
	switch r {
	case '[':
		return p.posixBracket()
	case '\\':
		return p.posixEscape(pos)
	case '.':
		return p.anyChar(p.flags&Multiline == 0), nil
	case '^':
		if !p.basic() || start && (len(p.expr[:pos]) == 0 || strings.HasSuffix(p.expr[:pos], `\(`) || strings.HasSuffix(p.expr[:pos], `\|`)) {
			return &node{op: p.anchor(opBeginLine, opBeginText)}, nil
		}
	case '$':
		if !p.basic() || p.atEnd() {
			return &node{op: p.anchor(opEndLine, opEndText)}, nil
		}
	case '*', '+', '?', '{':
		if !p.basic() {
			return nil, p.fail(pos, "invalid preceding regular expression")
		}
	}
	return p.literal(r), nil
}

func (p *parser) anchor(line, text op) op {
	if p.flags&Multiline != 0 {
		return line
	}
	return text
}

func (p *parser) posixGroup(pos int) (*node, error) {
	if p.groups++; p.groups > MaxGroups {
		return nil, p.fail(pos, "too many groups")
	}
	n := p.groups
	body, err := p.posixAlternation()
	if err != nil {
		return nil, err
	}
	if !p.accept(p.close()) {
		return nil, p.fail(pos, `unmatched ( or \(`)
	}
	return &node{op: opGroup, n: n, subs: []*node{body}}, nil
}

// posixEscape reads a GNU escape, a back reference, or the character itself.
func (p *parser) posixEscape(pos int) (*node, error) {
	if !p.more() {
		return nil, p.fail(pos, "trailing backslash")
	}
	r, size := utf8.DecodeRuneInString(p.expr[p.pos:])
	p.pos += size
	switch r {
	case '{':
		if p.basic() {
			return nil, p.fail(pos, "invalid preceding regular expression")
		}
	case 'w', 'W':
		return p.class(wordRanges, r == 'W'), nil
	case 's', 'S':
		return p.class(spaceRanges, r == 'S'), nil
	case 'b':
		return &node{op: opWordB}, nil
	case 'B':
		return &node{op: opNotWordB}, nil
	case '<':
		return &node{op: opWordStart}, nil
	case '>':
		return &node{op: opWordEnd}, nil
	case '`':
		return &node{op: opBeginText}, nil
	case '\'':
		return &node{op: opEndText}, nil
	}
	if '1' <= r && r <= '9' {
		if int(r-'0') > p.groups {
			return nil, p.fail(pos, "invalid back reference")
		}
		return p.ref(&node{op: opBackref, n: int(r - '0'), pos: pos}), nil
	}
	return p.literal(r), nil
}

// posixBracket reads a bracket expression, in which a backslash is itself.
func (p *parser) posixBracket() (*node, error) {
	set := &charset{fold: p.flags&IgnoreCase != 0}
	set.neg = p.accept("^")
	if set.neg && p.flags&Multiline != 0 {
		set.add('\n', '\n')
	}
	for first := true; first || !p.accept("]"); first = false {
		if !p.more() {
			return nil, p.fail(len(p.expr), "unmatched [, [^, [:, [., or [=")
		}
		if p.at("[:") {
			ok, err := p.posixClass(set)
			if err != nil {
				return nil, err
			}
			if ok && p.rangeFollows() {
				return nil, p.fail(p.pos, "invalid range end")
			}
			if ok {
				continue
			}
		}
		lo, err := p.bracketRune()
		if err != nil {
			return nil, err
		}
		hi := lo
		if p.rangeFollows() {
			p.pos++
			if hi, err = p.bracketRune(); err != nil {
				return nil, err
			}
			if hi < lo || p.rangeFollows() {
				return nil, p.fail(p.pos, "invalid range end")
			}
		}
		set.add(lo, hi)
	}
	return &node{op: opClass, set: set.seal()}, nil
}

// bracketRune reads a character, [.c.] or [=c=].
func (p *parser) bracketRune() (rune, error) {
	for _, mark := range []string{".", "="} {
		if !p.accept("[" + mark) {
			continue
		}
		body, after, found := strings.Cut(p.expr[p.pos:], mark+"]")
		if !found || utf8.RuneCountInString(body) != 1 {
			return 0, p.fail(p.pos, "invalid collation character")
		}
		p.pos = len(p.expr) - len(after)
		r, _ := utf8.DecodeRuneInString(body)
		return r, nil
	}
	r, size := utf8.DecodeRuneInString(p.expr[p.pos:])
	p.pos += size
	return r, nil
}
