package conformance

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/spf"
)

// spfCase is one line of cases/spf; its README says what the fields mean.
type spfCase struct {
	Zone   []string
	Faults []struct{ Name, Type, Fault string }
	IP     string
	Helo   string
	// MailFrom is null for a check of the HELO identity.
	MailFrom    *string
	Results     []spf.Result
	Explanation *string
}

func TestSPF(t *testing.T) {
	runArea(t, "spf", func(t *testing.T, raw json.RawMessage) error {
		var c spfCase
		decode(t, raw, &c)
		srv, err := resolvertest.New(c.Zone...)
		if err != nil {
			return err
		}
		for _, f := range c.Faults {
			fault, err := resolvertest.ParseFault(f.Fault)
			if err != nil {
				return err
			}
			srv.SetFault(f.Name, f.Type, fault)
		}
		ip, err := netip.ParseAddr(c.IP)
		if err != nil {
			return err
		}
		req := spf.Request{IP: ip, Helo: c.Helo}
		if c.MailFrom != nil {
			req.MailFrom = *c.MailFrom
		}
		checker := spf.Checker{Resolver: srv.Resolver(), Hostname: "mx.receiver.example", Explain: true}
		v, err := checker.Check(context.Background(), req)
		if err != nil {
			return err
		}
		var trace spf.Trace
		req.Trace = trace.Add
		traced, err := checker.Check(context.Background(), req)
		if err != nil {
			return err
		}
		if v.Result != traced.Result || v.Term != traced.Term || v.Queries != traced.Queries {
			t.Errorf("%s %q, %d queries; with a trace %s %q, %d queries", v.Result, v.Term, v.Queries, traced.Result, traced.Term, traced.Queries)
		}
		if !slices.Contains(c.Results, v.Result) {
			t.Errorf("%s %q %q: got %s (%v), want %v\n%s", c.IP, c.Helo, req.MailFrom, v.Result, v.Cause, c.Results, trace)
		}
		if c.Explanation != nil {
			checkExplanation(t, ip, v.Explanation, *c.Explanation)
		}
		return nil
	})
}

// checkExplanation compares explanations. The published suite writes "DEFAULT"
// for the receiver's own text, which takes the place of an explanation that
// the domain does not give. The case of an IPv6 client's nibbles is open.
func checkExplanation(t *testing.T, ip netip.Addr, got, want string) {
	t.Helper()
	if want == "DEFAULT" {
		want = ""
	}
	if got != want && !(ip.Is6() && strings.EqualFold(got, want)) {
		t.Errorf("explanation: got %q, want %q", got, want)
	}
}
