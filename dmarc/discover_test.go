package dmarc

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

func TestDiscover(t *testing.T) {
	srv := resolvertest.Must(
		txt("example.com", "p=reject; np=none; foo=bar"), txt("two.example.com", "p=none"), txt("two.example.com", "p=none"),
		txt("own.example.com", "p=quarantine"), txt("bank.test", "p=none; psd=y"), host("www.example.com"), txt("bad.test", "sp=none"))
	srv.SetFault("_dmarc.fault.example.com.", "TXT", resolvertest.ServFail)
	srv.SetFault("unsure.example.com.", "TXT", resolvertest.ServFail)
	v := Verifier{Resolver: srv.Resolver()}
	tests := []struct {
		author string
		want   string // author, org, record domain, policy, exists, number of names asked, lint
		err    error
	}{
		{"Example.COM.", "example.com example.com example.com reject yes 2 1", nil},
		{"www.example.com", "www.example.com example.com example.com reject yes 3 1", nil},
		{"ghost.example.com", "ghost.example.com example.com example.com none no 3 1", nil},
		{"own.example.com", "own.example.com example.com own.example.com quarantine yes 3 0", nil},
		{"two.example.com", "two.example.com example.com example.com reject yes 3 1", nil},
		{"a.b.bank.test", "a.b.bank.test b.bank.test bank.test none no 3 0", nil},
		{"none.test", "none.test none.test  - no 2 0", nil},
		{"bad.test", "bad.test bad.test bad.test - yes 2 1", nil},
		{"fault.example.com", "fault.example.com   - no 1 0", ErrDNS},
		{"unsure.example.com", "unsure.example.com example.com example.com reject unknown 3 1", ErrDNS},
	}
	for _, tt := range tests {
		srv.ResetQueries()
		d, err := v.Discover(ctx, tt.author)
		policy := d.Policy.String()
		if policy == "" {
			policy = "-"
		}
		got := fmt.Sprintf("%s %s %s %s %v %d %d", d.AuthorDomain, d.OrgDomain, d.RecordDomain, policy, d.Exists, len(d.Asked), len(d.Lint))
		if err != nil || got != tt.want || !errors.Is(d.Err, tt.err) || d.Queries != len(srv.Queries()) {
			t.Errorf("Discover(%q) = %s, %v, %v; want %s, %v", tt.author, got, d.Err, err, tt.want, tt.err)
		}
	}
	d, _ := v.Discover(ctx, "two.example.com")
	if !d.Asked[0].Multiple || d.Asked[1].Record == nil || d.Asked[1].Domain != "example.com" {
		t.Errorf("Asked = %+v", d.Asked)
	}
	if _, err := v.Discover(ctx, "a..b"); !errors.Is(err, ErrDomain) {
		t.Errorf("bad name: %v", err)
	}
}

