package rbl

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Kinds of errors, to be found with [errors.Is].
var (
	// ErrSyntax: text that does not compile.
	ErrSyntax = errors.New("syntax error")
	// ErrConfig: lists or options that contradict each other.
	ErrConfig = errors.New("bad configuration")
	// ErrRefused: the list answered with a code that means it does not want
	// to answer: over quota, public resolver, not registered.
	ErrRefused = errors.New("refused by the list")
	// ErrBogus: an answer outside 127.0.0.0/8, which no list gives: a parked
	// or sold domain, or a resolver that rewrites what does not exist.
	ErrBogus = errors.New("answer outside 127.0.0.0/8")
	// ErrTemporary: the lookup failed: timeout, SERVFAIL, REFUSED.
	ErrTemporary = errors.New("lookup failed")
	// ErrName: the query name cannot exist, mostly because it is too long.
	ErrName = errors.New("bad query name")
	// ErrUnhealthy: the list failed its test points or its circuit breaker
	// is open; it was not counted.
	ErrUnhealthy = errors.New("list is not healthy")
	// ErrAddress: a mail address without local part or domain.
	ErrAddress = errors.New("bad mail address")
)

// An Error says what is wrong with a list, an answer or a configuration text.
// Its text never holds the key of a list.
type Error struct {
	Kind   error      // one of the sentinels; never nil
	List   string     // the list as it may be shown, "" when none is involved
	Code   netip.Addr // the answer at fault, for ErrRefused and ErrBogus
	Text   string     // the configuration text at fault, for ErrSyntax
	Pos    int        // byte offset in Text
	Advice string     // what to write instead, or more about the cause
	Err    error      // the cause, without the key; may be nil
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("rbl: ")
	if e.List != "" {
		fmt.Fprintf(&b, "%s: ", e.List)
	}
	b.WriteString(e.Kind.Error())
	if e.Code.IsValid() {
		fmt.Fprintf(&b, " (%s)", e.Code)
	}
	if e.Kind == ErrSyntax {
		fmt.Fprintf(&b, " in %q at offset %d", e.Text, e.Pos)
	}
	if e.Advice != "" {
		fmt.Fprintf(&b, ": %s", e.Advice)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// MarshalText returns the text of Error.
func (e *Error) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// oneLine returns the text of err; joined errors have one for each line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", ", ") }
