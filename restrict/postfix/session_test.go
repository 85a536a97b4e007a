package postfix_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// base are the parameters that most tests share.
var base = map[string]string{
	"compatibility_level": "3.6", "myhostname": "mx.example.com", "mydestination": "example.com",
	"mynetworks": "10.0.0.0/8", "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",
	"local_recipient_maps": "inline:{alice=x, bob=x}", "relay_domains": "relay.example", "virtual_alias_domains": "valias.example",
	"virtual_alias_maps": "inline:{info@valias.example=alice}", "smtpd_sasl_auth_enable": "yes",
}

// world is the DNS of the tests.
var world = resolvertest.Must(
	"sender.example. 60 IN MX 10 mx.sender.example.", "mx.sender.example. 60 IN A 192.0.2.9",
	"1.2.0.192.bl.example. 60 IN A 127.0.0.2", "1.2.0.192.bl.example. 60 IN TXT \"first \" \"second\"",
	"sender.example.bl.example. 60 IN A 127.0.0.3",
	"1.2.0.192.in-addr.arpa. 60 IN PTR mail.client.example.", "mail.client.example. 60 IN A 192.0.2.1",
	"badmx.example. 60 IN MX 10 bad-.example.", "9.2.0.192.in-addr.arpa. 60 IN PTR 192.0.2.9.",
	"8.2.0.192.in-addr.arpa. 60 IN PTR forged.example.", "forged.example. 60 IN A 192.0.2.77",
	"a.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 IN PTR six.example.",
)

