package tlspolicy

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// attributes is a Policy under construction.
type attributes struct {
	Policy
	options *Options
	seen    []string // attributes that must not come twice
	match   bool     // a match attribute was there
	sts     STS
	anySTS  string // first policy_* attribute, as written
}

// once holds the attributes that must not come twice.
var once = []string{"protocols", "ciphers", "exclude", "servername",
	"policy_ttl", "policy_type", "policy_domain", "policy_failure"}

// mayBeEmpty holds the attributes that may have an empty value.
var mayBeEmpty = []string{"protocols", "exclude"}

// add takes one attribute in.
func (a *attributes) add(word string) *Error {
	name, value, err := splitAttr(word)
	if err != nil {
		return err
	}
	if slices.Contains(once, name) {
		if slices.Contains(a.seen, name) {
			return bad(word, "attribute given more than once")
		}
		a.seen = append(a.seen, name)
	}
	if value == "" && !slices.Contains(mayBeEmpty, name) {
		return bad(word, "attribute without a value")
	}
	switch name {
	case "match":
		return a.addMatch(word, value)
	case "protocols":
		return a.addProtocols(word, value)
	case "ciphers":
		return a.addCiphers(word, value)
	case "exclude":
		a.Exclude = strings.FieldsFunc(value, func(r rune) bool { return r == ':' || r == ',' || isSpace(r) })
		if a.Exclude == nil {
			a.Exclude = []string{}
		}
		return nil
	case "tafile":
		return a.addAnchors(word, value)
	case "servername":
		return a.addServerName(word, value)
	case "connection_reuse":
		return setSwitch(&a.Reuse, word, value)
	case "enable_rpk":
		if err := setSwitch(&a.RawKeys, word, value); err != nil {
			return err
		}
		if a.RawKeys == Yes {
			a.warn(word, ErrUnsupported, "crypto/tls knows no raw public keys (RFC 7250)")
		}
		return nil
	}
	return a.addSTS(word, name, value)
}

func (a *attributes) warn(text string, kind error, reason string) {
	a.Warnings = append(a.Warnings, &Error{Text: text, Reason: reason, Err: kind})
}

func (a *attributes) addMatch(word, value string) *Error {
	a.match = true
	switch a.Level {
	case Fingerprint:
		if !a.options.hashOK() {
			return bad(word, "Options.Hash is none of the digests that it may be")
		}
		for _, d := range strings.Split(value, "|") {
			b, err := hex.DecodeString(strings.ReplaceAll(trim(d), ":", ""))
			if err != nil || len(b) != a.options.hash().Size() {
				a.warn(d, ErrIgnored, "not a "+a.options.hash().String()+" digest in hexadecimal")
				continue
			}
			a.Fingerprints = append(a.Fingerprints, b)
		}
	case Verify, Secure:
		for s := range strings.SplitSeq(value, ":") {
			if s = trim(s); s == "" {
				continue
			}
			p, why := parsePattern(s)
			if why != "" {
				a.warn(s, ErrIgnored, why)
				continue
			}
			a.Match = append(a.Match, p)
		}
	default:
		return bad(word, "match has a meaning at fingerprint, verify and secure only")
	}
	return nil
}

func (a *attributes) addProtocols(word, value string) *Error {
	p, err := ParseProtocols(value)
	if err != nil {
		return bad(word, err.(*Error).Reason)
	}
	if _, _, err := p.ClientRange(); err != nil {
		return bad(word, err.Error())
	}
	a.Protocols = p
	return nil
}

func (a *attributes) addCiphers(word, value string) *Error {
	switch strings.ToLower(value) {
	case "high":
		a.Ciphers = High
	case "medium", "low", "export":
		a.Ciphers = Medium
	case "null":
		return bad(word, "crypto/tls has no cipher suites without encryption")
	default:
		return bad(word, "unknown cipher grade; one of high, medium")
	}
	return nil
}

func (a *attributes) addAnchors(word, value string) *Error {
	if a.Level != Verify && a.Level != Secure {
		return bad(word, "tafile has a meaning at verify and secure only")
	}
	text, err := a.options.readFile(value)
	if err != nil {
		return bad(word, err.Error())
	}
	if a.Anchors == nil {
		a.Anchors = &Anchors{}
	}
	if err := a.Anchors.addPEM(text); err != nil {
		return bad(word, err.Error())
	}
	a.Anchors.Files = append(a.Anchors.Files, value)
	return nil
}

func (a *attributes) addServerName(word, value string) *Error {
	switch {
	case strings.EqualFold(value, "hostname"), strings.EqualFold(value, "nexthop"):
		value = dnsname.Lower(value)
	case !isHostName(value):
		return bad(word, "not a host name")
	}
	a.ServerName = value
	return nil
}

func setSwitch(s *Switch, word, value string) *Error {
	switch {
	case strings.EqualFold(value, "yes"):
		*s = Yes
	case strings.EqualFold(value, "no"):
		*s = No
	default:
		return bad(word, "neither yes nor no")
	}
	return nil
}

func (a *attributes) addSTS(word, name, value string) *Error {
	if a.anySTS == "" {
		a.anySTS = word
	}
	switch name {
	case "policy_type":
		if value = strings.ToLower(value); value != "sts" && value != "tlsa" && value != "no-policy-found" {
			return bad(word, "unknown policy type; one of sts, tlsa, no-policy-found")
		}
		a.sts.Type = value
	case "policy_domain":
		if !isHostName(value) {
			return bad(word, "not a domain name")
		}
		a.sts.Domain = value
	case "policy_ttl":
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return bad(word, "not a number of seconds")
		}
		a.sts.TTL = time.Duration(n) * time.Second
	case "policy_string":
		a.sts.Strings = append(a.sts.Strings, value)
	case "mx_host_pattern":
		a.sts.MXPatterns = append(a.sts.MXPatterns, value)
	case "policy_failure":
		a.sts.Failure = value
	default:
		return bad(word, "unknown attribute")
	}
	return nil
}

// finish checks what depends on several attributes and fills in defaults.
func (a *attributes) finish() *Error {
	if a.anySTS != "" {
		if a.sts.Type == "" {
			return bad(a.anySTS, "needs policy_type")
		}
		sts := a.sts
		a.STS = &sts
	}
	switch a.Level {
	case Fingerprint:
		if !a.match {
			a.Fingerprints = a.options.Fingerprints
		}
		if len(a.Fingerprints) == 0 {
			return bad("", "level fingerprint without a digest to match: write match=")
		}
	case Verify, Secure:
		if !a.match {
			a.Match = a.options.match(a.Level)
		}
		if len(a.Match) == 0 {
			a.Match = []Pattern{{Kind: Nothing}}
		}
	}
	return nil
}
