package postmap

import "net/netip"

// parseAddrKey parses an IP address without zone from a lookup key. It accepts
// what [netip.ParseAddr] accepts but does not allocate.
func parseAddrKey(key []byte) (netip.Addr, bool) {
	for _, c := range key {
		if c == ':' {
			return parseAddr6(key)
		}
	}
	a, ok := parseAddr4(key)
	return netip.AddrFrom4(a), ok
}

// parseAddr4 parses a.b.c.d, without leading zeros.
func parseAddr4(s []byte) (a [4]byte, ok bool) {
	field, digits, value := 0, 0, 0
	for _, c := range s {
		switch {
		case '0' <= c && c <= '9':
			if digits == 1 && value == 0 {
				return a, false
			}
			value = value*10 + int(c-'0')
			if digits++; value > 255 {
				return a, false
			}
		case c == '.' && digits > 0 && field < 3:
			a[field] = byte(value)
			field, digits, value = field+1, 0, 0
		default:
			return a, false
		}
	}
	a[field] = byte(value)
	return a, field == 3 && digits > 0
}

// parseAddr6 parses the colon form, the last 32 bits possibly as a.b.c.d.
func parseAddr6(s []byte) (netip.Addr, bool) {
	var a [16]byte
	n, gap := 0, -1 // octets so far; where :: stands
	if len(s) >= 2 && s[0] == ':' && s[1] == ':' {
		gap, s = 0, s[2:]
	}
	for len(s) > 0 {
		if n == 16 {
			return netip.Addr{}, false
		}
		value, digits := 0, 0
		for digits < len(s) && digits < 5 {
			d, ok := hexDigit(s[digits])
			if !ok {
				break
			}
			value = value<<4 | d
			digits++
		}
		if digits < len(s) && s[digits] == '.' {
			v4, ok := parseAddr4(s)
			if !ok || n > 12 {
				return netip.Addr{}, false
			}
			n += copy(a[n:], v4[:])
			s = nil
			break
		}
		if digits == 0 || digits > 4 {
			return netip.Addr{}, false
		}
		a[n], a[n+1] = byte(value>>8), byte(value)
		n, s = n+2, s[digits:]
		if len(s) == 0 {
			break
		}
		if s[0] != ':' || len(s) == 1 {
			return netip.Addr{}, false
		}
		if s = s[1:]; s[0] == ':' {
			if gap >= 0 {
				return netip.Addr{}, false
			}
			gap, s = n, s[1:]
		}
	}
	switch {
	case gap < 0:
		return netip.AddrFrom16(a), n == 16
	case n == 16:
		return netip.Addr{}, false
	}
	tail := n - gap
	copy(a[16-tail:], a[gap:n])
	clear(a[gap : 16-tail])
	return netip.AddrFrom16(a), true
}

func hexDigit(c byte) (int, bool) {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0'), true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10, true
	}
	return 0, false
}
