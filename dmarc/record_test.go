package dmarc

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParseRecord(t *testing.T) {
	tests := []struct {
		name, in string
		not      bool   // no DMARC record
		want     string // canonical form
		lint     string // tags of the issues, joined
	}{
		{name: "minimal", in: "v=DMARC1", want: "v=DMARC1", lint: "-"},
		{name: "usual", in: "v=DMARC1; p=reject; rua=mailto:a@b.test", want: "v=DMARC1; p=reject; rua=mailto:a@b.test"},
		{name: "everything", in: "v=DMARC1;p=none;sp=quarantine;np=reject;psd=n;t=y;adkim=s;aspf=s;fo=1:d:s;rua=mailto:a@b.test,https://c.test/x?y;ruf=mailto:d@e.test",
			want: "v=DMARC1; p=none; sp=quarantine; np=reject; psd=n; t=y; adkim=s; aspf=s; fo=1:d:s; rua=mailto:a@b.test,https://c.test/x?y; ruf=mailto:d@e.test"},
		{name: "blanks", in: "v\t= DMARC1 \t;  P = Reject\t; ;RUA =\tmailto:a@b.test , mailto:c@d.test ;\t", want: "v=DMARC1; p=reject; rua=mailto:a@b.test,mailto:c@d.test", lint: "-"},
		{name: "defaults given", in: "v=DMARC1; p=none; psd=u; t=n; adkim=r; aspf=r; fo=0", want: "v=DMARC1; p=none; fo=0", lint: "fo"},
		{name: "upper case", in: "V=DMARC1; P=NONE; PSD=Y; T=Y; ADKIM=S; FO=D", want: "v=DMARC1; p=none; psd=y; t=y; adkim=s; fo=d", lint: "fo"},

		{name: "empty", in: "", not: true},
		{name: "other record", in: "v=spf1 -all", not: true},
		{name: "version in lower case", in: "v=dmarc1; p=none", not: true},
		{name: "version longer", in: "v=DMARC12; p=none", not: true},
		{name: "version cut", in: "v=DMARC", not: true},
		{name: "only v", in: "v", not: true},
		{name: "blank first", in: " v=DMARC1; p=none", not: true},
		{name: "version not first", in: "p=none; v=DMARC1", not: true},
		{name: "no separator", in: "v=DMARC1 p=none", not: true},
		{name: "too long", in: "v=DMARC1; p=none; x=" + strings.Repeat("y", MaxRecord), not: true},

		{name: "unknown tags", in: "v=DMARC1; p=none; foo=bar; x1=y; toolong=z", want: "v=DMARC1; p=none", lint: "foo x1 toolong"},
		{name: "no value", in: "v=DMARC1; p=none; foo", want: "v=DMARC1; p=none", lint: "-"},
		{name: "empty name", in: "v=DMARC1; p=none; =foo", want: "v=DMARC1; p=none", lint: "-"},
		{name: "duplicates", in: "v=DMARC1; p=none; p=reject; v=DMARC1; v=x", want: "v=DMARC1; p=none", lint: "p v v"},
		{name: "bad values", in: "v=DMARC1; p=rejekt; psd=x; t=yes; adkim=relaxed; aspf=; fo=2", want: "v=DMARC1", lint: "p psd t adkim aspf fo - fo"},
		{name: "bad sp and np", in: "v=DMARC1; p=none; sp=foo; np=", want: "v=DMARC1; p=none", lint: "sp np -"},
		{name: "missing p with rua", in: "v=DMARC1; rua=mailto:a@b.test", want: "v=DMARC1; rua=mailto:a@b.test", lint: "-"},
		{name: "removed tags", in: "v=DMARC1; p=none; pct=50; ri=86400; rf=afrf", want: "v=DMARC1; p=none; pct=50", lint: "pct ri rf"},
		{name: "pct 0", in: "v=DMARC1; p=none; pct=0", want: "v=DMARC1; p=none; pct=0", lint: "pct"},
		{name: "pct bad", in: "v=DMARC1; p=none; pct=101", want: "v=DMARC1; p=none", lint: "pct pct"},
		{name: "fo exclusive", in: "v=DMARC1; p=none; fo=0:1; ruf=mailto:a@b.test", want: "v=DMARC1; p=none; ruf=mailto:a@b.test", lint: "fo"},
		{name: "fo twice", in: "v=DMARC1; p=none; fo=d:d; ruf=mailto:a@b.test", want: "v=DMARC1; p=none; ruf=mailto:a@b.test", lint: "fo"},
		{name: "psd with ruf", in: "v=DMARC1; p=none; psd=y; ruf=mailto:a@b.test", want: "v=DMARC1; p=none; psd=y; ruf=mailto:a@b.test", lint: "ruf"},
		{name: "bad URIs", in: "v=DMARC1; p=none; rua=foo,,mailto:,mailto:@b,mailto:a@,a b:c,mailto:x%4@b.test,1x:y,http://<x>,m-+.1:x,mailto:a@b.test?x@y", want: "v=DMARC1; p=none; rua=m-+.1:x,mailto:a@b.test?x@y",
			lint: "rua rua rua rua rua rua rua rua rua"},
		{name: "sizes", in: "v=DMARC1; p=none; rua=mailto:a@b.test!10m,mailto:c@d.test!5,mailto:e@f.test!x,mailto:e@f.test!,mailto:e@f.test!99999999,mailto:%21@f.test", want: "v=DMARC1; p=none; rua=mailto:a@b.test,mailto:c@d.test,mailto:%21@f.test",
			lint: "rua rua rua rua rua"},
		{name: "many URIs", in: "v=DMARC1; p=none; rua=" + strings.Repeat("mailto:a@b.test,", 80) + "mailto:a@b.test; ruf=mailto:c@d.test", want: "v=DMARC1; p=none; rua=" + strings.Repeat("mailto:a@b.test,", 31) + "mailto:a@b.test; ruf=mailto:c@d.test", lint: "rua"},
		{name: "many findings", in: "v=DMARC1; p=none" + strings.Repeat("; x=y", 100), want: "v=DMARC1; p=none", lint: strings.TrimSpace(strings.Repeat("x ", maxIssues))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec, lint, ok := ParseRecord(tt.in)
			if ok == tt.not {
				t.Fatalf("ParseRecord(%q): ok = %v", tt.in, ok)
			}
			if tt.not {
				return
			}
			var tags []string
			for _, l := range lint {
				if l.Pos < 0 || l.Pos > len(tt.in) || l.Text == "" || !strings.Contains(l.String(), l.Text) {
					t.Errorf("issue %+v", l)
				}
				if l.Tag == "" {
					l.Tag = "-"
				}
				tags = append(tags, l.Tag)
			}
			if got := strings.Join(tags, " "); rec.String() != tt.want || got != tt.lint || rec.Text != tt.in {
				t.Errorf("ParseRecord(%q) = %q, lint %q; want %q, %q", tt.in, rec, got, tt.want, tt.lint)
			}
		})
	}
}

