package resolver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// These are the interfaces of the packages that use a resolver.
type (
	users interface {
		LookupTXT(ctx context.Context, name string) ([]string, error)
		LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
		LookupMX(ctx context.Context, name string) ([]*net.MX, error)
		LookupAddr(ctx context.Context, addr string) ([]string, error)
		LookupHost(ctx context.Context, host string) ([]string, error)
	}
	metaUsers interface {
		LookupTXTMeta(ctx context.Context, name string) ([]string, time.Duration, bool, error)
		LookupNetIPMeta(ctx context.Context, network, host string) ([]netip.Addr, time.Duration, bool, error)
		LookupMXMeta(ctx context.Context, name string) ([]*net.MX, time.Duration, bool, error)
		LookupAddrMeta(ctx context.Context, addr string) ([]string, time.Duration, bool, error)
	}
)

var (
	_ users     = (*net.Resolver)(nil)
	_ users     = (*resolver.Resolver)(nil)
	_ users     = (*resolver.Net)(nil)
	_ metaUsers = (*resolver.Resolver)(nil)
	_ metaUsers = (*resolver.Net)(nil)
)

func TestKit(t *testing.T) {
	resolvertest.TestResolver(t, func(t *testing.T, s *resolvertest.Server) any {
		return listen(t, s, resolver.Config{})
	})
}

const lookupZone = `
example. 300 IN SOA ns.example. host.example. 1 2 3 4 60
both.example. 300 IN A 192.0.2.1
both.example. 100 IN AAAA 2001:db8::1
four.example. 300 IN A 192.0.2.1
six.example. 300 IN AAAA 2001:db8::1
alias6.example. 300 IN CNAME six.example.
tlsa.example. 300 IN TLSA 3 1 1 0123456789abcdef
ns.example. 300 IN NS a.example.
ns.example. 300 IN NS b\.c.example.
mx.example. 300 IN MX 10 a\.b.example.
mx.example. 300 IN MX 20 b\@c.example.
baddotmx.example. 300 IN MX 10 a\.b.example.
srv.example. 300 IN SRV 1 2 443 host.example.
unknown.example. 300 IN TYPE65400 \# 3 010203
2.2.0.192.in-addr.arpa. 300 IN PTR host.example.
1.2.0.192.in-addr.arpa. 300 IN PTR host.example.
1.2.0.192.in-addr.arpa. 300 IN PTR evil\.example.com.attacker.example.
`

func TestLookupBoth(t *testing.T) {
	tests := []struct {
		name   string
		fault4 resolvertest.Fault
		fault6 resolvertest.Fault
		want   string
		kind   resolver.Kind
	}{
		{name: "both.example.", want: "[192.0.2.1 2001:db8::1]"},
		{name: "four.example.", want: "[192.0.2.1]"},
		{name: "six.example.", want: "[2001:db8::1]"},
		{name: "nx.example.", kind: resolver.NXDomain},
		{name: "mx.example.", kind: resolver.NoData},
		{name: "both.example.", fault4: resolvertest.ServFail, want: "[2001:db8::1]"},
		{name: "both.example.", fault6: resolvertest.ServFail, want: "[192.0.2.1]"},
		{name: "six.example.", fault6: resolvertest.Refused, kind: resolver.Refused},
		{name: "four.example.", fault4: resolvertest.Refused, kind: resolver.Refused},
		{name: "both.example.", fault4: resolvertest.ServFail, fault6: resolvertest.ServFail, kind: resolver.ServFail},
	}
	for _, tt := range tests {
		srv := resolvertest.Must(lookupZone)
		srv.SetFault(tt.name, "A", tt.fault4)
		srv.SetFault(tt.name, "AAAA", tt.fault6)
		got, err := srv.Resolver().LookupHost(t.Context(), tt.name)
		if kindOf(err) != tt.kind || err == nil && fmt.Sprint(got) != tt.want {
			t.Errorf("%s, faults %v %v: %v, %v; want %v %v", tt.name, tt.fault4, tt.fault6, got, err, tt.want, tt.kind)
		}
	}
	r := resolvertest.Must(lookupZone).Resolver()
	if _, ttl, _, err := r.LookupNetIPMeta(t.Context(), "ip", "both.example."); ttl != 100*time.Second || err != nil {
		t.Errorf("TTL %v, %v; want the lower one", ttl, err)
	}
	if _, err := r.LookupNetIP(t.Context(), "tcp", "both.example."); !errors.Is(err, resolver.BadName) {
		t.Errorf("network tcp: %v", err)
	}
}

