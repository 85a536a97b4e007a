// Package rawheader finds the fields of a message header without changing an
// octet. Malformed fields are kept and counted, never an error: a signature
// over the other fields must still be checkable (RFC 6376, section 3.4).
//
// Only CRLF ends a line. A bare CR, a bare LF and a NUL are ordinary octets;
// they are counted.
package rawheader

import (
	"bytes"
	"errors"
	"hash/maphash"
)

// Limits that a [Scanner] keeps where its own fields say nothing.
const (
	DefaultMaxBytes  = 1 << 20
	DefaultMaxFields = 10000
)

// ErrTooLarge is returned for a header that exceeds a limit.
var ErrTooLarge = errors.New("rawheader: header too large")

// A Field is one header field: the run of octets from its name to the CRLF
// that no blank follows. A malformed field (a line without a colon, an empty
// name, a blank, control or 8-bit octet in the name, a continuation line that
// comes first) has no name, so nothing ever selects it.
type Field struct {
	Raw []byte // every octet, with the final CRLF when the message has it

	name  int32 // length of the name without blanks after it, 0: malformed
	value int32 // offset of the first octet after the colon
	group int32 // fields of one name have one group number
	above int32 // next field of the same name upwards, -1: none
}

// Name returns the name as written, without blanks before the colon; it is
// empty for a malformed field.
func (f *Field) Name() []byte { return f.Raw[:f.name] }

// Value returns everything after the colon, with the final CRLF; for a
// malformed field it returns all of it.
func (f *Field) Value() []byte { return f.Raw[f.value:] }

// A Header is a complete header. It is not changed after it was parsed, so it
// may be read by several goroutines.
type Header struct {
	Raw       []byte  // all fields, without the empty line
	Fields    []Field // from the top
	Malformed int     // fields without a usable name
	BareCR    int
	BareLF    int
	NUL       int

	lines  int // line ends
	seed   maphash.Seed
	table  []int32 // open-addressed: group number + 1, 0 is free
	bottom []int32 // per group: index of the lowest field

	// Memory for most headers, so that they take one allocation.
	fields  [32]Field
	scratch [64 + 32]int32
}

// Parse splits raw, a header without the empty line after it, into fields. It
// fails with [ErrTooLarge] when there are more than maxFields (0 and less: the
// default). The Header refers to raw.
func Parse(raw []byte, maxFields int) (*Header, error) {
	if maxFields <= 0 {
		maxFields = DefaultMaxFields
	}
	h := &Header{Raw: raw}
	h.Fields = h.fields[:0]
	for len(raw) > 0 {
		if len(h.Fields) == maxFields {
			return nil, ErrTooLarge
		}
		n := h.fieldEnd(raw)
		f := Field{Raw: raw[:n:n], above: -1}
		f.findName()
		if f.name == 0 {
			h.Malformed++
		}
		h.Fields = append(h.Fields, f)
		raw = raw[n:]
	}
	h.BareCR = bytes.Count(h.Raw, []byte{'\r'}) - h.lines
	h.NUL = bytes.Count(h.Raw, []byte{0})
	h.index()
	return h, nil
}

// fieldEnd returns the length of the field at the start of raw, and counts its
// line ends.
func (h *Header) fieldEnd(raw []byte) int {
	for i := 0; ; {
		j := bytes.IndexByte(raw[i:], '\n')
		if j < 0 {
			return len(raw)
		}
		i += j + 1
		if i < 2 || raw[i-2] != '\r' {
			h.BareLF++
			continue
		}
		h.lines++
		if i == len(raw) || raw[i] != ' ' && raw[i] != '\t' {
			return i
		}
	}
}

func (f *Field) findName() {
	colon := bytes.IndexByte(f.Raw, ':')
	if colon <= 0 {
		return
	}
	n := colon
	for n > 0 && (f.Raw[n-1] == ' ' || f.Raw[n-1] == '\t') {
		n--
	}
	for _, c := range f.Raw[:n] {
		if c <= ' ' || c >= 0x7f {
			return
		}
	}
	if n > 0 {
		f.name, f.value = int32(n), int32(colon+1)
	}
}

