package postfix

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// seedB is the configuration of the first question of the project: a roaming
// user is refused with "cannot find your reverse hostname".
const seedB = `smtpd_sasl_auth_enable = yes
smtpd_helo_required = yes
smtpd_sender_login_maps = pgsql:/etc/postfix/owners.cf
mynetworks = 127.0.0.0/8
smtpd_client_restrictions =
    permit_mynetworks,
    permit_sasl_authenticated,
    reject_unknown_reverse_client_hostname,
    reject_unknown_client_hostname,
    reject_unauth_pipelining
smtpd_helo_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_invalid_helo_hostname, reject_unauth_pipelining
smtpd_sender_restrictions = permit_mynetworks, reject_sender_login_mismatch, permit_sasl_authenticated,
    reject_non_fqdn_sender, reject_unknown_sender_domain, reject_unauth_pipelining
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_non_fqdn_recipient,
    reject_unknown_recipient_domain, reject_unauth_destination
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_non_fqdn_recipient, reject_unknown_recipient_domain
smtpd_data_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_multi_recipient_bounce, reject_unauth_pipelining
compatibility_level = 3.6
`

// answerB is the list that the answer to it recommends.
const answerB = `compatibility_level = 3.6
smtpd_helo_required = yes
smtpd_sasl_auth_enable = yes
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated,
  check_helo_access hash:helo_access, check_client_access hash:client_checks, reject_unauth_destination,
  check_policy_service unix:private/policy-spf,
  reject_rbl_client zen.spamhaus.org, reject_rbl_client cbl.abuseat.org,
  reject_rbl_client pbl.spamhaus.org, reject_rbl_client bl.spamcop.net, reject_unknown_client
`

const submission = `smtp inet n - y - - smtpd
submission inet n - y - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_sender_restrictions=reject_authenticated_sender_login_mismatch
  -o { smtpd_recipient_restrictions = permit_sasl_authenticated, reject }
`

// byRule returns the findings of a rule.
func byRule(all []Finding, rule string) (out []Finding) {
	for _, f := range all {
		if f.Rule == rule {
			out = append(out, f)
		}
	}
	return out
}

func lintText(main, master string, files map[string]string) []Finding {
	return Lint(Config{Main: []byte(main), Master: []byte(master), ReadFile: func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}})
}

func TestLintRoamingUser(t *testing.T) {
	all := lintText(seedB, "smtp inet n - y - - smtpd\n", nil)
	got := byRule(all, "roaming-users")
	if len(got) != 1 || got[0].Line != 8 || got[0].Text != "reject_unknown_reverse_client_hostname" ||
		!strings.Contains(got[0].Message, "cannot find your reverse hostname") || !strings.Contains(got[0].Advice, "submission") {
		t.Errorf("the cause of the first question is not explained: %v", all)
	}
	for _, f := range all {
		if f.Level == Danger && f.Rule != "fatal" {
			t.Errorf("unexpected: %v", f)
		}
	}
	if got := byRule(lintText(seedB, submission, nil), "roaming-users"); len(got) != 0 {
		t.Errorf("with a submission service: %v", got)
	}
}

func TestLintAnswer(t *testing.T) {
	files := map[string]string{"helo_access": "mail.example.com REJECT Only I am me\n", "client_checks": "192.0.2.1 OK\n198.51.100.7 REJECT\n"}
	all := lintText(answerB, submission, files)
	for rule, n := range map[string]int{"rbl-retired": 1, "rbl-pbl": 1, "rbl-error-answer": 2, "old-name": 1, "open-relay": 0, "unreachable": 0, "permit-before-relay-check": 1, "roaming-users": 0} {
		if got := byRule(all, rule); len(got) != n {
			t.Errorf("%s: %d findings, want %d: %v", rule, len(got), n, got)
		}
	}
	if got := byRule(all, "rbl-retired"); len(got) == 1 && got[0].Line != 8 {
		t.Errorf("rbl-retired at line %d, want 8", got[0].Line)
	}
}

// relayOK keeps a test from reporting what it is not about.
const relayOK = "compatibility_level = 3.6\nmynetworks = 127.0.0.0/8\nsmtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n"

