package postfix

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postconf"
)

// params looks at single parameters.
func (l *linter) params() {
	l.inboundTLS()
	if l.service != "" {
		return // those of main.cf were looked at
	}
	for _, w := range l.c.conf.Warnings() {
		l.report(Finding{Rule: "set-twice", Level: Warning, File: w.Pos.File, Line: w.Pos.Line, Param: w.Text, Message: "the parameter is set twice", Advice: w.Advice})
	}
	for _, name := range l.c.conf.Names() {
		l.misspelled(name)
		if strings.HasSuffix(name, "_reject_code") || strings.HasSuffix(name, "_defer_code") || name == "reject_code" || name == "defer_code" {
			l.code(name)
		}
	}
	if l.is("soft_bounce", "yes") {
		l.param("soft_bounce", "soft-bounce", Warning, "every refusal is sent as temporary, so senders try for days", "set soft_bounce = no when the tests are over")
	}
	if len(l.elements["smtpd_helo_restrictions"]) > 0 && !l.is("smtpd_helo_required", "yes") {
		l.param("smtpd_helo_restrictions", "helo-not-required", Warning, "a client that sends no HELO skips this list", "set smtpd_helo_required = yes")
	}
	if p, ok := l.c.conf.Lookup("compatibility_level"); !ok || p.Value == "0" {
		if _, set := l.c.conf.Lookup("smtpd_relay_restrictions"); !set {
			l.param("smtpd_relay_restrictions", "no-relay-list", Note, "at compatibility_level 0 this list is empty, so smtpd_recipient_restrictions alone keeps strangers from relaying",
				"set smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination")
		}
	}
	for i := range l.elements["smtpd_relay_restrictions"] {
		e := &l.elements["smtpd_relay_restrictions"][i]
		if _, set := l.c.conf.Lookup(e.list); set && e.name == "defer_unauth_destination" {
			l.at(e, "defer-relay", Note, "strangers who try to relay are told to come back later, and do", "write reject_unauth_destination")
		}
	}
}

func (l *linter) is(name, value string) bool {
	return strings.EqualFold(strings.TrimSpace(l.c.get(name)), value)
}

// code looks at a reply code.
func (l *linter) code(name string) {
	n, err := strconv.Atoi(strings.TrimSpace(l.c.get(name)))
	switch {
	case err != nil:
	case n < 400 || n > 599:
		l.param(name, "reply-code", Danger, "the code is neither 4NN nor 5NN, so the reply becomes 450 4.7.1 Service unavailable", "write a code from 400 to 599")
	case n < 500 && name == "access_map_reject_code":
		l.param(name, "reply-code", Warning, "every REJECT of an access table becomes a deferral", "write 554")
	}
}

// misspelled looks for parameters that Postfix does not know.
func (l *linter) misspelled(name string) {
	if _, known := defaults[name]; known || slices.Contains(postconf.Fields(l.c.get("smtpd_restriction_classes")), name) || l.c.builders[name].build != nil {
		return
	}
	if fixed := fixPrefix(name); fixed != "" {
		l.param(name, "unknown-parameter", Danger, "Postfix ignores a parameter it does not know", "did you mean "+fixed+"?")
		return
	}
	client := strings.HasPrefix(name, "smtp_") || strings.HasPrefix(name, "lmtp_")
	best, where := 3, ""
	for known := range defaults {
		if client && strings.HasPrefix(known, "smtpd_") && !serverOnly(known) {
			continue // the client has such a parameter too
		}
		if d := distance(name, known, best); d < best || d == best && d < 3 && known < where {
			best, where = d, known
		}
	}
	if where == "" || otherParams[name] {
		return
	}
	l.param(name, "unknown-parameter", Danger, "Postfix ignores a parameter it does not know", "did you mean "+where+"?")
}

