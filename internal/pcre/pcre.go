package pcre

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"sync"
)

// Limits of a pattern and of one match.
const (
	MaxGroups  = 999
	MaxNesting = 250     // nested groups, as in PCRE
	MaxPattern = 1 << 16 // octets of a pattern
	MaxProgram = 1 << 16 // instructions after counted repetitions were written out
	MaxSteps   = 500_000 // instructions of one match
	MaxStack   = 1 << 16 // places to come back to, during one match
	MaxCalls   = 1000    // nested calls of groups, during one match
)

// ErrSteps is returned by a match that ran into one of the limits. It is not
// known then whether the pattern matches.
var ErrSteps = errors.New("pcre: matching took too many steps")

// Flags change how a pattern is read.
type Flags uint16

// Flags of [Compile], with the letter of the table options.
const (
	IgnoreCase Flags = 1 << iota // i
	Multiline                    // m: ^ and $ also match at line ends
	DotAll                       // s: the dot also matches a line end
	Extended                     // x: white space and comments are ignored
	Anchored                     // A: match at the start only
	DollarEnd                    // E: $ does not match before a final line end
	Ungreedy                     // U: quantifiers are lazy unless followed by ?
	POSIX                        // POSIX extended syntax, leftmost-longest
	Basic                        // with POSIX: basic syntax
	noCapture                    // (?n): plain parentheses do not capture
)

// A Regexp is a compiled pattern. It is safe for concurrent use.
type Regexp struct {
	expr   string
	groups int
	prog   *program
	// linear is the same pattern for the standard library, nil when it holds
	// what that cannot express. notNewline says that linear is right only for
	// texts without a line end.
	linear     *regexp.Regexp
	notNewline bool
	// emptyLoop says that a loop may have empty rounds: both engines agree on
	// whether there is a match then, not on its extent.
	emptyLoop bool
	machines  sync.Pool
}

// An Error says why a pattern does not compile, and where.
type Error struct {
	Expr string
	Pos  int // octet offset in Expr
	Msg  string
	// Unsupported says that PCRE would take the pattern: a table must not go
	// on without it.
	Unsupported bool
}

func (e *Error) Error() string { return fmt.Sprintf("%s at offset %d", e.Msg, e.Pos) }

// Compile compiles expr. The error is an [*Error].
func Compile(expr string, f Flags) (*Regexp, error) {
	if len(expr) > MaxPattern {
		return nil, &Error{Expr: expr[:100], Pos: MaxPattern, Msg: "pattern is too long", Unsupported: true}
	}
	p := newParser(expr, f)
	tree, err := p.parse()
	if err != nil {
		return nil, err
	}
	if f&Anchored != 0 {
		tree = &node{op: opCat, subs: []*node{{op: opBeginText}, tree}}
	}
	re := &Regexp{expr: expr, groups: p.groups}
	if re.prog, err = compileProgram(tree, p); err != nil {
		return nil, &Error{Expr: expr, Pos: len(expr), Msg: err.Error(), Unsupported: true}
	}
	re.machines.New = func() any { return newMachine(re.prog) }
	re.compileLinear(tree, f)
	return re, nil
}

// compileLinear builds the standard library's form when there is one.
func (re *Regexp) compileLinear(tree *node, f Flags) {
	var e emitter
	if !e.emit(tree) {
		return
	}
	std, err := regexp.Compile(e.b.String())
	if err != nil || std.NumSubexp() != re.groups {
		return // a repetition larger than the standard library allows
	}
	if f&POSIX != 0 {
		std.Longest()
	}
	re.linear, re.notNewline, re.emptyLoop = std, e.dollar, e.empty && f&POSIX == 0
}

// NumGroups returns the number of capturing groups.
func (re *Regexp) NumGroups() int { return re.groups }

// Linear reports whether matching takes time linear in the text; otherwise it
// is bounded by [MaxSteps] alone.
func (re *Regexp) Linear() bool { return re.linear != nil }

// String returns the pattern.
func (re *Regexp) String() string { return re.expr }

// Match reports whether b holds a match. It does not allocate.
func (re *Regexp) Match(b []byte) (bool, error) {
	if re.useLinear(b) {
		return re.linear.Match(b), nil
	}
	m := re.machines.Get().(*machine)
	ok, err := m.search(b)
	m.text = nil
	re.machines.Put(m)
	return ok, err
}

// Groups returns the offsets of the leftmost match and of its groups, as
// [regexp.Regexp.FindSubmatchIndex] does; nil means no match.
func (re *Regexp) Groups(b []byte) ([]int, error) {
	linear := re.useLinear(b)
	if linear && !re.emptyLoop {
		return re.linear.FindSubmatchIndex(b), nil
	}
	m := re.machines.Get().(*machine)
	defer re.machines.Put(m)
	ok, err := m.search(b)
	m.text = nil
	if err != nil && linear {
		return re.linear.FindSubmatchIndex(b), nil
	}
	if !ok || err != nil {
		return nil, err
	}
	return append([]int(nil), m.regs[:2*(re.groups+1)]...), nil
}

func (re *Regexp) useLinear(b []byte) bool {
	return re.linear != nil && !(re.notNewline && bytes.IndexByte(b, '\n') >= 0)
}
