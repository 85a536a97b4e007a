// Package postfix answers the commands of an SMTP client as Postfix does with
// the same main.cf: restriction lists, access(5) tables, restriction classes,
// delayed rejects, remembered deferrals and the texts of the replies. It is for
// servers written in Go that take over a Postfix configuration, and for tools
// that explain or check one.
//
//	policy, err := postfix.Compile(postfix.Config{Main: text, Resolver: resolver})
//	s := policy.NewSession(postfix.Client{Addr: addr, Local: local})
//	reply := s.Connect(ctx)
//	reply = s.Command(ctx, "EHLO client.example", false)
//
// The functions most callers want are [Compile], [Policy.NewSession] and the
// methods of [Session], one for each command; [Lint] finds the mistakes in a
// configuration, [WhatIf] replays recorded sessions under another one.
//
// # What is followed
//
// Postfix 3.12, or 3.7 with [V37]: smtpd_client_restrictions to
// smtpd_end_of_data_restrictions and smtpd_etrn_restrictions with all their
// restrictions, the actions of access(5), address rewriting and address classes
// before the checks, smtpd_delay_reject, relay control before or after the
// recipient list, unlisted recipients and senders, sender login maps, DNS lists
// with reply templates, policy delegation, soft_bounce, the reject footer, and
// the protocol replies of RFC 5321 in Postfix's words. Banner and EHLO
// capabilities belong to the server.
//
// Tables are read from their source text, see the Config; tables that live
// elsewhere are a [Table]. Policy servers are asked through [Config].Policy, for
// which a client of package policyd is made:
//
//	Policy: func(ps postfix.PolicyService) postfix.PolicyClient {
//		return &policyd.Client{Network: ps.Network, Address: ps.Address, Timeout: ps.Timeout}
//	}
//
// # Mistakes
//
// Compile fails, with file and line, for what Postfix does not start with. What
// Postfix only meets when evaluation reaches it (an unknown restriction, a
// table that cannot be opened) compiles to a rule that answers 451 4.3.5, as
// Postfix does. Lint reports those and much more.
//
// An error never accepts: a lookup that fails, in a table, in the DNS for an
// allow list, at a policy server or in a probe, ends in a refusal for now or
// leaves the decision to the rules that follow; no recipient that relay control
// refuses is accepted because something failed. When the context has ended,
// nothing is accepted.
//
// # Deviations
//
// Deviation: local_recipient_maps is empty by default, as there is no system
// account database here; without it every local recipient is accepted.
//
// Deviation: mynetworks is the loopback networks by default, and inet_interfaces
// = all means [Config.Interfaces]: this package does not look at the host.
//
// Deviation: a restriction class that includes itself makes Postfix crash; here
// the connection is closed when evaluation reaches it, and Compile fails where
// Postfix would not start. A DNS list with a bad =pattern closes the connection,
// as the death of smtpd does.
//
// Deviation: answers of DNS lists are not cached beyond what the Resolver does.
//
// # Extension
//
// With [Config.Extensions] a list may hold check_result { condition, action }
// with a condition of package restrict, such as "check_result { spf=fail,
// REJECT SPF says no }", and any access(5) action: one list for the whole
// policy.
//
// # Limits
//
// Lists nest at most 100 deep; a check looks at 100 servers and addresses at
// most; the reason of a DNS list is cut at 500 octets, a reply at 510 octets.
//
// # Concurrency and memory
//
// A Policy is an immutable value, safe for concurrent use: to reload, compile a
// new one and swap an atomic pointer; sessions keep the one they started with.
// A Session belongs to one goroutine at a time.
//
// Out of scope: delivery, header and body checks, milters, SASL itself.
package postfix
