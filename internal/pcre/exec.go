package pcre

import "unicode/utf8"

// machine runs a program. Its stack holds, mixed, the places to come back to
// and the old values of registers, so that going back restores them.
type machine struct {
	prog   *program
	text   []byte
	regs   []int
	stack  []entry
	frames []frame
	top    int // current frame, -1 outside calls
	steps  int
}

// entry is a place to come back to (reg < 0), or the old value of a register
// or, with reg == frameReg, of top.
type entry struct {
	reg, pc, pos int32
}

const (
	choice   = -1
	frameReg = -2
)

// frame is one call of a group.
type frame struct {
	group, ret int
	parent     int
	depth      int
	saved      []int
}

func newMachine(p *program) *machine {
	return &machine{prog: p, regs: make([]int, p.regs)}
}

// search looks for the leftmost match.
func (m *machine) search(text []byte) (bool, error) {
	m.text, m.steps = text, 0
	for start := 0; start <= len(text); start += width(text, start) {
		if f := m.prog.first; f != nil {
			for start < len(text) && f[text[start]>>6]&(1<<(text[start]&63)) == 0 {
				start += width(text, start)
			}
			if start == len(text) {
				return false, nil
			}
		}
		if start > 0 && m.prog.anchored {
			break
		}
		for i := range m.regs {
			m.regs[i] = -1
		}
		m.stack, m.frames, m.top = m.stack[:0], m.frames[:0], -1
		if _, ok, err := m.run(0, start); ok || err != nil {
			return ok, err
		}
		if m.prog.anchored {
			break
		}
	}
	return false, nil
}

// width is the number of octets of the character at i, an invalid octet being
// one; at the end of the text it is 1.
func width(text []byte, i int) int {
	if i >= len(text) || text[i] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRune(text[i:])
	return n
}

// set changes a register, remembering the old value.
func (m *machine) set(reg, value int) {
	m.stack = append(m.stack, entry{reg: int32(reg), pos: int32(m.regs[reg])})
	m.regs[reg] = value
}

func (m *machine) setTop(top int) {
	m.stack = append(m.stack, entry{reg: frameReg, pos: int32(m.top)})
	m.top = top
}

// back undoes registers down to the last place to come back to above base.
func (m *machine) back(base int) (pc, pos int, ok bool) {
	for len(m.stack) > base {
		e := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		switch e.reg {
		case choice:
			return int(e.pc), int(e.pos), true
		case frameReg:
			m.top = int(e.pos)
		default:
			m.regs[e.reg] = int(e.pos)
		}
	}
	return 0, 0, false
}

// cut removes the places to come back to above base and keeps the register
// values below them restorable.
func (m *machine) cut(base int) {
	kept := m.stack[:base]
	for _, e := range m.stack[base:] {
		if e.reg != choice {
			kept = append(kept, e)
		}
	}
	m.stack = kept
}

// run executes from pc until iMatch or the iEnd of the assertion it was
// started for, and returns the position there.
func (m *machine) run(pc, pos int) (end int, ok bool, err error) {
	base := len(m.stack)
	for {
		if m.steps++; m.steps > MaxSteps || len(m.stack) > MaxStack {
			return 0, false, ErrSteps
		}
		i := &m.prog.code[pc]
		good := true
		switch i.code {
		case iMatch, iEnd:
			return pos, true, nil
		case iRune, iFold, iSet:
			pos, good = m.char(i, pos)
			pc++
		case iSplit:
			m.stack = append(m.stack, entry{choice, int32(i.y), int32(pos)})
			pc = i.x
		case iJump:
			pc = i.x
		case iSave, iMark:
			m.set(i.x, pos)
			pc++
		case iClose:
			m.set(2*i.x, m.regs[i.y])
			m.set(2*i.x+1, pos)
			pc++
		case iMoved:
			if pc++; m.regs[i.x] != pos {
				pc = i.y
			}
		case iAssert:
			good = m.assert(i.kind, pos)
			pc++
		case iBackref:
			pos, good = m.backref(i, pos)
			pc++
		case iBack:
			pos, good = m.stepBack(i.x, pos)
			pc++
		case iIfGroup:
			if pc++; m.regs[2*i.x+1] < 0 {
				pc = i.y
			}
		case iLook, iAtomic:
			if pc, pos, good, err = m.nested(i, pc, pos); err != nil {
				return 0, false, err
			}
		case iCall, iReturn:
			if pc, good, err = m.call(i, pc); err != nil {
				return 0, false, err
			}
		default:
			good = false
		}
		if !good {
			if pc, pos, ok = m.back(base); !ok {
				return 0, false, nil
			}
		}
	}
}

