package postfix

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lintPair is a rule with a configuration that has the mistake and one that is
// the same but for the mistake.
type lintPair struct {
	rule, bad, good string
	table           string // the text of every file
	goodTable       string // "" for table
	master          string
}

// oldRelay has no compatibility level, so the recipient list runs first.
const oldRelay = "mynetworks = 127.0.0.0/8\n"

const clientList, senderList, recipientList = "smtpd_client_restrictions = ", "smtpd_sender_restrictions = ", "smtpd_recipient_restrictions = "

var lintOrder = []lintPair{
	{rule: "lookup-before-local", bad: relayOK + recipientList + "reject_rbl_client bl.spamcop.net, check_client_access hash:c", good: relayOK + recipientList + "check_client_access hash:c, reject_rbl_client bl.spamcop.net"},
	{rule: "lookup-before-local", bad: relayOK + recipientList + "reject_unverified_sender, reject_non_fqdn_sender", good: relayOK + recipientList + "reject_non_fqdn_sender, reject_unverified_sender"},
	{rule: "lookup-before-relay-check", bad: "compatibility_level = 3.6\nsmtpd_relay_restrictions = reject_unknown_recipient_domain, reject_unauth_destination", good: relayOK + recipientList + "reject_unknown_recipient_domain, reject_unauth_destination"},
	{rule: "lookup-before-relay-check", bad: relayOK + senderList + "reject_unverified_recipient", good: relayOK + recipientList + "reject_unverified_recipient"},
	{rule: "lookup-before-relay-check", bad: oldRelay + recipientList + "check_sender_mx_access hash:c, reject_unauth_destination", good: oldRelay + recipientList + "reject_unauth_destination, check_sender_mx_access hash:c"},
	{rule: "networks-late", bad: relayOK + recipientList + "reject_unknown_sender_domain, permit_mynetworks", good: relayOK + recipientList + "reject_non_fqdn_sender, permit_mynetworks, reject_unknown_sender_domain"},
	{rule: "networks-refused", bad: relayOK + "smtpd_helo_required = yes\nsmtpd_helo_restrictions = reject_non_fqdn_helo_hostname\n" + recipientList + "permit_mynetworks", good: relayOK + "smtpd_helo_required = yes\nsmtpd_helo_restrictions = permit_mynetworks, reject_non_fqdn_helo_hostname\n" + recipientList + "permit_mynetworks"},
	{rule: "policy-before-networks", bad: relayOK + recipientList + "check_policy_service inet:127.0.0.1:1, permit_mynetworks", good: relayOK + recipientList + "permit_mynetworks, check_policy_service inet:127.0.0.1:1"},
	{rule: "policy-no-default", bad: relayOK + recipientList + "check_policy_service inet:127.0.0.1:1, check_policy_service unix:p", good: relayOK + recipientList + "check_policy_service { inet:127.0.0.1:1, default_action=DUNNO }, check_policy_service { unix:p, default_action=DUNNO }"},
	{rule: "policy-no-default", bad: relayOK + senderList + "check_policy_service unix:q\n" + recipientList + "check_policy_service unix:p", good: relayOK + "smtpd_policy_service_default_action = DUNNO\n" + senderList + "check_policy_service unix:q\n" + recipientList + "check_policy_service unix:p"},
	{rule: "unlisted-anyway", bad: relayOK + recipientList + "permit_mynetworks, reject_unlisted_recipient", good: relayOK + recipientList + "reject_unlisted_recipient, permit_mynetworks"},
	{rule: "allowlist-failure", bad: relayOK + recipientList + "permit_dnswl_client list.dnswl.org, reject_unauth_destination", good: relayOK + recipientList + "reject_unauth_destination, permit_dnswl_client list.dnswl.org"},
	{rule: "recipient-unknown", bad: relayOK + "smtpd_data_restrictions = check_recipient_access hash:c", good: relayOK + "smtpd_data_restrictions = reject_multi_recipient_bounce"},
	{rule: "recipient-unknown", bad: relayOK + "smtpd_etrn_restrictions = reject_unlisted_sender", good: relayOK + "smtpd_etrn_restrictions = permit_mynetworks, reject"},
	{rule: "unreachable", bad: relayOK + recipientList + "permit_auth_destination, reject_rbl_client bl.spamcop.net", good: relayOK + recipientList + "reject_rbl_client bl.spamcop.net, permit_auth_destination, reject"},
	{rule: "list-order", bad: "compatibility_level = 2\nsmtpd_relay_restrictions = reject_unauth_destination\n" + recipientList + "permit_mynetworks", good: "compatibility_level = 2\nsmtpd_relay_before_recipient_restrictions = yes\nsmtpd_relay_restrictions = reject_unauth_destination\n" + recipientList + "permit_mynetworks"},
	{rule: "defer-relay", bad: "compatibility_level = 3.6\n" + recipientList + "permit_mynetworks, reject_unauth_destination", good: relayOK + recipientList + "permit_mynetworks, reject_unauth_destination"},
	{rule: "helo-not-required", bad: relayOK + recipientList + "check_helo_access hash:c", good: relayOK + "smtpd_helo_required = yes\n" + recipientList + "check_helo_access hash:c"},
	{rule: "repeated", bad: relayOK + recipientList + "reject_rbl zen.spamhaus.org=127.0.0.2, reject_rbl_client zen.spamhaus.org", good: relayOK + recipientList + "reject_rbl_client zen.spamhaus.org=127.0.0.2, reject_rbl_client zen.spamhaus.org=127.0.0.3"},
	{rule: "repeated", bad: relayOK + senderList + "check_policy_service unix:p\n" + recipientList + "check_policy_service unix:p", good: relayOK + senderList + "check_policy_service unix:p\n" + recipientList + "check_policy_service unix:q"},
	{rule: "too-early", bad: relayOK + "smtpd_delay_reject = no\n" + clientList + "check_sasl_access hash:c", good: relayOK + "smtpd_delay_reject = no\n" + senderList + "check_sasl_access hash:c"},
	{rule: "too-early", bad: relayOK + "smtpd_delay_reject = no\n" + senderList + "reject_multi_recipient_bounce", good: relayOK + senderList + "reject_multi_recipient_bounce"},
}

