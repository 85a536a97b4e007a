package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// The zero Config asks the servers of the system.
func ExampleNew() {
	r, err := resolver.New(resolver.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	_, err = r.LookupTXT(context.Background(), "double..dot.example.") // never sent
	fmt.Println(err)
	// Output: resolver: lookup "double..dot.example." TXT: bad name: dnsname: empty label
}

// One error value answers every question about a failure.
func ExampleError() {
	srv := resolvertest.Must(
		`example.org. 3600 IN SOA ns.example.org. host.example.org. 1 3600 600 86400 300`,
		`example.org. 300 IN TXT "v=spf1 -all"`,
	)
	srv.SetFault("broken.example.org.", "*", resolvertest.ServFail)
	r := srv.Resolver()
	for _, name := range []string{"nowhere.example.org.", "broken.example.org."} {
		_, err := r.LookupTXT(context.Background(), name)
		var d *net.DNSError
		fmt.Println(errors.Is(err, resolver.NXDomain), errors.As(err, &d) && d.IsNotFound, err)
	}
	// Output:
	// true true resolver: lookup "nowhere.example.org." TXT on 127.0.0.1:53: no such name
	// false false resolver: lookup "broken.example.org." TXT on 127.0.0.1:53: server failure
}

// The methods with Meta tell how long an answer holds and whether DNSSEC
// vouches for it.
func ExampleResolver_LookupMXMeta() {
	srv := resolvertest.Must(`example.org. 600 IN MX 10 mx.example.org.`)
	srv.SetAuthentic("example.org.", true)
	mxs, ttl, authentic, err := srv.Resolver().LookupMXMeta(context.Background(), "example.org.")
	fmt.Println(*mxs[0], ttl, authentic, err)
	// Output: {mx.example.org. 10} 10m0s true <nil>
}

// Lookup returns records of any type.
func ExampleResolver_Lookup() {
	srv := resolvertest.Must(
		`www.example.org. 300 IN CNAME host.example.org.`,
		`host.example.org. 60 IN SRV 1 2 443 host.example.org.`,
	)
	res, err := srv.Resolver().Lookup(context.Background(), "www.example.org.", resolver.TypeSRV)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Name, res.TTL, res.Records)
	// Output: host.example.org. 1m0s [1 2 443 host.example.org.]
}
