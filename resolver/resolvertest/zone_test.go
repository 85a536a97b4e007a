package resolvertest_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// TestWildcards runs the examples of RFC 4592, section 2.2.1.
func TestWildcards(t *testing.T) {
	srv := resolvertest.Must(`
$ORIGIN example.
$TTL 3600
@                 IN SOA   ns.example.com. host.example.com. 1 2 3 4 60
@                 IN NS    ns.example.com.
@                 IN NS    ns.example.net.
*                 IN TXT   "this is a wildcard"
*                 IN MX    10 host1.example.
sub.*             IN TXT   "this is not a wildcard"
host1             IN A     192.0.2.1
_ssh._tcp.host1   IN SRV   1 2 3 host1
_ssh._tcp.host2   IN SRV   1 2 3 host2
subdel            IN NS    ns.example.com.
`)
	tests := []struct {
		name string
		typ  uint16
		want string // records, or a kind
	}{
		{"host3.example.", resolver.TypeMX, "10 host1.example."},
		{"host3.example.", resolver.TypeA, "no data of this type"},
		{"foo.bar.example.", resolver.TypeTXT, `"this is a wildcard"`},
		{"host1.example.", resolver.TypeMX, "no data of this type"},
		{"sub.*.example.", resolver.TypeMX, "no data of this type"},
		{"_telnet._tcp.host1.example.", resolver.TypeSRV, "no such name"},
		{"host.subdel.example.", resolver.TypeA, "no such name"}, // no delegation here
		{"ghost.*.example.", resolver.TypeMX, "no such name"},
		{"*.example.", resolver.TypeTXT, `"this is a wildcard"`},
		{"_tcp.host2.example.", resolver.TypeA, "no data of this type"},
		{"other.test.", resolver.TypeA, "no such name"},
	}
	r := srv.Resolver()
	for _, tt := range tests {
		got := ""
		res, err := r.Lookup(t.Context(), tt.name, tt.typ)
		var e *resolver.Error
		if errors.As(err, &e) {
			got = e.Kind.String()
		} else {
			for _, rec := range res.Records {
				got += rec.String()
			}
		}
		if got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.name, resolver.TypeString(tt.typ), got, tt.want)
		}
	}
}

func TestZoneText(t *testing.T) {
	bad := []string{
		"a.example. 300 IN A not-an-address",
		"a.example. 300 IN",
		"a..example. 300 IN A 192.0.2.1",
		strings.Repeat("a", 64) + ".example. 300 IN A 192.0.2.1",
		"a.example. 300 IN TXT \"unclosed",
		"$INCLUDE /etc/passwd",
	}
	for _, text := range bad {
		if s, err := resolvertest.New("ok.example. 300 IN A 192.0.2.1", text); err == nil || s != nil {
			t.Errorf("New(%q) = %v, %v; want an error", text, s, err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Must(%q) did not panic", text)
				}
			}()
			resolvertest.Must(text)
		}()
	}
	srv := resolvertest.Must("a.example. 300 IN A 192.0.2.1")
	if err := srv.SetZone("b.example. 300 IN A 192.0.2.1", bad[0]); err == nil {
		t.Error("SetZone took a bad record")
	}
	r := srv.Resolver()
	if _, err := r.LookupNetIP(t.Context(), "ip4", "a.example."); err != nil {
		t.Errorf("the old zone is gone: %v", err)
	}
	if err := srv.SetZone("; only a comment\n", "b.example A 192.0.2.1"); err != nil {
		t.Errorf("SetZone: %v", err)
	}
	if _, ttl, _, err := r.LookupNetIPMeta(t.Context(), "ip4", "b.example."); err != nil || ttl != 5*time.Minute {
		t.Errorf("no final dot, no TTL, no class: %v, %v", ttl, err)
	}
	long := strings.Repeat("0123456789", 60)
	srv = resolvertest.Must(`long.example. 300 IN TXT "` + long + `"`)
	if got, err := srv.Resolver().LookupTXT(t.Context(), "long.example."); err != nil || got[0] != long {
		t.Errorf("a string of 600 octets: %q, %v", got, err)
	}
	if _, err := resolvertest.Must().Resolver().LookupTXT(t.Context(), "a.example."); !errors.Is(err, resolver.NXDomain) {
		t.Errorf("an empty zone: %v", err)
	}
}

