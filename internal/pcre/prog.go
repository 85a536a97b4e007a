package pcre

import "errors"

type icode uint8

const (
	iMatch   icode = iota // end of the pattern
	iFail                 //
	iRune                 // r
	iFold                 // r, folded
	iSet                  // set
	iSplit                // try x, then y
	iJump                 // to x
	iSave                 // register x = position
	iClose                // group x = from register y to position
	iAssert               // kind
	iBackref              // group x, folded when y != 0
	iLook                 // run to iEnd, then go to x; y is -1 or where to go when it fails
	iAtomic               // run to iEnd, then go to x from where that ended
	iEnd                  // end of iLook, iAtomic
	iBack                 // step back x characters
	iMark                 // register x = position, at the start of a loop round
	iMoved                // fail to loop unless the position moved since iMark x; then go to y
	iIfGroup              // go on when group x is set, else to y
	iCall                 // call the group x that starts at y
	iReturn               // end of group x: return when it was called
)

type instr struct {
	code icode
	neg  bool
	kind op
	r    rune
	x, y int
	set  *charset
}

// program is the code of a pattern.
type program struct {
	code     []instr
	groups   int
	regs     int // two for each group, then those of loops
	anchored bool
	first    *[4]uint64 // octets a match can start with; nil when it can be empty
}

var errTooLarge = errors.New("regular expression is too large")

type compiler struct {
	prog  *program
	calls map[int]bool
	start map[int]int // of groups that are called
	temp  map[int]int // register that holds the start of a group until its end
	fixes []int       // iCall instructions to point at the start of their group
	err   error
}

func compileProgram(tree *node, p *parser) (*program, error) {
	c := &compiler{prog: &program{groups: p.groups, regs: 2 * (p.groups + 1)}, calls: p.calls, start: map[int]int{0: 0}, temp: map[int]int{}}
	c.add(instr{code: iSave, x: 0})
	c.node(tree)
	c.add(instr{code: iSave, x: 1})
	if c.calls[0] {
		c.add(instr{code: iReturn, x: 0})
	}
	c.add(instr{code: iMatch})
	if c.err != nil {
		return nil, c.err
	}
	for _, i := range c.fixes {
		at, ok := c.start[c.prog.code[i].x]
		if !ok {
			return nil, errors.New("called group is missing")
		}
		c.prog.code[i].y = at
	}
	c.prog.anchored = anchored(tree)
	c.prog.first = firstOctets(tree)
	return c.prog, nil
}

func (c *compiler) add(i instr) int {
	if len(c.prog.code) >= MaxProgram {
		c.err = errTooLarge
		return 0
	}
	c.prog.code = append(c.prog.code, i)
	return len(c.prog.code) - 1
}

func (c *compiler) here() int { return len(c.prog.code) }

func (c *compiler) node(n *node) {
	if c.err != nil {
		return
	}
	switch n.op {
	case opEmpty:
	case opFail:
		c.add(instr{code: iFail})
	case opLiteral:
		i := instr{code: iRune, r: n.r}
		if n.fold {
			i.code, i.r = iFold, foldRune(n.r)
		}
		c.add(i)
	case opClass:
		c.add(instr{code: iSet, set: n.set})
	case opCat:
		for _, s := range n.subs {
			c.node(s)
		}
	case opAlt:
		c.alternatives(n)
	case opRepeat:
		c.repeat(n)
	case opGroup:
		c.group(n)
	case opBackref:
		i := instr{code: iBackref, x: n.n}
		if n.fold {
			i.y = 1
		}
		c.add(i)
	case opBackStep:
		c.add(instr{code: iBack, x: n.n})
	case opLook:
		c.look(n, -1)
	case opAtomic:
		c.atomic(n.subs[0])
	case opKeep:
		c.add(instr{code: iSave})
	case opCall:
		c.fixes = append(c.fixes, c.add(instr{code: iCall, x: n.n}))
	case opIf:
		c.conditional(n)
	default:
		c.add(instr{code: iAssert, kind: n.op})
	}
}

func (c *compiler) alternatives(n *node) {
	var ends []int
	for i, s := range n.subs {
		if i == len(n.subs)-1 {
			c.node(s)
			break
		}
		split := c.add(instr{code: iSplit})
		c.prog.code[split].x = c.here()
		c.node(s)
		ends = append(ends, c.add(instr{code: iJump}))
		c.prog.code[split].y = c.here()
	}
	for _, e := range ends {
		c.prog.code[e].x = c.here()
	}
}

func (c *compiler) atomic(body *node) {
	i := c.add(instr{code: iAtomic})
	c.node(body)
	c.add(instr{code: iEnd})
	c.prog.code[i].x = c.here()
}

