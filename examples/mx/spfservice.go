package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/spf"
)

// An spfService is what "check_policy_service unix:private/spf" asks. Postfix
// would ask a daemon over a socket; here the daemon is a function.
type spfService struct {
	checker *spf.Checker
}

// Query answers with an action of access(5): a refusal for fail, a later try
// when DNS does not answer, and no opinion otherwise. A permerror is the
// sender's mistake, and refused as well.
func (s *spfService) Query(ctx context.Context, attrs []restrict.Attr) (action string, err error) {
	request := spf.Request{}
	for _, a := range attrs {
		switch a.Name {
		case "client_address":
			request.IP, err = netip.ParseAddr(a.Value)
			if err != nil {
				return "", err
			}
		case "helo_name":
			request.Helo = a.Value
		case "sender":
			request.MailFrom = a.Value
		}
	}
	v, err := s.checker.Check(ctx, request)
	if err != nil {
		return "", err
	}
	if d, ok := ctx.Value(decisionKey{}).(*decision); ok {
		d.SPF = string(v.Result)
		d.Why = spfReason(v)
	}
	code, enhanced, text := v.Reply()
	if code == 0 {
		return "DUNNO", nil
	}
	return fmt.Sprintf("%d %s %s", code, enhanced, text), nil
}

// spfReason says which terms, through which records, led to the verdict.
func spfReason(v *spf.Verdict) string {
	if v.Cause != nil {
		return v.Cause.Error()
	}
	var steps []string
	for _, step := range v.Path {
		steps = append(steps, fmt.Sprintf("%q in the SPF record of %s", step.Term, step.Domain))
	}
	return strings.Join(steps, ", ")
}
