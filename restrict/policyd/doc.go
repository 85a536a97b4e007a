// Package policyd speaks the Postfix policy delegation protocol
// (SMTPD_POLICY_README), as a client for check_policy_service and as a server.
//
//	c := &policyd.Client{Network: "tcp", Address: "127.0.0.1:10023"}
//	action, err := c.Query(ctx, attrs)
//
//	err := policyd.Serve(ctx, listener, policyd.HandlerFunc(
//		func(ctx context.Context, r *policyd.Request) string {
//			return "DUNNO"
//		}))
//
// A request is a list of name=value lines and an empty line; the answer is one
// line "action=..." and an empty line. What the action means is access(5) and
// up to the caller, as is what to do when there is none: an error of
// [Client.Query] stands for smtpd_policy_service_default_action.
//
// The functions most callers want are [Client.Query], [Serve] and
// [Request.Get].
//
// # Connections
//
// A Client keeps connections open between requests and uses each for one
// request at a time. A connection that the server closed while it was idle is
// replaced at once and does not count as a try. [Client.Close] closes the idle
// ones.
//
// # Limits
//
// An answer has at most [MaxReply] octets, a request at most [MaxRequest]
// octets and [MaxAttrs] attributes; a longer one closes the connection. Control
// characters in the values of a request are sent as '?', so that no value can
// add a line.
//
// # Concurrency
//
// A Client is safe for concurrent use. Serve runs each connection in its own
// goroutine, and none outlives it.
//
// Out of scope: the actions themselves, and greylisting (package greylist).
package policyd
