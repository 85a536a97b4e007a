// Package dnsname holds the few operations on DNS names that the mail security
// packages share: A-labels, comparison, parents, and the fully qualified form.
//
// A name here is a string of labels separated by dots. Labels are raw octets:
// a backslash is an octet like any other, not an escape. Functions accept names
// with or without the final dot, and say which form they return. All functions
// are safe for concurrent use.
package dnsname

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Limits of a name in its textual form without the final dot
// (RFC 1035, section 2.3.4).
const (
	MaxName  = 253
	MaxLabel = 63
)

// Errors of [Check] and [ToASCII].
var (
	ErrEmpty      = errors.New("dnsname: empty name")
	ErrTooLong    = errors.New("dnsname: name longer than 253 octets")
	ErrEmptyLabel = errors.New("dnsname: empty label")
	ErrLabelLong  = errors.New("dnsname: label longer than 63 octets")
	ErrIDN        = errors.New("dnsname: label that IDNA does not allow")
)

// Check reports whether name respects the length limits of a DNS name and has
// no empty label. Any octet is allowed inside a label. The root "." passes.
func Check(name string) error {
	if name == "" {
		return ErrEmpty
	}
	if name == "." {
		return nil
	}
	name = TrimDot(name)
	if len(name) > MaxName {
		return ErrTooLong
	}
	start := 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '.' {
			continue
		}
		switch n := i - start; {
		case n == 0:
			return ErrEmptyLabel
		case n > MaxLabel:
			return ErrLabelLong
		}
		start = i + 1
	}
	return nil
}

// ToASCII returns name in lower case without the final dot, with every label
// that holds a non-ASCII character converted to an A-label by the lookup
// profile of UTS 46 (RFC 5891, section 5; RFC 8616). ASCII labels keep their
// octets, so labels with an underscore pass. It does not allocate for a name
// that is already in this form.
func ToASCII(name string) (string, error) {
	if !isASCII(name) {
		var err error
		if name, err = labelsToASCII(name); err != nil {
			return "", err
		}
	}
	name = TrimDot(name)
	if strings.HasSuffix(name, ".") { // a second final dot
		return "", ErrEmptyLabel
	}
	if err := Check(name); err != nil {
		return "", err
	}
	return Lower(name), nil
}

func labelsToASCII(name string) (string, error) {
	if len(name) > 4*MaxName { // no valid name is longer; bounds the work below
		return "", ErrTooLong
	}
	if !utf8.ValidString(name) { // idna would take U+FFFD for what does not decode
		return "", ErrIDN
	}
	// The ideographic and fullwidth full stops separate labels too (UTS 46, section 4).
	labels := strings.Split(fullStops.Replace(name), ".")
	for i, l := range labels {
		if isASCII(l) {
			continue
		}
		a, err := idna.Lookup.ToASCII(l)
		if err != nil || a == "" { // all of it may be ignored
			return "", ErrIDN
		}
		labels[i] = a
	}
	return strings.Join(labels, "."), nil
}

var fullStops = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".")

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Lower returns s with ASCII letters in lower case. It returns s itself when
// there is nothing to change.
func Lower(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if c := b[i]; 'A' <= c && c <= 'Z' {
					b[i] = c + 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// TrimDot returns name without one final dot. The root "." becomes "".
func TrimDot(name string) string { return strings.TrimSuffix(name, ".") }

// FQDN returns name with exactly one final dot added where there is none.
func FQDN(name string) string {
	if strings.HasSuffix(name, ".") {
		return name
	}
	return name + "."
}

// Equal reports whether a and b are the same name: ASCII letters compare
// without case, a final dot does not count.
func Equal(a, b string) bool {
	a, b = TrimDot(a), TrimDot(b)
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// HasSuffix reports whether name is parent or lies below it. Everything lies
// below the root, which is "" or ".".
func HasSuffix(name, parent string) bool {
	name, parent = TrimDot(name), TrimDot(parent)
	if parent == "" {
		return true
	}
	d := len(name) - len(parent)
	switch {
	case d < 0:
		return false
	case d == 0:
		return Equal(name, parent)
	}
	return name[d-1] == '.' && Equal(name[d:], parent)
}

// Parent returns name without its first label, "" for a single label. A final
// dot is kept.
func Parent(name string) string {
	if i := strings.IndexByte(name, '.'); i >= 0 {
		return name[i+1:]
	}
	return ""
}

// Labels returns the number of labels in name; 0 for the root.
func Labels(name string) int {
	name = TrimDot(name)
	if name == "" {
		return 0
	}
	return strings.Count(name, ".") + 1
}

// IsLDH reports whether every label consists of letters, digits and hyphens
// only, with no hyphen at either end, within the length limits
// (RFC 5890, section 2.3.1).
func IsLDH(name string) bool {
	if Check(name) != nil || name == "." {
		return false
	}
	name = TrimDot(name)
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.':
		case c == '-':
			if i == 0 || i == len(name)-1 || name[i-1] == '.' || name[i+1] == '.' {
				return false
			}
		default:
			return false
		}
	}
	return true
}
