// Package interop runs mailsec against real servers (Postfix, OpenDKIM,
// unbound, ...) on loopback. It holds tests only. A server that is not
// installed is skipped; with MAILSEC_INTEROP=1 that is a failure.
package interop