func TestOrganizationalDomain(t *testing.T) {
	srv := resolvertest.Must(txt("example.com", "p=none"), txt("dept.example.com", "p=none; psd=n"))
	srv.SetFault("_dmarc.fault.com.", "TXT", resolvertest.ServFail)
	v := Verifier{Resolver: srv.Resolver()}
	for name, want := range map[string]string{"A.B.Example.com": "example.com", "x.dept.example.com": "dept.example.com", "x.y.test": "x.y.test"} {
		if got, err := v.OrganizationalDomain(ctx, name); got != want || err != nil {
			t.Errorf("OrganizationalDomain(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
	if _, err := v.OrganizationalDomain(ctx, ""); !errors.Is(err, ErrDomain) {
		t.Errorf("empty name: %v", err)
	}
	if _, err := v.OrganizationalDomain(ctx, "x.fault.com"); !errors.Is(err, ErrDNS) {
		t.Errorf("fault: %v", err)
	}
}

func TestExternalDestination(t *testing.T) {
	report := func(policy, dest, txt string) string {
		return policy + "._report._dmarc." + dest + `. 300 IN TXT "` + txt + `"`
	}
	srv := resolvertest.Must(
		txt("example.com", "p=none"),
		report("example.com", "plain.test", "v=DMARC1"),
		report("example.com", "new.test", "v=DMARC1; rua=mailto:b@new.test"),
		report("example.com", "moved.test", "v=DMARC1; rua=mailto:b@new.test,mailto:c@other.test"),
		report("*", "any.test", "v=DMARC1;"),
		report("example.com", "other.test", "v=spf1 -all"),
		report("example.com", "two.test", "v=DMARC1"), report("example.com", "two.test", "v=DMARC1; p=x"),
	)
	srv.SetFault("example.com._report._dmarc.fault.test.", "TXT", resolvertest.ServFail)
	srv.SetFault("_dmarc.fault.example.com.", "TXT", resolvertest.ServFail)
	v := Verifier{Resolver: srv.Resolver()}
	tests := []struct {
		policy, uri string
		want        string // needed, allowed, replacement
		err         error
	}{
		{"example.com", "mailto:a@example.com", "false true ", nil},
		{"sub.example.com", "mailto:a@rep.Example.com", "false true ", nil},
		{"example.com", "mailto:a@other.com", "true false ", nil},
		{"example.com", "mailto:a@plain.test", "true true ", nil},
		{"example.com", "https://plain.test/x", "true true ", nil},
		{"Example.com.", "mailto:a@new.test", "true true mailto:b@new.test", nil},
		{"example.com", "mailto:a@moved.test", "true false ", nil},
		{"example.com", "mailto:a@any.test", "true true ", nil},
		{"example.com", "mailto:a@other.test", "true false ", nil},
		{"example.com", "mailto:a@two.test", "true true ", nil},
		{"example.com", "mailto:a@none.test", "true false ", nil},
		{strings.Repeat("a.", 120) + "com", "mailto:a@none.test", "true false ", nil},
		{"example.com", "mailto:a@fault.test", "true false ", ErrDNS},
		{"example.com", "mailto:a@fault.example.com", "false false ", ErrDNS},
		{"x.fault.example.com", "mailto:a@example.com", "false false ", ErrDNS},
		{"example.com", "urn:x", "false false ", ErrDomain},
		{"", "mailto:a@b.test", "false false ", ErrDomain},
	}
	for _, tt := range tests {
		a, err := v.ExternalDestination(ctx, tt.policy, URI{Text: tt.uri})
		if got := fmt.Sprintf("%v %v %s", a.Needed, a.Allowed, uriList(a.URIs)); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("ExternalDestination(%.40q, %q) = %s, %v; want %s, %v", tt.policy, tt.uri, got, err, tt.want, tt.err)
		}
	}
}

// TestSuffixList checks, for ordinary domains, that the walk finds the same
// organizational domain as the public suffix list.
func TestSuffixList(t *testing.T) {
	orgs := []string{
		"example.com", "example.co.uk", "example.org", "example.de", "example.gov.au", "example.github",
		"city.kawasaki.jp", "example.k12.ca.us", "example.no", "xn--bcher-kva.example", "www.ck",
	}
	for _, org := range orgs {
		v := Verifier{Resolver: resolvertest.Must(txt(org, "p=none")).Resolver()}
		for _, prefix := range []string{"", "a.", "mail.a.", "1.2.3.4.5.6.7.8."} {
			name := prefix + org
			walk, err := v.OrganizationalDomain(ctx, name)
			if list := PublicSuffixDomain(name); err != nil || walk != org || list != org {
				t.Errorf("%s: walk %s, %v; list %s; want %s", name, walk, err, list, org)
			}
		}
	}
	for name, want := range map[string]string{
		"a.b.github.io": "github.io", "github.io": "github.io", "x.blogspot.co.uk": "blogspot.co.uk", "com": "com", "co.uk": "co.uk",
		"a.b.c.compute.amazonaws.com": "amazonaws.com", "a.b.unlisted": "b.unlisted", "unlisted": "unlisted", "a.example.kawasaki.jp": "a.example.kawasaki.jp",
	} {
		if got := PublicSuffixDomain(name); got != want {
			t.Errorf("PublicSuffixDomain(%q) = %q, want %q", name, got, want)
		}
	}
}
