package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/dkim"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// dkimWant is what a case expects of one signature.
type dkimWant struct {
	Result   string `json:"result"`
	Domain   string `json:"domain"`
	Selector string `json:"selector"`
	Reason   string `json:"reason_class"`
}

type dkimCase struct {
	Message []byte     `json:"message_base64"`
	Zone    []string   `json:"zone"`
	Time    int64      `json:"time"`
	Expect  []dkimWant `json:"expect"`
	Decided string     `json:"decided"`
}

// TestDKIM verifies recorded messages. The policy accepts a partly signed body
// because the cases record what RFC 6376 alone says, and the limit on
// signatures is the largest number for which a case wants every result.
func TestDKIM(t *testing.T) {
	runArea(t, "dkim", func(t *testing.T, raw json.RawMessage) error {
		var c dkimCase
		decode(t, raw, &c)
		srv, err := resolvertest.New(c.Zone...)
		if err != nil {
			return err
		}
		v := dkim.Verifier{
			Resolver:      srv.Resolver(),
			Now:           func() time.Time { return time.Unix(c.Time, 0) },
			Policy:        dkim.AcceptAll,
			MaxSignatures: 20,
		}
		report, err := v.Verify(context.Background(), bytes.NewReader(c.Message))
		if err != nil {
			return err
		}
		c.compare(t, report)
		return nil
	})
}

func (c *dkimCase) compare(t *testing.T, report *dkim.Report) {
	if len(report.Results) != len(c.Expect) {
		t.Fatalf("%d results, want %d", len(report.Results), len(c.Expect))
	}
	for i := range report.Results {
		got := &report.Results[i]
		want := c.Expect[i]
		want.Domain = octets(want.Domain)
		if got.Domain != want.Domain || got.Selector != want.Selector {
			t.Errorf("signature %d: domain %q selector %q, want %q %q", i, got.Domain, got.Selector, want.Domain, want.Selector)
		}
		if !c.allows(got, want) {
			t.Errorf("signature %d: %v %v (%v), want %s %s, decided %q", i, got.Status, got.Reason, got.Err, want.Result, want.Reason, c.Decided)
		}
	}
	// "policy" on a message with many signatures is about those beyond a limit.
	if many := len(c.Expect) > 20; many && c.Decided == "policy" && report.Findings.Skipped == 0 {
		t.Errorf("no signature of %d was skipped", len(c.Expect))
	}
}

// octets undoes the reading of raw octets as ISO 8859-1 in a recorded name.
func octets(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

// allows reports whether a result is what the case wants. A decision about a
// disputed case wins over its expectation; where it leaves a choice, each is
// right, and "open" leaves refusing or following the expectation. With several
// signatures a decision is about one of them, which the expectation shows
// already, but for a limit on their number.
func (c *dkimCase) allows(got *dkim.Result, want dkimWant) bool {
	expected := got.Status.String() == want.Result && got.Reason.String() == want.Reason
	decided, _, _ := strings.Cut(c.Decided, " ")
	switch {
	case decided == "" || decided == "ref" || decided == "ref+flag" || want.Result != "pass":
		return expected
	case len(c.Expect) > 1 && decided != "policy":
		return expected
	case decided == "open":
		return expected || got.Status == dkim.PermError
	case len(c.Expect) > 1:
		return expected || got.Status == dkim.Policy
	}
	for word := range strings.SplitSeq(decided, "/") {
		if got.Status.String() == word {
			return true
		}
	}
	return false
}
