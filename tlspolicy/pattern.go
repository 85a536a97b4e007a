package tlspolicy

import (
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A PatternKind says which names a [Pattern] stands for.
type PatternKind uint8

// The kinds of pattern. The zero kind matches nothing.
const (
	Nothing    PatternKind = iota // no name at all: verification fails
	Nexthop                       // the next hop without brackets and port
	DotNexthop                    // any name below the next hop
	Hostname                      // the server's name as its MX record gives it
	Name                          // the name given
	Below                         // any name below the name given, not the name itself
)

// A Pattern is one element of a match attribute: a name that the server's
// certificate may bear. Values are comparable.
type Pattern struct {
	Kind PatternKind
	Name string // for Name and Below: lower case, A-labels, without a leading dot
}

// String returns p as a match attribute holds it.
func (p Pattern) String() string {
	switch p.Kind {
	case Nexthop:
		return "nexthop"
	case DotNexthop:
		return "dot-nexthop"
	case Hostname:
		return "hostname"
	case Name:
		return p.Name
	case Below:
		return "." + p.Name
	}
	return "."
}

// Patterns used where an entry has no match attribute. Verify trusts the MX
// record for the name of the server, Secure does not.
func defaultMatch(l Level) []Pattern {
	if l == Verify {
		return []Pattern{{Kind: Hostname}}
	}
	return []Pattern{{Kind: Nexthop}, {Kind: DotNexthop}}
}

// parsePattern never fails: what is no name matches nothing, and why says so.
func parsePattern(s string) (p Pattern, why string) {
	switch dnsname.Lower(s) {
	case "nexthop":
		return Pattern{Kind: Nexthop}, ""
	case "dot-nexthop":
		return Pattern{Kind: DotNexthop}, ""
	case "hostname":
		return Pattern{Kind: Hostname}, ""
	}
	kind, name := Name, s
	if rest, ok := strings.CutPrefix(s, "."); ok {
		kind, name = Below, rest
	}
	if strings.HasSuffix(name, ".") {
		return Pattern{}, "no certificate holds a name with a dot at the end: leave it out"
	}
	name, err := dnsname.ToASCII(name)
	if err != nil {
		return Pattern{}, "not a domain name: it matches nothing"
	}
	return Pattern{Kind: kind, Name: name}, ""
}
