package dkim

import (
	"strconv"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/authres"
	"github.com/mailsec-go/mailsec/internal/rawheader"
)

// A Report is what the signatures of one message came to.
type Report struct {
	// Results has one entry per DKIM-Signature field, from the top. It is
	// empty for a message without one.
	Results  []Result
	Findings Findings

	header *rawheader.Header
}

// Findings are oddities of the message that no single signature answers for.
// None of them changes a result by itself; a receiver may want to refuse such
// mail before it looks at signatures.
type Findings struct {
	HeaderBareCR, HeaderBareLF, HeaderNUL int
	BodyBareCR, BodyBareLF, BodyNUL       int64

	MalformedFields int // lines of the header that are no field
	FromCount       int // From fields; anything but 1 breaks RFC 5322, section 3.6
	Skipped         int // signatures beyond the limit
}

// Any reports whether there is any finding.
func (f *Findings) Any() bool {
	return *f != Findings{FromCount: 1}
}

// Fields returns what follows the colon in each field named name, from the top,
// as it stands in the message. The slices must not be changed.
func (r *Report) Fields(name string) [][]byte {
	if r.header == nil {
		return nil
	}
	return r.header.Values(name)
}

// Best returns the passed result that serves a domain best: the first one for
// whose Domain aligned says yes, otherwise the first one that passed, otherwise
// nil. A nil aligned means any domain.
func (r *Report) Best(aligned func(domain string) bool) *Result {
	var first *Result
	for i := range r.Results {
		res := &r.Results[i]
		if res.Status != Pass {
			continue
		}
		if aligned == nil || aligned(res.Domain) {
			return res
		}
		if first == nil {
			first = res
		}
	}
	return first
}

// AuthResults returns the results for an Authentication-Results field, in
// order; a message without a signature has one result "none" (RFC 8601,
// section 2.7.1). Signatures that were not checked because there are too many
// are left out, as is what a field may not hold any more: a message with
// thousands of signatures must not make the field impossible to write.
func (r *Report) AuthResults() []authres.Method {
	if len(r.Results) == 0 {
		return []authres.Method{{Name: "dkim", Result: None.String()}}
	}
	methods := make([]authres.Method, 0, min(len(r.Results), authres.MaxMethods))
	for i := range r.Results {
		if r.Results[i].Reason != TooMany && len(methods) < authres.MaxMethods {
			methods = append(methods, r.Results[i].AuthResult())
		}
	}
	return methods
}

// A Result is the outcome of one signature. Domain, Selector and Identity come
// from the signature and are to be trusted only if Status is Pass; before that
// they may be any text, line ends included. The text of Err is safe for a log.
type Result struct {
	Status Status
	Reason Reason
	Err    error // an *Error with the details, nil if Status is Pass

	Index     int    // 0 is the first DKIM-Signature field from the top
	Domain    string // d=
	Selector  string // s=
	Identity  string // i=, or "@" and Domain
	Algorithm Algorithm

	// Header and Body are the canonicalizations.
	Header, Body Canon

	// SignedHeaders are the names in h=, as written and in order.
	SignedHeaders []string

	// BodyMatches and HeaderMatches say which of the two checks succeeded, so
	// that a body changed by a mailing list can be told from a forged header.
	BodyMatches, HeaderMatches bool

	// UnsignedBytes is how many octets of the canonical body l= leaves out.
	UnsignedBytes int64

	Time, Expires   time.Time // t= and x=, zero if missing
	KeyBits         int       // 0 if no key was found
	TestMode        bool      // the key record says t=y
	Authentic       bool      // DNSSEC vouches for the key record
	SignaturePrefix string    // start of b=, for header.b (RFC 6008)
	Record          *Record   // nil if there was none to be had

	header *rawheader.Header
}

// Signed reports whether every field of that name in the message is covered by
// the signature. It is true when there is none and h= names it.
func (r *Result) Signed(name string) bool {
	return r.named(name) > 0 && r.named(name) >= r.header.Count([]byte(name))
}

// Oversigned reports whether the signature breaks when a field of that name is
// added: h= names it more often than it occurs (RFC 6376, section 8.15).
func (r *Result) Oversigned(name string) bool {
	return r.header != nil && r.named(name) > r.header.Count([]byte(name))
}

func (r *Result) named(name string) int {
	n := 0
	if r.header == nil {
		return 0
	}
	for _, h := range r.SignedHeaders {
		if strings.EqualFold(h, name) {
			n++
		}
	}
	return n
}

// AuthResult returns the result in the form of an Authentication-Results field
// (RFC 8601, section 2.7.1; header.b of RFC 6008, header.a and header.s of
// RFC 8601).
func (r *Result) AuthResult() authres.Method {
	m := authres.Method{Name: "dkim", Result: r.Status.String()}
	if r.Status != Pass && r.Status != None {
		m.Reason = r.Reason.String()
	}
	if r.KeyBits > 0 {
		m.Comment = strconv.Itoa(r.KeyBits) + "-bit key"
		if r.TestMode {
			m.Comment += ", test mode"
		}
		if r.UnsignedBytes > 0 {
			m.Comment += ", " + strconv.FormatInt(r.UnsignedBytes, 10) + " octets unsigned"
		}
	}
	props := make([]authres.Prop, 0, 5)
	add := func(name, value string) {
		if value != "" {
			props = append(props, authres.Prop{Type: "header", Name: name, Value: value})
		}
	}
	add("d", r.Domain)
	if r.Identity != "@"+r.Domain {
		add("i", r.Identity)
	}
	if r.Algorithm != 0 {
		add("a", r.Algorithm.String())
	}
	add("s", r.Selector)
	add("b", r.SignaturePrefix)
	m.Props = props
	return m
}
