// Package gomessage lets package dkim sign and verify messages whose header
// was parsed by github.com/emersion/go-message: a milter that receives fields
// one by one, an SMTP backend that has looked at the header already.
//
// [Reader] turns a header and a body back into the octets of a message, and
// [Prepend] puts signature fields on a header.
//
// A parsed header keeps each field as it was read: the case of its name, its
// order, folding, blanks around the colon and at the end, 8-bit octets and NUL.
// What it cannot preserve, and what therefore is not what the sender signed:
//
//   - A line end that was a bare LF is a CRLF afterwards.
//   - A final CRLF and the empty line after the header are added where missing.
//   - A field with an empty name is dropped without an error.
//   - A header with a line that is no field (a line without a colon, a leading
//     continuation, a name with a blank or an 8-bit octet) was refused as a
//     whole when it was parsed.
//   - A field that was set through the API (Set, Add) has the form that the
//     API gave it.
//   - The body must be the one from the wire. The Body of a message.Entity is
//     not: transfer encodings and charsets are decoded there.
//
// Where the octets of the message are at hand, hand them to package dkim as
// they are.
//
// All functions are safe for concurrent use on different headers.
package gomessage
