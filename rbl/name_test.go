package rbl

import (
	"net/netip"
	"strings"
	"testing"
)

func TestAppendIPName(t *testing.T) {
	tests := []struct{ name, addr, zone, want string }{
		{"v4", "192.0.2.1", "bl.example", "1.2.0.192.bl.example."},
		{"v4, zone with dot", "203.0.113.255", "bl.example.", "255.113.0.203.bl.example."},
		{"v4-mapped", "::ffff:192.0.2.1", "bl.example", "1.2.0.192.bl.example."},
		{"v6", "2001:db8:1:2:3:4:567:89ab", "ugly.example",
			"b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example."},
		{"v6 with scope", "fe80::1%eth0", "bl.example",
			"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.bl.example."},
		{"root", "192.0.2.1", ".", ""},
		{"no zone", "192.0.2.1", "", ""},
		{"too long", "2001:db8::1", strings.Repeat("a.", 100) + "example", ""},
	}
	for _, tt := range tests {
		got := string(AppendIPName([]byte("x"), netip.MustParseAddr(tt.addr), tt.zone))
		if got != "x"+tt.want {
			t.Errorf("%s: AppendIPName(%s, %q) = %q, want %q", tt.name, tt.addr, tt.zone, got, "x"+tt.want)
		}
	}
	if got := AppendIPName(nil, netip.Addr{}, "bl.example"); got != nil {
		t.Errorf("the zero Addr gives %q", got)
	}
}

func TestAppendDomainName(t *testing.T) {
	l63 := strings.Repeat("a", 63)
	tests := []struct{ name, domain, zone, want string }{
		{"plain", "spam.test", "dbl.example", "spam.test.dbl.example."},
		{"final dots", "spam.test.", "dbl.example.", "spam.test.dbl.example."},
		{"empty", "", "dbl.example", ""},
		{"empty label", "a..test", "dbl.example", ""},
		{"label of 63", l63 + ".test", "dbl.example", l63 + ".test.dbl.example."},
		{"label of 64", l63 + "a.test", "dbl.example", ""},
		{"253 octets", l63 + "." + l63 + "." + l63 + "." + l63[:49], "dbl.example", l63 + "." + l63 + "." + l63 + "." + l63[:49] + ".dbl.example."},
		{"254 octets", l63 + "." + l63 + "." + l63 + "." + l63[:50], "dbl.example", ""},
	}
	for _, tt := range tests {
		if got := string(AppendDomainName(nil, tt.domain, tt.zone)); got != tt.want {
			t.Errorf("%s: AppendDomainName(%q, %q) = %q, want %q", tt.name, tt.domain, tt.zone, got, tt.want)
		}
	}
}

func TestCleanText(t *testing.T) {
	tests := []struct {
		name string
		in   []string
		max  int
		want string
	}{
		{"link", []string{"https://bl.example/q?ip=192.0.2.1"}, 0, "https://bl.example/q?ip=192.0.2.1"},
		{"records", []string{"one", "", "two"}, 0, "one / two"},
		{"reply injection", []string{"bad\r\n250 OK"}, 0, "bad 250 OK"},
		{"controls and 8 bit", []string{"a\x00b\x1b[1mc\xffd"}, 0, "a?b?[1mc?d"},
		{"blanks", []string{"  a \t b  "}, 0, "a b"},
		{"cut", []string{"0123456789"}, 4, "0123"},
		{"cut at a blank", []string{"012 456"}, 4, "012"},
		{"cut after records", []string{"0123", "4567", "89"}, 6, "0123 /"},
		{"default bound", []string{strings.Repeat("x", 1000)}, 0, strings.Repeat("x", MaxText)},
		{"none", nil, 0, ""},
	}
	for _, tt := range tests {
		if got := CleanText(tt.in, tt.max); got != tt.want {
			t.Errorf("%s: CleanText(%q, %d) = %q, want %q", tt.name, tt.in, tt.max, got, tt.want)
		}
	}
}
