// Package postline reads the text layers that all Postfix configuration files
// share: logical lines with continuation (postconf(5), postmap(1)), tokens
// that keep {...} together, and the {...} form itself.
//
// All functions are pure; a [Scanner] is for one goroutine at a time.
package postline

import (
	"errors"
	"strings"
)

// Separators of lists and of the words of a line.
const (
	CommaSpace = ", \t\r\n"
	Space      = " \t\r\n"
)

// A Line is one logical line: the first physical line with the continuation
// lines that follow it, line ends removed, trailing white space trimmed.
type Line struct {
	Text string
	Num  int // number of the first physical line, from 1
	// Orphan marks a line that starts with white space with nothing before it
	// to continue.
	Orphan bool
}

// A Scanner splits text into logical lines. A line that starts with white
// space continues the line before it; empty lines and lines whose first
// non-blank character is '#' are skipped wherever they stand and end nothing.
type Scanner struct {
	rest string
	num  int
}

// NewScanner returns a Scanner that reads text.
func NewScanner(text string) *Scanner { return &Scanner{rest: text} }

// Next returns the next logical line; ok is false at the end of the text.
func (s *Scanner) Next() (line Line, ok bool) {
	for {
		text, num, more := s.physical()
		if !more {
			return Line{}, false
		}
		if !blank(text) {
			line = Line{Text: text, Num: num, Orphan: isSpace(text[0])}
			break
		}
	}
	var parts []string
	for s.rest != "" {
		mark := *s
		text, _, _ := s.physical()
		if blank(text) {
			continue
		}
		if !isSpace(text[0]) {
			*s = mark
			break
		}
		if parts == nil {
			parts = append(parts, line.Text)
		}
		parts = append(parts, text)
	}
	if parts != nil {
		line.Text = strings.Join(parts, "")
	}
	line.Text = strings.TrimRight(line.Text, Space+"\v\f\x00")
	return line, true
}

// physical takes one physical line, without its line end, off the text.
func (s *Scanner) physical() (text string, num int, ok bool) {
	if s.rest == "" {
		return "", 0, false
	}
	s.num++
	text, s.rest, _ = strings.Cut(s.rest, "\n")
	return text, s.num, true
}

// blank reports whether a physical line carries nothing: only white space, or
// a comment.
func blank(text string) bool {
	for i := 0; i < len(text); i++ {
		if !isSpace(text[i]) {
			return text[i] == '#'
		}
	}
	return true
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// Token takes the next token off s: leading octets of seps are skipped, then
// the token reaches up to the next separator outside any pair of braces. A
// brace that is never closed takes the rest of s. ok is false when nothing but
// separators is left.
func Token(s, seps string) (token, rest string, ok bool) {
	i := 0
	for i < len(s) && strings.IndexByte(seps, s[i]) >= 0 {
		i++
	}
	if i == len(s) {
		return "", "", false
	}
	s = s[i:]
	level := 0
	for i = 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '{':
			level++
		case c == '}' && level > 0:
			level--
		case level == 0 && strings.IndexByte(seps, c) >= 0:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", true
}

// Fields splits s into its tokens.
func Fields(s, seps string) []string {
	var out []string
	for {
		token, rest, ok := Token(s, seps)
		if !ok {
			return out
		}
		out = append(out, token)
		s = rest
	}
}

// Balanced returns the length of the {...} that s starts with, 0 when s does
// not start with '{' or the brace is never closed.
func Balanced(s string) int {
	if s == "" || s[0] != '{' {
		return 0
	}
	level := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			level++
		case '}':
			if level--; level == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// Errors of [Unbrace] and [NameValue].
var (
	ErrNoOpen   = errors.New("no '{' at start of text")
	ErrNoClose  = errors.New("missing '}'")
	ErrTrailing = errors.New("text after the closing '}'")
	ErrNoEqual  = errors.New("missing '=' after the name")
	ErrNoName   = errors.New("missing name before '='")
	ErrBadName  = errors.New("white space inside the name")
)

// Unbrace returns what is inside the {...} that s consists of, trimmed of
// white space.
func Unbrace(s string) (string, error) {
	s = strings.Trim(s, Space)
	if s == "" || s[0] != '{' {
		return "", ErrNoOpen
	}
	n := Balanced(s)
	if n == 0 {
		return "", ErrNoClose
	}
	if n < len(s) {
		return "", ErrTrailing
	}
	return strings.Trim(s[1:n-1], Space), nil
}

// NameValue splits "name = value". The name has no white space; the value is
// trimmed and may be empty.
func NameValue(s string) (name, value string, err error) {
	s = strings.Trim(s, Space)
	name, value, found := strings.Cut(s, "=")
	name = strings.TrimRight(name, Space)
	switch {
	case !found:
		return "", "", ErrNoEqual
	case name == "":
		return "", "", ErrNoName
	case strings.ContainsAny(name, Space):
		return "", "", ErrBadName
	}
	return name, strings.TrimLeft(value, Space), nil
}
