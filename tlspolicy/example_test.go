package tlspolicy_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/mailsec-go/mailsec/tlspolicy"
)

func Example() {
	const text = `
# next hop              policy
example.com             secure match=nexthop:.mail.example.com
.example.com            encrypt protocols=>=TLSv1.2
[relay.example.net]:587 verify
broken.example          mandatory
`
	table, problems, err := tlspolicy.Compile(strings.NewReader(text), &tlspolicy.Options{File: "tls_policy"})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range problems {
		fmt.Println(p)
	}
	for _, nexthop := range []string{"example.com", "mx.eu.example.com", "[relay.example.net]:587", "broken.example", "other.test"} {
		m, ok := table.Lookup(nexthop)
		switch {
		case !ok:
			fmt.Printf("%s: the default applies\n", nexthop)
		case m.Err != nil:
			fmt.Printf("%s: defer, 4.7.5\n", nexthop)
		default:
			fmt.Printf("%s: %s (line %d): %s\n", nexthop, m.Key, m.Line, m.Policy)
		}
	}
	// Output:
	// tlspolicy: tls_policy:6: "broken.example": "mandatory": bad entry: unknown security level; one of none, may, encrypt, dane, dane-only, fingerprint, verify, secure
	// example.com: example.com (line 3): secure match=nexthop:.mail.example.com
	// mx.eu.example.com: .example.com (line 4): encrypt protocols=>=TLSv1.2
	// [relay.example.net]:587: [relay.example.net]:587 (line 5): verify match=hostname
	// broken.example: defer, 4.7.5
	// other.test: the default applies
}

func ExampleParsePolicy() {
	// A policy service or a database gives one value at a time.
	p, err := tlspolicy.ParsePolicy("secure match=mx.example.com servername=hostname", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Level, p.Match[0], p.ServerName)
	// Output: secure mx.example.com hostname
}
