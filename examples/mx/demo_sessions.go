package main

import "github.com/mailsec-go/mailsec/dkim"

// A scene is one session of the demonstration: who connects, what he says, and
// what must come of it.
type scene struct {
	name   string
	client string // the address that the proxy passes on
	helo   string
	port   port
	tls    bool               // STARTTLS first
	login  string             // AUTH as this user, "" for not at all
	from   string             // MAIL FROM
	to     string             // RCPT TO
	mail   mail               // sent if the server wants it
	before func(*world) error // changes the world before the client connects

	want outcome
}

// A port is a service of the server.
type port uint8

const (
	smtpPort port = iota
	submissionPort
)

// An outcome is what the demonstration insists on. The texts are parts of what
// the server reports.
type outcome struct {
	reply            string // how the decisive reply begins
	rule             string // what the name of the deciding rule contains
	spf, dkim, dmarc string
	rbl              string
}

// keys are the DKIM keys of the scenes.
var keys = []struct {
	domain, selector string
	alg              dkim.Algorithm
}{
	{"example.com", "mail", dkim.RSASHA256},
	{"example.com", "ed", dkim.Ed25519SHA256},
	{"club.example", "k1", dkim.Ed25519SHA256},
}

// The people of the scenes.
const (
	alice = "Alice <alice@example.org>"
	eve   = "Eve <eve@example.com>"
)

const greeting = "Good morning,\n\nthe plans are below.\n..\nSee you on Friday.\n"

