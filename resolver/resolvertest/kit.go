package resolvertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"
)

// The methods that TestResolver looks for.
type (
	txtResolver interface {
		LookupTXT(ctx context.Context, name string) ([]string, error)
	}
	netIPResolver interface {
		LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	}
	mxResolver interface {
		LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	}
	addrResolver interface {
		LookupAddr(ctx context.Context, addr string) ([]string, error)
	}
	txtMeta interface {
		LookupTXTMeta(ctx context.Context, name string) ([]string, time.Duration, bool, error)
	}
	netIPMeta interface {
		LookupNetIPMeta(ctx context.Context, network, host string) ([]netip.Addr, time.Duration, bool, error)
	}
	mxMeta interface {
		LookupMXMeta(ctx context.Context, name string) ([]*net.MX, time.Duration, bool, error)
	}
	addrMeta interface {
		LookupAddrMeta(ctx context.Context, addr string) ([]string, time.Duration, bool, error)
	}
	nxdomainError interface{ NXDomain() bool }
	negativeError interface {
		Meta() (ttl time.Duration, authentic bool)
	}
)

// kitZone is what the resolvers under test see.
const kitZone = `
kit.example. 300 IN SOA ns.kit.example. host.kit.example. 1 3600 600 86400 60
txt.kit.example. 120 IN TXT "v=spf1 " "-all"
octets.kit.example. 120 IN TXT "\"q\" \\ \195\188 \255 ;"
two.kit.example. 120 IN TXT "one"
two.kit.example. 120 IN TXT "two"
host.kit.example. 120 IN A 192.0.2.1
host.kit.example. 120 IN AAAA 2001:db8::1
mx.kit.example. 120 IN MX 10 host.kit.example.
null.kit.example. 120 IN MX 0 .
*.wild.kit.example. 120 IN TXT "wild"
leaf.ent.kit.example. 120 IN TXT "leaf"
alias.kit.example. 60 IN CNAME host.kit.example.
alias-txt.kit.example. 60 IN CNAME txt.kit.example.
dangling.kit.example. 60 IN CNAME missing.kit.example.
loop1.kit.example. 60 IN CNAME loop2.kit.example.
loop2.kit.example. 60 IN CNAME loop1.kit.example.
odd\064a%2b+c=d_\(e\)\032f.kit.example. 120 IN TXT "odd"
192.0.2.9. 120 IN A 192.0.2.10
1.2.0.192.in-addr.arpa. 120 IN PTR host.kit.example.
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 120 IN PTR host.kit.example.
servfail.kit.example. 120 IN TXT "never seen"
refused.kit.example. 120 IN TXT "never seen"
timeout.kit.example. 120 IN TXT "never seen"
`

// A kit is one resolver under test.
type kit struct {
	server   *Server
	resolver any
}

// errMissing skips a check for a method the resolver does not have.
var errMissing = errors.New("the resolver has no such method")

// TestResolver checks that a resolver keeps the promises that the packages of
// this module rely on. newResolver returns one that asks s, in process or at a
// listener that it starts. The resolver is tested for the methods it has, of
// LookupTXT, LookupNetIP, LookupMX and LookupAddr and those with Meta appended;
// it must have one at least. Each promise is a subtest; those that the resolver
// is known not to keep are named in except, and must indeed fail.
func TestResolver(t *testing.T, newResolver func(t *testing.T, s *Server) any, except ...string) {
	t.Helper()
	ran := 0
	for _, c := range kitChecks() {
		t.Run(c.name, func(t *testing.T) {
			k := &kit{server: Must(kitZone)}
			k.server.SetFault("servfail.kit.example.", "*", ServFail)
			k.server.SetFault("refused.kit.example.", "*", Refused)
			k.server.SetFault("timeout.kit.example.", "*", Timeout)
			k.server.SetAuthentic("txt.kit.example.", true)
			k.resolver = newResolver(t, k.server)
			err := c.check(k)
			switch {
			case errors.Is(err, errMissing):
				t.Skip(err)
			case slices.Contains(except, c.name):
				if err == nil {
					t.Error("named as an exception, but it works")
				}
			case err != nil:
				t.Error(err)
			}
			ran++
		})
	}
	if ran == 0 {
		t.Error("the resolver has none of the methods that can be tested")
	}
}

// A kitCheck is one promise.
type kitCheck struct {
	name  string
	check func(k *kit) error
}

