package postfix

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/internal/postconf"
	"github.com/mailsec-go/mailsec/restrict"
)

// A policyCheck is one check_policy_service. It implements [restrict.Source].
type policyCheck struct {
	p       *Policy
	client  PolicyClient
	spec    string
	context string
	failed  *restrict.List // default_action
}

// policyBuilder compiles check_policy_service.
func policyBuilder(l *lister, name string) {
	arg, ok := l.take()
	if !ok || l.action {
		l.add(name, invalid())
		return
	}
	if !strings.Contains(arg, ":") {
		l.c.fail(l.pos.Text, arg, ErrFatal, "write transport:server, such as inet:127.0.0.1:10023")
		return
	}
	if l.c.cfg.Policy == nil {
		l.c.fail(l.pos.Text, arg, ErrNeed, "set Config.Policy")
		return
	}
	ps, act, context, err := l.c.policyService(arg)
	if err != nil {
		l.c.fail(l.pos.Text, arg, ErrFatal, err.Error())
		return
	}
	pc := &policyCheck{p: l.c.p, spec: arg, context: context, client: l.c.cfg.Policy(ps)}
	pc.failed = l.c.action(act, arg, "default_action")
	l.add(name+" "+arg, restrict.Rule{Verb: restrict.Include, From: pc})
}

// policyService reads the argument of check_policy_service: a server, or a
// server with settings of its own in braces.
func (c *compiler) policyService(arg string) (ps PolicyService, act, context string, err error) {
	act, context = c.p.defaultAct, c.p.context
	ps = PolicyService{
		Timeout:    c.duration("smtpd_policy_service_timeout"),
		TryLimit:   int(c.number("smtpd_policy_service_try_limit", 1, 1<<30)),
		RetryDelay: c.duration("smtpd_policy_service_retry_delay"),
	}
	ps.RequestLimit = int(c.number("smtpd_policy_service_request_limit", 0, 1<<30))
	server := arg
	if strings.HasPrefix(arg, "{") {
		inner, err := postconf.Unbrace(arg)
		if err != nil {
			return ps, "", "", err
		}
		parts := postconf.Fields(strings.ReplaceAll(inner, " = ", "="))
		if len(parts) == 0 {
			return ps, "", "", ErrSyntax
		}
		server = parts[0]
		for _, set := range joinSettings(parts[1:]) {
			if strings.HasPrefix(set, "{") {
				if set, err = postconf.Unbrace(set); err != nil {
					return ps, "", "", err
				}
			}
			name, value, err := postconf.NameValue(set)
			if err != nil {
				return ps, "", "", err
			}
			if err := ps.set(name, value, &act, &context); err != nil {
				return ps, "", "", err
			}
		}
	}
	switch {
	case strings.HasPrefix(server, "inet:"):
		ps.Network, ps.Address = "tcp", server[5:]
		if !strings.Contains(ps.Address, ":") {
			ps.Address = "localhost:" + ps.Address
		}
	case strings.HasPrefix(server, "unix:"):
		ps.Network, ps.Address = "unix", server[5:]
	default:
		ps.Network, ps.Address = "unix", server[strings.IndexByte(server, ':')+1:]
	}
	return ps, act, context, nil
}

// joinSettings puts "name", "=" and "value" written with blanks together.
func joinSettings(parts []string) []string {
	var out []string
	for i := 0; i < len(parts); i++ {
		switch {
		case parts[i] == "=" && len(out) > 0 && i+1 < len(parts):
			out[len(out)-1] += "=" + parts[i+1]
			i++
		case strings.HasSuffix(parts[i], "=") && i+1 < len(parts):
			out = append(out, parts[i]+parts[i+1])
			i++
		default:
			out = append(out, parts[i])
		}
	}
	return out
}

// set applies one setting of a service.
func (ps *PolicyService) set(name, value string, act, context *string) (err error) {
	switch name {
	case "default_action":
		*act = value
	case "policy_context":
		*context = value
	case "timeout":
		ps.Timeout, err = parseDuration(value)
	case "retry_delay":
		ps.RetryDelay, err = parseDuration(value)
	case "max_idle":
		ps.MaxIdle, err = parseDuration(value)
	case "max_ttl":
		ps.MaxTTL, err = parseDuration(value)
	case "try_limit":
		ps.TryLimit, err = strconv.Atoi(value)
	case "request_limit":
		ps.RequestLimit, err = strconv.Atoi(value)
	default:
		return ErrValue
	}
	return err
}

