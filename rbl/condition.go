package rbl

import (
	"net/netip"
	"strings"
)

// ParseCondition compiles the value test of an item of Exim's dnslists: an
// operator and addresses separated by commas, as in "=127.0.0.2,127.0.0.3".
//
//	=    some answer is one of the addresses
//	==   every answer is
//	&    some answer has all bits of one of the addresses
//	=&   every answer has
//
// "!" in front inverts the test. An answer outside 127.0.0.0/8 has no bits.
// The empty text gives the zero Matcher.
func ParseCondition(cond string) (Matcher, error) {
	if cond == "" {
		return Matcher{}, nil
	}
	m := Matcher{src: cond}
	rest := cond
	fail := func(advice string) (Matcher, error) {
		return Matcher{}, &Error{Kind: ErrSyntax, Text: cond, Pos: len(cond) - len(rest), Advice: advice}
	}
	rest, m.not = strings.CutPrefix(rest, "!")
	kind := termMasked
	switch {
	case strings.HasPrefix(rest, "=="):
		rest, m.every = rest[2:], true
	case strings.HasPrefix(rest, "=&"):
		rest, m.every, kind = rest[2:], true, termAllBit
	case strings.HasPrefix(rest, "="):
		rest = rest[1:]
	case strings.HasPrefix(rest, "&"):
		rest, kind = rest[1:], termAllBit
	default:
		return fail(`want "=", "==", "&" or "=&", with "!" in front to invert`)
	}
	for {
		value, more, found := strings.Cut(rest, ",")
		addr, err := netip.ParseAddr(strings.TrimSpace(value))
		v, ok := addr4(addr)
		if err != nil || !ok {
			return fail("want IPv4 addresses separated by commas")
		}
		t := term{kind: kind, a: v}
		if kind == termMasked {
			t.b = ^uint32(0)
		}
		m.terms = append(m.terms, t)
		if !found {
			return m, nil
		}
		rest = more
	}
}
