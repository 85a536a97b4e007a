package postfix

import "strings"

// order looks at the order of the checks in a list, at what it costs and at
// what it keeps from being reached.
func (l *linter) order(list string, els []element) {
	l.localLast(els)
	l.networksLate(els)
	l.permitDestination(els)
	permitted := false
	for i := range els {
		e := &els[i]
		switch {
		case e.name == "permit_mynetworks" || e.name == "permit_sasl_authenticated":
			permitted = true
		case e.name == "reject_unlisted_recipient" && permitted && !l.is("smtpd_reject_unlisted_recipient", "no"):
			l.at(e, "unlisted-anyway", Note, "own users are not spared: after all lists the recipient is checked once more, for everybody",
				"set smtpd_reject_unlisted_recipient = no if they are to be spared, or move this before the permits")
		case (e.name == "permit_dnswl_client" || e.name == "permit_rhswl_client") && guardAfter(els[i:]):
			l.at(e, "allowlist-failure", Note, "when the DNS lookup fails, the refusal to relay further on in this list becomes a 450", "move it after reject_unauth_destination")
		case (list == "smtpd_data_restrictions" || list == "smtpd_end_of_data_restrictions") && aboutRecipientOnly(e.name):
			l.at(e, "recipient-unknown", Note, "with more than one recipient this list knows none, so this has no effect", "move it to smtpd_recipient_restrictions")
		case list == "smtpd_etrn_restrictions" && (aboutRecipientOnly(e.name) || strings.Contains(e.name, "_sender")):
			l.at(e, "recipient-unknown", Note, "ETRN has neither sender nor recipient, so this has no effect", "remove it")
		}
	}
}

func guardAfter(els []element) bool {
	for i := range els {
		if guards[els[i].name] && !els[i].warn {
			return true
		}
	}
	return false
}

func aboutRecipientOnly(name string) bool {
	return strings.HasSuffix(name, "_destination") || strings.HasPrefix(name, "check_recipient") || strings.HasPrefix(name, "reject_") &&
		(strings.HasSuffix(name, "_recipient") || strings.HasSuffix(name, "_recipient_domain"))
}

// localLast finds checks that need no network after the first one that asks a
// DNS list or probes an address.
func (l *linter) localLast(els []element) {
	first := -1
	for i := range els {
		e := &els[i]
		switch {
		case first < 0 && (isListCheck(e.name) && strings.HasPrefix(e.name, "reject_") || strings.HasPrefix(e.name, "reject_unverified_")):
			first = i
		case first >= 0 && l.local(e):
			l.at(&els[first], "lookup-before-local", Note, "the network is asked although "+e.text+" further on decides without", "move it after "+e.text)
			return
		}
	}
}

// local reports whether a check decides by itself.
func (l *linter) local(e *element) bool {
	switch e.name {
	case "reject_invalid_helo_hostname", "reject_invalid_hostname", "reject_non_fqdn_helo_hostname", "reject_non_fqdn_hostname",
		"reject_non_fqdn_sender", "reject_non_fqdn_recipient", "reject_unlisted_sender", "reject_unlisted_recipient":
		return true
	}
	return isAccess(e.name) && !asksServers(e.name) && strings.Contains(e.arg, ":") && l.c.tables.get(e.arg).local != nil
}

// isAccess reports whether a restriction is a check_*_access.
func isAccess(name string) bool {
	return strings.HasPrefix(name, "check_") && strings.HasSuffix(name, "_access")
}

// asksServers reports whether a check_*_access looks up hosts in the DNS.
func asksServers(name string) bool {
	return strings.HasSuffix(name, "_a_access") || strings.HasSuffix(name, "_mx_access") || strings.HasSuffix(name, "_ns_access")
}

// asksNetwork reports whether a restriction waits for the DNS, for a DNS list
// or for the probe of an address.
func asksNetwork(name string) bool {
	switch name {
	case "reject_unknown_sender_domain", "reject_unknown_recipient_domain", "reject_unknown_address",
		"reject_unknown_helo_hostname", "reject_unknown_hostname", "reject_maps_rbl", "reject_unverified_sender", "reject_unverified_recipient":
		return true
	}
	return isListCheck(name) && strings.HasPrefix(name, "reject_") || isAccess(name) && asksServers(name)
}

