package postfix

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mailsec-go/mailsec/restrict"
)

// noDNS answers that nothing exists, or fails.
type noDNS bool

func (n noDNS) err() error {
	if n {
		return errors.New("down")
	}
	return &net.DNSError{IsNotFound: true}
}
func (n noDNS) LookupTXT(context.Context, string) ([]string, error) { return nil, n.err() }
func (n noDNS) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, n.err()
}
func (n noDNS) LookupMX(context.Context, string) ([]*net.MX, error)  { return nil, n.err() }
func (n noDNS) LookupNS(context.Context, string) ([]*net.NS, error)  { return nil, n.err() }
func (n noDNS) LookupAddr(context.Context, string) ([]string, error) { return nil, n.err() }

func fuzzPolicy(list, table string, down bool) (*Policy, error) {
	return Compile(Config{
		Resolver: noDNS(down), Extensions: true,
		ReadFile: func(string) ([]byte, error) { return []byte(table), nil },
		Sleep:    func(context.Context, time.Duration) {},
		Params: map[string]string{
			"compatibility_level": "3.6", "myhostname": "mx.example.com", "mydestination": "example.com", "smtpd_relay_restrictions": "reject_unauth_destination",
			"smtpd_client_restrictions": list, "smtpd_recipient_restrictions": list, "mynetworks": "10.0.0.0/8",
			"smtpd_restriction_classes": "one two", "one": "two, " + list, "two": "check_sender_access hash:t",
		},
	})
}

// FuzzList: no list or table text makes evaluation loop or panic; a stranger
// never relays, and replies are one clean line of bounded length.
func FuzzList(f *testing.F) {
	f.Add("permit_mynetworks, reject_rbl_client bl.example=127.0.0.[2..4], check_sender_access hash:t", "a.example REJECT x\n", "a@a.example")
	f.Add("one, two, warn_if_reject reject", "<> one\nb.example two, one\n", "")
	f.Add("check_client_access regexp:t, check_helo_access cidr:t, hash:t", "/(.*)/ PREPEND X: $1\n", "x@[192.0.2.1]")
	f.Add("check_result { dkim=pass, OK }, check_recipient_access pcre:t, sleep 1", "/@/ 450 4.1.1 no\n/x/ DISCARD\n", "\"a b\"@c")
	f.Fuzz(func(t *testing.T, list, table, sender string) {
		if len(list) > 500 || len(table) > 500 || strings.Contains(list, "$") {
			return
		}
		for _, down := range []bool{false, true} {
			p, err := fuzzPolicy(list, table, down)
			if err != nil {
				return
			}
			ctx := context.Background()
			s := p.NewSession(Client{Addr: netip.MustParseAddr("192.0.2.1"), KnownNames: true, Trace: new(restrict.Trace)})
			s.Connect(ctx)
			s.Command(ctx, "EHLO "+sender, false)
			s.Command(ctx, "MAIL FROM:<"+sender+">", false)
			r := s.Command(ctx, "RCPT TO:<x@far.example>", false)
			discarded := false
			for _, e := range s.Effects() {
				discarded = discarded || e.Kind == restrict.Discard
			}
			if r.OK() && !discarded {
				t.Errorf("list %q, table %q, sender %q: a stranger relays: %v", list, table, sender, r)
			}
			for _, line := range r.Lines {
				if len(line) > restrict.MaxReply || strings.ContainsAny(line, "\r\n\x00") || !utf8.ValidString(line) {
					t.Errorf("list %q, table %q, sender %q: unclean reply %q", list, table, sender, line)
				}
			}
			if len(s.ev.Trace.Steps) > restrict.MaxSteps {
				t.Errorf("list %q, table %q: %d steps", list, table, len(s.ev.Trace.Steps))
			}
		}
	})
}

// FuzzCommand: hostile lines get one clean reply, and no state is reached out
// of order.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{"MAIL FROM:<a@b>", "RCPT TO:<\"a\\\"b\"@[IPv6:::1]> NOTIFY=NEVER", "ETRN @x", "VRFY <a(b)c@d>", "EHLO [", "mail from:<@a,@b:c@d> SIZE=1 \\"} {
		f.Add(s, "RCPT TO:<a@example.com>")
	}
	p, err := fuzzPolicy("reject_unknown_sender_domain, check_sender_access hash:t", "x REJECT\n", false)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		ctx := context.Background()
		s := p.NewSession(Client{Addr: netip.MustParseAddr("192.0.2.1"), KnownNames: true, Log: func(line string) {
			if strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("%q, %q: unclean log line %q", first, second, line)
			}
		}})
		s.Connect(ctx)
		for _, line := range []string{first, second, "DATA"} {
			wire := s.Command(ctx, line, false).Append(nil)
			if bytes.Count(wire, []byte("\n")) != bytes.Count(wire, []byte("\r\n")) || bytes.Count(wire, []byte("\r")) != bytes.Count(wire, []byte("\n")) {
				t.Errorf("%q: reply %q", line, wire)
			}
		}
	})
}

// FuzzAddress: the external form of an address is a fixed point, resolving is
// bounded, and agrees with the short way for plain addresses.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"a@b.example", "a%b@example.com", "b!a", "\"a b\"@c", "a@b@example.com", "@x:a@b", "a.@b..c", "\\", "a@[1.2.3.4]", "%!@@example.com"} {
		f.Add(s)
	}
	p, err := fuzzPolicy("", "", false)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, addr string) {
		if len(addr) > 300 {
			return
		}
		ext := quoteLocal(addr)
		if again := quoteLocal(unquoteLocal(ext)); again != ext && !strings.ContainsAny(addr, "\r") {
			t.Errorf("%q: external form %q, then %q", addr, ext, again)
		}
		ctx := context.Background()
		r := p.resolve(ctx, addr)
		if plain, ok := p.resolvePlain(ctx, addr); ok {
			slow := p.resolveTokens(ctx, addr)
			if plain != slow {
				t.Errorf("%q: %+v, the long way %+v", addr, plain, slow)
			}
		}
		if !r.bad && r.class.final() && strings.Contains(r.addr, "far.example") && !strings.Contains(addr, "far.example") {
			t.Errorf("%q resolves to %+v", addr, r)
		}
	})
}

// FuzzTemplate: a template without macros expands to itself.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"$a ${b?{c}:{d}} $(e) $$", "${", "${a?${b?${c}}}", "$", "x}", "${a:{b}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, _ := parseTemplate(s).append(nil, func(string) (string, bool) { return "v", true }, nil)
		if !strings.Contains(s, "$") && string(out) != s {
			t.Errorf("%q expands to %q", s, out)
		}
	})
}