func (c *compiler) group(n *node) {
	if n.n == 0 {
		c.node(n.subs[0])
		return
	}
	if _, seen := c.start[n.n]; !seen {
		c.start[n.n] = c.here()
	}
	temp, seen := c.temp[n.n]
	if !seen {
		temp = c.prog.regs
		c.prog.regs++
		c.temp[n.n] = temp
	}
	c.add(instr{code: iSave, x: temp})
	c.node(n.subs[0])
	c.add(instr{code: iClose, x: n.n, y: temp})
	if c.calls[n.n] {
		c.add(instr{code: iReturn, x: n.n})
	}
}

// look compiles an assertion; els is where to go when it fails, -1 to fail.
func (c *compiler) look(n *node, els int) int {
	i := c.add(instr{code: iLook, neg: n.neg, y: els})
	if n.behind {
		c.behind(n.subs[0])
	} else {
		c.node(n.subs[0])
	}
	c.add(instr{code: iEnd})
	c.prog.code[i].x = c.here()
	return i
}

// behind compiles the branches of a lookbehind, each with its own width.
func (c *compiler) behind(body *node) {
	alts := body.alternatives()
	branches := make([]*node, len(alts))
	for i, a := range alts {
		w, _ := a.width()
		branches[i] = &node{op: opCat, subs: []*node{{op: opBackStep, n: w}, a}}
	}
	c.alternatives(&node{op: opAlt, subs: branches})
}

func (c *compiler) conditional(n *node) {
	var test int
	switch {
	case n.subs[0] != nil:
		test = c.look(n.subs[0], -2)
	case n.neg:
		test = c.add(instr{code: iJump})
	default:
		test = c.add(instr{code: iIfGroup, x: n.n})
	}
	c.node(n.subs[1])
	end := c.add(instr{code: iJump})
	if c.prog.code[test].code == iJump {
		c.prog.code[test].x = c.here()
	} else {
		c.prog.code[test].y = c.here()
	}
	c.node(n.subs[2])
	c.prog.code[end].x = c.here()
}

func (c *compiler) repeat(n *node) {
	if n.kind == possessive {
		inner := *n
		inner.kind = greedy
		c.atomic(&inner)
		return
	}
	body, copies := n.subs[0], n.min
	plus := n.max < 0 && n.min > 0 && !single(body)
	if plus {
		copies--
	}
	for i := 0; i < copies && c.err == nil; i++ {
		c.node(body)
	}
	if plus {
		c.plus(body, n.kind)
		return
	}
	if n.max < 0 {
		c.star(body, n.kind)
		return
	}
	var splits []int
	for i := n.min; i < n.max && c.err == nil; i++ {
		splits = append(splits, c.split(n.kind))
		c.node(body)
	}
	for _, s := range splits {
		c.exit(s, n.kind, c.here())
	}
}

// split adds a choice between going on with the loop body, which follows, and
// the exit, which [compiler.exit] fills in.
func (c *compiler) split(k repeatKind) int {
	s := c.add(instr{code: iSplit})
	if c.err == nil {
		c.prog.code[s].x, c.prog.code[s].y = c.here(), c.here()
	}
	return s
}

func (c *compiler) exit(split int, k repeatKind, to int) {
	if k == lazy {
		c.prog.code[split].x = to
	} else {
		c.prog.code[split].y = to
	}
}

// star compiles an unbounded loop. A round that matches nothing ends it.
func (c *compiler) star(body *node, k repeatKind) {
	if c.err != nil {
		return
	}
	loop := c.split(k)
	if single(body) {
		c.node(body)
		c.add(instr{code: iJump, x: loop})
	} else {
		reg := c.prog.regs
		c.prog.regs++
		c.add(instr{code: iMark, x: reg})
		c.node(body)
		c.add(instr{code: iMoved, x: reg, y: loop})
	}
	c.exit(loop, k, c.here())
}

// plus compiles a loop of at least one round, the last one being the first
// that matches nothing.
func (c *compiler) plus(body *node, k repeatKind) {
	if c.err != nil {
		return
	}
	reg := c.prog.regs
	c.prog.regs++
	loop := c.add(instr{code: iMark, x: reg})
	c.node(body)
	moved := c.add(instr{code: iMoved, x: reg})
	jump := c.add(instr{code: iJump})
	split := c.add(instr{code: iSplit, x: loop, y: loop})
	if c.err != nil {
		return
	}
	c.prog.code[moved].y = split
	c.prog.code[jump].x = c.here()
	c.exit(split, k, c.here())
}

// single reports whether n always takes at least one character.
func single(n *node) bool {
	w, ok := n.width()
	return ok && w > 0
}

// anchored reports whether a match can only start at the start of the text.
func anchored(n *node) bool {
	switch n.op {
	case opBeginText:
		return true
	case opCat:
		return len(n.subs) > 0 && anchored(n.subs[0])
	case opGroup, opAtomic:
		return anchored(n.subs[0])
	case opAlt:
		for _, s := range n.subs {
			if !anchored(s) {
				return false
			}
		}
		return true
	}
	return false
}
