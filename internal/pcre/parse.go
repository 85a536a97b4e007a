package pcre

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// parser reads one pattern. Flags change inside groups and are restored at
// their end.
type parser struct {
	expr   string
	pos    int
	flags  Flags
	depth  int
	groups int
	names  map[string]int
	calls  map[int]bool // groups called as subroutines
	refs   []*node      // references to resolve when all groups are known
}

func newParser(expr string, f Flags) *parser {
	return &parser{expr: expr, flags: f, names: map[string]int{}, calls: map[int]bool{}}
}

// unsupported is [parser.fail] for what PCRE would take.
func (p *parser) unsupported(pos int, msg string) error {
	return &Error{Expr: p.expr, Pos: pos, Msg: msg, Unsupported: true}
}

func (p *parser) fail(pos int, msg string) error { return &Error{Expr: p.expr, Pos: pos, Msg: msg} }

// parse reads the whole pattern.
func (p *parser) parse() (*node, error) {
	if p.flags&POSIX != 0 {
		return p.parsePOSIX()
	}
	for p.accept("(*UTF)") || p.accept("(*NO_START_OPT)") || p.accept("(*NO_AUTO_POSSESS)") || p.accept("(*NO_JIT)") {
		// without effect here
	}
	n, err := p.alternation()
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.expr) {
		return nil, p.fail(p.pos, "unmatched closing parenthesis")
	}
	return n, p.resolve()
}

// resolve checks references to groups once all of them are known.
func (p *parser) resolve() error {
	for _, r := range p.refs {
		if r.name != "" {
			n, ok := p.names[r.name]
			if !ok {
				return p.fail(r.pos, "reference to non-existent group "+strconv.Quote(r.name))
			}
			r.n = n
		}
		if r.n < 0 || r.n > p.groups {
			return p.fail(r.pos, "reference to non-existent group "+strconv.Itoa(r.n))
		}
		if r.op == opCall {
			p.calls[r.n] = true
		}
	}
	return nil
}

// peek returns the next octet, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.expr) {
		return p.expr[p.pos]
	}
	return 0
}

func (p *parser) more() bool { return p.pos < len(p.expr) }

// accept consumes s if it comes next.
func (p *parser) accept(s string) bool {
	if strings.HasPrefix(p.expr[p.pos:], s) {
		p.pos += len(s)
		return true
	}
	return false
}

// alternation reads branches up to the end or a closing parenthesis.
func (p *parser) alternation() (*node, error) {
	if p.depth++; p.depth > MaxNesting {
		return nil, p.fail(p.pos, "parentheses are too deeply nested")
	}
	defer func() { p.depth-- }()
	saved := p.flags
	defer func() { p.flags = saved }()
	var branches []*node
	for {
		b, err := p.sequence()
		if err != nil {
			return nil, err
		}
		branches = append(branches, b)
		if !p.accept("|") {
			break
		}
	}
	if len(branches) == 1 {
		return branches[0], nil
	}
	return &node{op: opAlt, subs: branches}, nil
}

// sequence reads one branch.
func (p *parser) sequence() (*node, error) {
	var subs []*node
	for {
		if p.skipIgnored(); !p.more() || p.peek() == '|' || p.peek() == ')' {
			break
		}
		if p.accept(`\Q`) {
			subs = append(subs, p.quoted()...)
		} else {
			n, err := p.atom()
			if err != nil {
				return nil, err
			}
			if n == nil {
				continue
			}
			subs = append(subs, n)
		}
		if err := p.quantified(subs); err != nil {
			return nil, err
		}
	}
	if len(subs) == 1 {
		return subs[0], nil
	}
	return &node{op: opCat, subs: subs}, nil
}

// quoted reads the rest of \Q...\E as literals.
func (p *parser) quoted() []*node {
	text, after, _ := strings.Cut(p.expr[p.pos:], `\E`)
	p.pos = len(p.expr) - len(after)
	var out []*node
	for _, r := range text {
		out = append(out, p.literal(r))
	}
	return out
}

// skipIgnored skips comments, \E, and with the x flag white space.
func (p *parser) skipIgnored() {
	for p.more() {
		switch c := p.peek(); {
		case p.accept(`\E`):
		case strings.HasPrefix(p.expr[p.pos:], "(?#"), callout(p.expr[p.pos:]):
			i := strings.IndexByte(p.expr[p.pos:], ')')
			if i < 0 {
				return // reported by group
			}
			p.pos += i + 1
		case p.flags&Extended != 0 && (c == ' ' || '\t' <= c && c <= '\r'):
			p.pos++
		case p.flags&Extended != 0 && c == '#':
			_, after, _ := strings.Cut(p.expr[p.pos:], "\n")
			p.pos = len(p.expr) - len(after)
		default:
			return
		}
	}
}

