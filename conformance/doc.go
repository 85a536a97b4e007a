// Package conformance runs the recorded and published cases against mailsec's
// public API. It holds tests only.
//
// Cases are JSON Lines in cases/<area>/*.jsonl; the README of an area is the
// format. MAILSEC_CASES names a directory with further cases in the same
// layout. Each area's test ends with one line:
//
//	<area>: <n> cases, <p> passed, <f> failed, <s> skipped
//
// A case that cannot be run is a failure unless cases/<area>/skips.md lists its
// id with a reason.
package conformance
