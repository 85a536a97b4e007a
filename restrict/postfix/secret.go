package postfix

import (
	"strings"

	"github.com/mailsec-go/mailsec/rbl"
)

// hideKeys returns text with the customer's key replaced in each name of a DNS
// list that holds one, for traces and findings.
func hideKeys(text string) string {
	if !strings.Contains(text, ".") {
		return text
	}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,={}\"'", r) }) {
		if shown := hideKey(w); shown != w {
			text = strings.ReplaceAll(text, w, shown)
		}
	}
	return text
}

// hideKey returns the name of a DNS list as it may be shown.
func hideKey(zone string) string {
	if z, err := rbl.ParseZone(zone); err == nil && z.Keyed() {
		return z.String()
	}
	return zone
}
