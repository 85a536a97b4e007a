package postfix

import "github.com/mailsec-go/mailsec/restrict"

// restrictions returns the builders of all restrictions, by their name in
// lower case.
func restrictions() map[string]builder {
	m := map[string]builder{}
	addGeneric(m)
	addClient(m)
	addHelo(m)
	addAddresses(m)
	return m
}

func addGeneric(m map[string]builder) {
	m["permit"] = plain(restrict.Accept, nil)
	m["reject"] = plain(restrict.Deny, func(c *compiler) *framed {
		return &framed{code: c.p.codes.reject, enh: enh(5, 7, 1), text: "Access denied"}
	})
	m["defer"] = plain(restrict.Deny, func(c *compiler) *framed {
		return &framed{code: c.p.codes.deferred, enh: enh(4, 3, 2), text: "Try again later"}
	})
	m["defer_if_permit"] = plain(restrict.DeferIfPermit, func(*compiler) *framed {
		return &framed{code: 450, enh: enh(4, 7, 0), text: "defer_if_permit requested"}
	})
	m["defer_if_reject"] = plain(restrict.DeferIfReject, func(*compiler) *framed {
		return &framed{code: 450, enh: enh(4, 7, 0), text: "defer_if_reject requested"}
	})
	m["check_policy_service"] = builder{build: policyBuilder}
	m["sleep"] = builder{build: sleepBuilder}
	m["reject_unauth_pipelining"] = test(restrict.Deny, func(*compiler) restrict.Cond { return check(pipelining) })
	m["reject_plaintext_session"] = test(restrict.Deny, func(c *compiler) restrict.Cond { return check(c.p.plaintext) })
	m["reject_multi_recipient_bounce"] = test(restrict.Deny, func(c *compiler) restrict.Cond { return check(c.p.multiBounce) })
	m["permit_mynetworks"] = test(restrict.Accept, func(c *compiler) restrict.Cond { return check(c.p.myNetworks) })
	m["permit_inet_interfaces"] = test(restrict.Accept, func(c *compiler) restrict.Cond { return check(c.p.ownInterface) })
	m["permit_sasl_authenticated"] = test(restrict.Accept, func(c *compiler) restrict.Cond { return check(c.p.saslUser) })
	m["permit_tls_clientcerts"] = test(restrict.Accept, func(c *compiler) restrict.Cond { return check(c.p.clientCert) })
	m["permit_tls_all_clientcerts"] = test(restrict.Accept, func(*compiler) restrict.Cond { return check(trustedCert) })
}

func addClient(m map[string]builder) {
	m["reject_unknown_client_hostname"] = test(restrict.Deny, func(c *compiler) restrict.Cond { return check(c.p.unknownClient) })
	m["reject_unknown_client"] = m["reject_unknown_client_hostname"]
	m["reject_unknown_reverse_client_hostname"] = test(restrict.Deny, func(c *compiler) restrict.Cond { return check(c.p.unknownReverse) })
	m["reject_rbl_client"] = listBuilder(subjectAddr, classClient, false)
	m["reject_rbl"] = m["reject_rbl_client"]
	m["reject_rhsbl_client"] = listBuilder(subjectClient, classClient, false)
	m["reject_rhsbl_reverse_client"] = listBuilder(subjectReverse, classReverse, false)
	m["permit_dnswl_client"] = listBuilder(subjectAddr, classClient, true)
	m["permit_rhswl_client"] = listBuilder(subjectClient, classClient, true)
	m["reject_maps_rbl"] = builder{build: mapsRBL, until9: true}
	m["check_client_access"] = accessBuilder(accessClient, "")
	m["check_reverse_client_hostname_access"] = accessBuilder(accessReverse, "")
	m["check_sasl_access"] = accessBuilder(accessSASL, "")
	m["check_ccert_access"] = accessBuilder(accessCert, "")
	for _, server := range []string{"A", "MX", "NS"} {
		low := lower(server)
		m["check_client_"+low+"_access"] = accessBuilder(accessClient, server)
		m["check_reverse_client_hostname_"+low+"_access"] = accessBuilder(accessReverse, server)
		m["check_helo_"+low+"_access"] = accessBuilder(accessHelo, server)
		m["check_sender_"+low+"_access"] = accessBuilder(accessSender, server)
		m["check_recipient_"+low+"_access"] = accessBuilder(accessRecipient, server)
	}
}

