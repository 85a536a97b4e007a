package resolvertest

import (
	"net"
	"time"

	"github.com/miekg/dns"
)

// maxAliases bounds the walk along CNAME records; a resolver refuses earlier.
const maxAliases = 16

// A response is what the server sends for one query: no message for a lost
// one, more than one where garbage comes first.
type response struct {
	msgs  [][]byte
	delay time.Duration
}

// respond answers a query in wire form. cut makes an answer over UDP no larger
// than the client takes.
func (s *Server) respond(query []byte, tcp, cut bool) response {
	var req dns.Msg
	if err := req.Unpack(query); err != nil || len(req.Question) != 1 || req.Response {
		return response{}
	}
	q := req.Question[0]
	wire, err := wireName(q.Name)
	if err != nil {
		return response{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log(q, wire)
	b := build{server: s, req: &req, authentic: true}
	b.msg.SetReply(&req)
	b.msg.RecursionAvailable = true
	b.msg.AuthenticatedData = false
	if opt := req.IsEdns0(); opt != nil {
		b.edns = true
		b.msg.SetEdns0(dns.DefaultMsgSize, opt.Do())
	}
	b.resolve(wire, q.Qtype)
	if b.fault == None && !tcp {
		b.fault = s.chance()
	}
	return b.finish(query, tcp, cut && !tcp)
}

// A build is an answer in the making.
type build struct {
	server    *Server
	req       *dns.Msg
	msg       dns.Msg
	edns      bool
	authentic bool
	fault     Fault
}

// resolve fills in the records and the response code, and finds the fault.
func (b *build) resolve(wire string, typ uint16) {
	s := b.server
	seen := make(map[string]bool)
	for range maxAliases {
		if seen[wire] {
			return
		}
		seen[wire] = true
		b.authentic = b.authentic && s.isAuthentic(wire)
		if f := s.faultAt(wire, typ); f != None && b.fault == None {
			b.fault = f
		}
		types, exists := s.zone.find(wire)
		rrs := types[typ]
		if typ == dns.TypeANY {
			rrs = all(types)
		}
		b.add(rrs, wire)
		if len(rrs) > 0 {
			return
		}
		alias := types[dns.TypeCNAME]
		if len(alias) == 0 {
			b.negative(wire, exists)
			return
		}
		b.add(alias[:1], wire)
		next, err := wireName(alias[0].(*dns.CNAME).Target)
		if err != nil {
			return
		}
		wire = next
	}
}

func all(types map[uint16][]dns.RR) []dns.RR {
	var out []dns.RR
	for _, rrs := range types {
		out = append(out, rrs...)
	}
	return out
}

// add appends copies of rrs with the owner wire, which differs from theirs
// where a wildcard was used.
func (b *build) add(rrs []dns.RR, wire string) {
	if len(rrs) == 0 {
		return
	}
	owner, _, err := dns.UnpackDomainName([]byte(wire), 0)
	if err != nil {
		return
	}
	if len(b.msg.Answer) == 0 {
		owner = b.req.Question[0].Name // in the case it was asked for
	}
	for _, rr := range rrs {
		rr = dns.Copy(rr)
		rr.Header().Name = owner
		b.msg.Answer = append(b.msg.Answer, rr)
	}
}

// negative ends an answer without records of the type.
func (b *build) negative(wire string, exists bool) {
	if !exists {
		b.msg.Rcode = dns.RcodeNameError
	}
	if soa := b.server.zone.soa(wire); soa != nil {
		b.msg.Ns = append(b.msg.Ns, soa)
	}
}

func (s *Server) isAuthentic(wire string) bool {
	if on, ok := s.authentic[wire]; ok {
		return on
	}
	return s.authentic[""]
}

func (s *Server) faultAt(wire string, typ uint16) Fault {
	for _, q := range [...]question{{wire, typ}, {wire, 0}, {"", typ}, {"", 0}} {
		if f := s.faults[q]; f != None {
			return f
		}
	}
	return None
}

// finish packs the answer, spoilt as the fault says.
func (b *build) finish(query []byte, tcp, cut bool) response {
	s := b.server
	m := &b.msg
	m.AuthenticatedData = b.authentic
	var r response
	switch b.fault {
	case Timeout:
		return r
	case Lost:
		q := question{string(query[12:]), 0}
		if s.seen[q]++; s.seen[q] == 1 {
			return r
		}
	case Slow:
		r.delay = s.delay
	case Echo:
		r.msgs = [][]byte{query}
		return r
	case Garbage:
		if !tcp {
			r.msgs = append(r.msgs, []byte("garbage"))
		}
	case FormErr, NotImp:
		if b.edns {
			b.code(map[Fault]int{FormErr: dns.RcodeFormatError, NotImp: dns.RcodeNotImplemented}[b.fault])
			m.Extra = nil
		}
	case ServFail:
		b.code(dns.RcodeServerFailure)
	case Refused:
		b.code(dns.RcodeRefused)
	case Truncate:
		if !tcp {
			b.code(dns.RcodeSuccess)
			m.Truncated = true
		}
	default:
		b.disguise()
	}
	m.Compress = true
	if cut {
		b.fit()
	}
	out, err := m.Pack()
	if err != nil {
		b.code(dns.RcodeServerFailure)
		out, _ = m.Pack()
	}
	r.msgs = append(r.msgs, out)
	return r
}

// fit cuts an answer to what the client takes over UDP.
func (b *build) fit() {
	size := dns.MinMsgSize
	if opt := b.req.IsEdns0(); opt != nil {
		size = max(size, int(opt.UDPSize()))
	}
	b.msg.Truncate(size)
}

// code makes the answer an empty one with a response code.
func (b *build) code(rcode int) {
	b.msg.Answer, b.msg.Ns = nil, nil
	b.msg.Rcode = rcode
	b.msg.AuthenticatedData = false
}

// disguise makes an answer that does not fit its question.
func (b *build) disguise() {
	m := &b.msg
	switch b.fault {
	case WrongID:
		m.Id++
	case WrongName:
		m.Question[0].Name = "wrong.invalid."
		for _, rr := range m.Answer {
			rr.Header().Name = "wrong.invalid."
		}
	case WrongOwner:
		for _, rr := range m.Answer {
			rr.Header().Name = "wrong.invalid."
		}
	case Strip127:
		kept := m.Answer[:0]
		for _, rr := range m.Answer {
			if a, ok := rr.(*dns.A); !ok || !isLoopback4(a.A) {
				kept = append(kept, rr)
			}
		}
		m.Answer = kept
	case Referral:
		b.code(dns.RcodeSuccess)
		m.RecursionAvailable = false
		m.Ns = []dns.RR{&dns.NS{
			Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: defaultTTL},
			Ns:  "a.root-servers.net.",
		}}
	}
}

func isLoopback4(ip net.IP) bool { return ip.To4() != nil && ip.IsLoopback() }
