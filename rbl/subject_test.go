package rbl

import (
	"net/netip"
	"strings"
	"testing"
)

func TestSpecial(t *testing.T) {
	for in, want := range map[string]Skip{
		"10.1.2.3": SkipPrivate, "172.16.0.1": SkipPrivate, "172.32.0.1": "", "192.168.77.1": SkipPrivate,
		"127.0.0.2": SkipLoopback, "169.254.1.1": SkipLinkLocal, "100.64.0.1": SkipShared, "100.127.255.255": SkipShared,
		"100.63.255.255": "", "100.128.0.0": "", "0.0.0.0": SkipUnspecified, "0.1.2.3": SkipUnspecified,
		"224.0.0.5": SkipMulticast, "239.1.1.1": SkipMulticast, "240.0.0.1": SkipReserved, "255.255.255.255": SkipReserved,
		"::1": SkipLoopback, "fe80::1": SkipLinkLocal, "fe80::1%eth0": SkipLinkLocal, "fd00::5": SkipPrivate, "fec0::1": SkipPrivate, "feff::1": SkipPrivate, "febf::1": SkipLinkLocal,
		"ff02::1": SkipMulticast, "::": SkipUnspecified, "::ffff:10.0.0.1": SkipPrivate,
		"192.0.2.1": "", "198.51.100.1": "", "203.0.113.9": "", "2001:db8::1": "", "8.8.8.8": "",
	} {
		if got := Special(netip.MustParseAddr(in)); got != want {
			t.Errorf("Special(%s) = %q, want %q", in, got, want)
		}
	}
	if got := Special(netip.Addr{}); got != SkipInvalid {
		t.Errorf("Special of the zero Addr = %q", got)
	}
}

func TestCanonicalDomain(t *testing.T) {
	tests := []struct {
		in, want string
		skip     Skip
	}{
		{"spam.test", "spam.test", ""},
		{"SPAM.Test.", "spam.test", ""},
		{"user@spam.test", "spam.test", ""},
		{`"a@b"@spam.test`, "spam.test", ""},
		{"bücher.test", "xn--bcher-kva.test", ""},
		{"BÜCHER。test", "xn--bcher-kva.test", ""},
		{"bücher.test。", "xn--bcher-kva.test", ""},
		{"xn--zz--9.test", "xn--zz--9.test", ""},
		{"_dmarc.spam.test", "_dmarc.spam.test", ""},
		{"localhost", "localhost", ""},
		{"", "", SkipEmpty},
		{".", "", SkipEmpty},
		{"user@", "", SkipEmpty},
		{"user@[192.0.2.1]", "", SkipLiteral},
		{"[IPv6:2001:db8::1]", "", SkipLiteral},
		{"192.0.2.1", "", SkipNumeric},
		{"host.123", "", SkipNumeric},
		{"a..test", "", SkipSyntax},
		{"a.test..", "", SkipSyntax},
		{"a b.test", "", SkipSyntax},
		{"a\r\nb.test", "", SkipSyntax},
		{"2001:db8::1", "", SkipSyntax},
		{strings.Repeat("a", 64) + ".test", "", SkipSyntax},
		{"\xff\xfe.test", "", SkipSyntax},
	}
	for _, tt := range tests {
		if got, skip := CanonicalDomain(tt.in); got != tt.want || skip != tt.skip {
			t.Errorf("CanonicalDomain(%q) = %q, %q; want %q, %q", tt.in, got, skip, tt.want, tt.skip)
		}
	}
}
