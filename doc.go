// Package mailsec authenticates incoming mail: SPF, DKIM, DMARC and the name
// of the client in one call and one pass over the message. It is the front
// door of a library for mail servers, filters and tools; each mechanism also
// stands alone in a package of its own.
//
// A server fills in an [Authenticator] once and then uses one of three
// functions: [Authenticator.Check] with an [io.Reader] where the message is at
// hand, [Authenticator.NewWriter] where it arrives in pieces (an SMTP DATA
// handler, the callbacks of a milter), and [Result.AppendField] for the
// Authentication-Results field to put on top of the message.
//
//	auth := &mailsec.Authenticator{ID: "mx.example.com", Resolver: r}
//	res, err := auth.Check(ctx, mailsec.Envelope{IP: ip, Helo: helo, MailFrom: from}, message)
//	if err != nil {
//		return err // no answer: try again later
//	}
//	if code, enhanced, text := res.DMARC.Reply(); code != 0 {
//		// what the owner of the author's domain asks for; the decision is local
//	}
//	field, err := res.AppendField(nil)
//
// # The rest of the library
//
//   - resolver: a DNS client with cache, TCP, DNSSEC state and distinct errors;
//     resolver/resolvertest answers from zone text in tests
//   - spf, dkim, dmarc: the mechanisms, with their reasons; dkim signs as well
//   - authres: the Authentication-Results field, safe to write, strict to read
//   - rbl: block and allow lists in the DNS
//   - restrict: rules for SMTP sessions; restrict/postfix reads them in the
//     language of Postfix, restrict/policyd speaks its policy delegation protocol
//   - tlspolicy: which TLS a next hop must speak
//
// The packages take any resolver with the methods of [net.Resolver]; they do
// not import each other and can be used one by one.
//
// # What a result means
//
// Results are values and never errors: a broken record, a DNS failure and a
// missing From field are outcomes with a cause. An error means that there is no
// answer: the Authenticator is not usable, the context ended, or reading the
// message failed.
//
// The address to check is a parameter. For mail that comes through a relay of
// one's own it is the address which that relay saw, not that of the connection.
// Where it is not known, list the relay in [spf.Checker.Trusted]: SPF then says
// nothing, and DMARC does not ask for anything on its account.
//
// Before a field is added, the ones that pretend to be ours must go: see
// [authres.RemoveForged].
//
// # Specifications
//
// RFC 7208 (SPF), RFC 6376 with RFC 8301, RFC 8463 and RFC 8616 (DKIM), RFC 9989
// (DMARC), RFC 8601 (the field, and iprev in section 3). Deviations are listed
// in the packages.
//
// # Limits
//
// The message is not kept: memory holds its header, at most
// [dkim.DefaultMaxHeaderBytes], and a few hashes. Each mechanism bounds its
// queries; iprev asks for at most [MaxNames] names. How long an answer may take
// is up to the resolver and the context.
//
// # Concurrency
//
// An Authenticator is safe for concurrent use while its fields are not changed.
// A [Writer] is for one goroutine at a time; it starts goroutines that end
// before its Close or Abort returns.
package mailsec
