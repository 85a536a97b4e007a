package interop

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/policyd"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// A postfixConf is one configuration: parameters that differ from
// [postfixBase], with DIR for the directory of the tables.
type postfixConf struct {
	name   string
	main   map[string]string
	tables map[string]string
	// processes is the number of clients that are served at the same time, 0
	// for the default.
	processes int
}

func (c *postfixConf) params(dir string) map[string]string {
	out := map[string]string{}
	for k, v := range c.main {
		out[k] = strings.ReplaceAll(v, "DIR", dir)
	}
	return out
}

// A postfixSession is one client and its commands.
type postfixSession struct {
	addr, name, reverse, login string
	cmds                       []string
}

var postfixZone = []string{
	"sender.example. 60 IN MX 10 mx.sender.example.", "mx.sender.example. 60 IN A 203.0.113.10",
	"sender.example. 60 IN NS ns1.sender.example.", "ns1.sender.example. 60 IN A 203.0.113.53",
	"aonly.example. 60 IN A 203.0.113.11", "nullmx.example. 60 IN MX 0 .", "nullmx.example. 60 IN A 203.0.113.12",
	"txtonly.example. 60 IN TXT \"no mail here\"", "client.example. 60 IN MX 10 mx.client.example.", "client.example. 60 IN NS ns1.client.example.",
	"mx.client.example. 60 IN A 203.0.113.20", "ns1.client.example. 60 IN A 203.0.113.21", "mail.client.example. 60 IN A 198.51.100.7",
	"7.100.51.198.in-addr.arpa. 60 IN PTR mail.client.example.", "far.example. 60 IN MX 10 mx.far.example.", "mx.far.example. 60 IN A 203.0.113.30",
	"66.113.0.203.zen.bl.example. 60 IN A 127.0.0.4", "66.113.0.203.zen.bl.example. 60 IN TXT \"see https://bl.example/203.0.113.66\"",
	"67.113.0.203.zen.bl.example. 60 IN A 127.255.255.254", "66.113.0.203.spam.bl.example. 60 IN A 127.0.0.2",
	"bad.example.dbl.example. 60 IN A 127.0.1.2", "bad.example. 60 IN A 203.0.113.66", "7.100.51.198.wl.example. 60 IN A 127.0.5.1",
	"example.com. 60 IN MX 10 mx.example.com.", "mx.example.com. 60 IN A 192.0.2.25", "relay.example. 60 IN MX 10 mx.example.com.",
	"valias.example. 60 IN MX 10 mx.example.com.", "vmail.example. 60 IN MX 10 mx.example.com.",
}

// Tables that the configurations share.
var postfixTables = map[string]string{
	"helo":    "mx.example.com REJECT Only I am me\nexample.com 554 5.7.1 Only I am me\nclient.example DUNNO\nfriend.example OK\n[192.0.2.1] REJECT literal\n",
	"client":  "198.51.100 DUNNO\n203.0.113.66 REJECT known\n192.0.2.77 OK\nunknown 450 4.7.1 no name, come back later\nfriend.example OK\nspam.client.example REJECT\n",
	"sender":  "bad@ REJECT bad user\nbad.example 550 5.1.8 go away\nsender.example DUNNO\nfriend@far.example OK\n<> DUNNO\nwarn@sender.example WARN watch\nclass@sender.example strict\nlist@sender.example reject_unknown_client_hostname, permit\nholdme@sender.example HOLD look\nnum@sender.example 550\nodd@sender.example allowed\ncolon@sender.example REJECT: no\ndefer@sender.example DEFER_IF_PERMIT later\ndr@sender.example DEFER_IF_REJECT later\n",
	"rcpt":    "alice@example.com DUNNO\nabuse@ OK\nbob@example.com greylist\nvmail.example REJECT 5.7.1 closed\npostmaster@ permit\ncarol@vmail.example PREPEND X-Test: carol\ndave@relay.example 450 busy\n",
	"pcre":    "/^(?!mail\\.)([^.]+)\\.client\\.example$/ REJECT host $1\n/(dyn|pool)/ 554 5.7.1 dynamic $1\n/^unknown$/ DUNNO\n",
	"regexp":  "/^([0-9]+)\\.([0-9]+)\\.113\\./ REJECT net $2\n/^mx\\.example\\.com$/ 550 Don't use my name\n",
	"cidr":    "203.0.113.64/26 REJECT bad block\n192.0.2.128/25 OK\n!198.0.0.0/8 DUNNO\n",
	"mx":      "203.0.113.10 REJECT mx\nmx.far.example 550 5.1.8 far mx\n127.0.0.0 REJECT bogus\n",
	"replies": "zen.bl.example $rbl_code 5.7.9 $rbl_what is on $rbl_domain, $rbl_class${rbl_reason?{: $rbl_reason}:{}}\nspam.bl.example=127.0.0.2 450 4.7.1 $client $client_name $helo_name $sender_domain $recipient_name${sender?, not $sender}\ndbl.example 571 $reverse_client_name\n",
	"logins":  "alice@example.com alice\nbob@example.com bob, alice\n@sender.example carol\n",
}

