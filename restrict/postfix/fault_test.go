package postfix_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

var errInjected = errors.New("injected")

// failing fails its n-th call, or every one when n is negative, wherever it
// comes from: DNS, a table, a policy server or a probe.
type failing struct {
	r     postfix.Resolver
	n     int
	calls int
}

func (f *failing) fail() bool {
	f.calls++
	return f.n < 0 || f.calls == f.n
}

func (f *failing) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if f.fail() {
		return nil, errInjected
	}
	return f.r.LookupTXT(ctx, name)
}

func (f *failing) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if f.fail() {
		return nil, errInjected
	}
	return f.r.LookupNetIP(ctx, network, host)
}

func (f *failing) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	if f.fail() {
		return nil, errInjected
	}
	return f.r.LookupMX(ctx, name)
}

func (f *failing) LookupNS(ctx context.Context, name string) ([]*net.NS, error) {
	if f.fail() {
		return nil, errInjected
	}
	return f.r.(postfix.NSResolver).LookupNS(ctx, name)
}

func (f *failing) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	if f.fail() {
		return nil, errInjected
	}
	return f.r.LookupAddr(ctx, addr)
}

func (f *failing) Lookup(ctx context.Context, key string) (string, bool, error) {
	if f.fail() {
		return "", false, errInjected
	}
	switch {
	case key == "example.com" || strings.HasSuffix(key, "@example.com"):
		return "DUNNO", true, nil
	case key == "user@owned.example":
		return "user", true, nil
	}
	return "", false, nil
}

func (f *failing) Query(context.Context, []restrict.Attr) (string, error) {
	if f.fail() {
		return "", errInjected
	}
	return "DUNNO", nil
}

func (f *failing) VerifyAddress(context.Context, string) (restrict.Deliverable, string, error) {
	if f.fail() {
		return restrict.DeliverOK, "", errInjected
	}
	return restrict.DeliverOK, "", nil
}

func (f *failing) Greylisted(context.Context, *restrict.Session) (bool, time.Duration, error) {
	if f.fail() {
		return false, 0, errInjected
	}
	return false, 0, nil
}

func (f *failing) Exceeds(context.Context, string, int, time.Duration) (bool, error) {
	if f.fail() {
		return false, errInjected
	}
	return false, nil
}

// faultLists are lists that ask about everything.
var faultLists = []string{
	"permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",
	"check_client_access sql:t, permit_mynetworks, reject_unauth_destination",
	"check_helo_access sql:t, check_sender_access sql:t, check_recipient_access sql:t, reject_unauth_destination",
	"reject_unknown_sender_domain, reject_unknown_recipient_domain, reject_unknown_helo_hostname, reject_unauth_destination",
	"reject_rbl_client bl.example, reject_rhsbl_sender bl.example, reject_rhsbl_helo bl.example, reject_unauth_destination",
	"permit_dnswl_client wl.example, permit_rhswl_client wl.example, reject_unauth_destination",
	"permit_mx_backup, reject_unauth_destination",
	"permit_auth_destination, reject",
	"check_policy_service inet:127.0.0.1:1, reject_unauth_destination",
	"check_sender_mx_access sql:t, check_recipient_ns_access sql:t, check_helo_a_access sql:t, check_client_mx_access sql:t, reject_unauth_destination",
	"reject_unverified_recipient, reject_unverified_sender, reject_unauth_destination",
	"reject_sender_login_mismatch, reject_known_sender_login_mismatch, reject_unauth_destination",
	"reject_unlisted_recipient, reject_unlisted_sender, reject_unauth_destination",
	"permit_tls_clientcerts, check_ccert_access sql:t, check_sasl_access sql:t, reject_unauth_destination",
	"check_result { greylist, DEFER early }, check_result { rate=10/1m, REJECT }, reject_unauth_destination",
}

