package dmarc

import (
	"net"
)

// A Mode selects the revision of DMARC.
type Mode uint8

// The modes.
const (
	// TreeWalk is RFC 9989: organizational domains are found in the DNS.
	TreeWalk Mode = iota
	// PublicSuffix is the older RFC 7489: organizational domains come from the
	// public suffix list, pct samples, and np, psd and t are not known.
	PublicSuffix
)

// String returns the discovery method as aggregate reports name it
// (RFC 9990, section 3.1.1).
func (m Mode) String() string {
	if m == PublicSuffix {
		return "psl"
	}
	return "treewalk"
}

// A Verifier holds what evaluations have in common. The zero value follows
// RFC 9989 and uses [net.DefaultResolver], with which np is never applied (see
// [Resolver]). It is safe for concurrent use while its fields are not changed.
type Verifier struct {
	// Resolver answers the queries; nil means [net.DefaultResolver].
	Resolver Resolver

	// Mode selects RFC 9989 or RFC 7489.
	Mode Mode

	// OrgDomain finds organizational domains in mode PublicSuffix. It gets and
	// returns names as A-labels in lower case; nil means the ICANN section of
	// the list in golang.org/x/net/publicsuffix.
	OrgDomain func(name string) string

	// LenientWalk ends a walk at a failed query when a record was already
	// found below it, as if there were no records above. Otherwise the result
	// is temperror, since a record there might change the outcome.
	LenientWalk bool

	// MaxAuthors above 1 evaluates each domain of a From field that has up to
	// that many, and the worst outcome counts (RFC 9989, section 11.5).
	// Otherwise several domains are permerror. At most [MaxAuthorDomains].
	MaxAuthors int

	// MaxQueries bounds the queries for one message; 0 or less means
	// [MaxQueries]. Identifiers left over are not aligned for a lack of
	// knowledge, which makes the result temperror unless another one is.
	MaxQueries int

	// Rand returns a number from 0 to n-1, for pct in mode PublicSuffix; nil
	// means math/rand/v2. It must be safe for concurrent use.
	Rand func(n int) int

	// Override, if set, is called once at the end of each evaluation and may
	// change its disposition; it reports whether it does. The reason it returns
	// is kept in the evaluation. An override that trusts a sender should look
	// at authenticated identifiers, not at the From field.
	Override func(e *Evaluation) (Override, bool)

	// Trace, if set, is called with every query, record and decision, in order
	// and from the goroutine that evaluates.
	Trace func(Event)
}

// MaxAuthorDomains bounds [Verifier.MaxAuthors].
const MaxAuthorDomains = 8

func (v *Verifier) resolver() Resolver {
	if v.Resolver == nil {
		return net.DefaultResolver
	}
	return v.Resolver
}

func (v *Verifier) maxQueries() int {
	if v.MaxQueries <= 0 {
		return MaxQueries
	}
	return v.MaxQueries
}

// An EventKind says what an [Event] reports.
type EventKind uint8

// The kinds of events.
const (
	EventQuery  EventKind = iota // a TXT query was answered: Name, Texts, Err
	EventRecord                  // DMARC records were found: Domain, Record or Note
	EventOrg                     // Name is the organizational domain of Domain
	EventExists                  // Domain exists or not: Note
	EventPolicy                  // the policy was selected: Domain, Record, Policy
	EventAlign                   // Domain was compared with the author: Note
	EventResult                  // the evaluation ended: Domain, Policy, Note, Err
)

// String returns a word for the kind.
func (k EventKind) String() string {
	names := [...]string{"query", "record", "org", "exists", "policy", "align", "result"}
	return names[min(int(k), len(names)-1)]
}

// An Event is one step of an evaluation, for [Verifier.Trace]. Fields that do
// not apply are zero. Texts and Record must not be changed.
type Event struct {
	Kind   EventKind
	Domain string
	Name   string
	Texts  []string
	Record *Record
	Policy Policy
	Note   string
	Err    error
}