const relayFirst = "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination"

// publishedConfs are modelled on configurations that people have published.
var publishedConfs = []postfixConf{
	{name: "defaults", main: map[string]string{"smtpd_relay_restrictions": relayFirst}},
	{name: "seed-b", main: map[string]string{"smtpd_helo_required": "yes", "smtpd_sasl_auth_enable": "yes", "smtpd_sender_login_maps": "texthash:DIR/logins",
		"smtpd_client_restrictions":    "permit_mynetworks, permit_sasl_authenticated, reject_unknown_reverse_client_hostname, reject_unknown_client_hostname, reject_unauth_pipelining",
		"smtpd_helo_restrictions":      "permit_mynetworks, permit_sasl_authenticated, reject_invalid_helo_hostname, reject_unauth_pipelining",
		"smtpd_sender_restrictions":    "permit_mynetworks, reject_sender_login_mismatch, permit_sasl_authenticated, reject_non_fqdn_sender, reject_unknown_sender_domain, reject_unauth_pipelining",
		"smtpd_relay_restrictions":     "permit_mynetworks, permit_sasl_authenticated, reject_non_fqdn_recipient, reject_unknown_recipient_domain, reject_unauth_destination",
		"smtpd_recipient_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_non_fqdn_recipient, reject_unknown_recipient_domain",
		"smtpd_data_restrictions":      "permit_mynetworks, permit_sasl_authenticated, reject_multi_recipient_bounce, reject_unauth_pipelining"}},
	{name: "answer-b", main: map[string]string{"smtpd_relay_restrictions": relayFirst, "smtpd_helo_required": "yes",
		"smtpd_recipient_restrictions": "permit_mynetworks, permit_sasl_authenticated, check_helo_access texthash:DIR/helo, check_client_access texthash:DIR/client, reject_unauth_destination, check_policy_service inet:" + postfixPolicy + ", reject_rbl_client zen.bl.example, reject_rbl_client spam.bl.example, reject_unknown_client"}},
	{name: "submission", main: map[string]string{"smtpd_relay_restrictions": relayFirst, "smtpd_sasl_auth_enable": "yes", "smtpd_sender_login_maps": "texthash:DIR/logins",
		"smtpd_client_restrictions": "permit_sasl_authenticated, reject", "smtpd_sender_restrictions": "reject_authenticated_sender_login_mismatch", "smtpd_recipient_restrictions": "permit_sasl_authenticated,reject"}},
	{name: "wiki-d", main: map[string]string{"smtpd_relay_restrictions": relayFirst, "smtpd_helo_required": "yes", "strict_rfc821_envelopes": "yes", "smtpd_client_restrictions": "permit",
		"smtpd_helo_restrictions":      "permit_mynetworks, reject_non_fqdn_hostname, reject_invalid_hostname, permit",
		"smtpd_sender_restrictions":    "permit_mynetworks, reject_non_fqdn_sender, reject_unknown_sender_domain, permit",
		"smtpd_recipient_restrictions": "permit_mynetworks, reject_non_fqdn_recipient, reject_unknown_recipient_domain, reject_unauth_destination, permit"}},
	{name: "howto", main: map[string]string{"smtpd_relay_restrictions": relayFirst, "smtpd_delay_reject": "no", "smtpd_helo_required": "yes",
		"smtpd_client_restrictions": "permit_mynetworks, check_client_access cidr:DIR/cidr, reject_unknown_reverse_client_hostname, reject_rbl_client zen.bl.example=127.0.0.[2..11]",
		"smtpd_helo_restrictions":   "permit_mynetworks, check_helo_access pcre:DIR/pcre, reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname, reject_unknown_helo_hostname",
		"smtpd_sender_restrictions": "permit_mynetworks, check_sender_access texthash:DIR/sender, reject_rhsbl_sender dbl.example, reject_unknown_sender_domain"}},
	{name: "classes", main: map[string]string{"smtpd_relay_restrictions": relayFirst, "smtpd_restriction_classes": "strict greylist", "strict": "reject_unknown_client_hostname, reject",
		"greylist": "check_policy_service inet:" + postfixPolicy, "smtpd_sender_restrictions": "check_sender_access texthash:DIR/sender",
		"smtpd_recipient_restrictions": "permit_mynetworks, reject_unauth_destination, check_recipient_access texthash:DIR/rcpt, check_sender_mx_access texthash:DIR/mx, greylist"}},
	{name: "typos", main: map[string]string{"smtpd_relay_restrictions": relayFirst, "smtpd_data_restrictions": "reject_unauth_\n  pipelining", "smtpd_sender_restrictions": "permint_mynetworks"}},
	{name: "implicit", main: map[string]string{"smtpd_relay_restrictions": "", "smtpd_recipient_restrictions": "permit_mynetworks, texthash:DIR/rcpt, regexp:DIR/regexp, reject_unauth_destination", "smtpd_client_restrictions": "regexp:DIR/regexp, pcre:DIR/pcre"}},
	{name: "warn", main: map[string]string{"smtpd_relay_restrictions": relayFirst, "smtpd_client_restrictions": "warn_if_reject reject_unknown_client_hostname, warn_if_reject check_client_access texthash:DIR/client",
		"smtpd_recipient_restrictions": "permit_mynetworks, warn_if_reject reject_unauth_destination, defer_if_reject, reject_unauth_destination, permit", "smtpd_reject_footer": "\\c. See https://example.com/ for $client_address"}},
	{name: "inline", main: map[string]string{"smtpd_relay_restrictions": relayFirst, "smtpd_restriction_classes": "errors_sender_only", "errors_sender_only": "check_sender_access inline:{ {<>=DUNNO} }, reject",
		"smtpd_client_restrictions":    "check_client_access cidr:{ { 203.0.113.0/24 errors_sender_only } }",
		"smtpd_recipient_restrictions": "check_recipient_access inline:{ {abuse@=permit_mynetworks,permit_auth_destination} {bob@example.com=DEFER} }, reject_unlisted_recipient, reject_unverified_sender_x, permit"}},
	{name: "soft", main: map[string]string{"smtpd_relay_restrictions": relayFirst, "soft_bounce": "yes", "unknown_local_recipient_reject_code": "450", "disable_vrfy_command": "yes",
		"smtpd_recipient_restrictions": "reject_non_fqdn_sender, reject_unknown_sender_domain, permit_mynetworks, reject_unauth_destination, check_recipient_access texthash:DIR/rcpt", "smtpd_end_of_data_restrictions": "check_policy_service inet:" + postfixPolicy}},
	{name: "dnswl", main: map[string]string{"smtpd_relay_restrictions": relayFirst, "smtpd_recipient_restrictions": "reject_unauth_destination, permit_dnswl_client wl.example, reject_rhsbl_helo dbl.example, reject_rhsbl_client dbl.example, reject_rbl_client zen.bl.example, check_sender_ns_access texthash:DIR/mx, check_client_mx_access texthash:DIR/mx, reject"}},
	{name: "logins", main: map[string]string{"smtpd_relay_restrictions": relayFirst, "smtpd_sasl_auth_enable": "yes", "smtpd_sender_login_maps": "pcre:{ {/^(.*)@example\\.com$$/ $${1}} }", "smtpd_sender_restrictions": "reject_known_sender_login_mismatch, reject_unauthenticated_sender_login_mismatch",
		"smtpd_recipient_restrictions": "permit_sasl_authenticated, permit_mynetworks, reject_unlisted_sender, reject"}},
}

