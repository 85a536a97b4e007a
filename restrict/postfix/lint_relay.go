package postfix

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postconf"
	"github.com/mailsec-go/mailsec/internal/postmap"
)

// guards are the restrictions that refuse to relay for strangers.
var guards = map[string]bool{
	"reject_unauth_destination": true, "defer_unauth_destination": true, "reject": true, "defer": true,
	"check_relay_domains": true, "defer_if_permit": true,
}

// relay looks for ways to relay for strangers, and for costly checks of mail
// that is refused for relaying anyway.
func (l *linter) relay() {
	type hole struct {
		e   *element
		why string
	}
	clean := ""
	var holes []hole
	for _, list := range []string{"smtpd_relay_restrictions", "smtpd_recipient_restrictions"} {
		guarded, open := false, false
		for i := range l.elements[list] {
			e := &l.elements[list][i]
			if e.warn {
				continue
			}
			if guards[e.name] {
				guarded = true
				break
			}
			if why := l.letsIn(e); why != "" {
				open = true
				holes = append(holes, hole{e, why})
			}
		}
		if guarded && !open {
			clean = list
		}
	}
	for _, h := range holes {
		advice := "move it after reject_unauth_destination, or let the table say DUNNO or permit_auth_destination"
		if strings.HasPrefix(h.why, unreadWhy) {
			if clean == "" {
				l.at(h.e, "open-relay", Warning, h.why+", which cannot be looked into, accepts before reject_unauth_destination may relay anywhere", advice)
			}
		} else if clean == "" {
			l.at(h.e, "open-relay", Danger, h.why+" before reject_unauth_destination: whoever it matches may relay anywhere", advice)
		} else if len(l.elements[clean]) > 0 && h.e.name != "permit" {
			l.at(h.e, "permit-before-relay-check", Note, h.why+" before the relay check of the same list; only "+clean+" keeps this from being an open relay", advice)
		}
	}
	l.wideNetworks()
	l.costly()
}

// letsIn says why an element before the relay check may accept a stranger.
func (l *linter) letsIn(e *element) string {
	switch e.name {
	case "permit":
		return "permit accepts everybody"
	case "permit_dnswl_client", "permit_rhswl_client":
		return "" // asks for an authorised destination itself
	case "permit_naked_ip_address", "permit_tls_all_clientcerts":
		return e.name + " accepts strangers"
	}
	if !isAccess(e.name) || asksServers(e.name) || e.name == "check_sasl_access" || e.name == "check_ccert_access" || strings.HasPrefix(e.name, "check_reverse") {
		return "" // cannot say OK, or only about those who logged in
	}
	ok := l.firstPermit(e)
	switch {
	case ok == "" && l.unread(e):
		return unreadWhy + e.arg
	case ok == "":
		return ""
	case strings.HasPrefix(e.name, "check_sender") || strings.HasPrefix(e.name, "check_helo"):
		return ok + " accepts by what the client claims, which anybody can forge,"
	}
	return ok + " accepts"
}

// unreadWhy begins what is said about a table that cannot be looked into.
const unreadWhy = "whoever the table "

// unread reports whether a table exists outside of the configuration.
func (l *linter) unread(e *element) bool {
	if !strings.Contains(e.arg, ":") || strings.HasPrefix(e.arg, "{") {
		return false
	}
	t := l.c.tables.get(e.arg)
	return t.remote != nil || errors.Is(t.err, postmap.ErrType) && foreign(e.arg)
}

// firstPermit returns a description of the first entry of a table that
// accepts, "" when there is none or the table cannot be read.
func (l *linter) firstPermit(e *element) string {
	if why, known := l.openings[e.arg]; known {
		return why
	}
	l.openings[e.arg] = ""
	for _, en := range l.entries(e.arg) {
		if l.permits(e, en.Value) {
			l.openings[e.arg] = "the entry " + en.Key + " of " + e.arg + " (" + en.Value + ")"
			break
		}
	}
	return l.openings[e.arg]
}

