package tlspolicy

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// A Policy is what one entry demands. It is immutable: callers must not change
// what its slices hold. The zero Policy is invalid.
type Policy struct {
	Level Level

	// Match holds the names of which the certificate must bear one. It is never
	// empty at Verify and Secure, and nil at the other levels.
	Match []Pattern

	// Fingerprints holds the digests of which the certificate, or its public
	// key, must have one. It is never empty at Fingerprint.
	Fingerprints [][]byte

	Protocols  Protocols   // zero: the default for the level
	Ciphers    CipherGrade // zero: the default for the level
	Exclude    []string    // cipher words to leave out; nil: the default, empty: none
	Anchors    *Anchors    // nil: the system's roots
	ServerName string      // SNI: "hostname", "nexthop" or a name as written; "": none
	Reuse      Switch      // connection_reuse
	RawKeys    Switch      // enable_rpk
	STS        *STS        // nil unless policy_type is given

	// Warnings tells what was ignored and what crypto/tls cannot do.
	Warnings []*Error
}

// A Switch is a choice that may be left open.
type Switch uint8

// The values of a [Switch].
const (
	Default Switch = iota
	No
	Yes
)

// A CipherGrade is a class of cipher suites up to TLS 1.2. The zero value is the
// default for the level.
type CipherGrade uint8

// The grades that exist. Export and low, which Postfix still reads, are Medium.
const (
	Medium CipherGrade = iota + 1
	High
)

// String returns the word used in a table, "" for the default.
func (g CipherGrade) String() string {
	switch g {
	case Medium:
		return "medium"
	case High:
		return "high"
	}
	return ""
}

// STS holds the attributes with which a policy service passes on where its
// answer comes from (RFC 8461, RFC 8460, section 4.2).
type STS struct {
	Type       string   // "sts", "tlsa" or "no-policy-found"
	Domain     string   // policy_domain
	Strings    []string // policy_string
	MXPatterns []string // mx_host_pattern
	TTL        time.Duration
	Failure    string // policy_failure: not empty means that verification must fail
}

// String returns p as the value of a table entry. [ParsePolicy] reads it back to
// an equal policy, warnings aside.
func (p *Policy) String() string {
	var b strings.Builder
	b.WriteString(p.Level.String())
	if len(p.Match) > 0 {
		addAttr(&b, "match", joinPatterns(p.Match))
	}
	if len(p.Fingerprints) > 0 {
		words := make([]string, len(p.Fingerprints))
		for i, d := range p.Fingerprints {
			words[i] = hex.EncodeToString(d)
		}
		addAttr(&b, "match", strings.Join(words, "|"))
	}
	if !p.Protocols.IsZero() {
		addAttr(&b, "protocols", p.Protocols.String())
	}
	if p.Ciphers != 0 {
		addAttr(&b, "ciphers", p.Ciphers.String())
	}
	if p.Exclude != nil {
		addAttr(&b, "exclude", strings.Join(p.Exclude, ":"))
	}
	if p.Anchors != nil {
		for _, f := range p.Anchors.Files {
			addAttr(&b, "tafile", f)
		}
	}
	if p.ServerName != "" {
		addAttr(&b, "servername", p.ServerName)
	}
	addSwitch(&b, "connection_reuse", p.Reuse)
	addSwitch(&b, "enable_rpk", p.RawKeys)
	if p.STS != nil {
		p.STS.append(&b)
	}
	return b.String()
}

func (s *STS) append(b *strings.Builder) {
	addAttr(b, "policy_type", s.Type)
	if s.Domain != "" {
		addAttr(b, "policy_domain", s.Domain)
	}
	if s.TTL != 0 {
		addAttr(b, "policy_ttl", strconv.FormatInt(int64(s.TTL/time.Second), 10))
	}
	for _, v := range s.Strings {
		addAttr(b, "policy_string", v)
	}
	for _, v := range s.MXPatterns {
		addAttr(b, "mx_host_pattern", v)
	}
	if s.Failure != "" {
		addAttr(b, "policy_failure", s.Failure)
	}
}

// addAttr writes name=value, in braces where the value would not survive
// without them.
func addAttr(b *strings.Builder, name, value string) {
	if strings.ContainsAny(value, separators+"{}") {
		b.WriteString(" { " + name + " = " + value + " }")
		return
	}
	b.WriteString(" " + name + "=" + value)
}

func addSwitch(b *strings.Builder, name string, s Switch) {
	switch s {
	case Yes:
		addAttr(b, name, "yes")
	case No:
		addAttr(b, name, "no")
	}
}

func joinPatterns(ps []Pattern) string {
	words := make([]string, len(ps))
	for i, p := range ps {
		words[i] = p.String()
	}
	return strings.Join(words, ":")
}