// restrictionPool are the elements of random lists, as often as they are found
// in published configurations, roughly.
var restrictionPool = []string{
	"permit_mynetworks", "permit_mynetworks", "permit_sasl_authenticated", "reject_unauth_destination", "reject_unknown_sender_domain", "reject_unknown_recipient_domain",
	"reject_non_fqdn_sender", "reject_non_fqdn_recipient", "permit", "reject_unauth_pipelining", "reject_rbl_client zen.bl.example", "reject_rbl_client spam.bl.example=127.0.0.2",
	"reject_invalid_helo_hostname", "check_policy_service inet:" + postfixPolicy, "check_client_access texthash:DIR/client", "check_sender_access texthash:DIR/sender",
	"reject_non_fqdn_helo_hostname", "check_recipient_access texthash:DIR/rcpt", "defer_unauth_destination", "reject", "check_helo_access texthash:DIR/helo", "reject_rhsbl_sender dbl.example",
	"reject_unknown_reverse_client_hostname", "reject_unknown_helo_hostname", "reject_unlisted_recipient", "reject_sender_login_mismatch", "reject_multi_recipient_bounce",
	"reject_rhsbl_reverse_client dbl.example", "check_sender_mx_access texthash:DIR/mx", "reject_authenticated_sender_login_mismatch", "reject_unknown_client_hostname", "reject_rhsbl_helo dbl.example",
	"permit_dnswl_client wl.example", "reject_unlisted_sender", "warn_if_reject", "permit_inet_interfaces", "permit_auth_destination", "check_sender_ns_access texthash:DIR/mx",
	"reject_rhsbl_client dbl.example", "check_reverse_client_hostname_access pcre:DIR/pcre", "reject_known_sender_login_mismatch", "check_sasl_access inline:{alice=REJECT}", "check_recipient_mx_access texthash:DIR/mx",
	"defer_if_reject", "defer_if_permit", "defer", "check_client_access cidr:DIR/cidr", "check_client_access regexp:DIR/regexp", "check_client_access pcre:DIR/pcre", "check_helo_access pcre:DIR/pcre",
	"strict", "greylist", "reject_plaintext_session", "permit_rhswl_client dbl.example", "reject_rhsbl_recipient dbl.example", "check_helo_mx_access texthash:DIR/mx", "check_client_ns_access texthash:DIR/mx",
	"texthash:DIR/rcpt", "check_sender_a_access texthash:DIR/mx", "reject_unauthenticated_sender_login_mismatch", "reject_unauth_pipelinig", "check_relay_domains", "permit_mx_backup", "permit_naked_ip_address",
}

