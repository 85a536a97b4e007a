package spf

import (
	"errors"
	"strconv"
)

// Kinds of trouble. A [Verdict] with TempError or PermError carries an
// [*Error] that unwraps to one of them; test with [errors.Is].
var (
	// ErrSyntax marks a term that RFC 7208, section 12, does not allow.
	ErrSyntax = errors.New("syntax error")
	// ErrMacro marks a macro that RFC 7208, section 7.1, does not allow. It is
	// a syntax error too: errors.Is(err, ErrSyntax) holds as well.
	ErrMacro = errors.New("macro error")
	// ErrMultipleRecords marks a domain with more than one SPF record
	// (RFC 7208, section 4.5).
	ErrMultipleRecords = errors.New("more than one SPF record")
	// ErrNoRecord marks a domain without an SPF record where one is needed: the
	// target of include or redirect (RFC 7208, sections 5.2 and 6.1).
	ErrNoRecord = errors.New("no SPF record")
	// ErrTermLimit marks an evaluation that needs more terms with DNS lookups
	// than allowed (RFC 7208, section 4.6.4).
	ErrTermLimit = errors.New("too many terms with DNS lookups")
	// ErrVoidLimit marks an evaluation with more void lookups than allowed
	// (RFC 7208, section 4.6.4).
	ErrVoidLimit = errors.New("too many void lookups")
	// ErrNameLimit marks an mx term with more exchange hosts than allowed
	// (RFC 7208, section 4.6.4).
	ErrNameLimit = errors.New("too many MX hosts")
	// ErrDNS marks a lookup without a usable answer: server failure, refusal,
	// timeout. The resolver's error is wrapped too.
	ErrDNS = errors.New("DNS lookup failed")
)

// Misuse, returned as the error of [Checker.Check], never as a verdict.
var (
	// ErrNoResolver is returned when [Checker.Resolver] is nil.
	ErrNoResolver = errors.New("spf: Checker.Resolver is nil")
	// ErrInvalidIP is returned when [Request.IP] is the zero Addr.
	ErrInvalidIP = errors.New("spf: Request.IP is not a valid address")
	// ErrInvalidIdentity is returned when [Request.Identity] is no known one.
	ErrInvalidIdentity = errors.New("spf: unknown Request.Identity")
	// ErrLocalPolicy is returned when [Checker.LocalPolicy] does not come from
	// [Parse].
	ErrLocalPolicy = errors.New("spf: Checker.LocalPolicy does not come from Parse")
)

// An Error says why a check ended in TempError or PermError, or why a text is
// no SPF record, and where.
type Error struct {
	Domain string // the domain whose record was being evaluated, "" for Parse
	Term   string // the term at fault as published, "" for the whole record
	Pos    int    // byte offset of Term in the record
	Kind   error  // one of the package's sentinels, never nil
	Detail string // what exactly is wrong, "" if Kind says it all
	Err    error  // the resolver's error for ErrDNS, else nil
}

// Error returns one line. Foreign data is quoted.
func (e *Error) Error() string {
	b := append([]byte(nil), "spf: "...)
	if e.Domain != "" {
		b = append(b, clip(e.Domain)...)
		b = append(b, ": "...)
	}
	if e.Term != "" {
		b = strconv.AppendQuoteToASCII(b, clip(e.Term))
		b = append(b, " at "...)
		b = strconv.AppendInt(b, int64(e.Pos), 10)
		b = append(b, ": "...)
	}
	b = append(b, e.Kind.Error()...)
	if e.Detail != "" {
		b = append(b, ": "...)
		b = append(b, e.Detail...)
	}
	if e.Err != nil {
		b = append(b, ": "...)
		b = append(b, clip(e.Err.Error())...)
	}
	return string(b)
}

// Unwrap returns the kind and, for DNS trouble, the resolver's error.
func (e *Error) Unwrap() []error {
	errs := make([]error, 0, 3)
	errs = append(errs, e.Kind)
	if e.Kind == ErrMacro {
		errs = append(errs, ErrSyntax)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}
