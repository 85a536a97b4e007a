package pcre

import "strings"

// group reads what follows an opening parenthesis at start.
func (p *parser) group(start int) (*node, error) {
	if p.accept("*") {
		return p.verb(start)
	}
	if !p.accept("?") {
		if p.flags&noCapture != 0 {
			return p.rest(start, &node{op: opGroup})
		}
		return p.capture(start, "")
	}
	switch {
	case p.accept("#"):
		return nil, p.fail(start, "missing ) after (?# comment")
	case p.accept(":"):
		return p.rest(start, &node{op: opGroup})
	case p.accept(">"):
		return p.rest(start, &node{op: opAtomic})
	case p.accept("|"):
		return p.branchReset(start)
	case p.accept("="):
		return p.rest(start, &node{op: opLook})
	case p.accept("!"):
		return p.rest(start, &node{op: opLook, neg: true})
	case p.accept("<="):
		return p.lookBehind(start, false)
	case p.accept("<!"):
		return p.lookBehind(start, true)
	case p.accept("P<"), p.accept("<"):
		return p.named(start, ">")
	case p.accept("'"):
		return p.named(start, "'")
	case p.accept("("):
		return p.conditional(start)
	}
	if n, ok, err := p.call(start); ok || err != nil {
		return n, err
	}
	return p.options(start)
}

// verb reads (*FAIL) and its short forms.
func (p *parser) verb(start int) (*node, error) {
	for _, name := range []string{"FAIL)", "F)"} {
		if p.accept(name) {
			return &node{op: opFail}, nil
		}
	}
	return nil, p.unsupported(start, "(*VERB) is not supported")
}

// rest reads the body and the closing parenthesis of a group.
func (p *parser) rest(start int, n *node) (*node, error) {
	body, err := p.alternation()
	if err != nil {
		return nil, err
	}
	if !p.accept(")") {
		return nil, p.fail(len(p.expr), "missing closing parenthesis")
	}
	n.subs = []*node{body}
	n.pos = start
	return n, nil
}

func (p *parser) lookBehind(start int, neg bool) (*node, error) {
	n, err := p.rest(start, &node{op: opLook, neg: neg, behind: true})
	if err != nil {
		return nil, err
	}
	for _, alt := range n.subs[0].alternatives() {
		if _, ok := alt.width(); !ok {
			return nil, p.fail(start, errBehind.Error())
		}
	}
	return n, nil
}

func (p *parser) capture(start int, name string) (*node, error) {
	if p.groups++; p.groups > MaxGroups {
		return nil, p.fail(start, "too many capturing groups")
	}
	n := p.groups
	if name != "" {
		if old, dup := p.names[name]; dup && old != n {
			return nil, p.fail(start, "two named groups have the same name")
		}
		p.names[name] = n
	}
	return p.rest(start, &node{op: opGroup, n: n})
}

func (p *parser) named(start int, end string) (*node, error) {
	name, err := p.name(start, end)
	if err != nil {
		return nil, err
	}
	return p.capture(start, name)
}

// name reads a group name up to end.
func (p *parser) name(start int, end string) (string, error) {
	name, _, found := strings.Cut(p.expr[p.pos:], end)
	if !found || !isName(name) {
		return "", p.fail(start, "bad group name")
	}
	p.pos += len(name) + len(end)
	return name, nil
}

func isName(s string) bool {
	if s == "" || len(s) > 128 || '0' <= s[0] && s[0] <= '9' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return false
		}
	}
	return true
}

// branchReset reads (?|...), whose branches number their groups alike.
func (p *parser) branchReset(start int) (*node, error) {
	first, most := p.groups, p.groups
	n := &node{op: opAlt}
	saved := p.flags
	for {
		p.groups = first
		b, err := p.sequence()
		if err != nil {
			return nil, err
		}
		n.subs = append(n.subs, b)
		most = max(most, p.groups)
		if !p.accept("|") {
			break
		}
	}
	p.flags, p.groups = saved, most
	if !p.accept(")") {
		return nil, p.fail(len(p.expr), "missing closing parenthesis")
	}
	return &node{op: opGroup, subs: []*node{n}, pos: start}, nil
}

// call reads (?R), (?1), (?-1), (?&name), (?P>name) and (?P=name).
func (p *parser) call(start int) (n *node, ok bool, err error) {
	switch {
	case p.accept("P="):
		name, err := p.name(start, ")")
		return p.ref(&node{op: opBackref, name: name, pos: start}), true, err
	case p.accept("P>"), p.accept("&"):
		name, err := p.name(start, ")")
		return p.ref(&node{op: opCall, name: name, pos: start}), true, err
	case p.accept("R)"):
		return p.ref(&node{op: opCall, pos: start}), true, nil
	}
	body, _, found := strings.Cut(p.expr[p.pos:], ")")
	if !found {
		return nil, false, nil
	}
	group, isNumber := p.groupNumber(body)
	if !isNumber {
		return nil, false, nil
	}
	p.pos += len(body) + 1
	return p.ref(&node{op: opCall, n: group, pos: start}), true, nil
}