func TestIssuePosition(t *testing.T) {
	const txt = "v=DMARC1; p=none; rua=mailto:a@b.test, foo ; adkim=x"
	_, lint, _ := ParseRecord(txt)
	if len(lint) != 2 {
		t.Fatalf("lint = %v", lint)
	}
	for i, want := range []string{" foo", "x"} {
		if !strings.HasPrefix(txt[lint[i].Pos:], want) {
			t.Errorf("issue %v points at %q, want %q", lint[i], txt[lint[i].Pos:], want)
		}
	}
}

func TestPolicyFor(t *testing.T) {
	tests := []struct {
		rec             string
		own, sub, ghost string
	}{
		{"p=reject", "reject", "reject", "reject"},
		{"p=reject; sp=none", "reject", "none", "none"},
		{"p=reject; np=none", "reject", "reject", "none"},
		{"p=none; sp=quarantine; np=reject", "none", "quarantine", "reject"},
		{"sp=reject", "-", "-", "-"},
		{"sp=reject; rua=mailto:a@b.test", "none", "none", "none"},
		{"p=reject; np=x", "-", "-", "-"},
		{"p=reject; sp=x; rua=mailto:a@b.test", "none", "none", "none"},
	}
	for _, tt := range tests {
		rec, _, _ := ParseRecord("v=DMARC1; " + tt.rec)
		get := func(sub, exists bool) string {
			p, ok := rec.PolicyFor(sub, exists)
			if !ok {
				return "-"
			}
			return p.String()
		}
		if own, sub, ghost := get(false, true), get(true, true), get(true, false); own != tt.own || sub != tt.sub || ghost != tt.ghost {
			t.Errorf("%q: %s %s %s; want %s %s %s", tt.rec, own, sub, ghost, tt.own, tt.sub, tt.ghost)
		}
	}
}