// compile makes a policy of base and some more parameters.
func compile(t testing.TB, params map[string]string, change ...func(*postfix.Config)) *postfix.Policy {
	t.Helper()
	cfg := postfix.Config{Params: map[string]string{}, Resolver: world.Resolver(), Verifier: probes(restrict.DeliverFails)}
	for k, v := range base {
		cfg.Params[k] = v
	}
	for k, v := range params {
		cfg.Params[k] = v
	}
	for _, f := range change {
		f(&cfg)
	}
	p, err := postfix.Compile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func v37(c *postfix.Config) { c.Version = postfix.V37 }

var stranger = postfix.Client{
	Addr: netip.MustParseAddr("192.0.2.1"), Port: 1234, KnownNames: true, Name: "mail.client.example", ReverseName: "mail.client.example",
	Local: netip.MustParseAddrPort("192.0.2.25:25"),
}

// talk sends lines and returns the last reply.
func talk(t testing.TB, p *postfix.Policy, c postfix.Client, lines ...string) postfix.Reply {
	t.Helper()
	ctx := context.Background()
	s := p.NewSession(c)
	r := s.Connect(ctx)
	for _, line := range lines {
		if user, ok := strings.CutPrefix(line, "AUTH "); ok {
			s.SetAuth("PLAIN", user)
			continue
		}
		if line == "STARTTLS" {
			s.StartTLS(restrict.TLS{Protocol: "TLSv1.3", Cipher: "X", Bits: 256, CertTrusted: true, CertFingerprint: "AA", CertSubject: "cn"}, "mx")
			continue
		}
		if line == "." {
			r = s.EndOfData(ctx, 100)
			continue
		}
		r = s.Command(ctx, line, false)
	}
	return r
}

// envelope are the lines up to the first recipient.
var envelope = []string{"EHLO mail.client.example", "MAIL FROM:<user@sender.example>", "RCPT TO:<alice@example.com>"}

func TestReplies(t *testing.T) {
	tests := []struct {
		name   string
		params map[string]string
		change func(*postfix.Config)
		lines  []string
		want   string
	}{
		{"noop", nil, nil, []string{"NOOP"}, "250 2.0.0 Ok"},
		{"quit", nil, nil, []string{"QUIT"}, "221 2.0.0 Bye"},
		{"after quit", nil, nil, []string{"QUIT", "NOOP"}, "connection closed"},
		{"unknown command", nil, nil, []string{"FOO"}, "500 5.5.2 Error: command not recognized"},
		{"helo without name", nil, nil, []string{"HELO"}, "501 Syntax: HELO hostname"},
		{"body", nil, nil, []string{"EHLO x", "MAIL FROM:<a@b.example> BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=x AUTH=<>"}, "250 2.1.0 Ok"},
		{"auth parameter", nil, nil, []string{"EHLO x", "MAIL FROM:<a@b.example> AUTH=x@y"}, "250 2.1.0 Ok"},
		{"bad size", nil, nil, []string{"EHLO x", "MAIL FROM:<a@b.example> SIZE=x"}, "501 5.5.4 Bad message size syntax"},
		{"huge size", nil, nil, []string{"EHLO x", "MAIL FROM:<a@b.example> SIZE=99999999999999999999"}, "552 5.3.4 Message size exceeds file system imposed limit"},
		{"bad ret", nil, nil, []string{"EHLO x", "MAIL FROM:<a@b.example> RET=x"}, "501 5.5.4 Bad RET parameter syntax"},
		{"bad envid", nil, nil, []string{"EHLO x", "MAIL FROM:<a@b.example> ENVID="}, "501 5.5.4 Bad ENVID parameter syntax"},
		{"mail syntax", nil, nil, []string{"EHLO x", "MAIL TO:<a@b.example>"}, "501 5.5.4 Syntax: MAIL FROM:<address>"},
		{"rcpt syntax", nil, nil, []string{"EHLO x", "MAIL FROM:<>", "RCPT FROM:<a@b>"}, "501 5.5.4 Syntax: RCPT TO:<address>"},
		{"rcpt open bracket", nil, nil, []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b"}, "501 5.1.3 Bad recipient address syntax"},
		{"rcpt notify", nil, nil, []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<alice@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x"}, "250 2.1.5 Ok"},
		{"rcpt bad notify", nil, nil, []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<alice@example.com> NOTIFY=NEVER,DELAY"}, "501 5.5.4 Error: Bad NOTIFY parameter syntax"},
		{"rcpt bad orcpt", nil, nil, []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<alice@example.com> ORCPT=x"}, "501 5.5.4 Error: Bad ORCPT parameter syntax"},
		{"rcpt option", nil, nil, []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<alice@example.com> X=Y"}, "555 5.5.4 Unsupported option: X=Y"},
		{"too many recipients", map[string]string{"smtpd_recipient_limit": "1"}, nil, []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<alice@example.com>", "RCPT TO:<bob@example.com>"}, "452 4.5.3 Error: too many recipients"},
		{"quoted pair", nil, nil, []string{"EHLO x", "MAIL FROM:<>", `RCPT TO:<"alice"@example.com>`}, "250 2.1.5 Ok"},
		{"escaped", nil, nil, []string{"EHLO x", "MAIL FROM:<>", `RCPT TO:<al\ice@example.com>`}, "250 2.1.5 Ok"},
		{"quoted with blank", nil, nil, []string{"EHLO x", "MAIL FROM:<>", `RCPT TO:<"a\"b c"@example.com>`}, `550 5.1.1 <a"b c@example.com>: Recipient address rejected: User unknown in local recipient table`},
		{"quoted route", nil, nil, []string{"EHLO x", "MAIL FROM:<>", `RCPT TO:<"x@far.example"@example.com>`}, "554 5.7.1 <x@far.example@example.com>: Relay access denied"},
		{"percent route to ourselves", nil, nil, []string{"EHLO x", "MAIL FROM:<>", `RCPT TO:<"alice%example.com"@example.com>`}, "250 2.1.5 Ok"},
		{"bang route", nil, nil, []string{"EHLO x", "MAIL FROM:<>", `RCPT TO:<"far.example!x"@example.com>`}, "554 5.7.1 <far.example!x@example.com>: Relay access denied"},
		{"numeric domain", map[string]string{"resolve_numeric_domain": "yes", "inet_interfaces": "192.0.2.25"}, nil, []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<alice@192.0.2.25>"}, "250 2.1.5 Ok"},
		{"null domain", map[string]string{"resolve_null_domain": "yes", "mydestination": "example.com, mx.example.com"}, nil, []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<alice@>"}, "250 2.1.5 Ok"},
		{"no vrfy argument", nil, nil, []string{"VRFY"}, "501 5.5.4 Syntax: VRFY address [SMTPUTF8]"},
		{"bad vrfy", nil, nil, []string{"VRFY a@-b"}, "501 5.1.3 Bad recipient address syntax"},
		{"vrfy refused", nil, nil, []string{"VRFY x@far.example"}, "554 5.7.1 <x@far.example>: Relay access denied"},
		{"etrn without domain", nil, nil, []string{"ETRN"}, "500 Syntax: ETRN domain"},
		{"too big", map[string]string{"message_size_limit": "50"}, nil, append(slices.Clone(envelope), "DATA", "."), "552 5.3.4 Error: message file too big"},
		{"queued", nil, nil, append(slices.Clone(envelope), "DATA", "."), "250 2.0.0 Ok"},
		{"end of data refused", map[string]string{"smtpd_end_of_data_restrictions": "reject"}, nil, append(slices.Clone(envelope), "DATA", ".", "MAIL FROM:<>"), "503 5.5.1 Error: nested MAIL command"},
		{"tls required", map[string]string{"smtpd_tls_security_level": "encrypt"}, nil, envelope, "530 5.7.0 Must issue a STARTTLS command first"},
		{"tls given", map[string]string{"smtpd_tls_security_level": "encrypt", "smtpd_relay_restrictions": "reject_plaintext_session, permit_tls_all_clientcerts, reject"}, nil,
			append([]string{"STARTTLS"}, envelope...), "250 2.1.5 Ok"},
		{"plain text", map[string]string{"smtpd_client_restrictions": "reject_plaintext_session"}, nil, envelope, "450 4.7.1 Session encryption is required"},
		{"unverified recipient", map[string]string{"smtpd_recipient_restrictions": "reject_unverified_recipient"}, nil, envelope,
			"450 4.1.1 <alice@example.com>: Recipient address rejected: unverified address: host said no"},
		{"undeliverable recipient", map[string]string{"smtpd_recipient_restrictions": "reject_unverified_recipient", "unverified_recipient_reject_code": "550", "unverified_recipient_reject_reason": "no such user"}, nil, envelope,
			"550 5.1.1 <alice@example.com>: Recipient address rejected: undeliverable address: no such user"},
		{"undeliverable sender", map[string]string{"smtpd_sender_restrictions": "reject_unverified_sender", "unverified_sender_reject_code": "554"}, nil, envelope,
			"554 5.1.7 <user@sender.example>: Sender address rejected: undeliverable address: host said no"},
		{"probe off", map[string]string{"smtpd_recipient_restrictions": "reject_unverified_recipient", "unverified_recipient_reject_code": "250"}, nil, envelope, "250 2.1.5 Ok"},
		{"probe unknown alias", map[string]string{"smtpd_recipient_restrictions": "reject_unverified_recipient"}, nil,
			[]string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<x@valias.example>"}, "450 4.1.1 <x@valias.example>: Recipient address rejected: unverified address: User unknown in virtual alias table"},
		{"probe deferred", map[string]string{"smtpd_recipient_restrictions": "reject_unverified_recipient", "unverified_recipient_tempfail_action": "defer"},
			func(c *postfix.Config) { c.Verifier = probes(restrict.DeliverUnknown) }, envelope, "450 4.1.1 <alice@example.com>: Recipient address rejected: unverified address: host said no"},
		{"tempfail defer_if_reject", map[string]string{"smtpd_recipient_restrictions": "reject_unverified_recipient, reject", "unverified_recipient_tempfail_action": "defer_if_reject"}, nil, envelope,
			"450 4.1.1 <alice@example.com>: Recipient address rejected: unverified address: host said no"},
		{"naked address 3.7", map[string]string{"smtpd_helo_restrictions": "permit_naked_ip_address, reject"}, v37, []string{"HELO 192.0.2.1", "MAIL FROM:<>", "RCPT TO:<alice@example.com>"}, "250 2.1.5 Ok"},
		{"bad naked address 3.7", map[string]string{"smtpd_helo_restrictions": "permit_naked_ip_address"}, v37, []string{"HELO 192.0.2", "MAIL FROM:<>", "RCPT TO:<alice@example.com>"}, "501 5.5.2 <192.0.2>: Helo command rejected: invalid ip address"},
		{"no naked address 3.12", map[string]string{"smtpd_helo_restrictions": "permit_naked_ip_address"}, nil, envelope, "451 4.3.5 Server configuration error"},
		{"maps_rbl 3.7", map[string]string{"smtpd_client_restrictions": "warn_if_reject reject_maps_rbl, reject_maps_rbl", "maps_rbl_domains": "bl.example"}, v37, envelope,
			"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example; first "},
		{"all TXT strings 3.12", map[string]string{"smtpd_client_restrictions": "reject_rbl_client bl.example"}, nil, envelope,
			"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example; first second"},
		{"reply map without pattern", map[string]string{"smtpd_client_restrictions": "reject_rbl_client bl.example=127.0.0.2", "rbl_reply_maps": "inline:{{bl.example=521 5.1.1 no $$rbl_what}}"}, nil, envelope,
			"521 5.0.0 no 192.0.2.1"},
		{"reply map fails", map[string]string{"smtpd_client_restrictions": "reject_rbl_client bl.example", "rbl_reply_maps": "fail:x"}, nil, envelope, "451 4.3.0 <192.0.2.1>: Temporary lookup failure"},
		{"bad default reply", map[string]string{"smtpd_client_restrictions": "reject_rbl_client bl.example", "default_rbl_reply": "$nosuch"}, nil, envelope, "connection closed"},
		{"macros", map[string]string{"smtpd_client_restrictions": "reject_rhsbl_sender bl.example", "default_rbl_reply": "554 $client|$client_name|$client_port|$reverse_client_name|$helo_name|$server_name|$sender|$sender_name|$sender_domain|$recipient|$(recipient_name)|${recipient_domain}|${localtime?{t}:{u}}|${rbl_reason:none}|$$|${x"}, nil, envelope,
			"554 5.7.1 mail.client.example[192.0.2.1]|mail.client.example|1234|mail.client.example|mail.client.example|mx.example.com|user@sender.example|user|sender.example|alice@example.com|alice|example.com|t|none|$|${x"},
		{"macro of nobody", map[string]string{"smtpd_client_restrictions": "reject_rbl_client bl.example", "default_rbl_reply": "554 $sender|$sender_name|$sender_domain| ${sender_x}"}, nil,
			[]string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<alice@example.com>"}, "connection closed"},
		{"filter", map[string]string{"smtpd_client_restrictions": "reject_rbl_client bl.example", "default_rbl_reply": "554 $sender $sender_domain.", "smtpd_expansion_filter": `abc\101\n<>\x`}, nil,
			[]string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<alice@example.com>"}, "554 5.7.1 <> ."},
		{"filtered", map[string]string{"smtpd_client_restrictions": "reject_rbl_client bl.example", "default_rbl_reply": "554 $sender_name", "smtpd_expansion_filter": "use"}, nil, envelope, "554 5.7.1 use_"},
		{"footer", map[string]string{"smtpd_client_restrictions": "reject", "smtpd_reject_footer": `\c; see $recipient_domain[$client_address]\nmore`}, nil, envelope,
			"554 5.7.1 <mail.client.example[192.0.2.1]>: Client host rejected: Access denied; see [192.0.2.1] / more"},
		{"check_relay_domains 3.7", map[string]string{"smtpd_relay_restrictions": "check_relay_domains"}, v37, []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<x@far.example>"},
			"554 5.7.1 <x@far.example>: Recipient address rejected: Relay access denied"},
		{"check_relay_domains client 3.7", map[string]string{"smtpd_relay_restrictions": "check_relay_domains", "relay_domains": "client.example"}, v37, []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<x@far.example>"}, "250 2.1.5 Ok"},
		{"check_relay_domains fails", map[string]string{"smtpd_relay_restrictions": "check_relay_domains", "relay_domains": "fail:x"}, v37, []string{"EHLO x", "MAIL FROM:<>", "RCPT TO:<x@far.example>"}, "451 4.3.0 <x@far.example>: Temporary lookup failure"},
		{"malformed MX", map[string]string{"smtpd_sender_restrictions": "reject_unknown_sender_domain"}, nil, []string{"EHLO x", "MAIL FROM:<a@badmx.example>", "RCPT TO:<alice@example.com>"},
			"450 4.1.8 <a@badmx.example>: Sender address rejected: Malformed DNS server reply"},
		{"malformed helo MX", map[string]string{"smtpd_helo_restrictions": "reject_unknown_helo_hostname"}, nil, []string{"EHLO badmx.example", "MAIL FROM:<>", "RCPT TO:<alice@example.com>"},
			"450 4.7.1 <badmx.example>: Helo command rejected: Malformed DNS server reply"},
		{"remapped code", map[string]string{"smtpd_recipient_restrictions": "check_recipient_access inline:{{alice@example.com=550 5.1.8 x}}"}, nil, envelope, "550 5.1.2 <alice@example.com>: Recipient address rejected: x"},
		{"remapped to none", map[string]string{"smtpd_sender_restrictions": "check_sender_access inline:{{sender.example=550 5.1.5 x}}"}, nil, envelope, "550 5.1.0 <user@sender.example>: Sender address rejected: x"},
		{"code only", map[string]string{"smtpd_sender_restrictions": "check_sender_access inline:{{sender.example=REJECT 5.7.9}}"}, nil, envelope, "554 5.7.9 <user@sender.example>: Sender address rejected: Access denied"},
		{"three digits", map[string]string{"smtpd_sender_restrictions": "check_sender_access inline:{sender.example=550}, reject"}, nil, envelope, "250 2.1.5 Ok"},
		{"check_result", map[string]string{"smtpd_recipient_restrictions": "check_result { spf=fail, 550 5.7.23 SPF says no }"}, func(c *postfix.Config) { c.Extensions = true }, envelope,
			"451 4.3.0 Temporary lookup failure"},
		{"malformed check_result", map[string]string{"smtpd_recipient_restrictions": "check_result spf=fail"}, func(c *postfix.Config) { c.Extensions = true }, envelope, "451 4.3.5 Server configuration error"},
		{"no extension", map[string]string{"smtpd_recipient_restrictions": "check_result { spf=fail, REJECT }"}, nil, envelope, "451 4.3.5 Server configuration error"},
		{"certificate", map[string]string{"smtpd_client_restrictions": "check_ccert_access { inline:{{aa=REJECT known key}} , search_order=cert_fingerprint}"}, nil, append([]string{"STARTTLS"}, envelope...),
			"554 5.7.1 <cn>: Client certificate rejected: known key"},
		{"login name", map[string]string{"smtpd_client_restrictions": "check_sasl_access inline:{{mallory=REJECT go}}"}, nil, append([]string{"AUTH mallory"}, envelope...), "554 5.7.1 <mallory>: SASL login name rejected: go"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var change []func(*postfix.Config)
			if tt.change != nil {
				change = append(change, tt.change)
			}
			if got := talk(t, compile(t, tt.params, change...), stranger, tt.lines...).String(); got != tt.want {
				t.Errorf("%v %v:\ngot  %s\nwant %s", tt.params, tt.lines, got, tt.want)
			}
		})
	}
}

func TestPeerNames(t *testing.T) {
	p := compile(t, map[string]string{"smtpd_client_restrictions": "reject_unknown_client_hostname"})
	for addr, want := range map[string]string{
		"192.0.2.1": "250", "::ffff:192.0.2.1": "250", "192.0.2.9": "450", "192.0.2.8": "450", "192.0.2.3": "450", "2001:db8::1": "450",
	} {
		r := talk(t, p, postfix.Client{Addr: netip.MustParseAddr(addr)}, envelope...)
		if !strings.HasPrefix(r.String(), want) {
			t.Errorf("%s: got %v, want %s", addr, r, want)
		}
	}
}

func TestFactsAndEffects(t *testing.T) {
	p := compile(t, map[string]string{
		"smtpd_recipient_restrictions": "check_result { spf=softfail, PREPEND X-SPF: soft }, check_recipient_access inline:{{alice@example.com=HOLD look}}",
	}, func(c *postfix.Config) { c.Extensions = true })
	ctx := context.Background()
	c := stranger
	c.QueueID = func() string { return "Q1" }
	s := p.NewSession(c)
	s.Connect(ctx)
	s.Command(ctx, "EHLO x", false)
	s.Command(ctx, "MAIL FROM:<a@sender.example>", false)
	s.Facts().SPF, s.Facts().Has = "softfail", s.Facts().Has|restrict.HasSPF
	if r := s.Rcpt(ctx, "TO:<alice@example.com>"); !r.OK() {
		t.Fatal(r)
	}
	var kinds []string
	for _, e := range s.Effects() {
		kinds = append(kinds, e.Kind.String()+" "+e.Arg)
	}
	if got, want := strings.Join(kinds, "; "), "prepend X-SPF: soft; hold look"; got != want {
		t.Errorf("effects %q, want %q", got, want)
	}
	s.Command(ctx, "DATA", false)
	if r, ok := s.CheckMessage(ctx, 5); !ok {
		t.Errorf("CheckMessage: %v", r)
	}
	if got := s.EndOfData(ctx, 5).String(); got != "250 2.0.0 Ok: queued as Q1" {
		t.Errorf("end of data: %s", got)
	}
	if len(s.Effects()) != 0 {
		t.Errorf("effects outlive the message: %v", s.Effects())
	}
	if got := string(postfix.Reply{Code: 550, Enhanced: "5.7.1", Lines: []string{"a", "b"}}.Append(nil)); got != "550-5.7.1 a\r\n550 5.7.1 b\r\n" {
		t.Errorf("Append: %q", got)
	}
}

func TestPolicyService(t *testing.T) {
	var seen []postfix.PolicyService
	p := compile(t, map[string]string{
		"smtpd_recipient_restrictions": `check_policy_service unix:private/policy, check_policy_service inet:10023,
			check_policy_service private:x, check_policy_service { inet:127.0.0.1:1, timeout = 5s, try_limit=1, retry_delay=1m,
			max_idle=1h, max_ttl=1d, request_limit=7, { default_action = 450 4.7.1 later }, policy_context=ctx }`,
	}, func(c *postfix.Config) {
		c.Policy = func(ps postfix.PolicyService) postfix.PolicyClient {
			seen = append(seen, ps)
			return policyFunc(func() (string, error) {
				if ps.Timeout == 5*time.Second {
					return "", errors.New("down")
				}
				return "DUNNO", nil
			})
		}
	})
	want := []postfix.PolicyService{
		{Network: "unix", Address: "private/policy", Timeout: 100 * time.Second, TryLimit: 2, RetryDelay: time.Second},
		{Network: "tcp", Address: "localhost:10023", Timeout: 100 * time.Second, TryLimit: 2, RetryDelay: time.Second},
		{Network: "unix", Address: "x", Timeout: 100 * time.Second, TryLimit: 2, RetryDelay: time.Second},
		{Network: "tcp", Address: "127.0.0.1:1", Timeout: 5 * time.Second, TryLimit: 1, RetryDelay: time.Minute, MaxIdle: time.Hour, MaxTTL: 24 * time.Hour, RequestLimit: 7},
	}
	if !slices.Equal(seen, want) {
		t.Errorf("services:\ngot  %+v\nwant %+v", seen, want)
	}
	if got := talk(t, p, stranger, envelope...).String(); got != "450 4.7.1 <alice@example.com>: Recipient address rejected: later" {
		t.Errorf("got %s", got)
	}
}

func TestCompileErrors(t *testing.T) {
	tests := []struct {
		name   string
		params map[string]string
		want   error
		text   string
	}{
		{"flag", map[string]string{"smtpd_delay_reject": "maybe"}, postfix.ErrFatal, `smtpd_delay_reject: the server would not start: "maybe": write yes or no`},
		{"number", map[string]string{"reject_code": "five"}, postfix.ErrFatal, "write a number from 0 to 999"},
		{"duration", map[string]string{"smtpd_recipient_restrictions": "check_policy_service inet:1:2", "smtpd_policy_service_timeout": "1x"}, postfix.ErrFatal, "write a number and one of"},
		{"tempfail", map[string]string{"smtpd_sender_restrictions": "reject_unknown_sender_domain", "unknown_address_tempfail_action": "x"}, postfix.ErrFatal, "write defer_if_permit"},
		{"class", map[string]string{"smtpd_restriction_classes": "nodef"}, postfix.ErrFatal, "the class needs a definition"},
		{"reply map", map[string]string{"rbl_reply_maps": "name"}, postfix.ErrFatal, "write type:name"},
		{"policy", map[string]string{"smtpd_recipient_restrictions": "check_policy_service foo"}, postfix.ErrFatal, "write transport:server"},
		{"policy setting", map[string]string{"smtpd_recipient_restrictions": "check_policy_service { inet:1:2, foo=1 }"}, postfix.ErrFatal, "bad parameter value"},
		{"policy braces", map[string]string{"smtpd_recipient_restrictions": "check_policy_service { inet:1:2 }x"}, postfix.ErrFatal, "inet"},
		{"policy number", map[string]string{"smtpd_recipient_restrictions": "check_policy_service { inet:1:2, try_limit=x }"}, postfix.ErrFatal, "invalid syntax"},
		{"endless class", map[string]string{"smtpd_restriction_classes": "a b", "a": "b", "b": "a", "smtpd_recipient_restrictions": "a"}, postfix.ErrFatal, "includes itself"},
		{"open relay", map[string]string{"smtpd_relay_restrictions": "permit_mynetworks, permit, reject"}, postfix.ErrFatal, "open relay"},
		{"expansion", map[string]string{"mydestination": "$a", "a": "${"}, postfix.ErrFatal, ""},
		{"condition", map[string]string{"smtpd_recipient_restrictions": "check_result { spf=nice, REJECT }"}, postfix.ErrValue, "no condition"},
	}
	for _, tt := range tests {
		cfg := postfix.Config{Resolver: world.Resolver(), Extensions: true, Params: map[string]string{}, Policy: func(postfix.PolicyService) postfix.PolicyClient { return nil }}
		for k, v := range base {
			cfg.Params[k] = v
		}
		for k, v := range tt.params {
			cfg.Params[k] = v
		}
		_, err := postfix.Compile(cfg)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: got %v, want %v: %s", tt.name, err, tt.want, tt.text)
		}
	}
	_, err := postfix.Compile(postfix.Config{Main: []byte("junk\n"), Master: []byte("junk\n"), Service: "smtps"})
	for _, want := range []string{"main.cf:1", "master.cf:1", "no such inet service"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s in it", err, want)
		}
	}
}

// TestRunTimeActions: what a table or server says at run time is compiled then;
// what cannot be evaluated refuses for now, and nothing panics for want of an
// interface.
func TestRunTimeActions(t *testing.T) {
	for action, want := range map[string]string{
		"reject_unknown_sender_domain": "451", "reject_rbl_client bl.example": "451", "reject_unverified_sender": "451",
		"check_policy_service x": "451", "check_policy_service": "451", "check_result { greylist, REJECT }": "451",
		"check_result { rate=1/1m, REJECT }": "451", "check_result { foo, REJECT }": "451", "check_sender_ns_access x": "451",
		"permit_mx_backup": "451", "sleep": "451", "HOLD": "250", "450 4.1.1 wait": "450", "reject_non_fqdn_sender, permit": "250",
	} {
		p, err := postfix.Compile(postfix.Config{
			Extensions: true, Params: map[string]string{
				"mydestination": "example.com", "smtpd_relay_restrictions": "check_policy_service inet:1:2, reject_unauth_destination",
			},
			Policy: func(postfix.PolicyService) postfix.PolicyClient {
				return policyFunc(func() (string, error) { return action, nil })
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if r := talk(t, p, stranger, envelope...); !strings.HasPrefix(r.String(), want) {
			t.Errorf("%s: got %v, want %s", action, r, want)
		}
	}
	// In a table known at compile time a bad policy service is no reason not to start.
	p := compile(t, map[string]string{"smtpd_recipient_restrictions": "check_sender_access inline:{{sender.example=check_policy_service x}}"})
	if r := talk(t, p, stranger, envelope...); r.Code != 451 {
		t.Errorf("got %v, want 451", r)
	}
}

// TestSleep: the standard sleep ends with the context.
func TestSleep(t *testing.T) {
	p := compile(t, map[string]string{"smtpd_client_restrictions": "sleep 100, check_client_access sql:t"}, func(c *postfix.Config) {
		c.Tables = map[string]postfix.Table{"sql:t": &failing{}}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	s := p.NewSession(stranger)
	s.Connect(ctx)
	s.Mail(ctx, "FROM:<>")
	if r := s.Rcpt(ctx, "TO:<alice@example.com>"); r.Code != 451 {
		t.Errorf("got %v, want 451", r)
	}
}

// TestTables reads tables from files and from the caller.
func TestTables(t *testing.T) {
	p := compile(t, map[string]string{
		"smtpd_sender_restrictions": "check_sender_access unionmap:{mysql:x, hash:/etc/access}, check_sender_access proxy:pgsql:y",
		"mynetworks":                "/etc/networks, !hash:/etc/access, [2001:db8::]/32, 10.0.0.1",
	}, func(c *postfix.Config) {
		c.Tables = map[string]postfix.Table{"mysql:x": &failing{}, "pgsql:y": &failing{}}
		c.ReadFile = func(name string) ([]byte, error) {
			switch name {
			case "/etc/access":
				return []byte("user@sender.example REJECT from a file\n"), nil
			case "/etc/networks":
				return []byte("192.0.2.64/26\n"), nil
			}
			return nil, os.ErrNotExist
		}
	})
	if got := talk(t, p, stranger, envelope...).String(); got != "554 5.7.1 <user@sender.example>: Sender address rejected: from a file" {
		t.Errorf("got %s", got)
	}
	if got := talk(t, p, stranger, "EHLO x", "MAIL FROM:<x@example.com>", "RCPT TO:<alice@example.com>").Code; got != 250 {
		t.Errorf("got %d", got)
	}
}

// TestAllocs holds the hot path to what the benchmarks promise.
func TestAllocs(t *testing.T) {
	p := compile(t, map[string]string{
		"smtpd_recipient_restrictions": "check_client_access inline:{a.example=REJECT}, check_sender_access inline:{b.example=REJECT}, check_helo_access inline:{c.example=REJECT}, reject_non_fqdn_sender",
	})
	ctx := context.Background()
	s := p.NewSession(stranger)
	s.Connect(ctx)
	s.Helo(ctx, "mail.client.example", true)
	s.Mail(ctx, "FROM:<user@sender.example>")
	n := testing.AllocsPerRun(100, func() {
		s.Facts().RcptCount = 1
		if r := s.Rcpt(ctx, "TO:<alice@example.com>"); !r.OK() {
			t.Fatal(r)
		}
	})
	if n > 6 {
		t.Errorf("RCPT without DNS allocates %v times, want at most 6", n)
	}
}
