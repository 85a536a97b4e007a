package dmarc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

var (
	_ Resolver     = (*net.Resolver)(nil)
	_ Resolver     = (*resolver.Resolver)(nil)
	_ metaResolver = (*resolver.Resolver)(nil)
)

// txt returns zone text for a record at _dmarc.domain, and for hosts.
func txt(domain, record string) string {
	return "_dmarc." + domain + ". 300 IN TXT \"v=DMARC1; " + record + "\""
}

func host(name string) string { return name + ". 300 IN A 192.0.2.1" }

var (
	spfPass  = SPF{"pass", "example.com"}
	spfFail  = SPF{"fail", "example.com"}
	ctx      = context.Background()
	anywhere = []DKIM{{"pass", "other.test", "s"}}
)

// short describes an evaluation in one line.
func short(e Evaluation) string {
	s := fmt.Sprintf("%v p=%v d=%v", e.Result, e.Policy, e.Disposition)
	for _, r := range e.Reasons {
		s += " " + string(r.Type)
	}
	return s
}

func verify(t *testing.T, v *Verifier, from string, spf SPF, dkim []DKIM) Evaluation {
	t.Helper()
	e, err := v.Verify(ctx, []string{from}, spf, dkim)
	if err != nil {
		t.Fatalf("Verify(%q): %v", from, err)
	}
	return e
}

