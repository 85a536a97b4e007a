package rbl

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestNewErrors(t *testing.T) {
	ok := List{Zone: MustZone("bl.example")}
	with := func(change func(*List)) []List {
		l := ok
		change(&l)
		return []List{l}
	}
	tests := []struct {
		name string
		c    Config
	}{
		{"no resolver", Config{Lists: []List{ok}}},
		{"no lists", Config{Resolver: &fake{}}},
		{"no zone", Config{Resolver: &fake{}, Lists: []List{{}}}},
		{"negative threshold", Config{Resolver: &fake{}, Lists: []List{ok}, Block: -1}},
		{"positive allow threshold", Config{Resolver: &fake{}, Lists: []List{ok}, Allow: 1}},
		{"negative bound", Config{Resolver: &fake{}, Lists: []List{ok}, MaxInFlight: -1}},
		{"TTLs reversed", Config{Resolver: &fake{}, Lists: []List{ok}, MaxTTL: time.Second}},
		{"breaker", Config{Resolver: &fake{}, Lists: []List{ok}, Breaker: Breaker{Of: 65}}},
		{"template field", Config{Resolver: &fake{}, Lists: []List{ok}, Reply: "{key}"}},
		{"template brace", Config{Resolver: &fake{}, Lists: []List{ok}, Reply: "{ip"}},
		{"template line end", Config{Resolver: &fake{}, Lists: []List{ok}, Reply: "a\r\nb"}},
		{"allow with weight", Config{Resolver: &fake{}, Lists: with(func(l *List) { l.Allow, l.Weight = true, 1 })}},
		{"report with weight", Config{Resolver: &fake{}, Lists: with(func(l *List) { l.ReportOnly, l.Weight = true, 1 })}},
		{"weight", Config{Resolver: &fake{}, Lists: with(func(l *List) { l.Weight = MaxWeight + 1 })}},
		{"kind", Config{Resolver: &fake{}, Lists: with(func(l *List) { l.Kind = 64 })}},
		{"hash", Config{Resolver: &fake{}, Lists: with(func(l *List) { l.Hash.Algorithm = 9 })}},
		{"no family", Config{Resolver: &fake{}, Lists: with(func(l *List) { l.NoIPv4, l.NoIPv6 = true, true })}},
		{"code", Config{Resolver: &fake{}, Lists: with(func(l *List) { l.Codes = []Code{{Label: "x"}} })}},
		{"test point", Config{Resolver: &fake{}, Lists: with(func(l *List) { l.Test.Listed = "a b" })}},
		{"key", Config{Resolver: &fake{}, Lists: with(func(l *List) { l.Keys = []Key{{}} })}},
		{"unknown", Config{Resolver: &fake{}, Lists: with(func(l *List) { l.Unknown = UnknownDefer })}},
	}
	for _, tt := range tests {
		s, err := New(tt.c)
		var e *Error
		if s != nil || !errors.As(err, &e) || !errors.Is(err, ErrConfig) && !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: %v, %v", tt.name, s, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	s := mustSet(t, Config{Resolver: &fake{}, Lists: []List{{Zone: MustZone("dnsbl.sorbs.net")}, {Zone: MustZone("bl.example")}}})
	if got := s.Warnings(); len(got) != 1 || !strings.HasPrefix(got[0], "dnsbl.sorbs.net: ") {
		t.Errorf("warnings %q", got)
	}
	if got := fmt.Sprint(s); got != "rbl.Set[dnsbl.sorbs.net bl.example]" {
		t.Errorf("the Set prints as %s", got)
	}
}
