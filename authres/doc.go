// Package authres writes, reads and cleans Authentication-Results fields
// (RFC 8601). It serves mail servers and filters that record what SPF, DKIM,
// DMARC and similar checks found, and programs that read such records back.
//
// Most callers want three functions: [Header.AppendField] writes a field that
// nothing in its values can break out of, [Parse] reads one, and
// [RemoveForged] drops the fields that claim to be ours from a header block
// that came from elsewhere.
//
// The packages spf, dkim, dmarc and rbl return their results as a [Method];
// [Auth], [IPRev] and [DNSWL] make the remaining common ones.
//
// # Specifications
//
// RFC 8601, sections 2.2 (syntax), 2.7 (methods and properties), 5 (removal)
// and RFC 6532, section 3.2 (UTF-8) are followed.
//
// Deviation: bare property values may hold '/', '=' and other characters that
// RFC 8601 wants quoted, because base64 text such as header.b is rarely quoted
// in practice.
//
// Deviation: names of methods, property types and properties, and results are
// returned in lower case, since they compare without case.
//
// # Safety
//
// Identifiers, methods and property names come from the program; one that is
// no keyword is an error. Reasons, comments and property values come from
// strangers and never are: an octet that could end the line is written as '?',
// the rest is quoted. Reading is bounded in length and in the number of
// methods and properties (see [Parser]).
//
// All functions are safe for concurrent use, and the types are plain values.
// Whom to trust is out of scope: a field is evidence only when its
// authserv-id is one's own and forged fields were removed at the border.
package authres