func TestVerify(t *testing.T) {
	tests := []struct {
		name string
		zone []string
		v    Verifier
		from string
		spf  SPF
		dkim []DKIM
		want string
		err  error // kind in Evaluation.Err
	}{
		{name: "aligned", zone: []string{txt("example.com", "p=reject")}, from: "a@example.com", spf: spfPass, want: "pass p=reject d=none"},
		{name: "result in upper case", zone: []string{txt("example.com", "p=reject")}, from: "a@example.com", spf: SPF{"PASS", "example.com"}, want: "pass p=reject d=none"},
		{name: "not aligned", zone: []string{txt("example.com", "p=reject")}, from: "a@example.com", spf: spfFail, dkim: anywhere, want: "fail p=reject d=reject"},
		{name: "test mode", zone: []string{txt("example.com", "p=reject; t=y")}, from: "a@example.com", want: "fail p=reject d=quarantine policy_test_mode"},
		{name: "test mode, none", zone: []string{txt("example.com", "p=none; t=y")}, from: "a@example.com", want: "fail p=none d=none"},
		{name: "no policy", zone: []string{txt("example.com", "sp=none")}, from: "a@example.com", want: "none p=none d=none", err: ErrNoPolicy},
		{name: "bad author", from: "a@[192.0.2.1]", want: "permerror p=none d=none", err: ErrLiteral},
		{name: "bad SPF domain", zone: []string{txt("example.com", "p=reject")}, from: "a@example.com", spf: SPF{"pass", "[192.0.2.1]..x"}, want: "fail p=reject d=reject"},
		{name: "DKIM temperror, aligned", zone: []string{txt("example.com", "p=reject")}, from: "a@example.com", dkim: []DKIM{{"temperror", "mail.example.com", "s"}}, want: "temperror p=reject d=none", err: ErrUpstream},
		{name: "SPF temperror, not aligned", zone: []string{txt("example.com", "p=reject")}, from: "a@example.com", spf: SPF{"temperror", "other.test"}, want: "fail p=reject d=reject"},
		{name: "SPF temperror beside a pass", zone: []string{txt("example.com", "p=reject")}, from: "a@example.com", spf: SPF{"temperror", "example.com"}, dkim: []DKIM{{"pass", "example.com", "s"}}, want: "pass p=reject d=none"},

		{name: "org has only a record without policy", zone: []string{txt("example.com", "sp=none"), host("a.example.com")}, from: "x@a.example.com", want: "none p=none d=none", err: ErrNoPolicy},
		{name: "np used", zone: []string{txt("example.com", "p=none; np=reject")}, from: "a@ghost.example.com", want: "fail p=reject d=reject"},
		{name: "np used on pass", zone: []string{txt("example.com", "p=none; np=reject")}, from: "a@ghost.example.com", spf: spfPass, want: "pass p=reject d=none"},
		{name: "np not used, proved by SPF", zone: []string{txt("example.com", "p=none; np=reject")}, from: "a@ghost.example.com", spf: SPF{"pass", "x.ghost.example.com"}, want: "pass p=none d=none"},
		{name: "np not used, proved by DKIM", zone: []string{txt("example.com", "p=none; np=reject")}, from: "a@ghost.example.com", dkim: []DKIM{{"pass", "ghost.example.com", "s"}}, want: "pass p=none d=none"},

		{name: "several authors", zone: []string{txt("example.com", "p=none"), txt("other.test", "p=reject")}, from: "a@example.com, b@other.test", spf: spfPass, want: "permerror p=none d=none", err: ErrMultipleDomains},
		{name: "several authors allowed", zone: []string{txt("example.com", "p=none"), txt("other.test", "p=reject")}, v: Verifier{MaxAuthors: 4}, from: "a@example.com, b@other.test", spf: spfPass, want: "fail p=reject d=reject"},
		{name: "several authors, the first is worst", zone: []string{txt("example.com", "p=none"), txt("other.test", "p=reject")}, v: Verifier{MaxAuthors: 4}, from: "b@other.test, a@example.com, c@third.test", spf: spfPass, want: "fail p=reject d=reject"},
		{name: "too many authors", v: Verifier{MaxAuthors: 99}, from: "a@a.test, a@b.test, a@c.test, a@d.test, a@e.test, a@f.test, a@g.test, a@h.test, a@i.test", want: "permerror p=none d=none", err: ErrMultipleDomains},

		{name: "7489: org by list", zone: []string{txt("example.co.uk", "p=reject; sp=quarantine"), txt("b.example.co.uk", "p=none"), host("a.b.example.co.uk")}, v: Verifier{Mode: PublicSuffix}, from: "x@a.b.example.co.uk", spf: SPF{"fail", "x.test"}, want: "fail p=quarantine d=quarantine"},
		{name: "7489: relaxed by list", zone: []string{txt("example.com", "p=reject; sp=quarantine")}, v: Verifier{Mode: PublicSuffix}, from: "x@a.example.com", spf: SPF{"pass", "b.example.com"}, want: "pass p=quarantine d=none"},
		{name: "7489: no np, psd, t", zone: []string{txt("example.com", "p=quarantine; np=reject; t=y; psd=y")}, v: Verifier{Mode: PublicSuffix}, from: "x@a.example.com", want: "fail p=quarantine d=quarantine"},
		{name: "7489: bad np does not matter", zone: []string{txt("example.com", "p=quarantine; np=foo")}, v: Verifier{Mode: PublicSuffix}, from: "x@example.com", want: "fail p=quarantine d=quarantine"},
		{name: "7489: bad sp", zone: []string{txt("example.com", "p=quarantine; sp=foo; rua=mailto:a@b.test")}, v: Verifier{Mode: PublicSuffix}, from: "x@example.com", want: "fail p=none d=none"},
		{name: "7489: several records end it", zone: []string{txt("a.example.com", "p=none"), txt("a.example.com", "p=reject"), txt("example.com", "p=reject")}, v: Verifier{Mode: PublicSuffix}, from: "x@a.example.com", want: "none p=none d=none"},
		{name: "7489: TLD not asked", zone: []string{txt("com", "p=reject")}, v: Verifier{Mode: PublicSuffix}, from: "x@a.example.com", want: "none p=none d=none"},
		{name: "7489: nothing", v: Verifier{Mode: PublicSuffix}, from: "x@example.com", want: "none p=none d=none"},
		{name: "7489: in the sample", zone: []string{txt("example.com", "p=reject; pct=30")}, v: Verifier{Mode: PublicSuffix, Rand: func(int) int { return 29 }}, from: "x@example.com", want: "fail p=reject d=reject"},
		{name: "7489: not in the sample", zone: []string{txt("example.com", "p=reject; pct=30")}, v: Verifier{Mode: PublicSuffix, Rand: func(int) int { return 30 }}, from: "x@example.com", want: "fail p=reject d=quarantine sampled_out"},
		{name: "7489: pct=0", zone: []string{txt("example.com", "p=quarantine; pct=0")}, v: Verifier{Mode: PublicSuffix}, from: "x@example.com", want: "fail p=quarantine d=none sampled_out"},
		{name: "7489: pct=100", zone: []string{txt("example.com", "p=quarantine; pct=100")}, v: Verifier{Mode: PublicSuffix}, from: "x@example.com", want: "fail p=quarantine d=quarantine"},
		{name: "7489: own list", zone: []string{txt("b.example.com", "p=reject")}, v: Verifier{Mode: PublicSuffix, OrgDomain: func(string) string { return "b.example.com" }}, from: "x@a.b.example.com", want: "fail p=reject d=reject"},
		{name: "7489: own list knows nothing", zone: []string{txt("example.com", "p=reject")}, v: Verifier{Mode: PublicSuffix, OrgDomain: func(string) string { return "" }}, from: "x@a.example.com", want: "none p=none d=none"},
		{name: "9989: pct ignored", zone: []string{txt("example.com", "p=reject; pct=0")}, from: "x@example.com", want: "fail p=reject d=reject"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.v.Resolver = resolvertest.Must(tt.zone...).Resolver()
			e := verify(t, &tt.v, tt.from, tt.spf, tt.dkim)
			if got := short(e); got != tt.want || !errors.Is(e.Err, tt.err) {
				t.Errorf("got %s, %v; want %s, %v", got, e.Err, tt.want, tt.err)
			}
		})
	}
}