// TestFaults is the invariant of the package: whatever fails, a recipient that
// relay control refuses is never accepted.
func TestFaults(t *testing.T) {
	srv := resolvertest.Must(
		"sender.example. 60 IN MX 10 mx.sender.example.", "mx.sender.example. 60 IN A 192.0.2.9",
		"far.example. 60 IN MX 10 mx.far.example.", "far.example. 60 IN MX 20 mx.example.com.", "mx.far.example. 60 IN A 192.0.2.8",
		"1.2.0.192.wl.example. 60 IN A 127.0.0.2",
	)
	for _, list := range faultLists {
		for _, tables := range []string{"", "sql:t"} {
			for n := -1; n < 60; n++ {
				f := &failing{r: srv.Resolver(), n: n}
				code := faultSession(t, f, list, tables)
				if code >= 200 && code < 400 {
					t.Errorf("%s (tables %q), call %d of %d fails: a stranger's relay recipient got %d", list, tables, n, f.calls, code)
				}
				if n > f.calls {
					break
				}
			}
		}
	}
}

// faultSession lets a stranger send to a domain elsewhere. With tables set, the
// domain lists and user tables fail too.
func faultSession(t *testing.T, f *failing, list, tables string) int {
	t.Helper()
	p, err := postfix.Compile(postfix.Config{
		Resolver: f, Verifier: f, Greylist: f, Limiter: f, Extensions: true,
		Tables: map[string]postfix.Table{"sql:t": f},
		Policy: func(postfix.PolicyService) postfix.PolicyClient { return f },
		Params: map[string]string{
			"myhostname": "mx.example.com", "mydestination": orWord(tables, "example.com"),
			"mynetworks": "10.0.0.0/8 " + tables, "relay_domains": tables, "virtual_alias_maps": tables,
			"virtual_alias_domains": tables, "local_recipient_maps": tables, "relay_clientcerts": "sql:t",
			"smtpd_sender_login_maps": "sql:t", "smtpd_sasl_auth_enable": "yes", "canonical_maps": tables,
			"smtpd_relay_restrictions": list, "rbl_reply_maps": tables, "permit_mx_backup_networks": "10.0.0.0/8",
		},
	})
	if err != nil {
		t.Fatalf("%s: %v", list, err)
	}
	ctx := context.Background()
	s := p.NewSession(postfix.Client{Addr: netip.MustParseAddr("192.0.2.1")})
	s.Connect(ctx)
	s.Helo(ctx, "client.example", true)
	s.SetTLS(restrict.TLS{Protocol: "TLSv1.3", CertFingerprint: "aa", KeyFingerprint: "bb"}, "")
	s.Mail(ctx, "FROM:<user@sender.example>")
	return s.Rcpt(ctx, "TO:<x@far.example>").Code
}

func orWord(s, standard string) string {
	if s == "" {
		return standard
	}
	return s
}

// TestContextEnded: nothing is accepted once the context has ended.
func TestContextEnded(t *testing.T) {
	p, err := postfix.Compile(postfix.Config{Main: []byte("mydestination = example.com\nsmtpd_relay_restrictions = reject_unauth_destination\n")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := p.NewSession(postfix.Client{Addr: netip.MustParseAddr("192.0.2.1"), KnownNames: true})
	s.Connect(ctx)
	s.Mail(ctx, "FROM:<a@example.net>")
	cancel()
	if r := s.Rcpt(ctx, "TO:<b@example.com>"); r.Code != 451 {
		t.Errorf("got %v, want 451", r)
	}
}

// TestNoResolver: a list that needs DNS does not compile without.
func TestNoResolver(t *testing.T) {
	for _, list := range []string{
		"reject_rbl_client bl.example", "reject_unknown_sender_domain", "check_sender_mx_access inline:{a=b}",
		"permit_mx_backup", "reject_unverified_sender", "check_policy_service inet:1.2.3.4:5",
	} {
		_, err := postfix.Compile(postfix.Config{Params: map[string]string{"smtpd_relay_restrictions": list + ", reject"}})
		if !errors.Is(err, postfix.ErrNeed) {
			t.Errorf("%s: got %v, want ErrNeed", list, err)
		}
	}
}
