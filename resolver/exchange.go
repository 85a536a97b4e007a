package resolver

import (
	"context"
	"encoding/hex"
	"errors"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// A reply is a usable answer of a server: NOERROR or NXDOMAIN, not truncated.
type reply struct {
	msg    *dns.Msg
	server *server
}

// authentic reports whether the answer is validated, as far as the server is
// trusted to say so.
func (re reply) authentic() bool { return re.msg.AuthenticatedData && re.server.trusted }

var errReferral = errors.New("referral: the server does not resolve for this client")

// A verdict says what a server's answer is good for.
type verdict uint8

const (
	useIt    verdict = iota
	askTCP           // truncated
	askPlain         // the server does not take EDNS or mixed case: ask it without
	askNext          // ask another server
)

// judge looks at an answer that matches its query in header and question.
func judge(m *dns.Msg, edns, tcp bool) (verdict, Kind, error) {
	switch m.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
		switch {
		case m.Truncated && tcp:
			return askNext, Malformed, errTruncated
		case m.Truncated:
			return askTCP, Malformed, nil
		case isReferral(m):
			return askNext, ServFail, errReferral
		}
		return useIt, 0, nil
	case dns.RcodeFormatError, dns.RcodeNotImplemented, dns.RcodeBadVers:
		if edns {
			return askPlain, ServFail, rcodeError(m.Rcode) // RFC 6891, section 6.2.2
		}
	case dns.RcodeServerFailure:
		return askNext, ServFail, nil
	case dns.RcodeRefused:
		return askNext, Refused, nil
	}
	return askNext, ServFail, rcodeError(m.Rcode)
}

func rcodeError(rcode int) error { return errors.New("response code " + dns.RcodeToString[rcode]) }

// isReferral reports whether m points to other servers instead of answering.
func isReferral(m *dns.Msg) bool {
	if m.Rcode != dns.RcodeSuccess || len(m.Answer) > 0 || m.RecursionAvailable || m.Authoritative {
		return false
	}
	ns := false
	for _, rr := range m.Ns {
		switch rr.Header().Rrtype {
		case dns.TypeSOA:
			return false
		case dns.TypeNS:
			ns = true
		}
	}
	return ns
}

func decodeHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// A query is one question on its way, with the state of its tries.
type query struct {
	key
	first time.Time // when it was asked first
	worst *Error    // the most telling failure so far
}

// event reports one exchange.
func (r *Resolver) event(k key, s *server, kind Kind, tcp bool, wrong int, start time.Time) {
	if r.cfg.OnEvent == nil {
		return
	}
	r.cfg.OnEvent(Event{
		Name: r.show(k.name), Type: k.typ, Server: s.addr, Kind: kind,
		TCP: tcp, Wrong: wrong, Dur: time.Since(start),
	})
}

// outcome returns the kind an event shows for an answer.
func outcome(m *dns.Msg, k Kind) Kind {
	if k == 0 && m.Rcode == dns.RcodeNameError {
		return NXDomain
	}
	if k == 0 && len(m.Answer) == 0 {
		return NoData
	}
	return k
}

// ask sends the question k to the servers until one has answered it.
func (r *Resolver) ask(ctx context.Context, k key) (reply, *Error) {
	return r.askHook(ctx, k)
}

// askHook asks through Config.Exchange, one try after the other.
func (r *Resolver) askHook(ctx context.Context, k key) (reply, *Error) {
	q := query{key: k}
	order := r.order()
	for i := range r.cfg.Tries * len(order) {
		s := order[i%len(order)]
		tcp := false
		for again := true; again; {
			if ctx.Err() != nil {
				return reply{}, q.fail(r, s, kindOf(ctx.Err()), context.Cause(ctx))
			}
			var m *dns.Msg
			var v verdict
			m, v = r.tryHook(ctx, &q, s, tcp)
			switch {
			case v == useIt:
				return reply{m, s}, nil
			case v == askTCP:
				tcp = true
			default:
				again = v == askPlain
			}
		}
	}
	return reply{}, q.worst
}

// tryHook does one exchange through Config.Exchange.
func (r *Resolver) tryHook(ctx context.Context, q *query, s *server, tcp bool) (*dns.Msg, verdict) {
	form := s.form(&r.cfg)
	buf := r.ids.query(make([]byte, 0, 512), q.key, form)
	start := time.Now()
	ctx, stop := context.WithTimeout(ctx, r.cfg.Timeout)
	resp, err := r.cfg.Exchange(ctx, s.addr, buf, tcp)
	stop()
	m, v, kind, err := r.examine(resp, err, buf, form, s, tcp)
	r.event(q.key, s, outcome(m, kind), tcp, 0, start)
	if kind != 0 {
		e := q.fail(r, s, kind, err)
		if m != nil {
			e.EDE = extendedError(m)
		}
	}
	return m, v
}

// examine decides what to make of the outcome of one exchange.
func (r *Resolver) examine(resp []byte, err error, sent []byte, form form, s *server, tcp bool) (*dns.Msg, verdict, Kind, error) {
	if err != nil {
		return nil, askNext, kindOf(err), err
	}
	switch matchAnswer(resp, sent) {
	case matchNone:
		return nil, askNext, Malformed, errWrongAnswer
	case matchCase:
		if form.mixed {
			s.noMixed(r.cfg.Now())
			return nil, askPlain, Malformed, errWrongAnswer
		}
	}
	m, err := parseAnswer(resp)
	if err != nil {
		return nil, askNext, Malformed, err
	}
	v, kind, err := judge(m, form.udpSize != 0, tcp)
	if v == askPlain {
		s.noEDNS(r.cfg.Now())
	}
	return m, v, kind, err
}

// fail notes a failure of one try and returns the most telling one.
func (q *query) fail(r *Resolver, s *server, kind Kind, cause error) *Error {
	e := r.fail(kind, q.name, q.typ, cause)
	e.Server = s.name
	if q.worst == nil || rank(kind) >= rank(q.worst.Kind) {
		q.worst = e
	}
	return q.worst
}

// rank orders failures by how much they say about the name rather than about
// the path to the server.
func rank(k Kind) int {
	switch k {
	case Canceled:
		return 9
	case ServFail:
		return 4
	case Refused:
		return 3
	case Malformed:
		return 2
	case Timeout:
		return 1
	}
	return 0
}

// order returns the servers in the order they are to be tried.
func (r *Resolver) order() []*server { return r.servers }

// A form says how a query is dressed for a server.
type form struct {
	udpSize uint16 // of the OPT record, 0 for none
	mixed   bool   // letters in random case
}

var _ netip.AddrPort
