package postmap

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postline"
)

// A Table is a compiled lookup table: an immutable value, safe for concurrent
// use. The tables of this package never block.
type Table interface {
	// Lookup returns the value stored for key. A lookup that could not be
	// completed returns ok == false; [Find] tells the two apart.
	Lookup(key []byte) (value string, ok bool)
	// Pattern reports whether the table must be asked with full keys only.
	Pattern() bool
}

// A Failer is a Table whose lookups can fail: fail:, a pattern that ran into
// its step limit, a composite of such tables, or a caller's own table. [Find]
// uses it.
type Failer interface {
	Table
	Find(key []byte) (value string, ok bool, err error)
}

// Find looks key up in t. The error is non-nil when the table could not tell:
// [ErrFail], [ErrLimit], or what a caller's own table returns.
func Find(t Table, key []byte) (value string, ok bool, err error) {
	if f, isFailer := t.(Failer); isFailer {
		return f.Find(key)
	}
	value, ok = t.Lookup(key)
	return value, ok, nil
}

// An Entry is one line of a table, for linters and for callers that compile
// the values ahead.
type Entry struct {
	Key   string // the key as folded, the network, or the pattern with its delimiters and flags
	Value string // the value as written
	Line  int    // line of the text, 0 for tables without lines
	Neg   bool   // the entry matches what its pattern does not
	Subst bool   // the value holds a $: what Lookup returns depends on the key
}

// An Indexed table numbers its entries in the order of the text. All tables of
// this package but unionmap, pipemap, randmap and fail are indexed.
type Indexed interface {
	Table
	// Index returns the number of the entry that matches key, -1 for none. err
	// is as for [Find].
	Index(key []byte) (i int, err error)
	// Len returns the number of entries.
	Len() int
	// Entry returns entry i.
	Entry(i int) Entry
}

// Warnings returns what is wrong with the text of t without making the table
// unusable: lines that were skipped, and the like. It includes the warnings of
// the tables inside a composite.
func Warnings(t Table) []*Error {
	if w, ok := t.(interface{ warnings() []*Error }); ok {
		return w.warnings()
	}
	return nil
}

// Kinds of [Error], for [errors.Is].
var (
	ErrSyntax    = errors.New("syntax error")
	ErrDuplicate = errors.New("duplicate entry")
	ErrPattern   = errors.New("bad pattern")
	ErrType      = errors.New("unsupported table type")
	ErrOpen      = errors.New("table cannot be read")
	ErrDepth     = errors.New("tables nested too deeply")

	// ErrFail and ErrLimit are errors of lookups.
	ErrFail  = errors.New("postmap: the table is made to fail")
	ErrLimit = errors.New("postmap: matching took too many steps")
)

// An Error says what is wrong with a table, where, and what to do about it.
type Error struct {
	File   string // the table as type:name
	Line   int    // line of the text, 0 for the table as a whole
	Text   string // the words at fault
	Advice string // what to write instead, or "" when Err says it all
	Err    error  // the kind, or what an Open function returned; never nil
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("postmap: ")
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	b.WriteString(e.Err.Error())
	if e.Text != "" {
		fmt.Fprintf(&b, ": %q", clip(e.Text))
	}
	if e.Advice != "" {
		b.WriteString(": ")
		b.WriteString(e.Advice)
	}
	return b.String()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// clip bounds foreign text in messages.
func clip(s string) string {
	const max = 120
	if len(s) > max {
		return s[:max] + "..."
	}
	return s
}

// Parse compiles the text of a table of type typ. name is used in messages;
// when it starts with '{' and typ is cidr, regexp or pcre, the rules are taken
// from it and text is ignored, as for inline and static, whose content always
// is in the name. Composite types need a [Loader].
func Parse(typ, name string, text []byte) (Table, error) {
	l := Loader{Open: func(string, string) (Table, error) { return nil, ErrType }}
	if !inName(typ, name) && textTypes[typ] {
		return parseText(typ, typ+":"+name, string(text))
	}
	return l.load(typ, name, 0)
}

// textTypes are the types whose text is a file.
var textTypes = map[string]bool{
	"hash": true, "btree": true, "lmdb": true, "dbm": true, "cdb": true, "texthash": true,
	"cidr": true, "regexp": true, "pcre": true,
}

// inName reports whether the content of the table stands in its name.
func inName(typ, name string) bool {
	switch typ {
	case "inline", "static", "unionmap", "pipemap", "randmap", "fail":
		return true
	case "cidr", "regexp", "pcre":
		return strings.HasPrefix(name, "{")
	}
	return false
}

func parseText(typ, file, text string) (Table, error) {
	switch typ {
	case "cidr":
		return parseCIDR(file, fileLines(text))
	case "regexp", "pcre":
		return parsePattern(typ, file, fileLines(text))
	}
	return parseHash(file, text, typ == "texthash")
}

// fileLines returns an iterator over the logical lines of a rule file.
func fileLines(text string) func(yield func(postline.Line) bool) {
	return func(yield func(postline.Line) bool) {
		sc := postline.NewScanner(text)
		for line, ok := sc.Next(); ok; line, ok = sc.Next() {
			if !yield(line) {
				return
			}
		}
	}
}

// braceLines returns an iterator over the rules of the inline form
// { {rule}, {rule} }, numbered from 1.
func braceLines(file, name string) (func(yield func(postline.Line) bool), error) {
	inner, err := postline.Unbrace(name)
	if err != nil {
		return nil, &Error{File: file, Text: name, Err: ErrSyntax, Advice: err.Error()}
	}
	var lines []postline.Line
	for i, tok := range postline.Fields(inner, postline.CommaSpace) {
		rule, err := postline.Unbrace(tok)
		if err != nil {
			return nil, &Error{File: file, Line: i + 1, Text: tok, Err: ErrSyntax,
				Advice: err.Error() + "; write each rule as {pattern result}"}
		}
		lines = append(lines, postline.Line{Text: rule, Num: i + 1})
	}
	if len(lines) == 0 {
		return nil, &Error{File: file, Text: name, Err: ErrSyntax, Advice: "write at least one {pattern result}"}
	}
	return func(yield func(postline.Line) bool) {
		for _, l := range lines {
			if !yield(l) {
				return
			}
		}
	}, nil
}