func TestLintRules(t *testing.T) {
	tests := []struct {
		rule, main, master string
		files              map[string]string
		text               string // what the finding is about
	}{
		{rule: "fatal", main: "compatibility_level = 3.6\nsmtpd_relay_restrictions = permit_mynetworks\n"},
		{rule: "fatal", main: "novalue\n" + relayOK, text: "novalue"},
		{rule: "fatal", main: relayOK, master: "broken\n"},
		{rule: "open-relay", main: "smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = check_sender_access hash:s, reject_unauth_destination\n", files: map[string]string{"s": "a@b.example OK\n"}, text: "check_sender_access hash:s"},
		{rule: "open-relay", main: "smtpd_recipient_restrictions = check_client_access inline:{{example.com=permit}}, reject_unauth_destination\n", text: "check_client_access inline:{{example.com=permit}}"},
		{rule: "open-relay", main: "smtpd_recipient_restrictions = hash:r, reject_unauth_destination\n", files: map[string]string{"r": "a@b.example 550\n"}, text: "hash:r"},
		{rule: "open-relay", main: relayOK + "mynetworks = 0.0.0.0/0\n", text: "0.0.0.0/0"},
		{rule: "open-relay", main: "compatibility_level = 3.6\nsmtpd_relay_restrictions = permit_mynetworks, permit, reject_unauth_destination\nsmtpd_recipient_restrictions = defer_if_permit\nsmtpd_recipient_restrictions = permit, reject\n", text: "permit"},
		{rule: "permit-before-relay-check", main: relayOK + "smtpd_recipient_restrictions = check_recipient_access hash:r, reject_unauth_destination\n", files: map[string]string{"r": "a@b.example OK\n"}},
		{rule: "bad-network", main: relayOK + "mynetworks = 127.0.0.1/8\n", text: "127.0.0.1/8"},
		{rule: "users-refused", main: relayOK + "smtpd_sasl_auth_enable = yes\nsmtpd_client_restrictions = permit_mynetworks, reject_rbl_client zen.spamhaus.org=127.0.0.[2..11]\n"},
		{rule: "users-refused", main: relayOK + "smtpd_sasl_auth_enable = yes\nsmtpd_helo_required=yes\nsmtpd_helo_restrictions = reject_non_fqdn_helo_hostname\n"},
		{rule: "networks-refused", main: relayOK + "smtpd_sasl_auth_enable = yes\nsmtpd_client_restrictions = permit_sasl_authenticated, reject_unknown_client_hostname\n"},
		{rule: "unreachable", main: relayOK + "smtpd_client_restrictions = permit_mynetworks, permit, reject_unknown_client_hostname\n", text: "reject_unknown_client_hostname"},
		{rule: "unreachable", main: relayOK + "smtpd_restriction_classes = c\nc = permit_mynetworks, permit\nsmtpd_client_restrictions = c, reject_unknown_client_hostname\n", text: "reject_unknown_client_hostname"},
		{rule: "warn-last", main: relayOK + "smtpd_client_restrictions = permit_mynetworks, warn_if_reject\n"},
		{rule: "refuses-all", main: relayOK + "smtpd_recipient_restrictions = permit_mynetworks, reject\n"},
		{rule: "comment-in-list", main: relayOK + "smtpd_client_restrictions = permit_mynetworks #own\n", text: "#own"},
		{rule: "missing-argument", main: relayOK + "smtpd_client_restrictions = permit_mynetworks check_client_access\n", text: "check_client_access"},
		{rule: "removed-name", main: relayOK + "smtpd_recipient_restrictions = check_relay_domains\n"},
		{rule: "old-name", main: relayOK + "smtpd_client_restrictions = permit_mynetworks, reject_unknown_client\n"},
		{rule: "unknown-restriction", main: relayOK + "smtpd_client_restrictions = permint_mynetworks\n", text: "permint_mynetworks"},
		{rule: "unknown-restriction", main: relayOK + "smtpd_recipient_restrictions = recect_unaut_destination\n"},
		{rule: "unknown-restriction", main: relayOK + "smtpd_data_restrictions = reject_unauth_\n  pipelining\n", text: "pipelining"},
		{rule: "unknown-restriction", main: relayOK + "smtpd_restriction_classes = strict\nstrict = reject_non_fqdn_sender\nsmtpd_sender_restrictions = strict STRICT\n", text: "STRICT"},
		{rule: "bad-table", main: relayOK + "smtpd_data_restrictions = hash:x\n"},
		{rule: "bad-argument", main: relayOK + "smtpd_client_restrictions = check_client_access /etc/x\n"},
		{rule: "rbl-argument", main: relayOK + "smtpd_recipient_restrictions = reject_rbl_client permit\n", text: "reject_rbl_client permit"},
		{rule: "rbl-argument", main: relayOK + "smtpd_recipient_restrictions = reject_rbl_client spamhaus\n"},
		{rule: "rbl-retired", main: relayOK + "smtpd_recipient_restrictions = reject_rbl_client dul.dnsbl.sorbs.net\n"},
		{rule: "rbl-pattern", main: relayOK + "smtpd_recipient_restrictions = reject_rbl_client zen.spamhaus.org=127.0.0.[2,4]\n"},
		{rule: "rbl-error-answer", main: relayOK + "smtpd_recipient_restrictions = reject_rbl_client zen.spamhaus.org\n"},
		{rule: "allowlist-failure", main: relayOK + "smtpd_recipient_restrictions = permit_dnswl_client list.dnswl.org, reject_unauth_destination\n"},
		{rule: "too-early", main: relayOK + "smtpd_delay_reject = no\nsmtpd_client_restrictions = reject_unauth_destination\n"},
		{rule: "too-early", main: relayOK + "smtpd_delay_reject = no\nsmtpd_client_restrictions = permit_sasl_authenticated, reject_non_fqdn_sender\n"},
		{rule: "login-without-sasl", main: relayOK + "smtpd_sender_restrictions = reject_sender_login_mismatch\n"},
		{rule: "login-without-maps", main: relayOK + "smtpd_sasl_auth_enable = yes\nsmtpd_sender_restrictions = reject_authenticated_sender_login_mismatch\n"},
		{rule: "login-after-permit", main: relayOK + "smtpd_sasl_auth_enable = yes\nsmtpd_sender_login_maps = static:x\nsmtpd_sender_restrictions = permit_sasl_authenticated, reject_sender_login_mismatch\n"},
		{rule: "repeated", main: relayOK + "smtpd_client_restrictions = permit_mynetworks, reject_rbl_client bl.spamcop.net\nsmtpd_recipient_restrictions = reject_rbl_client bl.spamcop.net\n"},
		{rule: "policy-before-relay-check", main: "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10023, reject_unauth_destination\n"},
		{rule: "lookup-before-relay-check", main: "smtpd_recipient_restrictions = reject_unknown_recipient_domain, reject_rbl_client bl.spamcop.net, reject_unauth_destination\n"},
		{rule: "class-recursive", main: relayOK + "smtpd_restriction_classes = c\nc = permit_mynetworks, c\n"},
		{rule: "class-shadowed", main: relayOK + "smtpd_restriction_classes = permit\npermit = reject\n"},
		{rule: "class-unused", main: relayOK + "smtpd_restriction_classes = c\nc = permit_mynetworks\n"},
		{rule: "helo-not-required", main: relayOK + "smtpd_helo_restrictions = permit_mynetworks\n"},
		{rule: "no-relay-list", main: "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination\n"},
		{rule: "defer-relay", main: relayOK + "smtpd_relay_restrictions = permit_mynetworks, defer_unauth_destination\n"},
		{rule: "soft-bounce", main: relayOK + "soft_bounce = yes\n"},
		{rule: "reply-code", main: relayOK + "reject_code = 600\n"},
		{rule: "reply-code", main: relayOK + "access_map_reject_code = 450\n"},
		{rule: "set-twice", main: relayOK + "soft_bounce = no\nsoft_bounce = no\n"},
		{rule: "unknown-parameter", main: relayOK + "smptd_helo_required = yes\n"},
		{rule: "unknown-parameter", main: relayOK + "smtpd_reciepient_restrictions = permit\n"},
		{rule: "table-unusable", main: relayOK + "smtpd_client_restrictions = check_client_access hash:absent\n"},
		{rule: "table-line", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "novalue\n"}},
		{rule: "number-means-ok", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "example.com 550\n"}, text: "example.com 550"},
		{rule: "table-result", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "example.com allowed\n"}},
		{rule: "table-result", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "example.com REJECT: spam\n"}},
		{rule: "table-result", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "example.com 600 x\n"}},
		{rule: "table-result", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "example.com FILTER x\n"}},
		{rule: "table-result", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "example.com REDIRECT x\n"}},
		{rule: "table-result", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "example.com PREPEND x\n"}},
		{rule: "table-result", main: relayOK + "smtpd_client_restrictions = check_client_access inline:{a=}\n"},
		{rule: "enhanced-code", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "example.com REJECT 5.7 go\n"}},
		{rule: "ok-forbidden", main: relayOK + "smtpd_sender_restrictions = check_sender_mx_access hash:c\n", files: map[string]string{"c": "example.com OK\n"}},
		{rule: "table-key", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": ".example.com REJECT\n"}},
		{rule: "table-key", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "192.0.2.0/24 REJECT\n"}},
		{rule: "table-key", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "192.0.2. REJECT\n"}},
		{rule: "table-key", main: relayOK + "smtpd_client_restrictions = check_client_access hash:c\n", files: map[string]string{"c": "a@b.example REJECT\n"}},
		{rule: "table-key", main: relayOK + "smtpd_sender_restrictions = check_sender_access hash:c\n", files: map[string]string{"c": "@b.example REJECT\n"}},
		{rule: "table-key", main: relayOK + "smtpd_recipient_restrictions = check_recipient_access hash:c\n", files: map[string]string{"c": "192.0.2.1 OK\n"}},
		{rule: "wrong-side", main: relayOK, master: "465 inet n - y - - smtpd -o smtp_tls_security_level=encrypt\n", text: "encrypt"},
		{rule: "wrong-side", main: relayOK, master: "relay unix - - y - - smtp -o smtpd_tls_security_level=encrypt\n"},
		{rule: "tls-mandatory", main: relayOK + "smtpd_tls_security_level = encrypt\nsmtpd_tls_protocols = !SSLv2,!SSLv3,!TLSv1,!TLSv1.1\n"},
		{rule: "tls-mandatory", main: relayOK, master: "465 inet n - y - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=encrypt -o smtpd_tls_protocols=!TLSv1\n"},
	}
	for _, tt := range tests {
		all := lintText(tt.main, tt.master, tt.files)
		got := byRule(all, tt.rule)
		ok := slices.ContainsFunc(got, func(f Finding) bool {
			return f.Message != "" && strings.Contains(f.String(), tt.rule) && (tt.text == "" || strings.Contains(f.Text, tt.text))
		})
		if !ok {
			t.Errorf("%s: not found in %q; found %v", tt.rule, tt.main[max(0, len(tt.main)-100):], all)
		}
	}
}

