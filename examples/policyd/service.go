package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/mailsec-go/mailsec/restrict/policyd"
	"github.com/mailsec-go/mailsec/spf"
)

// A service answers policy requests with SPF. It is a [policyd.Handler].
type service struct {
	checker  spf.Checker
	recorder *recorder // nil without -record
	marked   recent    // messages that have their Received-SPF field
	log      *slog.Logger
}

const (
	noOpinion = "DUNNO"
	// later is the answer when there is none: a check that can't be made must
	// not let mail pass that it might have refused.
	later = "451 4.7.24 SPF cannot be checked, try again later"
)

// ServePolicy returns an action of access(5).
func (s *service) ServePolicy(ctx context.Context, r *policyd.Request) string {
	s.recorder.add(r)
	v, err := s.check(ctx, r)
	action := noOpinion
	switch {
	case err != nil:
		action = later
	case v != nil && !v.Trusted:
		action = s.action(v, r.Get("instance"))
	}
	attrs := []any{"client", r.Get("client_address"), "helo", r.Get("helo_name"), "sender", r.Get("sender"),
		"recipient", r.Get("recipient"), "action", action}
	if v != nil {
		attrs = append(attrs, "spf", v.String())
	}
	if err != nil {
		s.log.Error("no answer", append(attrs, "err", err)...)
	} else {
		s.log.Info("answered", attrs...)
	}
	return action
}

// check asks SPF. The verdict is nil when the request is none of its business.
func (s *service) check(ctx context.Context, r *policyd.Request) (*spf.Verdict, error) {
	switch r.Get("protocol_state") {
	case "MAIL", "RCPT", "DATA", "END-OF-MESSAGE", "BDAT":
	default: // the sender is not known yet, or does not matter
		return nil, nil
	}
	if r.Get("sasl_username") != "" {
		return nil, nil
	}
	ip, err := netip.ParseAddr(r.Get("client_address"))
	if err != nil {
		return nil, err
	}
	return s.checker.Check(ctx, spf.Request{IP: ip, Helo: r.Get("helo_name"), MailFrom: r.Get("sender")})
}

// action refuses what the verdict refuses. Anything else passes with a
// Received-SPF field (RFC 7208, section 9.1), which a message gets once: it is
// asked about for every recipient.
func (s *service) action(v *spf.Verdict, instance string) string {
	if code, enhanced, text := v.Reply(); code != 0 {
		return fmt.Sprintf("%d %s %s", code, enhanced, text)
	}
	if instance != "" && !s.marked.add(instance) {
		return noOpinion
	}
	// An action is one line; the field need not be folded.
	return "PREPEND Received-SPF: " + strings.Join(strings.Fields(v.ReceivedSPF(s.checker.Hostname)), " ")
}
