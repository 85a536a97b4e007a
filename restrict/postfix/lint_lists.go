package postfix

import (
	"slices"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postconf"
	"github.com/mailsec-go/mailsec/rbl"
	"github.com/mailsec-go/mailsec/restrict"
)

// oldNames are the names of former versions.
var oldNames = map[string]string{
	"reject_unknown_client": "reject_unknown_client_hostname", "reject_invalid_hostname": "reject_invalid_helo_hostname",
	"reject_non_fqdn_hostname": "reject_non_fqdn_helo_hostname", "reject_unknown_hostname": "reject_unknown_helo_hostname",
	"reject_unknown_address": "reject_unknown_sender_domain", "reject_rbl": "reject_rbl_client",
	"check_recipient_maps": "reject_unlisted_recipient",
}

// removedNames are gone since Postfix 3.9.
var removedNames = map[string]string{
	"check_relay_domains": "reject_unauth_destination", "reject_maps_rbl": "reject_rbl_client with each zone",
	"permit_naked_ip_address": "nothing; HELO names that are addresses are wrong",
}

// list looks at one list on its own.
func (l *linter) list(list string, els []element) {
	end := -1 // an element that ends the list
	for i := range els {
		e := &els[i]
		l.element(e)
		if end >= 0 && e.via != els[end].via {
			l.at(e, "unreachable", Warning, els[end].text+" ends the list, so this is never reached", "remove it, or move it before")
			break // one finding says it
		}
		if end < 0 && e.ends() && !e.warn && i+1 < len(els) {
			if els[i+1].via == e.via {
				l.at(&els[i+1], "unreachable", Warning, e.text+" ends the list, so this is never reached", "remove it, or move it before")
				break
			}
			end = i
		}
	}
	if n := len(els); n > 0 && els[n-1].name == "warn_if_reject" {
		l.at(&els[n-1], "warn-last", Warning, "nothing follows that it could apply to", "put it before the restriction to try out")
	}
	if n := len(els); n > 1 && els[n-1].name == "permit" && list != "smtpd_relay_restrictions" && list != "smtpd_recipient_restrictions" {
		return
	}
	l.nothingPasses(list, els)
}

// ends reports whether nothing after the element can be reached.
func (e *element) ends() bool {
	switch e.name {
	case "permit", "reject", "defer", "check_relay_domains":
		return true
	}
	return false
}

// nothingPasses finds lists of a server for everybody that refuse everybody.
func (l *linter) nothingPasses(list string, els []element) {
	if l.restricted() || len(els) == 0 || list == "smtpd_etrn_restrictions" {
		return
	}
	last := (*element)(nil)
	for i := range els {
		e := &els[i]
		if n := e.name; n == "permit_auth_destination" || n == "permit_mx_backup" || n == "permit" || strings.HasPrefix(n, "check_") || strings.HasPrefix(n, "permit_dnswl") {
			return
		}
		if (e.name == "reject" || e.name == "defer") && !e.warn {
			last = e
			break
		}
	}
	if last == nil {
		return
	}
	l.at(last, "refuses-all", Warning, "mail from other servers is refused: only own networks and users get past this list",
		"on a server that receives mail, end with reject_unauth_destination instead")
}

// restricted reports whether the service is for own users and programs only,
// as everything but port 25 is.
func (l *linter) restricted() bool {
	port := l.service[strings.LastIndexByte(l.service, ':')+1:]
	return port != "" && port != "smtp" && port != "25"
}

// element looks at one element without its surroundings.
func (l *linter) element(e *element) {
	switch {
	case strings.HasPrefix(e.text, "#"):
		l.at(e, "comment-in-list", Danger, "a comment cannot stand in a value; its words are taken as restrictions and mail is refused with 451", "put the comment on a line of its own that starts with #")
		return
	case isListCheck(e.name) && e.arg == "":
		l.at(e, "missing-argument", Danger, "the argument is missing, so this has no effect", "write the zone after the name")
		return
	case takesArgument(e.name) && e.arg == "":
		l.at(e, "missing-argument", Danger, "the argument is missing, so every mail is refused with 451 4.3.5 here", "write it after the name")
		return
	}
	if removed, ok := removedNames[e.name]; ok {
		level := Note
		if l.c.cfg.Version != V37 {
			level = Danger
		}
		l.at(e, "removed-name", level, "this restriction was removed in Postfix 3.9; from there on mail is refused with 451 4.3.5", "use "+removed)
	} else if now, ok := oldNames[e.name]; ok {
		l.at(e, "old-name", Note, "this is a name of former versions", "write "+now)
	} else if l.unknown(e) {
		return
	}
	switch {
	case isListCheck(e.name):
		l.blocklist(e)
	case e.name == "sleep" && !isDigits(e.arg):
		l.at(e, "bad-argument", Danger, "the argument is no number, so every mail is refused with 451 4.3.5 here", "write seconds")
	case e.name == "permit_mx_backup":
		l.at(e, "deprecated", Note, "whoever makes this host an MX of a domain may send mail for it through here", "name the domains in relay_domains")
	case isAccess(e.name) && e.name != "check_ccert_access" && strings.HasPrefix(e.arg, "{"):
		l.at(e, "bad-argument", Danger, "braces around a table make it unusable, so every mail is refused with 451 4.3.5 here", "write type:name without them")
	case isAccess(e.name) && !strings.Contains(e.arg, ":"):
		l.at(e, "bad-argument", Danger, "the argument is no table, so every mail is refused with 451 4.3.5 here", "write type:name, such as hash:/etc/postfix/access")
	}
	l.stage(e)
	l.login(e)
}

