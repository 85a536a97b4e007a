package rbl

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// A Matcher says which answers of a list count as a listing. It is compiled
// once from one of four spellings: [ParsePattern] (Postfix), [ParseCondition]
// (Exim), [ParseSubtest] (SpamAssassin), or built with [Codes] and [Bits].
//
// The zero Matcher is the safe default: any address inside 127.0.0.0/8 that no
// list uses to report an error, that is neither 127.0.0.1 nor in
// 127.255.255.0/24. A Matcher is an immutable value and safe for concurrent
// use; matching does not allocate.
type Matcher struct {
	terms []term
	every bool   // all answers must match, not just one
	not   bool   // the outcome is inverted
	src   string // as written
}

// A term is one alternative. The kinds are kept apart because a decimal number
// in SpamAssassin matches on any bit, an Exim mask only on all of them.
type term struct {
	kind termKind
	a, b uint32    // value and mask, or the two ends of a range
	set  *fieldSet // for termFields
}

type termKind uint8

const (
	termMasked termKind = iota // address & b == a
	termAnyBit                 // address & a != 0, inside 127.0.0.0/8
	termAllBit                 // address & a == a, inside 127.0.0.0/8
	termRange                  // a <= address <= b
	termFields                 // each octet in its set
)

// A fieldSet holds the permitted values of each of the four octets as bits.
type fieldSet [4][4]uint64

func (f *fieldSet) add(octet int, lo, hi uint8) {
	for n := int(lo); n <= int(hi); n++ {
		f[octet][n>>6] |= 1 << (n & 63)
	}
}

func (f *fieldSet) has(octet int, v uint8) bool {
	return f[octet][v>>6]&(1<<(v&63)) != 0
}

func (f *fieldSet) full(octet int) bool {
	for _, w := range f[octet] {
		if w != ^uint64(0) {
			return false
		}
	}
	return true
}

// Codes returns a Matcher for exactly the given addresses.
func Codes(addrs ...netip.Addr) Matcher {
	m := Matcher{terms: make([]term, 0, len(addrs))}
	var src []string
	for _, a := range addrs {
		v, ok := addr4(a)
		if !ok {
			continue
		}
		m.terms = append(m.terms, term{kind: termMasked, a: v, b: ^uint32(0)})
		src = append(src, a.Unmap().String())
	}
	m.src = strings.Join(src, ",")
	return m
}

// Bits returns a Matcher for answers inside 127.0.0.0/8 that have at least one
// of the bits of mask set, as lists do that publish several sources in one
// zone. Bits(0) matches nothing.
func Bits(mask uint32) Matcher {
	return Matcher{
		terms: []term{{kind: termAnyBit, a: mask}},
		src:   "&" + addrOf(mask).String(),
	}
}

// AnyOf returns a Matcher for answers that at least one of ms accepts. The zero
// Matcher, inverted conditions and those on every answer (Exim's "!" and "==")
// cannot be combined and are left out.
func AnyOf(ms ...Matcher) Matcher {
	var out Matcher
	var src []string
	for _, m := range ms {
		if m.not || m.every || m.terms == nil {
			continue
		}
		out.terms = append(out.terms, m.terms...)
		src = append(src, m.src)
	}
	if out.terms == nil {
		out.terms = []term{}
	}
	out.src = strings.Join(src, "|")
	return out
}

// IsZero reports whether m is the zero Matcher.
func (m Matcher) IsZero() bool { return m.terms == nil }

// String returns the text m was compiled from, "" for the zero Matcher.
func (m Matcher) String() string { return m.src }

// Match reports whether the single answer a is one that m names. It says
// nothing about inversion or about the other answers; see [Matcher.Accepts].
func (m Matcher) Match(a netip.Addr) bool {
	v, ok := addr4(a)
	if !ok {
		return false
	}
	if m.terms == nil {
		return isLoopback4(v) && v != notListedCode && !isErrorRange(v)
	}
	return m.match(v)
}

func (m Matcher) match(v uint32) bool {
	for i := range m.terms {
		if m.terms[i].match(v) {
			return true
		}
	}
	return false
}

// Accepts reports whether the whole answer set is a listing: some answer
// matches, or every one does, or the reverse of either, as m was written. An
// empty set is never a listing, not even for an inverted Matcher.
func (m Matcher) Accepts(answers []netip.Addr) bool { return m.accepts(answers, 0) }

// accepts is Accepts with a number of further answers that match nothing.
func (m Matcher) accepts(answers []netip.Addr, others int) bool {
	if len(answers) == 0 {
		return false
	}
	n := 0
	for _, a := range answers {
		if m.Match(a) {
			n++
		}
	}
	ok := n > 0
	if m.every {
		ok = n == len(answers)+others
	}
	return ok != m.not
}

// names reports whether m asks for the address v explicitly, so that a code
// which usually reports an error counts. A mask, an inverted condition or a
// pattern whose last field is open does not name a code.
func (m Matcher) names(v uint32) bool {
	if m.not {
		return false
	}
	for i := range m.terms {
		switch t := &m.terms[i]; t.kind {
		case termAnyBit, termAllBit:
		case termMasked:
			if t.b&0xff == 0xff && t.match(v) {
				return true
			}
		case termFields:
			if !t.set.full(3) && t.match(v) {
				return true
			}
		default:
			if t.match(v) {
				return true
			}
		}
	}
	return false
}

func (t *term) match(v uint32) bool {
	switch t.kind {
	case termMasked:
		return v&t.b == t.a
	case termAnyBit:
		return isLoopback4(v) && v&t.a != 0
	case termAllBit:
		return isLoopback4(v) && v&t.a == t.a
	case termRange:
		return t.a <= v && v <= t.b
	}
	return t.set.has(0, uint8(v>>24)) && t.set.has(1, uint8(v>>16)) &&
		t.set.has(2, uint8(v>>8)) && t.set.has(3, uint8(v))
}

// Codes with a fixed meaning.
const (
	listedCode    = 127<<24 | 2 // 127.0.0.2 (RFC 5782, section 5)
	notListedCode = 127<<24 | 1 // 127.0.0.1
	errorRange    = 127<<24 | 255<<16 | 255<<8
)

func isLoopback4(v uint32) bool  { return v>>24 == 127 }
func isErrorRange(v uint32) bool { return v&^0xff == errorRange }

// addr4 returns the IPv4 address a as a number; an IPv4-mapped one too, because
// resolvers return either form for an A record.
func addr4(a netip.Addr) (uint32, bool) {
	if !a.Is4() && !a.Is4In6() {
		return 0, false
	}
	b := a.As4()
	return binary.BigEndian.Uint32(b[:]), true
}

func addrOf(v uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], v)
	return netip.AddrFrom4(b)
}