// unguarded leaves out what ends the search for a relay check: Postfix does not
// start then.
func unguarded(list string) string {
	return strings.ReplaceAll(strings.ReplaceAll(list, "warn_if_reject", "permit_mynetworks"), "permit,", "permit_mynetworks,")
}

// randomConf makes up a configuration.
func randomConf(r *rand.Rand, i int) postfixConf {
	list := func(most int) string {
		var els []string
		for range r.IntN(most + 1) {
			els = append(els, restrictionPool[r.IntN(len(restrictionPool))])
		}
		return strings.Join(els, ", ")
	}
	m := map[string]string{
		"smtpd_relay_restrictions": relayFirst, "smtpd_restriction_classes": "strict greylist", "strict": list(2) + ", reject_unknown_client_hostname",
		"greylist": "check_policy_service inet:" + postfixPolicy, "smtpd_sender_login_maps": "texthash:DIR/logins",
		"smtpd_client_restrictions": list(3), "smtpd_helo_restrictions": list(2), "smtpd_sender_restrictions": list(3),
		"smtpd_recipient_restrictions": list(5), "smtpd_data_restrictions": list(1), "smtpd_end_of_data_restrictions": list(1),
	}
	// A class must not include itself.
	m["strict"] = strings.ReplaceAll(m["strict"], "strict", "permit_mynetworks")
	m["strict"] = strings.ReplaceAll(m["strict"], "texthash:DIR/sender", "inline:{{x=y}}")
	// Before the sender list, this check remembers across the connections of one
	// smtpd process that it was done.
	for _, early := range []string{"strict", "smtpd_client_restrictions", "smtpd_helo_restrictions"} {
		m[early] = strings.ReplaceAll(m[early], "reject_unlisted_sender", "permit_mynetworks")
	}
	choices := map[string][]string{
		"smtpd_delay_reject": {"yes", "yes", "no"}, "smtpd_helo_required": {"yes", "no"}, "smtpd_sasl_auth_enable": {"yes", "yes", "no"}, "recipient_delimiter": {"", "+"},
		"parent_domain_matches_subdomains": {"", "relay_domains, smtpd_access_maps", "relay_domains"}, "smtpd_relay_before_recipient_restrictions": {"yes", "no"},
		"unknown_client_reject_code": {"450", "550"}, "unknown_address_reject_code": {"450", "550"}, "strict_rfc821_envelopes": {"no", "no", "yes"}, "show_user_unknown_table_name": {"yes", "no"},
		"smtpd_reject_unlisted_sender": {"no", "no", "yes"}, "soft_bounce": {"no", "no", "no", "yes"}, "access_map_reject_code": {"554", "550"}, "smtpd_relay_restrictions": {relayFirst, relayFirst, "permit_mynetworks, reject_unauth_destination", "", unguarded(list(2)) + ", reject_unauth_destination"},
		"smtpd_reject_footer": {"", "", `\c; contact postmaster at $server_name about $client`, "For help, visit https://example.com/$recipient"}, "rbl_reply_maps": {"", "", "texthash:DIR/replies"},
		"invalid_hostname_reject_code": {"501", "450"}, "non_fqdn_reject_code": {"504", "450"}, "unknown_hostname_reject_code": {"450", "550"}, "multi_recipient_bounce_reject_code": {"550", "450"},
		"unknown_local_recipient_reject_code": {"550", "450"}, "disable_vrfy_command": {"no", "no", "yes"}, "smtpd_policy_service_default_action": {"", "DUNNO"}, "allow_untrusted_routing": {"no", "no", "yes"},
		"unknown_address_tempfail_action": {"defer_if_permit", "defer"}, "smtpd_null_access_lookup_key": {"<>", "<>", "sender.example"},
	}
	for _, name := range slices.Sorted(maps.Keys(choices)) {
		values := choices[name]
		if v := values[r.IntN(len(values))]; v != "" {
			m[name] = v
		}
	}
	if m["smtpd_relay_restrictions"] == "" {
		m["smtpd_recipient_restrictions"] = unguarded(list(2)) + ", reject_unauth_destination, " + list(3)
	}
	m["smtpd_relay_restrictions"] = strings.ReplaceAll(m["smtpd_relay_restrictions"], "permit,", "permit_mynetworks,")
	// These are shared with trivial-rewrite, which reads main.cf only.
	delete(m, "recipient_delimiter")
	return postfixConf{name: fmt.Sprint("random-", i), main: m}
}

