package dmarc

import (
	"context"
	"fmt"
	"net"
	"reflect"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// FuzzParseRecord checks that the canonical form of a record is a fixed point
// that loses nothing, and that positions lie within the text.
func FuzzParseRecord(f *testing.F) {
	for _, s := range []string{
		"v=DMARC1; p=reject; sp=none; np=quarantine; psd=n; t=y; adkim=s; aspf=s; fo=1:d:s; rua=mailto:a@b.test!10m,https://x; ruf=mailto:c@d.test",
		"V = DMARC1 ;; P = None ; rua = , foo", "v=DMARC1;pct=0;sp=x", "v=DMARC1", "v=DMARC1 p=none", "v=DMARC1;=;=x;p==",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rec, lint, ok := ParseRecord(s)
		if !ok {
			if len(lint) > 0 {
				t.Fatalf("lint without a record: %v", lint)
			}
			return
		}
		for _, l := range lint {
			if l.Pos < 0 || l.Pos > len(s) {
				t.Fatalf("ParseRecord(%q): %+v", s, l)
			}
		}
		again, _, ok := ParseRecord(rec.String())
		if !ok || again.String() != rec.String() {
			t.Fatalf("ParseRecord(%q) = %q; reparsed %q, %v", s, rec, again, ok)
		}
		// What the canonical form cannot say: that a tag was there but bad, and
		// sizes of addresses, which are ignored.
		again.Text, rec.Text = "", ""
		rec.BadPolicy, rec.badSP = false, false
		for _, l := range [][]URI{rec.RUA, rec.RUF} {
			for i := range l {
				l[i].Size = 0
			}
		}
		if !reflect.DeepEqual(rec, again) {
			t.Fatalf("ParseRecord(%q) = %+v; reparsed %+v", s, rec, again)
		}
		fast := Record{}
		if !fast.parse(s, nil) || fast.String() != rec.String() {
			t.Fatalf("ParseRecord(%q) differs without lint: %q", s, fast)
		}
	})
}

// fuzzZone is a zone for the names below corp.example made from a few octets:
// for each suffix of a fixed long name, what is published at it.
type fuzzZone struct {
	records map[string][]string
	asked   map[string]int
}

const deep = "l.k.j.i.h.g.f.e.d.c.corp.example"

var published = []string{
	"", "", "v=DMARC1; p=none", "v=DMARC1; p=reject; sp=quarantine; np=none", "v=DMARC1; p=quarantine; psd=y", "v=DMARC1; p=reject; psd=n",
	"v=DMARC1; p=none; adkim=s; aspf=s", "v=DMARC1; sp=reject", "v=DMARC1; psd=n; rua=mailto:a@b.test", "two", "v=spf1 -all", "v=DMARC1; t=y; p=reject; psd=u",
}

func newFuzzZone(choice []byte) *fuzzZone {
	z := &fuzzZone{records: map[string][]string{}, asked: map[string]int{}}
	name := deep
	for _, c := range choice {
		switch txt := published[int(c)%len(published)]; txt {
		case "":
		case "two":
			z.records[name] = []string{"v=DMARC1; p=none; psd=n", "v=DMARC1; p=none; psd=y"}
		default:
			z.records[name] = []string{"something else", txt}
		}
		if name = dnsname.Parent(name); name == "" {
			break
		}
	}
	return z
}

// notFound tells NXDOMAIN from NODATA.
type notFound struct {
	net.DNSError
	nx bool
}

func (e *notFound) NXDomain() bool { return e.nx }
func (e *notFound) Unwrap() error  { return &e.DNSError }

func (z *fuzzZone) LookupTXT(_ context.Context, name string) ([]string, error) {
	z.asked[name]++
	domain, isRecord := strings.CutPrefix(strings.TrimSuffix(name, "."), "_dmarc.")
	if t, ok := z.records[domain]; ok && isRecord {
		return t, nil
	}
	// Names with a record below them exist, and so do those in even positions.
	exists := !isRecord && len(domain)%2 == 0
	for d := range z.records {
		exists = exists || !isRecord && dnsname.HasSuffix(d, domain)
	}
	return nil, &notFound{net.DNSError{IsNotFound: true}, !exists}
}

// slowOrg is RFC 9989, sections 4.10 and 4.10.2, written down once more with
// whole label lists and without any shortcut. It returns the organizational
// domain and the names asked.
func slowOrg(z *fuzzZone, start string) (org string, asked []string, found map[string]Record) {
	labels := strings.Split(start, ".")
	found = map[string]Record{}
	var order []string
	for x := len(labels); x > 0; {
		name := strings.Join(labels[len(labels)-x:], ".")
		asked = append(asked, name)
		var recs []Record
		for _, t := range z.records[name] {
			if r, _, ok := ParseRecord(t); ok {
				recs = append(recs, r)
			}
		}
		if len(recs) == 1 {
			found[name] = recs[0]
			order = append(order, name)
			if recs[0].PSD != PSDUnknown {
				break
			}
		}
		if x >= 8 {
			x = 7
		} else {
			x--
		}
	}
	for _, name := range order {
		if found[name].PSD == PSDNo {
			return name, asked, found
		}
		if found[name].PSD == PSDYes && name != start {
			n := strings.Count(name, ".") + 2
			return strings.Join(labels[len(labels)-n:], "."), asked, found
		}
	}
	if len(order) > 0 {
		return order[len(order)-1], asked, found
	}
	return start, asked, found
}

