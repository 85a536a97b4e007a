package resolvertest

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// defaultTTL is the TTL of records that give none.
const defaultTTL = 300

// A zone holds records by owner. Owners are kept in wire form, in lower case,
// so that different spellings of one name meet and any octet may occur.
type zone struct {
	nodes map[string]map[uint16][]dns.RR // nil map: a name with something below it
}

// wireName returns the wire form of a name in presentation form, in lower case.
func wireName(s string) (string, error) {
	var buf [256]byte
	n, err := dns.PackDomainName(dns.Fqdn(s), buf[:], 0, nil, false)
	if err != nil {
		return "", err
	}
	return lowerWire(buf[:n]), nil
}

// lowerWire folds ASCII letters. Length octets are below 'A'.
func lowerWire(b []byte) string {
	b = append([]byte(nil), b...)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// parentWire returns the name without its first label, and false for the root.
func parentWire(w string) (string, bool) {
	if w[0] == 0 {
		return "", false
	}
	return w[1+int(w[0]):], true
}

// parse adds the records of master-file text (RFC 1035, section 5).
func (z *zone) parse(text string) error {
	p := dns.NewZoneParser(strings.NewReader(text), ".", "")
	p.SetDefaultTTL(defaultTTL)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		if err := z.add(rr); err != nil {
			return fmt.Errorf("resolvertest: %q: %w", rr.String(), err)
		}
	}
	if err := p.Err(); err != nil {
		return fmt.Errorf("resolvertest: %w", err)
	}
	return nil
}

func (z *zone) add(rr dns.RR) error {
	// Packing finds data that can't be sent; unpacking gives the one spelling
	// that answers have.
	buf := make([]byte, dns.MaxMsgSize)
	n, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		return err
	}
	if rr, _, err = dns.UnpackRR(buf[:n], 0); err != nil {
		return err
	}
	owner, err := wireName(rr.Header().Name)
	if err != nil {
		return err
	}
	types := z.nodes[owner]
	if types == nil {
		types = make(map[uint16][]dns.RR)
		z.nodes[owner] = types
	}
	t := rr.Header().Rrtype
	types[t] = append(types[t], rr)
	for w, ok := parentWire(owner); ok; w, ok = parentWire(w) {
		if _, there := z.nodes[w]; !there {
			z.nodes[w] = nil
		}
	}
	return nil
}

// find returns the records at a name: its own, or those of the wildcard at its
// closest encloser (RFC 4592, section 3.3.1). exists is false for NXDOMAIN.
func (z *zone) find(w string) (types map[uint16][]dns.RR, exists bool) {
	if types, ok := z.nodes[w]; ok {
		return types, true
	}
	for up, ok := parentWire(w); ok; up, ok = parentWire(up) {
		if _, there := z.nodes[up]; there {
			types, ok := z.nodes["\x01*"+up]
			return types, ok
		}
	}
	return nil, false
}

// soa returns the SOA record of the closest enclosing zone, or nil.
func (z *zone) soa(w string) dns.RR {
	for ok := true; ok; w, ok = parentWire(w) {
		if rrs := z.nodes[w][dns.TypeSOA]; len(rrs) > 0 {
			return rrs[0]
		}
	}
	return nil
}
