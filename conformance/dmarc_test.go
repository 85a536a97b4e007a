package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/dmarc"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// dmarcCase is one recorded case.
type dmarcCase struct {
	Zone   []string     `json:"zone"`
	Faults []dmarcFault `json:"faults"`
	From   dmarcFrom    `json:"from_header"`
	SPF    struct {
		Result, Domain string
	} `json:"spf"`
	DKIM []struct {
		Result, Domain, Selector string
	} `json:"dkim"`
	Expect    dmarcExpect       `json:"expect"`
	Ambiguous string            `json:"ambiguous"`
	Accept    []json.RawMessage `json:"accept"`
}

type dmarcFault struct {
	Name, Type, Fault string
}

// dmarcFrom is a string, null for no From field, or a list for several.
type dmarcFrom []string

func (f *dmarcFrom) UnmarshalJSON(b []byte) error {
	var one string
	switch b[0] {
	case 'n':
		*f = nil
		return nil
	case '[':
		return json.Unmarshal(b, (*[]string)(f))
	}
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*f = dmarcFrom{one}
	return nil
}

type dmarcExpect struct {
	Result       string   `json:"result"`
	Policy       string   `json:"policy"`
	Disposition  string   `json:"disposition"`
	OrgDomain    *string  `json:"org_domain"`
	RecordDomain string   `json:"record_domain"`
	SPFAligned   bool     `json:"spf_aligned"`
	DKIMAligned  bool     `json:"dkim_aligned"`
	Testing      bool     `json:"testing"`
	AuthorDomain string   `json:"author_domain"`
	AuthorWalk   []string `json:"author_walk"`
}

func TestDMARC(t *testing.T) {
	runArea(t, "dmarc", func(t *testing.T, raw json.RawMessage) error {
		var c dmarcCase
		decode(t, raw, &c)
		srv, err := resolvertest.New(c.Zone...)
		if err != nil {
			return err
		}
		for _, f := range c.Faults {
			kind, err := resolvertest.ParseFault(f.Fault)
			if err != nil {
				return err
			}
			srv.SetFault(f.Name, f.Type, kind)
		}
		var dkim []dmarc.DKIM
		for _, d := range c.DKIM {
			dkim = append(dkim, dmarc.DKIM{Result: d.Result, Domain: d.Domain, Selector: d.Selector})
		}
		v := &dmarc.Verifier{Resolver: srv.Resolver()}
		e, err := v.Verify(context.Background(), c.From, dmarc.SPF{Result: c.SPF.Result, Domain: c.SPF.Domain}, dkim)
		if err != nil {
			return err
		}
		dmarcCompare(t, c, e)
		dmarcWalk(t, c, srv.Queries())
		return nil
	})
}

// dmarcCompare compares e with what the case expects or else accepts.
func dmarcCompare(t *testing.T, c dmarcCase, e dmarc.Evaluation) {
	t.Helper()
	diff := dmarcDiff(c.Expect, e)
	if diff == "" {
		return
	}
	for _, a := range c.Accept {
		alt := c.Expect
		if err := json.Unmarshal(a, &alt); err != nil {
			t.Fatal(err)
		}
		if dmarcDiff(alt, e) == "" {
			t.Logf("an accepted alternative: %s (%s)", diff, c.Ambiguous)
			return
		}
	}
	t.Errorf("%s (error %v)", diff, e.Err)
}

func dmarcDiff(want dmarcExpect, e dmarc.Evaluation) string {
	var diff []string
	check := func(name string, got, want any) {
		if got != want {
			diff = append(diff, fmt.Sprintf("%s = %v, want %v", name, got, want))
		}
	}
	check("result", e.Result.String(), want.Result)
	check("policy", e.Policy.String(), want.Policy)
	check("disposition", e.Disposition.String(), want.Disposition)
	check("record_domain", e.RecordDomain, want.RecordDomain)
	check("spf_aligned", e.SPFAligned, want.SPFAligned)
	check("dkim_aligned", e.DKIMAligned, want.DKIMAligned)
	check("testing", e.Testing, want.Testing)
	check("author_domain", e.AuthorDomain, want.AuthorDomain)
	if want.OrgDomain != nil && e.OrgDomain != "" { // "" is a walk that was not needed
		check("org_domain", e.OrgDomain, *want.OrgDomain)
	}
	return strings.Join(diff, "; ")
}

// dmarcWalk checks that no name on the author's side was asked outside of a
// full walk, and none twice.
func dmarcWalk(t *testing.T, c dmarcCase, queries []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, q := range queries {
		if seen[q] {
			t.Errorf("asked twice: %s", q)
		}
		seen[q] = true
		name, _, _ := strings.Cut(q, " ")
		if strings.HasPrefix(name, "_dmarc.") && c.SPF.Domain == c.Expect.AuthorDomain && len(c.DKIM) == 0 && len(c.Expect.AuthorWalk) > 0 &&
			!slices.Contains(c.Expect.AuthorWalk, name) {
			t.Errorf("asked %s, which is not in the walk %q", q, c.Expect.AuthorWalk)
		}
	}
}
