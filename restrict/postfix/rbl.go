package postfix

import (
	"context"
	"strings"

	"github.com/mailsec-go/mailsec/rbl"
	"github.com/mailsec-go/mailsec/restrict"
)

// maxReason bounds the reason that a DNS list gives.
const maxReason = 500

// A listCheck is one reject_rbl_client, reject_rhsbl_* or permit_* lookup.
type listCheck struct {
	p       *Policy
	arg     string // the argument as written, the key into rbl_reply_maps
	zone    string
	match   rbl.Matcher // zero for any answer
	bad     error       // the pattern does not compile: Postfix dies
	subject func(s *Session) (what string, ok bool)
	class   string
	permit  bool
	byAddr  bool   // the subject is the client's address
	tail    string // zone with its final dot
	shown   string // zone as traces show it, without the customer's key
	zoneOK  bool   // names below zone are host names
}

func (p *Policy) newListCheck(arg string) *listCheck {
	l := &listCheck{p: p, arg: arg}
	zone, pattern, ok := strings.Cut(arg, "=")
	l.zone, l.tail = zone, zone+"."
	l.shown = hideKey(zone) + "."
	l.zoneOK = validHostname("1." + zone)
	if ok {
		l.match, l.bad = rbl.ParsePattern(pattern)
	}
	return l
}

// The subjects of DNS lists.

func subjectAddr(s *Session) (string, bool) { return s.addr, s.facts.Client.IsValid() }

func subjectClient(s *Session) (string, bool) {
	return s.facts.ClientName, s.facts.ClientName != "unknown"
}

func subjectReverse(s *Session) (string, bool) {
	return s.facts.ReverseName, s.facts.ReverseName != "unknown"
}

func subjectHelo(s *Session) (string, bool) {
	return s.facts.Helo, s.facts.Knows(restrict.HasHelo)
}

func subjectSender(s *Session) (string, bool) {
	return s.facts.Sender.Text, s.facts.Knows(restrict.HasSender) && s.facts.Sender.Text != ""
}

func subjectRecipient(s *Session) (string, bool) {
	return s.facts.Recipient.Text, s.facts.Knows(restrict.HasRecipient) && s.facts.Recipient.Text != ""
}

// maxQueryNames bounds the names that a session keeps.
const maxQueryNames = 8

// queryName returns the name to look up below a zone. The client's address
// stays, so the first few names are kept for the recipients that follow.
func (s *Session) queryName(tail string) string {
	for _, name := range s.queryNames {
		if len(name) == len(s.reversed)+len(tail) && name[len(s.reversed):] == tail {
			return name
		}
	}
	name := s.reversed + tail
	if len(s.queryNames) < maxQueryNames {
		s.queryNames = append(s.queryNames, name)
	}
	return name
}

// query builds the absolute name to look up. ok is false for a subject that lists of
// domains do not know.
func (l *listCheck) query(s *Session, what string) (string, bool) {
	if l.byAddr {
		if s.reversed == "" {
			s.reversed = string(rbl.AppendIP(nil, s.facts.Client))
		}
		if s.reversed == "" || !l.zoneOK {
			return "", false
		}
		return s.queryName(l.tail), true
	}
	domain := what
	if i := strings.LastIndexByte(what, '@'); i >= 0 {
		domain = what[i+1:]
	}
	last := domain[strings.LastIndexByte(domain, '.')+1:]
	if domain == "" || domain[0] == '[' || strings.Trim(last, "0123456789") == "" || !validHostname(domain) {
		return "", false
	}
	return domain + "." + l.tail, true
}

// Test looks the subject up.
func (l *listCheck) Test(ctx context.Context, ev *restrict.Eval) restrict.Tri {
	s := ev.State.(*Session)
	what, ok := l.subject(s)
	if !ok {
		return restrict.False
	}
	name, ok := l.query(s, what)
	if !ok {
		return restrict.False
	}
	listed, reason, failed := l.lookup(ctx, ev, name)
	switch {
	case l.bad != nil && !failed:
		ev.AddEffect(restrict.Effect{Kind: restrict.Warning, Text: "RBL reply error: " + l.bad.Error()})
		ev.AddEffect(restrict.Effect{Kind: restrict.Hangup})
		return restrict.False
	case failed && l.permit:
		rejected(ev, 450, enh(4, 7, 1), what, l.class, "Service unavailable")
		ev.DeferIfReject()
		return restrict.False
	case !listed:
		return restrict.False
	case l.permit:
		return restrict.True
	}
	return l.reply(ctx, ev, s, what, reason)
}

