package main

import (
	"fmt"
	"strings"

	"github.com/mailsec-go/mailsec/restrict/policyd"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// add adds the steps that have led to a request and are not recorded yet, in
// the order in which a client has to take them.
func (m *message) add(r *policyd.Request) {
	state := r.Get("protocol_state")
	if tls := r.Get("encryption_protocol"); tls != "" && !m.tls {
		m.tls = true
		m.Add(postfix.RecordedStep{TLS: &postfix.RecordedTLS{
			Protocol: tls, Cipher: r.Get("encryption_cipher"), Bits: int(number(r, "encryption_keysize")), ServerName: r.Get("tls_sni"),
			// Postfix names the subject of certificates that it trusts.
			CertSubject: r.Get("ccert_subject"), CertFingerprint: r.Get("ccert_fingerprint"), CertTrusted: r.Get("ccert_subject") != "",
		}})
	}
	if helo := r.Get("helo_name"); helo != m.helo {
		m.helo = helo
		verb := "HELO "
		if r.Get("protocol_name") == "ESMTP" {
			verb = "EHLO "
		}
		m.command(verb + helo)
	}
	if login := r.Get("sasl_username"); login != m.login {
		m.login = login
		m.Add(postfix.RecordedStep{Login: &postfix.RecordedLogin{Mech: r.Get("sasl_method"), User: login}})
	}
	switch state {
	case "MAIL", "RCPT", "DATA", "BDAT", "END-OF-MESSAGE":
		m.transaction(state, r)
	case "VRFY":
		m.command("VRFY " + r.Get("recipient"))
	case "ETRN":
		m.command("ETRN " + r.Get("etrn_domain"))
	}
}

// transaction adds the steps from MAIL on.
func (m *message) transaction(state string, r *policyd.Request) {
	if sender := r.Get("sender"); !m.mail || sender != m.sender {
		m.mail, m.sender = true, sender
		command := "MAIL FROM:" + path(sender)
		if size := number(r, "size"); size > 0 && state != "END-OF-MESSAGE" {
			command += fmt.Sprintf(" SIZE=%d", size)
		}
		m.command(command)
	}
	if to := r.Get("recipient"); to != "" && state != "MAIL" && !m.recipients[to] {
		m.recipients[to] = true
		m.command("RCPT TO:" + path(to))
	}
	if state != "MAIL" && state != "RCPT" && !m.data {
		m.data = true
		m.command("DATA")
	}
	if state == "END-OF-MESSAGE" {
		size := number(r, "size")
		m.Add(postfix.RecordedStep{Data: &size})
	}
}

// command adds a command whose reply is not known.
func (m *message) command(line string) { m.Command(line, postfix.Reply{}) }

// path writes an address as it stands in a command: in brackets, its local part
// quoted where it has to be.
func path(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "<" + address + ">"
	}
	local := address[:at]
	if strings.ContainsAny(local, " \t()<>[]:;\\,\"@") || local == "" || strings.HasPrefix(local, ".") {
		local = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
	}
	return "<" + local + address[at:] + ">"
}
