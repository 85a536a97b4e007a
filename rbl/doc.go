// Package rbl asks DNS block and allow lists about addresses, domains, links
// and hashes, and turns their answers into one explained verdict. It is for mail
// servers and filters that want to use such lists without ever rejecting
// everybody because a list, its domain or the resolver went wrong.
//
// Most callers want three things: [New], which compiles lists into a [Set];
// [Set.Query], which asks all of them at once and stops as soon as the verdict
// is settled; and [Set.Health], called at start and from time to time, which
// finds out about lists that do not work. Lists are data: [Preset] has the known
// ones, [ParsePostscreen], [ParsePostfix] and [ParseDNSLists] read the notations
// of Postfix and Exim, and a [List] can be written down in Go.
//
//	zen, err := rbl.Preset("spamhaus-zen", "")
//	...
//	set, err := rbl.New(rbl.Config{Resolver: res, Lists: []rbl.List{zen}})
//	...
//	v, err := set.Query(ctx, rbl.IP(client))
//	if v.Decision == rbl.Block {
//		reply(554, "5.7.1", v.Reply())
//	}
//
// # What counts
//
// Each list says one of a closed set of things about a subject: see [Outcome].
// Only [Listed] counts. An answer is never a listing when it lies outside of
// 127.0.0.0/8, is in 127.255.255.0/24, is 127.0.0.1 and the list's filter does
// not name that code, or is a code by which this list reports errors; not even
// when the filter covers it. Failures count nothing: a list that cannot be asked
// lets pass. [Verdict.Incomplete] says when that could have made a difference.
//
// A list that suddenly lists everything is found out before it rejects anyone:
// before a listing counts, the list must have shown within [Config.Verify] that
// its negative test point is not listed. A list that fails this, or its test
// points in [Set.Health], or too many queries in a row, is left alone for
// [Breaker.OpenFor] and then tried with its test points first.
//
// # Privacy
//
// Addresses of no meaning outside the own network are never sent, see [Special].
// The key in the zone of a paid list appears in query names and nowhere else:
// see [Zone].
//
// # Standards
//
// RFC 5782, sections 2 and 3 (queries), and section 5 (test points). RFC 8904,
// section 2 ([Verdict.AuthResult]). RFC 2308, section 5 (negative TTL), through
// the resolver. The life of a verdict follows Postfix's postscreen.
//
// Deviation: RFC 5782, section 5, asks every list for test points, and section 2
// lets any code in 127.0.0.0/8 be a listing. Lists without test points exist and
// are usable, see [Test]; the codes above report errors by the practice of the
// large lists.
//
// Deviation: Exim counts answers outside of 127.0.0.0/8 in its conditions as soon
// as one lies inside. Here they are dropped from values and matches, and only
// keep conditions on every answer ("==", "=&") from being met.
//
// Deviation: the regular expressions of SpamAssassin's subtests are not
// supported.
//
// # Limits
//
// MaxSubjects bounds the subjects of one query, MaxInFlight the lookups of a Set,
// Timeout a query as a whole; 256 answers of a list are looked at, and texts are
// cut at [MaxText] octets. A name longer than DNS allows is not asked and
// reported.
//
// # Concurrency
//
// A [Set] is safe for concurrent use; what it knows about its lists is atomic.
// [Matcher], [Zone], [Subject] and [List] are values. A [Prepared] is for one
// goroutine at a time.
// No goroutine outlives the call that started it: the caller decides when Health
// is called.
//
// # Out of scope
//
// Caching and the choice of servers are the resolver's. Finding links in a
// message, the public suffix list, and looking up what the domain of a link
// resolves to are the caller's.
package rbl