// Stages says that the check may stand in any list.
func (*listCheck) Stages() restrict.Stages { return restrict.AnyStage }

// lookup asks the list. The reason is fetched only for a listing; Postfix 3.7
// does it for every answer.
func (l *listCheck) lookup(ctx context.Context, ev *restrict.Eval, name string) (listed bool, reason string, failed bool) {
	if !l.byAddr && !validHostname(name[:len(name)-1]) {
		return false, "", false
	}
	addrs, err := l.p.dns.r.LookupNetIP(ctx, "ip4", name)
	st := status(err, len(addrs))
	if ev.Trace != nil {
		ev.Note("dns ", name[:len(name)-len(l.tail)], l.shown, " A")
		for _, a := range addrs {
			ev.Note(a.String())
		}
	}
	if st != dnsOK {
		return false, "", st == dnsRetry
	}
	if l.bad == nil {
		listed = l.match.IsZero() || l.match.Accepts(addrs)
	}
	if listed && !l.permit || l.p.version == V37 {
		texts, _ := l.p.dns.txt(ctx, name)
		reason = joinReasons(texts)
	}
	return listed, reason, false
}

// joinReasons joins the texts of a list and makes them printable.
func joinReasons(texts []string) string {
	var b []byte
	for i, t := range texts {
		if i > 0 {
			b = append(b, " / "...)
		}
		b = append(b, t...)
	}
	if len(b) > maxReason {
		b = b[:maxReason]
	}
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = ' '
		}
	}
	return string(b)
}

// reply builds the reply for a listing from the template.
func (l *listCheck) reply(ctx context.Context, ev *restrict.Eval, s *Session, what, reason string) restrict.Tri {
	p := l.p
	macros := func(name string) (string, bool) {
		switch name {
		case "rbl_code":
			return itoa(int(p.codes.rbl)), true
		case "rbl_domain":
			return l.zone, true
		case "rbl_reason", "rbl_txt":
			return p.filterText(reason), true
		case "rbl_what":
			return p.filterText(what), true
		case "rbl_class":
			return l.class, true
		}
		return s.macro(name)
	}
	unknown := func(name string) {
		ev.AddEffect(restrict.Effect{Kind: restrict.Warning, Text: "unknown macro name " + name})
	}
	own, found, err := l.template(ctx)
	if err != nil {
		return lookupFailed(ev, what)
	}
	var text []byte
	ok := false
	if found {
		text, ok = parseTemplate(own).append(nil, macros, unknown)
	}
	if !ok {
		if text, ok = p.rblReply.append(text[:0], macros, unknown); !ok {
			ev.AddEffect(restrict.Effect{Kind: restrict.Hangup})
			return restrict.False
		}
	}
	return l.split(ev, string(text))
}

// template looks the reply of the list up.
func (l *listCheck) template(ctx context.Context) (string, bool, error) {
	v, ok, err := l.p.rblReplies.find(ctx, []byte(l.arg), true)
	if ok || err != nil || l.arg == l.zone || l.p.version == V37 {
		return v, ok, err
	}
	return l.p.rblReplies.find(ctx, []byte(l.zone), true)
}

// split takes the codes off the front of a reply.
func (l *listCheck) split(ev *restrict.Eval, text string) restrict.Tri {
	if len(text) < 4 || text[0] != '4' && text[0] != '5' || !isDigits(text[1:3]) || text[3] != ' ' ||
		strings.TrimSpace(text[4:]) == "" {
		ev.AddEffect(restrict.Effect{Kind: restrict.Warning, Text: "rbl response code configuration error: " + text})
		return say(ev, 450, enh(4, 7, 1), "Service unavailable")
	}
	code := uint16(text[0]-'0')*100 + uint16(text[1]-'0')*10 + uint16(text[2]-'0')
	e := enh(code/100, 7, 1)
	rest := strings.TrimLeft(text[4:], " \t")
	if given, n := restrict.ParseEnhanced(rest); n > 0 {
		e, rest = given, strings.TrimLeft(rest[n:], " \t")
	}
	return say(ev, code, fixEnhanced(e, l.class), rest)
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