func TestPercentDrawn(t *testing.T) {
	v := Verifier{Mode: PublicSuffix, Resolver: resolvertest.Must(txt("example.com", "p=reject; pct=50")).Resolver()}
	seen := map[string]bool{}
	for range 200 {
		seen[short(verify(t, &v, "x@example.com", SPF{}, nil))] = true
	}
	if len(seen) != 2 {
		t.Errorf("outcomes of pct=50: %v", seen)
	}
}

func TestFaults(t *testing.T) {
	zone := []string{txt("example.com", "p=reject; sp=quarantine; np=none"), txt("own.example.com", "p=quarantine"), txt("open.test", "p=none"), host("sub.example.com")}
	tests := []struct {
		name   string
		faults []string
		v      Verifier
		from   string
		spf    SPF
		want   string
		org    string
	}{
		{name: "above a record", faults: []string{"_dmarc.com."}, from: "a@sub.example.com", spf: SPF{"pass", "sub.example.com"}, want: "temperror p=none d=none"},
		{name: "above a record, lenient", faults: []string{"_dmarc.com."}, v: Verifier{LenientWalk: true}, from: "a@sub.example.com", spf: SPF{"pass", "sub.example.com"}, want: "pass p=quarantine d=none", org: "example.com"},
		{name: "at the author, lenient", faults: []string{"_dmarc.sub.example.com."}, v: Verifier{LenientWalk: true}, from: "a@sub.example.com", want: "temperror p=none d=none"},
		{name: "walk of the author", faults: []string{"_dmarc.com."}, from: "a@own.example.com", spf: SPF{"pass", "x.example.com"}, want: "temperror p=quarantine d=none"},
		{name: "not needed", faults: []string{"_dmarc.com."}, from: "a@own.example.com", spf: SPF{"pass", "own.example.com"}, want: "pass p=quarantine d=none"},
		{name: "walk of the identifier", faults: []string{"_dmarc.x.example.com."}, from: "a@own.example.com", spf: SPF{"pass", "x.example.com"}, want: "temperror p=quarantine d=none", org: "example.com"},
		{name: "existence", faults: []string{"ghost.example.com."}, from: "a@ghost.example.com", want: "temperror p=none d=none", org: "example.com"},
		{name: "existence on pass", faults: []string{"ghost.example.com."}, from: "a@ghost.example.com", spf: spfPass, want: "pass p=quarantine d=none", org: "example.com"},
		{name: "7489, org", faults: []string{"_dmarc.example.com."}, v: Verifier{Mode: PublicSuffix}, from: "a@sub.example.com", want: "temperror p=none d=none"},
		{name: "several authors, one fails without a policy", faults: []string{"_dmarc.other.test."}, v: Verifier{MaxAuthors: 2}, from: "a@open.test, b@other.test", want: "temperror p=none d=none"},
		{name: "several authors", faults: []string{"_dmarc.other.test."}, v: Verifier{MaxAuthors: 2}, from: "a@example.com, b@other.test", spf: spfPass, want: "temperror p=none d=none"},
	}
	for _, tt := range tests {
		for _, fault := range []resolvertest.Fault{resolvertest.ServFail, resolvertest.Timeout} {
			srv := resolvertest.Must(zone...)
			for _, f := range tt.faults {
				srv.SetFault(f, "*", fault)
			}
			tt.v.Resolver = srv.Resolver()
			e := verify(t, &tt.v, tt.from, tt.spf, nil)
			if got := short(e); got != tt.want || e.OrgDomain != tt.org {
				t.Errorf("%s: got %s, org %q; want %s, %q", tt.name, got, e.OrgDomain, tt.want, tt.org)
			}
			var re *resolver.Error
			if e.Result == TempError && (!errors.Is(e.Err, ErrDNS) || !errors.As(e.Err, &re)) {
				t.Errorf("%s: error %v", tt.name, e.Err)
			}
			code, enhanced, text := e.Reply()
			if (code == 451) != (e.Result == TempError) || code != 0 && (enhanced != "4.7.1" || !strings.Contains(text, "DMARC")) {
				t.Errorf("%s: reply %d %s %s", tt.name, code, enhanced, text)
			}
		}
	}
}

