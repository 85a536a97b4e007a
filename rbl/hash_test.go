package rbl

import (
	"errors"
	"strings"
	"testing"
)

func TestHashEmail(t *testing.T) {
	plain := HashSpec{}
	sum := func(text string) string { return plain.Sum(text) }
	gmail := HashSpec{CutTag: true, Aliases: GmailAliases()}
	tests := []struct {
		name string
		spec HashSpec
		in   string
		want string // the text that is hashed, "" for an error
	}{
		{"lower case", plain, "User@Drop.Example", "user@drop.example"},
		{"case kept", HashSpec{KeepCase: true}, "User@Drop.Example", "User@drop.example"},
		{"final dot", plain, "u@drop.example.", "u@drop.example"},
		{"IDN", plain, "u@bücher.test", "u@xn--bcher-kva.test"},
		{"local part with @", plain, `"a@b"@drop.example`, `"a@b"@drop.example`},
		{"tag kept", plain, "u+x@drop.example", "u+x@drop.example"},
		{"tag cut", HashSpec{CutTag: true}, "u+x+y@drop.example", "u@drop.example"},
		{"only a tag", HashSpec{CutTag: true}, "+x@drop.example", "+x@drop.example"},
		{"dots cut", HashSpec{CutDots: true}, "u.s.er@drop.example", "user@drop.example"},
		{"gmail", gmail, "J.Doe+news@GoogleMail.com", "jdoe@gmail.com"},
		{"dots stay elsewhere", gmail, "j.doe@drop.example", "j.doe@drop.example"},
		{"own form", HashSpec{Canonical: strings.ToUpper}, "u@d", "U@D"},
		{"own form refuses", HashSpec{Canonical: func(string) string { return "" }}, "u@d", ""},
		{"no @", plain, "drop.example", ""},
		{"no local part", plain, "@drop.example", ""},
		{"no domain", plain, "u@", ""},
		{"literal", plain, "u@[192.0.2.1]", ""},
		{"only dots", HashSpec{CutDots: true}, "...@drop.example", ""},
	}
	for _, tt := range tests {
		got, err := tt.spec.Email(tt.in)
		want := ""
		if tt.want != "" {
			want = sum(tt.want)
		}
		if got != want || (err != nil) != (want == "") || err != nil && !errors.Is(err, ErrAddress) {
			t.Errorf("%s: Email(%q) = %q, %v; want %q of %q", tt.name, tt.in, got, err, want, tt.want)
		}
	}
}

func TestHashURL(t *testing.T) {
	plain := HashSpec{Algorithm: MD5}
	tests := []struct {
		name string
		spec HashSpec
		in   string
		want string
	}{
		{"canonical", plain, "HTTP://WWW.Spam.test:80/A?B#frag", "http://www.spam.test/a?b"},
		{"path case kept", HashSpec{Algorithm: MD5, KeepCase: true}, "HTTP://Spam.test/A?B", "http://spam.test/A?B"},
		{"no path", plain, "https://spam.test", "https://spam.test/"},
		{"no scheme", plain, "spam.test/x", "http://spam.test/x"},
		{"query at once", plain, "http://spam.test?x", "http://spam.test/?x"},
		{"user information", plain, "http://u:p@spam.test/x", "http://spam.test/x"},
		{"port", plain, "http://spam.test:8080/x", "http://spam.test:8080/x"},
		{"password is no port", plain, "http://u:1@spam.test/x", "http://spam.test/x"},
		{"address", plain, "http://0300.0.2.44/", "http://192.0.2.44/"},
		{"v6", plain, "http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/"},
		{"no host", plain, "http:///x", ""},
		{"own form", HashSpec{Algorithm: MD5, Canonical: strings.ToUpper}, "x", "X"},
		{"own form refuses", HashSpec{Canonical: func(string) string { return "" }}, "x", ""},
	}
	for _, tt := range tests {
		want := ""
		if tt.want != "" {
			want = plain.Sum(tt.want)
		}
		if got := tt.spec.URL(tt.in); got != want {
			t.Errorf("%s: URL(%q) = %q, want %q of %q", tt.name, tt.in, got, want, tt.want)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	for alg, want := range map[Algorithm]string{
		SHA1: "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709", MD5: "md5 d41d8cd98f00b204e9800998ecf8427e",
		SHA256: "sha256 4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq",
	} {
		if got := alg.String() + " " + (HashSpec{Algorithm: alg}).Sum(""); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
