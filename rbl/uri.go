package rbl

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// maxHost bounds a host before decoding: 253 octets with every one of them
// percent-encoded in a four-octet character are less.
const maxHost = 4096

// Host returns the host of a link the way a browser finds it: without scheme,
// user information and port; percent signs decoded; fullwidth letters and dots
// folded and other non-ASCII labels as A-labels; lower case, no final dots. An
// address in any of the forms that inet_aton takes (decimal, octal, hexadecimal,
// one to four parts) or in brackets is returned as addr, and host is "".
//
// Labels with an underscore or outside IDNA are cut off together with what
// stands before them, since the names that are listed lie to their right. The
// reason is [SkipHost] when no host is left. host consists of letters, digits,
// hyphens and dots only.
func Host(link string) (host string, addr netip.Addr, skip Skip) {
	raw := authority(link)
	if strings.HasPrefix(raw, "[") {
		if addr = bracketed(raw); addr.IsValid() {
			return "", addr, ""
		}
		return "", netip.Addr{}, SkipHost
	}
	raw, _, _ = strings.Cut(raw, ":")
	if len(raw) > maxHost {
		return "", netip.Addr{}, SkipHost
	}
	raw, ok := unescape(raw)
	if !ok || raw == "" || !utf8.ValidString(raw) {
		return "", netip.Addr{}, SkipHost
	}
	host, ok = hostLabels(fullStops.Replace(raw))
	if !ok {
		return "", netip.Addr{}, SkipHost
	}
	if addr, ok = legacyIPv4(host); ok {
		return "", addr, ""
	}
	return host, netip.Addr{}, ""
}

// authority cuts a link down to host and port. Tabs and line ends vanish inside
// a link and backslashes are slashes, as they are for browsers (WHATWG URL,
// section 4.4).
func authority(link string) string {
	link = strings.TrimLeft(link, " \x00\t\r\n\f\v")
	if strings.ContainsAny(link, "\t\r\n") {
		link = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(link)
	}
	link = strings.TrimRight(link, " ")
	if n := schemeLen(link); n > 0 {
		link = link[n:]
	}
	for range 2 {
		if link != "" && (link[0] == '/' || link[0] == '\\') {
			link = link[1:]
		}
	}
	if i := strings.IndexAny(link, `/\?#`); i >= 0 {
		link = link[:i]
	}
	return link[strings.LastIndexByte(link, '@')+1:]
}

// schemeLen returns the length of the scheme with its colon. "host:8080" has
// none: either slashes follow or the scheme is one that browsers complete.
func schemeLen(link string) int {
	i := 0
	for i < len(link) && (isAlnum(dnsname.Lower(link[i:i+1])) || strings.IndexByte("+-.", link[i]) >= 0) {
		i++
	}
	if i == 0 || i == len(link) || link[i] != ':' {
		return 0
	}
	if rest := link[i+1:]; rest != "" && (rest[0] == '/' || rest[0] == '\\') {
		return i + 1
	}
	switch dnsname.Lower(link[:i]) {
	case "http", "https", "ftp":
		return i + 1
	}
	return 0
}

// bracketed parses "[v6]:port".
func bracketed(raw string) netip.Addr {
	end := strings.IndexByte(raw, ']')
	if end < 0 {
		return netip.Addr{}
	}
	inner, _, _ := strings.Cut(raw[1:end], "%") // the scope means nothing elsewhere
	addr, err := netip.ParseAddr(inner)
	if err != nil || !addr.Is6() {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// unescape decodes percent signs. A broken one is an error.
func unescape(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if i+2 >= len(s) {
				return "", false
			}
			v, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", false
			}
			c, i = byte(v), i+2
		}
		b = append(b, c)
	}
	return string(b), true
}

var fullStops = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".")

// hostLabels brings the labels of a host into their queried form and drops the
// ones in front of, and including, the last that no host name has.
func hostLabels(raw string) (string, bool) {
	raw = strings.TrimRight(raw, ".")
	labels := strings.Split(raw, ".")
	first := 0
	for i := len(labels) - 1; i >= 0; i-- {
		l, ok := hostLabel(labels[i])
		if !ok {
			return "", false
		}
		if l == "" {
			first = i + 1
			break
		}
		labels[i] = l
	}
	host := strings.Join(labels[first:], ".")
	if first > 0 && len(labels)-first < 2 {
		return "", false // only a top-level domain is left
	}
	if dnsname.Check(host) != nil {
		return "", false
	}
	return host, true
}

// hostLabel returns the label as it is queried, "" to cut here, or false for a
// label that makes the whole host invalid.
func hostLabel(l string) (string, bool) {
	if l == "" {
		return "", false
	}
	ascii, err := dnsname.ToASCII(l)
	switch {
	case err == dnsname.ErrIDN:
		return "", true
	case err != nil || strings.Contains(ascii, ".") || !isHostName(ascii):
		return "", false
	case strings.Contains(ascii, "_"):
		return "", true
	}
	return ascii, true
}

// legacyIPv4 parses the forms of an IPv4 address that inet_aton takes: one to
// four parts, each decimal, octal with a leading 0, or hexadecimal with 0x; the
// last part fills the remaining octets.
func legacyIPv4(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var v uint64
	for i, p := range parts {
		n, ok := legacyNumber(p)
		if !ok {
			return netip.Addr{}, false
		}
		if i < len(parts)-1 {
			if n > 255 {
				return netip.Addr{}, false
			}
			v = v<<8 | n
			continue
		}
		bits := 8 * (4 - i)
		if n >= 1<<bits {
			return netip.Addr{}, false
		}
		v = v<<bits | n
	}
	return addrOf(uint32(v)), true
}

func legacyNumber(p string) (uint64, bool) {
	base := 10
	switch {
	case strings.HasPrefix(p, "0x"):
		if p = p[2:]; p == "" {
			return 0, true
		}
		base = 16
	case len(p) > 1 && p[0] == '0':
		base = 8
	}
	if !isAlnum(p) {
		return 0, false
	}
	n, err := strconv.ParseUint(p, base, 33)
	return n, err == nil
}

// ReduceByTables returns a function for [Config.Reduce] that cuts a host down
// to the name that SURBL-like lists hold: four labels below a domain in
// threeLevel, three below one in twoLevel, else two. The tables hold names such
// as "co.uk"; case and final dots do not count. A host that is itself one of
// the table's domains gives "".
func ReduceByTables(twoLevel, threeLevel []string) func(host string) string {
	table := make(map[string]int, len(twoLevel)+len(threeLevel))
	for _, n := range twoLevel {
		table[dnsname.Lower(dnsname.TrimDot(n))] = 3
	}
	for _, n := range threeLevel {
		table[dnsname.Lower(dnsname.TrimDot(n))] = 4
	}
	return func(host string) string {
		want := 2
		if three := lastLabels(host, 3); table[three] == 4 {
			want = 4
		} else if two := lastLabels(host, 2); table[two] == 3 {
			want = 3
		}
		if dnsname.Labels(host) < want {
			return ""
		}
		return lastLabels(host, want)
	}
}

// lastLabels returns the last n labels of name, all of it if it has fewer.
func lastLabels(name string, n int) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			if n--; n == 0 {
				return name[i+1:]
			}
		}
	}
	return name
}