func TestAlignment(t *testing.T) {
	v := Verifier{Resolver: resolvertest.Must(txt("example.com", "p=reject; aspf=s")).Resolver()}
	dkim := []DKIM{
		{"pass", "Mail.Example.com", "a"}, {"pass", "example.com.", "b"}, {"fail", "example.com", "c"},
		{"pass", "other.test", "d"}, {"pass", "other.com", "e"}, {"temperror", "x.example.com", "f"}, {"pass", "", "g"},
	}
	e := verify(t, &v, "x@example.com", SPF{"pass", "mail.example.com"}, dkim)
	want := []Alignment{AlignedRelaxed, AlignedStrict, NotAligned, NotAligned, NotAligned, AlignedRelaxed, NotAligned}
	for i, d := range e.DKIM {
		if d.DKIM != dkim[i] || d.Alignment != want[i] {
			t.Errorf("%+v: alignment %v, want %v", d.DKIM, d.Alignment, want[i])
		}
	}
	if e.SPFAligned || e.SPFAlignment != NotAligned || !e.DKIMAligned || e.Result != Pass {
		t.Errorf("evaluation = %+v", e)
	}
}

func TestOverride(t *testing.T) {
	v := Verifier{
		Resolver: resolvertest.Must(txt("example.com", "p=reject; t=y")).Resolver(),
		Override: func(e *Evaluation) (Override, bool) {
			switch e.AuthorDomain {
			case "example.com":
				return Override{Disposition: PolicyUnset, Reason: Reason{Type: ReasonMailingList, Comment: "list"}}, true
			case "spoofed.test":
				return Override{Disposition: PolicyReject, Reason: Reason{Type: ReasonLocalPolicy}}, true
			}
			e.Disposition = PolicyReject // has no effect
			return Override{}, false
		},
	}
	for from, want := range map[string]string{
		"a@example.com":  "fail p=reject d=none policy_test_mode mailing_list",
		"a@spoofed.test": "none p=none d=reject local_policy",
		"a@else.test":    "none p=none d=none",
		"a":              "permerror p=none d=none",
	} {
		e := verify(t, &v, from, SPF{}, nil)
		if got := short(e); got != want {
			t.Errorf("%s: got %s, want %s", from, got, want)
		}
		if code, enhanced, _ := e.Reply(); (code == 550 && enhanced == "5.7.1") != (e.Disposition == PolicyReject) {
			t.Errorf("%s: reply %d %s", from, code, enhanced)
		}
	}
}

