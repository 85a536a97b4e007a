package restrict

import "strconv"

// A Step is one rule that was tried.
type Step struct {
	List  *List
	Rule  int   // index of the rule in List
	Depth int   // nesting of List, 1 for a list of the policy
	Op    int   // the operation that stopped the rule, -1 if all held
	Got   Tri   // outcome of the conditions
	Kind  Kind  // what came of the rule
	Dry   bool  // a refusal was only logged
	Cause Cause // why Kind came of it
}

type note struct {
	step   int
	lo, hi int
}

// A Trace records how a verdict came about: every rule tried, with the keys
// looked up and the answers that its conditions noted. The zero value is ready
// to use; its memory is reused after Reset. One goroutine at a time may use it.
type Trace struct {
	Steps []Step
	notes []note
	buf   []byte
}

// Reset empties the trace.
func (t *Trace) Reset() {
	t.Steps, t.notes, t.buf = t.Steps[:0], t.notes[:0], t.buf[:0]
}

// Notes returns what was noted during step i.
func (t *Trace) Notes(i int) []string {
	var s []string
	for _, n := range t.notes {
		if n.step == i {
			s = append(s, string(t.buf[n.lo:n.hi]))
		}
	}
	return s
}

// Append appends the trace as text, one line for each step.
func (t *Trace) Append(dst []byte) []byte {
	for i := range t.Steps {
		st := &t.Steps[i]
		for d := 1; d < st.Depth; d++ {
			dst = append(dst, "  "...)
		}
		dst = append(dst, st.List.Name...)
		dst = append(dst, '[')
		dst = strconv.AppendInt(dst, int64(st.Rule), 10)
		dst = append(dst, "] "...)
		dst = append(dst, st.List.Rules[st.Rule].Pos.Text...)
		dst = append(dst, ": "...)
		dst = append(dst, st.Got.String()...)
		if st.Kind != Dunno {
			dst = append(append(dst, ", "...), st.Kind.String()...)
		}
		if st.Dry {
			dst = append(dst, ", dry run"...)
		}
		for _, n := range t.notes {
			if n.step == i {
				dst = append(append(dst, "; "...), t.buf[n.lo:n.hi]...)
			}
		}
		dst = append(dst, '\n')
	}
	return dst
}

// String returns the trace as text.
func (t *Trace) String() string { return string(t.Append(nil)) }
