package main

import (
	"fmt"

	"github.com/mailsec-go/mailsec/dmarc"
	"github.com/mailsec-go/mailsec/spf"
)

// checkDomain shows the SPF and DMARC policies of a domain. DKIM keys can't be
// listed: their names are not in the DNS.
func checkDomain(c *call) error {
	name, err := c.parse()
	if err != nil {
		return err
	}
	defer c.resolver.Close()
	checker := spf.Checker{Resolver: c.resolver}
	report, err := checker.Lint(c.ctx, name)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "SPF, with %d of %d lookups:\n%s\n", report.Lookups, spf.DefaultMaxTerms, report)

	verifier := dmarc.Verifier{Resolver: c.resolver}
	found, err := verifier.Discover(c.ctx, name)
	if err != nil {
		return err
	}
	if found.Err != nil {
		fmt.Fprintf(c.out, "DMARC: %v\n", found.Err)
	}
	if found.Record == nil {
		_, err := fmt.Fprintf(c.out, "DMARC: no policy\n")
		return err
	}
	fmt.Fprintf(c.out, "DMARC: policy %s for %s, from the record at %s:\n%s\n",
		found.Policy, found.AuthorDomain, found.RecordDomain, found.Record)
	for _, issue := range found.Lint {
		fmt.Fprintf(c.out, "  %s\n", issue)
	}
	return nil
}
