package postmap

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postline"
)

// cidrTable holds network rules in the order of the text. When it has neither
// if nor "!" and is long, byBits finds the first match by prefix instead of by
// trying every rule.
type cidrTable struct {
	rules  []cidrRule
	index  []int32 // rule number of each entry
	warns  []*Error
	byBits []prefixSet
}

type cidrRule struct {
	net   netip.Prefix
	neg   bool
	block bool  // an if: no result of its own
	next  int32 // for an if: the rule after its endif
	entry int32
	line  int32
	value string
}

// prefixSet holds the rules of one prefix length.
type prefixSet struct {
	v4   bool
	bits int
	rule map[netip.Addr]int32
}

// linearRules is the number of rules up to which they are simply tried in
// order.
const linearRules = 24

func (t *cidrTable) Lookup(key []byte) (string, bool) {
	if i, _ := t.Index(key); i >= 0 {
		return t.rules[t.index[i]].value, true
	}
	return "", false
}

func (t *cidrTable) Index(key []byte) (int, error) {
	addr, ok := parseAddrKey(key)
	if !ok {
		return -1, nil
	}
	if t.byBits != nil {
		return t.first(addr), nil
	}
	for i := 0; i < len(t.rules); {
		r := &t.rules[i]
		match := r.net.Addr().BitLen() == addr.BitLen() && r.net.Contains(addr) != r.neg
		switch {
		case r.block && !match:
			i = int(r.next)
			continue
		case !r.block && match:
			return int(r.entry), nil
		}
		i++
	}
	return -1, nil
}

// first finds the first matching rule by prefix.
func (t *cidrTable) first(addr netip.Addr) int {
	best := int32(-1)
	for i := range t.byBits {
		s := &t.byBits[i]
		if s.v4 != addr.Is4() {
			continue
		}
		p, err := addr.Prefix(s.bits)
		if err != nil {
			continue
		}
		if n, ok := s.rule[p.Addr()]; ok && (best < 0 || n < best) {
			best = n
		}
	}
	if best < 0 {
		return -1
	}
	return int(t.rules[best].entry)
}

func (t *cidrTable) Pattern() bool      { return true }
func (t *cidrTable) Len() int           { return len(t.index) }
func (t *cidrTable) warnings() []*Error { return t.warns }

func (t *cidrTable) Entry(i int) Entry {
	r := &t.rules[t.index[i]]
	return Entry{Key: r.net.String(), Value: r.value, Line: int(r.line), Neg: r.neg}
}

// parseCIDR compiles the rules of cidr_table(5).
func parseCIDR(file string, lines func(func(postline.Line) bool)) (Table, error) {
	t := &cidrTable{}
	var open blocks
	warn := func(line postline.Line, kind error, advice string) {
		t.warns = append(t.warns, &Error{File: file, Line: line.Num, Text: line.Text, Err: kind, Advice: advice + "; this rule is ignored"})
	}
	for line := range lines {
		text := strings.TrimLeft(line.Text, " \t")
		if rest, ok := keyword(text, "endif"); ok {
			if strings.TrimSpace(rest) != "" {
				warn(line, ErrSyntax, "nothing may follow endif")
			} else if rule, ok := open.pop(); ok {
				t.rules[rule].next = int32(len(t.rules))
			} else {
				warn(line, ErrSyntax, "endif without if")
			}
			continue
		}
		rest, isIf := keyword(text, "if")
		if isIf {
			text = rest
		}
		r, advice := parseCIDRRule(text, isIf)
		if advice != "" {
			warn(line, ErrPattern, advice)
			continue
		}
		r.line = int32(line.Num)
		if isIf {
			open.push(len(t.rules), line.Num)
		} else {
			r.entry = int32(len(t.index))
			t.index = append(t.index, int32(len(t.rules)))
		}
		t.rules = append(t.rules, r)
	}
	for _, b := range open.open {
		t.rules[b.rule].next = int32(len(t.rules))
		t.warns = append(t.warns, &Error{File: file, Line: b.line, Text: "if", Err: ErrSyntax, Advice: "if without endif; it reaches to the end of the table"})
	}
	t.buildIndex()
	return t, nil
}

// parseCIDRRule parses "[!]network result" or, for an if, "[!]network". A
// non-empty advice says why it cannot.
func parseCIDRRule(text string, isIf bool) (r cidrRule, advice string) {
	text, r.neg = takeNot(text)
	pattern, value := text, ""
	if isIf {
		pattern = strings.TrimSpace(pattern)
		if pattern == "" {
			return r, "no address pattern after if"
		}
	} else if pattern, value = cutSpace(text); value == "" {
		return r, "write the network, white space and the result"
	}
	net, err := ParseNetwork(pattern)
	if err != nil {
		return r, err.Error()
	}
	r.net, r.value, r.block = net, value, isIf
	return r, ""
}

// ParseNetwork parses an address or address/bits as Postfix does: IPv6 may
// stand in brackets, with the length inside or after them, and bits below the
// mask must be zero.
func ParseNetwork(s string) (netip.Prefix, error) {
	pattern := s
	if strings.HasPrefix(pattern, "[") {
		i := strings.IndexByte(pattern, ']')
		if i < 0 {
			return netip.Prefix{}, errors.New("missing ']'")
		}
		pattern = pattern[1:i] + pattern[i+1:]
	}
	host, mask, hasMask := strings.Cut(pattern, "/")
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, errors.New("bad address pattern " + strconv.Quote(clip(s)))
	}
	bits := addr.BitLen()
	if hasMask {
		if bits, err = strconv.Atoi(mask); err != nil || bits < 0 || bits > addr.BitLen() || mask[0] == '+' {
			return netip.Prefix{}, errors.New("bad mask value in " + strconv.Quote(clip(s)))
		}
	}
	p := netip.PrefixFrom(addr, bits)
	if m := p.Masked(); m != p {
		return netip.Prefix{}, errors.New("host bits set; use " + m.String())
	}
	return p, nil
}

// buildIndex fills byBits for a long table of plain rules.
func (t *cidrTable) buildIndex() {
	if len(t.rules) <= linearRules {
		return
	}
	for i := range t.rules {
		if t.rules[i].neg || t.rules[i].block {
			return
		}
	}
	for i := range t.rules {
		p := t.rules[i].net
		set := t.set(p.Addr().Is4(), p.Bits())
		if _, dup := set.rule[p.Addr()]; !dup {
			set.rule[p.Addr()] = int32(i)
		}
	}
}

// set returns the prefixSet for one family and length.
func (t *cidrTable) set(v4 bool, bits int) *prefixSet {
	for i := range t.byBits {
		if s := &t.byBits[i]; s.v4 == v4 && s.bits == bits {
			return s
		}
	}
	t.byBits = append(t.byBits, prefixSet{v4: v4, bits: bits, rule: map[netip.Addr]int32{}})
	return &t.byBits[len(t.byBits)-1]
}
