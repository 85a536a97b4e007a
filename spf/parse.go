package spf

import (
	"net/netip"
	"strings"
)

// version is what every record begins with (RFC 7208, section 4.5).
const version = "v=spf1"

// MaxRecord is the longest text accepted as a record, in octets. No TXT record
// can be longer.
const MaxRecord = 65535

// IsSPF reports whether txt has the version section of an SPF record: "v=spf1"
// in any case, followed by a space or the end (RFC 7208, section 4.5). It says
// nothing about the rest. It does not allocate.
func IsSPF(txt string) bool {
	if len(txt) < len(version) {
		return false
	}
	if v := txt[:len(version)]; v != version && !equalFold(v, version) {
		return false
	}
	return len(txt) == len(version) || txt[len(version)] == ' '
}

// equalFold reports whether s equals lower, which is in lower-case ASCII.
func equalFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// A scanner walks over the terms of a record (RFC 7208, section 4.6.1).
type scanner struct {
	txt string
	pos int
}

// next returns the bounds of the next term; ok is false at the end. Only SP
// separates terms: any other octet is part of one, and an error there.
func (s *scanner) next() (start, end int, ok bool) {
	for s.pos < len(s.txt) && s.txt[s.pos] == ' ' {
		s.pos++
	}
	if s.pos == len(s.txt) {
		return 0, 0, false
	}
	start = s.pos
	if i := strings.IndexByte(s.txt[start:], ' '); i >= 0 {
		s.pos = start + i
	} else {
		s.pos = len(s.txt)
	}
	return start, s.pos, true
}

// A termKind is what parseTerm found.
type termKind uint8

const (
	badTerm termKind = iota
	directiveTerm
	modifierTerm
)

// A fault is why a term does not parse; the zero value means it does.
type fault struct {
	kind   error
	detail string
}

func syntax(detail string) (termKind, fault) { return badTerm, fault{ErrSyntax, detail} }

// parseTerm parses one term into d or m. Of d it leaves Prefix alone unless the
// mechanism has one. The first of '=', ':' and '/' tells a
// modifier from a mechanism (RFC 7208, section 4.6.1).
func parseTerm(term string, pos int, d *Directive, m *Modifier) (termKind, fault) {
	name := term
	rest := ""
	for i := 0; i < len(term); i++ {
		if c := term[i]; c == ':' || c == '=' || c == '/' {
			name, rest = term[:i], term[i:]
			break
		}
	}
	if rest != "" && rest[0] == '=' {
		*m = Modifier{Name: name, Value: rest[1:], Pos: pos}
		return parseModifier(m)
	}
	d.Text, d.Pos, d.Qualifier, d.Bits4, d.Bits6 = term, pos, '+', 32, 128
	d.Spec = ""
	switch {
	case name == "":
	case name[0] == '+' || name[0] == '-' || name[0] == '~' || name[0] == '?':
		d.Qualifier = Qualifier(name[0])
		name = name[1:]
	}
	d.Mechanism = mechanismOf(name)
	switch d.Mechanism {
	case All:
		if rest != "" {
			return syntax("all takes no argument")
		}
		return directiveTerm, fault{}
	case IP4, IP6:
		return parseIP(d, rest)
	case A, MX:
		return parseHost(d, rest)
	case Include, Exists:
		if rest == "" || rest[0] != ':' {
			return syntax("needs a domain")
		}
		return parseSpec(d, rest[1:])
	case PTR:
		if rest == "" {
			return directiveTerm, fault{}
		}
		if rest[0] != ':' {
			return syntax("ptr takes no prefix length")
		}
		return parseSpec(d, rest[1:])
	}
	return syntax("unknown mechanism")
}

func parseModifier(m *Modifier) (termKind, fault) {
	if !isName(m.Name) {
		return syntax("bad modifier name")
	}
	if m.isRedirect() || m.isExp() {
		if f := checkDomainSpec(m.Value); f.kind != nil {
			return badTerm, f
		}
		return modifierTerm, fault{}
	}
	// An unknown modifier is ignored, but its value must be a macro-string
	// (RFC 7208, section 6).
	if _, f := checkMacros(m.Value, explainLetters, false); f.kind != nil {
		return badTerm, f
	}
	return modifierTerm, fault{}
}

// isName reports whether s is a name (RFC 7208, section 4.6.1).
func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if isAlpha(c) || i > 0 && (isDigit(c) || c == '-' || c == '_' || c == '.') {
			continue
		}
		return false
	}
	return s != ""
}