func TestLookupRecords(t *testing.T) {
	ctx := t.Context()
	r := resolvertest.Must(lookupZone).Resolver()
	tests := []struct {
		name string
		do   func() (any, error)
		want any
	}{
		{"TLSA", func() (any, error) { return r.LookupTLSA(ctx, "tlsa.example.") },
			[]resolver.TLSA{{3, 1, 1, []byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}}}},
		{"MX with odd hosts", func() (any, error) { return r.LookupMX(ctx, "mx.example.") },
			[]*net.MX{{Host: "b@c.example.", Pref: 20}}},
		{"NS with odd hosts", func() (any, error) { return r.LookupNS(ctx, "ns.example.") },
			[]*net.NS{{Host: "a.example."}}},
		{"PTR with odd hosts", func() (any, error) { return r.LookupAddr(ctx, "::ffff:192.0.2.1") },
			[]string{"host.example."}},
		{"CNAME to AAAA", func() (any, error) { return r.LookupCNAME(ctx, "alias6.example.") }, "six.example."},
		{"CNAME of none", func() (any, error) { return r.LookupCNAME(ctx, "four.example.") }, "four.example."},
	}
	for _, tt := range tests {
		got, err := tt.do()
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, %v; want %+v", tt.name, got, err, tt.want)
		}
	}
	errs := []struct {
		name string
		do   func() (any, error)
		want resolver.Kind
	}{
		{"only inexpressible hosts", func() (any, error) { return r.LookupMX(ctx, "baddotmx.example.") }, resolver.Malformed},
		{"no TLSA", func() (any, error) { return r.LookupTLSA(ctx, "four.example.") }, resolver.NoData},
		{"no NS", func() (any, error) { return r.LookupNS(ctx, "four.example.") }, resolver.NoData},
		{"no CNAME target", func() (any, error) { return r.LookupCNAME(ctx, "nx.example.") }, resolver.NXDomain},
		{"no address", func() (any, error) { return r.LookupAddr(ctx, "192.0.2") }, resolver.BadName},
		{"OPT", func() (any, error) { return r.Lookup(ctx, "four.example.", 41) }, resolver.BadName},
		{"ANY", func() (any, error) { return r.Lookup(ctx, "four.example.", 255) }, resolver.BadName},
		{"type 0", func() (any, error) { return r.Lookup(ctx, "four.example.", 0) }, resolver.BadName},
	}
	for _, tt := range errs {
		if got, err := tt.do(); kindOf(err) != tt.want {
			t.Errorf("%s: %v, %v; want %v", tt.name, got, err, tt.want)
		}
	}
}

func TestRecord(t *testing.T) {
	r := resolvertest.Must(lookupZone).Resolver()
	tests := []struct {
		name string
		typ  uint16
		text string
		data []byte
	}{
		{"srv.example.", resolver.TypeSRV, "1 2 443 host.example.", []byte("\x00\x01\x00\x02\x01\xbb\x04host\x07example\x00")},
		{"unknown.example.", 65400, "\\# 3 010203", []byte{1, 2, 3}},
		{"example.", resolver.TypeSOA, "ns.example. host.example. 1 2 3 4 60", nil},
		{"four.example.", resolver.TypeA, "192.0.2.1", []byte{192, 0, 2, 1}},
	}
	for _, tt := range tests {
		res, err := r.Lookup(t.Context(), tt.name, tt.typ)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		rec := res.Records[0]
		if rec.String() != tt.text || rec.Type() != tt.typ || tt.data != nil && !bytes.Equal(rec.Data(), tt.data) {
			t.Errorf("%s: %q, type %d, data %q", tt.name, rec, rec.Type(), rec.Data())
		}
	}
}

