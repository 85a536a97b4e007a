package resolver

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
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

var (
	errReferral = errors.New("referral: the server does not resolve for this client")
	errForeign  = errors.New("records of other owners only")
)

// A verdict says what a server's answer is good for.
type verdict uint8

const (
	useIt    verdict = iota
	askTCP           // truncated
	askPlain         // the server does not take EDNS or mixed case: ask it without
	askNext          // ask another server
)

// judge looks at an answer to a question about name that matches its query in
// header and question.
func judge(m *dns.Msg, name string, edns, tcp bool) (verdict, Kind, error) {
	switch m.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
		switch {
		case m.Truncated && tcp:
			return askNext, Malformed, errTruncated
		case m.Truncated:
			return askTCP, Malformed, nil
		case isReferral(m):
			return askNext, ServFail, errReferral
		case isForeign(m, name):
			return askNext, Malformed, errForeign
		}
		return useIt, 0, nil
	case dns.RcodeFormatError, dns.RcodeNotImplemented:
		// A server that knows EDNS says so in its answer (RFC 6891, section 7).
		if edns && m.IsEdns0() == nil {
			return askPlain, ServFail, rcodeError(m.Rcode)
		}
	case dns.RcodeBadVers:
		if edns {
			return askPlain, ServFail, rcodeError(m.Rcode)
		}
	case dns.RcodeServerFailure:
		return askNext, ServFail, nil
	case dns.RcodeRefused:
		return askNext, Refused, nil
	}
	return askNext, ServFail, rcodeError(m.Rcode)
}

func rcodeError(rcode int) error {
	if s := dns.RcodeToString[rcode]; s != "" {
		return errors.New("response code " + s)
	}
	return fmt.Errorf("response code %d", rcode)
}

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

// isForeign reports whether m has records, and none of them is about name.
func isForeign(m *dns.Msg, name string) bool {
	for _, rr := range m.Answer {
		if owns(rr, name) {
			return false
		}
	}
	return len(m.Answer) > 0
}

func decodeHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// A question is one question on its way to the servers, with the state of its
// tries.
type question struct {
	key
	r     *Resolver
	order []*server
	given []bool  // servers of order that have said no
	few   [4]bool // what given usually is
	next  int     // index into order
	begun int     // tries begun
	worst *Error  // the most telling failure so far

	withoutOPT *server // asked without EDNS, because it failed with
}

// start prepares q for its first try.
func (q *question) start(r *Resolver, k key) {
	q.key, q.r, q.order = k, r, r.order()
	if q.given = q.few[:]; len(q.order) > len(q.few) {
		q.given = make([]bool, len(q.order))
	}
	q.given = q.given[:len(q.order)]
}

// server returns the server to ask next, or nil if there is none left.
func (q *question) server() *server {
	for {
		if q.exhausted() {
			return nil
		}
		i := q.next % len(q.order)
		q.next++
		q.begun++
		if !q.given[i] {
			return q.order[i]
		}
	}
}

// exhausted reports whether server would return nil.
func (q *question) exhausted() bool {
	return q.begun >= q.r.cfg.Tries*len(q.order) || !slices.Contains(q.given, false)
}

// said notes that s has answered, in a way that makes asking it again useless.
func (q *question) said(s *server) {
	for i := range q.order {
		if q.order[i] == s {
			q.given[i] = true
		}
	}
}

// fail notes the failure of one try and returns the most telling one.
func (q *question) fail(s *server, kind Kind, cause error) *Error {
	e := q.r.fail(kind, q.name, q.typ, cause)
	e.Server = s.name
	if q.worst == nil || rank(kind) >= rank(q.worst.Kind) {
		q.worst = e
	}
	return q.worst
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
func (r *Resolver) ask(ctx context.Context, k key, until time.Time) (reply, *Error) {
	if r.cfg.Exchange != nil {
		var q question
		q.start(r, k)
		ctx, stop := context.WithDeadline(ctx, until)
		defer stop()
		defer context.AfterFunc(r.open, stop)()
		return q.askHook(ctx)
	}
	a := asking{ctx: ctx, until: until}
	a.start(r, k)
	return a.ask()
}

// askHook asks through Config.Exchange, one try after the other.
func (q *question) askHook(ctx context.Context) (reply, *Error) {
	for s := q.server(); s != nil; s = q.server() {
		tcp, again := false, true
		for range 2 + maxPlain { // over UDP, over TCP, and in another form
			if !again {
				break
			}
			if ctx.Err() != nil {
				return reply{}, q.fail(s, kindOf(ctx.Err()), context.Cause(ctx))
			}
			m, v := q.tryHook(ctx, s, tcp)
			switch v {
			case useIt:
				return reply{m, s}, nil
			case askTCP:
				tcp = true
			case askPlain:
			default:
				again = false
			}
		}
	}
	return reply{}, q.worst
}

// tryHook does one exchange through Config.Exchange.
func (q *question) tryHook(ctx context.Context, s *server, tcp bool) (*dns.Msg, verdict) {
	r := q.r
	form := q.form(s)
	buf := r.ids.query(make([]byte, 0, 512), q.key, form)
	start := time.Now()
	ctx, stop := context.WithTimeout(ctx, r.cfg.Timeout)
	resp, err := r.cfg.Exchange(ctx, s.addr, buf, tcp)
	stop()
	if err != nil {
		kind := kindOf(err)
		if kind.notFound() {
			// Something the hook needs is missing, such as the host it
			// connects to. That says nothing about the name asked for.
			kind, err = Network, errors.New(err.Error())
		}
		r.event(q.key, s, kind, tcp, 0, start)
		q.fail(s, kind, err)
		return nil, askNext
	}
	how := matchAnswer(resp, buf)
	var m *dns.Msg
	if how == matchNone {
		err = errWrongAnswer
	} else {
		m, err = parseAnswer(resp)
	}
	if err != nil {
		r.event(q.key, s, Malformed, tcp, 1, start)
		q.fail(s, Malformed, err)
		return nil, askNext
	}
	v, kind := q.examine(s, m, how, form, tcp)
	r.event(q.key, s, outcome(m, kind), tcp, 0, start)
	return m, v
}

// examine decides what to make of an answer, and notes what it says about the
// server.
func (q *question) examine(s *server, m *dns.Msg, how match, form form, tcp bool) (verdict, Kind) {
	if how == matchCase && form.mixed {
		s.noMixed(q.r.now())
		q.fail(s, Malformed, errWrongAnswer)
		return askPlain, Malformed
	}
	v, kind, err := judge(m, q.name, form.udpSize != 0, tcp)
	switch v {
	case useIt, askTCP:
		if q.withoutOPT == s {
			s.noEDNS(q.r.now()) // that was the reason
		}
	case askPlain:
		q.withoutOPT = s
	case askNext:
		q.said(s)
	}
	if kind != 0 && v != askTCP {
		if e := q.fail(s, kind, err); e.Kind == kind {
			e.EDE = extendedError(m)
		}
	}
	return v, kind
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

// form returns how to dress the query for s.
func (q *question) form(s *server) form {
	f := s.form(&q.r.cfg, q.r.now())
	if q.withoutOPT == s {
		f.udpSize = 0
	}
	return f
}

// A form says how a query is dressed for a server.
type form struct {
	udpSize uint16 // of the OPT record, 0 for none
	mixed   bool   // letters in random case
}
