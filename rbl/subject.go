package rbl

import (
	"net/netip"
	"strings"
)

// A Subject is one thing to ask lists about. The constructors are [IP],
// [Domain], [URI] and [Email]; the zero Subject is invalid and skipped.
type Subject struct {
	kind subjectKind
	addr netip.Addr
	text string
}

type subjectKind uint8

const (
	subjectNone subjectKind = iota
	subjectIP
	subjectDomain
	subjectURI
	subjectEmail
)

// IP is the address of a client, for lists of [KindIP].
func IP(addr netip.Addr) Subject { return Subject{kind: subjectIP, addr: addr} }

// Domain is a domain name or the domain of a mail address, such as HELO, the
// sender or a signing domain, for lists of [KindDomain].
func Domain(name string) Subject { return Subject{kind: subjectDomain, text: name} }

// URI is a link out of a message: its host is for lists of [KindURI], the whole
// of it for lists of [KindURL].
func URI(link string) Subject { return Subject{kind: subjectURI, text: link} }

// Email is a mail address, for lists of [KindEmail].
func Email(address string) Subject { return Subject{kind: subjectEmail, text: address} }

// String returns what the Subject was made from.
func (s Subject) String() string {
	if s.kind == subjectIP {
		return s.addr.String()
	}
	return strings.ToValidUTF8(s.text, "?")
}

// MarshalText returns the text of String.
func (s Subject) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Addr returns the address of an [IP] subject, else the zero Addr.
func (s Subject) Addr() netip.Addr { return s.addr }
