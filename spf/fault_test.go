package spf

import (
	"context"
	"net"
	"net/netip"
	"testing"
)

// faulty answers from zone, by "TYPE name", and fails at one of the queries.
type faulty struct {
	zone  map[string][]string
	fault int
	n     int
}

func (f *faulty) ask(key string) ([]string, error) {
	if f.n++; f.n == f.fault {
		return nil, &net.DNSError{Name: key, IsTemporary: true}
	}
	if a := f.zone[key]; a != nil {
		return a, nil
	}
	return nil, &net.DNSError{Name: key, IsNotFound: true}
}

func (f *faulty) LookupTXT(_ context.Context, name string) ([]string, error) {
	return f.ask("TXT " + name)
}

func (f *faulty) LookupMX(_ context.Context, name string) (mxs []*net.MX, err error) {
	hosts, err := f.ask("MX " + name)
	for _, h := range hosts {
		mxs = append(mxs, &net.MX{Host: h})
	}
	return mxs, err
}

func (f *faulty) LookupNetIP(_ context.Context, network, host string) (ips []netip.Addr, err error) {
	addrs, err := f.ask(network + " " + host)
	for _, a := range addrs {
		ips = append(ips, netip.MustParseAddr(a))
	}
	return ips, err
}

func (f *faulty) LookupAddr(_ context.Context, addr string) ([]string, error) {
	return f.ask("PTR " + addr)
}

// TestFaultNeverHelps lets each query of a check fail in turn. Whoever can bring
// that about must gain nothing: the result stays or becomes TempError. The
// mechanism ptr is the exception of RFC 7208, section 5.5, so it stands here
// only where it would give a pass.
func TestFaultNeverHelps(t *testing.T) {
	zone := map[string][]string{
		"ip4 h.bank.test.": {"198.51.100.1", "198.51.100.2"}, "MX bank.test.": {"h.bank.test.", "i.bank.test."}, "ip4 i.bank.test.": {"198.51.100.3"},
		"TXT inc.bank.test.": {"v=spf1 a:h.bank.test -exists:%{i}.bl.test ?all"}, "ip4 192.0.2.1.bl.test.": {"127.0.0.2"},
		"TXT red.bank.test.": {"v=spf1 mx:bank.test include:inc.bank.test -all"}, "PTR 192.0.2.1": {"x.evil.test."}, "ip4 x.evil.test.": {"192.0.2.1"},
	}
	for _, record := range []string{
		"v=spf1 a:h.bank.test mx -all", "v=spf1 include:inc.bank.test mx ~all", "v=spf1 redirect=red.bank.test",
		"v=spf1 -exists:%{i}.bl.test +all", "v=spf1 -include:inc.bank.test +all", "v=spf1 ptr -all", "v=spf1 ptr:evil.test -all",
		"v=spf1 exists:%{p}.bank.test -all", "v=spf1 include:void.bank.test -all", "v=spf1 a:h.bank.test exp=e.bank.test -all",
	} {
		zone["TXT bank.test."] = []string{record}
		run := func(fault int) (*Verdict, int) {
			f := &faulty{zone: zone, fault: fault}
			c := Checker{Resolver: f}
			v, err := c.Check(context.Background(), Request{IP: netip.MustParseAddr("192.0.2.1"), Helo: "x.evil.test", MailFrom: "joe@bank.test"})
			if err != nil {
				t.Fatal(err)
			}
			return v, f.n
		}
		want, n := run(0)
		for k := 1; k <= n; k++ {
			got, _ := run(k)
			if got.Result != want.Result && got.Result != TempError && (want.Result != Pass || got.Result != Fail) {
				t.Errorf("%s: fault at query %d: %s, want %s or temperror", record, k, got.Result, want.Result)
			}
		}
	}
}
