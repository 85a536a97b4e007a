package bench

import (
	"bytes"
	"context"
	"maps"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec"
	"github.com/mailsec-go/mailsec/dkim"
	"github.com/mailsec-go/mailsec/dmarc"
)

// authZone answers everything from memory, as a resolver with a warm cache.
type authZone map[string][]string

func newAuthZone(keys *dkimSetup) authZone {
	z := authZone{
		"example.com.":        {"v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 include:_spf.example.com -all"},
		"_dmarc.example.com.": {dmarcRecord},
	}
	maps.Copy(z, keys.zone)
	return z
}

func (z authZone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if t, ok := z[name]; ok {
		return t, nil
	}
	return nil, errNotThere
}

func (z authZone) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, errNotThere }

func (z authZone) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if host == "out5.mail.example.com." {
		return []netip.Addr{netip.AddrFrom4([4]byte{198, 51, 100, 5})}, nil
	}
	return nil, errNotThere
}

func (z authZone) LookupAddr(context.Context, string) ([]string, error) {
	return []string{"out5.mail.example.com."}, nil
}

// BenchmarkAuthenticator authenticates a message completely, field included,
// beside the verification of its signature alone, with the same resolver.
func BenchmarkAuthenticator(b *testing.B) {
	keys := dkimKeys()
	zone := newAuthZone(keys)
	msg := keys.message(b, dkimBody(10<<10), keys.signatures(1, dkim.Relaxed))
	now := func() time.Time { return dkimNow }
	env := mailsec.Envelope{
		IP: netip.AddrFrom4([4]byte{198, 51, 100, 5}), Helo: "out5.mail.example.com", MailFrom: "news@example.com",
	}
	ctx := context.Background()
	b.Run("10KB/mailsec", func(b *testing.B) {
		a := &mailsec.Authenticator{
			ID: "mx.example.net", Resolver: zone,
			DKIM: dkim.Verifier{Now: now, KeyCache: new(dkim.KeyCache)},
		}
		var field []byte
		b.ReportAllocs()
		b.SetBytes(int64(len(msg)))
		for b.Loop() {
			res, err := a.Check(ctx, env, bytes.NewReader(msg))
			if err != nil || res.DMARC.Result != dmarc.Pass || !res.DMARC.DKIMAligned || !res.DMARC.SPFAligned {
				b.Fatalf("%+v, %v", res, err)
			}
			if field, err = res.AppendField(field[:0]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("10KB/dkim-alone", func(b *testing.B) {
		v := dkim.Verifier{Resolver: zone, Now: now, KeyCache: new(dkim.KeyCache)}
		b.ReportAllocs()
		b.SetBytes(int64(len(msg)))
		for b.Loop() {
			report, err := v.Verify(ctx, bytes.NewReader(msg))
			if err != nil || report.Results[0].Status != dkim.Pass {
				b.Fatal(report, err)
			}
		}
	})
}
