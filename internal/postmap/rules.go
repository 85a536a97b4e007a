package postmap

import "strings"

// block is the state of one open "if" while rules are parsed.
type block struct {
	rule int // number of the if rule
	line int
}

// A blocks stack pairs if with endif for cidr, regexp and pcre.
type blocks struct{ open []block }

func (b *blocks) push(rule, line int) { b.open = append(b.open, block{rule, line}) }

// pop returns the rule number of the innermost open if.
func (b *blocks) pop() (rule int, ok bool) {
	if len(b.open) == 0 {
		return 0, false
	}
	rule = b.open[len(b.open)-1].rule
	b.open = b.open[:len(b.open)-1]
	return rule, true
}

// keyword returns the rest of line after word when line starts with word, in
// any case, and what follows is not a letter or digit.
func keyword(line, word string) (rest string, ok bool) {
	if len(line) < len(word) || !strings.EqualFold(line[:len(word)], word) {
		return "", false
	}
	rest = line[len(word):]
	if rest != "" && isAlnum(rest[0]) {
		return "", false
	}
	return rest, true
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// cutSpace splits s at its first white space.
func cutSpace(s string) (word, rest string) {
	if i := strings.IndexAny(s, " \t\r\v\f"); i >= 0 {
		return s[:i], strings.TrimLeft(s[i:], " \t\r\v\f")
	}
	return s, ""
}

// takeNot removes leading "!" marks and white space, reporting whether their
// number is odd.
func takeNot(s string) (rest string, neg bool) {
	for {
		s = strings.TrimLeft(s, " \t\r\v\f")
		if !strings.HasPrefix(s, "!") {
			return s, neg
		}
		s, neg = s[1:], !neg
	}
}
