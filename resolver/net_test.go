package resolver_test

import (
	"context"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// listen starts a server on loopback and returns a resolver that asks it.
func listen(t testing.TB, srv *resolvertest.Server, c resolver.Config) *resolver.Resolver {
	t.Helper()
	l, err := srv.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c.Servers = append(c.Servers, l.Addr())
	r, err := resolver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestFaultsOnTheWire(t *testing.T) {
	tests := []struct {
		fault resolvertest.Fault
		kind  resolver.Kind
		max   time.Duration
	}{
		{fault: resolvertest.None},
		{fault: resolvertest.Garbage},
		{fault: resolvertest.Truncate},
		{fault: resolvertest.FormErr},
		{fault: resolvertest.NotImp},
		{fault: resolvertest.Slow},
		{fault: resolvertest.Lost},
		{fault: resolvertest.ServFail, kind: resolver.ServFail},
		{fault: resolvertest.Refused, kind: resolver.Refused},
		{fault: resolvertest.Referral, kind: resolver.ServFail},
		{fault: resolvertest.Timeout, kind: resolver.Timeout},
		{fault: resolvertest.WrongID, kind: resolver.Timeout},
		{fault: resolvertest.WrongName, kind: resolver.Timeout},
		{fault: resolvertest.Echo, kind: resolver.Timeout},
		{fault: resolvertest.WrongOwner, kind: resolver.Malformed},
		{fault: resolvertest.Strip127, kind: resolver.NoData},
	}
	for _, tt := range tests {
		t.Run(tt.fault.String(), func(t *testing.T) {
			t.Parallel()
			srv := resolvertest.Must(`a.example. 300 IN A 127.0.0.2`)
			srv.SetFault("a.example.", "A", tt.fault)
			srv.SetDelay(20 * time.Millisecond)
			r := listen(t, srv, resolver.Config{Timeout: 500 * time.Millisecond, Tries: 2, CacheEntries: -1})
			got, err := r.LookupNetIP(context.Background(), "ip4", "a.example.")
			if tt.kind != 0 {
				e, ok := err.(*resolver.Error)
				if !ok || e.Kind != tt.kind {
					t.Errorf("got %v, %v; want kind %v", got, err, tt.kind)
				}
				return
			}
			want := []netip.Addr{netip.MustParseAddr("127.0.0.2")}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, %v; want %v", got, err, want)
			}
		})
	}
}
