// Package resolver is a stub DNS client for mail security: it asks recursive
// servers, remembers what they say, and tells the kinds of failure apart on
// which mail policy depends.
//
// Most callers want [New], which with a zero [Config] asks the servers of the
// system, and the lookup methods of [Resolver], which have the shape of those
// of [*net.Resolver]. [Resolver.Lookup] returns records of any type. [FromNet] and
// [Resolver.NetDial] connect the package with package net in both directions.
// The sister package resolvertest answers from zone text, for tests.
//
//	r, err := resolver.New(resolver.Config{})
//	if err != nil {
//		return err
//	}
//	defer r.Close()
//	txts, err := r.LookupTXT(ctx, "example.org.")
//
// # Errors
//
// Every error of a lookup is an [*Error]. Its [Kind] tells a name that does not
// exist from one without such records, and both from the failures that may be
// over tomorrow: errors.Is(err, resolver.NXDomain). The same error satisfies
// errors.As for [*net.DNSError], with IsNotFound or IsTemporary set, so code
// written for package net works unchanged. Packages that must not know this
// one reach the details by errors.As with interfaces: NXDomain() bool, and
// Meta() (ttl time.Duration, authentic bool). The methods whose name ends in
// Meta give the same two facts for answers.
//
// # Names
//
// Names are absolute, with or without their final dot: no search list is ever
// used. A label is a string of raw octets, so that the names that SPF macros
// make can be asked for; a backslash is an octet and not an escape. A label in
// UTF-8 that is not ASCII is asked for as its A-label (RFC 5891, section 5),
// other octets as they are. A name that can't be encoded is a BadName error and
// never sent. An answer with a dot inside a label has no such form: an MX, PTR
// or NS record with one is left out, an alias to one is malformed.
//
// # Protocol
//
// It follows RFC 1035 (messages), RFC 2308 (negative answers, sections 2, 5 and
// 7), RFC 5452 (what makes an answer one, section 9), RFC 6840 (the AD bit,
// section 5.7), RFC 6891 (EDNS), RFC 7766 (TCP), RFC 8020 (NXDOMAIN), RFC 8767
// (stale answers) and RFC 8914 (extended errors).
//
//   - An answer must repeat the ID and the question, octet for octet if case is
//     randomized, on the socket the query went out of. Anything else is counted
//     and ignored until time is over; after 100 such datagrams the question is
//     asked over TCP. Only records of the name asked for, or of the end of its
//     alias chain, are ever returned.
//   - A query without answer is repeated after 400 ms or three round trips, to
//     the next server where there is one. SERVFAIL and REFUSED go on to the next
//     server at once; NXDOMAIN and an empty answer are final.
//   - FORMERR and NOTIMP without an OPT record, and BADVERS, make the resolver ask
//     again without EDNS; if that works, the server gets none for 15 minutes.
//   - NXDOMAIN and empty answers are remembered for as long as their SOA record
//     says, and not at all without one. Failures are remembered for five seconds.
//   - Authentic means that the server validated the answer by DNSSEC and set
//     the AD bit, and that it is on a loopback address or [Config.TrustAD] is
//     set. With aliases every answer on the way must be authentic. The resolver
//     itself validates nothing.
//
// Deviation: RFC 8020, section 2, lets any NXDOMAIN stand for all names below
// it; here only an authentic one does, because a forged one would do more harm.
//
// # Limits
//
// 64 queries are open at one server, the others wait their turn
// ([Config.MaxInflight]); a lookup follows 8 aliases and takes 15 seconds at the
// most ([Config.Deadline]); an answer has at most 64 KiB, the size of a message;
// the cache is bounded by entries and by bytes. At most 64 UDP sockets and 4 idle
// TCP connections are open for each server; a UDP socket is given up after 512
// queries or 30 seconds, so that its port does not stay the same.
//
// # Concurrency
//
// A [Resolver] is safe for concurrent use. Equal questions asked at the same time
// are sent once; a caller whose context ends returns at once, and the others still
// get the answer. No goroutine remains when no lookup is under way; a connection
// of [Resolver.NetDial] has one until it is closed.
//
// Out of scope: iteration from the root, DNSSEC validation, zone transfer,
// dynamic update, multicast names and the hosts file.
package resolver