// unknown reports a name that is no restriction.
func (l *linter) unknown(e *element) bool {
	name := e.name
	if name == "warn_if_reject" || l.c.builders[name].build != nil || l.c.p.classes[e.text] != "" || name == "check_result" && l.c.cfg.Extensions {
		return false
	}
	if name == "" { // a table in a list without a check of its own
		l.at(e, "bad-table", Danger, "a table cannot stand alone in this list; mail is refused with 451 4.3.5", "put the check before it, such as check_client_access")
		return true
	}
	advice := "remove it, or define it in smtpd_restriction_classes"
	if near := l.nearest(name); near != "" {
		advice = "did you mean " + near + "?"
	}
	for class := range l.c.p.classes {
		if equalFold(class, e.text) {
			advice = "names of classes are case sensitive: " + class
		}
	}
	l.at(e, "unknown-restriction", Danger, "there is no such restriction; every mail that gets here is refused with 451 4.3.5", advice)
	return true
}

// nearest returns the restriction whose name differs least.
func (l *linter) nearest(name string) string {
	best, where := 4, ""
	for known := range l.c.builders {
		if d := distance(name, known, best); d < best || d == best && d < 4 && known < where {
			best, where = d, known
		}
	}
	if where == "" && len(name) > 8 {
		for known := range l.c.builders {
			if strings.HasPrefix(known, name) && (where == "" || known < where) {
				where = known
			}
		}
	}
	return where
}

// distance returns the number of edits between two names, or limit when there
// are at least that many. A swap of two neighbours is one edit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	var prev2 []int
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, row
	}
	return min(prev[len(b)], limit)
}

// blocklist looks at the argument of a DNS list check.
func (l *linter) blocklist(e *element) {
	zone, pattern, hasPattern := strings.Cut(e.arg, "=")
	if l.c.builders[lower(zone)].build != nil || lower(zone) == "permit" || lower(zone) == "reject" {
		l.at(e, "rbl-argument", Danger, "the next restriction is taken as the name of the DNS list and does not run itself", "write the zone after "+e.name)
		return
	}
	if strings.Contains(zone, ":") || !strings.Contains(zone, ".") {
		l.at(e, "rbl-argument", Warning, "this is not the name of a DNS list", "write the zone after "+e.name)
		return
	}
	if why, ok := rbl.Retired(zone); ok {
		l.at(e, "rbl-retired", Danger, "this DNS list is gone: "+why, "remove it")
	}
	if !l.c.tables.maps(fields(l.c.get("rbl_reply_maps"))).has(e.arg, zone) && hideKey(zone) != zone && strings.HasPrefix(e.name, "reject_") {
		l.at(e, "rbl-key", Warning, "the reply names the DNS list with your key in it, to every client that is refused", "give the list a reply of its own in rbl_reply_maps")
	}
	if hasPattern {
		if _, err := rbl.ParsePattern(pattern); err != nil {
			l.at(e, "rbl-pattern", Danger, "the pattern is none, and smtpd dies when it gets here", "write four numbers or [n;a..b] parts, such as 127.0.0.[2..11]")
		}
	} else if strings.HasPrefix(e.name, "reject_") && dnsname0(zone, "spamhaus.org") {
		l.at(e, "rbl-error-answer", Warning, "an error answer such as 127.255.255.254 (query through a public resolver, over quota) counts as listed and refuses everybody",
			"write the codes that count, such as "+zone+"=127.0.0.[2..11]")
	}
	if lower(strings.TrimSuffix(zone, ".")) == "pbl.spamhaus.org" {
		l.at(e, "rbl-pbl", Warning, "this list holds the addresses of end users, your own among them", "use zen.spamhaus.org after the permits of own users")
	}
}

// has reports whether a table may hold one of the keys.
func (m maps) has(keys ...string) bool {
	for _, t := range m {
		if t.local == nil {
			return true
		}
		for _, k := range keys {
			if _, ok := t.local.Lookup([]byte(k)); ok {
				return true
			}
		}
	}
	return false
}

func dnsname0(name, zone string) bool {
	name = lower(strings.TrimSuffix(name, "."))
	return name == zone || strings.HasSuffix(name, "."+zone)
}

