// Rejectspoof judges one message: it reads the message from standard input and
// takes the client's address, the HELO name and the envelope sender as
// arguments.
package main

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"os"

	"github.com/mailsec-go/mailsec"
	"github.com/mailsec-go/mailsec/resolver"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: rejectspoof ADDRESS HELO SENDER <MESSAGE")
	}
	dns, err := resolver.New(resolver.Config{}) // the servers of /etc/resolv.conf
	if err != nil {
		log.Fatal(err)
	}
	defer dns.Close()
	auth := &mailsec.Authenticator{ID: "mx.example.com", Resolver: dns}

	env := mailsec.Envelope{IP: netip.MustParseAddr(os.Args[1]), Helo: os.Args[2], MailFrom: os.Args[3]}
	res, err := auth.Check(context.Background(), env, os.Stdin)
	if err != nil {
		log.Fatal("451 4.3.0 no answer, try again later: ", err)
	}
	if code, enhanced, text := res.DMARC.Reply(); code != 0 {
		fmt.Println(code, enhanced, text) // what the owner of the author's domain asks for
		os.Exit(1)
	}
	field, err := res.AppendField(nil) // Authentication-Results, ready to prepend
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(field)
}