// TestUnusableData checks records whose data is missing, as a message may have
// them, and extended errors.
func TestUnusableData(t *testing.T) {
	answer := func(rrs ...dns.RR) *resolver.Resolver {
		return newResolver(t, resolver.Config{CacheEntries: -1, Exchange: func(_ context.Context, _ netip.AddrPort, q []byte, _ bool) ([]byte, error) {
			var m dns.Msg
			if err := m.Unpack(q); err != nil {
				return nil, err
			}
			re := new(dns.Msg).SetReply(&m)
			re.Answer = rrs
			re.SetEdns0(1232, false)
			if len(rrs) == 0 {
				re.Rcode = dns.RcodeServerFailure
				opt := re.IsEdns0()
				opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: 6, ExtraText: "bogus"})
			}
			return re.Pack()
		}})
	}
	hdr := func(typ uint16) dns.RR_Header {
		return dns.RR_Header{Name: "a.example.", Rrtype: typ, Class: dns.ClassINET, Ttl: 60}
	}
	h := hdr(dns.TypeA)
	if got, err := answer(&h).LookupNetIP(t.Context(), "ip4", "a.example."); kindOf(err) != resolver.Malformed {
		t.Errorf("A without data: %v, %v", got, err)
	}
	h6 := hdr(dns.TypeAAAA)
	if got, err := answer(&h6).LookupNetIP(t.Context(), "ip6", "a.example."); kindOf(err) != resolver.Malformed {
		t.Errorf("AAAA without data: %v, %v", got, err)
	}
	good := &dns.A{Hdr: hdr(dns.TypeA), A: net.IPv4(192, 0, 2, 1)}
	chaos := &dns.A{Hdr: hdr(dns.TypeA), A: net.IPv4(192, 0, 2, 2)}
	chaos.Hdr.Class = dns.ClassCHAOS
	if got, err := answer(&h, chaos, good).LookupNetIP(t.Context(), "ip4", "a.example."); err != nil || len(got) != 1 {
		t.Errorf("one good record: %v, %v", got, err)
	}
	_, err := answer().LookupNetIP(t.Context(), "ip4", "a.example.")
	if e, ok := err.(*resolver.Error); !ok || e.EDE != 6 || !strings.Contains(err.Error(), "extended error 6") {
		t.Errorf("EDE: %v", err)
	}
}

