package postfix

import "strings"

// required makes sure that the relay or the recipient list holds something that
// refuses strangers. Without, Postfix does not start.
func (c *compiler) required() {
	for _, param := range []string{"smtpd_recipient_restrictions", "smtpd_relay_restrictions"} {
		found, endless := c.protects(c.get(param), map[string]bool{})
		if endless {
			c.fail(param, "", ErrFatal, "a restriction class includes itself")
			return
		}
		if found {
			return
		}
	}
	c.fail("smtpd_relay_restrictions", "", ErrFatal,
		"neither this list nor smtpd_recipient_restrictions has reject_unauth_destination, defer_unauth_destination, reject, defer or defer_if_permit: that would be an open relay")
}

// protects scans a list for a restriction that refuses strangers.
// Each class is scanned once: scanned is true for one that is being scanned,
// false for one that holds nothing of the kind.
func (c *compiler) protects(list string, scanned map[string]bool) (found, endless bool) {
	toks := fields(list)
	for i := 0; i < len(toks); i++ {
		switch name := lower(toks[i]); name {
		case "reject_unauth_destination", "defer_unauth_destination", "reject", "defer", "defer_if_permit", "check_relay_domains":
			return true, false
		case "permit":
			return false, false
		case "warn_if_reject":
			i++
			continue
		}
		if strings.HasPrefix(toks[i], "{") {
			continue
		}
		def, ok := c.p.classes[toks[i]]
		if !ok {
			continue
		}
		if open, seen := scanned[toks[i]]; open {
			return false, true
		} else if seen {
			continue
		}
		scanned[toks[i]] = true
		if found, endless = c.protects(def, scanned); found || endless {
			return found, endless
		}
		scanned[toks[i]] = false
	}
	return false, false
}

// reaches reports whether a class includes another, by itself or through other
// classes.
func (c *compiler) reaches(from, to string, seen map[string]bool) bool {
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, tok := range fields(c.p.classes[from]) {
		if _, ok := c.p.classes[tok]; ok && (tok == to || c.reaches(tok, to, seen)) {
			return true
		}
	}
	return false
}
