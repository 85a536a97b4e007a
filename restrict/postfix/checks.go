package postfix

import (
	"context"
	"strings"

	"github.com/mailsec-go/mailsec/restrict"
)

// A check is a condition on the session of the driver.
type check func(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri

// Test runs the check.
func (c check) Test(ctx context.Context, ev *restrict.Eval) restrict.Tri {
	return c(ctx, ev, ev.State.(*Session))
}

// Stages says that checks may stand in any list: one whose subject is not
// known yet does not apply.
func (check) Stages() restrict.Stages { return restrict.AnyStage }

// The classes of check, as replies name them.
const (
	classClient    = "Client host"
	classReverse   = "Unverified Client host"
	classHelo      = "Helo command"
	classSender    = "Sender address"
	classRecipient = "Recipient address"
	classData      = "Data command"
	classEnd       = "End-of-data"
	classEtrn      = "Etrn command"
	classSASL      = "SASL login name"
	classCert      = "Client certificate"
)

func enh(a, b, c uint16) restrict.Enhanced { return restrict.Enhanced{a, b, c} }

// say sets the reply of the running rule.
func say(ev *restrict.Eval, code uint16, e restrict.Enhanced, parts ...string) restrict.Tri {
	out := ev.Say(code, e)
	for _, p := range parts {
		out.Text = append(out.Text, p...)
	}
	return restrict.True
}

// rejected sets the reply "<subject>: class rejected: text".
func rejected(ev *restrict.Eval, code uint16, e restrict.Enhanced, subject, class, text string) restrict.Tri {
	return say(ev, code, e, "<", subject, ">: ", class, " rejected: ", text)
}

// lookupFailed refuses for now because a table could not be searched.
func lookupFailed(ev *restrict.Eval, subject string) restrict.Tri {
	out := ev.Fault(451, enh(4, 3, 0))
	out.Text = append(append(append(out.Text, '<'), subject...), ">: Temporary lookup failure"...)
	return restrict.Unknown
}

// framed is a fixed reply about the running list's subject.
type framed struct {
	code  uint16
	enh   restrict.Enhanced
	text  string
	remap bool // the code is the administrator's: fit it to the class of check
}

// Reply builds "<subject>: class rejected: text".
func (f *framed) Reply(ev *restrict.Eval, out *restrict.Out) {
	out.Code, out.Enh = f.code, f.enh
	if f.remap {
		out.Enh = fixEnhanced(f.enh, ev.Class)
	}
	t := append(append(out.Text[:0], '<'), ev.Subject...)
	t = append(append(t, ">: "...), ev.Class...)
	out.Text = append(append(t, " rejected: "...), f.text...)
}

// fixEnhanced changes an enhanced code about an address into one that fits the
// class of check.
func fixEnhanced(e restrict.Enhanced, class string) restrict.Enhanced {
	if e[1] != 1 {
		return e
	}
	switch class {
	case classSender:
		switch e[2] {
		case 1, 3, 4, 6, 7:
			e[2] = 7
		case 2, 8:
			e[2] = 8
		default:
			e[2] = 0
		}
	case classRecipient:
		switch e[2] {
		case 7:
			e[2] = 3
		case 8:
			e[2] = 2
		case 1, 2, 3, 4, 5, 6:
		default:
			e[2] = 0
		}
	default:
		e[1], e[2] = 0, 0
	}
	return e
}

// The generic checks.

func (p *Policy) plaintext(_ context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	if s.facts.TLS.Protocol != "" {
		return restrict.False
	}
	return say(ev, p.codes.plaintext, enh(4, 7, 1), "Session encryption is required")
}

func pipelining(_ context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	if !s.facts.Pipelining {
		return restrict.False
	}
	return rejected(ev, 503, enh(5, 5, 0), ev.Subject, ev.Class, "Improper use of SMTP command pipelining")
}

func (p *Policy) multiBounce(_ context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	limit := 2
	if ev.Stage() == restrict.Rcpt { // the recipient in question is one more
		limit = 1
	}
	if !s.facts.Knows(restrict.HasSender) || s.facts.Sender.Text != "" || s.facts.RcptCount < limit {
		return restrict.False
	}
	return rejected(ev, p.codes.multiBounce, enh(5, 5, 3), ev.Subject, ev.Class, "Multi-recipient bounce")
}

func (p *Policy) myNetworks(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	ok, err := p.mynetworks.client(ctx, s.facts.ClientName, s.facts.Client)
	if err != nil {
		return lookupFailed(ev, ev.Subject)
	}
	return restrict.Truth(ok)
}

func (p *Policy) ownInterface(_ context.Context, _ *restrict.Eval, s *Session) restrict.Tri {
	return restrict.Truth(p.own(s.socket))
}

func (p *Policy) saslUser(_ context.Context, _ *restrict.Eval, s *Session) restrict.Tri {
	return restrict.Truth(s.facts.Knows(restrict.HasAuth) && (p.saslEnabled || p.version != V37))
}

func (p *Policy) clientCert(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	for _, print := range p.fingerprints(s) {
		if print == "" {
			continue
		}
		_, ok, err := p.certMaps.find(ctx, []byte(print), true)
		if err != nil {
			return lookupFailed(ev, ev.Subject)
		}
		if ok {
			return restrict.True
		}
	}
	return restrict.False
}

// fingerprints returns those of the client certificate and its key, in the
// order in which the version tries them.
func (p *Policy) fingerprints(s *Session) [2]string {
	t := &s.facts.TLS
	if p.version == V37 {
		return [2]string{t.CertFingerprint, t.KeyFingerprint}
	}
	return [2]string{t.KeyFingerprint, t.CertFingerprint}
}

func trustedCert(_ context.Context, _ *restrict.Eval, s *Session) restrict.Tri {
	return restrict.Truth(s.facts.TLS.CertTrusted)
}

// The client checks.

func (p *Policy) unknownClient(_ context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	return p.noName(ev, s.facts.ClientStatus, enh(4, 7, 25), "hostname", s)
}

func (p *Policy) unknownReverse(_ context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	return p.noName(ev, s.facts.ReverseStatus, enh(4, 7, 1), "reverse hostname", s)
}

func (p *Policy) noName(ev *restrict.Eval, st restrict.NameStatus, e restrict.Enhanced, what string, s *Session) restrict.Tri {
	code := p.codes.unknownClient
	switch st {
	case restrict.NameOK:
		return restrict.False
	case restrict.NameTemp:
		code = 450
	}
	return say(ev, code, e, classClient, " rejected: cannot find your ", what, ", [", s.addr, "]")
}

// The HELO checks.

func (p *Policy) invalidHelo(_ context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	if t, done := p.heloLiteral(ev, s); done {
		return t
	}
	name := trimOneDot(s.facts.Helo)
	if validHostname(name) || validIP(name) {
		return restrict.False
	}
	return rejected(ev, p.codes.invalidHost, enh(5, 5, 2), s.facts.Helo, classHelo, "Invalid name")
}

func (p *Policy) nonFQDNHelo(_ context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	if t, done := p.heloLiteral(ev, s); done {
		return t
	}
	name := trimOneDot(s.facts.Helo)
	if validHostname(name) && hasDot(name) {
		return restrict.False
	}
	return rejected(ev, p.codes.nonFQDN, enh(5, 5, 2), s.facts.Helo, classHelo, "need fully-qualified hostname")
}

func (p *Policy) unknownHelo(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	if t, done := p.heloLiteral(ev, s); done {
		return t
	}
	st := p.dns.mailHost(ctx, s.facts.Helo, false)
	code, text := p.codes.unknownHost, "Host not found"
	switch st {
	case dnsOK, dnsNullMX:
		return restrict.False
	case dnsRetry:
		rejected(ev, 450, enh(4, 7, 1), s.facts.Helo, classHelo, text)
		return restrict.Unknown
	case dnsInvalid:
		text = st.text()
	}
	return rejected(ev, code, enh(4, 7, 1), s.facts.Helo, classHelo, text)
}

// heloLiteral deals with HELO arguments that are absent or in brackets.
func (p *Policy) heloLiteral(ev *restrict.Eval, s *Session) (restrict.Tri, bool) {
	if !s.facts.Knows(restrict.HasHelo) {
		return restrict.False, true
	}
	h := s.facts.Helo
	if h == "" || h[0] != '[' {
		return restrict.False, false
	}
	if _, ok := mailLiteral(h); ok {
		return restrict.False, true
	}
	return rejected(ev, p.codes.invalidHost, enh(5, 5, 2), h, classHelo, "invalid ip address"), true
}

// nakedIP permits HELO arguments that are an address without brackets, and
// rejects those that only look like one (permit_naked_ip_address).
func (p *Policy) nakedIP(_ context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	h := s.facts.Helo
	switch {
	case !s.facts.Knows(restrict.HasHelo) || strings.Trim(h, "0123456789.:") != "":
		return restrict.False
	case validIP(h):
		return restrict.True
	}
	rejected(ev, p.codes.invalidHost, enh(5, 5, 2), h, classHelo, "invalid ip address")
	return restrict.Unknown
}

func hasDot(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '.' {
			return true
		}
	}
	return false
}