func kitChecks() []kitCheck {
	checks := []kitCheck{
		{"txt/joined", wantTXT("txt.kit.example.", "v=spf1 -all")},
		{"txt/octets", wantTXT("octets.kit.example.", "\"q\" \\ \u00fc \xff ;")},
		{"txt/several", wantTXT("two.kit.example.", "one", "two")},
		{"txt/case", wantTXT("TXT.Kit.EXAMPLE.", "v=spf1 -all")},
		{"txt/wildcard", wantTXT("a.b.wild.kit.example.", "wild")},
		{"txt/alias", wantTXT("alias-txt.kit.example.", "v=spf1 -all")},
		{"txt/odd-name", wantTXT("odd@a%2b+c=d_(e) f.kit.example.", "odd")},
		{"addr/ip4", wantNetIP("ip4", "host.kit.example.", "192.0.2.1")},
		{"addr/ip6", wantNetIP("ip6", "host.kit.example.", "2001:db8::1")},
		{"addr/alias", wantNetIP("ip4", "alias.kit.example.", "192.0.2.1")},
		{"addr/looks-like-address", wantNetIP("ip4", "192.0.2.9.", "192.0.2.10")},
		{"mx/host", wantMX("mx.kit.example.", net.MX{Host: "host.kit.example.", Pref: 10})},
		{"mx/null", wantMX("null.kit.example.", net.MX{Host: ".", Pref: 0})},
		{"ptr/ip4", wantPTR("192.0.2.1")},
		{"ptr/ip6", wantPTR("2001:db8::1")},
		{"missing/nxdomain", wantMissing("nx.kit.example.")},
		{"missing/nodata", wantMissing("host.kit.example.")},
		{"missing/empty-non-terminal", wantMissing("ent.kit.example.")},
		{"missing/alias-target", wantMissing("dangling.kit.example.")},
		{"missing/bad-name", wantMissing("a..kit.example.")},
		{"temporary/servfail", wantTemporary("servfail.kit.example.")},
		{"temporary/refused", wantTemporary("refused.kit.example.")},
		{"temporary/timeout", wantTemporary("timeout.kit.example.")},
		{"temporary/alias-loop", wantTemporary("loop1.kit.example.")},
		{"context/cancelled", checkCancelled},
		{"result/owned", checkOwned},
		{"concurrent", checkConcurrent},
		{"meta/answers", checkMeta},
		{"meta/errors", checkMetaErrors},
	}
	return checks
}

// kitTimeout bounds one lookup.
const kitTimeout = 700 * time.Millisecond

func kitContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), kitTimeout)
}

func (k *kit) txt(name string) ([]string, error) {
	r, ok := k.resolver.(txtResolver)
	if !ok {
		return nil, errMissing
	}
	ctx, stop := kitContext()
	defer stop()
	return r.LookupTXT(ctx, name)
}

// same compares without order: DNS has none.
func same[T any](call string, got []T, err error, want []T, text func(T) string) error {
	if errors.Is(err, errMissing) {
		return err
	}
	var g, w []string
	for _, x := range got {
		g = append(g, text(x))
	}
	for _, x := range want {
		w = append(w, text(x))
	}
	slices.Sort(g)
	slices.Sort(w)
	if err != nil || !slices.Equal(g, w) {
		return fmt.Errorf("%s = %q, %w; want %q", call, g, err, w)
	}
	return nil
}

func wantTXT(name string, want ...string) func(*kit) error {
	return func(k *kit) error {
		got, err := k.txt(name)
		return same(fmt.Sprintf("LookupTXT(%q)", name), got, err, want, func(s string) string { return s })
	}
}

func wantNetIP(network, host string, want ...string) func(*kit) error {
	return func(k *kit) error {
		r, ok := k.resolver.(netIPResolver)
		if !ok {
			return errMissing
		}
		ctx, stop := kitContext()
		defer stop()
		got, err := r.LookupNetIP(ctx, network, host)
		var addrs []netip.Addr
		for _, s := range want {
			addrs = append(addrs, netip.MustParseAddr(s))
		}
		for i := range got {
			got[i] = got[i].Unmap() // *net.Resolver gives mapped addresses
		}
		return same(fmt.Sprintf("LookupNetIP(%q, %q)", network, host), got, err, addrs, netip.Addr.String)
	}
}

func wantMX(name string, want ...net.MX) func(*kit) error {
	return func(k *kit) error {
		r, ok := k.resolver.(mxResolver)
		if !ok {
			return errMissing
		}
		ctx, stop := kitContext()
		defer stop()
		mxs, err := r.LookupMX(ctx, name)
		var got []net.MX
		for _, mx := range mxs {
			got = append(got, *mx)
		}
		text := func(m net.MX) string { return fmt.Sprint(m.Pref, " ", m.Host) }
		return same(fmt.Sprintf("LookupMX(%q)", name), got, err, want, text)
	}
}

func wantPTR(addr string) func(*kit) error {
	return func(k *kit) error {
		r, ok := k.resolver.(addrResolver)
		if !ok {
			return errMissing
		}
		ctx, stop := kitContext()
		defer stop()
		got, err := r.LookupAddr(ctx, addr)
		want := []string{"host.kit.example."}
		return same(fmt.Sprintf("LookupAddr(%q)", addr), got, err, want, func(s string) string { return s })
	}
}

