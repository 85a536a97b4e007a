package postmap

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mailsec-go/mailsec/internal/pcre"
	"github.com/mailsec-go/mailsec/internal/postline"
)

// patternTable holds the rules of a regexp or pcre table in order.
type patternTable struct {
	rules []patternRule
	index []int32 // rule number of each entry
	warns []*Error
}

type patternRule struct {
	re    *pcre.Regexp
	text  string // pattern as written, with delimiters and flags
	value string
	subst []piece // nil: value is the result as it stands
	neg   bool
	block bool
	next  int32
	entry int32
	line  int32
}

// piece is a part of a result: text, or the group with number group.
type piece struct {
	text  string
	group int // 0 means text
}

func (t *patternTable) Pattern() bool      { return true }
func (t *patternTable) Len() int           { return len(t.index) }
func (t *patternTable) warnings() []*Error { return t.warns }

func (t *patternTable) Entry(i int) Entry {
	r := &t.rules[t.index[i]]
	return Entry{Key: r.text, Value: r.value, Line: int(r.line), Neg: r.neg, Subst: r.subst != nil}
}

func (t *patternTable) Lookup(key []byte) (string, bool) {
	value, ok, err := t.Find(key)
	return value, ok && err == nil
}

func (t *patternTable) Index(key []byte) (int, error) {
	if !utf8.Valid(key) {
		return -1, nil
	}
	for i := 0; i < len(t.rules); {
		r := &t.rules[i]
		match, err := r.re.Match(key)
		if err != nil {
			return -1, ErrLimit
		}
		match = match != r.neg
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

func (t *patternTable) Find(key []byte) (string, bool, error) {
	i, err := t.Index(key)
	if i < 0 {
		return "", false, err
	}
	r := &t.rules[t.index[i]]
	if r.subst == nil {
		return r.value, true, nil
	}
	groups, err := r.re.Groups(key)
	if err != nil {
		return "", false, ErrLimit
	}
	var b strings.Builder
	for _, p := range r.subst {
		if p.group == 0 {
			b.WriteString(p.text)
		} else if lo, hi := groups[2*p.group], groups[2*p.group+1]; lo >= 0 {
			b.Write(key[lo:hi])
		}
	}
	return b.String(), true, nil
}

// parsePattern compiles the rules of regexp_table(5) or pcre_table(5).
func parsePattern(typ, file string, lines func(func(postline.Line) bool)) (Table, error) {
	p := patternParser{table: &patternTable{}, pcre: typ == "pcre", file: file}
	for line := range lines {
		p.line(line)
	}
	t := p.table
	for _, b := range p.open.open {
		t.rules[b.rule].next = int32(len(t.rules))
		p.warn(b.line, "if", ErrSyntax, "if without endif; it reaches to the end of the table")
	}
	if p.err != nil {
		return nil, p.err
	}
	return t, nil
}

type patternParser struct {
	table *patternTable
	file  string
	pcre  bool
	open  blocks
	err   error // a rule that must not be skipped
}

func (p *patternParser) warn(line int, text string, kind error, advice string) {
	p.table.warns = append(p.table.warns, &Error{File: p.file, Line: line, Text: text, Err: kind, Advice: advice})
}

// line parses one rule, if or endif.
func (p *patternParser) line(line postline.Line) {
	t, text := p.table, strings.TrimLeft(line.Text, " \t")
	if line.Orphan && len(p.open.open) > 0 {
		p.warn(line.Num, line.Text, ErrSyntax, "no white space before statements between if and endif")
	}
	rule, isIf := text, false
	if text != "" && isAlnum(text[0]) {
		if rest, ok := keyword(text, "endif"); ok {
			p.endif(line, rest)
			return
		}
		if rule, isIf = keyword(text, "if"); !isIf {
			p.warn(line.Num, text, ErrSyntax, "neither /pattern/ result nor if nor endif; this line is ignored")
			return
		}
	}
	r, rest, ok := p.pattern(line.Num, rule)
	if !ok {
		return
	}
	if isIf {
		if rest != "" {
			p.warn(line.Num, rest, ErrSyntax, "nothing may follow the pattern of an if; the text is ignored")
		}
		r.block = true
		p.open.push(len(t.rules), line.Num)
	} else {
		if rest == "" {
			p.warn(line.Num, text, ErrSyntax, "no result after the pattern; the result is empty")
		}
		if !p.result(line.Num, &r, rest) {
			return
		}
		r.entry = int32(len(t.index))
		t.index = append(t.index, int32(len(t.rules)))
	}
	t.rules = append(t.rules, r)
}

func (p *patternParser) endif(line postline.Line, rest string) {
	if strings.TrimSpace(rest) != "" {
		p.warn(line.Num, line.Text, ErrSyntax, "nothing may follow endif; the text is ignored")
	}
	if rule, ok := p.open.pop(); ok {
		p.table.rules[rule].next = int32(len(p.table.rules))
		return
	}
	p.warn(line.Num, line.Text, ErrSyntax, "endif without if; this line is ignored")
}

// pattern parses [!]/expression/flags and returns what follows it.
func (p *patternParser) pattern(num int, text string) (r patternRule, rest string, ok bool) {
	text, r.neg = takeNot(text)
	fail := func(kind error, advice string) (patternRule, string, bool) {
		p.warn(num, text, kind, advice+"; this rule is ignored")
		return patternRule{}, "", false
	}
	if text == "" {
		return fail(ErrSyntax, "no pattern")
	}
	delim := text[0]
	end := 1
	for end < len(text) && text[end] != delim {
		if text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(text) {
		return fail(ErrSyntax, "the closing "+strconv.Quote(string(rune(delim)))+" of the pattern is missing")
	}
	flags, rest := cutSpace(text[end+1:])
	syntax, bad := patternFlags(p.pcre, flags)
	if bad != 0 {
		return fail(ErrPattern, "unknown option "+strconv.Quote(string(rune(bad))))
	}
	re, err := pcre.Compile(text[1:end], syntax)
	var refused *pcre.Error
	if errors.As(err, &refused) && refused.Unsupported && p.err == nil {
		p.err = &Error{File: p.file, Line: num, Text: text, Err: ErrPattern, Advice: err.Error() + "; Postfix takes it, so the table cannot be used without this rule"}
	}
	if err != nil {
		return fail(ErrPattern, err.Error())
	}
	r.re, r.text, r.line = re, text[:end+1]+flags, int32(num)
	return r, rest, true
}

// patternFlags toggles options from the default of the table type; bad is the
// first letter that is no option.
func patternFlags(isPCRE bool, letters string) (f pcre.Flags, bad byte) {
	known := map[byte]pcre.Flags{'i': pcre.IgnoreCase, 'm': pcre.Multiline, 'x': pcre.Basic}
	f = pcre.IgnoreCase | pcre.POSIX
	if isPCRE {
		f = pcre.IgnoreCase
		known = map[byte]pcre.Flags{'i': pcre.IgnoreCase, 'm': pcre.Multiline, 's': pcre.DotAll,
			'x': pcre.Extended, 'A': pcre.Anchored, 'E': pcre.DollarEnd, 'U': pcre.Ungreedy, 'X': 0}
	}
	for i := 0; i < len(letters); i++ {
		bit, ok := known[letters[i]]
		if !ok {
			return 0, letters[i]
		}
		f ^= bit
	}
	return f, 0
}

// result compiles the right-hand side of a rule.
func (p *patternParser) result(num int, r *patternRule, text string) bool {
	r.value = text
	if strings.IndexByte(text, '$') < 0 {
		return true
	}
	pieces, advice := parseResult(text)
	if advice == "" {
		for _, pc := range pieces {
			switch {
			case pc.group > r.re.NumGroups():
				advice = "the pattern has no group " + strconv.Itoa(pc.group)
			case pc.group > 0 && r.neg:
				advice = "a pattern with ! has no groups"
			}
		}
	}
	if advice != "" {
		p.warn(num, text, ErrPattern, advice+"; this rule is ignored")
		return false
	}
	r.subst = pieces
	return true
}

// parseResult splits a result into text and groups: $1, ${1}, $(1), and $$ for
// a dollar.
func parseResult(text string) (pieces []piece, advice string) {
	add := func(s string) {
		if n := len(pieces); n > 0 && pieces[n-1].group == 0 {
			pieces[n-1].text += s
		} else if s != "" {
			pieces = append(pieces, piece{text: s})
		}
	}
	for {
		before, after, found := strings.Cut(text, "$")
		add(before)
		if !found {
			return pieces, ""
		}
		if strings.HasPrefix(after, "$") {
			add("$")
			text = after[1:]
			continue
		}
		name, rest, ok := macroName(after)
		if !ok {
			return nil, "write $1, ${1}, or $$ for a dollar sign"
		}
		n, err := strconv.Atoi(name)
		if err != nil || n < 1 || n > pcre.MaxGroups {
			return nil, "$" + clip(name) + " is not the number of a group; use ${1} before a letter or digit, $$ for a dollar sign"
		}
		pieces = append(pieces, piece{group: n})
		text = rest
	}
}

// macroName takes the name of a $name, ${name} or $(name) off s, which starts
// after the dollar.
func macroName(s string) (name, rest string, ok bool) {
	if s == "" {
		return "", "", false
	}
	if s[0] == '{' || s[0] == '(' {
		end := byte('}')
		if s[0] == '(' {
			end = ')'
		}
		i := strings.IndexByte(s, end)
		if i < 2 {
			return "", "", false
		}
		return s[1:i], s[i+1:], true
	}
	i := 0
	for i < len(s) && (isAlnum(s[i]) || s[i] == '_') {
		i++
	}
	return s[:i], s[i:], i > 0
}