var lintValues = []lintPair{
	{rule: "bad-argument", bad: relayOK + recipientList + "sleep x", good: relayOK + recipientList + "sleep 1"},
	{rule: "bad-argument", bad: relayOK + recipientList + "check_client_access { hash:c }", good: relayOK + recipientList + "check_ccert_access { hash:c }"},
	{rule: "deprecated", bad: relayOK + recipientList + "permit_mx_backup", good: relayOK + recipientList + "permit_auth_destination"},
	{rule: "missing-argument", bad: relayOK + recipientList + "reject_rbl_client", good: relayOK + recipientList + "reject_rbl_client bl.spamcop.net"},
	{rule: "rbl-key", bad: relayOK + recipientList + "reject_rbl_client " + listKey + ".zen.dq.spamhaus.net=127.0.0.[2..11]", good: relayOK + "rbl_reply_maps = static:554\n" + recipientList + "reject_rbl_client " + listKey + ".zen.dq.spamhaus.net=127.0.0.[2..11]"},
	{rule: "class-recursive", bad: relayOK + "smtpd_restriction_classes = a b\na = b\nb = a\n" + clientList + "a", good: relayOK + "smtpd_restriction_classes = a b\na = b\nb = permit_mynetworks\n" + clientList + "a"},
	{rule: "refuses-all", bad: relayOK + "smtpd_end_of_data_restrictions = reject", good: relayOK + "smtpd_end_of_data_restrictions = permit_mynetworks"},
	{rule: "refuses-all", bad: relayOK + recipientList + "permit_mynetworks, reject, reject_non_fqdn_sender", good: relayOK + recipientList + "permit_mynetworks, permit_auth_destination, reject"},
	{rule: "refuses-all", bad: relayOK + recipientList + "permit_mynetworks, reject", good: relayOK, master: "127.0.0.1:10025 inet n - y - - smtpd -o smtpd_recipient_restrictions=permit_mynetworks,reject\n"},
	{rule: "unknown-parameter", bad: relayOK + "smptd_sasl_type = dovecot", good: relayOK + "smtpd_sasl_type = dovecot"},
	{rule: "unknown-parameter", bad: relayOK + "smtp_recipient_restrictions = permit", good: relayOK + "smtp_discard_ehlo_keywords = chunking\nlmtp_enforce_tls = no"},
	{rule: "tls-mandatory", bad: relayOK + "smtpd_tls_protocols = !TLSv1", good: relayOK + "smtpd_tls_mandatory_protocols = !TLSv1\nsmtpd_tls_protocols = !TLSv1", master: "465 inet n - y - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=encrypt\n"},
	{rule: "wrong-side", bad: relayOK, good: relayOK, master: "465 inet n - y - - smtpd -o smtp_tls_protocols=!TLSv1\n"},
	{rule: "open-relay", bad: oldRelay + recipientList + "check_sender_access pgsql:/t, reject_unauth_destination", good: oldRelay + recipientList + "reject_unauth_destination, check_sender_access pgsql:/t"},
	{rule: "open-relay", bad: oldRelay + recipientList + "check_sender_access hash:c, reject_unauth_destination", good: oldRelay + recipientList + "check_sasl_access hash:c, reject_unauth_destination", table: "a.example reject_non_fqdn_sender, permit"},
	{rule: "open-relay", bad: oldRelay + recipientList + "check_sender_access hash:c, reject_unauth_destination", good: oldRelay + recipientList + "check_sender_access hash:c, reject_unauth_destination", table: "a.example permit", goodTable: "a.example reject_unauth_destination, permit"},
	{rule: "table-unusable", bad: relayOK + recipientList + "check_sender_access nosuch:/t", good: relayOK + recipientList + "check_sender_access proxy:mysql:/t"},
	{rule: "ok-forbidden", bad: relayOK + recipientList + "check_sender_mx_access hash:c", good: relayOK + recipientList + "check_sender_access hash:c", table: "a.example permit"},
	{rule: "postmaster-bypass", bad: relayOK + recipientList + "check_recipient_access hash:c", good: relayOK + recipientList + "check_recipient_access hash:c", table: "postmaster@ REJECT", goodTable: "postmaster@ DUNNO"},
	{rule: "table-key", bad: relayOK + recipientList + "check_recipient_access hash:c", good: relayOK + recipientList + "check_recipient_access hash:c", table: "abuse OK", goodTable: "abuse@ OK"},
	{rule: "table-key", bad: relayOK + recipientList + "check_recipient_access hash:c", good: relayOK + recipientList + "check_recipient_access hash:c", table: "a%b@example.com OK", goodTable: "a%b@example.com REJECT"},
	{rule: "table-key", bad: relayOK + recipientList + "check_sender_access regexp:c", good: relayOK + recipientList + "check_sender_access regexp:c", table: `/^spam\.example$/ REJECT`, goodTable: `/@spam\.example$/ REJECT`},
	{rule: "table-key", bad: relayOK + recipientList + "check_client_access pcre:c", good: relayOK + recipientList + "check_client_access pcre:c", table: `/^192\.0\.2$/ REJECT`, goodTable: `/^192\.0\.2\./ REJECT`},
	{rule: "table-key", bad: relayOK + "parent_domain_matches_subdomains =\n" + recipientList + "check_sender_access hash:c", good: relayOK + "parent_domain_matches_subdomains =\n" + recipientList + "check_sender_access hash:c", table: "a.example REJECT", goodTable: "a.example REJECT\n.a.example REJECT"},
	{rule: "table-line", bad: relayOK + recipientList + "check_client_access cidr:c", good: relayOK + recipientList + "check_client_access cidr:c", table: "192.0.2.1/24 REJECT", goodTable: "192.0.2.0/24 REJECT"},
}

