package resolver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"github.com/miekg/dns"
)

// NetDial returns a function for the field Dial of a [net.Resolver] with
// PreferGo: the queries of that resolver are then answered by r, from its cache
// or by its servers, and no socket is opened. It lets code that takes nothing
// but a *net.Resolver or a [net.Dialer] share r.
func (r *Resolver) NetDial() func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go r.serve(server)
		return client, nil
	}
}

// serve answers framed queries (RFC 1035, section 4.2.2) until the other side
// closes the connection.
func (r *Resolver) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		b := r.reply(query)
		if b == nil {
			return
		}
		b = append(binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(b)), uint16(len(b))), b...)
		if _, err := conn.Write(b); err != nil {
			return
		}
	}
}

// reply answers one query, or returns nil for what is none.
func (r *Resolver) reply(query []byte) []byte {
	var m dns.Msg
	if err := m.Unpack(query); err != nil || m.Response || len(m.Question) != 1 {
		return nil
	}
	q := m.Question[0]
	re := new(dns.Msg).SetReply(&m)
	re.RecursionAvailable = true
	re.Compress = true
	name, ok := rawName(q.Name)
	if !ok || q.Qclass != dns.ClassINET || isMeta(q.Qtype) {
		re.Rcode = dns.RcodeNotImplemented
	} else {
		r.fill(re, name)
	}
	b, err := re.Pack()
	if err != nil || len(b) > dns.MaxMsgSize-1 { // no length for it in the frame
		re.Answer, re.Rcode = nil, dns.RcodeServerFailure
		b, _ = re.Pack()
	}
	return b
}

// fill looks the question of re up and puts the outcome into re.
func (r *Resolver) fill(re *dns.Msg, name string) {
	q := re.Question[0]
	ctx, stop := context.WithTimeout(context.Background(), r.cfg.Deadline)
	defer stop()
	f, err := r.lookup(ctx, name, q.Qtype)
	if err != nil {
		switch {
		case errors.Is(err, NoData):
		case kindOf(err).notFound():
			re.Rcode = dns.RcodeNameError
		default:
			re.Rcode = dns.RcodeServerFailure
		}
		return
	}
	re.AuthenticatedData = f.authentic
	ttl := uint32(f.ttl.Seconds())
	owner := q.Name
	for _, rr := range f.rrs {
		rr = dns.Copy(rr)
		if h := rr.Header(); len(re.Answer) == 0 && h.Rrtype != dns.TypeCNAME && dns.CanonicalName(h.Name) != dns.CanonicalName(owner) {
			hdr := dns.RR_Header{Name: owner, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: ttl}
			re.Answer = append(re.Answer, &dns.CNAME{Hdr: hdr, Target: h.Name})
			owner = h.Name
		}
		rr.Header().Name, rr.Header().Ttl = owner, ttl
		re.Answer = append(re.Answer, rr)
	}
}
