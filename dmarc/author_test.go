package dmarc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestAuthorDomains(t *testing.T) {
	tests := []struct {
		in   string // one field; several separated by "|", none if "-"
		want string // domains joined by blanks
		err  error
	}{
		{"user@example.com", "example.com", nil},
		{" Joe <user@Example.COM>\r\n", "example.com", nil},
		{"\"Joe, \\\"Q\\\"\" <user@example.com>", "example.com", nil},
		{"Joe Q. Public <user@example.com>", "example.com", nil},
		{"=?utf-8?q?J=C3=BCrgen?= <user@example.com>", "example.com", nil},
		{"Jürgen <jürgen@bücher.example>", "xn--bcher-kva.example", nil},
		{"(c) user (c) @ (c) example (c) . (c) com (c)", "example.com", nil},
		{"Joe <user@\r\n example\r\n .com>", "example.com", nil},
		{"a.b . c@x . y . z", "x.y.z", nil},
		{"user@example.com.", "example.com", nil},
		{"user@a. b. (x)", "a.b", nil},
		{".a..b.@x.test", "x.test", nil},
		{"\"a b\".c@x.test", "x.test", nil},
		{"<\"a b\".c . \"d\"@x.test>", "x.test", nil},
		{"\"a@b\"@x.test", "x.test", nil},
		{"<@r.test,@s.test:user@x.test>", "x.test", nil},
		{"<,@r.test,,:user@x.test>", "x.test", nil},
		{"<@:user@x.test>", "", ErrFromSyntax},
		{"a@x.test, b@X.test", "x.test", nil},
		{",a@x.test,,", "x.test", nil},
		{"G: a@x.test, \"B\" <b@x.test>;", "x.test", nil},
		{"G:;, a@x.test", "x.test", nil},
		{"G: , ;, a@x.test", "x.test", nil},
		{"A B: a@x.test; , C: b@x.test;", "x.test", nil},
		{"user@under_score.test", "under_score.test", nil},
		{"user@localhost", "localhost", nil},
		{"user@x.test (unbalanced \\) comment)", "x.test", nil},

		{"-", "", ErrNoFrom},
		{"a@x.test|a@x.test", "x.test", ErrMultipleFrom},
		{"a@x.test|b@y.test", "x.test y.test", ErrMultipleFrom},
		{"a@x.test, b@y.test", "x.test y.test", ErrMultipleDomains},
		{"a@x.test, b@sub.x.test, c@x.test", "x.test sub.x.test", ErrMultipleDomains},
		{"", "", ErrNoDomain},
		{"(c)", "", ErrNoDomain},
		{"G:;", "", ErrNoDomain},
		{"a@[192.0.2.1]", "", ErrLiteral},
		{"<a@[IPv6:::1] >", "", ErrLiteral},
		{"a@x.test, b@[192.0.2.1]", "x.test", ErrLiteral},
		{"user", "", ErrFromSyntax},
		{"Joe User", "", ErrFromSyntax},
		{"\"user\"", "", ErrFromSyntax},
		{"<>", "", ErrFromSyntax},
		{"<user>", "", ErrFromSyntax},
		{"<@x.test>", "", ErrFromSyntax},
		{"@x.test", "", ErrFromSyntax},
		{"a b@x.test", "", ErrFromSyntax},
		{"a \"b\"@x.test", "", ErrFromSyntax},
		{"<a b@x.test>", "", ErrFromSyntax},
		{"<a\"b\"@x.test>", "", ErrFromSyntax},
		{"a@x.test b", "x.test", ErrFromSyntax},
		{"a@x.test <b@y.test>", "x.test", ErrFromSyntax},
		{"<a@x.test> b", "x.test", ErrFromSyntax},
		{"<a@x.test> <b@y.test>", "x.test", ErrFromSyntax},
		{"<a@x.test", "x.test", ErrFromSyntax},
		{"a@x@y.test", "x", ErrFromSyntax},
		{"a@x..y", "", ErrFromSyntax},
		{"a@.x", "", ErrFromSyntax},
		{"a@", "", ErrFromSyntax},
		{"a@x.test;", "x.test", ErrFromSyntax},
		{":a@x.test;", "", ErrFromSyntax},
		{"G: a@x.test", "x.test", ErrFromSyntax},
		{"G: H: a@x.test;;", "", ErrFromSyntax},
		{"G:; b", "", ErrFromSyntax},
		{"a@x.test (open", "", ErrFromSyntax},
		{"(open", "", ErrFromSyntax},
		{"a (open", "", ErrFromSyntax},
		{"a@(open", "", ErrFromSyntax},
		{"a@x(open", "", ErrFromSyntax},
		{"<(open", "", ErrFromSyntax},
		{"<a(open", "", ErrFromSyntax},
		{"<@x(open", "", ErrFromSyntax},
		{"<@x,(open", "", ErrFromSyntax},
		{"<@x;a@y>", "", ErrFromSyntax},
		{"<@[1]:a@y>", "", ErrFromSyntax},
		{"\"open", "", ErrFromSyntax},
		{"<\"open", "", ErrFromSyntax},
		{"a@[open", "", ErrFromSyntax},
		{"a@[x\\]]", "", ErrFromSyntax},
		{"a@x.test\x00", "x.test", ErrFromSyntax},
		{"a\x00@x.test", "", ErrFromSyntax},
		{"a@" + strings.Repeat("x", 64) + ".test", "", ErrDomain},
		{"a@\xff.test", "", ErrDomain},
		{"a@x" + strings.Repeat(" . x", 2000), "", ErrFromSyntax},
		{strings.Repeat("a", MaxFrom) + "@x.test", "", ErrFromSyntax},
		{strings.Repeat("a@x.test,", MaxMailboxes), "x.test", nil},
		{strings.Repeat("a@x.test,", MaxMailboxes+1), "x.test", ErrFromSyntax},
	}
	for _, tt := range tests {
		from := strings.Split(tt.in, "|")
		if tt.in == "-" {
			from = nil
		}
		got, err := AuthorDomains(from)
		if !errors.Is(err, tt.err) || strings.Join(got, " ") != tt.want {
			t.Errorf("AuthorDomains(%.80q) = %q, %v; want %q, %v", from, got, err, tt.want, tt.err)
		}
		var e *Error
		if err != nil && (!errors.As(err, &e) || len(e.Text) > maxErrorText || !strings.HasPrefix(e.Error(), "dmarc: ")) {
			t.Errorf("AuthorDomains(%.80q): error %v", from, err)
		}
	}
}