// randomSession makes up a client.
func randomSession(r *rand.Rand) postfixSession {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	clients := []postfixSession{
		{addr: "198.51.100.7", name: "mail.client.example", reverse: "mail.client.example"}, {addr: "198.51.100.9", name: "spam.client.example", reverse: "spam.client.example"},
		{addr: "203.0.113.66", name: "[UNAVAILABLE]", reverse: "dyn-66.pool.example"}, {addr: "203.0.113.67", name: "[UNAVAILABLE]", reverse: "[UNAVAILABLE]"},
		{addr: "192.0.2.77", name: "[TEMPUNAVAIL]", reverse: "[TEMPUNAVAIL]"}, {addr: "10.1.2.3", name: "inside.example.com", reverse: "inside.example.com"},
		{addr: "192.0.2.200", name: "x.friend.example", reverse: "x.friend.example"}, {addr: "198.51.100.20", name: "bad.example", reverse: "bad.example"},
	}
	s := clients[r.IntN(len(clients))]
	s.login = pick("", "", "", "alice", "carol")
	if r.IntN(12) > 0 {
		s.cmds = append(s.cmds, pick("EHLO ", "EHLO ", "HELO ")+pick("mail.client.example", "mx.example.com", "laptop", "[192.0.2.1]", "[198.51.100.7]", "192.0.2.1", "bad_name.example", "-x.example", "nowhere.invalid", "a.friend.example", "bad.example", "x.dyn.client.example", "mail.client.example."))
	}
	for range 1 + r.IntN(2) {
		s.cmds = append(s.cmds, "MAIL FROM:"+pick("<s@sender.example>", "<s@sender.example>", "<alice@example.com>", "<>", "<bad@aonly.example>", "<x@bad.example>", "<friend@far.example>", "<nobody@example.com>", "<user>", "<u@nullmx.example>",
			"<u@nowhere.invalid>", "<u@txtonly.example>", "<pol-reject@sender.example>", "<pol-defer@sender.example>", "<pol-class@sender.example>", "<warn@sender.example>", "<class@sender.example>", "<list@sender.example>",
			"<holdme@sender.example>", "<num@sender.example>", "<odd@sender.example>", "<colon@sender.example>", "<defer@sender.example>", "<dr@sender.example>", "s@sender.example", "<u@[192.0.2.9]>", "<bob@example.com>", "<s+x@sender.example> SIZE=100"))
		for range 1 + r.IntN(3) {
			s.cmds = append(s.cmds, "RCPT TO:"+pick("<alice@example.com>", "<alice@example.com>", "<bob@example.com>", "<x@far.example>", "<abuse@example.com>", "<carol@vmail.example>", "<info@valias.example>", "<no@valias.example>", "<dave@relay.example>",
				"<x@sub.relay.example>", "<nobody@example.com>", "<postmaster>", "<postmaster@example.com>", "<alice>", "<x%far.example@example.com>", "<far.example!x@example.com>", "<a@b@example.com>", "<\"a b\"@example.com>", "<u@nowhere.invalid>", "<@far.example:x@example.com>", "<alice+ext@example.com>", "<u@nullmx.example>", "alice@example.com", "<bad address@example.com>"))
		}
		if r.IntN(2) == 0 {
			s.cmds = append(s.cmds, "DATA")
		} else {
			s.cmds = append(s.cmds, pick("RSET", "VRFY alice@example.com", "VRFY <x@far.example>", "NOOP", "DATA"))
		}
	}
	s.cmds = append(s.cmds, "QUIT")
	for r.IntN(3) == 0 { // something out of the ordinary, somewhere
		at := r.IntN(len(s.cmds))
		s.cmds = slices.Insert(s.cmds, at, oddCommands[r.IntN(len(oddCommands))])
	}
	return s
}

