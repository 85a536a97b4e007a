package dmarc

import (
	"context"
	"net"
	"testing"
)

type lookupFunc func(name string) ([]string, error)

func (f lookupFunc) LookupTXT(_ context.Context, name string) ([]string, error) { return f(name) }

// TestFaultNeverHelps lets each query of an evaluation fail in turn. Whoever can
// bring that about must gain nothing: the result stays or becomes temperror, and
// a failure keeps its disposition.
func TestFaultNeverHelps(t *testing.T) {
	zones := []map[string]string{
		{"_dmarc.bank.test.": "v=DMARC1; p=reject"},
		{"_dmarc.bank.test.": "v=DMARC1; p=reject; sp=none; np=reject; psd=n"},
		{"_dmarc.test.": "v=DMARC1; p=reject; psd=y; np=quarantine"},
		{"_dmarc.bank.test.": "v=DMARC1; p=quarantine", "_dmarc.test.": "v=DMARC1; p=reject; psd=y"},
		{"_dmarc.a.b.bank.test.": "v=DMARC1; p=reject", "_dmarc.b.bank.test.": "v=DMARC1; p=none; psd=n", "_dmarc.bank.test.": "v=DMARC1; p=none"},
	}
	for i, zone := range zones {
		for _, author := range []string{"bank.test", "a.b.bank.test", "x.y.bank.test"} {
			for _, id := range []string{"evil.test", "evil.bank.test", "test", "c.b.bank.test", "bank.test"} {
				for _, mode := range []Mode{TreeWalk, PublicSuffix} {
					run := func(fault int) (Evaluation, int) {
						n := 0
						v := Verifier{Mode: mode, Resolver: lookupFunc(func(name string) ([]string, error) {
							if n++; n == fault {
								return nil, &net.DNSError{Name: name, IsTemporary: true}
							}
							if txt, ok := zone[name]; ok {
								return []string{txt}, nil
							}
							return nil, &net.DNSError{Name: name, IsNotFound: true}
						})}
						e, err := v.VerifyDomain(context.Background(), author, SPF{"pass", id}, []DKIM{{"pass", "a." + id, "s"}})
						if err != nil {
							t.Fatal(err)
						}
						return e, n
					}
					want, n := run(0)
					for k := 1; k <= n; k++ {
						got, _ := run(k)
						if got.Result != TempError && (got.Result != want.Result || got.Disposition != want.Disposition) {
							t.Errorf("zone %d, author %s, identifier %s, mode %v, fault at query %d: %v %v, want %v %v",
								i, author, id, mode, k, got.Result, got.Disposition, want.Result, want.Disposition)
						}
					}
				}
			}
		}
	}
}
