package tlspolicy

import "strings"

// A Level says how much a destination must prove. Levels are ordered from the
// weakest to the strongest. The zero Level is invalid, so that a forgotten field
// can never mean clear text.
type Level uint8

// The levels.
const (
	None        Level = iota + 1 // never TLS
	May                          // TLS if offered, clear text otherwise
	Encrypt                      // always TLS, with whoever answers
	Fingerprint                  // the certificate or its key has a known digest
	DANE                         // TLSA records decide; as May where there are none
	DANEOnly                     // TLSA records decide; no delivery without them
	Verify                       // trusted chain, and a name found by way of DNS will do
	Secure                       // trusted chain, and a name that DNS has no part in
)

var levelNames = [...]string{
	None: "none", May: "may", Encrypt: "encrypt", Fingerprint: "fingerprint",
	DANE: "dane", DANEOnly: "dane-only", Verify: "verify", Secure: "secure",
}

// String returns the word used in a table, "invalid" for the zero Level.
func (l Level) String() string {
	if l == 0 || int(l) >= len(levelNames) {
		return "invalid"
	}
	return levelNames[l]
}

// IsValid reports whether l is one of the levels.
func (l Level) IsValid() bool { return l != 0 && int(l) < len(levelNames) }

// ParseLevel returns the level named s, in any case. Words that only other
// tables know (must, must_nopeermatch) and outcomes (halfdane) are errors.
func ParseLevel(s string) (Level, error) {
	for l := None; l <= Secure; l++ {
		if strings.EqualFold(s, levelNames[l]) {
			return l, nil
		}
	}
	return 0, &Error{Text: s, Err: ErrBadEntry,
		Reason: "unknown security level; one of none, may, encrypt, dane, dane-only, fingerprint, verify, secure"}
}
