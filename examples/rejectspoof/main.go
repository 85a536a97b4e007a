// Rejectspoof judges one message, which it reads from standard input.
//
//	go run ./examples/rejectspoof -ip 192.0.2.10 -helo mail.example.com -from eve@example.com <mail.eml
package main

import (
	"context"
	"flag"
	"log"
	"net/netip"
	"os"

	"github.com/mailsec-go/mailsec"
	"github.com/mailsec-go/mailsec/resolver"
)

func main() {
	var env mailsec.Envelope
	flag.TextVar(&env.IP, "ip", netip.Addr{}, "`address` of the client")
	flag.StringVar(&env.Helo, "helo", "", "`name` it gave in HELO")
	flag.StringVar(&env.MailFrom, "from", "", "`address` it gave in MAIL FROM")
	flag.Parse()

	dns, err := resolver.New(resolver.Config{}) // the servers of /etc/resolv.conf
	if err != nil {
		log.Fatal(err)
	}
	auth := &mailsec.Authenticator{ID: "mx.example.com", Resolver: dns}
	res, err := auth.Check(context.Background(), env, os.Stdin) // reads the message
	if err != nil {
		log.Fatal("451 4.3.0 no answer, try again later: ", err)
	}
	if code, enhanced, text := res.DMARC.Reply(); code != 0 {
		log.Fatal(code, " ", enhanced, " ", text) // what the owner of the author's domain asks for
	}
	field, _ := res.AppendField(nil) // Authentication-Results; only extra results can fail
	os.Stdout.Write(field)
}