// networksLate finds permit_mynetworks after what needs the network.
func (l *linter) networksLate(els []element) {
	var dns, policy *element
	for i := range els {
		e := &els[i]
		switch {
		case e.name == "permit_mynetworks" && dns != nil:
			l.at(e, "networks-late", Note, "the hosts of mynetworks wait for "+dns.text+" first, and can be refused by it", "move permit_mynetworks before it")
			dns = nil
		case e.name == "check_policy_service" && policy == nil:
			policy = e
		case dns == nil && asksNetwork(e.name):
			dns = e
		}
		if e.name == "permit_mynetworks" && policy != nil {
			l.at(policy, "policy-before-networks", Note, "the policy service is asked about the hosts of mynetworks too", "move it after permit_mynetworks")
			return
		}
	}
}

// permitDestination finds checks that mail for the own domains does not reach.
func (l *linter) permitDestination(els []element) {
	for i := range els {
		if els[i].name != "permit_auth_destination" {
			continue
		}
		for j := i + 1; j < len(els); j++ {
			if e := &els[j]; !guards[e.name] && e.name != "warn_if_reject" && !strings.HasPrefix(e.name, "permit") {
				l.at(e, "unreachable", Warning, "permit_auth_destination ends the list for mail to the own domains, so this is never reached for it", "move it before permit_auth_destination")
				return
			}
		}
		return
	}
}

// together looks at policy services without an answer for when they are down, and
// at the two lists whose order depends on compatibility_level.
func (l *linter) together() {
	services := map[string]*element{}
	var bare *element
	for _, list := range listOrder {
		for i := range l.elements[list] {
			e := &l.elements[list][i]
			if e.name != "check_policy_service" || services[e.arg] != nil {
				continue
			}
			services[e.arg] = e
			if bare == nil && !strings.Contains(e.arg, "default_action") {
				bare = e
			}
		}
	}
	if _, set := l.c.conf.Lookup("smtpd_policy_service_default_action"); !set && bare != nil && len(services) > 1 {
		l.at(bare, "policy-no-default", Note, "there are several policy services, and when any of them is down all mail is refused with 451 4.3.5",
			"say what is to happen then, such as { inet:host:port, default_action=DUNNO }")
	}
	_, relaySet := l.c.conf.Lookup("smtpd_relay_restrictions")
	_, orderSet := l.c.conf.Lookup("smtpd_relay_before_recipient_restrictions")
	recipient := l.elements["smtpd_recipient_restrictions"]
	relayFirst := l.is("smtpd_relay_before_recipient_restrictions", "yes")
	switch {
	case relaySet && !orderSet && !relayFirst && len(l.elements["smtpd_relay_restrictions"]) > 0 && len(recipient) > 0:
		l.param("smtpd_relay_before_recipient_restrictions", "list-order", Note,
			"smtpd_recipient_restrictions runs before smtpd_relay_restrictions; from compatibility_level 3.6 on it is the other way round",
			"set smtpd_relay_before_recipient_restrictions = yes, or compatibility_level = 3.6")
	case !relaySet && relayFirst && l.service == "" && guardAfter(recipient):
		l.param("smtpd_relay_restrictions", "defer-relay", Note,
			"the default of this list has defer_unauth_destination and runs first: strangers who try to relay are told to come back later, whatever smtpd_recipient_restrictions says",
			"set smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination")
	}
	l.heloSkipped()
}

// heloSkipped finds HELO checks that a client avoids by sending no HELO.
func (l *linter) heloSkipped() {
	if l.is("smtpd_helo_required", "yes") || len(l.elements["smtpd_helo_restrictions"]) > 0 || l.service != "" {
		return
	}
	for _, list := range listOrder {
		for i := range l.elements[list] {
			if e := &l.elements[list][i]; isHeloCheck(e.name) {
				l.at(e, "helo-not-required", Warning, "a client that sends no HELO skips this check", "set smtpd_helo_required = yes")
				return
			}
		}
	}
}

func isHeloCheck(name string) bool {
	return strings.Contains(name, "_helo") || name == "reject_invalid_hostname" || name == "reject_non_fqdn_hostname" || name == "reject_unknown_hostname"
}
