package resolvertest_test

import (
	"context"
	"errors"
	"net"
	"reflect"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

const zoneText = `
example.org. 300 IN SOA ns.example.org. host.example.org. 1 3600 600 86400 60
example.org. 300 IN TXT "v=spf1 " "-all \"q\" \\ \195\188"
example.org. 300 IN MX 10 mx.example.org.
null.example.org. 300 IN MX 0 .
mx.example.org. 120 IN A 192.0.2.1
mx.example.org. 120 IN AAAA 2001:db8::1
*.wild.example.org. 300 IN A 192.0.2.2
sub.ent.example.org. 300 IN A 192.0.2.3
alias.example.org. 60 IN CNAME mx.example.org.
loop1.example.org. 60 IN CNAME loop2.example.org.
loop2.example.org. 60 IN CNAME loop1.example.org.
odd\064a%b+c=d\032.example.org. 60 IN A 127.0.0.2
1.2.0.192.in-addr.arpa. 300 IN PTR mx.example.org.
_25._tcp.mx.example.org. 300 IN TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
`

func TestInProcess(t *testing.T) {
	ctx := context.Background()
	srv := resolvertest.Must(zoneText)
	srv.SetFault("bad.example.org.", "*", resolvertest.ServFail)
	srv.SetAuthentic("mx.example.org.", true)
	r := srv.Resolver()

	tests := []struct {
		name string
		do   func() (any, error)
		want any
		kind resolver.Kind
	}{
		{name: "txt", do: func() (any, error) { return r.LookupTXT(ctx, "Example.ORG.") }, want: []string{"v=spf1 -all \"q\" \\ \u00fc"}},
		{name: "mx", do: func() (any, error) { return r.LookupMX(ctx, "example.org.") }, want: []*net.MX{{Host: "mx.example.org.", Pref: 10}}},
		{name: "null mx", do: func() (any, error) { return r.LookupMX(ctx, "null.example.org.") }, want: []*net.MX{{Host: ".", Pref: 0}}},
		{name: "host", do: func() (any, error) { return r.LookupHost(ctx, "mx.example.org.") }, want: []string{"192.0.2.1", "2001:db8::1"}},
		{name: "ptr", do: func() (any, error) { return r.LookupAddr(ctx, "192.0.2.1") }, want: []string{"mx.example.org."}},
		{name: "wildcard", do: func() (any, error) { return r.LookupHost(ctx, "a.b.wild.example.org.") }, want: []string{"192.0.2.2"}},
		{name: "wildcard nodata", do: func() (any, error) { return r.LookupTXT(ctx, "a.wild.example.org.") }, kind: resolver.NoData},
		{name: "empty non-terminal", do: func() (any, error) { return r.LookupTXT(ctx, "ent.example.org.") }, kind: resolver.NoData},
		{name: "nxdomain", do: func() (any, error) { return r.LookupTXT(ctx, "nx.example.org.") }, kind: resolver.NXDomain},
		{name: "alias", do: func() (any, error) { return r.LookupHost(ctx, "alias.example.org.") }, want: []string{"192.0.2.1", "2001:db8::1"}},
		{name: "cname", do: func() (any, error) { return r.LookupCNAME(ctx, "alias.example.org.") }, want: "mx.example.org."},
		{name: "loop", do: func() (any, error) { return r.LookupHost(ctx, "loop1.example.org.") }, kind: resolver.Malformed},
		{name: "odd octets", do: func() (any, error) { return r.LookupHost(ctx, "odd@a%b+c=d .example.org.") }, want: []string{"127.0.0.2"}},
		{name: "servfail", do: func() (any, error) { return r.LookupHost(ctx, "bad.example.org.") }, kind: resolver.ServFail},
		{name: "bad name", do: func() (any, error) { return r.LookupHost(ctx, "a..example.org.") }, kind: resolver.BadName},
	}
	for _, tt := range tests {
		got, err := tt.do()
		if tt.kind != 0 {
			var ne *net.DNSError
			if !errors.Is(err, tt.kind) || !errors.As(err, &ne) {
				t.Errorf("%s: got %v, %v; want kind %v", tt.name, got, err, tt.kind)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %#v, %v; want %#v", tt.name, got, err, tt.want)
		}
	}
	_, ttl, authentic, err := r.LookupNetIPMeta(ctx, "ip4", "mx.example.org.")
	if ttl.Seconds() != 120 || !authentic || err != nil {
		t.Errorf("meta = %v, %v, %v; want 120s, true", ttl, authentic, err)
	}
	recs, err := r.LookupTLSA(ctx, "_25._tcp.mx.example.org.")
	if err != nil || len(recs) != 1 || recs[0].Usage != 3 || len(recs[0].Data) != 32 {
		t.Errorf("TLSA = %v, %v", recs, err)
	}
	srv.ResetQueries()
	r.LookupTXT(ctx, "Odd@X.example.org.")
	if got, want := srv.Queries(), []string{"odd@x.example.org. TXT"}; !reflect.DeepEqual(got, want) {
		t.Errorf("Queries() = %q, want %q", got, want)
	}
	res, err := r.Lookup(ctx, "example.org.", resolver.TypeMX)
	if err != nil || res.Records[0].String() != "10 mx.example.org." {
		t.Errorf("Lookup MX = %v, %v", res, err)
	}
}

// TestLargeInProcess checks that a large answer takes one question.
func TestLargeInProcess(t *testing.T) {
	text := strings.Repeat("0123456789", 1000)
	srv := resolvertest.Must(`a.example. 300 IN TXT "` + text + `"`)
	got, err := srv.Resolver().LookupTXT(t.Context(), "a.example.")
	if err != nil || len(got) != 1 || got[0] != text || len(srv.Queries()) != 1 {
		t.Errorf("%d records, %v, queries %q", len(got), err, srv.Queries())
	}
}