func addHelo(m map[string]builder) {
	m["reject_invalid_helo_hostname"] = test(restrict.Deny, func(c *compiler) restrict.Cond { return check(c.p.invalidHelo) })
	m["reject_invalid_hostname"] = m["reject_invalid_helo_hostname"]
	m["reject_non_fqdn_helo_hostname"] = test(restrict.Deny, func(c *compiler) restrict.Cond { return check(c.p.nonFQDNHelo) })
	m["reject_non_fqdn_hostname"] = m["reject_non_fqdn_helo_hostname"]
	m["reject_unknown_helo_hostname"] = tempfail("unknown_helo_hostname_tempfail_action", func(c *compiler) restrict.Cond { return check(c.p.unknownHelo) })
	m["reject_unknown_hostname"] = m["reject_unknown_helo_hostname"]
	m["permit_naked_ip_address"] = builder{until9: true, build: func(l *lister, name string) {
		l.add(name, restrict.Rule{Verb: restrict.Accept, Ops: cond(check(l.c.p.nakedIP))})
	}}
	m["reject_rhsbl_helo"] = listBuilder(subjectHelo, classHelo, false)
	m["check_helo_access"] = accessBuilder(accessHelo, "")
	m["check_etrn_access"] = accessBuilder(accessEtrn, "")
}

func addAddresses(m map[string]builder) {
	for _, a := range []struct {
		who  string
		a    about
		subj func(*Session) (string, bool)
		kind accessKind
	}{
		{"sender", aboutSender, subjectSender, accessSender},
		{"recipient", aboutRecipient, subjectRecipient, accessRecipient},
	} {
		m["reject_non_fqdn_"+a.who] = test(restrict.Deny, func(c *compiler) restrict.Cond { return c.p.nonFQDN(a.a) })
		m["reject_unknown_"+a.who+"_domain"] = tempfail("unknown_address_tempfail_action", func(c *compiler) restrict.Cond { return c.p.unknownDomain(a.a) })
		m["reject_unlisted_"+a.who] = test(restrict.Deny, func(c *compiler) restrict.Cond { return c.p.unlisted(a.a) })
		m["reject_unverified_"+a.who] = unverifiedBuilder(a.a, a.who)
		m["reject_rhsbl_"+a.who] = listBuilder(a.subj, a.a.class, false)
		m["check_"+a.who+"_access"] = accessBuilder(a.kind, "")
	}
	m["reject_unknown_address"] = m["reject_unknown_sender_domain"]
	m["check_recipient_maps"] = m["reject_unlisted_recipient"]
	for name, kind := range map[string]byte{"authenticated": 'a', "known": 'k', "unauthenticated": 'u'} {
		m["reject_"+name+"_sender_login_mismatch"] = test(restrict.Deny, func(c *compiler) restrict.Cond { return c.p.loginCheck(kind) })
	}
	m["reject_unauth_destination"] = relayRule(restrict.Deny, func(c *compiler) (uint16, restrict.Enhanced) { return c.p.codes.relay, enh(5, 7, 1) })
	m["defer_unauth_destination"] = relayRule(restrict.Deny, func(c *compiler) (uint16, restrict.Enhanced) { return c.p.codes.relay - 100, enh(4, 7, 1) })
	m["permit_auth_destination"] = test(restrict.Accept, func(c *compiler) restrict.Cond { return check(c.p.permitAuth) })
	m["permit_mx_backup"] = builder{build: func(l *lister, name string) {
		l.needDNS(name)
		l.add(name, restrict.Rule{Verb: restrict.Accept, Ops: cond(check(l.c.p.mxBackup))})
	}}
	m["check_relay_domains"] = builder{until9: true, build: func(l *lister, name string) {
		dry := l.dry
		l.dry = false
		l.add(name, restrict.Rule{Verb: restrict.Accept, Ops: cond(check(l.c.p.relayClient))})
		l.dry = dry
		l.add(name, restrict.Rule{Verb: restrict.Deny, Reply: &relayDenied{l.c.p.codes.relay}, Ops: cond(check(haveRecipient))})
	}}
}