// oddCommands are commands that a client seldom sends.
var oddCommands = []string{
	"MAIL FROM:<s@sender.example> BODY=8BITMIME", "MAIL FROM:<s@sender.example> FOO=bar", "MAIL FROM:<s@sender.example> SIZE=99999999", "MAIL FROM:<s@sender.example> SIZE=x",
	"MAIL FROM:<s@sender.example> RET=HDRS ENVID=x", "MAIL FROM: <s@sender.example>", "MAIL <s@sender.example>", "MAIL FROM:", "MAIL", "MAIL FROM:<s@sender.example",
	"mail from:<s@sender.example>", "MAIL FROM:<@a.example,@b.example:s@sender.example>", "MAIL FROM:<s s@sender.example>", "MAIL FROM:<\"s s\"@sender.example>", "MAIL FROM:<s@[203.0.113.9]>", "MAIL FROM:<s@>", "MAIL FROM:<@sender.example>",
	"MAIL FROM:<s@sender.example.>", "MAIL FROM:<s@.sender.example>", "MAIL FROM:<s@sender..example>", "MAIL FROM:<s@sender_x.example>", "MAIL FROM:<MAILER-DAEMON>", "MAIL FROM:<S@SENDER.EXAMPLE>",
	"RCPT TO: <alice@example.com>", "RCPT TO:<alice@example.com> NOTIFY=SUCCESS,DELAY", "RCPT TO:<alice@example.com> NOTIFY=foo", "RCPT TO:<alice@example.com> ORCPT=rfc822;x", "RCPT TO:<alice@example.com> FOO", "RCPT TO:", "RCPT", "RCPT TO:<>",
	"RCPT TO:<ALICE@EXAMPLE.COM>", "RCPT TO:<alice@[127.0.0.1]>", "RCPT TO:<alice@[192.0.2.99]>", "RCPT TO:<alice@mx.example.com>", "RCPT TO:<alice@localhost>", "RCPT TO:<Postmaster>", "RCPT TO:<alice@example.com.>", "RCPT TO:<alice@>",
	"RCPT TO:<\"alice\"@example.com>", "RCPT TO:<al\\ice@example.com>", "RCPT TO:<a,b@example.com>", "RCPT TO:<x@example.org,alice@example.com>", "RCPT TO:<alice@example.com> NOTIFY=NEVER NOTIFY=NEVER", "RCPT TO:<alice@example.com> ORCPT=rfc822;x ORCPT=rfc822;y",
	"FOO", "HELP", "EXPN x", "VRFY", "VRFY alice", "VRFY postmaster", "VRFY <>", "ETRN example.com", "ETRN relay.example", "ETRN [127.0.0.1]", "ETRN", "DATA x", "HELO", "EHLO", "EHLO a b", "RSET x", "NOOP x", "", "DATA", "RSET",
	"HELO x(y)z", "EHLO <x@y>", "HELO mail.client.example..", "EHLO 198.51.100.7", "EHLO [IPv6:2001:db8::1]", "EHLO [2001:db8::1]", "EHLO localhost", "HELO 1.2.3", "EHLO a..b", "EHLO *", "EHLO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
}

