package rbl

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestTextZone(t *testing.T) {
	f := &fake{
		zones: map[string]func(string) answer{
			"all.example":  listing(a("127.0.0.2", "203.0.113.1"), clientLabel, "spam.test"),
			"part.example": listing(a("127.0.0.7"), clientLabel, "spam.test"),
			"down.example": always(servfail("x")),
		},
		texts: map[string][]string{clientLabel + ".part.example.": {"why"}},
	}
	tests := []struct {
		name string
		list List
		want string
	}{
		{"in both", List{}, "listed [127.0.0.7] why part.example"},
		{"by a fixed key", List{Keys: []Key{{Name: "Spam.Test."}}}, "listed [127.0.0.7]  part.example"},
		{"not in the first", List{Accept: MustPattern("127.0.0.9")}, "not matched [127.0.0.2]  part.example"},
		{"not in the second", List{TextZone: MustZone("empty.example")}, "not listed []  empty.example"},
		{"the same zone twice", List{TextZone: MustZone("all.example.")}, "listed [127.0.0.2]  all.example"},
		{"second fails", List{TextZone: MustZone("down.example")}, "failed []  down.example"},
	}
	for _, tt := range tests {
		l := tt.list
		l.Zone = MustZone("all.example")
		if l.TextZone.IsZero() {
			l.TextZone = MustZone("part.example")
		}
		s := mustSet(t, Config{Resolver: f, Lists: []List{l}, FirstMatch: true})
		v := mustQuery(t, s, client)
		r := v.Results[0]
		if got := fmt.Sprint(r.Outcome, " ", r.Answers, " ", r.Text, " ", r.Zone()); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if r.Outcome == Listed && !errors.Is(r.Err, ErrBogus) {
			t.Errorf("%s: the bogus answer of the first zone is not reported: %v", tt.name, r.Err)
		}
	}
}

func TestFixedKeys(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{"dbl.example": listing(a("127.0.1.2"), "spam.test")}}
	s := mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("dbl.example"), Keys: []Key{
		{Name: "a..b"}, {Name: "."}, {Addr: netip.MustParseAddr("10.0.0.1")}, {Name: "SPAM.test"},
	}}}})
	v := mustQuery(t, s, client)
	if v.Decision != Block || v.Asked != 1 || len(v.Skipped) != 1 || v.Skipped[0].Reason != SkipPrivate {
		t.Errorf("%v, asked %d, skipped %v", v, v.Asked, v.Skipped)
	}
	if got := v.Reply(); !strings.Contains(got, "[SPAM.test]") {
		t.Errorf("reply %q", got)
	}
}

// A plain has the methods of *net.Resolver and no more.
type plain struct{ f *fake }

func (p plain) LookupNetIP(ctx context.Context, network, name string) ([]netip.Addr, error) {
	return p.f.LookupNetIP(ctx, network, name)
}

func (p plain) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return p.f.LookupTXT(ctx, name)
}

func TestPlainResolver(t *testing.T) {
	many := answer{}
	for i := range 2 * maxAnswers {
		many.addrs = append(many.addrs, fmt.Sprintf("127.0.%d.%d", 1+i/256, i%256))
	}
	f := &fake{zones: map[string]func(string) answer{"bl.example": listing(many, clientLabel)}}
	s := mustSet(t, Config{Resolver: plain{f}, Lists: []List{{Zone: MustZone("bl.example")}}})
	v := mustQuery(t, s, client)
	if v.Decision != Block || v.TTL != DefaultMinTTL || len(v.Results[0].Answers) != maxAnswers {
		t.Errorf("%v, TTL %v, %d answers", v.Decision, v.TTL, len(v.Results[0].Answers))
	}
}
