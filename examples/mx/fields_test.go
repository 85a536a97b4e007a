package main

import (
	"net/netip"
	"strings"
	"testing"
)

// What a client chose does not break out of the fields.
func TestStamp(t *testing.T) {
	s := &session{
		server:     &server{hostname: "mx.example.org"},
		client:     netip.MustParseAddrPort("[2001:db8::1]:25"),
		helo:       "evil\r\nX: y\x00\u00e9",
		sender:     "a>\r\nX: y@example.com",
		recipients: []string{"b\nX: y@example.org", "alice@example.org"},
		encrypted:  true,
	}
	got := string(s.stamp("ID"))
	want := "Return-Path: <\"a>??X:?y\"@example.com>\r\n" +
		"Delivered-To: b?X:?y@example.org\r\n" +
		"Delivered-To: alice@example.org\r\n" +
		"Received: from evil??X:?y?? ([IPv6:2001:db8::1])\r\n\tby mx.example.org with ESMTPS id ID;\r\n\t"
	if !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 6 {
		t.Errorf("got\n%q\nwant\n%q and a date", got, want)
	}
}

func TestPath(t *testing.T) {
	for in, want := range map[string]string{
		"":                    "<>",
		"postmaster":          "<postmaster>",
		"eve@example.com":     "<eve@example.com>",
		"e v e@example.com":   `<"e v e"@example.com>`,
		`e"v\e@example.com`:   `<"e\"v\\e"@example.com>`,
		"a@b@example.com":     `<"a@b"@example.com>`,
		"x> SIZE=1@a.example": `<"x> SIZE=1"@a.example>`,
		"@example.com":        `<""@example.com>`,
	} {
		if got := path(in); got != want {
			t.Errorf("path(%q) = %s; want %s", in, got, want)
		}
	}
}