func (c *compiler) duration(param string) time.Duration {
	d, err := parseDuration(strings.TrimSpace(c.get(param)))
	if err != nil {
		c.fail(param, c.get(param), ErrFatal, "write a number and one of s, m, h, d, w")
	}
	return d
}

// parseDuration reads a time such as 100s; a bare number is seconds.
func parseDuration(s string) (time.Duration, error) {
	unit := time.Second
	if s != "" {
		if u, ok := map[byte]time.Duration{
			's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
		}[s[len(s)-1]]; ok {
			unit, s = u, s[:len(s)-1]
		}
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		return 0, ErrValue
	}
	return time.Duration(n) * unit, nil
}

// Pick asks the server and compiles its action.
func (pc *policyCheck) Pick(ctx context.Context, ev *restrict.Eval) *restrict.List {
	s := ev.State.(*Session)
	action, err := pc.client.Query(ctx, s.attributes(ev.Stage(), pc.context))
	if err != nil {
		ev.AddEffect(restrict.Effect{Kind: restrict.Warning, Text: "problem talking to server " + pc.spec + ": " + err.Error()})
		return pc.failed
	}
	if ev.Trace != nil {
		ev.Note("action ", hideKeys(action))
	}
	return pc.p.action(action, pc.spec, "")
}

// attributes are those of a policy request, in the order of the version.
func (s *Session) attributes(st restrict.Stage, policyContext string) []restrict.Attr {
	f := &s.facts
	attrs := make([]restrict.Attr, 0, 40)
	add := func(name, value string) { attrs = append(attrs, restrict.Attr{Name: name, Value: value}) }
	state := st.String()
	if st == restrict.Helo {
		state = s.where
	}
	count := "0"
	if st == restrict.Data || st == restrict.Message {
		count = itoa(f.RcptCount)
	}
	server := f.Server.Addr()
	add("request", "smtpd_access_policy")
	add("protocol_state", state)
	add("protocol_name", f.Protocol)
	add("client_address", s.addr)
	add("client_name", f.ClientName)
	add("client_port", itoa(int(f.ClientPort)))
	add("reverse_client_name", f.ReverseName)
	add("server_address", addrText(server))
	add("server_port", itoa(int(f.Server.Port())))
	add("helo_name", f.Helo)
	add("sender", f.Sender.Text)
	add("recipient", f.Recipient.Text)
	add("recipient_count", count)
	add("queue_id", f.QueueID)
	add("instance", f.Instance)
	add("size", strconv.FormatInt(f.Size, 10))
	add("etrn_domain", f.Etrn)
	add("stress", "")
	add("sasl_method", f.AuthMech)
	add("sasl_username", f.AuthID)
	add("sasl_sender", f.AuthSender)
	add("ccert_subject", f.TLS.CertSubject)
	add("ccert_issuer", f.TLS.CertIssuer)
	add("ccert_fingerprint", f.TLS.CertFingerprint)
	add("ccert_pubkey_fingerprint", f.TLS.KeyFingerprint)
	add("encryption_protocol", f.TLS.Protocol)
	add("encryption_cipher", f.TLS.Cipher)
	add("encryption_keysize", itoa(f.TLS.Bits))
	add("policy_context", policyContext)
	if s.p.version != V37 {
		add("compatibility_level", s.p.level)
		add("mail_version", "3.12.0")
		add("tls_sni", s.sni)
	}
	return attrs
}

type relayDenied struct{ code uint16 }

// Reply refuses a recipient for check_relay_domains.
func (r *relayDenied) Reply(ev *restrict.Eval, out *restrict.Out) {
	s := ev.State.(*Session)
	f := framed{code: r.code, enh: enh(5, 7, 1), text: "Relay access denied"}
	ev.Subject, ev.Class = s.facts.Recipient.Text, classRecipient
	f.Reply(ev, out)
}

func haveRecipient(_ context.Context, _ *restrict.Eval, s *Session) restrict.Tri {
	return restrict.Truth(s.facts.Knows(restrict.HasRecipient))
}
