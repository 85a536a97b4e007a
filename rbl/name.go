package rbl

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// AppendIP appends the reversed form of addr that lists use in front of their
// zone: the four octets of an IPv4 address, the 32 nibbles of an IPv6 address,
// each with a dot after it (RFC 5782, sections 2.1 and 2.4). An IPv4-mapped
// address is taken as IPv4, an IPv6 scope is left out. The zero Addr appends
// nothing. It does not allocate when dst has room for 64 octets.
func AppendIP(dst []byte, addr netip.Addr) []byte {
	if addr.Is4In6() {
		addr = addr.Unmap()
	}
	return appendIP(dst, addr)
}

// appendIP keeps an IPv4-mapped address as the IPv6 address it is: the test
// points of IPv6 lists are such addresses (RFC 5782, section 5).
func appendIP(dst []byte, addr netip.Addr) []byte {
	switch {
	case addr.Is4():
		b := addr.As4()
		var buf [16]byte
		n := 0
		for i := 3; i >= 0; i-- {
			v := b[i]
			binary.LittleEndian.PutUint32(buf[n:], octets[v])
			n += 2
			if v >= 10 {
				n++
			}
			if v >= 100 {
				n++
			}
		}
		dst = append(dst, buf[:n]...)
	case addr.Is6():
		b := addr.As16()
		n := len(dst)
		dst = slices.Grow(dst, 64)[:n+64]
		out := (*[64]byte)(dst[n:])
		for i := range 16 {
			binary.LittleEndian.PutUint32(out[60-4*i:], nibbles[b[i]])
		}
	}
	return dst
}

// octets holds each octet in decimal with a dot after it, nibbles its two
// hexadecimal digits in reverse with a dot after each: four octets of text in a
// word.
var octets, nibbles = func() (dec, hex [256]uint32) {
	const digits = "0123456789abcdef"
	for v := range 256 {
		var b [4]byte
		copy(b[:], strconv.Itoa(v)+".")
		dec[v] = binary.LittleEndian.Uint32(b[:])
		hex[v] = binary.LittleEndian.Uint32([]byte{digits[v&15], '.', digits[v>>4], '.'})
	}
	return dec, hex
}()

// AppendIPName appends the absolute name to ask zone about addr, with a final
// dot: [AppendIP] and the zone. zone is used as given, with or without a final
// dot. It does not allocate when dst has room. It returns dst unchanged for the
// zero Addr and for a name no DNS query can hold.
func AppendIPName(dst []byte, addr netip.Addr, zone string) []byte {
	n := len(dst)
	dst = AppendIP(dst, addr)
	if len(dst) == n {
		return dst
	}
	return appendZone(dst, n, zone)
}

// AppendDomainName appends the absolute name to ask zone about domain, with a
// final dot. domain is taken as it is, see [CanonicalDomain]. It does not
// allocate when dst has room. It returns dst unchanged for a name no DNS query
// can hold.
func AppendDomainName(dst []byte, domain, zone string) []byte {
	n := len(dst)
	dst = append(dst, dnsname.TrimDot(domain)...)
	dst = append(dst, '.')
	if !labelsFit(dst[n : len(dst)-1]) {
		return dst[:n]
	}
	return appendZone(dst, n, zone)
}

// appendZone completes the name that starts at dst[start:], or takes it back.
func appendZone(dst []byte, start int, zone string) []byte {
	zone = dnsname.TrimDot(zone)
	if zone == "" || len(dst)-start+len(zone) > dnsname.MaxName {
		return dst[:start]
	}
	dst = append(dst, zone...)
	return append(dst, '.')
}

// labelsFit reports whether every label of name has 1 to 63 octets.
func labelsFit(name []byte) bool {
	run := 0
	for _, c := range name {
		if c != '.' {
			if run++; run > dnsname.MaxLabel {
				return false
			}
			continue
		}
		if run == 0 {
			return false
		}
		run = 0
	}
	return run > 0
}