// TestReplyPermError checks that a message does not escape a refusal by a second
// author.
func TestReplyPermError(t *testing.T) {
	v := Verifier{Resolver: resolvertest.Must(txt("example.com", "p=reject")).Resolver()}
	for _, from := range [][]string{nil, {"a@example.com", "b@evil.test"}, {"a@example.com, b@evil.test"}, {"x"}} {
		v.Override = nil
		e, err := v.Verify(context.Background(), from, SPF{"pass", "evil.test"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if code, enhanced, text := e.Reply(); e.Result != PermError || code != 550 || enhanced != "5.6.0" || text == "" {
			t.Errorf("%q: %v, reply %d %s %s", from, e.Result, code, enhanced, text)
		}
		v.Override = func(*Evaluation) (Override, bool) { return Override{Reason: Reason{Type: ReasonLocalPolicy}}, true }
		if e, _ = v.Verify(context.Background(), from, SPF{}, nil); e.Result != PermError {
			t.Errorf("%q: %v", from, e.Result)
		}
		if code, _, _ := e.Reply(); code != 0 {
			t.Errorf("%q: reply %d after the override", from, code)
		}
	}
}

func TestReplyIsSafe(t *testing.T) {
	e := Evaluation{AuthorDomain: "a\r\nb", Disposition: PolicyReject}
	if _, _, text := e.Reply(); text != "Message refused by the DMARC policy of a??b" {
		t.Errorf("Reply = %q", text)
	}
}

func TestVerifyDomain(t *testing.T) {
	v := Verifier{Resolver: resolvertest.Must(txt("xn--bcher-kva.example", "p=reject")).Resolver()}
	e, err := v.VerifyDomain(ctx, "Bücher.Example.", SPF{"pass", "bücher.example"}, nil)
	if err != nil || short(e) != "pass p=reject d=none" || e.AuthorDomain != "xn--bcher-kva.example" {
		t.Errorf("got %s, %v", short(e), err)
	}
	for _, bad := range []string{"", ".", "a..b", "a.b..", strings.Repeat("a", 64)} {
		e, err := v.VerifyDomain(ctx, bad, SPF{}, nil)
		if err != nil || e.Result != PermError || !errors.Is(e.Err, ErrDomain) || e.AuthorDomain != "" {
			t.Errorf("%q: got %s, %v", bad, short(e), err)
		}
	}
	// The longest names leave no room for the prefix.
	long := strings.Repeat("a.", 125) + "com"
	if e, err := v.VerifyDomain(ctx, long, SPF{}, nil); err != nil || e.Result != None || e.Queries != 7 {
		t.Errorf("long name: %s, %d queries, %v", short(e), e.Queries, err)
	}
}

func TestContext(t *testing.T) {
	v := Verifier{Resolver: resolvertest.Must(txt("example.com", "p=reject")).Resolver()}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	e, err := v.Verify(ended, []string{"a@example.com"}, spfPass, nil)
	if !errors.Is(err, context.Canceled) || e.Result != TempError {
		t.Errorf("Verify = %s, %v", short(e), err)
	}
	if _, err := v.OrganizationalDomain(ended, "example.com"); !errors.Is(err, context.Canceled) {
		t.Errorf("OrganizationalDomain: %v", err)
	}
	if _, err := v.Discover(ended, "example.com"); !errors.Is(err, context.Canceled) {
		t.Errorf("Discover: %v", err)
	}
	for _, domain := range []string{"example.com", "example.net"} {
		if _, err := v.ExternalDestination(ended, domain, URI{Text: "mailto:a@b.com"}); !errors.Is(err, context.Canceled) {
			t.Errorf("ExternalDestination: %v", err)
		}
	}
}

func TestSession(t *testing.T) {
	srv := resolvertest.Must(txt("example.com", "p=reject; sp=none"))
	v := Verifier{Resolver: srv.Resolver()}
	s := v.Begin([]string{"a@sub.example.com"})
	if q := srv.Queries(); len(q) != 0 {
		t.Errorf("Begin asked %q", q)
	}
	s.Discover(ctx)
	asked := len(srv.Queries())
	s.Discover(ctx)
	if q := srv.Queries(); asked != 3 || len(q) != asked {
		t.Errorf("Discover asked %q", q)
	}
	if e, err := s.End(ctx, spfPass, nil); err != nil || short(e) != "pass p=none d=none" || len(srv.Queries()) != asked {
		t.Errorf("End = %s, %v; queries %q", short(e), err, srv.Queries())
	}
	e, err := v.Begin(nil).End(ctx, spfPass, []DKIM{{"pass", "x.test", "s"}})
	if err != nil || !errors.Is(e.Err, ErrNoFrom) || e.SPF != spfPass || len(e.DKIM) != 1 {
		t.Errorf("no From: %+v, %v", e, err)
	}
}

func TestOthers(t *testing.T) {
	v := Verifier{MaxAuthors: 3, Resolver: resolvertest.Must(txt("a.test", "p=none"), txt("b.test", "p=quarantine")).Resolver()}
	e := verify(t, &v, "x@a.test, x@b.test, x@c.test", SPF{}, nil)
	var names []string
	for _, o := range e.Others {
		names = append(names, o.AuthorDomain+" "+o.Result.String())
	}
	if e.AuthorDomain != "b.test" || !slices.Equal(names, []string{"a.test fail", "c.test none"}) {
		t.Errorf("worst %s, others %q", e.AuthorDomain, names)
	}
}

func TestQueryLimit(t *testing.T) {
	srv := resolvertest.Must(txt("example.com", "p=reject"))
	v := Verifier{Resolver: srv.Resolver()}
	var dkim []DKIM
	for i := range 60 {
		dkim = append(dkim, DKIM{"pass", fmt.Sprintf("a.b.c.d%d.other.com", i), "s"}, DKIM{"pass", fmt.Sprintf("n%d.example.com", i), "s"})
	}
	e := verify(t, &v, "x@example.com", SPF{}, dkim)
	if e.Result != Pass || e.Queries != MaxQueries || len(srv.Queries()) != MaxQueries {
		t.Errorf("%s after %d queries", short(e), e.Queries)
	}
	v.MaxQueries = 2
	e = verify(t, &v, "x@sub.example.com", SPF{}, nil)
	if e.Result != TempError || !errors.Is(e.Err, ErrLimit) || e.Queries != 2 {
		t.Errorf("%s, %v after %d queries", short(e), e.Err, e.Queries)
	}
}

// plain is a resolver that tells as little as package net does.
type plain map[string][]string

func (p plain) LookupTXT(_ context.Context, name string) ([]string, error) {
	if t, ok := p[name]; ok {
		return t, nil
	}
	return nil, fmt.Errorf("wrapped: %w", &net.DNSError{Err: "no such host", Name: name, IsNotFound: true})
}

func TestPlainResolver(t *testing.T) {
	v := Verifier{Resolver: plain{"_dmarc.example.com.": {"v=DMARC1; p=quarantine; np=reject"}, "_dmarc.com.": nil}}
	e := verify(t, &v, "x@ghost.example.com", SPF{}, nil)
	if short(e) != "fail p=quarantine d=quarantine" || e.Exists != Yes || e.Authentic {
		t.Errorf("got %s, exists %v, authentic %v", short(e), e.Exists, e.Authentic)
	}
	if (&Verifier{}).resolver() != Resolver(net.DefaultResolver) {
		t.Error("the zero Verifier does not use net.DefaultResolver")
	}
}

// signed answers as if DNSSEC covered everything but the names in it.
type signed struct {
	Resolver
	unsigned string
}

func (s signed) LookupTXTMeta(ctx context.Context, name string) ([]string, time.Duration, bool, error) {
	txts, err := s.LookupTXT(ctx, name)
	if err != nil {
		err = negative{err, name != s.unsigned}
	}
	return txts, time.Minute, name != s.unsigned, err
}

type negative struct {
	error
	authentic bool
}

func (n negative) Unwrap() error               { return n.error }
func (n negative) Meta() (time.Duration, bool) { return time.Minute, n.authentic }

func TestAuthentic(t *testing.T) {
	zone := resolvertest.Must(txt("example.com", "p=none"), host("sub.example.com")).Resolver()
	for unsigned, want := range map[string]bool{"": true, "_dmarc.com.": false, "_dmarc.example.com.": false, "_dmarc.sub.example.com.": false} {
		v := Verifier{Resolver: signed{zone, unsigned}}
		if e := verify(t, &v, "x@sub.example.com", SPF{}, nil); e.Authentic != want || e.Result != Fail {
			t.Errorf("unsigned %q: authentic %v, %s", unsigned, e.Authentic, short(e))
		}
	}
}

func TestTrace(t *testing.T) {
	var got []string
	v := Verifier{
		Resolver: resolvertest.Must(txt("example.com", "p=none; np=reject"), txt("x.example.com", "p=none"), txt("x.example.com", "p=none"), host("sub.example.com")).Resolver(),
		Trace: func(e Event) {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%v %s %s %d %v %s", e.Kind, e.Domain, e.Name, len(e.Texts), e.Policy, e.Note)))
		},
		MaxQueries: 5,
	}
	verify(t, &v, "a@sub.example.com", SPF{"pass", "x.example.com"}, []DKIM{{"pass", "y.example.com", "s"}})
	want := []string{
		"query  _dmarc.sub.example.com. 0", "query  _dmarc.example.com. 1", "record example.com  0", "query  _dmarc.com. 0",
		"org sub.example.com example.com 0", "org sub.example.com example.com 0",
		"query  _dmarc.x.example.com. 2", "record x.example.com  0  several records, all discarded", "org x.example.com example.com 0", "align x.example.com  0  relaxed",
		"query  _dmarc.y.example.com. 0", "org y.example.com example.com 0", "align y.example.com  0  relaxed",
		// The query for existence is over the limit.
		"query  sub.example.com. 0", "policy example.com  0 none", "result sub.example.com  0 none pass",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	got = nil
	v.Mode = PublicSuffix
	verify(t, &v, "a@sub.example.com", SPF{}, nil)
	if !slices.Contains(got, "org sub.example.com example.com 0  public suffix list") {
		t.Errorf("got:\n%s", strings.Join(got, "\n"))
	}
}

func TestAuthResult(t *testing.T) {
	v := Verifier{Resolver: resolvertest.Must(txt("example.com", "p=reject; t=y"), txt("b.test", "p=quarantine")).Resolver()}
	w := Verifier{Mode: PublicSuffix, Resolver: resolvertest.Must(txt("example.com", "p=reject; pct=0")).Resolver()}
	tests := []struct {
		v    *Verifier
		from string
		spf  SPF
		want string
	}{
		{&v, "a@example.com", SPF{}, "dmarc fail [header.from=example.com policy.dmarc=quarantine] p=reject dis=quarantine"},
		{&v, "a@example.com", spfPass, "dmarc pass [header.from=example.com policy.dmarc=quarantine] p=reject dis=none"},
		{&v, "a@b.test", SPF{}, "dmarc fail [header.from=b.test policy.dmarc=quarantine] p=quarantine dis=quarantine"},
		{&w, "a@example.com", SPF{}, "dmarc fail [header.from=example.com policy.dmarc=quarantine] p=reject dis=quarantine"},
		{&v, "a@none.test", SPF{}, "dmarc none [header.from=none.test] "},
		{&v, "a", SPF{}, "dmarc permerror [] "},
	}
	for _, tt := range tests {
		e := verify(t, tt.v, tt.from, tt.spf, nil)
		m := e.AuthResult()
		var props []string
		for _, p := range m.Props {
			props = append(props, p.Type+"."+p.Name+"="+p.Value)
		}
		if got := fmt.Sprintf("%s %s [%s] %s", m.Name, m.Result, strings.Join(props, " "), m.Comment); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.from, got, tt.want)
		}
	}
}

func TestFailureReportWanted(t *testing.T) {
	const ruf = "; ruf=mailto:a@b.test"
	signed := func(result string) []DKIM { return []DKIM{{result, "example.com", "s"}} }
	tests := []struct {
		rec  string
		v    Verifier
		spf  SPF
		dkim []DKIM
		want FailureOptions
	}{
		{rec: "p=none" + ruf, want: FailureAll},
		{rec: "p=none", want: 0},
		{rec: "p=none; psd=y" + ruf, want: 0},
		{rec: "p=none; psd=y" + ruf, v: Verifier{Mode: PublicSuffix}, want: FailureAll},
		{rec: "p=none" + ruf, spf: spfPass, want: 0},
		{rec: "p=none; fo=1" + ruf, spf: spfPass, want: FailureAny},
		{rec: "p=none; fo=1" + ruf, spf: spfPass, dkim: signed("pass"), want: 0},
		{rec: "p=none; fo=0:d:s" + ruf, spf: spfPass, dkim: signed("fail"), want: FailureDKIM},
		{rec: "p=none; fo=d:s" + ruf, spf: spfFail, dkim: signed("pass"), want: FailureSPF},
		{rec: "p=none; fo=d:s" + ruf, spf: SPF{"softfail", "other.test"}, dkim: signed("permerror"), want: FailureSPF | FailureDKIM},
		{rec: "p=none; fo=1" + ruf, dkim: signed("temperror"), want: 0},
	}
	for _, tt := range tests {
		tt.v.Resolver = resolvertest.Must(txt("example.com", tt.rec)).Resolver()
		e := verify(t, &tt.v, "a@example.com", tt.spf, tt.dkim)
		if got := e.FailureReportWanted(); got != tt.want {
			t.Errorf("%s, %+v, %+v: got %v, want %v", tt.rec, tt.spf, tt.dkim, got, tt.want)
		}
	}
}

func TestVerifyAllocs(t *testing.T) {
	v := Verifier{Resolver: plain{"_dmarc.example.com.": {"v=DMARC1; p=reject; rua=mailto:a@b.test"}}}
	from, dkim := []string{" Joe <joe@example.com>"}, []DKIM{{"pass", "example.com", "s"}}
	if n := testing.AllocsPerRun(100, func() {
		if e, _ := v.Verify(ctx, from, spfPass, dkim); e.Result != Pass {
			t.Fatal(short(e))
		}
	}); n > 8 {
		t.Errorf("an aligned pass with an own record allocates %v times", n)
	}
}

func BenchmarkVerify(b *testing.B) {
	v := Verifier{Resolver: plain{"_dmarc.example.com.": {"v=DMARC1; p=reject; rua=mailto:a@b.test"}}}
	from, dkim := []string{" Joe <joe@example.com>"}, []DKIM{{"pass", "example.com", "s"}}
	b.ReportAllocs()
	for b.Loop() {
		if e, _ := v.Verify(ctx, from, spfPass, dkim); e.Result != Pass {
			b.Fatal(short(e))
		}
	}
}
