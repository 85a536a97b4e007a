// Package dkim signs and verifies mail (DKIM). It is for mail servers, filters
// and tools that hold a message as octets and want, in one pass over it, either
// the signature fields to put before it or a verdict on those it has.
//
// Most callers want three functions:
//
//   - [Verifier.Verify] checks all signatures of a message and returns a
//     [Report]; [Verifier.NewWriter] is the same for a message that is written
//     piece by piece, and starts to look up keys while the body is still coming.
//   - [Signer.Sign] returns the signature fields for a message; make the Signer
//     once with [NewSigner].
//   - [GenerateKey] makes a key, and the [Record] to publish for it.
//
// # Standards
//
// The package follows RFC 6376 with its errata, RFC 8301 (algorithms and key
// sizes), RFC 8463 (Ed25519), RFC 8601 (the words of [Status] and the properties
// of [Result.AuthResult]) and RFC 8616 (internationalized mail).
//
//   - Lines end in CRLF and in nothing else. A bare CR or LF is an octet like
//     any other, is hashed as such, and is counted in [Findings]: who changes
//     line ends has to do so before both signing and verifying.
//   - A line in the header that is no field is kept, counted, and never signed;
//     it does not spoil the signatures of the other fields.
//   - Signatures are reported in the order of their fields from the top; each
//     has a [Reason], one word that does not change between versions.
//   - Blanks at the end of a last line without CRLF count as blanks at the end
//     of a line (RFC 6376, section 3.4.4, does not say).
//
// Deviation: an algorithm, a canonicalization, a key type, a query method and
// the flags of a key compare without case, since ABNF literals do (RFC 5234,
// section 2.3), although RFC 6376, section 3.2, calls values case-sensitive.
//
// Deviation: v= need not be the first tag of a signature; in a key record it
// has to be, as RFC 6376, section 3.6.1, says.
//
// Deviation: several TXT records at the name of a key are a permanent error.
// RFC 6376, section 3.6.2.2, leaves the result undefined.
//
// Deviation: names with other characters than letters, digits, hyphens and
// underscores are not asked for; there is no key then.
//
// # Policy
//
// A signature that verifies passes unless something speaks against relying on
// it; the result is Policy then, as RFC 8601 provides. That is so for a message
// without From, a signature by a top-level domain, a time in the future, and,
// by [DefaultPolicy], a body that l= leaves partly unsigned. Set
// [Verifier.Policy] to decide otherwise. A repeated From field does not change a
// result: look at [Findings].FromCount and [Result.Oversigned].
//
// # Limits
//
// The header may have 1 MiB and 10,000 fields, a signature field 64 KiB and
// 1,000 signed names, a key record 8 KiB, an RSA key 1024 to 4096 bits; ten
// signatures are checked, and eight distinct body hashes are computed. Fields of
// [Verifier] and [SignerOptions] change what is a matter of taste.
//
// Memory does not depend on the body: it takes about 100 KiB plus the header.
// The body is canonicalized once for each of the two canonicalizations in use
// and hashed once for each distinct pair of canonicalization and length, however
// many signatures there are. Verifying a small message allocates some 30 times,
// a third of it in crypto/rsa.
//
// # Concurrency
//
// A [Verifier], a [Signer] and a [KeyCache] are safe for concurrent use. A
// [VerifyWriter] and a [SignWriter] are for one goroutine at a time. Look-ups
// run in goroutines that end before Close returns.
//
// # Out of scope
//
// The package does not look up public suffixes, does not judge whether a domain
// may speak for the author (package dmarc does), and does not write
// Authentication-Results fields (package authres does). ARC and DKIM2 are not
// implemented.
package dkim
