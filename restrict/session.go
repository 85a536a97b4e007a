package restrict

import (
	"net/netip"
	"strings"
)

// Facts is a set of session facts. It tells a fact that is absent from one
// that is empty: the null sender is a sender.
type Facts uint32

// The facts of a [Session].
const (
	HasClient Facts = 1 << iota
	HasHelo
	HasSender
	HasRecipient
	HasTLS
	HasAuth
	HasEtrn
	HasSPF
	HasDKIM
	HasDMARC
)

// A NameStatus says how far the name of a client could be established.
type NameStatus uint8

// The states of a client name.
const (
	NameOK      NameStatus = iota // the name leads to the address and back
	NameTemp                      // the DNS did not answer
	NamePerm                      // there is no name, or it is not a host name
	NameForged                    // the name does not lead back to the address
	NameUnasked                   // names are not looked up
)

// An Address is an envelope address in its internal form: the local part is
// unquoted.
type Address struct {
	Text   string // the whole address, "" for the null sender
	Local  string // the part before the last at sign
	Domain string // the part after it, "" when there is none
}

// ParseAddress splits an address at its last at sign.
func ParseAddress(text string) Address {
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		return Address{Text: text, Local: text[:i], Domain: text[i+1:]}
	}
	return Address{Text: text, Local: text}
}

// TLS holds what is known about the encryption of a session.
type TLS struct {
	Protocol string // "TLSv1.3"; "" without encryption
	Cipher   string
	Bits     int

	CertSubject     string // common name of the client certificate
	CertIssuer      string
	CertFingerprint string
	KeyFingerprint  string
	CertTrusted     bool // the chain of the client certificate was verified
}

// A DKIMResult is the outcome of one signature.
type DKIMResult struct {
	Domain string // the signing domain
	Result string // "pass", "fail", ...
}

// A Session holds the facts of one SMTP session as far as it has gone. The
// server owns it and fills it in; lists only read it.
type Session struct {
	Has Facts

	Client        netip.Addr
	ClientPort    uint16
	ClientName    string // the verified name, or "unknown"
	ClientStatus  NameStatus
	ReverseName   string // the unverified name, or "unknown"
	Display       string // how replies and logs name the client, "name[address]"
	ReverseStatus NameStatus
	Server        netip.AddrPort

	Protocol string // "SMTP" or "ESMTP"
	Helo     string
	TLS      TLS

	AuthMech   string
	AuthID     string // the login name
	AuthSender string // the AUTH parameter of MAIL

	Sender    Address
	Recipient Address
	Etrn      string

	RcptCount  int   // recipients accepted so far
	Size       int64 // SIZE parameter, or octets received after end of data
	QueueID    string
	Instance   string
	Pipelining bool // the client sent commands ahead of replies

	SPF         string // result for MAIL FROM: "pass", "fail", "softfail", ...
	SPFHelo     string // result for HELO
	DKIM        []DKIMResult
	DMARC       string // "pass", "fail", "none", ...
	DMARCPolicy string // disposition asked for: "none", "quarantine", "reject"
}

// Knows reports whether all facts of f are present.
func (s *Session) Knows(f Facts) bool { return s.Has&f == f }
