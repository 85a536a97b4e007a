package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/mailsec-go/mailsec"
	"github.com/mailsec-go/mailsec/authres"
	"github.com/mailsec-go/mailsec/dkim"
	"github.com/mailsec-go/mailsec/dmarc"
)

// errBareLineEnd refuses what other servers may take for the end of a message
// and the begin of another (SMTP smuggling).
var errBareLineEnd = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 6, 0},
	Message: "Bare CR or LF in the message: line ends are CR LF"}

// errFolded refuses a message that begins with a continuation line. It would
// become part of our own Authentication-Results field, in the sender's words.
var errFolded = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 6, 0},
	Message: "The message does not begin with a header field"}

// receive takes a message in, authenticates it on the way, and stores it when
// nothing speaks against it. The decision says why, whatever becomes of it.
func (s *session) receive(ctx context.Context, r io.Reader, d *decision) error {
	sp, err := newSpool(s.server.inbox)
	if err != nil {
		return err
	}
	defer sp.remove()

	result, err := s.authenticate(ctx, sp, r)
	if err != nil {
		return err
	}
	if sp.bareLineEnd() {
		d.Rule, d.Why = "line ends", "a CR or LF that stands alone"
		return errBareLineEnd
	}
	if sp.beginsFolded() {
		d.Rule, d.Why = "header", "the message begins with a continuation line"
		return errFolded
	}
	if result == nil {
		d.Why = s.login + " has logged in"
	} else if err := judge(result, d); err != nil {
		return err
	}
	if err := s.endOfData(ctx, sp.size, result, d); err != nil {
		return err
	}
	return s.store(sp, result, d)
}

// authenticate copies the message from r into the spool, and through the
// Authenticator unless the client has logged in: then we know who it is.
func (s *session) authenticate(ctx context.Context, sp *spool, r io.Reader) (*mailsec.Result, error) {
	if s.login != "" {
		_, err := io.Copy(sp, r)
		return nil, err
	}
	w, err := s.server.auth.NewWriter(ctx, mailsec.Envelope{IP: s.client.Addr(), Helo: s.helo, MailFrom: s.sender})
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.MultiWriter(sp, w), r); err != nil {
		w.Abort()
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// judge acts on the results: a message whose author's domain asks for it is
// refused, or for now when that could not be found out.
func judge(r *mailsec.Result, d *decision) error {
	d.SPF, d.DKIM, d.DMARC = "none", dkimResult(r.DKIM), r.DMARC.Result.String()
	if r.SPF != nil {
		d.SPF = r.SPF.Result.String()
	}
	if d.Rule != "" {
		d.Rule += ", then "
	}
	d.Rule, d.Why = d.Rule+"dmarc", dmarcReason(&r.DMARC)
	if code, enhanced, text := r.DMARC.Reply(); code != 0 {
		return smtpError(code, enhanced, text)
	}
	return nil
}

// dkimResult sums the signatures up: one that holds is enough.
func dkimResult(r *dkim.Report) string {
	sum := "none"
	for i := range r.Results {
		sum = r.Results[i].Status.String()
		if r.Results[i].Status == dkim.Pass {
			break
		}
	}
	return sum
}

// dmarcReason says what DMARC went by.
func dmarcReason(e *dmarc.Evaluation) string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.RecordDomain == "":
		return fmt.Sprintf("%s publishes no DMARC policy", e.AuthorDomain)
	case e.Result == dmarc.Pass:
		var by []string
		if e.SPFAligned {
			by = append(by, "SPF")
		}
		if e.DKIMAligned {
			by = append(by, "DKIM")
		}
		return fmt.Sprintf("%s is confirmed by aligned %s", e.AuthorDomain, strings.Join(by, " and "))
	}
	return fmt.Sprintf("nothing aligned confirms %s, whose policy is %s", e.AuthorDomain, e.Disposition)
}

// store writes the message into the maildir: below Junk when DMARC asks for
// quarantine.
func (s *session) store(sp *spool, result *mailsec.Result, d *decision) error {
	header, rest, err := sp.parts()
	if err != nil {
		return err
	}
	id, name := newName(s.server.hostname, time.Now())
	// Whoever wrote the message may have put a field into it that looks like
	// ours.
	header = authres.RemoveForged(header, s.server.hostname)
	field, err := s.authField(result)
	if err != nil {
		return err
	}
	box := s.server.inbox
	if result != nil && result.DMARC.Disposition == dmarc.PolicyQuarantine {
		box = s.server.junk
	}
	if err := box.deliver(name, bytes.NewReader(s.stamp(id)), bytes.NewReader(field), bytes.NewReader(header), rest); err != nil {
		return err
	}
	d.QueueID, d.Field = id, string(field)
	return nil
}
