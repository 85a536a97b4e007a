package dmarc

import (
	"errors"
	"fmt"
)

// The kinds of [Error].
var (
	// ErrNoFrom: the message has no From field.
	ErrNoFrom = errors.New("no From field")
	// ErrMultipleFrom: the message has more than one From field.
	ErrMultipleFrom = errors.New("more than one From field")
	// ErrFromSyntax: the From field cannot be read.
	ErrFromSyntax = errors.New("malformed From field")
	// ErrNoDomain: the From field names no mailbox.
	ErrNoDomain = errors.New("no domain in the From field")
	// ErrLiteral: the From field has an address literal for a domain.
	ErrLiteral = errors.New("address literal in the From field")
	// ErrMultipleDomains: the mailboxes in the From field have several domains.
	ErrMultipleDomains = errors.New("more than one domain in the From field")
	// ErrDomain: a name is not a domain name.
	ErrDomain = errors.New("not a domain name")
	// ErrDNS: a query that was needed failed.
	ErrDNS = errors.New("DNS lookup failed")
	// ErrNoPolicy: the record that applies has no usable policy and no address
	// for reports (RFC 9989, section 4.10.1).
	ErrNoPolicy = errors.New("record without a usable policy")
	// ErrUpstream: SPF or DKIM of an aligned domain ended in a temporary error.
	ErrUpstream = errors.New("authentication of an aligned domain is not complete")
	// ErrLimit: MaxQueries was reached.
	ErrLimit = errors.New("too many DNS queries")
)

// An Error says why an evaluation ended without a pass or fail, and where. Use
// [errors.Is] with the package's sentinels to find the kind, and [errors.As]
// to find what the resolver said.
type Error struct {
	Domain string // the domain at fault, "" if there is none
	Text   string // the text at fault, cut to a few octets, or ""
	Pos    int    // octet offset of Text in what was read
	Err    error  // the kind; never nil
	Cause  error  // the error of the resolver, or nil
}

func (e *Error) Error() string {
	s := "dmarc: " + e.Err.Error()
	if e.Domain != "" {
		s += fmt.Sprintf(": %q", e.Domain)
	}
	if e.Text != "" {
		s += fmt.Sprintf(": %q at octet %d", e.Text, e.Pos)
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Cause}
}

// maxErrorText bounds the foreign text that an Error carries.
const maxErrorText = 64

func clip(s string) string {
	if len(s) > maxErrorText {
		s = s[:maxErrorText]
	}
	return s
}
