package mailsec_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/mailsec-go/mailsec"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// dns stands for a resolver.Resolver in production.
var dns = resolvertest.Must(
	`football.example.com. 300 IN TXT "v=spf1 ip4:192.0.2.1 -all"`,
	`1.2.0.192.in-addr.arpa. 300 IN PTR mail.football.example.com.`,
	`mail.football.example.com. 300 IN A 192.0.2.1`,
	`brisbane._domainkey.football.example.com. 300 IN TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="`,
	`_dmarc.example.com. 300 IN TXT "v=DMARC1; p=reject"`)

func ExampleAuthenticator_Check() {
	auth := &mailsec.Authenticator{ID: "mx.example.net", Resolver: dns.Resolver()}
	message := "From: Joe <joe@football.example.com>\r\nSubject: Is dinner ready?\r\n\r\nHi.\r\n"
	res, err := auth.Check(context.Background(), mailsec.Envelope{
		IP:       netip.MustParseAddr("192.0.2.1"),
		Helo:     "mail.football.example.com",
		MailFrom: "joe@football.example.com",
	}, strings.NewReader(message))
	if err != nil {
		fmt.Println(err) // no answer: ask the client to try again
		return
	}
	field, err := res.AppendField(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.SPF.Result, res.DMARC.Result, res.DMARC.Policy, res.DMARC.Disposition)
	fmt.Print(strings.ReplaceAll(string(field), "\r\n", "\n"))
	// Output:
	// pass pass reject none
	// Authentication-Results: mx.example.net;
	//  iprev=pass (mail.football.example.com) policy.iprev=192.0.2.1;
	//  spf=pass smtp.mailfrom=football.example.com;
	//  dkim=none;
	//  dmarc=pass (p=reject dis=none) header.from=football.example.com
	//  policy.dmarc=reject
}

// A milter gets the header field by field and the body in chunks.
func ExampleWriter_WriteField() {
	auth := &mailsec.Authenticator{ID: "mx.example.net", Resolver: dns.Resolver(), NoIPRev: true}
	ctx := context.Background()

	// On MAIL FROM:
	w, err := auth.NewWriter(ctx, mailsec.Envelope{IP: netip.MustParseAddr("203.0.113.9"), Helo: "x", MailFrom: "joe@football.example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	// On each header field, with the blank behind the colon:
	_ = w.WriteField("From", " Joe <joe@football.example.com>")
	_ = w.WriteField("Subject", " two\n lines")
	// At the end of the header:
	_ = w.EndHeader()
	// On each chunk of the body:
	_, _ = w.Write([]byte("Hi.\r\n"))
	// At the end of the message (errors of the calls above come again here):
	if err := w.Close(); err != nil {
		fmt.Println(err)
		return
	}
	res := w.Result()
	code, enhanced, text := res.DMARC.Reply()
	fmt.Println(res.SPF.Result, res.DMARC.Result)
	fmt.Println(code, enhanced, text)
	// Output:
	// fail fail
	// 550 5.7.1 Message refused by the DMARC policy of football.example.com
}

// A server that receives DATA passes the message on and authenticates it in the
// same pass.
func ExampleAuthenticator_NewWriter() {
	auth := &mailsec.Authenticator{ID: "mx.example.net", Resolver: dns.Resolver()}
	data, err := os.Open("testdata/rfc8463.eml") // what the client sends
	if err != nil {
		fmt.Println(err)
		return
	}
	defer data.Close()
	w, err := auth.NewWriter(context.Background(), mailsec.Envelope{
		IP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.football.example.com", MailFrom: "",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Abort() // does nothing after Close
	buf := make([]byte, 512)
	for {
		n, err := data.Read(buf)
		if n == 0 || err != nil {
			break
		}
		if _, err := w.Write(buf[:n]); err != nil { // and write it to the spool file
			break
		}
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range w.Result().Methods() {
		fmt.Println(m.Name, m.Result)
	}
	// Output:
	// iprev pass
	// spf none
	// dkim pass
	// dkim permerror
	// dmarc pass
}
