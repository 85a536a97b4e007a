package dmarc_test

import (
	"context"
	"fmt"

	"github.com/mailsec-go/mailsec/dmarc"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

func Example() {
	dns := resolvertest.Must(`_dmarc.example.com. 300 IN TXT "v=DMARC1; p=reject; sp=quarantine"`)
	v := &dmarc.Verifier{Resolver: dns.Resolver()}
	e, err := v.Verify(context.Background(),
		[]string{" Joe <joe@news.example.com>"},
		dmarc.SPF{Result: "pass", Domain: "bounces.esp.example"},
		[]dmarc.DKIM{{Result: "pass", Domain: "example.com", Selector: "s1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Result, "by the record at", e.RecordDomain)
	fmt.Println("policy", e.Policy, "disposition", e.Disposition)
	fmt.Println("SPF", e.SPFAlignment, "DKIM", e.DKIM[0].Alignment)
	// Output:
	// pass by the record at example.com
	// policy quarantine disposition none
	// SPF none DKIM relaxed
}

func ExampleVerifier_override() {
	dns := resolvertest.Must(`_dmarc.example.com. 300 IN TXT "v=DMARC1; p=reject"`)
	v := &dmarc.Verifier{
		Resolver: dns.Resolver(),
		Override: func(e *dmarc.Evaluation) (dmarc.Override, bool) {
			// Trust the list by what is authenticated, not by what it says.
			if e.SPF.Result == "pass" && e.SPF.Domain == "lists.example.net" {
				return dmarc.Override{Disposition: dmarc.PolicyNone, Reason: dmarc.Reason{Type: dmarc.ReasonMailingList}}, true
			}
			return dmarc.Override{}, false
		},
	}
	e, err := v.Verify(context.Background(), []string{"joe@example.com"}, dmarc.SPF{Result: "pass", Domain: "lists.example.net"}, nil)
	fmt.Println(e.Result, e.Policy, e.Disposition, e.Reasons[0].Type, err)
	// Output: fail reject none mailing_list <nil>
}

func ExampleParseRecord() {
	rec, lint, ok := dmarc.ParseRecord("v=DMARC1; p=quarantine; pct=50; rua=mailto:dmarc@example.com,dmarc2@example.com; adkim=strict")
	fmt.Println(ok, rec)
	for _, l := range lint {
		fmt.Println(l)
	}
	// Output:
	// true v=DMARC1; p=quarantine; pct=50; rua=mailto:dmarc@example.com
	// octet 28: pct: removed from DMARC by RFC 9989; use t=y for tests ("50")
	// octet 61: rua: not a URI; it is ignored ("dmarc2@example.com")
	// octet 87: adkim: value is not valid; the default is used ("strict")
}

func ExampleVerifier_Discover() {
	dns := resolvertest.Must(
		`_dmarc.example.com. 300 IN TXT "v=DMARC1; p=reject; np=reject; sp=none"`,
		`www.example.com. 300 IN A 192.0.2.1`)
	v := &dmarc.Verifier{Resolver: dns.Resolver()}
	d, err := v.Discover(context.Background(), "www.example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.OrgDomain, d.RecordDomain, d.Policy, d.Exists)
	for _, f := range d.Asked {
		fmt.Println(f.Domain, f.Record != nil)
	}
	// Output:
	// example.com example.com none yes
	// www.example.com false
	// example.com true
	// com false
}

func ExampleAuthorDomains() {
	for _, from := range []string{"Team: a@Example.com, b@example.com;", "a@example.com, b@example.net", "undisclosed:;"} {
		domains, err := dmarc.AuthorDomains([]string{from})
		fmt.Println(domains, err)
	}
	// Output:
	// [example.com] <nil>
	// [example.com example.net] dmarc: more than one domain in the From field: "example.net"
	// [] dmarc: no domain in the From field: "undisclosed:;" at octet 0
}
