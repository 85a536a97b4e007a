package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/emersion/go-smtp"
	"github.com/mailsec-go/mailsec"
	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// This file is the whole of the connection between an SMTP server and the
// restriction lists: one call for each command, and one function that turns the
// answer into a reply.
//
// What go-smtp does not tell the lists can't know: whether a client said HELO or
// EHLO, and whether it sent commands ahead (reject_unauth_pipelining).

// errHangUp stands for the reply of a list that wants the client to get none.
var errHangUp = &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "Connection closed"}

// connect begins the session of the lists.
func (s *session) connect(ctx context.Context) error {
	client := postfix.Client{
		Addr:  s.client.Addr(),
		Port:  s.client.Port(),
		Local: addrPort(s.smtp.Conn().LocalAddr()),
		Trace: &s.trace,
	}
	s.lists = s.port.policy.NewSession(client)
	if state, ok := s.smtp.TLSConnectionState(); ok {
		s.lists.SetTLS(tlsFacts(state), state.ServerName)
	}
	greeting := s.lists.Connect(ctx)
	s.beginRecording(client, greeting)
	return s.obey(greeting, s.decision())
}

// hello passes the name on that the client calls itself.
func (s *session) hello(ctx context.Context) error {
	s.helo = s.smtp.Hostname()
	return s.obey(s.recording.Command("EHLO "+s.helo, s.lists.Helo(ctx, s.helo, true)), s.decision())
}

func (s *session) mail(ctx context.Context, from string, opts *smtp.MailOptions, d *decision) error {
	arg := "FROM:" + path(from)
	if opts != nil && opts.Size > 0 {
		arg += fmt.Sprintf(" SIZE=%d", opts.Size)
	}
	return s.obey(s.recording.Command("MAIL "+arg, s.lists.Mail(ctx, arg)), d)
}

func (s *session) rcpt(ctx context.Context, to string, d *decision) error {
	// The SPF service is called by a list, deep down. The context takes its
	// verdict back here.
	ctx = context.WithValue(ctx, decisionKey{}, d)
	arg := "TO:" + path(to)
	return s.obey(s.recording.Command("RCPT "+arg, s.lists.Rcpt(ctx, arg)), d)
}

func (s *session) data(ctx context.Context, d *decision) error {
	return s.obey(s.recording.Command("DATA", s.lists.Data(ctx)), d)
}

// endOfData tells the lists what the message authentication found, and asks for
// their last word.
func (s *session) endOfData(ctx context.Context, size int64, result *mailsec.Result, d *decision) error {
	if result != nil {
		facts := s.lists.Facts()
		facts.DMARC, facts.DMARCPolicy = d.DMARC, result.DMARC.Disposition.String()
		facts.Has |= restrict.HasDMARC
	}
	reply, ok := s.lists.CheckMessage(ctx, size)
	s.recordMessage(size, d, reply)
	if !ok {
		return s.obey(reply, d)
	}
	return nil
}

// obey returns nil for a command that the lists let pass, and otherwise reports
// their reply and returns it. The decision gets the rule either way.
func (s *session) obey(r postfix.Reply, d *decision) error {
	rule, why := deciding(&s.trace, r.OK())
	s.trace.Reset()
	if rule != "" {
		d.Rule = rule
	}
	if r.OK() {
		return nil
	}
	text := strings.Join(r.Lines, "\n")
	if rule == "" {
		d.Rule = "SMTP" // a mistake in the command, or commands out of order
	}
	_, said, _ := cutLast(text, "rejected: ")
	for _, reason := range []string{why, said, text} {
		if d.Why == "" {
			d.Why = reason
		}
	}
	switch {
	case r.Silent:
		s.conn.Close()
		return s.report(d, errHangUp)
	case r.Close:
		s.conn.closeAfterReply()
	}
	return s.report(d, smtpError(r.Code, r.Enhanced, text))
}

// deciding returns the rule that had the last word according to a trace, and
// what it noted. When the command has passed, that is the rule that accepted the
// recipient; there is none if no rule objected.
func deciding(t *restrict.Trace, passed bool) (rule, why string) {
	for i := len(t.Steps) - 1; i >= 0; i-- {
		step := t.Steps[i]
		switch {
		case step.Depth > 1 || step.Dry: // part of a rule; a rule that only warns
			continue
		case passed && step.List.Name != "smtpd_recipient_restrictions": // not the last list
			continue
		case passed && step.Kind == restrict.Accepted, !passed && step.Kind.Refused():
			return step.List.Rules[step.Rule].Pos.String(), strings.Join(t.Notes(i), "; ")
		}
	}
	return "", ""
}

// path writes an address that go-smtp has taken apart as it stands in a command:
// in brackets, its local part quoted where it has to be.
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
