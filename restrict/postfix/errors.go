package postfix

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of [Error].
var (
	// ErrFatal says that Postfix would not start with the configuration.
	ErrFatal = errors.New("the server would not start")
	// ErrNeed says that a restriction needs something that the Config lacks.
	ErrNeed = errors.New("the configuration uses what Config does not provide")
	// ErrSyntax says that a text cannot be read.
	ErrSyntax = errors.New("syntax error")
	// ErrValue says that a parameter has a value that is none.
	ErrValue = errors.New("bad parameter value")
)

// An Error says which parameter is wrong, where it stands and what to do.
type Error struct {
	File   string
	Line   int    // 0 for a default or an override
	Param  string // the parameter
	Text   string // the words at fault
	Advice string
	Err    error // the kind, never nil
}

// Error returns the text of the error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("postfix: ")
	if e.File != "" {
		fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	}
	if e.Param != "" {
		b.WriteString(e.Param + ": ")
	}
	b.WriteString(e.Err.Error())
	if e.Text != "" {
		fmt.Fprintf(&b, ": %q", e.Text)
	}
	if e.Advice != "" {
		b.WriteString(": " + e.Advice)
	}
	return b.String()
}

// Unwrap returns the kind of the error.
func (e *Error) Unwrap() error { return e.Err }
