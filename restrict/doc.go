// Package restrict decides what a mail server answers: it runs lists of rules
// over the facts of an SMTP session and returns an explained verdict.
//
// A server, or a front end such as restrict/postfix that turns the text of a
// configuration into rules, uses three things: [Compile] makes an immutable
// [Policy] of lists and finds every mistake in them; [Policy.Run] evaluates the
// lists of one [Stage]; [Trace] shows which rules were tried and what they saw.
//
//	policy, err := restrict.Compile(restrict.Spec{
//		Lists: map[restrict.Stage][]*restrict.List{restrict.Rcpt: {rcpt}},
//	})
//	...
//	v := policy.Run(ctx, restrict.Rcpt, &session, &eval)
//	if v.Kind.Refused() {
//		reply = v.AppendReply(nil)
//	}
//
// # The model
//
// A [Rule] has operations, all of which must hold, and a [Verb] that says what
// happens then. A [List] is tried rule by rule. There are three kinds of "no",
// and they are different things: a rule that does not apply lets the next rule
// run; a list without an opinion ([Dunno]) lets the next list run; a condition
// that cannot tell ([Unknown]) makes its rule do what [OnUnknown] says, which is
// to refuse for now unless the rule says otherwise.
//
// The same engine serves two languages. In Postfix an accepting rule ends its
// list and later lists may still refuse; in Exim it ends the stage
// ([Spec].AcceptEndsStage) and the end of a list refuses ([List].End). Postfix's
// deferrals that wait for the outcome are [DeferIfPermit] and [DeferIfReject].
//
// What a list wants done besides its verdict (a header field, a hold, a
// redirection, a line in the log) is recorded as [Effect] values with a scope,
// for the server to carry out.
//
// # What rules may ask
//
// A condition asks the outside world only through the [Env] that was compiled
// into its policy. A rule that needs a part which the Env lacks does not
// compile. [ParseCond] reads conditions on the results of this module's other
// packages, "spf=fail" or "dmarc=reject", so that one list can hold a whole
// inbound policy.
//
// # Errors
//
// Whatever fails while a policy runs, the verdict is never an acceptance on
// that account: an error of the Env makes the condition Unknown, an Unknown
// condition cannot complete an accepting rule, a context that has ended refuses
// for now, and so does nesting deeper than [DefaultMaxDepth].
//
// # Limits
//
// Lists nest [DefaultMaxDepth] deep. Replies are cut at [MaxReply] octets, and
// every octet in them that is not printable becomes a blank.
//
// # Concurrency
//
// A Policy is an immutable value, safe for concurrent use. An [Eval] and a
// [Trace] belong to one connection, and to one goroutine at a time. Run does not
// allocate unless a condition does.
//
// # Out of scope
//
// The package does not speak SMTP, does not read files and keeps no state
// between connections.
package restrict
