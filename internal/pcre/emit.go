package pcre

import (
	"fmt"
	"regexp"
	"strings"
)

// emitter writes a tree in the syntax of the standard library.
type emitter struct {
	b      strings.Builder
	dollar bool // $ was written as \z
	empty  bool // there is a loop whose rounds can match nothing
}

// emit reports whether n can be expressed.
func (e *emitter) emit(n *node) bool {
	switch n.op {
	case opEmpty:
		e.b.WriteString("(?:)")
	case opLiteral:
		e.literal(n)
	case opClass:
		n.set.write(&e.b)
	case opCat:
		for _, s := range n.subs {
			if !e.emit(s) {
				return false
			}
		}
	case opAlt:
		return e.alternatives(n)
	case opRepeat:
		return e.repeat(n)
	case opGroup:
		if n.n > 0 {
			e.b.WriteByte('(')
		} else {
			e.b.WriteString("(?:")
		}
		ok := e.emit(n.subs[0])
		e.b.WriteByte(')')
		return ok
	case opEndFinal:
		e.dollar = true
		e.b.WriteString(`\z`)
	default:
		s, ok := map[op]string{opBeginText: `\A`, opBeginLine: `(?m:^)`, opEndText: `\z`,
			opEndLine: `(?m:$)`, opWordB: `\b`, opNotWordB: `\B`}[n.op]
		e.b.WriteString(s)
		return ok
	}
	return true
}

func (e *emitter) literal(n *node) {
	text := regexp.QuoteMeta(string(n.r))
	if n.fold {
		text = "(?i:" + text + ")"
	}
	e.b.WriteString(text)
}

func (e *emitter) alternatives(n *node) bool {
	e.b.WriteString("(?:")
	for i, s := range n.subs {
		if i > 0 {
			e.b.WriteByte('|')
		}
		if !e.emit(s) {
			return false
		}
	}
	e.b.WriteByte(')')
	return true
}

func (e *emitter) repeat(n *node) bool {
	if n.kind == possessive {
		return false
	}
	e.empty = e.empty || n.max < 0 && !single(n.subs[0])
	e.b.WriteString("(?:")
	if !e.emit(n.subs[0]) {
		return false
	}
	e.b.WriteByte(')')
	switch {
	case n.min == 0 && n.max < 0:
		e.b.WriteByte('*')
	case n.min == 1 && n.max < 0:
		e.b.WriteByte('+')
	case n.min == 0 && n.max == 1:
		e.b.WriteByte('?')
	case n.max < 0:
		fmt.Fprintf(&e.b, "{%d,}", n.min)
	default:
		fmt.Fprintf(&e.b, "{%d,%d}", n.min, n.max)
	}
	if n.kind == lazy {
		e.b.WriteByte('?')
	}
	return true
}