func isAlpha(c byte) bool { c |= 0x20; return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func parseSpec(d *Directive, spec string) (termKind, fault) {
	if f := checkDomainSpec(spec); f.kind != nil {
		return badTerm, f
	}
	d.Spec = spec
	return directiveTerm, fault{}
}

// parseHost parses what follows "a" or "mx": [":" domain-spec]
// [dual-cidr-length]. The lengths are taken from the end, because '/' may be
// part of a domain-spec (RFC 7208, sections 5.3 and 5.4).
func parseHost(d *Directive, rest string) (termKind, fault) {
	if head, bits, ok, f := cutBits(rest, "//", 128); f.kind != nil {
		return badTerm, f
	} else if ok {
		rest, d.Bits6 = head, bits
	}
	if head, bits, ok, f := cutBits(rest, "/", 32); f.kind != nil {
		return badTerm, f
	} else if ok {
		rest, d.Bits4 = head, bits
	}
	switch {
	case rest == "":
		return directiveTerm, fault{}
	case rest[0] != ':':
		return syntax("bad prefix length")
	}
	return parseSpec(d, rest[1:])
}

// cutBits cuts sep and a decimal number from the end of s. For sep "/" a
// double slash is left alone.
func cutBits(s, sep string, limit int) (head string, bits uint8, ok bool, f fault) {
	i := len(s)
	for i > 0 && isDigit(s[i-1]) {
		i--
	}
	head = s[:i]
	if i == len(s) || !strings.HasSuffix(head, sep) {
		return s, 0, false, fault{}
	}
	n, ok := parseBits(s[i:], limit)
	if !ok {
		return s, 0, false, fault{ErrSyntax, "bad prefix length"}
	}
	return head[:len(head)-len(sep)], n, true, fault{}
}

// parseBits parses a prefix length: decimal, no leading zero, at most limit.
func parseBits(s string, limit int) (uint8, bool) {
	if s == "" || len(s) > 3 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return uint8(n), n <= limit
}

// parseIP parses what follows "ip4" or "ip6" (RFC 7208, section 5.6).
func parseIP(d *Directive, rest string) (termKind, fault) {
	if rest == "" || rest[0] != ':' {
		return syntax("needs an address")
	}
	text := rest[1:]
	limit := 32
	if d.Mechanism == IP6 {
		limit = 128
	}
	bits := uint8(limit)
	if i := strings.IndexByte(text, '/'); i >= 0 {
		var ok bool
		if bits, ok = parseBits(text[i+1:], limit); !ok {
			return syntax("bad prefix length")
		}
		text = text[:i]
	}
	if d.Mechanism == IP4 {
		ip, ok := parse4(text)
		if !ok {
			return syntax("not an IPv4 address")
		}
		d.Prefix = netip.PrefixFrom(ip, int(bits))
		return directiveTerm, fault{}
	}
	ip, err := netip.ParseAddr(text)
	if err != nil || !ip.Is6() || ip.Zone() != "" {
		return syntax("not an IPv6 address")
	}
	d.Prefix = netip.PrefixFrom(ip, int(bits))
	return directiveTerm, fault{}
}

// parse4 parses four numbers without leading zeros. It accepts what
// [netip.ParseAddr] accepts as IPv4, in a third of the time.
func parse4(s string) (ip netip.Addr, ok bool) {
	var a [4]byte
	n, digits, part := 0, 0, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.':
			if digits == 0 || part == 3 {
				return ip, false
			}
			a[part] = byte(n)
			n, digits, part = 0, 0, part+1
		case !isDigit(c) || digits > 0 && n == 0:
			return ip, false
		default:
			n = n*10 + int(c-'0')
			if digits++; n > 255 {
				return ip, false
			}
		}
	}
	if part != 3 || digits == 0 {
		return ip, false
	}
	a[3] = byte(n)
	return netip.AddrFrom4(a), true
}

// mechanismOf returns the mechanism with this name in any case, or 0.
func mechanismOf(name string) Mechanism {
	switch name {
	case "ip4":
		return IP4
	case "ip6":
		return IP6
	case "include":
		return Include
	case "all":
		return All
	}
	for m := All; m <= Exists; m++ {
		if equalFold(name, mechanismNames[m]) {
			return m
		}
	}
	return 0
}
