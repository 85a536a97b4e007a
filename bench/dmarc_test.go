package bench

import (
	"context"
	"net"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dmarc"

	"github.com/mailsec-go/mailsec/dmarc"
)

const dmarcRecord = "v=DMARC1; p=quarantine; sp=reject; adkim=r; rua=mailto:dmarc@example.com; ruf=mailto:fail@example.com; fo=1"

// txtMap answers TXT queries from memory.
type txtMap map[string][]string

func (m txtMap) LookupTXT(_ context.Context, name string) ([]string, error) {
	if t, ok := m[name]; ok {
		return t, nil
	}
	return nil, errNotThere
}

var errNotThere = &net.DNSError{Err: "no such host", IsNotFound: true}

func BenchmarkDMARC(b *testing.B) {
	b.Run("parse/mailsec", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, ok := dmarc.ParseRecord(dmarcRecord); !ok {
				b.Fatal("not a record")
			}
		}
	})
	b.Run("parse/msgauth", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := msgauth.Parse(dmarcRecord); err != nil {
				b.Fatal(err)
			}
		}
	})
	verify := func(zone txtMap, from string, spf dmarc.SPF, want dmarc.Result) func(*testing.B) {
		return func(b *testing.B) {
			v := &dmarc.Verifier{Resolver: zone}
			fields := []string{from}
			dkim := []dmarc.DKIM{{Result: "pass", Domain: "example.com", Selector: "s1"}}
			b.ReportAllocs()
			for b.Loop() {
				e, err := v.Verify(context.Background(), fields, spf, dkim)
				if err != nil || e.Result != want {
					b.Fatal(e.Result, err)
				}
			}
		}
	}
	b.Run("own-record/mailsec", verify(txtMap{"_dmarc.example.com.": {dmarcRecord}},
		" Joe Example <joe@example.com>", dmarc.SPF{Result: "pass", Domain: "example.com"}, dmarc.Pass))
	b.Run("walk6/mailsec", verify(txtMap{"_dmarc.example.com.": {dmarcRecord}},
		" Joe Example <joe@a.b.c.d.example.com>", dmarc.SPF{Result: "fail", Domain: "example.com"}, dmarc.Pass))
}
