// Package spf evaluates Sender Policy Framework policies (RFC 7208): may this
// client use this domain in MAIL FROM or HELO? It is for mail servers, for
// tools that explain policies and for those who write them.
//
// Most callers want [Checker.Check], which gives a [Verdict] with its reasons,
// [Verdict.AuthResult] for the Authentication-Results field, and
// [Verdict.Reply] for mail that is to be refused. [Parse] reads a record
// without evaluating it.
package spf
