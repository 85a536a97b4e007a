package authres

import (
	"errors"
	"fmt"
)

// The kinds of [Error].
var (
	ErrSyntax  = errors.New("authres: syntax error")
	ErrVersion = errors.New("authres: unknown version")
	ErrLimit   = errors.New("authres: limit exceeded")
	ErrKeyword = errors.New("authres: not a keyword")
)

// An Error says what is wrong with a field, and where. Use [errors.Is] with
// the package's sentinels to find the kind.
type Error struct {
	Pos  int    // octet offset in the text read; 0 when writing
	What string // what was expected, or the part at fault
	Text string // the text at fault, cut to a few octets, or ""
	Err  error  // the kind; never nil
}

func (e *Error) Error() string {
	s := e.Err.Error() + ": " + e.What
	if e.Text != "" {
		s += fmt.Sprintf(" %q", e.Text)
	}
	if e.Pos > 0 {
		s += fmt.Sprintf(" at octet %d", e.Pos)
	}
	return s
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Err }

// maxErrorText bounds the foreign text that an Error carries.
const maxErrorText = 64

func clip(s string) string {
	if len(s) > maxErrorText {
		s = s[:maxErrorText]
	}
	return s
}
