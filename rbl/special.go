package rbl

import (
	"net/netip"
)

// A Skip says why something is not asked about, "" when it is.
type Skip string

// Reasons to ask nothing.
const (
	SkipUnspecified Skip = "unspecified"     // 0.0.0.0/8, ::
	SkipLoopback    Skip = "loopback"        // 127.0.0.0/8, ::1
	SkipPrivate     Skip = "private"         // RFC 1918, RFC 4193, and the former site-local fec0::/10
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
	case addr.IsPrivate(), addr.Is6() && addr.As16()[0] == 0xfe && addr.As16()[1]&0xc0 == 0xc0:
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