// wantMissing demands an empty answer or a not-found error.
func wantMissing(name string) func(*kit) error {
	return func(k *kit) error {
		got, err := k.txt(name)
		var d *net.DNSError
		switch {
		case errors.Is(err, errMissing):
			return err
		case len(got) > 0:
			return fmt.Errorf("LookupTXT(%q) = %q, want nothing", name, got)
		case err != nil && !(errors.As(err, &d) && d.IsNotFound):
			return fmt.Errorf("LookupTXT(%q): error %w, want a *net.DNSError with IsNotFound", name, err)
		}
		return nil
	}
}

// wantTemporary demands an error that is not "not found".
func wantTemporary(name string) func(*kit) error {
	return func(k *kit) error {
		got, err := k.txt(name)
		var d *net.DNSError
		switch {
		case errors.Is(err, errMissing):
			return err
		case err == nil:
			return fmt.Errorf("LookupTXT(%q) = %q, want an error", name, got)
		case errors.As(err, &d) && d.IsNotFound:
			return fmt.Errorf("LookupTXT(%q): error %w says not found, want a temporary one", name, err)
		}
		return nil
	}
}

// checkCancelled demands a prompt return.
func checkCancelled(k *kit) error {
	r, ok := k.resolver.(txtResolver)
	if !ok {
		return errMissing
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	start := time.Now()
	_, err := r.LookupTXT(ctx, "timeout.kit.example.")
	if d := time.Since(start); err == nil || d > time.Second {
		return fmt.Errorf("LookupTXT came back %v after its start with %v; its context was cancelled after 50ms", d, err)
	}
	return nil
}

// checkOwned demands that callers may change what they get.
func checkOwned(k *kit) error {
	const name = "two.kit.example."
	got, err := k.txt(name)
	if err != nil {
		return err
	}
	for i := range got {
		got[i] = "changed"
	}
	return wantTXT(name, "one", "two")(k)
}

// checkConcurrent is of most use under the race detector.
func checkConcurrent(k *kit) error {
	errs := make([]error, 32)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			if i%2 == 0 {
				errs[i] = wantTXT("txt.kit.example.", "v=spf1 -all")(k)
			} else {
				errs[i] = wantMissing("nx.kit.example.")(k)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// checkMeta demands that the methods with Meta agree with those without.
func checkMeta(k *kit) error {
	r, ok := k.resolver.(interface {
		txtResolver
		txtMeta
		netIPMeta
		mxMeta
		addrMeta
	})
	if !ok {
		return errMissing
	}
	ctx, stop := kitContext()
	defer stop()
	got, ttl, authentic, err := r.LookupTXTMeta(ctx, "txt.kit.example.")
	if err != nil || !reflect.DeepEqual(got, []string{"v=spf1 -all"}) || ttl != 120*time.Second || !authentic {
		return fmt.Errorf("LookupTXTMeta = %q, %v, %v, %w; want a TTL of 2m0s, authentic", got, ttl, authentic, err)
	}
	addrs, ttl, authentic, err := r.LookupNetIPMeta(ctx, "ip4", "alias.kit.example.")
	if err != nil || len(addrs) != 1 || ttl != 60*time.Second || authentic {
		return fmt.Errorf("LookupNetIPMeta = %v, %v, %v, %w; want the alias's TTL of 1m0s, not authentic", addrs, ttl, authentic, err)
	}
	mxs, ttl, _, err := r.LookupMXMeta(ctx, "mx.kit.example.")
	if err != nil || len(mxs) != 1 || ttl != 120*time.Second {
		return fmt.Errorf("LookupMXMeta = %v, %v, %w; want a TTL of 2m0s", mxs, ttl, err)
	}
	names, ttl, _, err := r.LookupAddrMeta(ctx, "192.0.2.1")
	if err != nil || len(names) != 1 || ttl != 120*time.Second {
		return fmt.Errorf("LookupAddrMeta = %v, %v, %w; want a TTL of 2m0s", names, ttl, err)
	}
	return nil
}

// checkMetaErrors demands that NXDOMAIN and NODATA can be told apart.
func checkMetaErrors(k *kit) error {
	for name, want := range map[string]bool{"nx.kit.example.": true, "host.kit.example.": false} {
		_, err := k.txt(name)
		if errors.Is(err, errMissing) {
			return err
		}
		var nx nxdomainError
		if !errors.As(err, &nx) || nx.NXDomain() != want {
			return fmt.Errorf("LookupTXT(%q): %w does not answer NXDomain with %v", name, err, want)
		}
		var neg negativeError
		if !errors.As(err, &neg) {
			return fmt.Errorf("LookupTXT(%q): %w has no Meta", name, err)
		}
		if ttl, _ := neg.Meta(); ttl != 60*time.Second {
			return fmt.Errorf("LookupTXT(%q): negative TTL %v, want 1m0s", name, ttl)
		}
	}
	return nil
}