func TestFaultNames(t *testing.T) {
	for f := resolvertest.None; f <= resolvertest.Lost; f++ {
		if got, err := resolvertest.ParseFault(f.String()); got != f || err != nil {
			t.Errorf("ParseFault(%q) = %v, %v", f, got, err)
		}
	}
	if _, err := resolvertest.ParseFault("nonsense"); err == nil {
		t.Error("ParseFault takes nonsense")
	}
	if got := resolvertest.Fault(99).String(); got != "fault 99" {
		t.Errorf("Fault(99) = %q", got)
	}
}

// TestFaultScope checks which questions a fault is for.
func TestFaultScope(t *testing.T) {
	zone := "a.example. 300 IN A 192.0.2.1\nb.example. 300 IN A 192.0.2.2\nc.example. 300 IN CNAME a.example."
	tests := []struct {
		name, typ string
		broken    string // of "a A", "a TXT", "b A", "c A"
	}{
		{"a.example.", "A", "a A,c A"},
		{"A.EXAMPLE", "a", "a A,c A"},
		{"a.example.", "TXT", "a TXT"},
		{"a.example.", "*", "a A,a TXT,c A"},
		{"a.example.", "ANY", "a A,a TXT,c A"},
		{"*", "A", "a A,b A,c A"},
		{"*", "*", "a A,a TXT,b A,c A"},
		{"c.example.", "A", "c A"},
	}
	for _, tt := range tests {
		srv := resolvertest.Must(zone)
		srv.SetFault(tt.name, tt.typ, resolvertest.ServFail)
		var broken []string
		for _, q := range []string{"a A", "a TXT", "b A", "c A"} {
			name, typ, _ := strings.Cut(q, " ")
			n, _ := resolver.ParseType(typ)
			_, err := srv.Resolver().Lookup(t.Context(), name+".example.", n)
			if errors.Is(err, resolver.ServFail) {
				broken = append(broken, q)
			}
		}
		if got := strings.Join(broken, ","); got != tt.broken {
			t.Errorf("SetFault(%q, %q): broken %q, want %q", tt.name, tt.typ, got, tt.broken)
		}
		srv.SetFault(tt.name, tt.typ, resolvertest.None)
		if _, err := srv.Resolver().LookupNetIP(t.Context(), "ip4", "c.example."); err != nil {
			t.Errorf("SetFault(%q, %q) can't be taken back: %v", tt.name, tt.typ, err)
		}
	}
	for _, bad := range [][2]string{{"a..b", "A"}, {"a.", "NONSENSE"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("SetFault(%q) did not panic", bad)
				}
			}()
			resolvertest.Must().SetFault(bad[0], bad[1], resolvertest.Timeout)
		}()
	}
}

