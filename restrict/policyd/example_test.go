package policyd_test

import (
	"context"
	"fmt"
	"net"

	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/policyd"
)

func Example() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error)
	go func() {
		served <- policyd.Serve(ctx, l, policyd.HandlerFunc(func(_ context.Context, r *policyd.Request) string {
			if r.Get("sender") == "spammer@example.com" {
				return "REJECT not from you"
			}
			return "DUNNO"
		}))
	}()

	c := &policyd.Client{Network: "tcp", Address: l.Addr().String()}
	action, err := c.Query(ctx, []restrict.Attr{
		{Name: "request", Value: "smtpd_access_policy"},
		{Name: "sender", Value: "spammer@example.com"},
	})
	fmt.Println(action, err)
	c.Close()
	stop()
	fmt.Println(<-served)
	// Output:
	// REJECT not from you <nil>
	// <nil>
}