func TestLintClean(t *testing.T) {
	const clean = relayOK + `smtpd_sasl_auth_enable = yes
smtpd_helo_required = yes
smtpd_sender_login_maps = static:x
smtpd_client_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_pipelining
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, check_client_access hash:c, reject_rbl_client zen.spamhaus.org=127.0.0.[2..11]
disable_vrfy_command = yes
smtp_tls_security_level = may
`
	if got := lintText(clean, submission, map[string]string{"c": "198.51.100 REJECT 5.7.1 no\nexample.com DUNNO\n"}); len(got) != 0 {
		t.Errorf("findings for a good configuration: %v", got)
	}
	one := Lint(Config{Main: []byte(clean), Master: []byte(submission), Service: "submission", ReadFile: func(string) ([]byte, error) { return []byte("a REJECT"), nil }})
	for _, f := range one {
		if f.Rule != "table-unusable" {
			t.Errorf("submission: %v", f)
		}
	}
}

// TestLintManyClasses has classes that name each other often enough to be
// scanned for hours, if each were scanned wherever it is named.
func TestLintManyClasses(t *testing.T) {
	var b strings.Builder
	b.WriteString("smtpd_restriction_classes =")
	for i := range 61 {
		fmt.Fprintf(&b, " c%d", i)
	}
	b.WriteString("\nc60 = permit_mynetworks\n")
	for i := range 60 {
		fmt.Fprintf(&b, "c%d = c%d c%d\n", i, i+1, i+1)
	}
	b.WriteString("compatibility_level = 3.6\nsmtpd_relay_restrictions = c0, reject_unauth_destination\n")
	if got := byRule(lintText(b.String(), "", nil), "fatal"); len(got) != 0 {
		t.Errorf("fatal: %v", got)
	}
	loop := "compatibility_level = 3.6\nsmtpd_restriction_classes = a b\na = b\nb = a\nsmtpd_relay_restrictions = a, reject_unauth_destination\n"
	if got := byRule(lintText(loop, "", nil), "fatal"); len(got) == 0 {
		t.Error("classes that include each other are not reported")
	}
}

