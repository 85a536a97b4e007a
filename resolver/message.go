package resolver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// Record types, as numbers of the IANA registry.
const (
	TypeA     uint16 = 1
	TypeNS    uint16 = 2
	TypeCNAME uint16 = 5
	TypeSOA   uint16 = 6
	TypePTR   uint16 = 12
	TypeMX    uint16 = 15
	TypeTXT   uint16 = 16
	TypeAAAA  uint16 = 28
	TypeSRV   uint16 = 33
	TypeTLSA  uint16 = 52
)

// TypeString returns the mnemonic of a record type, or TYPE and its number
// (RFC 3597, section 5).
func TypeString(t uint16) string { return dns.Type(t).String() }

// ParseType returns the record type with the mnemonic s, in any case.
func ParseType(s string) (uint16, bool) {
	t, ok := dns.StringToType[strings.ToUpper(s)]
	return t, ok && !isMeta(t)
}

// isMeta reports whether t is no type of data (RFC 6895, section 3.1).
func isMeta(t uint16) bool { return t == 0 || t == dns.TypeOPT || 128 <= t && t <= 255 }

// maxChain is the longest chain of CNAME records that is followed.
const maxChain = 8

var (
	errWrongAnswer = errors.New("answer to another question")
	errCounts      = errors.New("fewer records than the header says")
	errTruncated   = errors.New("answer truncated over TCP")
	errLoop        = errors.New("CNAME loop")
	errChain       = fmt.Errorf("CNAME chain longer than %d", maxChain)
	errTarget      = errors.New("CNAME target with a dot inside a label")
	errUnusable    = errors.New("records without usable data")
	errType        = errors.New("not a type of data")
)

// Bits of the flags word (RFC 1035, section 4.1.1; RFC 6840, section 5.7).
const (
	flagQR     = 1 << 15
	maskOpcode = 15 << 11
	flagTC     = 1 << 9
	flagRD     = 1 << 8
	flagAD     = 1 << 5
	maskRcode  = 15
)

const headerLen = 12

// appendQuery appends a query for a canonical name: RD and AD set (RFC 6840,
// section 5.7), one question, and an OPT record unless udpSize is 0.
func appendQuery(dst []byte, id uint16, name string, typ uint16, udpSize uint16) []byte {
	var additional byte
	if udpSize != 0 {
		additional = 1
	}
	dst = binary.BigEndian.AppendUint16(dst, id)
	dst = binary.BigEndian.AppendUint16(dst, flagRD|flagAD)
	dst = append(dst, 0, 1, 0, 0, 0, 0, 0, additional)
	dst = appendName(dst, name)
	dst = binary.BigEndian.AppendUint16(dst, typ)
	dst = append(dst, 0, 1) // class IN
	if udpSize != 0 {       // RFC 6891, section 6.1.2
		dst = append(dst, 0, 0, 41)
		dst = binary.BigEndian.AppendUint16(dst, udpSize)
		dst = append(dst, 0, 0, 0, 0, 0, 0)
	}
	return dst
}

// A match says how an incoming message relates to a query.
type match uint8

const (
	matchNone     match = iota // not an answer to the query
	matchCase                  // the right name in another case
	matchFull                  // the question came back octet for octet
	matchQuestion              // no question, which only an error may have
)

// matchAnswer compares the header and the question of msg with those of
// query. It looks at nothing behind the question.
func matchAnswer(msg, query []byte) match {
	if len(msg) < headerLen || msg[0] != query[0] || msg[1] != query[1] {
		return matchNone
	}
	flags := binary.BigEndian.Uint16(msg[2:])
	if flags&flagQR == 0 || flags&maskOpcode != 0 {
		return matchNone
	}
	switch binary.BigEndian.Uint16(msg[4:]) {
	case 0:
		// A server that can't parse the query may leave the question out.
		switch flags & maskRcode {
		case dns.RcodeFormatError, dns.RcodeNotImplemented, dns.RcodeServerFailure, dns.RcodeRefused:
			return matchQuestion
		}
		return matchNone
	case 1:
	default:
		return matchNone
	}
	end := questionEnd(query)
	if len(msg) < end {
		return matchNone
	}
	q, m := query[headerLen:end], msg[headerLen:end]
	if string(q) == string(m) {
		return matchFull
	}
	for i := range q { // lengths are below 'A', so folding can't touch them
		if foldByte(q[i]) != foldByte(m[i]) {
			return matchNone
		}
	}
	if string(q[len(q)-4:]) != string(m[len(m)-4:]) {
		return matchNone // type and class have no case
	}
	return matchCase
}

func foldByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// questionEnd returns the offset behind the question of a query that this
// package built.
func questionEnd(query []byte) int {
	i := headerLen
	for query[i] != 0 {
		i += 1 + int(query[i])
	}
	return i + 1 + 4
}

// parseAnswer unpacks an answer whose question was matched before. Fewer
// records than the header says are an error.
func parseAnswer(b []byte) (*dns.Msg, error) {
	m := new(dns.Msg)
	if err := m.Unpack(b); err != nil {
		return nil, err
	}
	for i, n := range [...]int{len(m.Answer), len(m.Ns), len(m.Extra)} {
		if n != int(binary.BigEndian.Uint16(b[6+2*i:])) {
			return nil, errCounts
		}
	}
	return m, nil
}

