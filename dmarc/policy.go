package dmarc

// A Policy is what a domain owner asks for mail that fails (RFC 9989, section
// 4.7, tags p, sp and np). Higher values are stricter.
type Policy uint8

// The policies.
const (
	PolicyUnset Policy = iota // not published, or not valid
	PolicyNone
	PolicyQuarantine
	PolicyReject
)

// String returns the word of the RFC, "" for PolicyUnset.
func (p Policy) String() string {
	switch p {
	case PolicyNone:
		return "none"
	case PolicyQuarantine:
		return "quarantine"
	case PolicyReject:
		return "reject"
	}
	return ""
}

// lowered returns the policy one step lower, as test mode and sampling want it.
func (p Policy) lowered() Policy {
	if p > PolicyNone {
		p--
	}
	return p
}

// A PSD is the value of the psd tag (RFC 9989, section 4.7).
type PSD uint8

// The values of the psd tag.
const (
	PSDUnknown PSD = iota // u, the default
	PSDYes                // y: the domain is a public suffix
	PSDNo                 // n: the domain is an organizational domain
)

// String returns the letter of the RFC.
func (p PSD) String() string { return []string{"u", "y", "n"}[min(p, 2)] }

// An AlignmentMode is the value of the adkim and aspf tags.
type AlignmentMode uint8

// The alignment modes (RFC 9989, section 3.2.10).
const (
	Relaxed AlignmentMode = iota // r, the default: same organizational domain
	Strict                       // s: same name
)

// String returns the letter of the RFC.
func (m AlignmentMode) String() string {
	if m == Strict {
		return "s"
	}
	return "r"
}

// FailureOptions are the values of the fo tag (RFC 9989, section 4.7). Zero is
// the default, the same as FailureAll.
type FailureOptions uint8

// The failure reporting options; d and s may be added to one of the others.
const (
	FailureAll  FailureOptions = 1 << iota // 0: no mechanism gave an aligned pass
	FailureAny                             // 1: some mechanism gave no aligned pass
	FailureDKIM                            // d: a signature failed, aligned or not
	FailureSPF                             // s: SPF failed, aligned or not
)

// String returns the value as the fo tag has it, such as "1:d".
func (f FailureOptions) String() string {
	s := ""
	for i, l := range []string{"0", "1", "d", "s"} {
		if f&(1<<i) != 0 {
			if s != "" {
				s += ":"
			}
			s += l
		}
	}
	if s == "" {
		s = "0"
	}
	return s
}
