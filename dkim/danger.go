package dkim

import (
	"bytes"
	"strings"

	"github.com/mailsec-go/mailsec/internal/bodyhash"
	"github.com/mailsec-go/mailsec/internal/rawheader"
)

// Danger is a set of properties of a message that make a signature on it
// breakable or misleading. A [Signer] refuses such a message unless
// [SignerOptions.Allow] has them.
type Danger uint16

// The dangers.
const (
	// BareLineEnd: a CR or LF that is not part of a CRLF. Servers on the way
	// repair it, each in its way, and some take it for the end of a message.
	BareLineEnd Danger = 1 << iota

	// HeaderNUL: a NUL in the header.
	HeaderNUL

	// BadField: a line in the header that is no field. A continuation line
	// that comes first is never allowed: it would become part of the
	// signature.
	BadField

	// LongLine: a header line of more than 998 octets, which servers may fold
	// (RFC 5322, section 2.1.1).
	LongLine

	// MissingFrom: no From field; no receiver accepts a signature without one.
	MissingFrom

	// RepeatedFrom: several From fields (RFC 6376, section 8.15).
	RepeatedFrom

	// RepeatedField: several fields of a kind of which RFC 5322, section 3.6,
	// allows one, such as Subject, Date, To or Message-ID.
	RepeatedField
)

var dangerNames = [...]string{
	"bare CR or LF", "NUL in the header", "line that is no header field", "header line of more than 998 octets",
	"no From field", "several From fields", "repeated header field",
}

// String lists the dangers in words.
func (d Danger) String() string {
	var words []string
	for i, name := range dangerNames {
		if d&(1<<i) != 0 {
			words = append(words, name)
		}
	}
	return strings.Join(words, ", ")
}

// maxHeaderLine is the longest line without its CRLF (RFC 5322, section 2.1.1).
const maxHeaderLine = 998

var singleFields = [...]string{
	"Subject", "Date", "To", "Cc", "Reply-To", "Sender", "Message-ID", "In-Reply-To", "References",
	"Content-Type", "Content-Transfer-Encoding", "MIME-Version",
}

func headerDangers(h *rawheader.Header) Danger {
	var d Danger
	set := func(danger Danger, when bool) {
		if when {
			d |= danger
		}
	}
	set(BareLineEnd, h.BareCR+h.BareLF > 0)
	set(HeaderNUL, h.NUL > 0)
	set(BadField, h.Malformed > 0)
	set(LongLine, hasLongLine(h.Raw))
	from := h.Count([]byte("From"))
	set(MissingFrom, from == 0)
	set(RepeatedFrom, from > 1)
	for _, name := range singleFields {
		set(RepeatedField, h.Count([]byte(name)) > 1)
	}
	return d
}

func hasLongLine(raw []byte) bool {
	for len(raw) > 0 {
		n := bytes.IndexByte(raw, '\n') + 1
		if n == 0 {
			n = len(raw)
		}
		if n > maxHeaderLine+len(crlf) {
			return true
		}
		raw = raw[n:]
	}
	return false
}

func bodyDangers(l *bodyhash.LineCounter) Danger {
	if l.BareCR != 0 || l.BareLF != 0 {
		return BareLineEnd
	}
	return 0
}

// continues reports whether the header starts with a continuation line.
func continues(h *rawheader.Header) bool {
	return len(h.Raw) > 0 && (h.Raw[0] == ' ' || h.Raw[0] == '\t')
}

// refuse returns the error for dangers that are not allowed, or nil.
func refuse(found, allowed Danger) error {
	if found &^= allowed; found != 0 {
		return &Error{Text: found.String(), Err: ErrDangerous}
	}
	return nil
}