// index links the fields of one name from the bottom up, so that selecting n
// names among m fields takes n+m steps, not n*m.
func (h *Header) index() {
	size := 16
	for size < 2*len(h.Fields) {
		size *= 2
	}
	scratch := h.scratch[:]
	if size+len(h.Fields) > len(scratch) {
		scratch = make([]int32, size+len(h.Fields))
	}
	h.table, h.bottom = scratch[:size:size], scratch[size:size]
	h.seed = maphash.MakeSeed()
	for i := range h.Fields {
		f := &h.Fields[i]
		if f.name == 0 {
			f.group = -1
			continue
		}
		slot, found := h.find(f.Name())
		if found {
			f.group = h.table[slot] - 1
			f.above = h.bottom[f.group]
			h.bottom[f.group] = int32(i)
			continue
		}
		f.group = int32(len(h.bottom))
		h.bottom = append(h.bottom, int32(i))
		h.table[slot] = f.group + 1
	}
}

// find returns the slot of name in the table, or the free slot where it goes.
func (h *Header) find(name []byte) (slot int, found bool) {
	var buf [64]byte
	var mh uint64
	if len(name) <= len(buf) {
		mh = maphash.Bytes(h.seed, appendLower(buf[:0], name))
	} else {
		mh = maphash.Bytes(h.seed, appendLower(nil, name))
	}
	mask := len(h.table) - 1
	for slot = int(mh) & mask; ; slot = (slot + 1) & mask {
		g := h.table[slot]
		if g == 0 {
			return slot, false
		}
		if EqualFold(h.Fields[h.bottom[g-1]].Name(), name) {
			return slot, true
		}
	}
}

func appendLower(dst, s []byte) []byte {
	for _, c := range s {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// EqualFold compares field names: ASCII letters without case.
func EqualFold(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		d := b[i]
		if c != d && (c|0x20 != d|0x20 || c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// Last returns the index of the lowest field named name, or -1.
func (h *Header) Last(name []byte) int {
	if slot, ok := h.find(name); ok {
		return int(h.bottom[h.table[slot]-1])
	}
	return -1
}

// Above returns the index of the next field upwards with the same name as
// field i, or -1.
func (h *Header) Above(i int) int { return int(h.Fields[i].above) }

// Count returns how many fields are named name.
func (h *Header) Count(name []byte) int {
	n := 0
	for i := h.Last(name); i >= 0; i = h.Above(i) {
		n++
	}
	return n
}

// Values returns what follows the colon in each field named name, from the
// top, with the final CRLF. The slices are parts of the header.
func (h *Header) Values(name string) [][]byte {
	n := h.Count([]byte(name))
	if n == 0 {
		return nil
	}
	values := make([][]byte, n)
	for i := h.Last([]byte(name)); i >= 0; i = h.Above(i) {
		n--
		values[n] = h.Fields[i].Value()
	}
	return values
}

// A Selection picks fields the way h= of a signature does: each name takes the
// lowest instance not yet taken (RFC 6376, section 5.4.2). Use one Selection
// per signature.
type Selection struct {
	h    *Header
	next []int32 // per group: the lowest field not yet taken, -1: none left
}

// Reset prepares s for a new selection from h. It keeps its memory.
func (s *Selection) Reset(h *Header) {
	s.h = h
	s.next = append(s.next[:0], h.bottom...)
}

// Release lets go of the header, keeping the memory.
func (s *Selection) Release() { s.h = nil }

// Next returns the index of the lowest field named name that was not returned
// before, or -1.
func (s *Selection) Next(name []byte) int {
	slot, ok := s.h.find(name)
	if !ok {
		return -1
	}
	g := s.h.table[slot] - 1
	i := s.next[g]
	if i >= 0 {
		s.next[g] = s.h.Fields[i].above
	}
	return int(i)
}
