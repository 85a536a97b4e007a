package rbl

import (
	"strings"
)

// ParsePattern compiles the answer filter of Postfix: four fields separated by
// dots, each a number or a bracketed list of numbers and ranges, as in
// "127.0.0.[2;4..7;10]". The whole pattern may stand in one more pair of
// brackets. Blanks, empty fields, numbers above 255 and reversed ranges are
// errors.
func ParsePattern(pattern string) (Matcher, error) {
	p := patternParser{src: pattern, text: pattern}
	set, err := p.parse()
	if err != nil {
		return Matcher{}, err
	}
	return Matcher{terms: []term{{kind: termFields, set: set}}, src: pattern}, nil
}

// MustPattern is [ParsePattern] for patterns in source code. It panics on a
// pattern that does not compile.
func MustPattern(pattern string) Matcher {
	m, err := ParsePattern(pattern)
	if err != nil {
		panic(err)
	}
	return m
}

type patternParser struct {
	src  string // the whole pattern, for errors
	text string // what is parsed, without the outer brackets
	pos  int    // in text
	base int    // offset of text in src
}

func (p *patternParser) fail(advice string) error {
	return &Error{Kind: ErrSyntax, Text: p.src, Pos: p.base + p.pos, Advice: advice}
}

func (p *patternParser) parse() (*fieldSet, error) {
	if p.wrapped() {
		p.text, p.base = p.text[1:len(p.text)-1], 1
	}
	set := new(fieldSet)
	for octet := range 4 {
		if octet > 0 {
			if p.peek() != '.' {
				return nil, p.fail("want four fields separated by dots")
			}
			p.pos++
		}
		if err := p.field(set, octet); err != nil {
			return nil, err
		}
	}
	if p.pos < len(p.text) {
		return nil, p.fail("text after the fourth field")
	}
	return set, nil
}

// wrapped reports whether the first bracket closes at the very end.
func (p *patternParser) wrapped() bool {
	if !strings.HasPrefix(p.text, "[") {
		return false
	}
	level := 0
	for i := 0; i < len(p.text); i++ {
		switch p.text[i] {
		case '[':
			level++
		case ']':
			if level--; level == 0 {
				return i == len(p.text)-1
			}
		}
	}
	return false
}

func (p *patternParser) field(set *fieldSet, octet int) error {
	if p.peek() != '[' {
		n, err := p.number()
		if err == nil {
			set.add(octet, n, n)
		}
		return err
	}
	p.pos++
	for {
		lo, err := p.number()
		if err != nil {
			return err
		}
		hi := lo
		if strings.HasPrefix(p.text[p.pos:], "..") {
			p.pos += 2
			start := p.pos
			if hi, err = p.number(); err != nil {
				return err
			}
			if hi < lo {
				p.pos = start
				return p.fail("the range is reversed")
			}
		}
		set.add(octet, lo, hi)
		switch p.peek() {
		case ';':
			p.pos++
		case ']':
			p.pos++
			return nil
		default:
			return p.fail(`want ";", ".." or "]"`)
		}
	}
}

func (p *patternParser) number() (uint8, error) {
	start, n := p.pos, 0
	for ; p.pos < len(p.text) && isDigit(p.text[p.pos]); p.pos++ {
		if n = n*10 + int(p.text[p.pos]-'0'); n > 255 {
			p.pos = start
			return 0, p.fail("the number is above 255")
		}
	}
	if p.pos == start {
		return 0, p.fail("want a number from 0 to 255")
	}
	return uint8(n), nil
}

// peek returns the next octet, 0 at the end.
func (p *patternParser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
