package rbl

import (
	"fmt"
	"net/netip"
	"testing"
)

func TestAllocations(t *testing.T) {
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	buf := make([]byte, 0, 512)
	m := MustPattern("127.0.0.[2..11]")
	answers := addrs("127.0.0.4", "127.0.0.9")
	set := twenty(t)
	var p Prepared
	set.Prepare(&p, IP(v6))
	tests := []struct {
		name string
		f    func()
	}{
		{"AppendIPName v4", func() { buf = AppendIPName(buf[:0], v4, "zen.example") }},
		{"AppendIPName v6", func() { buf = AppendIPName(buf[:0], v6, "zen.example") }},
		{"AppendDomainName", func() { buf = AppendDomainName(buf[:0], "spam.test", "dbl.example") }},
		{"Matcher", func() { m.Accepts(answers) }},
		{"Prepare v4", func() { set.Prepare(&p, IP(v4)) }},
		{"Prepare v6", func() { set.Prepare(&p, IP(v6)) }},
		{"Prepare domain", func() { set.Prepare(&p, Domain("spam.test")) }},
	}
	for _, tt := range tests {
		if n := testing.AllocsPerRun(100, tt.f); n != 0 {
			t.Errorf("%s: %v allocations", tt.name, n)
		}
	}
	if p.Len() != 20 || string(p.Name(19)) != "spam.test.list19.example." {
		t.Errorf("%d names, the last %q", p.Len(), p.Name(p.Len()-1))
	}
	if got := fmt.Sprintf("%v %+v", &p, &p); got != "rbl.Prepared(20 names) rbl.Prepared(20 names)" {
		t.Errorf("Prepared prints as %s", got)
	}
}

func twenty(t testing.TB) *Set {
	c := Config{Resolver: &fake{}}
	for i := range 20 {
		c.Lists = append(c.Lists, List{Zone: MustZone(fmt.Sprintf("list%02d.example", i)), Kind: KindIP | KindDomain})
	}
	return mustSet(t, c)
}
