// Package resolvertest answers DNS questions from zone text: for the tests of
// everything that asks DNS, and for demonstrations that must not touch the
// network.
//
// [New] makes a [Server] from lines of a master file (RFC 1035, section 5).
// [Server.Resolver] returns a resolver that asks it in process; [Server.Listen]
// serves it over UDP and TCP for any other client. [Server.SetFault] makes chosen
// questions fail in the ways that DNS fails, and [Server.Queries] tells what was
// asked.
//
//	srv := resolvertest.Must(
//		`example.org. 300 IN SOA ns.example.org. host.example.org. 1 3600 600 86400 60`,
//		`example.org. 300 IN TXT "v=spf1 -all"`,
//		`*.example.org. 300 IN MX 10 mx.example.org.`,
//	)
//	srv.SetFault("broken.example.org.", "TXT", resolvertest.ServFail)
//	r := srv.Resolver()
//
// Wildcards work as RFC 4592 has them, aliases are followed as a recursive server
// follows them, a name with something below it exists, and an SOA record gives
// the lifetime of what is missing (RFC 2308, section 3).
//
// [TestResolver] checks that a resolver of any make keeps the promises that the
// packages of this module rely on.
//
// A [Server] and a [Clock] are safe for concurrent use. Out of scope: DNSSEC
// records made by the server itself, delegation, zone transfer and update.
package resolvertest