// ours runs a session through the library.
func ours(t testing.TB, p *postfix.Policy, ss postfixSession) []string {
	t.Helper()
	status := func(name string) (string, restrict.NameStatus) {
		switch name {
		case "[UNAVAILABLE]":
			return "", restrict.NamePerm
		case "[TEMPUNAVAIL]":
			return "", restrict.NameTemp
		}
		return name, restrict.NameOK
	}
	c := postfix.Client{Addr: netip.MustParseAddr(ss.addr), Port: 49152, KnownNames: true, Socket: netip.MustParseAddr("127.0.0.1"),
		Local: netip.MustParseAddrPort(postfixAddr + ":25"), QueueID: func() string { return "QUEUEID" }}
	c.Name, c.NameStatus = status(ss.name)
	c.ReverseName, c.ReverseStatus = status(ss.reverse)
	s := p.NewSession(c)
	if ss.login != "" {
		s.SetAuth("XCLIENT", ss.login)
	}
	ctx := context.Background()
	wire := func(r postfix.Reply) string {
		if r.Silent {
			return ""
		}
		return string(r.Append(nil))
	}
	return play(ss.cmds, wire(s.Connect(ctx)), func(line string) string {
		if strings.HasPrefix(line, "Subject:") {
			return wire(s.EndOfData(ctx, 23))
		}
		return wire(s.Command(ctx, line, false))
	})
}

