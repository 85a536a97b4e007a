package rbl

import (
	"net/netip"
	"strconv"
	"strings"
)

// ParseSubtest compiles the answer test of a SpamAssassin list rule:
//
//	127.0.0.2                the address
//	16, 0x10                 any of these bits, inside 127.0.0.0/8
//	127.0.1.20-127.0.1.39    a range, both ends included
//	0x10/0x10, 0.0.0.2/0.0.0.255   a value under a mask
//
// Numbers are decimal, hexadecimal with "0x", or addresses. The regular
// expressions that SpamAssassin takes as well are not supported.
func ParseSubtest(test string) (Matcher, error) {
	fail := func(pos int, advice string) (Matcher, error) {
		return Matcher{}, &Error{Kind: ErrSyntax, Text: test, Pos: pos, Advice: advice}
	}
	const want = "want an address or a number, alone, as a-b or as value/mask"
	one := func(t term) (Matcher, error) {
		return Matcher{terms: []term{t}, src: test}, nil
	}
	at := strings.IndexAny(test, "-/")
	if at < 0 {
		v, quad, ok := subtestNumber(test)
		switch {
		case !ok:
			return fail(0, want)
		case quad:
			return one(term{kind: termMasked, a: v, b: ^uint32(0)})
		}
		return one(term{kind: termAnyBit, a: v})
	}
	a, _, ok := subtestNumber(test[:at])
	if !ok {
		return fail(0, want)
	}
	b, _, ok := subtestNumber(test[at+1:])
	switch {
	case !ok:
		return fail(at+1, want)
	case test[at] == '/':
		return one(term{kind: termMasked, a: a & b, b: b})
	case b < a:
		return fail(at+1, "the range is reversed")
	}
	return one(term{kind: termRange, a: a, b: b})
}

func subtestNumber(s string) (v uint32, quad, ok bool) {
	if strings.Contains(s, ".") {
		a, err := netip.ParseAddr(s)
		if err != nil || !a.Is4() {
			return 0, false, false
		}
		v, ok = addr4(a)
		return v, true, ok
	}
	base := 10
	if hex, found := strings.CutPrefix(s, "0x"); found {
		s, base = hex, 16
	} else if hex, found := strings.CutPrefix(s, "0X"); found {
		s, base = hex, 16
	}
	if s == "" || strings.ContainsAny(s, "+-_") {
		return 0, false, false
	}
	n, err := strconv.ParseUint(s, base, 32)
	return uint32(n), false, err == nil
}
