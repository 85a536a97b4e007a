package spf

import (
	"net/netip"
	"time"
)

// A Result is the outcome of check_host() in the words of RFC 7208,
// section 2.6.
type Result string

// The results of RFC 7208, section 2.6.
const (
	None      Result = "none"      // no record, or no domain that could have one
	Neutral   Result = "neutral"   // the domain does not say whether the client is authorized
	Pass      Result = "pass"      // the client is authorized
	Fail      Result = "fail"      // the client is not authorized
	SoftFail  Result = "softfail"  // the client is probably not authorized
	TempError Result = "temperror" // DNS trouble, trying again may help
	PermError Result = "permerror" // the published records cannot be interpreted
)

// String returns the RFC's word.
func (r Result) String() string { return string(r) }

// An Identity names what is checked (RFC 7208, section 2.1).
type Identity string

// The identities of RFC 7208, sections 2.3 and 2.4.
const (
	MailFrom Identity = "mailfrom"
	Helo     Identity = "helo"
)

// A Request holds the facts of one SMTP transaction that a check needs.
type Request struct {
	// IP is the address of the SMTP client. IPv4-mapped IPv6 addresses count
	// as IPv4; a zone is ignored. Behind a trusted relay it is the address
	// that the relay saw, not the relay's own.
	IP netip.Addr

	// Helo is the argument of HELO or EHLO as sent.
	Helo string

	// MailFrom is the reverse-path without angle brackets; "" is the null
	// reverse-path. Its domain follows the last '@'. A text without '@' is
	// taken as a domain.
	MailFrom string

	// Identity selects what is checked. The zero value means MailFrom, or Helo
	// for the null reverse-path. With MailFrom and the null reverse-path the
	// identity is postmaster@Helo (RFC 7208, section 2.4).
	Identity Identity

	// Trace, if not nil, is called for every step in order, from the goroutine
	// that runs the check. [Trace.Add] collects the events for printing.
	Trace func(Event)
}

// A Verdict says what a check found and why. It must not be modified while
// its methods are in use; all but [Verdict.Explain] are safe for concurrent
// use.
type Verdict struct {
	Result   Result
	Identity Identity   // what was checked
	Domain   string     // the domain checked: lower-case A-labels, no final dot
	Sender   string     // local-part@domain as used, the local-part as sent
	Helo     string     // as given
	IP       netip.Addr // the client's address, unmapped, without zone

	// Term is the term that decided, as published in RecordDomain's record:
	// a directive, or "" when none matched or there is no record.
	Term string
	// Record is the text of the record that Term is in: that of Domain, or the
	// one it redirects to.
	Record       string
	RecordDomain string
	// Path leads from the record of Domain through include and redirect to the
	// innermost term: the one that matched, or the one in trouble.
	Path []Step

	// Cause says why, for TempError and PermError and for None without a
	// lookup. It is an [*Error] or nil.
	Cause error

	// Explanation is the text that the domain publishes for rejected mail
	// (RFC 7208, section 6.2): printable ASCII, at most [MaxExplanation]
	// octets, "" if there is none or it was not asked for. It is the words of
	// a third party. See [Checker.Explain] and [Verdict.Explain].
	Explanation string

	Terms   int // terms with DNS lookups evaluated
	Voids   int // void lookups met
	Queries int // questions asked of the resolver

	// Lax is the result that a checker without limits that skips broken terms
	// would give, "" unless Result is PermError and [Checker.Lax] is set. It is
	// for statistics and for talking to domain owners, not for rejecting mail.
	Lax Result

	// TTL is the shortest lifetime of the answers, Authentic reports that every
	// answer was validated by DNSSEC. Both are zero unless the resolver answers
	// the Meta forms of the lookups.
	TTL       time.Duration
	Authentic bool

	// LocalPartUsed reports whether the local-part took part, by %{l} or %{s}.
	LocalPartUsed bool
	// Local reports that Term belongs to [Checker.LocalPolicy].
	Local bool
	// Trusted reports that the client is in [Checker.Trusted] and nothing was
	// checked; Result is None.
	Trusted bool

	explain *explanation // nil: nothing to fetch
}

// A Step is one record on the way to a verdict.
type Step struct {
	Domain string // where the record is, without the final dot
	Term   string // the term in it, as published; "" for the default result
}
