package tlspolicy

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of [Error].
var (
	// ErrBadEntry: the entry cannot be enforced, so its destination defers.
	ErrBadEntry = errors.New("bad entry")
	// ErrIgnored: a line, an attribute or a part of one has no effect.
	ErrIgnored = errors.New("ignored")
	// ErrUnsupported: crypto/tls cannot do this; the level still holds.
	ErrUnsupported = errors.New("not supported")
	// ErrDuplicate: a key occurs twice in one table.
	ErrDuplicate = errors.New("duplicate key")
	// ErrTooLarge: the text is longer than [MaxTable].
	ErrTooLarge = errors.New("table too large")
)

// An Error says what is wrong with a table or a policy, and where. Use
// [errors.Is] with the package's sentinels to find the kind.
type Error struct {
	File   string // name of the text, as given in [Options]; "" if none
	Line   int    // line on which the entry begins, from 1; 0 for a single policy
	Key    string // the entry's key as written
	Text   string // the level or attribute at fault as written, "" for the whole entry
	Reason string // what is wrong and, where there is a usual remedy, what to write instead
	Err    error  // the kind; never nil
}

// Error returns one line of text; foreign text in it is quoted.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("tlspolicy: ")
	if e.Line > 0 {
		if e.File != "" {
			b.WriteString(e.File)
		} else {
			b.WriteString("line ")
		}
		if e.File != "" {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%d: ", e.Line)
	}
	if e.Key != "" {
		fmt.Fprintf(&b, "%q: ", e.Key)
	}
	if e.Text != "" {
		fmt.Fprintf(&b, "%q: ", e.Text)
	}
	b.WriteString(e.Err.Error())
	if e.Reason != "" {
		b.WriteString(": ")
		b.WriteString(e.Reason)
	}
	return b.String()
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Err }