// slowVerify is the evaluation by the letter of RFC 9989, sections 4.10.1,
// 4.10.2 and 5.3, for results pass and fail only.
func slowVerify(z *fuzzZone, author, spfDomain, dkimDomain string, exists bool) (Result, Policy, string) {
	org, _, found := slowOrg(z, author)
	rec, ok := found[author]
	where := author
	if !ok {
		where = org
		if rec, ok = found[org]; !ok {
			for name, r := range found {
				if r.PSD == PSDYes {
					rec, ok, where = r, true, name
				}
			}
		}
	}
	if !ok {
		return None, PolicyNone, ""
	}
	policy, ok := rec.PolicyFor(where != author, exists)
	if !ok {
		return None, PolicyNone, ""
	}
	aligned := func(id string, mode AlignmentMode) bool {
		other, _, _ := slowOrg(z, id)
		return id == author || mode == Relaxed && other == org
	}
	if aligned(spfDomain, rec.ASPF) || aligned(dkimDomain, rec.ADKIM) {
		return Pass, policy, where
	}
	return Fail, policy, where
}

// suffix returns the last n labels of deep, n from 1 to 12.
func suffix(n byte) string {
	labels := strings.Split(deep, ".")
	return strings.Join(labels[len(labels)-1-int(n)%len(labels):], ".")
}

// FuzzVerify compares evaluations with a slow second implementation, and checks
// that no name is asked twice, that a walk asks at most 8 questions, and that
// letter case and final dots do not matter.
func FuzzVerify(f *testing.F) {
	f.Add([]byte{0, 0, 2, 0, 0, 4, 0, 0, 5, 0, 3, 0}, byte(11), byte(1), byte(3))
	f.Add([]byte{3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}, byte(8), byte(9), byte(2))
	f.Add([]byte{9, 7, 8, 10, 11, 6, 5, 4, 3, 2, 1, 0}, byte(7), byte(6), byte(5))
	f.Fuzz(func(t *testing.T, choice []byte, a, s, d byte) {
		author, spfDomain, dkimDomain := suffix(a), suffix(s), suffix(d)
		if s%16 == 15 {
			spfDomain = "x." + spfDomain // beside the author
		}
		z := newFuzzZone(choice)
		v := Verifier{Resolver: z}
		e, err := v.VerifyDomain(ctx, author, SPF{"pass", spfDomain}, []DKIM{{"pass", dkimDomain, "s"}, {"pass", "elsewhere.test", "s"}})
		if err != nil {
			t.Fatal(err)
		}
		for name, n := range z.asked {
			if n > 1 {
				t.Errorf("%s asked %d times", name, n)
			}
		}
		exists := len(author)%2 == 0 || dnsname.HasSuffix(spfDomain, author) || dnsname.HasSuffix(dkimDomain, author)
		for name := range z.records {
			exists = exists || dnsname.HasSuffix(name, author)
		}
		result, policy, where := slowVerify(z, author, spfDomain, dkimDomain, exists)
		if e.Result != result || e.Policy != policy || e.RecordDomain != where {
			t.Fatalf("author %s, SPF %s, DKIM %s, zone %v: got %s at %q, want %v %v at %q", author, spfDomain, dkimDomain, z.records, short(e), e.RecordDomain, result, policy, where)
		}
		if org, asked, _ := slowOrg(z, author); e.OrgDomain != "" && e.OrgDomain != org || len(asked) > MaxWalk {
			t.Errorf("%s: org %q, want %q; a walk asks %q", author, e.OrgDomain, org, asked)
		}
		z.asked = map[string]int{}
		if _, err := v.OrganizationalDomain(ctx, author); err != nil || len(z.asked) > MaxWalk {
			t.Errorf("a walk of %s asks %v, %v", author, z.asked, err)
		}
		upper := strings.ToUpper
		e2, err := v.VerifyDomain(ctx, upper(author)+".", SPF{"pass", upper(spfDomain) + "."}, []DKIM{{"pass", upper(dkimDomain), "s"}, {"pass", "elsewhere.test", "s"}})
		if err != nil || fmt.Sprint(short(e), e.RecordDomain, e.OrgDomain, e.AuthorDomain, e.Queries) != fmt.Sprint(short(e2), e2.RecordDomain, e2.OrgDomain, e2.AuthorDomain, e2.Queries) {
			t.Errorf("in upper case: %s, %v; was %s", short(e2), err, short(e))
		}
	})
}
