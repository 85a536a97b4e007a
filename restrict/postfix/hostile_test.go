package postfix_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// hostilePolicy copies what clients say into headers and footers.
func hostilePolicy(t *testing.T) *postfix.Policy {
	return compile(t, map[string]string{
		"smtpd_recipient_restrictions": "check_sender_access pcre:p",
		"smtpd_helo_restrictions":      "check_helo_access inline:{a=REJECT}",
		"smtpd_reject_footer":          `for $sender\nby $server_name`,
	}, func(c *postfix.Config) {
		c.ReadFile = func(string) ([]byte, error) { return []byte("/^(.*)$/s PREPEND X-Sender: $1\n"), nil }
	})
}

// TestLongCommands sends commands of a megabyte: what they cost does not grow
// with their length, and the replies stay short.
func TestLongCommands(t *testing.T) {
	p := hostilePolicy(t)
	ctx := context.Background()
	start := time.Now()
	for _, unit := range []string{"a.", "a%", "a!", "@", "@a,", "(", "<\"", "\x00"} {
		long := strings.Repeat(unit, 1<<20/len(unit))
		for _, verb := range []string{"EHLO ", "MAIL FROM:<", "MAIL FROM:<a@b.example> ", "RCPT TO:", "RCPT TO:<x@", "VRFY ", "ETRN ", ""} {
			s := p.NewSession(stranger)
			s.Connect(ctx)
			s.Helo(ctx, "x.example", true)
			if verb[:min(4, len(verb))] == "RCPT" {
				s.Mail(ctx, "FROM:<>")
			}
			for _, line := range s.Command(ctx, verb+long, false).Lines {
				if len(line) > restrict.MaxReply {
					t.Errorf("%s%s...: reply of %d octets", verb, unit, len(line))
				}
			}
			s.Command(ctx, "RCPT TO:<alice@example.com>", false)
		}
	}
	if d := time.Since(start); d > 20*time.Second { // minutes without a bound
		t.Errorf("took %v", d)
	}
}

// TestNoControlCharacters has arguments that would add lines to replies and
// headers if they were copied.
func TestNoControlCharacters(t *testing.T) {
	ctx := context.Background()
	c := stranger
	c.KnownNames, c.Name = true, "evil\r\n250 ok"
	c.Log = func(line string) {
		if strings.ContainsAny(line, "\r\n\x00\x1b") {
			t.Errorf("log line %q", line)
		}
	}
	s := hostilePolicy(t).NewSession(c)
	check := func(r postfix.Reply) {
		t.Helper()
		for _, line := range r.Lines {
			if strings.ContainsAny(line, "\r\n\x00\x1b") {
				t.Errorf("reply %q", r)
			}
		}
		if !r.OK() && len(r.Lines) != 3 {
			t.Errorf("the client added lines: %q", r)
		}
	}
	check(s.Connect(ctx))
	check(s.Helo(ctx, "a\r\n\x1b[b", true))
	check(s.Vrfy(ctx, "alice\r\n250 injected"))
	check(s.Etrn(ctx, "x\r\n"))
	for _, from := range []string{"FROM:<\"a\r\nX-Evil: 1\"@b.example>", `FROM:<"a\\nb\\\n"@b.example>`, "FROM:<\"\\\r\\\n\x00\x1b\"@b.example>"} {
		check(s.Mail(ctx, from))
		check(s.Rcpt(ctx, "TO:<alice@example.com>"))
		check(s.Rcpt(ctx, "TO:<x@far.example>"))
		check(s.Rcpt(ctx, "TO:<x@far.example> \r\n=\x00"))
		for _, e := range s.Effects() {
			if strings.ContainsAny(e.Arg, "\r\n\x00") {
				t.Errorf("effect %q", e)
			}
		}
		check(s.Rset())
	}
}

// TestMisuse calls the driver out of order, without a client and without a
// context.
func TestMisuse(t *testing.T) {
	var none context.Context
	for _, delay := range []string{"yes", "no"} {
		p := compile(t, map[string]string{"smtpd_delay_reject": delay, "smtpd_client_restrictions": "permit_mynetworks, check_client_access cidr:{{192.0.2.0/24 DUNNO}}"}, func(*postfix.Config) {})
		for _, ctx := range []context.Context{none, context.Background()} {
			s := p.NewSession(postfix.Client{})
			for _, r := range []postfix.Reply{s.Rcpt(ctx, "TO:<x@far.example>"), s.Data(ctx), s.Mail(ctx, "FROM:<>"), s.Rcpt(ctx, "TO:<x@far.example>"), s.Data(ctx)} {
				if r.Code == 354 || r.Code == 250 && strings.HasPrefix(r.Enhanced, "2.1.5") {
					t.Errorf("delay %s: relayed: %v", delay, r)
				}
			}
			s.EndOfData(ctx, -1)
			s.Vrfy(ctx, "")
			s.Etrn(ctx, "")
			s.StartTLS(restrict.TLS{}, "")
			s.Connect(ctx)
			s.Quit()
			for _, line := range []string{"", "EHLO x", "MAIL FROM:<>", "RCPT TO:<alice@example.com>", "DATA", "NOOP", "RSET", "VRFY a"} {
				if r := s.Command(ctx, line, true); r.OK() || !r.Close {
					t.Errorf("%q after QUIT: %v", line, r)
				}
			}
		}
	}
}
