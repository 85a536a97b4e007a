package dkim

import (
	"errors"
	"fmt"

	"github.com/mailsec-go/mailsec/internal/domainkey"
	"github.com/mailsec-go/mailsec/internal/rawheader"
)

// Sentinels that an error of this package may wrap; use [errors.Is].
var (
	// ErrHeaderTooLarge says that a header exceeds a limit; nothing was
	// verified or signed.
	ErrHeaderTooLarge = rawheader.ErrTooLarge

	// ErrDangerous says that a message must not be signed as it is.
	ErrDangerous = errors.New("message must not be signed")

	// ErrConfig says that a Signature cannot be made with these settings.
	ErrConfig = errors.New("unusable signature settings")

	// ErrPrivateKey says that a private key cannot be read or used.
	ErrPrivateKey = errors.New("unusable private key")

	// ErrNotPublished says that DNS does not hold the key asked for.
	ErrNotPublished = errors.New("key is not published")

	// ErrClosed says that a writer was used after Close.
	ErrClosed = errors.New("writer is closed")
)

// Kinds of an error of [ParseRecord].
var (
	ErrSyntax  = domainkey.ErrSyntax
	ErrVersion = domainkey.ErrVersion
	ErrKeyType = domainkey.ErrKeyType
	ErrRevoked = domainkey.ErrRevoked
	ErrKeyData = domainkey.ErrKeyData
)

// An Error says what a signature, a record, a key or a message did wrong, and
// where. Its kind is a [Reason] for signatures and a sentinel of this package
// otherwise.
type Error struct {
	Reason Reason // why a signature did not pass; OK where Err says it all
	Domain string // the signing domain, if known
	Tag    string // the tag at fault, "" if it is not about one
	Pos    int    // offset of the tag in the signature field, or in the record
	Text   string // what is wrong, foreign text quoted; may be empty
	Err    error  // cause, may be nil
}

func (e *Error) Error() string {
	s := "dkim: "
	if e.Domain != "" {
		s += fmt.Sprintf("%q: ", e.Domain)
	}
	switch {
	case e.Text != "":
		s += e.Text
	case e.Reason != OK:
		s += e.Reason.String()
	}
	if e.Tag != "" {
		s += fmt.Sprintf(": tag %q at offset %d", e.Tag, e.Pos)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
