package spf_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/spf"
)

// zone stands for the DNS in these examples. A server uses resolver.New.
var zone = resolvertest.Must(
	`example.com. 300 IN TXT "v=spf1 include:_spf.example.net mx -all exp=why.example.com"`,
	`_spf.example.net. 300 IN TXT "v=spf1 ip4:203.0.113.0/24 ~all"`,
	`example.com. 300 IN MX 10 mx.example.com.`,
	`mx.example.com. 300 IN A 198.51.100.25`,
	`mx.example.com. 300 IN TXT "v=spf1 a -all"`,
	`why.example.com. 300 IN TXT "%{c} is not one of our hosts"`,
)

func Example() {
	checker := &spf.Checker{Resolver: zone.Resolver(), Explain: true}
	for _, client := range []string{"203.0.113.7", "192.0.2.1"} {
		v, err := checker.Check(context.Background(), spf.Request{
			IP:       netip.MustParseAddr(client),
			Helo:     "mail.example.org",
			MailFrom: "news@example.com",
		})
		if err != nil { // misuse or a canceled context, never the domain's fault
			fmt.Println(err)
			return
		}
		fmt.Println(v.Result, v.Term)
		if code, enhanced, text := v.Reply(); code != 0 {
			fmt.Println(code, enhanced, text)
		}
	}
	// Output:
	// pass include:_spf.example.net
	// fail -all
	// 550 5.7.23 SPF MAIL FROM check failed: the domain example.com explains: 192.0.2.1 is not one of our hosts
}

// The two identities are two checks. HELO comes first: it often gives a
// definite answer, and it is the only one for bounces.
func Example_identities() {
	checker := &spf.Checker{Resolver: zone.Resolver()}
	req := spf.Request{IP: netip.MustParseAddr("198.51.100.25"), Helo: "mx.example.com", MailFrom: "news@example.com"}
	for _, identity := range []spf.Identity{spf.Helo, spf.MailFrom} {
		req.Identity = identity
		v, err := checker.Check(context.Background(), req)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(v.Identity, v.Domain, v.Result)
	}
	// Output:
	// helo mx.example.com pass
	// mailfrom example.com pass
}

func ExampleTrace() {
	checker := &spf.Checker{Resolver: zone.Resolver()}
	var trace spf.Trace
	_, err := checker.Check(context.Background(), spf.Request{
		IP:       netip.MustParseAddr("198.51.100.25"),
		MailFrom: "news@example.com",
		Trace:    trace.Add,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(trace)
	// Output:
	//   ? TXT example.com.: 1
	// example.com: "v=spf1 include:_spf.example.net mx -all exp=why.example.com"
	//   include:_spf.example.net
	//       ? TXT _spf.example.net.: 1
	//     _spf.example.net: "v=spf1 ip4:203.0.113.0/24 ~all"
	//       ip4:203.0.113.0/24: no match
	//       ~all: match, softfail
	//     _spf.example.net = softfail (terms 1, voids 0)
	//   include:_spf.example.net: no match
	//   ? MX example.com.: 1
	//   ? A mx.example.com.: 1
	//   mx: match, pass
	// example.com = pass (terms 2, voids 0)
}

func ExampleVerdict_ReceivedSPF() {
	checker := &spf.Checker{Resolver: zone.Resolver()}
	v, err := checker.Check(context.Background(), spf.Request{
		IP:       netip.MustParseAddr("203.0.113.7"),
		Helo:     "mail.example.org",
		MailFrom: "news@example.com",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n", v.ReceivedSPF("mx.receiver.example")[:120])
	// Output:
	// "pass\r\n\t(mx.receiver.example: domain of example.com designates 203.0.113.7 as permitted sender)\r\n\treceiver=mx.receiver.ex"
}

func ExampleChecker_localPolicy() {
	// Hosts that forward to us are let through where a domain would say "no".
	local, err := spf.Parse("v=spf1 ?ip4:192.0.2.0/28")
	if err != nil {
		fmt.Println(err)
		return
	}
	checker := &spf.Checker{Resolver: zone.Resolver(), LocalPolicy: local}
	v, err := checker.Check(context.Background(), spf.Request{
		IP:       netip.MustParseAddr("192.0.2.1"),
		MailFrom: "news@example.com",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Result, v.Local, v.Term)
	// Output:
	// neutral true ?ip4:192.0.2.0/28
}

func ExampleChecker_Lint() {
	checker := &spf.Checker{Resolver: zone.Resolver()}
	report, err := checker.LintRecord(context.Background(), "example.com",
		"v=spf1 include:_spf.example.net a:old.example.com ip4:192.0.2.300 +all mx")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range report.Findings {
		fmt.Println(f)
	}
	fmt.Println(report.Lookups, "lookups;", report.Networks)
	// Output:
	// broken syntax: example.com: "ip4:192.0.2.300": syntax error: not an IPv4 address
	// warning void-lookup: example.com: "a:old.example.com": old.example.com has no address
	// warning pass-all: example.com: "+all": authorizes every host of the Internet
	// warning dead-term: example.com: "mx": never reached: it follows all
	// 2 lookups; [203.0.113.0/24]
}

func ExampleParse() {
	record, err := spf.Parse("v=spf1 +A ip4:192.0.2.0/24 Redirect=_spf.example.net")
	fmt.Println(record, err)
	_, err = spf.Parse("v=spf1 mx ip:192.0.2.1 -all")
	fmt.Println(err)
	// Output:
	// v=spf1 a ip4:192.0.2.0/24 redirect=_spf.example.net <nil>
	// spf: "ip:192.0.2.1" at 10: syntax error: unknown mechanism
}