func TestReverseName(t *testing.T) {
	tests := []struct{ addr, want string }{
		{"192.0.2.1", "1.2.0.192.in-addr.arpa."},
		{"255.100.10.0", "0.10.100.255.in-addr.arpa."},
		{"::ffff:192.0.2.1", "1.2.0.192.in-addr.arpa."},
		{"2001:db8::ab", "b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."},
		{"fe80::1%eth0", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa."},
	}
	for _, tt := range tests {
		if got := resolver.ReverseName(netip.MustParseAddr(tt.addr)); got != tt.want {
			t.Errorf("ReverseName(%s) = %q, want %q", tt.addr, got, tt.want)
		}
	}
}

func TestTypes(t *testing.T) {
	for _, tt := range []struct {
		text string
		typ  uint16
		ok   bool
	}{{"TXT", 16, true}, {"tlsa", 52, true}, {"ANY", 255, false}, {"OPT", 41, false}, {"NONSENSE", 0, false}} {
		got, ok := resolver.ParseType(tt.text)
		if ok != tt.ok || ok && got != tt.typ {
			t.Errorf("ParseType(%q) = %d, %v", tt.text, got, ok)
		}
		if ok && resolver.TypeString(got) != strings.ToUpper(tt.text) {
			t.Errorf("TypeString(%d) = %q", got, resolver.TypeString(got))
		}
	}
	if got := resolver.TypeString(65400); got != "TYPE65400" {
		t.Errorf("TypeString(65400) = %q", got)
	}
}

func TestError(t *testing.T) {
	cause := errors.New("cause")
	tests := []struct {
		err                         resolver.Error
		text                        string
		notFound, nxdomain, timeout bool
	}{
		{resolver.Error{Kind: resolver.NXDomain, Name: "a\n.example.", Type: 16, EDE: -1},
			`resolver: lookup "a\n.example." TXT: no such name`, true, true, false},
		{resolver.Error{Kind: resolver.NoData, Name: "a.", Type: 1, EDE: -1, Server: "192.0.2.1:53"},
			`resolver: lookup "a." A on 192.0.2.1:53: no data of this type`, true, false, false},
		{resolver.Error{Kind: resolver.BadName, Name: "..", Type: 1, EDE: -1, Err: cause},
			`resolver: lookup ".." A: bad name: cause`, true, true, false},
		{resolver.Error{Kind: resolver.Timeout, Name: "a.", Type: 1, EDE: 22},
			`resolver: lookup "a." A: timeout (extended error 22)`, false, false, true},
		{resolver.Error{Kind: resolver.ServFail, Name: "a.", Type: 1, EDE: -1},
			`resolver: lookup "a." A: server failure`, false, false, false},
	}
	for _, tt := range tests {
		e := &tt.err
		var d *net.DNSError
		if !errors.As(e, &d) || d.IsNotFound != tt.notFound || d.IsTemporary == tt.notFound || d.IsTimeout != tt.timeout || d.Name != e.Name {
			t.Errorf("%v: as net.DNSError %+v", e, d)
		}
		if e.Error() != tt.text || e.NotFound() != tt.notFound || e.Temporary() == tt.notFound || e.NXDomain() != tt.nxdomain || e.Timeout() != tt.timeout {
			t.Errorf("%+v: text %q, want %q", *e, e, tt.text)
		}
		if !errors.Is(e, e.Kind) || errors.Is(e, cause) != (e.Err == cause) || errors.Is(e, resolver.Canceled) {
			t.Errorf("%v: does not unwrap to its kind and cause", e)
		}
		var pe *os.PathError
		if errors.As(e, &pe) {
			t.Errorf("%v is a %v", e, pe)
		}
	}
	if got := resolver.Kind(99).String(); got != "kind 99" {
		t.Errorf("Kind(99) = %q", got)
	}
	if got := resolver.NXDomain.Error(); got != "resolver: no such name" {
		t.Errorf("NXDomain.Error() = %q", got)
	}
}

// TestHookFailures checks what Config.Exchange may return.
func TestHookFailures(t *testing.T) {
	tests := []struct {
		name string
		err  error
		msg  []byte
		kind resolver.Kind
	}{
		{"deadline", os.ErrDeadlineExceeded, nil, resolver.Timeout},
		{"net timeout", &net.OpError{Err: os.ErrDeadlineExceeded}, nil, resolver.Timeout},
		{"net timeout error", &net.DNSError{IsTimeout: true}, nil, resolver.Timeout},
		{"refused", errors.New("connection refused"), nil, resolver.Network},
		{"empty", nil, nil, resolver.Malformed},
		{"garbage", nil, []byte("garbage that is longer than a header"), resolver.Malformed},
	}
	for _, tt := range tests {
		n := 0
		r := newResolver(t, resolver.Config{Tries: 3, CacheEntries: -1, Exchange: func(context.Context, netip.AddrPort, []byte, bool) ([]byte, error) {
			n++
			return tt.msg, tt.err
		}})
		_, err := r.LookupTXT(t.Context(), "a.example.")
		if kindOf(err) != tt.kind || n != 3 || tt.err != nil && !errors.Is(err, tt.err) {
			t.Errorf("%s: %v after %d tries", tt.name, err, n)
		}
	}
	// A hook that can't find its server does not say that the name is missing.
	r := newResolver(t, resolver.Config{Exchange: func(context.Context, netip.AddrPort, []byte, bool) ([]byte, error) {
		return nil, fmt.Errorf("connecting: %w", &resolver.Error{Kind: resolver.NXDomain, Name: "dns.example.", EDE: -1})
	}})
	for range 2 { // the second comes from the cache
		_, err := r.LookupTXT(t.Context(), "a.example.")
		var d *net.DNSError
		if kindOf(err) != resolver.Network || errors.Is(err, resolver.NXDomain) || !errors.As(err, &d) || d.IsNotFound {
			t.Errorf("server not found: %v", err)
		}
	}
	// A hook that panics does not leave the next caller waiting.
	r = newResolver(t, resolver.Config{CacheEntries: -1, Exchange: func(context.Context, netip.AddrPort, []byte, bool) ([]byte, error) {
		panic("hook")
	}})
	for range 2 {
		func() {
			defer func() { recover() }()
			r.LookupTXT(t.Context(), "a.example.")
		}()
	}
	// Nor does one that ignores its context keep the deadline from working.
	r = newResolver(t, resolver.Config{Deadline: 20 * time.Millisecond, Exchange: func(ctx context.Context, _ netip.AddrPort, _ []byte, _ bool) ([]byte, error) {
		<-ctx.Done()
		return nil, errors.New("odd error")
	}})
	if _, err := r.LookupTXT(t.Context(), "a.example."); !errors.Is(err, resolver.Timeout) {
		t.Errorf("deadline: %v", err)
	}
}