// permits reports whether the result of a table accepts whatever it is about.
func (l *linter) permits(e *element, value string) bool {
	value = strings.TrimSpace(value)
	word, _, _ := strings.Cut(strings.ReplaceAll(value, "\t", " "), " ")
	switch lower(word) {
	case "ok", "relay", "":
		return true
	case "reject", "defer", "dunno", "hold", "discard", "info", "warn", "filter", "redirect", "bcc", "prepend":
		return false
	}
	if isDigits(value) {
		return true
	}
	els := l.parse(nil, e.list, fields(value), e.pos, nil, "", 0)
	for i := range els {
		if guards[els[i].name] && !els[i].warn {
			return false
		}
		if els[i].name == "permit" {
			return true
		}
	}
	return false
}

// entries returns the entries of a table that can be read.
func (l *linter) entries(spec string) []postmap.Entry {
	if !strings.Contains(spec, ":") || strings.HasPrefix(spec, "{") {
		return nil
	}
	t := l.c.tables.get(spec)
	if t.err != nil || t.indexed == nil {
		return nil
	}
	const most = 200_000
	out := make([]postmap.Entry, 0, min(t.indexed.Len(), most))
	for i := range min(t.indexed.Len(), most) {
		out = append(out, t.indexed.Entry(i))
	}
	return out
}

// wideNetworks looks at mynetworks.
func (l *linter) wideNetworks() {
	lists := postconf.Lists{ReadFile: l.c.cfg.ReadFile}
	for _, it := range lists.Items(l.c.get("mynetworks"), postconf.Pos{}) {
		text := it.Text
		if it.Table || it.Err != nil || !strings.Contains(text, "/") {
			continue
		}
		p, err := postmap.ParseNetwork(text)
		if err != nil {
			l.param("mynetworks", "bad-network", Danger, text+" is no network ("+err.Error()+"): every client that gets to it is refused with 451 4.3.0", "write address/length with no bits set after the network")
			continue
		}
		if !it.Neg && (p.Bits() == 0 || p.Addr().Is4() && p.Bits() < 8 && !p.Contains(netip.AddrFrom4([4]byte{127}))) {
			l.param("mynetworks", "open-relay", Danger, text+" trusts strangers, who may relay through this server", "list your own networks only")
		}
	}
}

// costly reports checks that ask the network before strangers are refused.
func (l *linter) costly() {
	lists := []string{"smtpd_recipient_restrictions", "smtpd_relay_restrictions"}
	if l.is("smtpd_relay_before_recipient_restrictions", "yes") {
		lists[0], lists[1] = lists[1], lists[0]
	}
	if !l.restricted() {
		for _, list := range listOrder[:3] { // these run before
			for i := range l.elements[list] {
				if e := &l.elements[list][i]; strings.HasPrefix(e.name, "reject_unverified_") {
					l.at(e, "lookup-before-relay-check", Note, "addresses are probed for mail that is refused for relaying anyway", "move it after reject_unauth_destination in smtpd_recipient_restrictions")
				}
			}
		}
	}
	for _, list := range lists {
		els := l.elements[list]
		for i := range els {
			if guards[els[i].name] && !els[i].warn {
				l.wasted(els[:i], &els[i])
				return // what follows is asked about other mail only
			}
		}
	}
}

// wasted reports what asks the network before the relay check of its list.
func (l *linter) wasted(els []element, guard *element) {
	for i := range els {
		switch e := &els[i]; {
		case e.name == "check_policy_service":
			l.at(e, "policy-before-relay-check", Note, "the policy service is asked about mail that is refused for relaying anyway", "move it after "+guard.text)
		case asksNetwork(e.name):
			l.at(e, "lookup-before-relay-check", Note, "DNS or an address probe is asked about mail that is refused for relaying anyway", "move it after "+guard.text)
		}
	}
}

