package bench

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/internal/postmap"
	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

func BenchmarkRestrict(b *testing.B) {
	b.Run("list10", func(b *testing.B) { restrictList(b, false) })
	b.Run("list10-trace", func(b *testing.B) { restrictList(b, true) })
	b.Run("classic-rcpt", restrictClassic)
	b.Run("access100k", restrictAccess)
	b.Run("access100k-compile", restrictCompile)
}

// restrictList decides a list of ten rules without input or output.
func restrictList(b *testing.B, trace bool) {
	b.Run("mailsec", func(b *testing.B) {
		when := func(verb restrict.Verb, c restrict.Cond) restrict.Rule {
			return restrict.Rule{Verb: verb, Ops: []restrict.Op{{Cond: c}}, Pos: restrict.Pos{Text: "rule"}}
		}
		list := &restrict.List{Name: "rcpt", Home: restrict.Rcpt, Rules: []restrict.Rule{
			when(restrict.Accept, restrict.ClientIn(netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"))),
			when(restrict.Accept, restrict.Authenticated()),
			when(restrict.Deny, restrict.SenderDomain("spam.example", ".bad.example")),
			when(restrict.Deny, restrict.SenderDomain("junk.example")),
			when(restrict.Deny, restrict.ClientIn(netip.MustParsePrefix("203.0.113.0/24"))),
			when(restrict.Deny, restrict.RecipientDomain("gone.example")),
			when(restrict.Warn, restrict.Encrypted()),
			when(restrict.Deny, restrict.NullSender()),
			when(restrict.Defer, restrict.SenderDomain("slow.example")),
			when(restrict.Accept, restrict.RecipientDomain("example.com", "example.org")),
		}}
		p, err := restrict.Compile(restrict.Spec{Lists: map[restrict.Stage][]*restrict.List{restrict.Rcpt: {list}}})
		if err != nil {
			b.Fatal(err)
		}
		s := &restrict.Session{
			Has: restrict.HasClient | restrict.HasSender | restrict.HasRecipient, Client: netip.MustParseAddr("192.0.2.1"),
			Sender: restrict.ParseAddress("user@sender.example"), Recipient: restrict.ParseAddress("postmaster@example.org"),
		}
		var ev restrict.Eval
		var tr restrict.Trace
		if trace {
			ev.Trace = &tr
		}
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			tr.Reset()
			if v := p.Run(ctx, restrict.Rcpt, s, &ev); v.Kind != restrict.Accepted {
				b.Fatal(v)
			}
		}
	})
}

// restrictClassic answers RCPT with the list of user questions: networks,
// login, relay control, tables, four DNS lists, client name and domains, the
// DNS answers cached.
func restrictClassic(b *testing.B) {
	b.Run("mailsec", func(b *testing.B) {
		srv := resolvertest.Must(
			"sender.example. 3600 IN MX 10 mx.sender.example.", "example.com. 3600 IN MX 10 mx.example.com.",
			"a.example. 3600 IN SOA a.example. a.example. 1 1 1 1 3600", "b.example. 3600 IN SOA b.example. b.example. 1 1 1 1 3600",
			"c.example. 3600 IN SOA c.example. c.example. 1 1 1 1 3600", "d.example. 3600 IN SOA d.example. d.example. 1 1 1 1 3600",
		)
		conf := srv.Config()
		conf.CacheEntries = 1000
		res, err := resolver.New(conf)
		if err != nil {
			b.Fatal(err)
		}
		p, err := postfix.Compile(postfix.Config{
			Resolver: res,
			ReadFile: func(string) ([]byte, error) { return []byte(accessText(1000)), nil },
			Main: []byte(`
compatibility_level = 3.6
myhostname = mx.example.com
mydestination = example.com
mynetworks = 127.0.0.0/8 10.0.0.0/8
local_recipient_maps = inline:{postmaster=x, alice=x}
smtpd_helo_required = yes
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated,
    reject_unauth_destination, check_helo_access hash:helo_access, check_client_access hash:client_checks,
    reject_non_fqdn_sender, reject_unknown_sender_domain,
    reject_rbl_client a.example, reject_rbl_client b.example, reject_rbl_client c.example, reject_rbl_client d.example,
    reject_unknown_client_hostname
`),
		})
		if err != nil {
			b.Fatal(err)
		}
		ctx := context.Background()
		s := p.NewSession(postfix.Client{
			Addr: netip.MustParseAddr("192.0.2.1"), KnownNames: true, Name: "mail.sender.example", ReverseName: "mail.sender.example",
		})
		s.Connect(ctx)
		s.Helo(ctx, "mail.sender.example", true)
		s.Mail(ctx, "FROM:<user@sender.example>")
		if r := s.Rcpt(ctx, "TO:<alice@example.com>"); !r.OK() {
			b.Fatal(r)
		}
		srv.ResetQueries()
		b.ReportAllocs()
		for b.Loop() {
			s.Facts().RcptCount = 1
			if r := s.Rcpt(ctx, "TO:<alice@example.com>"); r.Code != 250 {
				b.Fatal(r)
			}
		}
		b.StopTimer()
		if q := srv.Queries(); len(q) > 0 {
			b.Fatalf("the cache is cold: %d questions, %v", len(q), q[0])
		}
	})
}

// accessText is the source of a table with n entries.
func accessText(n int) string {
	var t strings.Builder
	for i := range n {
		fmt.Fprintf(&t, "host%d.domain%d.example\tREJECT blocked as number %d\n", i, i%977, i%13)
	}
	return t.String()
}

func restrictAccess(b *testing.B) {
	b.Run("mailsec", func(b *testing.B) {
		table, err := postmap.Parse("hash", "access", []byte(accessText(100_000)))
		if err != nil {
			b.Fatal(err)
		}
		key := []byte("host77777.domain594.example")
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := table.Lookup(key); !ok {
				b.Fatal("not found")
			}
		}
	})
}

// restrictCompile compiles the table with its actions.
func restrictCompile(b *testing.B) {
	b.Run("mailsec", func(b *testing.B) {
		text := []byte(accessText(100_000))
		b.ReportAllocs()
		for b.Loop() {
			_, err := postfix.Compile(postfix.Config{
				ReadFile: func(string) ([]byte, error) { return text, nil },
				Main:     []byte("smtpd_relay_restrictions = check_client_access hash:access, reject_unauth_destination\n"),
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