// char matches one character.
func (m *machine) char(i *instr, pos int) (int, bool) {
	if pos >= len(m.text) {
		return pos, false
	}
	r, size := rune(m.text[pos]), 1
	if r >= utf8.RuneSelf {
		r, size = utf8.DecodeRune(m.text[pos:])
	}
	switch i.code {
	case iRune:
		return pos + size, r == i.r
	case iFold:
		return pos + size, r == i.r || foldRune(r) == i.r
	}
	return pos + size, i.set.has(r)
}

// nested runs an assertion or an atomic group.
func (m *machine) nested(i *instr, pc, pos int) (int, int, bool, error) {
	base := len(m.stack)
	end, ok, err := m.run(pc+1, pos)
	if err != nil {
		return 0, 0, false, err
	}
	if i.code == iAtomic {
		m.cut(base)
		return i.x, end, ok, nil
	}
	if ok && i.neg { // nothing it captured stays
		for more := true; more; {
			_, _, more = m.back(base)
		}
	} else {
		m.cut(base)
	}
	switch {
	case ok != i.neg:
		return i.x, pos, true, nil
	case i.y >= 0:
		return i.y, pos, true, nil
	}
	return 0, 0, false, nil
}

// call enters a group as a subroutine, or leaves it at its end. The groups set
// inside are forgotten on the way out.
func (m *machine) call(i *instr, pc int) (int, bool, error) {
	if i.code == iReturn {
		if m.top < 0 || m.frames[m.top].group != i.x {
			return pc + 1, true, nil
		}
		f := &m.frames[m.top]
		for reg, v := range f.saved {
			if m.regs[reg] != v {
				m.set(reg, v)
			}
		}
		m.setTop(f.parent)
		return f.ret, true, nil
	}
	depth := 1
	if m.top >= 0 {
		depth = m.frames[m.top].depth + 1
	}
	if m.steps += len(m.regs); depth > MaxCalls || len(m.frames) > MaxStack {
		return 0, false, ErrSteps
	}
	m.frames = append(m.frames, frame{group: i.x, ret: pc + 1, parent: m.top, depth: depth,
		saved: append([]int(nil), m.regs...)})
	m.setTop(len(m.frames) - 1)
	return i.y, true, nil
}

// backref matches what a group matched. A group that is not set does not
// match.
func (m *machine) backref(i *instr, pos int) (int, bool) {
	lo, hi := m.regs[2*i.x], m.regs[2*i.x+1]
	if lo < 0 || hi < lo {
		return pos, false
	}
	want := m.text[lo:hi]
	m.steps += len(want) / 16
	if i.y == 0 {
		end := pos + len(want)
		return end, end <= len(m.text) && string(m.text[pos:end]) == string(want)
	}
	for len(want) > 0 {
		if m.steps++; pos >= len(m.text) {
			return pos, false
		}
		a, n := utf8.DecodeRune(want)
		b, k := utf8.DecodeRune(m.text[pos:])
		if a != b && foldRune(a) != foldRune(b) {
			return pos, false
		}
		want, pos = want[n:], pos+k
	}
	return pos, true
}

func (m *machine) stepBack(n, pos int) (int, bool) {
	for ; n > 0; n-- {
		if pos == 0 {
			return pos, false
		}
		_, size := utf8.DecodeLastRune(m.text[:pos])
		pos -= size
	}
	return pos, true
}

func (m *machine) assert(kind op, pos int) bool {
	switch kind {
	case opBeginText:
		return pos == 0
	case opBeginLine:
		return pos == 0 || m.text[pos-1] == '\n'
	case opEndText:
		return pos == len(m.text)
	case opEndFinal:
		return pos == len(m.text) || pos == len(m.text)-1 && m.text[pos] == '\n'
	case opEndLine:
		return pos == len(m.text) || m.text[pos] == '\n'
	}
	before, after := m.word(pos-1), m.word(pos)
	switch kind {
	case opWordB:
		return before != after
	case opNotWordB:
		return before == after
	case opWordStart:
		return !before && after
	}
	return before && !after // opWordEnd
}

// word reports whether the octet at i is a word character.
func (m *machine) word(i int) bool {
	if i < 0 || i >= len(m.text) {
		return false
	}
	c := m.text[i]
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
