// Package tlspolicy decides how a mail client must use TLS towards a
// destination. It is for whoever delivers mail: a relay, a smart host, a
// notification sender.
//
// This version holds the policy table. Most callers want [Compile] once, when
// the configuration is read, and [Table.Lookup] for every delivery;
// [ParsePolicy] reads one policy that comes from elsewhere, such as a database.
//
// # The table
//
// The text is that of a Postfix TLS policy table (smtp_tls_policy_maps):
//
//	# next hop            policy
//	example.com           secure match=mx.example.com:.mail.example.com
//	.example.com          encrypt protocols=>=TLSv1.2
//	[relay.example]:587   verify
//	partner.example       dane-only
//
// A next hop is looked up as it is written in the transport configuration, with
// its brackets and port: [relay.example], [relay.example]:25 and relay.example
// are three keys. When it is a plain host name its parents follow, nearest
// first, each with a leading dot. The first entry found decides, even when it is
// a bad one. Letters compare without case; a name with non-ASCII letters is the
// same as its A-label form.
//
// # Bad entries never weaken
//
// An entry that cannot be enforced as it is written keeps its key: its [Match]
// has an Err and no Policy, and delivery to that destination must be deferred
// (enhanced status 4.7.5). It neither falls back to a parent's entry nor to the
// default. Compile reports every such entry with file, line and reason.
//
// # Sources
//
// The levels and attributes are those of Postfix 3.12 (TLS_README, postconf(5)).
// The levels dane and dane-only refer to RFC 7672, section 2; the policy_*
// attributes to RFC 8461 and RFC 8460.
//
// Deviation: protocols, cipher grades and digests are checked when the table is
// compiled. Postfix finds a bad one at the handshake, where level may then falls
// back to clear text.
//
// Deviation: one dot at the end of a next hop is dropped, where the delivery
// process of Postfix stops.
//
// # Limits
//
// A table has at most [MaxTable] octets. Compile takes time and memory linear in
// its text; Lookup takes one map access per label of the next hop.
//
// # Concurrency
//
// A Table and a Policy are immutable; all functions are safe for concurrent use.
//
// # Out of scope
//
// Nothing here connects or asks DNS. Turning a policy into a *tls.Config, TLSA
// records, MTA-STS and TLS reports are not part of this version.
package tlspolicy
