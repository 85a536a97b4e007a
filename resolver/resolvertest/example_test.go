package resolvertest_test

import (
	"context"
	"fmt"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

func Example() {
	srv := resolvertest.Must(
		`example.org. 300 IN SOA ns.example.org. host.example.org. 1 3600 600 86400 60`,
		`*.example.org. 300 IN TXT "v=spf1 -all"`,
	)
	srv.SetFault("broken.example.org.", "TXT", resolvertest.Timeout)
	r := srv.Resolver()
	for _, name := range []string{"any.example.org.", "broken.example.org."} {
		txts, err := r.LookupTXT(context.Background(), name)
		fmt.Println(txts, err)
	}
	fmt.Println(srv.Queries())
	// Output:
	// [v=spf1 -all] <nil>
	// [] resolver: lookup "broken.example.org." TXT on 127.0.0.1:53: timeout: i/o timeout
	// [any.example.org. TXT broken.example.org. TXT]
}

// A listener serves any DNS client.
func ExampleServer_Listen() {
	srv := resolvertest.Must(`example.org. 300 IN A 192.0.2.1`)
	l, err := srv.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	r, err := resolver.New(resolver.Config{Servers: l.Servers()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	fmt.Println(r.LookupHost(context.Background(), "example.org."))
	// Output: [192.0.2.1] <nil>
}
