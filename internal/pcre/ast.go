package pcre

import "errors"

type op uint8

const (
	opEmpty     op = iota
	opFail         // matches nothing
	opLiteral      // r, folded when fold is set
	opClass        // set
	opCat          // subs in order
	opAlt          // subs as alternatives
	opRepeat       // subs[0] min to max times; max < 0 is unbounded
	opGroup        // subs[0], capturing as n when n > 0
	opBeginText    // \A, and ^ without m
	opBeginLine    // ^ with m
	opEndText      // \z
	opEndFinal     // $ and \Z: the end, or before a final line end
	opEndLine      // $ with m
	opWordB        // \b
	opNotWordB     // \B
	opWordStart    // \<
	opWordEnd      // \>
	opBackref      // group n, folded when fold is set
	opLook         // lookahead or, with behind, lookbehind of subs[0]
	opAtomic       // subs[0] without coming back into it
	opKeep         // \K
	opCall         // group n as a subroutine; 0 is the whole pattern
	opBackStep     // n characters back
	opIf           // condition: group n set, or subs[0] a look; subs[1] yes, subs[2] no
)

type node struct {
	op       op
	subs     []*node
	r        rune
	fold     bool
	set      *charset
	min, max int
	kind     repeatKind
	n        int
	name     string // of a group referred to by name, until resolved
	pos      int
	neg      bool
	behind   bool
}

type repeatKind uint8

const (
	greedy repeatKind = iota
	lazy
	possessive
)

var errBehind = errors.New("lookbehind is not of fixed length")

// width returns the number of characters that n matches; ok is false when it
// varies.
func (n *node) width() (w int, ok bool) {
	switch n.op {
	case opLiteral, opClass:
		return 1, true
	case opCat:
		for _, s := range n.subs {
			sw, sok := s.width()
			if !sok {
				return 0, false
			}
			w += sw
		}
		return w, true
	case opAlt:
		for i, s := range n.subs {
			sw, sok := s.width()
			if !sok || i > 0 && sw != w {
				return 0, false
			}
			w = sw
		}
		return w, true
	case opRepeat:
		sw, sok := n.subs[0].width()
		if !sok || n.min != n.max {
			return 0, false
		}
		return sw * n.min, true
	case opGroup, opAtomic:
		return n.subs[0].width()
	case opBackref, opCall, opIf:
		return 0, false
	}
	return 0, true
}

// alternatives returns the branches of n.
func (n *node) alternatives() []*node {
	for n.op == opGroup && n.n == 0 {
		n = n.subs[0]
	}
	if n.op == opAlt {
		return n.subs
	}
	return []*node{n}
}
