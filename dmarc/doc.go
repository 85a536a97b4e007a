// Package dmarc evaluates DMARC (RFC 9989): it finds the policy that the
// domain in the From field of a message published, decides whether SPF or DKIM
// authenticated that domain, and says what its owner asks for. It serves mail
// servers and filters, and tools that look at published records.
//
// Most callers want [Verifier.Verify] with the From field and the results of
// SPF and DKIM. [Verifier.Discover] shows which record applies to a domain,
// and [ParseRecord] reads one with positioned advice.
//
// # Policy and disposition
//
// [Evaluation.Policy] is what the domain owner published for such mail,
// [Evaluation.Disposition] what the owner asks for this message: none unless
// the result is fail, lowered by test mode, and changed by [Verifier.Override].
// Neither is an order. A receiver must not reject mail for p=reject alone
// (RFC 9989, section 7.4); mailing lists and forwarders break authentication
// that was good, so other knowledge has to be weighed.
//
// # Specifications
//
// RFC 9989, sections 4.7 and 4.8 (records), 4.10 (tree walk, discovery,
// alignment) and 5.3 (receivers), RFC 9990, section 4 (external report
// destinations), and, with [PublicSuffix], RFC 7489, sections 3.2 and 6.6.
//
// Deviation: the second walk of RFC 9989, section 4.10.1 starts at the author
// domain, not at its parent; the record found is the same, and psd=y at the
// parent is then read as section 4.10.2 and its examples want it.
//
// Deviation: an aligned identifier whose SPF or DKIM check ended in temperror
// makes the result temperror instead of fail when nothing else aligns
// (section 5.3.6 leaves it open), so that a DNS fault is not taken for forgery.
//
// Deviation: the From field may hold several mailboxes and groups as long as
// they have one domain in common (RFC 6854); names are converted with the
// lookup profile of UTS 46, so an upper-case U-label is accepted.
//
// Choices where the RFC is silent: of duplicate tags the first counts; an sp or
// np that is not valid counts as in section 4.10.1 even where it would not be
// used; an error anywhere in the walk of the author makes the walk incomplete
// (see [Verifier.LenientWalk]).
//
// # Limits
//
// A walk asks at most [MaxWalk] questions (RFC 9989, section 4.10), a message
// at most [MaxQueries]; answers are remembered per message. Records longer than
// [MaxRecord] and From fields longer than [MaxFrom] are not read.
//
// # Concurrency
//
// A [Verifier] is safe for concurrent use while its fields are not changed.
// Records and evaluations are plain values.
//
// Aggregate and failure reports are out of scope of this package; an
// [Evaluation] holds what they need. SPF and DKIM themselves are elsewhere.
package dmarc
