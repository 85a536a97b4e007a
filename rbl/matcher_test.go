package rbl

import (
	"errors"
	"net/netip"
	"testing"
)

func TestParsePattern(t *testing.T) {
	tests := []struct {
		pattern, answer string
		want            bool
		pos             int // of the error, -1 for none
	}{
		{"127.0.0.2", "127.0.0.2", true, -1},
		{"127.0.0.02", "127.0.0.2", true, -1},
		{"127.0.0.[2;4..6;9]", "127.0.0.5", true, -1},
		{"127.0.0.[2;4..6;9]", "127.0.0.7", false, -1},
		{"[127.0.0.[2;4]]", "127.0.0.4", true, -1},
		{"[127].[0].[0].[2]", "127.0.0.2", true, -1},
		{"127.[0..255].[0..255].[0..255]", "127.9.8.7", true, -1},
		{"0.0.0.0", "0.0.0.0", true, -1},
		{"127.0.0.2", "::ffff:127.0.0.2", true, -1},
		{"127.0.0.2", "::1", false, -1},
		{"", "127.0.0.2", false, 0},
		{"127.0.0.256", "127.0.0.2", false, 8},
		{"127.0.0", "127.0.0.2", false, 7},
		{"127.0.0.", "127.0.0.2", false, 8},
		{"127.0.0.2.3", "127.0.0.2", false, 9},
		{"127.0.0.[2", "127.0.0.2", false, 10},
		{"127.0.0.2]", "127.0.0.2", false, 9},
		{"127.0.0.[]", "127.0.0.2", false, 9},
		{"127.0.0.[2;]", "127.0.0.2", false, 11},
		{"127.0.0.[2,4]", "127.0.0.2", false, 10},
		{"127.0.0.[5..1]", "127.0.0.2", false, 12},
		{"127.0.0.[2..3..4]", "127.0.0.2", false, 13},
		{"127.0.0.[ 2]", "127.0.0.2", false, 9},
		{"127.0.0.2[3]", "127.0.0.2", false, 9},
		{"127.0.0.2x", "127.0.0.2", false, 9},
		{"[127.0.0.256]", "127.0.0.2", false, 9},
		{"[127.0.0.2", "127.0.0.2", false, 4},
	}
	for _, tt := range tests {
		m, err := ParsePattern(tt.pattern)
		if tt.pos >= 0 {
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, ErrSyntax) || e.Pos != tt.pos {
				t.Errorf("ParsePattern(%q) error = %v, want one at %d", tt.pattern, err, tt.pos)
			}
			continue
		}
		if err != nil {
			t.Errorf("ParsePattern(%q): %v", tt.pattern, err)
			continue
		}
		if got := m.Match(netip.MustParseAddr(tt.answer)); got != tt.want {
			t.Errorf("%q matches %s = %v, want %v", tt.pattern, tt.answer, got, tt.want)
		}
		if m.String() != tt.pattern {
			t.Errorf("String() = %q, want %q", m, tt.pattern)
		}
	}
}

func TestDefaultMatcher(t *testing.T) {
	var m Matcher
	for answer, want := range map[string]bool{
		"127.0.0.2": true, "127.0.0.0": true, "127.1.2.3": true, "127.255.254.255": true,
		"127.0.0.1": false, "127.255.255.0": false, "127.255.255.254": false,
		"126.255.255.255": false, "128.0.0.2": false, "0.0.0.0": false, "203.0.113.1": false, "::2": false,
	} {
		if got := m.Match(netip.MustParseAddr(answer)); got != want {
			t.Errorf("zero Matcher matches %s = %v, want %v", answer, got, want)
		}
	}
	if !m.IsZero() || m.String() != "" {
		t.Errorf("IsZero() = %v, String() = %q", m.IsZero(), m)
	}
	if MustPattern("127.0.0.2").IsZero() || Bits(0).IsZero() || Codes().IsZero() || AnyOf().IsZero() {
		t.Error("a Matcher that was built is the zero Matcher")
	}
	if AnyOf().Match(netip.MustParseAddr("127.0.0.2")) {
		t.Error("AnyOf() matches")
	}
}

func TestMustPatternPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustPattern accepted a bad pattern")
		}
	}()
	MustPattern("127.0.0.x")
}

func addrs(list ...string) []netip.Addr {
	out := make([]netip.Addr, len(list))
	for i, s := range list {
		out[i] = netip.MustParseAddr(s)
	}
	return out
}

