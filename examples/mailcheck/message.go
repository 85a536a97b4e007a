package main

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/mailsec-go/mailsec"
)

// checkMessage authenticates a message as if it came in now.
func checkMessage(c *call) error {
	var env mailsec.Envelope
	c.flags.TextVar(&env.IP, "ip", netip.Addr{}, "`address` of the client that sent the message")
	c.flags.StringVar(&env.Helo, "helo", "", "`name` that it gave in HELO")
	c.flags.StringVar(&env.MailFrom, "from", "", "`address` that it gave in MAIL FROM")
	id := c.flags.String("id", "mailcheck.invalid", "`name` of the checking host")
	file, err := c.parse()
	if err != nil {
		return err
	}
	defer c.resolver.Close()
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	auth := &mailsec.Authenticator{ID: *id, Resolver: c.resolver, CheckHelo: env.Helo != ""}
	result, err := auth.Check(c.ctx, env, f)
	if err != nil {
		return err
	}
	field, err := result.AppendField(nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s\n", field)
	return explain(c, result)
}

// explain says how each result came about.
func explain(c *call, r *mailsec.Result) error {
	if v := r.SPF; v != nil {
		fmt.Fprintf(c.out, "SPF %s for %s", v.Result, v.Domain)
		switch {
		case v.Cause != nil:
			fmt.Fprintf(c.out, ": %v", v.Cause)
		case v.Term != "":
			for _, step := range v.Path {
				fmt.Fprintf(c.out, ", %q at %s", step.Term, step.Domain)
			}
		}
		fmt.Fprintf(c.out, " (%d DNS queries)\n", v.Queries)
	}
	for i := range r.DKIM.Results {
		s := &r.DKIM.Results[i]
		fmt.Fprintf(c.out, "DKIM %s: signature %d by %q, selector %q, %s", s.Status, i+1, s.Domain, s.Selector, s.Algorithm)
		if s.Err != nil {
			fmt.Fprintf(c.out, ": %v", s.Err)
		}
		if s.UnsignedBytes > 0 {
			fmt.Fprintf(c.out, " (%d octets at the end are not signed)", s.UnsignedBytes)
		}
		fmt.Fprintln(c.out)
	}
	d := &r.DMARC
	fmt.Fprintf(c.out, "DMARC %s for %q", d.Result, d.AuthorDomain)
	switch {
	case d.Err != nil:
		fmt.Fprintf(c.out, ": %v", d.Err)
	case d.RecordDomain == "":
		fmt.Fprint(c.out, ": no policy is published")
	default:
		fmt.Fprintf(c.out, ": aligned SPF %v, aligned DKIM %v, policy %s at %s", d.SPFAligned, d.DKIMAligned, d.Policy, d.RecordDomain)
	}
	_, err := fmt.Fprintln(c.out)
	return err
}
