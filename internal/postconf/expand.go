package postconf

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postline"
)

// Limits of the expansion of one value.
const (
	MaxDepth     = 100     // nested parameters, as in Postfix
	MaxExpansion = 1 << 20 // octets of the result, and of all results on the way to it
)

// Expand expands $name and its relatives in text.
func (c *Config) Expand(text string) (string, error) { return c.expandAt(text, Pos{}) }

func (c *Config) expandAt(text string, pos Pos) (string, error) {
	if strings.IndexByte(text, '$') < 0 {
		return text, nil
	}
	return Expand(text, func(name string) (string, bool) {
		value, _, ok := c.raw(name)
		return value, ok
	}, true, pos)
}

// Expand expands $name and its relatives in text, taking values from lookup.
// With recurse set the values are expanded in their turn. The error is an
// [*Error] of kind [ErrExpand] at pos.
func Expand(text string, lookup func(name string) (value string, ok bool), recurse bool, pos Pos) (string, error) {
	e := expander{lookup: lookup, recurse: recurse}
	out, err := e.expand(text, 0)
	if err != nil {
		return "", &Error{Pos: pos, Text: text, Err: ErrExpand, Advice: err.Error()}
	}
	return out, nil
}

type expander struct {
	lookup  func(string) (string, bool)
	recurse bool
	work    int // octets produced so far
}

var (
	errDepth    = errors.New("parameters nested too deeply; does one refer to itself?")
	errSize     = errors.New("the expanded value is too long")
	errClose    = errors.New("the closing brace or parenthesis after $ is missing")
	errEmpty    = errors.New("a name must follow $; write $$ for a dollar sign")
	errOperator = errors.New("expected ? or : after the name in ${name?text}")
	errTernary  = errors.New("write ${name ? {text} : {text}}")
	errCompare  = errors.New("write {a} == {b}; operators are == != < <= > >= and the same followed by level")
)

func (e *expander) expand(text string, depth int) (string, error) {
	if depth > MaxDepth {
		return "", errDepth
	}
	if e.work += len(text); e.work > MaxExpansion {
		return "", errSize
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		if strings.HasPrefix(after, "$") {
			b.WriteByte('$')
			text = after[1:]
			continue
		}
		body, rest, braced, err := reference(after)
		if err != nil {
			return "", err
		}
		value, err := e.value(body, braced, depth+1)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		text = rest
	}
}

// reference takes what stands after a dollar off s.
func reference(s string) (body, rest string, braced bool, err error) {
	if s == "" {
		return "", "", false, errEmpty
	}
	if s[0] == '{' || s[0] == '(' {
		n := Closing(s)
		if n == 0 {
			return "", "", false, errClose
		}
		return s[1 : n-1], s[n:], true, nil
	}
	n := NameLen(s)
	if n == 0 {
		return "", "", false, errEmpty
	}
	return s[:n], s[n:], false, nil
}

