// Package smtptext makes foreign text safe to show: in an SMTP reply, a header
// field, a log line. Whatever a remote party chose (a HELO name, a TXT record,
// a reply of a policy service) passes through here before it is written.
//
// All functions are safe for concurrent use.
package smtptext

// MaxReplyText is the longest text of one SMTP reply line: 512 octets less the
// code, the separator and CRLF (RFC 5321, section 4.5.3.1.5).
const MaxReplyText = 506

// Append appends s to dst with every octet outside printable ASCII replaced by
// '?', so that no line end, control or 8-bit octet survives. At most max octets
// are appended; max <= 0 means no bound.
func Append(dst []byte, s string, max int) []byte {
	if max > 0 && len(s) > max {
		s = s[:max]
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c > '~' {
			c = '?'
		}
		dst = append(dst, c)
	}
	return dst
}

// Clean is [Append] for strings. It does not allocate when s is already safe
// and short enough.
func Clean(s string, max int) string {
	if max > 0 && len(s) > max {
		s = s[:max]
	}
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return string(Append(make([]byte, 0, len(s)), s, 0))
		}
	}
	return s
}

// IsSafe reports whether s consists of printable ASCII only.
func IsSafe(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
