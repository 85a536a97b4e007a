package pcre

import (
	"strings"
	"unicode/utf8"
)

// bracket reads a class whose '[' is at start.
func (p *parser) bracket(start int) (*node, error) {
	set := &charset{fold: p.flags&IgnoreCase != 0}
	set.neg = p.accept("^")
	for first := true; ; first = false {
		if !p.more() {
			return nil, p.fail(len(p.expr), "missing terminating ] for character class")
		}
		if p.peek() == ']' && !first {
			p.pos++
			break
		}
		if err := p.classItem(start, set); err != nil {
			return nil, err
		}
	}
	return &node{op: opClass, set: set.seal()}, nil
}

// classItem reads one character, range or named class.
func (p *parser) classItem(start int, set *charset) error {
	switch {
	case p.accept(`\E`):
		return nil
	case p.accept(`\Q`):
		text, after, _ := strings.Cut(p.expr[p.pos:], `\E`)
		p.pos = len(p.expr) - len(after)
		for _, r := range text {
			set.add(r, r)
		}
		return nil
	}
	lo, isClass, err := p.classRune(set)
	if err == nil && isClass && p.rangeFollows() {
		err = p.fail(p.pos, "invalid range in character class")
	}
	if err != nil || isClass {
		return err
	}
	if !p.rangeFollows() {
		set.add(lo, lo)
		return nil
	}
	mark := p.pos
	p.pos++
	hi, isClass, err := p.classRune(set)
	switch {
	case err != nil:
		return err
	case isClass:
		return p.fail(mark, "invalid range in character class")
	case hi < lo:
		return p.fail(mark, "range out of order in character class")
	default:
		set.add(lo, hi)
	}
	return nil
}

// rangeFollows reports whether a hyphen comes next that is not the last
// character of the class.
func (p *parser) rangeFollows() bool {
	rest := p.expr[p.pos:]
	return len(rest) > 1 && rest[0] == '-' && rest[1] != ']'
}

// classRune reads one character of a class. A named class is added to set
// instead.
func (p *parser) classRune(set *charset) (r rune, isClass bool, err error) {
	start := p.pos
	if p.peek() == '[' {
		if ok, err := p.posixClass(set); ok || err != nil {
			return 0, true, err
		}
		for _, mark := range []string{".", "="} {
			if p.at("["+mark) && strings.Contains(p.expr[p.pos:], mark+"]") {
				return 0, false, p.fail(p.pos, "POSIX collating elements are not supported")
			}
		}
	}
	r, size := utf8.DecodeRuneInString(p.expr[p.pos:])
	p.pos += size
	if r != '\\' {
		return r, false, nil
	}
	if !p.more() {
		return 0, false, p.fail(start, `\ at end of pattern`)
	}
	c := p.peek()
	if ranges, neg, ok := escapeClass(c); ok {
		p.pos++
		set.addClass(ranges, neg)
		return 0, true, nil
	}
	switch c {
	case 'b':
		p.pos++
		return '\b', false, nil
	case 'p', 'P':
		prop, err := p.property(start)
		set.props = append(set.props, prop)
		return 0, true, err
	case 'B', 'R', 'X', 'N':
		return 0, false, p.fail(start, "escape sequence is invalid in character class")
	}
	r, err = p.escapedRune(start)
	return r, false, err
}

// posixClass reads [:name:] and [:^name:].
func (p *parser) posixClass(set *charset) (ok bool, err error) {
	if !strings.HasPrefix(p.expr[p.pos:], "[:") {
		return false, nil
	}
	name, _, found := strings.Cut(p.expr[p.pos+2:], ":]")
	if !found || strings.ContainsAny(name, "[]\\") {
		return false, nil
	}
	bare := strings.TrimPrefix(name, "^")
	ranges, known := namedClass(bare)
	if !known {
		return false, p.fail(p.pos, "unknown POSIX class name")
	}
	if set.fold && (bare == "upper" || bare == "lower") {
		ranges, _ = namedClass("alpha")
	}
	p.pos += len(name) + 4
	set.addClass(ranges, bare != name)
	return true, nil
}
