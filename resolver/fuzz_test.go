package resolver

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// fuzzAnswers returns messages to start from: answers to "a.example. A".
func fuzzAnswers(f *testing.F) {
	for _, text := range []string{
		"a.example. 300 IN A 192.0.2.1",
		"a.example. 300 IN CNAME b.example.\nb.example. 300 IN CNAME c\\@d.example.\nc\\@d.example. 60 IN A 192.0.2.1",
		"a.example. 300 IN CNAME b.example.\nb.example. 300 IN CNAME a.example.",
		"b.example. 300 IN A 192.0.2.1\nA.EXAMPLE. 0 IN A 192.0.2.2",
		"a.example. 300 IN CNAME b\\.c.example.",
		"a.example. 300 IN TXT \"x\"",
	} {
		m := new(dns.Msg).SetQuestion("a.example.", dns.TypeA)
		m.Response, m.Compress = true, true
		p := dns.NewZoneParser(strings.NewReader(text), ".", "")
		for rr, ok := p.Next(); ok; rr, ok = p.Next() {
			m.Answer = append(m.Answer, rr)
		}
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-2])
		m.Rcode = dns.RcodeNameError
		m.Ns = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Name: "example.", Rrtype: dns.TypeSOA, Class: 1, Ttl: 9}, Ns: ".", Mbox: "."}}
		m.SetEdns0(1232, true)
		b, _ = m.Pack()
		f.Add(b)
	}
}

// FuzzAnswer feeds a lookup with any message. Whatever it says, each address
// that comes back must belong to the name asked for or to the end of an alias
// chain that begins there.
func FuzzAnswer(f *testing.F) {
	fuzzAnswers(f)
	f.Fuzz(func(t *testing.T, msg []byte) {
		calls := 0
		r, err := New(Config{Tries: 1, Exchange: func(_ context.Context, _ netip.AddrPort, q []byte, _ bool) ([]byte, error) {
			calls++
			b := append([]byte(nil), msg...)
			copy(b, q[:2]) // guessed the ID
			return b, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		res, err := r.Lookup(t.Context(), "a.example.", TypeA)
		if calls > (maxChain+1)*(2+maxPlain) {
			t.Errorf("%d exchanges", calls)
		}
		if err != nil {
			if _, ok := err.(*Error); !ok || res != nil {
				t.Errorf("Lookup = %v, %#v", res, err)
			}
			return
		}
		var m dns.Msg
		if err := m.Unpack(msg); err != nil {
			t.Fatalf("accepted a message that does not unpack: %v", err)
		}
		owners := reachable(&m, "a.example.")
		if len(res.Records) == 0 || !owners[res.Name] {
			t.Fatalf("%d records of %q; reachable are %v", len(res.Records), res.Name, owners)
		}
		for _, rec := range res.Records {
			owner, ok := rawName(rec.rr.Header().Name)
			if !ok || !owners[dnsname.Lower(owner)] || rec.Type() != TypeA || len(rec.Data()) != 4 {
				t.Errorf("record %v", rec.rr)
			}
		}
	})
}

// reachable is a slow second opinion: it returns all names that aliases in m
// lead to from name.
func reachable(m *dns.Msg, name string) map[string]bool {
	names := map[string]bool{name: true}
	for range len(m.Answer) + 1 {
		for _, rr := range m.Answer {
			owner, ok := rawName(rr.Header().Name)
			if c, is := rr.(*dns.CNAME); ok && is && names[dnsname.Lower(owner)] {
				if target, ok := rawName(c.Target); ok {
					names[dnsname.Lower(target)] = true
				}
			}
		}
	}
	return names
}

// FuzzName checks that a name is refused, or arrives on the wire as it is,
// and that the canonical form is a fixed point.
func FuzzName(f *testing.F) {
	for _, s := range []string{"example.org.", "a+b=c@%.Example", "\xff.\x00\\.x", "b\u00fccher.example", "..", strings.Repeat("a.", 126)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := canonical(s)
		if err != nil {
			return
		}
		if name != "" {
			if again, err := canonical(name); again != name || err != nil {
				t.Errorf("canonical(%q) = %q; again %q, %v", s, name, again, err)
			}
		}
		q := appendQuery(nil, 0x1234, name, TypeTXT, 1232)
		var m dns.Msg
		if err := m.Unpack(q); err != nil {
			t.Fatalf("%q: query does not unpack: %v", s, err)
		}
		got, ok := rawName(m.Question[0].Name)
		if want := dnsname.FQDN(name); !ok || got != want || m.IsEdns0() == nil || m.Question[0].Qtype != TypeTXT {
			t.Errorf("%q: query for %q, want %q", s, got, want)
		}
		if questionEnd(q) != len(q)-11 {
			t.Errorf("%q: questionEnd = %d of %d", s, questionEnd(q), len(q))
		}
		b := append([]byte(nil), q...)
		b[2] |= 0x80
		if matchAnswer(b, q) != matchFull {
			t.Errorf("%q: its own answer does not match", s)
		}
	})
}

// FuzzResolvConf checks that whatever the text, New takes the result or says
// why not.
func FuzzResolvConf(f *testing.F) {
	f.Add("nameserver 127.0.0.1\noptions timeout:1 attempts:2 rotate trust-ad\n")
	f.Add("nameserver fe80::1%1 # x\n\nsearch a b")
	f.Fuzz(func(t *testing.T, text string) {
		var c Config
		if err := c.ReadResolvConf(strings.NewReader(text)); err != nil {
			return
		}
		if n := len(c.Servers); n < 1 || n > maxSystemServers || c.Tries > maxSystemTries || c.Timeout > maxSystemTimeout {
			t.Errorf("%q: %+v", text, c)
		}
		if _, err := New(c); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
