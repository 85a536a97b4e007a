package dnsname

import (
	"errors"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	name253 := strings.Repeat(label63+".", 3) + strings.Repeat("b", 61)
	tests := []struct {
		in  string
		err error
	}{
		{"example.com", nil}, {"example.com.", nil}, {".", nil}, {"a", nil}, {"a b\\.c\x00", nil},
		{label63 + ".x", nil}, {name253, nil}, {name253 + ".", nil},
		{"", ErrEmpty}, {"..", ErrEmptyLabel}, {".a", ErrEmptyLabel}, {"a..b", ErrEmptyLabel}, {"a..", ErrEmptyLabel},
		{label63 + "a.x", ErrLabelLong}, {name253 + "b", ErrTooLong},
	}
	for _, tt := range tests {
		if err := Check(tt.in); !errors.Is(err, tt.err) {
			t.Errorf("Check(%q) = %v, want %v", tt.in, err, tt.err)
		}
	}
}

func TestToASCII(t *testing.T) {
	tests := []struct {
		in, want string
		err      error
	}{
		{"Example.COM.", "example.com", nil},
		{"_dmarc.a", "_dmarc.a", nil},
		{"Bücher.Example", "xn--bcher-kva.example", nil},
		{"bücher。example．com｡", "xn--bcher-kva.example.com", nil},
		{"bücher._x", "xn--bcher-kva._x", nil},
		{"", "", ErrEmpty}, {".", "", ErrEmpty}, {"a..", "", ErrEmptyLabel}, {"a..b", "", ErrEmptyLabel},
		{"b\xff", "", ErrIDN}, {"ü" + strings.Repeat("a", 64), "", ErrLabelLong}, {strings.Repeat("ü", 4*MaxName), "", ErrTooLong},
	}
	for _, tt := range tests {
		if got, err := ToASCII(tt.in); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("ToASCII(%.40q) = %q, %v; want %q, %v", tt.in, got, err, tt.want, tt.err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = ToASCII("mail.example.com.") }); n != 0 {
		t.Errorf("ToASCII allocates %v times", n)
	}
}

func TestCompare(t *testing.T) {
	if !Equal("A.b.", "a.B") || Equal("a.b", "a.c") || Equal("a", "ab") {
		t.Error("Equal")
	}
	for _, tt := range []struct {
		name, parent string
		want         bool
	}{
		{"a.example.com", "Example.com.", true}, {"example.com", "example.com", true}, {"notexample.com", "example.com", false},
		{"com", "example.com", false}, {"x", "", true}, {"x", ".", true}, {"a.example.org", "example.com", false},
	} {
		if got := HasSuffix(tt.name, tt.parent); got != tt.want {
			t.Errorf("HasSuffix(%q, %q) = %v", tt.name, tt.parent, got)
		}
	}
}

func TestParts(t *testing.T) {
	if Parent("a.b.c.") != "b.c." || Parent("a") != "" {
		t.Error("Parent")
	}
	if Labels("a.b.c.") != 3 || Labels(".") != 0 || Labels("") != 0 || Labels("a") != 1 {
		t.Error("Labels")
	}
	if FQDN("a") != "a." || FQDN("a.") != "a." || TrimDot("a.") != "a" || TrimDot(".") != "" {
		t.Error("FQDN, TrimDot")
	}
	if Lower("aBC-É") != "abc-É" {
		t.Error("Lower")
	}
}

func TestIsLDH(t *testing.T) {
	for name, want := range map[string]bool{
		"a-b.c9": true, "A.": true, "-a.b": false, "a-.b": false, "a.-b": false, "a.b-": false, "a_b": false, "ü": false, "": false, ".": false, "a..b": false,
	} {
		if got := IsLDH(name); got != want {
			t.Errorf("IsLDH(%q) = %v", name, got)
		}
	}
}
