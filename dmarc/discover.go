package dmarc

import (
	"context"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A Discovery is what the DNS says about an author domain, for tools.
type Discovery struct {
	AuthorDomain string
	OrgDomain    string  // "" if Err is set
	RecordDomain string  // where the record that applies is, "" for none
	Record       *Record // the record that applies, nil for none
	// Lint lists the findings in Record.
	Lint []Issue
	// Policy is the policy for mail of AuthorDomain, PolicyUnset if none applies.
	Policy Policy
	// Exists says whether AuthorDomain exists, Unknown if it could not be found out.
	Exists Tri
	// Asked lists the names asked for records, in order, with what was there.
	Asked     []Found
	Queries   int
	Authentic bool // DNSSEC validated every answer
	// Err is the first query that failed, an [*Error].
	Err error
}

// Found is the answer for one name of a walk.
type Found struct {
	Domain   string  // the record is at _dmarc.Domain
	Record   *Record // nil if there is none
	Multiple bool    // several records were there and count as none
	Err      error
}

// Discover finds the record and the policy that apply to author, and its
// organizational domain. Other than an evaluation it takes no shortcuts. The
// error is an [*Error] of kind ErrDomain, or that of ctx; failed queries are in
// the Discovery.
func (v *Verifier) Discover(ctx context.Context, author string) (Discovery, error) {
	name, ok := normalize(author)
	if !ok {
		return Discovery{}, &Error{Domain: clip(author), Err: ErrDomain}
	}
	w := newWalker(v, name)
	d := Discovery{AuthorDomain: name}
	src := w.discover(ctx, name)
	d.Err = src.err
	if src.rec != nil {
		d.Record, d.RecordDomain = src.rec, src.domain
		_, d.Lint, _ = ParseRecord(src.rec.Text)
	}
	k := w.walk(ctx, name)
	d.OrgDomain = k.org
	if d.Err == nil {
		d.Err = k.err
	}
	var err error
	if d.Exists, err = w.exists(ctx, name); d.Err == nil {
		d.Err = err
	}
	if src.rec != nil {
		if p, ok := src.rec.policyFor(src.domain != name, d.Exists != No, v.Mode); ok {
			d.Policy = p
		}
	}
	for _, a := range w.answers {
		d.Asked = append(d.Asked, Found{Domain: a.name, Record: a.rec, Multiple: a.many, Err: a.err})
	}
	d.Queries, d.Authentic = w.queries, w.authentic
	return d, ctx.Err()
}

// OrganizationalDomain returns the organizational domain of name (RFC 9989,
// section 4.10.2), as A-labels in lower case. The error is an [*Error] of kind
// ErrDomain or ErrDNS, or that of ctx.
func (v *Verifier) OrganizationalDomain(ctx context.Context, name string) (string, error) {
	n, ok := normalize(name)
	if !ok {
		return "", &Error{Domain: clip(name), Err: ErrDomain}
	}
	k := newWalker(v, n).walk(ctx, n)
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return k.org, k.err
}

// An Authorization says whether reports may go to an address outside of the
// organization that asks for them.
type Authorization struct {
	// Needed is false if the host of the address belongs to the organization of
	// the policy domain; no further question is asked then.
	Needed bool
	// Allowed is whether a report may be sent to URI.
	Allowed bool
	// URIs is where to send reports instead of the address given, if the
	// destination says so; empty otherwise.
	URIs []URI
	// Name is the name that was asked, "" for none.
	Name string
}

// ExternalDestination checks whether the host of u accepts reports about
// policyDomain (RFC 9990, section 4). The error is an [*Error]: of kind
// ErrDomain if one of the names is none, or ErrDNS if a query failed, after
// which the check may be repeated; or it is that of ctx. On error the address
// must not be used.
func (v *Verifier) ExternalDestination(ctx context.Context, policyDomain string, u URI) (Authorization, error) {
	policy, ok := normalize(policyDomain)
	host := u.Host()
	if !ok || host == "" {
		return Authorization{}, &Error{Domain: clip(policyDomain), Text: clip(u.Text), Err: ErrDomain}
	}
	w := newWalker(v, policy)
	var a Authorization
	same, err := w.sameOrg(ctx, policy, host)
	switch {
	case ctx.Err() != nil:
		return Authorization{}, ctx.Err()
	case err != nil:
		return Authorization{}, err
	case same:
		a.Allowed = true
		return a, nil
	}
	a.Needed = true
	name := policy + "._report." + prefix + host
	if len(name) > dnsname.MaxName {
		return a, nil
	}
	a.Name = name + "."
	r, err := w.query(ctx, a.Name)
	if err != nil {
		if cerr := ctx.Err(); cerr != nil {
			return Authorization{}, cerr
		}
		return a, &Error{Domain: name, Err: err, Cause: r.err}
	}
	a.confirm(r.txts, host)
	return a, nil
}

// sameOrg reports whether two names have the same organizational domain.
func (w *walker) sameOrg(ctx context.Context, x, y string) (bool, error) {
	if x == y {
		return true, nil
	}
	if !shareSuffix(x, y) {
		return false, nil
	}
	kx := w.walk(ctx, x)
	if kx.err != nil {
		return false, kx.err
	}
	if !dnsname.HasSuffix(y, kx.org) {
		return false, nil
	}
	ky := w.walk(ctx, y)
	return ky.err == nil && kx.org == ky.org, ky.err
}

// confirm reads the answer of the destination. An address in it must keep the
// host, or no report may be sent at all.
func (a *Authorization) confirm(txts []string, host string) {
	for _, txt := range txts {
		var rec Record
		if !rec.parse(txt, nil) {
			continue
		}
		a.Allowed = true
		for _, u := range rec.RUA {
			if !strings.EqualFold(u.Host(), host) {
				a.Allowed, a.URIs = false, nil
				return
			}
			a.URIs = append(a.URIs, u)
		}
	}
}