var scenes = []scene{
	{
		name:   "clean message, everything aligned",
		client: "192.0.2.10", helo: "mail.example.com", tls: true,
		from: "eve@example.com", to: "alice@example.org",
		mail: mail{from: eve, to: alice, subject: "Plans", body: greeting, signedBy: "example.com"},
		want: outcome{reply: "250 2.0.0", rule: "dmarc", spf: "pass", dkim: "pass", dmarc: "pass"},
	},
	{
		name:   "forged From, DMARC says reject",
		client: "203.0.113.66", helo: "mail.bulk.example",
		from: "offer@bulk.example", to: "alice@example.org",
		mail: mail{from: eve, to: alice, subject: "Your invoice", body: "Pay now.\n"},
		want: outcome{reply: "550 5.7.1", rule: "dmarc", spf: "pass", dkim: "none", dmarc: "fail"},
	},
	{
		name:   "SPF fail, with the domain's explanation",
		client: "203.0.113.66", helo: "mail.bulk.example",
		from: "info@bank.example", to: "alice@example.org",
		want: outcome{reply: "550 5.7.23", rule: "check_policy_service", spf: "fail"},
	},
	{
		name:   "SPF pass through a chain of includes",
		client: "198.51.100.5", helo: "out5.provider.example", tls: true,
		from: "bounces@news.shop.example", to: "bob@example.org",
		mail: mail{from: "Shop <news@shop.example>", to: "bob@example.org", subject: "News", body: "None.\n"},
		want: outcome{reply: "250 2.0.0", rule: "dmarc", spf: "pass", dkim: "none", dmarc: "pass"},
	},
	{
		name:   "DKIM broken by a mailing list's footer",
		client: "198.51.100.30", helo: "lists.example.net",
		from: "members-bounces@lists.example.net", to: "alice@example.org",
		mail: mail{from: "Carol <carol@club.example>", to: "members@lists.example.net", subject: "[members] Minutes",
			body: "See the attachment.\n", signedBy: "club.example", footer: "-- \nmembers mailing list\n"},
		want: outcome{reply: "250 2.0.0", rule: "dmarc", spf: "pass", dkim: "fail", dmarc: "fail"},
	},
	{
		name:   "forwarded: SPF fails, DKIM passes",
		client: "198.51.100.20", helo: "forward.example.net", tls: true,
		from: "eve@example.com", to: "alice@example.org",
		mail: mail{from: eve, to: "alice@alumni.example", subject: "Hello", body: greeting, signedBy: "example.com"},
		want: outcome{reply: "250 2.0.0", rule: "check_client_access hash:client_checks, then dmarc", spf: "fail", dkim: "pass", dmarc: "pass"},
	},
	{
		name:   "forged From, DMARC says quarantine",
		client: "203.0.113.66", helo: "mail.bulk.example",
		from: "offer@bulk.example", to: "bob@example.org",
		mail: mail{from: "Shop <news@shop.example>", to: "bob@example.org", subject: "Sale", body: "Cheap.\n"},
		want: outcome{reply: "250 2.0.0", rule: "dmarc", spf: "pass", dkim: "none", dmarc: "fail"},
	},
	{
		name:   "client without reverse DNS",
		client: "203.0.113.99", helo: "mail.example.com",
		from: "eve@example.com", to: "alice@example.org",
		want: outcome{reply: "450 4.7.1", rule: "reject_unknown_reverse_client_hostname"},
	},
	{
		name:   "client on a DNS blocklist",
		client: "203.0.113.13", helo: "pool13.isp.example",
		from: "dave@isp.example", to: "alice@example.org",
		want: outcome{reply: "554 5.7.1", rule: "reject_rbl_client", rbl: "block"},
	},
	{
		name:   "the same client, now on an allow list too",
		client: "203.0.113.13", helo: "pool13.isp.example",
		from: "dave@isp.example", to: "alice@example.org",
		before: func(w *world) error { return w.publish("13.113.0.203.list.allow.test. 60 IN A 127.0.9.2") },
		mail:   mail{from: "Dave <dave@isp.example>", to: alice, subject: "Cleaned up", body: "It was the router.\n"},
		want:   outcome{reply: "250 2.0.0", rule: "permit_dnswl_client list.allow.test, then dmarc", spf: "pass", dkim: "none", dmarc: "none", rbl: "allow"},
	},
	{
		name:   "HELO with our own name",
		client: "203.0.113.66", helo: "mx.example.org",
		from: "offer@bulk.example", to: "alice@example.org",
		want: outcome{reply: "554 5.7.1 <mx.example.org>: Helo command rejected: Only I am me", rule: "check_helo_access"},
	},
	{
		name:   "sender without a full domain",
		client: "192.0.2.10", helo: "mail.example.com",
		from: "root@localhost", to: "alice@example.org",
		want: outcome{reply: "504 5.5.2", rule: "reject_non_fqdn_sender"},
	},
	{
		name:   "sender domain that does not exist",
		client: "192.0.2.10", helo: "mail.example.com",
		from: "eve@typo-example.com", to: "alice@example.org",
		want: outcome{reply: "550 5.1.8", rule: "reject_unknown_sender_domain"},
	},
	{
		name:   "relay attempt",
		client: "192.0.2.10", helo: "mail.example.com",
		from: "eve@example.com", to: "somebody@shop.example",
		want: outcome{reply: "554 5.7.1", rule: "reject_unauth_destination"},
	},
	{
		name:   "own domain as sender without a login",
		client: "203.0.113.66", helo: "mail.bulk.example",
		from: "bob@example.org", to: "alice@example.org",
		want: outcome{reply: "554 5.7.1", rule: "check_sender_access"},
	},
	{
		name:   "recipient that does not exist",
		client: "192.0.2.10", helo: "mail.example.com",
		from: "eve@example.com", to: "alcie@example.org",
		want: outcome{reply: "550 5.1.1", rule: "reject_unlisted_recipient"},
	},
	{
		name:   "SPF cannot be looked up: come back later",
		client: "192.0.2.10", helo: "mail.example.com",
		from: "frank@broken.example", to: "alice@example.org",
		want: outcome{reply: "451 4.7.24", rule: "check_policy_service", spf: "temperror"},
	},
	{
		name:   "bounce: null sender, SPF for the HELO name",
		client: "192.0.2.10", helo: "mail.example.com",
		from: "", to: "bob@example.org",
		mail: mail{from: "MAILER-DAEMON@mail.example.com", to: "bob@example.org", subject: "Undelivered", body: "Sorry.\n"},
		want: outcome{reply: "250 2.0.0", rule: "dmarc", spf: "pass", dkim: "none", dmarc: "pass"},
	},
	{
		name:   "smuggling: bare line ends around a dot",
		client: "192.0.2.10", helo: "mail.example.com",
		from: "eve@example.com", to: "alice@example.org",
		mail: mail{from: eve, to: alice, subject: "Two in one", body: greeting, signedBy: "example.com",
			raw: "\n.\nMAIL FROM:<ceo@example.com>\nRCPT TO:<bob@example.org>\nDATA\n\r\n"},
		want: outcome{reply: "550 5.6.0", rule: "line ends"},
	},
	{
		name:   "AUTH in clear",
		client: "203.0.113.99", helo: "laptop", port: submissionPort, login: "bob",
		want: outcome{reply: "530 5.7.0", rule: "smtpd_tls_security_level"},
	},
	{
		name:   "roaming user without reverse DNS, logged in",
		client: "203.0.113.99", helo: "laptop", port: submissionPort, tls: true, login: "bob",
		from: "bob@example.org", to: "alice@example.org",
		mail: mail{from: "Bob <bob@example.org>", to: alice, subject: "From the train", body: "Late.\n"},
		want: outcome{reply: "250 2.0.0", rule: "permit_sasl_authenticated"},
	},
	{
		name:   "logged in, writing in somebody else's name",
		client: "203.0.113.99", helo: "laptop", port: submissionPort, tls: true, login: "bob",
		from: "alice@example.org", to: "alice@example.org",
		want: outcome{reply: "553 5.7.1", rule: "reject_authenticated_sender_login_mismatch"},
	},
}
