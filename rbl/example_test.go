package rbl_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/mailsec-go/mailsec/rbl"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

func ExampleSet_Query() {
	dns := resolvertest.Must(
		`9.2.0.192.bl.example. 300 IN A 127.0.0.2`,
		`9.2.0.192.bl.example. 300 IN TXT "see https://bl.example/?ip=192.0.2.9"`,
		`9.2.0.192.broken.example. 300 IN A 127.255.255.254`,
	)
	lists, err := rbl.ParsePostscreen("bl.example=127.0.0.[2..11]*3 broken.example*2 friends.example*-4")
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := rbl.New(rbl.Config{Resolver: dns.Resolver(), Lists: lists, Block: 3, Allow: -2, Complete: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := set.Query(context.Background(), rbl.IP(netip.MustParseAddr("192.0.2.9")))
	if err != nil {
		fmt.Println(err) // ctx ended
		return
	}
	fmt.Println(v.Decision, v.Score)
	fmt.Println(v.Reply())
	for _, err := range v.Errors() {
		fmt.Println(err)
	}
	// Output:
	// block 3
	// Service unavailable; [192.0.2.9] blocked using bl.example; see https://bl.example/?ip=192.0.2.9
	// rbl: broken.example: refused by the list (127.255.255.254)
}

// Several subjects share one query: here the client, its HELO name and the
// links of a message.
func ExampleSet_Query_links() {
	dns := resolvertest.Must(`spam.test.dbl.example. 60 IN A 127.0.1.4`)
	set, err := rbl.New(rbl.Config{
		Resolver: dns.Resolver(),
		Lists: []rbl.List{
			{Zone: rbl.MustZone("bl.example")},
			{
				Zone: rbl.MustZone("dbl.example"), Kind: rbl.KindDomain | rbl.KindURI, NoIP: true,
				Codes: []rbl.Code{
					{Label: "spam", Match: rbl.MustPattern("127.0.1.2")},
					{Label: "phish", Match: rbl.MustPattern("127.0.1.4")},
				},
			},
		},
		Reduce: rbl.ReduceByTables([]string{"co.test"}, nil),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := set.Query(context.Background(),
		rbl.IP(netip.MustParseAddr("10.0.0.1")),
		rbl.Domain("mail.good.test"),
		rbl.URI("http://good.test@WWW.SPAM.test/x"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range v.Listed() {
		fmt.Println(r.Name, r.Subject, r.Labels)
	}
	for _, s := range v.Skipped {
		fmt.Println("not asked:", s.Subject, s.Reason)
	}
	// Output:
	// dbl.example http://good.test@WWW.SPAM.test/x [phish]
	// not asked: 10.0.0.1 private
}

func ExampleSet_Health() {
	dns := resolvertest.Must(
		`2.0.0.127.good.example. 300 IN A 127.0.0.2`,
		`*.parked.example. 300 IN A 203.0.113.80`,
		`*.everything.example. 300 IN A 127.0.0.2`,
	)
	var lists []rbl.List
	for _, zone := range []string{"good.example", "parked.example", "everything.example", "gone.example"} {
		lists = append(lists, rbl.List{Zone: rbl.MustZone(zone), NoIPv6: true})
	}
	set, err := rbl.New(rbl.Config{Resolver: dns.Resolver(), Lists: lists})
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := set.Health(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range report {
		fmt.Println(c.List, c.Family, c.Status)
	}
	// Output:
	// good.example v4 ok
	// parked.example v4 hijacked
	// everything.example v4 lists-everything
	// gone.example v4 no-test-entry
}

// A key is part of the zone of a paid list. It goes into queries only.
func ExampleKeyedZone() {
	zone, err := rbl.KeyedZone("{key}.zen.dq.example", "s3cr3t")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(zone)
	fmt.Printf("%+v\n", struct{ Zone rbl.Zone }{zone})
	fmt.Println(string(rbl.AppendIPName(nil, netip.MustParseAddr("192.0.2.9"), zone.Reveal())))
	// Output:
	// (key).zen.dq.example
	// {Zone:(key).zen.dq.example}
	// 9.2.0.192.s3cr3t.zen.dq.example.
}

func ExampleParsePattern() {
	m, err := rbl.ParsePattern("127.0.0.[2;4..7]")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Match(netip.MustParseAddr("127.0.0.5")), m.Match(netip.MustParseAddr("127.0.0.8")))
	_, err = rbl.ParsePattern("127.0.0.[2,4]")
	fmt.Println(err)
	// Output:
	// true false
	// rbl: syntax error in "127.0.0.[2,4]" at offset 10: want ";", ".." or "]"
}

// The first list that matches decides, as in Exim and in Postfix's restriction
// lists.
func ExampleParseDNSLists() {
	dns := resolvertest.Must(
		`spam.test.dbl.example. 300 IN A 127.0.1.2`,
		`spam.test.dbl.example. 300 IN TXT "a spammer's domain"`,
	)
	lists, err := rbl.ParseDNSLists("+defer_unknown : dbl.example=127.0.1.2,127.0.1.4/spam.test : bl.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := rbl.New(rbl.Config{Resolver: dns.Resolver(), Lists: lists, FirstMatch: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := set.Query(context.Background(), rbl.IP(netip.MustParseAddr("192.0.2.9")))
	if err != nil {
		fmt.Println(err)
		return
	}
	if by := v.By(); by != nil {
		fmt.Println(v.Decision, by.Name, by.Answers, by.Text)
	}
	// Output:
	// block dbl.example [127.0.1.2] a spammer's domain
}

func ExampleVerdict_AuthResult() {
	dns := resolvertest.Must(
		`9.2.0.192.list.dnswl.org. 300 IN A 127.0.5.2`,
		`9.2.0.192.list.dnswl.org. 300 IN TXT "friend.example"`,
	)
	list, err := rbl.Preset("dnswl", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := rbl.New(rbl.Config{Resolver: dns.Resolver(), Lists: []rbl.List{list}, Allow: -1, Complete: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := set.Query(context.Background(), rbl.IP(netip.MustParseAddr("192.0.2.9")))
	if err != nil {
		fmt.Println(err)
		return
	}
	m := v.AuthResult()
	fmt.Print(m.Name, "=", m.Result)
	for _, p := range m.Props {
		fmt.Printf(" %s.%s=%s", p.Type, p.Name, p.Value)
	}
	fmt.Println()
	// Output:
	// dnswl=pass dns.zone=list.dnswl.org policy.ip=127.0.5.2 policy.txt=friend.example
}