// extendedError returns the code of RFC 8914, or -1.
func extendedError(m *dns.Msg) int {
	if opt := m.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if e, ok := o.(*dns.EDNS0_EDE); ok {
				return int(e.InfoCode)
			}
		}
	}
	return -1
}

// owns reports whether the owner of rr is the canonical name.
func owns(rr dns.RR, name string) bool {
	h := rr.Header()
	if h.Class != dns.ClassINET {
		return false
	}
	if strings.IndexByte(h.Name, '\\') < 0 {
		return dnsname.Equal(h.Name, name)
	}
	raw, ok := rawName(h.Name)
	return ok && dnsname.Equal(raw, name)
}

// A chain is a walk from a name along CNAME records.
type chain struct {
	seen [maxChain + 1]string
	n    int
	ttl  uint32 // the lowest so far
}

// add notes that the walk is at name.
func (c *chain) add(name string) error {
	for _, s := range c.seen[:c.n] {
		if s == name {
			return errLoop
		}
	}
	if c.n > maxChain {
		return errChain
	}
	c.seen[c.n] = name
	c.n++
	return nil
}

// at returns the name the walk is at.
func (c *chain) at() string { return c.seen[c.n-1] }

// walk follows the chain inside one message and returns the records of type
// typ at its end. Records of any other owner are never looked at. No records
// and no error means that the message ends at c.at().
func (c *chain) walk(m *dns.Msg, typ uint16) ([]dns.RR, error) {
	for {
		var rrs []dns.RR
		var alias *dns.CNAME
		for _, rr := range m.Answer {
			switch {
			case !owns(rr, c.at()):
			case rr.Header().Rrtype == typ:
				c.lower(rr)
				rrs = append(rrs, rr)
			default:
				if a, ok := rr.(*dns.CNAME); ok && alias == nil {
					alias = a
				}
			}
		}
		if rrs != nil || alias == nil {
			return rrs, nil
		}
		c.lower(alias)
		target, ok := rawName(alias.Target)
		if !ok {
			return nil, errTarget
		}
		if err := c.add(dnsname.Lower(dnsname.TrimDot(target))); err != nil {
			return nil, err
		}
	}
}

// lower takes the TTL of rr into account. A TTL with the top bit set counts as
// 0 (RFC 2181, section 8).
func (c *chain) lower(rr dns.RR) {
	ttl := rr.Header().Ttl
	if ttl > 1<<31-1 {
		ttl = 0
	}
	c.ttl = min(c.ttl, ttl)
}

// negativeTTL returns how long the absence of name may be remembered
// (RFC 2308, section 5), and whether an SOA record says so.
func negativeTTL(m *dns.Msg, name string) (uint32, bool) {
	for _, rr := range m.Ns {
		soa, ok := rr.(*dns.SOA)
		if !ok || soa.Hdr.Class != dns.ClassINET {
			continue
		}
		owner, ok := rawName(soa.Hdr.Name)
		if !ok || !dnsname.HasSuffix(name, owner) {
			continue
		}
		if ttl := min(soa.Hdr.Ttl, soa.Minttl); ttl <= 1<<31-1 {
			return ttl, true
		}
	}
	return 0, false
}

// An answer is one decoded RRset. It is immutable.
type answer struct {
	name      string // owner after aliases, lower case, with the final dot
	rrs       []dns.RR
	texts     []string
	addrs     []netip.Addr
	mx        []net.MX
	names     []string
	ttl       time.Duration // as received, clamped
	authentic bool
}

// newAnswer decodes the records of one owner and type. A record that can't be
// expressed, such as an MX whose host has a dot inside a label, is left out.
func newAnswer(name string, rrs []dns.RR) *answer {
	a := &answer{name: name + ".", rrs: make([]dns.RR, 0, len(rrs))}
	for _, rr := range rrs {
		if a.decode(rr) {
			a.rrs = append(a.rrs, rr)
		}
	}
	return a
}

func (a *answer) decode(rr dns.RR) bool {
	switch rr := rr.(type) {
	case *dns.TXT:
		a.texts = append(a.texts, textOf(rr.Txt))
	case *dns.A:
		addr, ok := netip.AddrFromSlice(rr.A.To4())
		if !ok {
			return false
		}
		a.addrs = append(a.addrs, addr)
	case *dns.AAAA:
		addr, ok := netip.AddrFromSlice(rr.AAAA.To16())
		if !ok {
			return false
		}
		a.addrs = append(a.addrs, addr)
	case *dns.MX:
		host, ok := rawName(rr.Mx)
		if !ok {
			return false
		}
		a.mx = append(a.mx, net.MX{Host: host, Pref: rr.Preference})
	case *dns.PTR:
		return a.decodeName(rr.Ptr)
	case *dns.NS:
		return a.decodeName(rr.Ns)
	case *dns.CNAME:
		return a.decodeName(rr.Target)
	}
	return true
}

func (a *answer) decodeName(s string) bool {
	name, ok := rawName(s)
	if ok {
		a.names = append(a.names, name)
	}
	return ok
}

// textOf joins the strings of a TXT record and undoes their escapes.
func textOf(parts []string) string {
	s := strings.Join(parts, "")
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b, _ := unescape(s, -1)
	return string(b)
}