// fixPrefix returns the name of a parameter whose first word is smtpd or smtp
// with its letters mixed up; "" for other names.
func fixPrefix(name string) string {
	word, rest, ok := strings.Cut(name, "_")
	switch {
	case !ok:
	case slices.Contains([]string{"smptd", "stmpd", "smtdp", "smpdt", "smtd", "smpd", "smtpdd", "smtppd", "msmtpd", "sntpd", "smtpt"}, word):
		return "smtpd_" + rest
	case slices.Contains([]string{"smpt", "stmp", "smtpp", "sntp"}, word):
		return "smtp_" + rest
	}
	return ""
}

// serverOnly reports whether only the server has a parameter of this kind.
func serverOnly(name string) bool {
	return strings.HasSuffix(name, "_restrictions") || strings.HasSuffix(name, "_login_maps") ||
		name == "smtpd_helo_required" || name == "smtpd_delay_reject" || name == "smtpd_reject_footer"
}

// otherParams are parameters that this package does not read and whose names
// are close to one it reads.
var otherParams = map[string]bool{
	"relay_transport": true, "default_transport": true, "local_transport": true, "mydomain_fallback": true,
	"inet_protocols": true, "lmtp_sasl_auth_enable": true, "smtp_sasl_auth_enable": true, "smtp_tls_security_level": true,
	"lmtp_tls_security_level": true, "smtp_enforce_tls": true, "virtual_transport": true, "smtpd_use_tls": true,
	"alias_maps": true, "virtual_alias_recursion_limit": true, "smtpd_tls_ask_ccert": true, "bounce_notice_recipient": true,
	"smtp_helo_name": true, "2bounce_notice_recipient": true, "relocated_maps": true, "transport_maps": true,
}

// master looks at master.cf: client parameters on servers and server parameters
// on clients.
func (l *linter) master(services postconf.Services, err error) {
	l.c = &compiler{cfg: &Config{File: "master.cf"}}
	l.c.conf = postconf.FromMap("master.cf", nil)
	if err != nil {
		l.report(Finding{Rule: "fatal", Level: Danger, File: "master.cf", Message: err.Error()})
	}
	for i := range services {
		s := &services[i]
		l.service = s.Name
		for _, o := range s.Overrides {
			f := Finding{Rule: "wrong-side", Level: Danger, File: o.Pos.File, Line: o.Pos.Line, Param: o.Name, Text: o.Value}
			switch {
			case s.Command == "smtpd" && (strings.HasPrefix(o.Name, "smtp_") || strings.HasPrefix(o.Name, "lmtp_")):
				f.Message = "smtp_ parameters are those of the client that sends mail; a server ignores them"
				f.Advice = "write smtpd_" + strings.TrimPrefix(strings.TrimPrefix(o.Name, "lmtp_"), "smtp_")
			case (s.Command == "smtp" || s.Command == "lmtp") && strings.HasPrefix(o.Name, "smtpd_"):
				f.Message = "smtpd_ parameters are those of the server that receives mail; a client ignores them"
				f.Advice = "write smtp_" + strings.TrimPrefix(o.Name, "smtpd_")
			default:
				continue
			}
			l.report(f)
		}
	}
	l.service = ""
}

// inboundTLS finds protocols set by the parameter that does not count.
func (l *linter) inboundTLS() {
	get := func(name string) string { return strings.TrimSpace(l.c.get(name)) }
	level := lower(get("smtpd_tls_security_level"))
	encrypt := level == "encrypt" || level == "" && (l.is("smtpd_enforce_tls", "yes") || l.is("smtpd_tls_wrappermode", "yes"))
	if encrypt && get("smtpd_tls_protocols") != "" && get("smtpd_tls_mandatory_protocols") == "" {
		l.param("smtpd_tls_protocols", "tls-mandatory", Danger, "with "+orDefault(l.service, "main.cf")+" at level encrypt, Postfix reads smtpd_tls_mandatory_protocols and ignores this parameter, so old protocols stay on",
			"set smtpd_tls_mandatory_protocols to the same value")
	}
}
