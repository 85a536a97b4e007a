// Package spf evaluates Sender Policy Framework policies: may this client use
// this domain in MAIL FROM or HELO? It is for mail servers, for tools that
// explain policies, and for those who publish them.
//
// Most callers want three things: [Checker.Check] gives a [Verdict],
// [Verdict.AuthResult] tells it to the Authentication-Results field, and
// [Verdict.Reply] says how to refuse. [Parse] reads a record without evaluating
// it, [Checker.Lint] examines a whole policy without a client, and a [Trace]
// prints how a verdict came about.
//
// # Standards
//
// The package follows RFC 7208, all of sections 2 to 7 and 9.1, RFC 8601,
// section 2.7.2, RFC 7372, section 3.2, and RFC 8616, section 4. Records are
// parsed completely before anything is evaluated. MAIL FROM and HELO are
// separate checks: call Check once for each identity that matters.
//
// Where RFC 7208 leaves a choice:
//   - An mx term with more than ten hosts is a PermError before the first host
//     is looked up (section 4.6.4), so the order of DNS answers does not matter.
//     The hosts are tried by preference, and a match ends the term.
//   - A name with an empty or overlong label after expansion does not match and
//     is not looked up (section 4.8).
//   - Of void lookups those for the names of the client's address do not count:
//     they belong to the client's zone, not to the domain checked.
//   - Unknown modifiers may use the macros %{c}, %{r} and %{t}.
//   - Addresses of IPv6 clients are expanded to lower-case nibbles.
//
// Deviation: a domain with an octet that no mail domain has (a blank, a
// control, a bracket, a quote) gives None without a lookup, as a malformed one.
//
// Deviation: a redirect that uses a local-part which is not ASCII counts as no
// redirect; RFC 8616 speaks of mechanisms only.
//
// Deviation: of a domain-spec the 512 right-most macros are expanded, and of an
// explanation the first 512 octets are kept.
//
// # Limits
//
// The limits of RFC 7208, section 4.6.4, are fields of [Checker]: ten terms with
// lookups, two void lookups, ten names, twenty seconds. Recursion is bounded by
// the terms, at most 100 whatever the field says. Records are at most
// [MaxRecord] octets, and of a huge one only the terms that can take part are
// kept in memory. Nothing is cached but by the resolver: a record is parsed
// whenever it is used.
//
// # Trust
//
// Everything in a verdict that a client or a domain chose is foreign: the
// methods for headers and replies, errors, traces and reports replace octets
// outside printable ASCII and quote where the place asks for it. The fields
// Sender, Helo, Record, Term and Path hold the texts as they are. Trouble of
// the package or the DNS never turns into Pass.
//
// # Concurrency
//
// A [Checker] and a [Record] may be used by several goroutines at once. A
// [Verdict] may be, except for its Explain method. No goroutine is started.
//
// # Out of scope
//
// Sender ID (RFC 4406), SRS, the obsolete SPF record type, and the decision what
// to do with a verdict.
package spf
