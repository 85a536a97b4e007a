package postfix_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/policyd"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

var _ postfix.PolicyClient = (*policyd.Client)(nil)

// roaming is the configuration of an administrator whose own laptop was refused
// with "cannot find your reverse hostname".
const roaming = `
myhostname = mail.example.com
mydestination = example.com
compatibility_level = 3.6
smtpd_helo_required = yes
smtpd_sasl_auth_enable = yes
smtpd_sender_login_maps = proxy:pgsql:/etc/postfix/logins.cf
smtpd_client_restrictions = permit_mynetworks, permit_sasl_authenticated,
    reject_unknown_reverse_client_hostname, reject_unknown_client_hostname, reject_unauth_pipelining
smtpd_helo_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_invalid_helo_hostname, reject_unauth_pipelining
smtpd_sender_restrictions = permit_mynetworks, reject_sender_login_mismatch, permit_sasl_authenticated,
    reject_non_fqdn_sender, reject_unknown_sender_domain, reject_unauth_pipelining
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_non_fqdn_recipient,
    reject_unknown_recipient_domain, reject_unauth_destination
smtpd_data_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_multi_recipient_bounce, reject_unauth_pipelining
`

// answered is the list that helped him, on port 25; users go to submission.
const answered = `
myhostname = mail.example.com
mydestination = example.com
compatibility_level = 3.6
smtpd_helo_required = yes
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated,
    check_helo_access hash:helo_access, check_client_access hash:client_checks, reject_unauth_destination,
    check_policy_service unix:private/policyd-spf,
    reject_rbl_client a.bl.example, reject_rbl_client b.bl.example, reject_rbl_client c.bl.example, reject_rbl_client d.bl.example,
    reject_unknown_client
`

type ownerTable struct{}

func (ownerTable) Lookup(_ context.Context, key string) (string, bool, error) {
	if key == "owner@example.com" {
		return "owner", true, nil
	}
	return "", false, nil
}

func TestRoamingUser(t *testing.T) {
	srv := resolvertest.Must(
		"friend.example. 60 IN MX 10 mx.friend.example.", "mx.friend.example. 60 IN A 192.0.2.20", "example.com. 60 IN MX 10 mail.example.com.",
		"20.2.0.192.in-addr.arpa. 60 IN PTR mx.friend.example.", "21.2.0.192.in-addr.arpa. 60 IN PTR mx.friend.example.",
		"21.2.0.192.c.bl.example. 60 IN A 127.0.0.4",
	)
	config := func(main string) postfix.Config {
		return postfix.Config{
			Main: []byte(main), Resolver: srv.Resolver(),
			Tables: map[string]postfix.Table{"pgsql:/etc/postfix/logins.cf": ownerTable{}},
			ReadFile: func(name string) ([]byte, error) {
				if name == "helo_access" {
					return []byte("example.com REJECT Only I am me\nmail.example.com REJECT Only I am me\n203.0.113.1 REJECT Only I am me\n"), nil
				}
				return []byte("198.51.100 REJECT not you\n198.51.100.9 OK\n"), nil
			},
			Policy: func(postfix.PolicyService) postfix.PolicyClient {
				return policyFunc(func() (string, error) { return "PREPEND Received-SPF: pass", nil })
			},
		}
	}
	tests := []struct {
		name, main, addr, helo, login, from, want string
	}{
		{"laptop without login", roaming, "203.0.113.9", "laptop", "", "owner@example.com",
			"450 4.7.1 Client host rejected: cannot find your reverse hostname, [203.0.113.9]"},
		{"laptop logged in", roaming, "203.0.113.9", "laptop", "owner", "owner@example.com", "250 2.1.5 Ok"},
		{"in the name of another", roaming, "203.0.113.9", "laptop", "mallory", "owner@example.com",
			"553 5.7.1 <owner@example.com>: Sender address rejected: not owned by user mallory"},
		{"a stranger in his name", roaming, "192.0.2.20", "mx.friend.example", "", "owner@example.com",
			"553 5.7.1 <owner@example.com>: Sender address rejected: not logged in"},
		{"a friend", answered, "192.0.2.20", "mx.friend.example", "", "a@friend.example", "250 2.1.5 Ok"},
		{"our own name", answered, "192.0.2.20", "mail.example.com", "", "a@friend.example",
			"554 5.7.1 <mail.example.com>: Helo command rejected: Only I am me"},
		{"a blocked network", answered, "198.51.100.8", "x.example", "", "a@friend.example",
			"554 5.7.1 <unknown[198.51.100.8]>: Client host rejected: not you"},
		{"an exception", answered, "198.51.100.9", "x.example", "", "a@friend.example", "250 2.1.5 Ok"},
		{"a listed client", answered, "192.0.2.21", "x.example", "", "a@friend.example",
			"554 5.7.1 Service unavailable; Client host [192.0.2.21] blocked using c.bl.example"},
		{"no name", answered, "192.0.2.22", "x.example", "", "a@friend.example",
			"450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.22]"},
	}
	for _, tt := range tests {
		p, err := postfix.Compile(config(tt.main))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		lines := []string{"EHLO " + tt.helo, "AUTH " + tt.login, "MAIL FROM:<" + tt.from + ">", "RCPT TO:<someone@example.com>"}
		if got := talk(t, p, postfix.Client{Addr: netip.MustParseAddr(tt.addr)}, lines...).String(); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestConcurrent drives many sessions of one policy at once, with actions that
// are compiled on the way.
func TestConcurrent(t *testing.T) {
	p := compile(t, map[string]string{
		"smtpd_restriction_classes": "strict", "strict": "reject_non_fqdn_sender, check_sender_access regexp:t",
		"smtpd_recipient_restrictions": "check_sender_access regexp:t, check_policy_service inet:1:2, reject_rbl_client bl.example",
	}, func(c *postfix.Config) {
		c.ReadFile = func(string) ([]byte, error) { return []byte("/^(.*)@(.*)$/ 450 4.7.1 $1 at $2\n/./ strict\n"), nil }
		c.Policy = func(postfix.PolicyService) postfix.PolicyClient {
			return policyFunc(func() (string, error) { return "strict, DUNNO", nil })
		}
	})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				c := stranger
				c.Trace = new(restrict.Trace)
				from := fmt.Sprintf("u%d@h%d.example", i, j)
				want := fmt.Sprintf("450 4.7.1 <%s>: Sender address rejected: u%d at h%d.example", from, i, j)
				if got := talk(t, p, c, "EHLO x", "MAIL FROM:<"+from+">", "RCPT TO:<alice@example.com>").String(); !strings.HasPrefix(got, want) {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	wg.Wait()
}