// Closing returns the length of the {...} or (...) at the start of s, 0 when
// it does not end.
func Closing(s string) int {
	open, end := s[0], byte('}')
	if open == '(' {
		end = ')'
	}
	level := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case open:
			level++
		case end:
			if level--; level == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// NameLen returns the length of the macro or parameter name at the start of s.
func NameLen(s string) int {
	n := 0
	for n < len(s) && (s[n] == '_' || '0' <= s[n] && s[n] <= '9' || 'a' <= s[n] && s[n] <= 'z' || 'A' <= s[n] && s[n] <= 'Z') {
		n++
	}
	return n
}

// value evaluates the inside of a ${...}.
func (e *expander) value(body string, braced bool, depth int) (string, error) {
	if depth > MaxDepth {
		return "", errDepth
	}
	if braced {
		body = strings.TrimLeft(body, postline.Space)
		if strings.HasPrefix(body, "{") {
			return e.comparison(body, depth)
		}
	}
	n := NameLen(body)
	if n == 0 {
		return "", errEmpty
	}
	name, op := body[:n], strings.TrimLeft(body[n:], postline.Space)
	value, ok := e.lookup(name)
	if op != "" {
		return e.conditional(op, ok && value != "", depth)
	}
	if !ok || !e.recurse {
		if e.work += len(value); e.work > MaxExpansion {
			return "", errSize
		}
		return value, nil
	}
	return e.expand(value, depth)
}

// conditional evaluates "?text", ":text", "?{text}" and "?{text}:{text}".
func (e *expander) conditional(op string, truth bool, depth int) (string, error) {
	yes, no, err := branches(op)
	if err != nil {
		return "", err
	}
	if truth {
		return e.expand(yes, depth)
	}
	return e.expand(no, depth)
}

func branches(op string) (yes, no string, err error) {
	switch op[0] {
	case ':':
		no, rest, braced, err := branch(op[1:])
		if err == nil && braced && rest != "" {
			err = errTernary
		}
		return "", no, err
	case '?': // below
	default:
		return "", "", errOperator
	}
	yes, rest, braced, err := branch(op[1:])
	if err != nil || !braced || rest == "" {
		return yes, "", err
	}
	if rest[0] != ':' {
		return "", "", errTernary
	}
	no, rest, braced, err = branch(rest[1:])
	if err == nil && braced && rest != "" {
		err = errTernary
	}
	return yes, no, err
}

// branch takes {text} off s, or all of s when it does not start with a brace.
// White space inside the braces is part of the text.
func branch(s string) (text, rest string, braced bool, err error) {
	t := strings.TrimLeft(s, postline.Space)
	if !strings.HasPrefix(t, "{") {
		return s, "", false, nil
	}
	n := postline.Balanced(t)
	if n == 0 {
		return "", "", true, errClose
	}
	return t[1 : n-1], strings.TrimLeft(t[n:], postline.Space), true, nil
}

// comparison evaluates {a} op {b} with what follows.
func (e *expander) comparison(body string, depth int) (string, error) {
	left, rest, _, err := branch(body)
	if err != nil {
		return "", err
	}
	i := strings.IndexByte(rest, '{')
	if i < 0 {
		return "", errCompare
	}
	op := strings.TrimRight(rest[:i], postline.Space)
	right, rest, _, err := branch(rest[i:])
	if err != nil {
		return "", err
	}
	if left, err = e.expand(left, depth); err != nil {
		return "", err
	}
	if right, err = e.expand(right, depth); err != nil {
		return "", err
	}
	truth, err := compare(left, op, right)
	switch {
	case err != nil:
		return "", err
	case rest == "" && truth:
		return "true", nil
	case rest == "":
		return "", nil
	}
	return e.conditional(rest, truth, depth)
}

// compare applies a comparison operator.
func compare(a, op, b string) (bool, error) {
	sign := strings.Compare(a, b)
	if op2, isLevel := strings.CutSuffix(op, "level"); isLevel {
		x, okX := parseLevel(a)
		y, okY := parseLevel(b)
		if !okX || !okY {
			return false, errors.New("a compatibility level is a number, or numbers with dots: " + strconv.Quote(a) + ", " + strconv.Quote(b))
		}
		op, sign = op2, compareLevel(x, y)
	} else if x, err := strconv.ParseUint(a, 10, 64); err == nil {
		if y, err := strconv.ParseUint(b, 10, 64); err == nil {
			sign = cmp.Compare(x, y)
		}
	}
	switch op {
	case "==":
		return sign == 0, nil
	case "!=":
		return sign != 0, nil
	case "<":
		return sign < 0, nil
	case "<=":
		return sign <= 0, nil
	case ">":
		return sign > 0, nil
	case ">=":
		return sign >= 0, nil
	}
	return false, errCompare
}

// parseLevel parses major[.minor[.patch]].
func parseLevel(s string) (level [3]int, ok bool) {
	parts := strings.Split(strings.Trim(s, postline.Space), ".")
	if len(parts) > len(level) {
		return level, false
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return level, false
		}
		level[i] = n
	}
	return level, true
}

func compareLevel(a, b [3]int) int {
	for i := range a {
		if a[i] != b[i] {
			return a[i] - b[i]
		}
	}
	return 0
}

// CompareLevels compares two compatibility levels, such as 2 and 3.6. ok is
// false when one of them is none.
func CompareLevels(a, b string) (sign int, ok bool) {
	x, okX := parseLevel(a)
	y, okY := parseLevel(b)
	return compareLevel(x, y), okX && okY
}
