package postfix_test

import (
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// TestTraceHidesKeys checks that traces show no customer's key of a DNS list.
func TestTraceHidesKeys(t *testing.T) {
	const key = "abcdefghijklmnopqrstuvwxyz"
	for _, zone := range []string{key + ".zen.dq.spamhaus.net", "k3y.zen.dq.spamhaus.net", strings.ToUpper(key) + ".zen.bl.example"} {
		secret, rest, _ := strings.Cut(zone, ".")
		srv := resolvertest.Must(rest + ". 60 IN A 192.0.2.1")
		p := compile(t, map[string]string{
			"smtpd_restriction_classes":    "dqs",
			"dqs":                          "reject_rhsbl_sender " + zone,
			"smtpd_recipient_restrictions": "reject_rbl_client " + zone + "=127.0.0.2, check_sender_access static:{reject_rbl_client " + zone + "}, check_policy_service inet:1:2, dqs",
		}, func(c *postfix.Config) {
			c.Resolver = srv.Resolver()
			c.Policy = func(postfix.PolicyService) postfix.PolicyClient {
				return policyFunc(func() (string, error) { return "reject_rbl_client " + zone, nil })
			}
		})
		client := stranger
		client.Trace = new(restrict.Trace)
		if r := talk(t, p, client, "EHLO x.example", "MAIL FROM:<a@b.example>", "RCPT TO:<alice@example.com>"); !r.OK() {
			t.Fatal(r)
		}
		text := strings.ToLower(string(client.Trace.Append(nil)))
		if strings.Contains(text, strings.ToLower(secret)) || !strings.Contains(text, "(key).zen.") {
			t.Errorf("%s: trace:\n%s", zone, text)
		}
		if n := len(srv.Queries()); n < 2 {
			t.Errorf("%s: %d questions", zone, n)
		}
	}
}