func (p lintPair) lint(main, table string) []Finding {
	return Lint(Config{Main: []byte(main + "\n"), Master: []byte(p.master), ReadFile: func(string) ([]byte, error) { return []byte(table + "\n"), nil }})
}

func TestLintPairs(t *testing.T) {
	for _, p := range slices.Concat(lintOrder, lintValues) {
		bad := byRule(p.lint(p.bad, p.table), p.rule)
		if len(bad) == 0 {
			t.Errorf("%s: not found in %q with %q; found %v", p.rule, p.bad, p.table, p.lint(p.bad, p.table))
		}
		for _, f := range bad {
			if f.File == "" || f.Message == "" || f.Advice == "" {
				t.Errorf("%s: no position or advice: %+v", p.rule, f)
			}
		}
		if p.rule == "wrong-side" {
			p.master = strings.ReplaceAll(p.master, "smtp_", "smtpd_")
		}
		if good := byRule(p.lint(p.good, orDefault(p.goodTable, p.table)), p.rule); len(good) > 0 {
			t.Errorf("%s: found in %q: %v", p.rule, p.good, good)
		}
	}
}

// TestLintExample has the configuration of the example server, which is meant
// to be copied.
func TestLintExample(t *testing.T) {
	dir := filepath.Join("..", "..", "examples", "mx", "config")
	read := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
	main, err := read("main.cf")
	if err != nil {
		t.Skip(err)
	}
	master, err := read("master.cf")
	if err != nil {
		t.Fatal(err)
	}
	if got := Lint(Config{Main: main, Master: master, ReadFile: read}); len(got) > 0 {
		t.Errorf("findings: %v", got)
	}
}

// TestLintAnswerOrder checks that the recommended order of checks is not
// complained about.
func TestLintAnswerOrder(t *testing.T) {
	all := lintText(answerB, submission, map[string]string{"helo_access": "mail.example.com REJECT Only I am me\n", "client_checks": "192.0.2.1 OK\n198.51.100.7 REJECT\n"})
	for _, p := range slices.Concat(lintOrder, lintValues) {
		if got := byRule(all, p.rule); len(got) > 0 {
			t.Errorf("%v", got)
		}
	}
}

// listKey stands for the key of a customer of a DNS list.
const listKey = "abcdefghijklmnopqrstuvwxyz"

func TestLintHidesKeys(t *testing.T) {
	for _, f := range lintText(relayOK+recipientList+"reject_rbl_client "+listKey+".zen.dq.spamhaus.net, reject_rbl_client "+listKey+".zen.dq.spamhaus.net=1\n", "", nil) {
		if strings.Contains(f.String(), listKey) {
			t.Errorf("the key is shown: %v", f)
		}
	}
}