// groupNumber parses 1, +1 and -1, the latter relative to the groups so far.
func (p *parser) groupNumber(s string) (n int, ok bool) {
	digits := strings.TrimLeft(s, "+-")
	n, err := decimal(digits)
	if err != nil || len(s)-len(digits) > 1 {
		return 0, false
	}
	switch s[0] {
	case '+':
		return p.groups + n, n > 0
	case '-':
		if n == 0 || n > p.groups {
			return -1, n > 0 // reported by resolve
		}
		return p.groups + 1 - n, true
	}
	return n, true
}

// ref notes a reference for resolve.
func (p *parser) ref(n *node) *node {
	n.fold = p.flags&IgnoreCase != 0
	p.refs = append(p.refs, n)
	return n
}

// conditional reads (?(condition)yes|no).
func (p *parser) conditional(start int) (*node, error) {
	n := &node{op: opIf, pos: start, n: -1}
	switch {
	case strings.HasPrefix(p.expr[p.pos:], "?"):
		p.pos--
		open := p.pos
		p.pos++
		look, err := p.group(open)
		if err != nil {
			return nil, err
		}
		if look == nil || look.op != opLook {
			return nil, p.fail(start, "assertion expected after (?(")
		}
		n.subs = []*node{look}
	default:
		if err := p.condition(start, n); err != nil {
			return nil, err
		}
		n.subs = []*node{nil}
	}
	body, err := p.rest(start, &node{})
	if err != nil {
		return nil, err
	}
	branches := []*node{body.subs[0]}
	if body.subs[0].op == opAlt {
		branches = body.subs[0].subs
	}
	switch len(branches) {
	case 1:
		branches = append(branches, &node{op: opEmpty})
	case 2:
	default:
		return nil, p.fail(start, "conditional group has more than two branches")
	}
	n.subs = append(n.subs[:1:1], branches[0], branches[1])
	return n, nil
}

// condition reads a group number, a group name or DEFINE, with the closing
// parenthesis.
func (p *parser) condition(start int, n *node) error {
	body, _, found := strings.Cut(p.expr[p.pos:], ")")
	if !found {
		return p.fail(start, "missing closing parenthesis for condition")
	}
	p.pos += len(body) + 1
	if body == "DEFINE" {
		n.op, n.neg = opIf, true // never true
		return nil
	}
	if group, ok := p.groupNumber(body); body != "" && ok {
		n.n = group
		p.ref(n)
		return nil
	}
	name := body
	if len(name) > 2 && (name[0] == '<' && name[len(name)-1] == '>' || name[0] == '\'' && name[len(name)-1] == '\'') {
		name = name[1 : len(name)-1]
	}
	if name == "R" || strings.HasPrefix(name, "R&") || strings.HasPrefix(name, "VERSION") {
		return p.unsupported(start, "this condition is not supported")
	}
	if !isName(name) {
		return p.fail(start, "malformed condition")
	}
	n.name = name
	p.ref(n)
	return nil
}

// options reads (?i-x) and (?i-x:...).
func (p *parser) options(start int) (*node, error) {
	flags, off := p.flags, false
	if p.accept("^") {
		flags &^= IgnoreCase | Multiline | DotAll | Extended | noCapture
	}
	for {
		c := p.peek()
		if !p.more() {
			return nil, p.fail(start, "missing closing parenthesis")
		}
		p.pos++
		bit := Flags(0)
		switch c {
		case 'i':
			bit = IgnoreCase
		case 'm':
			bit = Multiline
		case 's':
			bit = DotAll
		case 'x':
			bit = Extended
		case 'U':
			bit = Ungreedy
		case 'n':
			bit = noCapture
		case 'J':
			return nil, p.unsupported(start, "(?J) is not supported")
		case '-':
			if off {
				return nil, p.fail(p.pos-1, "invalid hyphen in option setting")
			}
			off = true
			continue
		case ')':
			p.flags = flags
			return nil, nil
		case ':':
			saved := p.flags
			p.flags = flags
			n, err := p.rest(start, &node{op: opGroup})
			p.flags = saved
			return n, err
		default:
			return nil, p.fail(p.pos-1, "unrecognized character after (? or (?-")
		}
		if flags |= bit; off {
			flags &^= bit
		}
	}
}
