package rbl

import (
	"net/netip"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A Skip says why something is not asked about, "" when it is.
type Skip string

// Reasons to ask nothing.
const (
	SkipUnspecified Skip = "unspecified"     // 0.0.0.0/8, ::
	SkipLoopback    Skip = "loopback"        // 127.0.0.0/8, ::1
	SkipPrivate     Skip = "private"         // RFC 1918, RFC 4193
	SkipShared      Skip = "cgnat"           // 100.64.0.0/10 (RFC 6598)
	SkipLinkLocal   Skip = "link-local"      // 169.254.0.0/16, fe80::/10
	SkipMulticast   Skip = "multicast"       // 224.0.0.0/4, ff00::/8
	SkipReserved    Skip = "reserved"        // 240.0.0.0/4 and the broadcast address
	SkipInvalid     Skip = "invalid"         // the zero address
	SkipEmpty       Skip = "empty"           // no domain
	SkipLiteral     Skip = "address-literal" // user@[192.0.2.1]
	SkipNumeric     Skip = "numeric"         // a last label of digits: an address, not a name
	SkipSyntax      Skip = "syntax"          // not a domain name
	SkipHost        Skip = "host"            // a link without a usable host
	SkipAddress     Skip = "address"         // not a mail address
	SkipTooMany     Skip = "too many"        // beyond Config.MaxSubjects
)

// Special reports why addr is never sent to a list: an address of no meaning
// outside the own network, which lists cannot know and third parties should not
// learn. It returns "" for a public address. The documentation ranges count as
// public. An IPv4-mapped address is taken as IPv4.
func Special(addr netip.Addr) Skip {
	addr = addr.Unmap()
	switch {
	case !addr.IsValid():
		return SkipInvalid
	case addr.IsUnspecified():
		return SkipUnspecified
	case addr.IsLoopback():
		return SkipLoopback
	case addr.IsPrivate():
		return SkipPrivate
	case addr.IsLinkLocalUnicast():
		return SkipLinkLocal
	case addr.IsMulticast():
		return SkipMulticast
	}
	if v, ok := addr4(addr); ok {
		switch {
		case v>>24 == 0:
			return SkipUnspecified
		case v>>22 == 100<<2|1:
			return SkipShared
		case v>>28 == 15:
			return SkipReserved
		}
	}
	return ""
}

// CanonicalDomain returns the form of a domain that lists are asked about:
// A-labels in lower case without a final dot. Of a mail address it takes the
// part after the last "@". It returns a reason instead for what no domain list
// knows: nothing, an address literal, a name whose last label is a number, and
// what is not a name of letters, digits, hyphens and underscores.
func CanonicalDomain(s string) (string, Skip) {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		s = s[at+1:]
	}
	s = dnsname.TrimDot(s)
	switch {
	case s == "":
		return "", SkipEmpty
	case s[0] == '[':
		return "", SkipLiteral
	}
	name, err := dnsname.ToASCII(s)
	if err != nil {
		return "", SkipSyntax
	}
	name = dnsname.TrimDot(name)
	if !isHostName(name) {
		return "", SkipSyntax
	}
	if isNumeric(name[strings.LastIndexByte(name, '.')+1:]) {
		return "", SkipNumeric
	}
	return name, ""
}

// isHostName reports whether name holds only letters, digits, hyphens,
// underscores and dots. Where the hyphens stand does not matter to a list.
func isHostName(name string) bool {
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', isDigit(c), c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

func isNumeric(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}