// callout reports whether s starts with (?C) or (?Cnumber), which do nothing.
func callout(s string) bool {
	rest, ok := strings.CutPrefix(s, "(?C")
	return ok && strings.HasPrefix(strings.TrimLeft(rest, "0123456789"), ")")
}

func (p *parser) literal(r rune) *node {
	return &node{op: opLiteral, r: r, fold: p.flags&IgnoreCase != 0}
}

// class returns a node for a named class such as \d.
func (p *parser) class(ranges []rune, neg bool) *node {
	s := &charset{}
	s.addClass(ranges, neg)
	return &node{op: opClass, set: s.seal()}
}

// anyChar returns the dot.
func (p *parser) anyChar(newline bool) *node {
	if newline {
		return p.class(nil, true)
	}
	return p.class([]rune{'\n', '\n'}, true)
}

// atom reads one item without its quantifier; nil for one that only changes
// flags.
func (p *parser) atom() (*node, error) {
	start := p.pos
	r, size := utf8.DecodeRuneInString(p.expr[p.pos:])
	p.pos += size
	switch r {
	case '(':
		return p.group(start)
	case '[':
		return p.bracket(start)
	case '\\':
		return p.escape(start)
	case '.':
		return p.anyChar(p.flags&DotAll != 0), nil
	case '^':
		if p.flags&Multiline != 0 {
			return &node{op: opBeginLine}, nil
		}
		return &node{op: opBeginText}, nil
	case '$':
		switch {
		case p.flags&Multiline != 0:
			return &node{op: opEndLine}, nil
		case p.flags&DollarEnd != 0:
			return &node{op: opEndText}, nil
		}
		return &node{op: opEndFinal}, nil
	case '*', '+', '?':
		return nil, p.fail(start, "quantifier does not follow a repeatable item")
	case '{':
		if _, _, ok := p.count(); ok {
			return nil, p.fail(start, "quantifier does not follow a repeatable item")
		}
	}
	return p.literal(r), nil
}

// quantified applies the quantifiers that follow to the last element of subs.
func (p *parser) quantified(subs []*node) error {
	if len(subs) == 0 {
		return nil
	}
	last := subs[len(subs)-1]
	if last.op == opFail || last.op >= opBeginText && last.op <= opWordEnd || last.op == opKeep {
		return nil // cannot be repeated; atom reports the quantifier
	}
	if p.skipIgnored(); !p.more() {
		return nil
	}
	start := p.pos
	lo, hi := 0, -1
	switch c := p.peek(); c {
	case '*':
		p.pos++
	case '+':
		lo = 1
		p.pos++
	case '?':
		hi = 1
		p.pos++
	case '{':
		p.pos++
		var ok bool
		if lo, hi, ok = p.count(); !ok {
			p.pos = start
			return nil
		}
	default:
		return nil
	}
	if hi >= 0 && hi < lo {
		return p.fail(start, "numbers out of order in {} quantifier")
	}
	if lo > 65535 || hi > 65535 {
		return p.fail(start, "number too big in {} quantifier")
	}
	n := &node{op: opRepeat, min: lo, max: hi}
	if p.flags&Ungreedy != 0 {
		n.kind = lazy
	}
	switch {
	case p.accept("?"):
		n.kind ^= lazy
	case p.accept("+"):
		n.kind = possessive
	}
	if last.op == opLook { // an assertion counts at most once
		n.min, n.max = min(n.min, 1), 1
	}
	n.subs = []*node{last}
	subs[len(subs)-1] = n
	return nil
}

// count reads the inside of {n}, {n,} or {n,m}; without one it consumes
// nothing.
func (p *parser) count() (lo, hi int, ok bool) {
	body, after, found := strings.Cut(p.expr[p.pos:], "}")
	if !found || body == "" || len(body) > 20 {
		return 0, 0, false
	}
	first, second, comma := strings.Cut(body, ",")
	lo, err := decimal(first)
	if err != nil {
		return 0, 0, false
	}
	switch {
	case !comma:
		hi = lo
	case second == "":
		hi = -1
	default:
		if hi, err = decimal(second); err != nil {
			return 0, 0, false
		}
	}
	p.pos = len(p.expr) - len(after)
	return lo, hi, true
}

// decimal parses digits only.
func decimal(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err
}
