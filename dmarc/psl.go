package dmarc

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// orgBySuffix returns the organizational domain of name as RFC 7489, section
// 3.2 finds it.
func (v *Verifier) orgBySuffix(name string) string {
	if v.OrgDomain != nil {
		if org := v.OrgDomain(name); org != "" {
			return org
		}
		return name
	}
	return PublicSuffixDomain(name)
}

// PublicSuffixDomain returns the organizational domain of name by the ICANN
// section of the public suffix list (RFC 7489, section 3.2 and its erratum
// 6729): the suffix and one label. It returns name itself if that is a suffix.
// Name must be given as A-labels in lower case without a final dot.
func PublicSuffixDomain(name string) string {
	suffix, icann := publicsuffix.PublicSuffix(name)
	for !icann {
		// A suffix of the private section, or one that is not listed at all.
		_, parent, more := strings.Cut(suffix, ".")
		if !more {
			break
		}
		suffix, icann = publicsuffix.PublicSuffix(parent)
	}
	if len(suffix) >= len(name) {
		return name
	}
	return below(name, suffix)
}

// policyFor is PolicyFor by the rules of a mode: RFC 7489 does not know np.
func (r *Record) policyFor(sub, exists bool, m Mode) (Policy, bool) {
	if m != PublicSuffix {
		return r.PolicyFor(sub, exists)
	}
	if r.P == PolicyUnset || r.badSP {
		return PolicyNone, len(r.RUA) > 0
	}
	if sub && r.SP != PolicyUnset {
		return r.SP, true
	}
	return r.P, true
}
