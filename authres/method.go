package authres

import (
	"net/netip"
	"strings"
)

// Value returns the value of the first property ptype.name of m, and whether
// there is one. Letter case does not count.
func (m Method) Value(ptype, name string) (string, bool) {
	for _, p := range m.Props {
		if strings.EqualFold(p.Type, ptype) && strings.EqualFold(p.Name, name) {
			return p.Value, true
		}
	}
	return "", false
}

// Results of the methods auth and iprev (RFC 8601, sections 2.7.3 and 2.7.4).
const (
	Pass      = "pass"
	Fail      = "fail"
	None      = "none"
	TempError = "temperror"
	PermError = "permerror"
)

// Auth returns the result of SMTP AUTH (RFC 8601, section 2.7.4). Login is the
// authenticated user name, "" for none.
func Auth(result, login string) Method {
	m := Method{Name: "auth", Result: result}
	if login != "" {
		m.Props = []Prop{{Type: "smtp", Name: "auth", Value: login}}
	}
	return m
}

// IPRev returns the result of looking up the name of addr and the addresses of
// that name (RFC 8601, section 2.7.3). Comment may say which name was found;
// "" for none.
func IPRev(result string, addr netip.Addr, comment string) Method {
	return Method{
		Name: "iprev", Result: result, Comment: comment,
		Props: []Prop{{Type: "policy", Name: "iprev", Value: addr.Unmap().WithZone("").String()}},
	}
}

// DNSWL returns the result of asking a DNS list of good senders (RFC 8904).
// Zone is the list, ip the address it answered with, txt its
// explanation; parts that are zero are left out.
func DNSWL(result, zone string, ip netip.Addr, txt string) Method {
	m := Method{Name: "dnswl", Result: result}
	if zone != "" {
		m.Props = append(m.Props, Prop{Type: "dns", Name: "zone", Value: zone})
	}
	if ip.IsValid() {
		m.Props = append(m.Props, Prop{Type: "policy", Name: "ip", Value: ip.String()})
	}
	if txt != "" {
		m.Props = append(m.Props, Prop{Type: "policy", Name: "txt", Value: txt})
	}
	return m
}
