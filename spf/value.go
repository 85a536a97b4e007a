package spf

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// macroValue returns the value of a macro letter (RFC 7208, section 7.2).
func (e *eval) macroValue(letter byte, domain string) (val string, ok bool) {
	switch letter {
	case 's':
		e.v.LocalPartUsed = true
		return e.v.Sender, e.localOK
	case 'l':
		e.v.LocalPartUsed = true
		return e.local, e.localOK
	case 'o':
		return trimDot(e.domain), true
	case 'd':
		return trimDot(domain), true
	case 'i':
		if e.ipText == "" {
			e.ipText = dottedIP(e.v.IP)
		}
		return e.ipText, true
	case 'p':
		return e.validatedName(domain), true
	case 'h':
		return e.heloName()
	case 'v':
		if e.v.IP.Is4() {
			return "in-addr", true
		}
		return "ip6", true
	case 'c':
		return e.v.IP.String(), true
	case 'r':
		if e.c.Hostname == "" {
			return "unknown", true
		}
		return e.c.Hostname, true
	}
	return e.unixTime(), true
}

// dottedIP returns the address in the form of %{i}: dotted, an IPv6 address by
// nibbles (RFC 7208, section 7.4).
func dottedIP(ip netip.Addr) string {
	if ip.Is4() {
		return ip.String()
	}
	const hexLower = "0123456789abcdef"
	var b [63]byte
	a := ip.As16()
	for i, c := range a {
		b[4*i] = hexLower[c>>4]
		b[4*i+1] = '.'
		b[4*i+2] = hexLower[c&15]
		if i < 15 {
			b[4*i+3] = '.'
		}
	}
	return string(b[:])
}

// validatedName is the value of %{p}: a validated name, the domain itself
// before one below it before any other, or "unknown" (RFC 7208, section 7.3).
func (e *eval) validatedName(domain string) string {
	e.askNames()
	names := e.names.names
	for _, fits := range [...]func(name string) bool{
		func(name string) bool { return dnsname.Equal(name, domain) },
		func(name string) bool { return dnsname.HasSuffix(name, domain) },
		func(string) bool { return true },
	} {
		for i := range names {
			if fits(names[i].name) && e.validate(&names[i]) {
				return trimDot(names[i].name)
			}
		}
	}
	return "unknown"
}

// heloName is the value of %{h}: A-labels where the HELO argument is a name,
// else as sent.
func (e *eval) heloName() (string, bool) {
	h := e.v.Helo
	if isASCII(h) {
		return h, len(h) <= maxHelo
	}
	h, err := dnsname.ToASCII(h)
	return h, err == nil
}

func (e *eval) unixTime() string {
	now := time.Now
	if e.c.Now != nil {
		now = e.c.Now
	}
	return strconv.FormatInt(now().Unix(), 10)
}

// usesLocal reports whether a macro-string has %{s} or %{l}.
func (e *eval) usesLocal(s string) bool {
	for i := strings.Index(s, "%"); i >= 0 && i+2 < len(s); {
		if s[i+1] == '{' && (s[i+2]|0x20 == 's' || s[i+2]|0x20 == 'l') {
			return true
		}
		j := strings.Index(s[i+2:], "%")
		if j < 0 {
			return false
		}
		i += 2 + j
	}
	return false
}