// stage reports restrictions that cannot know their subject where they stand.
func (l *linter) stage(e *element) {
	if lower(strings.TrimSpace(l.c.get("smtpd_delay_reject"))) != "no" {
		return
	}
	order := map[string]restrict.Stage{"smtpd_client_restrictions": restrict.Connect, "smtpd_helo_restrictions": restrict.Helo, "smtpd_sender_restrictions": restrict.Mail}
	at, early := order[e.list]
	if !early {
		return
	}
	need := restrict.Connect
	switch {
	case strings.Contains(e.name, "recipient") || strings.Contains(e.name, "_destination") || e.name == "permit_mx_backup" || e.name == "reject_multi_recipient_bounce" || e.name == "check_relay_domains":
		need = restrict.Rcpt
	case strings.Contains(e.name, "sender") || e.name == "reject_unknown_address":
		need = restrict.Mail
	case isHeloCheck(e.name):
		need = restrict.Helo
	}
	if need > at {
		l.at(e, "too-early", Warning, "with smtpd_delay_reject = no this list runs before the client says what the restriction looks at, so it has no effect",
			"set smtpd_delay_reject = yes, or move it to a later list")
	}
	if (e.name == "permit_sasl_authenticated" || e.name == "check_sasl_access") && at < restrict.Mail {
		l.at(e, "too-early", Warning, "with smtpd_delay_reject = no this list runs before the client can log in", "set smtpd_delay_reject = yes")
	}
}

// login looks at the checks of sender ownership.
func (l *linter) login(e *element) {
	if !strings.HasSuffix(e.name, "_login_mismatch") {
		return
	}
	if lower(strings.TrimSpace(l.c.get("smtpd_sasl_auth_enable"))) != "yes" {
		l.at(e, "login-without-sasl", Warning, "without smtpd_sasl_auth_enable = yes this restriction is ignored", "enable SASL, or remove it")
	} else if l.c.get("smtpd_sender_login_maps") == "" {
		l.at(e, "login-without-maps", Warning, "without smtpd_sender_login_maps no address has an owner: no login may use any sender address", "set smtpd_sender_login_maps")
	}
	for i := range l.elements[e.list] {
		p := &l.elements[e.list][i]
		if p.pos == e.pos && p.text == e.text {
			return
		}
		if p.name == "permit_sasl_authenticated" && !strings.Contains(e.name, "unauth") {
			l.at(e, "login-after-permit", Warning, "permit_sasl_authenticated comes first in this list, so the senders of logged-in users are never checked", "move it before permit_sasl_authenticated")
			return
		}
	}
}

// repeated reports DNS lists and policy services that are asked twice. Two
// patterns of one DNS list are two questions.
func (l *linter) repeated() {
	first := map[string][]*element{}
	for _, list := range listOrder {
		for i := range l.elements[list] {
			e := &l.elements[list][i]
			if !isListCheck(e.name) && e.name != "check_policy_service" || e.arg == "" {
				continue
			}
			zone, pattern, hasPattern := e.arg, "", false
			if e.name != "check_policy_service" {
				zone, pattern, hasPattern = strings.Cut(lower(e.arg), "=")
			}
			key := orDefault(oldNames[e.name], e.name) + " " + strings.TrimSuffix(zone, ".")
			for _, f := range first[key] {
				_, other, otherHas := strings.Cut(lower(f.arg), "=")
				same := pattern == other || !hasPattern || !otherHas || e.name == "check_policy_service"
				if same && (f.list != e.list || f.pos != e.pos || f.text != e.text || f.via == e.via) {
					l.at(e, "repeated", Note, "the same service is asked in "+f.list+" already", "ask it once")
					break
				}
			}
			first[key] = append(first[key], e)
		}
	}
}

// classes looks at the definitions of restriction classes.
func (l *linter) classes() {
	for name := range l.c.p.classes {
		if _, ok := l.c.conf.Lookup(name); ok && l.c.reaches(name, name, map[string]bool{}) {
			l.param(name, "class-recursive", Danger, "the class includes itself, by itself or through others, and smtpd dies", "remove "+name+" from the definition")
		}
		if l.c.builders[lower(name)].build != nil {
			l.param(name, "class-shadowed", Warning, "a restriction has this name already, so the class is never used", "rename the class")
		}
	}
}

// unusedClasses reports classes that nothing names.
func (l *linter) unusedClasses() {
	for _, name := range slices.Sorted(mapKeys(l.c.p.classes)) {
		declared := slices.Contains(postconf.Fields(l.c.get("smtpd_restriction_classes")), name)
		if declared && !l.used[name] && !l.dynamic() {
			l.param(name, "class-unused", Note, "no list, table or class names this class", "use it, or remove it")
		}
	}
}

// dynamic reports whether results come from elsewhere, a policy service or a
// table that cannot be read, which may name a class.
func (l *linter) dynamic() bool {
	for _, els := range l.elements {
		for i := range els {
			if els[i].name == "check_policy_service" || strings.HasPrefix(els[i].name, "check_") && l.entries(els[i].arg) == nil {
				return true
			}
		}
	}
	return false
}
