package rbl

import (
	"fmt"
	"log/slog"
	"strings"
	"unique"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A Zone is the DNS zone of a list. Zones of paid services hold the customer's
// key as a label; whoever learns it can spend the customer's quota. A Zone
// therefore prints with the key replaced: by String, by any verb of fmt, by
// slog, and by the encoding packages. Only [Zone.Reveal] and the query names
// hold the key.
//
// The zero Zone is invalid. A Zone is an immutable value; == compares zones
// with their keys, without case and final dot.
type Zone struct {
	// Two handles and not the strings: fmt prints the unexported fields of a
	// structure that holds a Zone without asking the Zone's methods. Of a
	// pointer it shows an address, or one level more where the verb does not
	// fit.
	h unique.Handle[zoneBox]
}

type zoneBox struct{ h unique.Handle[zoneName] }

type zoneName struct {
	name   string // A-labels, lower case, no final dot
	secret string // the label that is the key, "" for none
}

func makeZone(name, secret string) Zone {
	return Zone{unique.Make(zoneBox{unique.Make(zoneName{name, secret})})}
}

func (z Zone) get() zoneName {
	if z.IsZero() {
		return zoneName{}
	}
	return z.h.Value().h.Value()
}

// redacted stands for the key wherever a zone is shown.
const redacted = "(key)"

// minSecret is the length from which a label of letters and digits is taken
// for a key. Keys in use have 25 or 26 such octets; no public zone has a label
// like that.
const minSecret = 20

// ParseZone returns the zone called name, with or without a final dot. A label
// that looks like a key (20 or more letters and digits with no hyphen, or the
// place where a Spamhaus DQS name has it) is redacted wherever the Zone is
// printed; [KeyedZone] names the key explicitly.
func ParseZone(name string) (Zone, error) {
	ascii, err := dnsname.ToASCII(name)
	if err == nil && strings.HasSuffix(ascii, ".") {
		err = dnsname.ErrEmptyLabel
	}
	if err != nil {
		return Zone{}, &Error{Kind: ErrName, Advice: "a list needs the name of its zone", Err: err}
	}
	if !isHostName(ascii) {
		return Zone{}, &Error{Kind: ErrName, Advice: "a zone has letters, digits, hyphens and underscores only"}
	}
	return makeZone(ascii, guessSecret(ascii)), nil
}

// MustZone is [ParseZone] for names in source code. It panics on a bad name.
func MustZone(name string) Zone {
	z, err := ParseZone(name)
	if err != nil {
		panic(err)
	}
	return z
}

// KeyedZone returns the zone that results from putting key, one label, in place
// of "{key}" in template, as in "{key}.zen.dq.spamhaus.net".
func KeyedZone(template, key string) (Zone, error) {
	const mark = "{key}"
	key = dnsname.Lower(key)
	switch {
	case strings.Count(template, mark) != 1:
		return Zone{}, &Error{Kind: ErrConfig, Advice: `the zone template must hold "{key}" once`}
	case key == "" || strings.Contains(key, ".") || !dnsname.IsLDH(key):
		return Zone{}, &Error{Kind: ErrConfig, Advice: "the key of a list must be one label of letters, digits and hyphens"}
	}
	z, err := ParseZone(strings.Replace(template, mark, key, 1))
	if err != nil {
		return Zone{}, err
	}
	return makeZone(z.Reveal(), key), nil
}

// guessSecret returns the label of name that looks like a key.
func guessSecret(name string) string {
	labels := strings.Split(name, ".")
	if n := len(labels); n >= 5 && strings.HasSuffix(name, ".dq.spamhaus.net") {
		return labels[n-5]
	}
	for _, l := range labels {
		if len(l) >= minSecret && isAlnum(l) {
			return l
		}
	}
	return ""
}

func isAlnum(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && !isDigit(c) {
			return false
		}
	}
	return true
}

// IsZero reports whether z is the invalid zero Zone.
func (z Zone) IsZero() bool { return z == Zone{} }

// String returns the name of the zone without a final dot, with "(key)" in
// place of the key.
func (z Zone) String() string { return z.redact(z.Reveal()) }

// Reveal returns the real name of the zone without a final dot, with the key.
// It is meant for building queries and must not be shown.
func (z Zone) Reveal() string { return z.get().name }

// Keyed reports whether the zone holds a key.
func (z Zone) Keyed() bool { return z.get().secret != "" }

// GoString keeps the key out of %#v.
func (z Zone) GoString() string { return fmt.Sprintf("rbl.Zone(%q)", z.String()) }

// Format implements [fmt.Formatter], so that no verb reaches the fields.
func (z Zone) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		fmt.Fprint(f, z.GoString())
		return
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), z.String())
}

// LogValue implements [slog.LogValuer].
func (z Zone) LogValue() slog.Value { return slog.StringValue(z.String()) }

// MarshalText returns the redacted name: a Zone cannot be saved with its key.
func (z Zone) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// redact returns s with the key replaced wherever it stands, in any case.
func (z Zone) redact(s string) string {
	secret := z.get().secret
	if secret == "" || s == "" {
		return s
	}
	low := dnsname.Lower(s)
	at := strings.Index(low, secret)
	if at < 0 {
		return s
	}
	var b strings.Builder
	for at >= 0 {
		b.WriteString(s[:at])
		b.WriteString(redacted)
		s, low = s[at+len(secret):], low[at+len(secret):]
		at = strings.Index(low, secret)
	}
	b.WriteString(s)
	return b.String()
}
