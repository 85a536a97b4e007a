package restrict_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/mailsec-go/mailsec/restrict"
)

// A policy built in Go: our own networks and users may send anywhere, everybody
// else to our domains only.
func Example() {
	rcpt := &restrict.List{Name: "recipient", Rules: []restrict.Rule{
		{
			Verb: restrict.Accept,
			Ops:  []restrict.Op{{Cond: restrict.ClientIn(netip.MustParsePrefix("192.0.2.0/24"))}},
			Pos:  restrict.Pos{Text: "our networks"},
		}, {
			Verb: restrict.Accept,
			Ops:  []restrict.Op{{Cond: restrict.Authenticated()}},
			Pos:  restrict.Pos{Text: "our users"},
		}, {
			Verb:  restrict.Deny,
			Ops:   []restrict.Op{{Cond: restrict.RecipientDomain("example.com"), Neg: true}},
			Reply: &restrict.Reply{Code: 554, Enh: restrict.Enhanced{5, 7, 1}, Text: "Relay access denied"},
			Pos:   restrict.Pos{Text: "no relay"},
		},
	}}
	policy, err := restrict.Compile(restrict.Spec{
		Lists: map[restrict.Stage][]*restrict.List{restrict.Rcpt: {rcpt}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	session := &restrict.Session{
		Has:       restrict.HasClient | restrict.HasSender | restrict.HasRecipient,
		Client:    netip.MustParseAddr("198.51.100.7"),
		Sender:    restrict.ParseAddress("a@example.net"),
		Recipient: restrict.ParseAddress("b@example.org"),
	}
	eval := &restrict.Eval{Trace: new(restrict.Trace)}
	v := policy.Run(context.Background(), restrict.Rcpt, session, eval)
	fmt.Printf("%s\n", v.AppendReply(nil))
	fmt.Println("decided by", v.Where())
	fmt.Print(eval.Trace)
	// Output:
	// 554 5.7.1 Relay access denied
	// decided by recipient: no relay
	// recipient[0] our networks: false
	// recipient[1] our users: false
	// recipient[2] no relay: true, rejected
}
