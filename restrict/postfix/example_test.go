package postfix_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

func ExampleCompile() {
	_, err := postfix.Compile(postfix.Config{Main: []byte(
		"smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = permit_mynetworks, permit\n")})
	fmt.Println(err)
	// Output:
	// postfix: main.cf:1: smtpd_relay_restrictions: the server would not start: neither this list nor smtpd_recipient_restrictions has reject_unauth_destination, defer_unauth_destination, reject, defer or defer_if_permit: that would be an open relay
}

func ExampleSession() {
	policy, err := postfix.Compile(postfix.Config{Main: []byte(`
myhostname = mx.example.com
mydestination = example.com
smtpd_helo_required = yes
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_helo_restrictions = check_helo_access inline:{{example.com=REJECT Only I am me}}
`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	s := policy.NewSession(postfix.Client{Addr: netip.MustParseAddr("192.0.2.1"), KnownNames: true, Name: "mail.example.net"})
	fmt.Println(s.Connect(ctx))
	for _, line := range []string{
		"MAIL FROM:<a@example.net>",
		"EHLO example.com",
		"MAIL FROM:<a@example.net>",
		"RCPT TO:<b@example.com>",
		"EHLO mail.example.net",
		"MAIL FROM:<a@example.net>",
		"RCPT TO:<b@example.com>",
		"RCPT TO:<c@example.org>",
	} {
		fmt.Println(line, "=>", s.Command(ctx, line, false))
	}
	// Output:
	// 220 mx.example.com ESMTP
	// MAIL FROM:<a@example.net> => 503 5.5.1 Error: send HELO/EHLO first
	// EHLO example.com => 250 mx.example.com
	// MAIL FROM:<a@example.net> => 250 2.1.0 Ok
	// RCPT TO:<b@example.com> => 554 5.7.1 <example.com>: Helo command rejected: Only I am me
	// EHLO mail.example.net => 250 mx.example.com
	// MAIL FROM:<a@example.net> => 250 2.1.0 Ok
	// RCPT TO:<b@example.com> => 250 2.1.5 Ok
	// RCPT TO:<c@example.org> => 554 5.7.1 <c@example.org>: Relay access denied
}

// The options of a master.cf entry make the policy of a submission service.
func ExampleCompile_submission() {
	policy, err := postfix.Compile(postfix.Config{
		Main: []byte(`
myhostname = mx.example.com
smtpd_sender_login_maps = inline:{alice@example.com=alice}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
`),
		Master: []byte(`
submission inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_sender_restrictions=reject_authenticated_sender_login_mismatch
`),
		Service: "submission",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	s := policy.NewSession(postfix.Client{Addr: netip.MustParseAddr("192.0.2.1"), KnownNames: true})
	s.Connect(ctx)
	s.Helo(ctx, "laptop", true)
	s.Mail(ctx, "FROM:<alice@example.com>")
	fmt.Println(s.Rcpt(ctx, "TO:<bob@example.org>"))
	s.SetAuth("PLAIN", "alice")
	fmt.Println(s.Rcpt(ctx, "TO:<bob@example.org>"))
	s.SetAuth("PLAIN", "mallory")
	fmt.Println(s.Rcpt(ctx, "TO:<bob@example.org>"))
	// Output:
	// 554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied
	// 250 2.1.5 Ok
	// 553 5.7.1 <alice@example.com>: Sender address rejected: not owned by user mallory
}

// A trace tells why.
func ExampleClient_trace() {
	srv := resolvertest.Must("1.2.0.192.bl.example. 60 IN A 127.0.0.2")
	policy, err := postfix.Compile(postfix.Config{
		Resolver: srv.Resolver(),
		Main: []byte(`
compatibility_level = 3.6
mydestination = example.com
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_sender_access inline:{example.net=DUNNO}, reject_rbl_client bl.example
`),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var trace restrict.Trace
	ctx := context.Background()
	s := policy.NewSession(postfix.Client{Addr: netip.MustParseAddr("192.0.2.1"), KnownNames: true, Trace: &trace})
	s.Connect(ctx)
	s.Mail(ctx, "FROM:<a@example.net>")
	fmt.Println(s.Rcpt(ctx, "TO:<b@example.com>"))
	fmt.Print(trace.String())
	// Output:
	// 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example
	// smtpd_relay_restrictions[0] permit_mynetworks: false
	// smtpd_relay_restrictions[1] reject_unauth_destination: false
	// smtpd_recipient_restrictions[0] check_sender_access inline:{example.net=DUNNO}: true; key a@example.net: none; key example.net: DUNNO
	// smtpd_recipient_restrictions[1] reject_rbl_client bl.example: true, rejected; dns 1.2.0.192.bl.example. A; 127.0.0.2
}