// TestFaultsInProcess checks each fault as a resolver sees it without sockets.
func TestFaultsInProcess(t *testing.T) {
	tests := map[resolvertest.Fault]resolver.Kind{
		resolvertest.None: 0, resolvertest.Truncate: 0, resolvertest.Garbage: 0, resolvertest.FormErr: 0,
		resolvertest.NotImp: 0, resolvertest.Slow: 0, resolvertest.ServFail: resolver.ServFail,
		resolvertest.Refused: resolver.Refused, resolvertest.Timeout: resolver.Timeout,
		resolvertest.WrongID: resolver.Malformed, resolvertest.WrongName: resolver.Malformed,
		resolvertest.WrongOwner: resolver.Malformed, resolvertest.Echo: resolver.Malformed,
		resolvertest.Strip127: resolver.NoData, resolvertest.Referral: resolver.ServFail,
		resolvertest.Lost: resolver.Timeout,
	}
	for f, want := range tests {
		srv := resolvertest.Must("a.example. 300 IN A 127.0.0.2")
		srv.SetFault("a.example.", "A", f)
		srv.SetDelay(time.Second)
		before := srv.Clock().Now()
		_, err := srv.Resolver().LookupNetIP(t.Context(), "ip4", "a.example.")
		var k resolver.Kind
		if errors.As(err, &k); k != want {
			t.Errorf("%v: %v, want %v", f, err, want)
		}
		if d := srv.Clock().Now().Sub(before); d != 0 && f != resolvertest.Slow || d != time.Second && f == resolvertest.Slow {
			t.Errorf("%v: the clock went on by %v", f, d)
		}
	}
	srv := resolvertest.Must("a.example. 300 IN A 192.0.2.1\na.example. 300 IN A 127.0.0.2")
	srv.SetFault("a.example.", "A", resolvertest.Strip127)
	if got, err := srv.Resolver().LookupNetIP(t.Context(), "ip4", "a.example."); len(got) != 1 || err != nil {
		t.Errorf("strip127: %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := srv.Exchange(ctx, netip.AddrPort{}, nil, false); !errors.Is(err, context.Canceled) {
		t.Errorf("Exchange after cancel: %v", err)
	}
	for _, q := range [][]byte{nil, []byte("short"), make([]byte, 12)} {
		if b, err := srv.Exchange(t.Context(), netip.AddrPort{}, q, false); b != nil || err == nil {
			t.Errorf("Exchange(%q) = %q, %v", q, b, err)
		}
	}
}

// TestAuthentic checks when the AD bit is set.
func TestAuthentic(t *testing.T) {
	srv := resolvertest.Must("a.example. 300 IN A 192.0.2.1\nalias.example. 300 IN CNAME a.example.\nb.example. 300 IN A 192.0.2.1")
	srv.SetAuthentic("a.example.", true)
	r := srv.Resolver()
	check := func(name string, want bool) {
		t.Helper()
		_, _, got, err := r.LookupNetIPMeta(t.Context(), "ip4", name)
		var neg interface{ Meta() (time.Duration, bool) }
		if errors.As(err, &neg) {
			_, got = neg.Meta()
		}
		if got != want {
			t.Errorf("%s: authentic %v, want %v", name, got, want)
		}
	}
	check("a.example.", true)
	check("alias.example.", false)
	check("b.example.", false)
	srv.SetAuthentic("alias.example.", true)
	check("alias.example.", true)
	check("nx.example.", false)
	srv.SetAuthentic("*", true)
	srv.SetAuthentic("b.example.", false)
	check("nx.example.", true)
	check("b.example.", false)
}

// TestListener checks the server with clients that are not this module's.
func TestListener(t *testing.T) {
	var zone strings.Builder
	zone.WriteString("a.example. 300 IN A 192.0.2.1\n")
	for range 100 {
		zone.WriteString("big.example. 300 IN TXT \"" + strings.Repeat("x", 50) + "\"\n")
		zone.WriteString("big.example. 300 IN TXT \"" + strings.Repeat("y", 50) + "\"\n")
	}
	srv := resolvertest.Must(zone.String())
	l := listen(t, srv)
	for _, network := range []string{"udp", "tcp"} {
		c := dns.Client{Net: network}
		for range 3 {
			m, _, err := c.Exchange(new(dns.Msg).SetQuestion("A.Example.", dns.TypeA), l.Addr().String())
			if err != nil || len(m.Answer) != 1 || m.Answer[0].Header().Name != "A.Example." || m.Truncated {
				t.Errorf("%s: %v, %v", network, m, err)
			}
		}
		m, _, err := c.Exchange(new(dns.Msg).SetQuestion("big.example.", dns.TypeTXT), l.Addr().String())
		if err != nil || m.Truncated != (network == "udp") || len(m.Answer) != 200 && network == "tcp" {
			t.Errorf("%s: %v", network, err)
		}
		m, _, err = c.Exchange(new(dns.Msg).SetQuestion("a.example.", dns.TypeANY), l.Addr().String())
		if err != nil || len(m.Answer) != 1 {
			t.Errorf("%s ANY: %v, %v", network, m, err)
		}
	}
	if got := srv.Queries(); len(got) != 10 || got[0] != "a.example. A" || got[9] != "a.example. ANY" {
		t.Errorf("Queries() = %q", got)
	}
	srv.ResetQueries()
	if got := srv.Queries(); len(got) != 0 {
		t.Errorf("Queries() = %q after a reset", got)
	}
}

// TestListenerPipelining sends two queries on a connection at once, the second
// of them cut off.
func TestListenerPipelining(t *testing.T) {
	srv := resolvertest.Must("a.example. 300 IN A 192.0.2.1")
	srv.SetFault("a.example.", "TXT", resolvertest.Timeout)
	l := listen(t, srv)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	q, _ := new(dns.Msg).SetQuestion("a.example.", dns.TypeA).Pack()
	q = append(binary.BigEndian.AppendUint16(nil, uint16(len(q))), q...)
	c.Write(slices.Concat(q, q, q[:5]))
	conn := &dns.Conn{Conn: c}
	for range 2 {
		if m, err := conn.ReadMsg(); err != nil || len(m.Answer) != 1 {
			t.Errorf("%v, %v", m, err)
		}
	}
	c.(*net.TCPConn).CloseWrite()
	if _, err := conn.ReadMsg(); err == nil {
		t.Error("an answer to half a query")
	}
}

func TestListenErrors(t *testing.T) {
	srv := resolvertest.Must()
	l := listen(t, srv)
	for _, addr := range []string{"localhost", "127.0.0.1", l.Addr().String(), "192.0.2.1:0"} {
		if l, err := srv.Listen(addr); err == nil {
			t.Errorf("Listen(%q) works", addr)
			l.Close()
		}
	}
	slow := resolvertest.Must()
	slow.SetFault("*", "*", resolvertest.Slow)
	slow.SetDelay(time.Hour)
	l = listen(t, slow)
	for _, network := range []string{"udp", "tcp"} {
		c, err := net.Dial(network, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		q, _ := new(dns.Msg).SetQuestion("a.example.", dns.TypeA).Pack()
		if network == "tcp" {
			q = append(binary.BigEndian.AppendUint16(nil, uint16(len(q))), q...)
		}
		c.Write(q)
	}
	time.Sleep(20 * time.Millisecond)
	for range 2 {
		if err := l.Close(); err != nil { // does not wait for an hour
			t.Error(err)
		}
	}
}

// TestLoss checks how many answers SetLoss spoils.
func TestLoss(t *testing.T) {
	srv := resolvertest.Must("a.example. 300 IN A 192.0.2.1")
	srv.SetLoss(10, 5)
	lost := 0
	tcp := 0
	c := srv.Config()
	c.OnEvent = func(e resolver.Event) {
		if e.TCP {
			tcp++
		}
	}
	r, err := resolver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := r.LookupNetIP(t.Context(), "ip4", "a.example."); err != nil {
			lost++
		}
	}
	if lost != 10 || tcp != 20 {
		t.Errorf("%d of 100 lost, %d truncated; want 10 and 20", lost, tcp)
	}
}

// FuzzZone checks that whatever a zone says, the server's answers unpack and
// repeat ID and question.
func FuzzZone(f *testing.F) {
	f.Add("a.example. 300 IN A 192.0.2.1\n*.example. 300 IN CNAME a.example.", "b.example.", uint16(1))
	f.Add("a\\.b.example. 1 IN TXT \"\\000\\255\"", "a\\.b.example.", uint16(16))
	f.Add("$ORIGIN x.\n@ 1 IN SOA . . 1 2 3 4 5\n* 1 IN MX 0 .", "y.x.", uint16(15))
	f.Fuzz(func(t *testing.T, zone, name string, typ uint16) {
		if strings.Contains(zone, "$GENERATE") {
			return // makes thousands of records
		}
		srv, err := resolvertest.New(zone)
		if err != nil {
			return
		}
		m := new(dns.Msg).SetQuestion(name, typ)
		q, err := m.Pack()
		if err != nil {
			return
		}
		b, err := srv.Exchange(t.Context(), netip.AddrPort{}, q, true)
		if err != nil {
			return
		}
		var re dns.Msg
		if err := re.Unpack(b); err != nil {
			t.Fatalf("zone %q, query %v: the answer does not unpack: %v", zone, m.Question, err)
		}
		end := len(q)
		if len(b) < end || string(b[12:end]) != string(q[12:]) || re.Id != m.Id || !re.Response {
			t.Errorf("zone %q, query %v: answer %v", zone, m.Question, re)
		}
	})
}

// TestListenerFaults checks the faults that take time, over UDP and TCP.
func TestListenerFaults(t *testing.T) {
	for _, f := range []resolvertest.Fault{resolvertest.Garbage, resolvertest.Slow, resolvertest.Truncate} {
		srv := resolvertest.Must("a.example. 300 IN A 192.0.2.1")
		srv.SetFault("*", "A", f)
		srv.SetDelay(30 * time.Millisecond)
		r, err := resolver.New(resolver.Config{Servers: listen(t, srv).Servers()})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		got, err := r.LookupNetIP(t.Context(), "ip4", "a.example.")
		if d := time.Since(start); err != nil || len(got) != 1 || f == resolvertest.Slow && d < 30*time.Millisecond {
			t.Errorf("%v: %v, %v after %v", f, got, err, d)
		}
		r.Close()
	}
}