// strict are the checks that a laptop or telephone on the road fails: its
// address has no proper name, is on the lists of end-user addresses, and its
// HELO name is made up.
func strictFor(name string) string {
	switch name {
	case "reject_unknown_reverse_client_hostname":
		return "refuses every client whose address has no PTR record (450 4.7.1 Client host rejected: cannot find your reverse hostname)"
	case "reject_unknown_client_hostname", "reject_unknown_client":
		return "refuses every client whose address and name do not match in both directions (450 4.7.25 Client host rejected: cannot find your hostname)"
	case "reject_rbl_client", "reject_rbl", "reject_maps_rbl":
		return "refuses clients on a DNS list, and the lists of end-user addresses hold every home connection"
	case "reject_rhsbl_client", "reject_rhsbl_reverse_client":
		return "refuses clients by their name on a DNS list"
	case "reject_invalid_helo_hostname", "reject_non_fqdn_helo_hostname", "reject_unknown_helo_hostname",
		"reject_invalid_hostname", "reject_non_fqdn_hostname", "reject_unknown_hostname", "reject_rhsbl_helo":
		return "refuses the HELO names of mail programs"
	}
	return ""
}

// users looks for checks that refuse the own users of the server.
func (l *linter) users() {
	if !l.hasUsers() {
		l.networks()
		return
	}
	reported := false
	for _, list := range listOrder[:5] {
		nets, sasl := false, false
		for i := range l.elements[list] {
			e := &l.elements[list][i]
			why := strictFor(e.name)
			switch {
			case e.name == "permit_mynetworks":
				nets = true
			case e.name == "permit_sasl_authenticated":
				sasl = true
			case why == "" || e.warn:
			case !sasl:
				what := "permit_sasl_authenticated"
				if !nets {
					what = "permit_mynetworks and permit_sasl_authenticated"
				}
				l.at(e, "users-refused", Warning, "own users are judged like strangers: it "+why+"; an OK in another list does not help",
					"put "+what+" before it in this list")
			case !nets && list != "smtpd_helo_restrictions":
				l.at(e, "networks-refused", Note, "the hosts of mynetworks are judged like strangers: it "+why, "put permit_mynetworks before it in this list")
			case !reported && strings.Contains(e.name, "client") && !l.restricted() && !l.hasSubmission():
				reported = true
				l.at(e, "roaming-users", Warning, "a user on the road who does not log in on this port is judged as a stranger: it "+why+
					". Only a login makes permit_sasl_authenticated apply, and port 25 and these lists are for other servers",
					"give your users a submission service in master.cf (587 or 465) with encryption, smtpd_client_restrictions = permit_sasl_authenticated, reject and "+
						"smtpd_sender_restrictions = reject_authenticated_sender_login_mismatch; let their programs log in there")
			}
		}
	}
}

// networks looks for checks that refuse the hosts of mynetworks in a list that
// does not spare them, while the recipient list does.
func (l *linter) networks() {
	spared := func(list string) bool {
		return slices.ContainsFunc(l.elements[list], func(e element) bool { return e.name == "permit_mynetworks" })
	}
	if !spared("smtpd_recipient_restrictions") {
		return
	}
	for _, list := range listOrder[:3] {
		for i := range l.elements[list] {
			e := &l.elements[list][i]
			if why := strictFor(e.name); why != "" && !e.warn && !spared(list) {
				l.at(e, "networks-refused", Note, "the hosts of mynetworks are judged like strangers: it "+why+"; permit_mynetworks in smtpd_recipient_restrictions does not help",
					"put permit_mynetworks before it in this list")
				break
			}
		}
	}
}

// hasUsers reports whether people send mail through this service.
func (l *linter) hasUsers() bool {
	if strings.EqualFold(strings.TrimSpace(l.c.get("smtpd_sasl_auth_enable")), "yes") {
		return true
	}
	for _, els := range l.elements {
		for i := range els {
			if els[i].name == "permit_sasl_authenticated" {
				return true
			}
		}
	}
	return false
}

// hasSubmission reports whether master.cf has a service for own users.
func (l *linter) hasSubmission() bool {
	for _, name := range []string{"submission", "submissions", "smtps", "587", "465"} {
		if l.services.Find(name, "inet") != nil {
			return true
		}
	}
	return false
}