func TestFindingString(t *testing.T) {
	f := Finding{Rule: "r", Level: Danger, File: "main.cf", Line: 3, Service: "smtp", Param: "p", Text: "t", Message: "m", Advice: "a"}
	if got, want := f.String(), `main.cf:3: danger: r: smtp: p: "t": m; a`; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	if Level(9).String() != "danger" || Note.String() != "note" {
		t.Error("Level.String")
	}
}

// FuzzLint checks that hostile text yields findings in order, and no panic.
func FuzzLint(f *testing.F) {
	f.Add(seedB, submission, "a b")
	f.Add(answerB, "", "mail.example.com REJECT Only I am me")
	f.Add("smtpd_restriction_classes = a b\na = b, a\nb = a, b\nsmtpd_client_restrictions = a\n", "", "x a, b")
	f.Fuzz(func(t *testing.T, main, master, table string) {
		if len(main)+len(master)+len(table) > 1<<14 {
			return
		}
		all := Lint(Config{Main: []byte(main), Master: []byte(master), ReadFile: func(string) ([]byte, error) { return []byte(table), nil }})
		if !slices.IsSortedFunc(all, func(a, b Finding) int {
			if a.File != b.File {
				return strings.Compare(a.File, b.File)
			}
			return a.Line - b.Line
		}) {
			t.Errorf("findings are not in order: %v", all)
		}
		for _, x := range all {
			if x.Rule == "" || x.Message == "" {
				t.Errorf("empty finding: %+v", x)
			}
		}
	})
}
