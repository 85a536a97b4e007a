package authres_test

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/mailsec-go/mailsec/authres"
)

func ExampleHeader_AppendField() {
	h := authres.Header{ID: "mx.example.com", Methods: []authres.Method{
		authres.IPRev(authres.Pass, netip.MustParseAddr("192.0.2.10"), "mail.example.org"),
		{Name: "spf", Result: "pass", Props: []authres.Prop{{Type: "smtp", Name: "mailfrom", Value: "joe@example.org"}}},
		{Name: "dmarc", Result: "fail", Reason: "a \" and\r\na line end", Props: []authres.Prop{
			{Type: "header", Name: "from", Value: "example.org"},
			{Type: "policy", Name: "dmarc", Value: "reject"},
		}},
	}}
	field, err := h.AppendField(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(strings.ReplaceAll(string(field), "\r\n", "\n"))
	// Output:
	// Authentication-Results: mx.example.com;
	//  iprev=pass (mail.example.org) policy.iprev=192.0.2.10;
	//  spf=pass smtp.mailfrom=joe@example.org;
	//  dmarc=fail reason="a \" and??a line end" header.from=example.org
	//  policy.dmarc=reject
}

func ExampleParse() {
	h, err := authres.Parse(`mx.example.com; dkim=pass (1024-bit key; insecure)
	header.d=example.org; spf=fail reason="not; listed" smtp.mailfrom=example.org`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range h.Methods {
		d, _ := m.Value("header", "d")
		fmt.Printf("%s %s %q %q d=%s\n", m.Name, m.Result, m.Comment, m.Reason, d)
	}
	// Output:
	// dkim pass "1024-bit key; insecure" "" d=example.org
	// spf fail "" "not; listed" d=
}

func ExampleRemoveForged() {
	header := "Authentication-Results: MX.example.com; dkim=pass header.d=bank.example\r\n" +
		"Authentication-Results: other.example; spf=pass\r\n" +
		"From: joe@bank.example\r\n\r\n"
	fmt.Print(strings.ReplaceAll(string(authres.RemoveForged([]byte(header), "mx.example.com")), "\r\n", "\n"))
	// Output:
	// Authentication-Results: other.example; spf=pass
	// From: joe@bank.example
}
