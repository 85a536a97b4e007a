package pcre

import (
	"unicode"
	"unicode/utf8"
)

// firstOctets returns the octets a match of n can start with, nil when that is
// not known or a match can be empty.
func firstOctets(n *node) *[4]uint64 {
	var set [4]uint64
	if collect(n, &set) {
		return &set
	}
	return nil
}

// collect adds the first octets of n; it reports false when n can match
// nothing, or may start with anything.
func collect(n *node, set *[4]uint64) bool {
	switch n.op {
	case opLiteral:
		addRune(n.r, set)
		for f := unicode.SimpleFold(n.r); n.fold && f != n.r; f = unicode.SimpleFold(f) {
			addRune(f, set)
		}
		return true
	case opClass:
		for r := rune(0); r < utf8.RuneSelf; r++ {
			if n.set.has(r) {
				addRune(r, set)
			}
		}
		set[2], set[3] = ^uint64(0), ^uint64(0)
		return true
	case opCat:
		for _, s := range n.subs {
			if s.op == opLook || s.op >= opBeginText && s.op <= opWordEnd {
				continue // takes nothing, what follows decides
			}
			return collect(s, set)
		}
	case opAlt:
		for _, s := range n.subs {
			if !collect(s, set) {
				return false
			}
		}
		return true
	case opRepeat:
		return n.min > 0 && collect(n.subs[0], set)
	case opGroup, opAtomic:
		return collect(n.subs[0], set)
	}
	return false
}

func addRune(r rune, set *[4]uint64) {
	var buf [utf8.UTFMax]byte
	utf8.EncodeRune(buf[:], r)
	set[buf[0]>>6] |= 1 << (buf[0] & 63)
	if r == utf8.RuneError { // an invalid octet reads as this one
		set[2], set[3] = ^uint64(0), ^uint64(0)
	}
}

// foldRune returns the smallest member of r's case orbit.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf && (r < 'A' || 'Z' < r && r < 'a' || 'z' < r) {
		return r
	}
	low := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		low = min(low, f)
	}
	return low
}