func TestAuthorDomainsAllocs(t *testing.T) {
	from := []string{" Joe Example <joe@mail.example.com>"}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := AuthorDomains(from); err != nil {
			t.Fatal(err)
		}
	}); n > 2 {
		t.Errorf("AuthorDomains allocates %v times", n)
	}
}

// FuzzAuthorDomains checks that the outcome does not depend on letter case, on
// the kind of line ends, or on a comment in front; that names come out
// normalized; and that a display name in front of an address never matters.
func FuzzAuthorDomains(f *testing.F) {
	for _, s := range []string{
		"user@example.com", "Joe <user@x.test>", "G: a@x.test, b@y.test;", "(c) a . b@x . test (d)", "<@r.test:\"a\"@bücher.example>",
		"a@[192.0.2.1], b@x.test.", "\"a@b\" <c@d>", "a@b <c@d>", "a@x..y", "=?utf-8?q?=22?= <a@b>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := AuthorDomains([]string{s})
		for _, d := range got {
			if n, ok := normalize(d); !ok || n != d || strings.ContainsAny(d, " \t\r\n()<>@,;:\\\"[]") {
				t.Fatalf("AuthorDomains(%q) = %q", s, got)
			}
		}
		if (err == nil) && len(got) != 1 {
			t.Fatalf("AuthorDomains(%q) = %q, nil", s, got)
		}
		kind := func(err error) error {
			var e *Error
			if errors.As(err, &e) {
				return e.Err
			}
			return nil
		}
		same := func(what, s2 string) {
			if len(s) > MaxFrom-100 {
				return
			}
			g2, err2 := AuthorDomains([]string{s2})
			if kind(err) != kind(err2) || !slices.Equal(got, g2) {
				t.Errorf("AuthorDomains(%q) = %q, %v; %s %q = %q, %v", s, got, err, what, s2, g2, err2)
			}
		}
		same("with a comment", "(a \\( (b)) "+s)
		same("upper case", strings.Map(func(r rune) rune {
			if 'a' <= r && r <= 'z' {
				return r - 32
			}
			return r
		}, strings.ToValidUTF8(s, "\xff")))
		if err == nil && !strings.ContainsAny(s, ":;,<>") && strings.TrimSpace(s) != "" {
			same("named", "\"x\" <"+s+">")
		}
	})
}

// TestAuthorDomainsBounded holds the bound of mailboxes for all fields of a
// message: comparing the domains of a megabyte of fields took a minute.
func TestAuthorDomainsBounded(t *testing.T) {
	var from []string
	for n := range 150 {
		var b strings.Builder
		for i := range MaxMailboxes {
			fmt.Fprintf(&b, "a@%x,", n*MaxMailboxes+i)
		}
		from = append(from, b.String())
	}
	domains, err := AuthorDomains(from)
	if !errors.Is(err, ErrMultipleFrom) || len(domains) != MaxMailboxes {
		t.Errorf("%d domains, %v", len(domains), err)
	}
	if domains, err := AuthorDomains(from[:1]); !errors.Is(err, ErrMultipleDomains) || len(domains) != MaxMailboxes {
		t.Errorf("%d domains, %v", len(domains), err)
	}
	if _, err := AuthorDomains([]string{from[0] + "a@b"}); !errors.Is(err, ErrFromSyntax) {
		t.Errorf("one mailbox too many: %v", err)
	}
}