func TestParseCondition(t *testing.T) {
	tests := []struct {
		cond    string
		answers []netip.Addr
		want    bool
	}{
		{"", addrs("127.0.0.9"), true},
		{"", nil, false},
		{"=127.0.0.2,127.0.0.3", addrs("127.0.0.9", "127.0.0.3"), true},
		{"= 127.0.0.2, 127.0.0.3", addrs("127.0.0.3"), true},
		{"=127.0.0.2", addrs("127.0.0.9"), false},
		{"==127.0.0.2,127.0.0.3", addrs("127.0.0.2", "127.0.0.3"), true},
		{"==127.0.0.2", addrs("127.0.0.2", "127.0.0.3"), false},
		{"!=127.0.0.2", addrs("127.0.0.9"), true},
		{"!=127.0.0.2", addrs("127.0.0.9", "127.0.0.2"), false},
		{"!=127.0.0.2", nil, false},
		{"!==127.0.0.2", addrs("127.0.0.9", "127.0.0.2"), true},
		{"!==127.0.0.2", addrs("127.0.0.2"), false},
		{"&0.0.0.6", addrs("127.0.0.14"), true},
		{"&0.0.0.6", addrs("127.0.0.2"), false},
		{"&0.0.0.6,0.0.0.2", addrs("127.0.0.2"), true},
		{"&0.0.0.6", addrs("203.0.113.14"), false},
		{"=&0.0.0.2", addrs("127.0.0.2", "127.0.0.3"), true},
		{"=&0.0.0.2", addrs("127.0.0.2", "127.0.0.4"), false},
		{"!&0.0.0.2", addrs("127.0.0.4"), true},
		{"!=&0.0.0.2", addrs("127.0.0.2", "127.0.0.4"), true},
	}
	for _, tt := range tests {
		m, err := ParseCondition(tt.cond)
		if err != nil {
			t.Errorf("ParseCondition(%q): %v", tt.cond, err)
			continue
		}
		if got := m.Accepts(tt.answers); got != tt.want {
			t.Errorf("%q accepts %v = %v, want %v", tt.cond, tt.answers, got, tt.want)
		}
	}
	for cond, pos := range map[string]int{"127.0.0.2": 0, "!": 1, "=": 1, "=foo": 1, "=127.0.0.2,": 11, "=::1": 1, "=!127.0.0.2": 1, "&=127.0.0.2": 1} {
		_, err := ParseCondition(cond)
		var e *Error
		if !errors.As(err, &e) || e.Pos != pos {
			t.Errorf("ParseCondition(%q) error = %v, want one at %d", cond, err, pos)
		}
	}
}

func TestParseSubtest(t *testing.T) {
	tests := []struct {
		test, answer string
		want, bad    bool
	}{
		{test: "127.0.0.2", answer: "127.0.0.2", want: true},
		{test: "127.0.0.2", answer: "127.0.0.3"},
		{test: "16", answer: "127.0.0.48", want: true},
		{test: "6", answer: "127.0.0.2", want: true},
		{test: "0X10", answer: "127.0.0.31", want: true},
		{test: "16", answer: "203.0.113.16"},
		{test: "127.0.1.20-127.0.1.39", answer: "127.0.1.39", want: true},
		{test: "127.0.1.20-127.0.1.39", answer: "127.0.1.40"},
		{test: "0x10/0x10", answer: "127.0.0.16", want: true},
		{test: "127.0.0.2/0.0.0.255", answer: "127.9.9.2", want: true},
		{test: "", bad: true},
		{test: "abc", bad: true},
		{test: "0x1G", bad: true},
		{test: "0x", bad: true},
		{test: "+5", bad: true},
		{test: "1_000", bad: true},
		{test: "4294967296", bad: true},
		{test: "127.0.0.2-", bad: true},
		{test: "-127.0.0.2", bad: true},
		{test: "127.0.0.9-127.0.0.2", bad: true},
		{test: "127.0.0", bad: true},
		{test: "2/x", bad: true},
	}
	for _, tt := range tests {
		m, err := ParseSubtest(tt.test)
		if errors.Is(err, ErrSyntax) != tt.bad {
			t.Errorf("ParseSubtest(%q) error = %v, want error %v", tt.test, err, tt.bad)
			continue
		}
		if tt.bad {
			continue
		}
		if got := m.Match(netip.MustParseAddr(tt.answer)); got != tt.want {
			t.Errorf("%q matches %s = %v, want %v", tt.test, tt.answer, got, tt.want)
		}
	}
}

func TestAnyOf(t *testing.T) {
	cond, err := ParseCondition("!=127.0.0.9")
	if err != nil {
		t.Fatal(err)
	}
	m := AnyOf(Codes(netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::1")), Bits(8), cond)
	for answer, want := range map[string]bool{"127.0.0.2": true, "127.0.0.8": true, "127.0.0.4": false} {
		if got := m.Match(netip.MustParseAddr(answer)); got != want {
			t.Errorf("%s: %v, want %v", answer, got, want)
		}
	}
	if got, want := m.String(), "127.0.0.2|&0.0.0.8"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

func TestMatcherNames(t *testing.T) {
	one := uint32(notListedCode)
	inverted, _ := ParseCondition("!=127.0.0.9")
	masked, _ := ParseSubtest("0x1/0x1")
	ranged, _ := ParseSubtest("127.0.0.1-127.0.0.3")
	for _, tt := range []struct {
		name string
		m    Matcher
		want bool
	}{
		{"default", Matcher{}, false},
		{"exact", MustPattern("127.0.0.1"), true},
		{"field", MustPattern("127.0.[0..255].[1..3]"), true},
		{"open last field", MustPattern("127.0.0.[0..255]"), false},
		{"code", Codes(addrOf(one)), true},
		{"bit", Bits(1), false},
		{"inverted", inverted, false},
		{"masked bit", masked, false},
		{"range", ranged, true},
	} {
		if got := tt.m.names(one); got != tt.want {
			t.Errorf("%s: names(127.0.0.1) = %v, want %v", tt.name, got, tt.want)
		}
	}
}