func TestURI(t *testing.T) {
	tests := []struct {
		in, text, scheme, mailbox, host string
		size                            uint64
	}{
		{"mailto:Joe%2Bx@B%C3%BCcher.Example?subject=x", "mailto:Joe%2Bx@B%C3%BCcher.Example?subject=x", "mailto", "Joe+x@Bücher.Example", "xn--bcher-kva.example", 0},
		{"MAILTO:a@b.test!10k", "MAILTO:a@b.test", "mailto", "a@b.test", "b.test", 10 << 10},
		{"mailto:a@b.test!2T", "mailto:a@b.test", "mailto", "a@b.test", "b.test", 2 << 40},
		{"https://Rep.Example:444/x", "https://Rep.Example:444/x", "https", "", "rep.example", 0},
		{"urn:x", "urn:x", "urn", "", "", 0},
		{"mailto:a@b..c", "mailto:a@b..c", "mailto", "a@b..c", "", 0},
	}
	for _, tt := range tests {
		u, ok := parseURI(tt.in)
		if !ok || u.String() != tt.text || u.Scheme() != tt.scheme || u.Mailbox() != tt.mailbox || u.Host() != tt.host || u.Size != tt.size {
			t.Errorf("parseURI(%q) = %+v, %v: scheme %q, mailbox %q, host %q", tt.in, u, ok, u.Scheme(), u.Mailbox(), u.Host())
		}
	}
	for _, in := range []string{
		"mailto:victim@bank.test%2Cx@evil.test", "mailto:victim%40bank.test@evil.test", "mailto:a@b.test%0D%0ARCPT%20TO:%3Cx@evil.test",
		"mailto:a%00@b.test", "mailto:%22a%20b%22@b.test", "mailto:a%3E@b.test", "mailto:a@%0A", "mailto:%40b.test",
	} {
		if u, ok := parseURI(in); u.Mailbox() != "" || u.Host() != "" {
			t.Errorf("%q, %v: mailbox %q, host %q", in, ok, u.Mailbox(), u.Host())
		}
	}
	if u := (URI{Text: "mailto:a%zz@b.test"}); u.Mailbox() != "" {
		t.Errorf("Mailbox of a broken escape = %q", u.Mailbox())
	}
	if u := (URI{Text: "http://%zz"}); u.Host() != "" {
		t.Errorf("Host of a broken URI = %q", u.Host())
	}
}

// TestURIsApart checks that growing one list of addresses leaves the other alone.
func TestURIsApart(t *testing.T) {
	rec, _, _ := ParseRecord("v=DMARC1; p=none; rua=mailto:a@b.test; ruf=mailto:c@d.test")
	_ = append(rec.RUA, URI{Text: "x"})
	if rec.RUF[0].Text != "mailto:c@d.test" {
		t.Errorf("RUF = %v", rec.RUF)
	}
}

func TestStrings(t *testing.T) {
	got := fmt.Sprint(PolicyUnset, PolicyNone, PolicyQuarantine, PolicyReject, PSDUnknown, PSDYes, PSDNo, Relaxed, Strict,
		None, Pass, Fail, TempError, PermError, NotAligned, AlignedRelaxed, AlignedStrict, AlignedUnknown,
		Unknown, Yes, No, TreeWalk, PublicSuffix, FailureOptions(0), FailureAny|FailureSPF, EventQuery, EventResult)
	const want = " none quarantine reject u y n r s none pass fail temperror permerror none relaxed strict unknown unknown yes no treewalk psl 0 1:s query result"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErrorText(t *testing.T) {
	e := &Error{Domain: "a.test", Text: "b\r\n", Pos: 3, Err: ErrDomain, Cause: ErrDNS}
	const want = `dmarc: not a domain name: "a.test": "b\r\n" at octet 3: DNS lookup failed`
	if e.Error() != want || !reflect.DeepEqual(e.Unwrap(), []error{ErrDomain, ErrDNS}) {
		t.Errorf("Error = %s", e)
	}
}

func TestParseRecordAllocs(t *testing.T) {
	const txt = "v=DMARC1; p=reject; rua=mailto:a@b.test,mailto:c@d.test; ruf=mailto:e@f.test"
	if n := testing.AllocsPerRun(100, func() { ParseRecord(txt) }); n > 1 {
		t.Errorf("ParseRecord allocates %v times", n)
	}
}

func BenchmarkParseRecord(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ParseRecord("v=DMARC1; p=reject; sp=quarantine; rua=mailto:dmarc@example.com; fo=1; ruf=mailto:fail@example.com")
	}
}
