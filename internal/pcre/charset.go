package pcre

import (
	"fmt"
	"strings"
	"unicode"
)

// charset is a set of characters. After seal, has answers for ASCII from a bit
// table.
type charset struct {
	ranges []rune // pairs, in no order
	props  []property
	neg    bool
	fold   bool
	ascii  [2]uint64
}

// property is a Unicode category or script, or what is outside it.
type property struct {
	name string
	tab  *unicode.RangeTable
	neg  bool
}

func (s *charset) add(lo, hi rune) { s.ranges = append(s.ranges, lo, hi) }

// addClass adds the ranges of a named class, or what is outside it.
func (s *charset) addClass(ranges []rune, neg bool) {
	if !neg {
		s.ranges = append(s.ranges, ranges...)
		return
	}
	next := rune(0)
	for i := 0; i < len(ranges); i += 2 {
		if next < ranges[i] {
			s.add(next, ranges[i]-1)
		}
		next = ranges[i+1] + 1
	}
	s.add(next, unicode.MaxRune)
}

// seal fills the bit table.
func (s *charset) seal() *charset {
	for r := rune(0); r < 128; r++ {
		if s.member(r) {
			s.ascii[r>>6] |= 1 << (r & 63)
		}
	}
	return s
}

func (s *charset) has(r rune) bool {
	if uint32(r) < 128 {
		return s.ascii[r>>6]&(1<<(r&63)) != 0
	}
	return s.member(r)
}

func (s *charset) member(r rune) bool {
	in := s.plain(r)
	if s.fold {
		for f := unicode.SimpleFold(r); !in && f != r; f = unicode.SimpleFold(f) {
			in = s.plain(f)
		}
	}
	return in != s.neg
}

func (s *charset) plain(r rune) bool {
	for i := 0; i < len(s.ranges); i += 2 {
		if s.ranges[i] <= r && r <= s.ranges[i+1] {
			return true
		}
	}
	for _, p := range s.props {
		if unicode.Is(p.tab, r) != p.neg {
			return true
		}
	}
	return false
}

// write appends the class in the syntax of the standard library.
func (s *charset) write(b *strings.Builder) {
	if s.fold {
		b.WriteString("(?i:")
		defer b.WriteByte(')')
	}
	b.WriteByte('[')
	if s.neg {
		b.WriteByte('^')
	}
	for i := 0; i < len(s.ranges); i += 2 {
		fmt.Fprintf(b, `\x{%x}-\x{%x}`, s.ranges[i], s.ranges[i+1])
	}
	for _, p := range s.props {
		letter := 'p'
		if p.neg {
			letter = 'P'
		}
		fmt.Fprintf(b, `\%c{%s}`, letter, p.name)
	}
	b.WriteByte(']')
}

// Ranges of the named classes; all but \h and \v are ASCII.
var (
	digitRanges = []rune{'0', '9'}
	wordRanges  = []rune{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}
	spaceRanges = []rune{'\t', '\r', ' ', ' '}
	horizRanges = []rune{'\t', '\t', ' ', ' ', 0xa0, 0xa0, 0x1680, 0x1680, 0x180e, 0x180e, 0x2000, 0x200a, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000}
	vertRanges  = []rune{'\n', '\r', 0x85, 0x85, 0x2028, 0x2029}
)

// escapeClass returns the ranges of \d and its relatives.
func escapeClass(c byte) (ranges []rune, neg, ok bool) {
	switch c {
	case 'd', 'D':
		return digitRanges, c == 'D', true
	case 'w', 'W':
		return wordRanges, c == 'W', true
	case 's', 'S':
		return spaceRanges, c == 'S', true
	case 'h', 'H':
		return horizRanges, c == 'H', true
	case 'v', 'V':
		return vertRanges, c == 'V', true
	}
	return nil, false, false
}

// namedClass returns the ranges of [:name:].
func namedClass(name string) (ranges []rune, ok bool) {
	switch name {
	case "alpha":
		return []rune{'A', 'Z', 'a', 'z'}, true
	case "lower":
		return []rune{'a', 'z'}, true
	case "upper":
		return []rune{'A', 'Z'}, true
	case "digit":
		return digitRanges, true
	case "alnum":
		return []rune{'0', '9', 'A', 'Z', 'a', 'z'}, true
	case "xdigit":
		return []rune{'0', '9', 'A', 'F', 'a', 'f'}, true
	case "space":
		return spaceRanges, true
	case "blank":
		return []rune{'\t', '\t', ' ', ' '}, true
	case "cntrl":
		return []rune{0, 31, 127, 127}, true
	case "print":
		return []rune{' ', '~'}, true
	case "graph":
		return []rune{'!', '~'}, true
	case "punct":
		return []rune{'!', '/', ':', '@', '[', '`', '{', '~'}, true
	case "ascii":
		return []rune{0, 127}, true
	case "word":
		return wordRanges, true
	}
	return nil, false
}

// unicodeProperty finds a category or script by name.
func unicodeProperty(name string) (p property, ok bool) {
	if strings.HasPrefix(name, "^") {
		p.neg, name = true, name[1:]
	}
	switch name {
	case "Any":
		name = "Any"
		p.tab = &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0, Hi: 0xffff, Stride: 1}}, R32: []unicode.Range32{{Lo: 0x10000, Hi: unicode.MaxRune, Stride: 1}}}
	case "L&", "LC":
		name = "LC"
		p.tab = unicode.Categories["LC"]
	default:
		if p.tab = unicode.Categories[name]; p.tab == nil {
			p.tab = unicode.Scripts[name]
		}
	}
	p.name = name
	return p, p.tab != nil
}