func compilePostfix(t testing.TB, dir string, c *postfixConf, srv postfix.Resolver) *postfix.Policy {
	t.Helper()
	params := postfixBase(dir)
	for k, v := range c.params(dir) {
		params[k] = v
	}
	p, err := postfix.Compile(postfix.Config{Params: params, Version: postfix.V37, Resolver: srv, ReadFile: os.ReadFile,
		Interfaces: []netip.Addr{netip.MustParseAddr("127.0.0.1")},
		Policy: func(ps postfix.PolicyService) postfix.PolicyClient {
			return &policyd.Client{Network: ps.Network, Address: ps.Address, Timeout: ps.Timeout, Tries: ps.TryLimit, RetryDelay: ps.RetryDelay}
		}})
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return p
}

// TestPostfix compares every reply of a real Postfix with that of the library.
func TestPostfix(t *testing.T) {
	servePolicy(t)
	seed, random, sessions := uint64(7), 10, 4
	if os.Getenv("MAILSEC_INTEROP_LONG") != "" {
		seed, random, sessions = rand.Uint64(), 60, 12
	}
	r := rand.New(rand.NewPCG(seed, 3))
	confs := append([]postfixConf(nil), publishedConfs...)
	for i := range random {
		confs = append(confs, randomConf(r, i))
	}
	confs[0].tables = postfixTables
	s := startPostfix(t, confs, postfixZone)
	resolver := s.zone.Resolver()
	played, replies, differ := 0, 0, 0
	var took, ourTime time.Duration
	for i := range confs {
		p := compilePostfix(t, s.dir, &confs[i], resolver)
		for range sessions {
			ss := randomSession(r)
			start := time.Now()
			theirs := s.play(t, i, ss)
			if theirs == nil {
				continue
			}
			played++
			middle := time.Now()
			mine := ours(t, p, ss)
			took, ourTime = took+middle.Sub(start), ourTime+time.Since(middle)
			if at(theirs, len(theirs)-1) == "" && s.crashed() {
				t.Logf("%s: smtpd crashed; the rest of its sessions is left out", confs[i].name)
				break
			}
			for n := range max(len(mine), len(theirs)) {
				got, want := at(mine, n), at(theirs, n)
				replies++
				if got != want && !(strings.HasPrefix(got, "250") && strings.HasPrefix(want, "250") && n > 0 && strings.HasPrefix(ss.cmds[n-1], "EHLO")) {
					differ++
					t.Errorf("%s, client %s %s %s login %q, commands %q:\nreply %d:\n got %q\nwant %q\n%v", confs[i].name, ss.addr, ss.name, ss.reverse, ss.login, ss.cmds[:n], n, got, want, confs[i].main)
					break
				}
			}
		}
		if differ > 10 {
			break
		}
	}
	n := float64(played)
	t.Logf("seed %d: %d configurations, %d sessions, %d replies, %d sessions differ; one after the other, Postfix plays %.0f and the library %.0f sessions a second",
		seed, len(confs), played, replies, differ, n/took.Seconds(), n/ourTime.Seconds())
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(none)"
}
