package postfix

import (
	"strings"

	"github.com/mailsec-go/mailsec/internal/postmap"
)

// key looks for keys that never match, or match something else.
func (l *linter) key(e *element, t *table, en postmap.Entry) []Finding {
	if en.Key == "" {
		return nil
	}
	k := en.Key
	address := e.name == "check_sender_access" || e.name == "check_recipient_access"
	find := func(message, advice string) []Finding {
		return []Finding{{Rule: "table-key", Level: Warning, Text: k, Message: message, Advice: advice}}
	}
	if address && e.name == "check_recipient_access" && isPostmaster(k) && l.refuses(en.Value) {
		return []Finding{{Rule: "postmaster-bypass", Level: Note, Text: k + " " + en.Value,
			Message: "RCPT TO:<postmaster> without a domain passes all lists, whatever they say", Advice: "list postmaster@domain for the full address, and expect mail to the bare one"}}
	}
	if t.pattern() {
		return l.patternKey(e, k, address, find)
	}
	switch {
	case strings.HasPrefix(k, ".") && l.c.p.parentKeys:
		return find("a key with a leading dot never matches while smtpd_access_maps is in parent_domain_matches_subdomains", "write "+k[1:])
	case strings.HasPrefix(k, "@") && address:
		return find("access tables have no @domain keys", "write "+k[1:])
	case strings.Contains(k, "/") && isNetworkKey(k):
		return find("networks are no keys of this table type", "use a cidr table, or the leading octets without a dot")
	case strings.HasSuffix(k, ".") && strings.Trim(k, "0123456789.") == "":
		return find("a network key has no dot at the end", "write "+strings.TrimSuffix(k, "."))
	case address && !strings.Contains(k, "@") && strings.Trim(k, "0123456789.") == "":
		return find("this is the address of a client, and the table is asked for mail addresses", "use check_client_access")
	case address && roles[lower(k)]:
		return find("a key without @ is a domain", "write "+k+"@")
	case e.name == "check_recipient_access" && l.routed(k) && l.permits(e, en.Value):
		return find("an address with %, ! or a second @ is never accepted by a table", "use the plain address, or set allow_untrusted_routing = yes and know what that opens")
	case !address && e.name != "check_sasl_access" && strings.Contains(k, "@"):
		return find("this is a mail address, and the table is not asked for those", "use check_sender_access or check_recipient_access")
	case !l.c.p.parentKeys && !strings.Contains(k, "@") && l.onlyItself(t, k):
		return []Finding{{Rule: "table-key", Level: Note, Text: k, Message: "without smtpd_access_maps in parent_domain_matches_subdomains this key does not match the hosts below the domain", Advice: "add ." + k + " if they are meant"}}
	}
	return nil
}

// roles are local parts that are taken for domains when they stand alone.
var roles = map[string]bool{"postmaster": true, "abuse": true, "hostmaster": true, "webmaster": true, "root": true,
	"mailer-daemon": true, "noreply": true, "no-reply": true, "info": true, "admin": true, "nobody": true}

func isPostmaster(k string) bool { return lower(k) == "postmaster" || lower(k) == "postmaster@" }

// refuses reports whether a result refuses.
func (l *linter) refuses(value string) bool {
	word, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	return lower(word) == "reject" || lower(word) == "defer" || isDigits(word) && rest != ""
}

// routed reports whether a key has a routing operator in its local part.
func (l *linter) routed(k string) bool {
	i := strings.LastIndexByte(k, '@')
	return i > 0 && !l.c.p.untrusted && strings.ContainsAny(k[:i], "%!@")
}

// onlyItself reports whether a key of a domain has no key for the hosts below.
func (l *linter) onlyItself(t *table, k string) bool {
	if _, set := l.c.conf.Lookup("parent_domain_matches_subdomains"); !set || k[0] == '.' || strings.Count(k, ".") != 1 || validIP(k) || !validHostname(k) || strings.Trim(k, "0123456789.") == "" {
		return false
	}
	_, ok := t.local.Lookup([]byte("." + lower(k)))
	return !ok
}

// patternKey looks for patterns that would match a part of a name or address
// only: tables of patterns are asked for the whole.
func (l *linter) patternKey(e *element, k string, address bool, find func(message, advice string) []Finding) []Finding {
	text := strings.TrimPrefix(k, "!")
	if len(text) < 4 || !strings.HasPrefix(text[1:], "^") || strings.HasPrefix(e.arg, "cidr:") {
		return nil
	}
	end := strings.LastIndexByte(text, text[0])
	if end < 3 || text[end-1] != '$' {
		return nil
	}
	body := strings.ReplaceAll(text[2:end-1], `\.`, ".")
	switch {
	case strings.ContainsAny(body, `\*+?()[]{}|^$`):
	case address && !strings.Contains(body, "@") && body != "<>" && body != l.c.p.nullKey:
		return find("a table of patterns is asked for the whole address, which this never matches", "write @ before a domain and after a local part")
	case e.name == "check_client_access" && strings.Trim(body, "0123456789.") == "" && strings.Count(body, ".") < 3:
		return find("a table of patterns is asked for the whole client address, which this never matches", "leave out the $, or use a cidr table")
	}
	return nil
}

func isNetworkKey(k string) bool {
	_, err := postmap.ParseNetwork(k)
	return err == nil
}
