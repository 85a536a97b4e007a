package resolver_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// TestNetDial lets package net ask through a Resolver.
func TestNetDial(t *testing.T) {
	srv := resolvertest.Must(lookupZone)
	srv.SetFault("fail.example.", "*", resolvertest.ServFail)
	c := srv.Config()
	c.CacheEntries = 100
	r := newResolver(t, c)
	n := &net.Resolver{PreferGo: true, Dial: r.NetDial()}
	ctx := t.Context()
	for range 3 {
		got, err := n.LookupHost(ctx, "both.example.")
		if slices.Sort(got); err != nil || !slices.Equal(got, []string{"192.0.2.1", "2001:db8::1"}) {
			t.Errorf("LookupHost = %q, %v", got, err)
		}
	}
	if got := srv.Queries(); len(got) != 2 {
		t.Errorf("queries %q, want two and then the cache", got)
	}
	if got, err := n.LookupNetIP(ctx, "ip6", "alias6.example."); err != nil || len(got) != 1 {
		t.Errorf("through an alias: %v, %v", got, err)
	}
	if got, err := n.LookupCNAME(ctx, "alias6.example."); err != nil || got != "six.example." {
		t.Errorf("LookupCNAME = %q, %v", got, err)
	}
	if _, srvs, err := n.LookupSRV(ctx, "", "", "srv.example."); err != nil || len(srvs) != 1 {
		t.Errorf("LookupSRV = %v, %v", srvs, err)
	}
	var d *net.DNSError
	for name, notFound := range map[string]bool{"nx.example.": true, "four.example.": true, "fail.example.": false} {
		if _, err := n.LookupTXT(ctx, name); !errors.As(err, &d) || d.IsNotFound != notFound {
			t.Errorf("LookupTXT(%q): %v", name, err)
		}
	}
}

// TestNetDialMessages checks what package net never sends.
func TestNetDialMessages(t *testing.T) {
	r := resolvertest.Must(lookupZone).Resolver()
	pack := func(change func(m *dns.Msg)) []byte {
		m := new(dns.Msg).SetQuestion("four.example.", dns.TypeA)
		change(m)
		b, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	tests := []struct {
		name  string
		query []byte
		rcode int // -1: closed
	}{
		{"good", pack(func(*dns.Msg) {}), dns.RcodeSuccess},
		{"ANY", pack(func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeANY }), dns.RcodeNotImplemented},
		{"CHAOS", pack(func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }), dns.RcodeNotImplemented},
		{"dot in a label", pack(func(m *dns.Msg) { m.Question[0].Name = "a\\.b." }), dns.RcodeNotImplemented},
		{"answer", pack(func(m *dns.Msg) { m.Response = true }), -1},
		{"no question", pack(func(m *dns.Msg) { m.Question = nil }), -1},
		{"garbage", []byte("garbage"), -1},
	}
	for _, tt := range tests {
		c, err := r.NetDial()(t.Context(), "udp", "")
		if err != nil {
			t.Fatal(err)
		}
		go c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(tt.query))), tt.query...))
		m, err := (&dns.Conn{Conn: c}).ReadMsg()
		if tt.rcode < 0 {
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v, %v; want the connection closed", tt.name, m, err)
			}
		} else if err != nil || m.Rcode != tt.rcode {
			t.Errorf("%s: %v, %v; want code %d", tt.name, m, err, tt.rcode)
		}
		c.Close()
	}
	for _, part := range []string{"\x00", "\x00\x20short"} {
		c, _ := r.NetDial()(t.Context(), "udp", "")
		c.Write([]byte(part))
		c.Close() // ends the server side, as the leak check of the load test sees
	}
}

// TestNetDialTooLarge lets a server send records that fit into a message only as
// it compresses them: the frame of the answer must not have a wrong length.
func TestNetDialTooLarge(t *testing.T) {
	r := newResolver(t, resolver.Config{CacheEntries: -1, Exchange: func(_ context.Context, _ netip.AddrPort, q []byte, _ bool) ([]byte, error) {
		const records = 3000
		var m dns.Msg
		if err := m.Unpack(q); err != nil {
			return nil, err
		}
		re := new(dns.Msg).SetReply(&m)
		b, err := re.Pack()
		if err != nil {
			return nil, err
		}
		binary.BigEndian.PutUint16(b[6:], records)
		for i := range records { // the target is the owner
			b = append(b, 0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 8, 0, 0, 0, 0, byte(i>>8), byte(i), 0xc0, 12)
		}
		return b, nil
	}})
	query, err := new(dns.Msg).SetQuestion("a-host-with-a-long-name.example.", dns.TypeSRV).Pack()
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.NetDial()(t.Context(), "udp", "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 2 { // the second would be read out of the first answer
		go c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...))
		m, err := (&dns.Conn{Conn: c}).ReadMsg()
		if err != nil || m.Rcode != dns.RcodeServerFailure {
			t.Fatalf("%v, %v; want SERVFAIL", m, err)
		}
	}
}
