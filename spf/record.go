package spf

import (
	"net/netip"
	"strconv"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A Mechanism is one of the mechanisms of RFC 7208, section 5. The zero value
// is none of them.
type Mechanism uint8

// The mechanisms of RFC 7208, sections 5.1 to 5.7.
const (
	All Mechanism = 1 + iota
	Include
	A
	MX
	PTR
	IP4
	IP6
	Exists
)

var mechanismNames = [...]string{
	All: "all", Include: "include", A: "a", MX: "mx", PTR: "ptr", IP4: "ip4", IP6: "ip6", Exists: "exists",
}

// String returns the name in lower case, "" for the zero value.
func (m Mechanism) String() string {
	if int(m) < len(mechanismNames) {
		return mechanismNames[m]
	}
	return ""
}

// lookup reports whether the mechanism counts to the limit of terms with DNS
// lookups (RFC 7208, section 4.6.4).
func (m Mechanism) lookup() bool { return m != All && m != IP4 && m != IP6 }

// A Qualifier is '+', '-', '~' or '?' (RFC 7208, section 4.6.2).
type Qualifier byte

// Result returns what a match of a directive with this qualifier gives.
func (q Qualifier) Result() Result {
	switch q {
	case '-':
		return Fail
	case '~':
		return SoftFail
	case '?':
		return Neutral
	}
	return Pass
}

// A Directive is a mechanism with its qualifier.
type Directive struct {
	Text      string // as published, with the qualifier if there is one
	Pos       int    // byte offset of Text in the record
	Qualifier Qualifier
	Mechanism Mechanism
	Bits4     uint8        // a, mx: prefix length for IPv4, 32 if not given
	Bits6     uint8        // a, mx: prefix length for IPv6, 128 if not given
	Spec      string       // the domain-spec, macros not expanded; "" if not given
	Prefix    netip.Prefix // ip4, ip6: the network, host bits as published
}

// A Modifier is a name=value term (RFC 7208, section 6).
type Modifier struct {
	Name  string // as published
	Value string // the domain-spec or macro-string, not expanded
	Pos   int    // byte offset of the term in the record
}

func (m *Modifier) isRedirect() bool { return equalFold(m.Name, "redirect") }
func (m *Modifier) isExp() bool      { return equalFold(m.Name, "exp") }

// Text returns the modifier as published.
func (m *Modifier) Text() string { return m.Name + "=" + m.Value }

// A Record is a parsed SPF record, as [Parse] returns it. Treat it as immutable:
// a Record may be in use by several goroutines.
type Record struct {
	Directives []Directive // in order
	Modifiers  []Modifier  // in order, known and unknown ones

	parsed bool
}

// Parse parses the text of one TXT record completely, as RFC 7208,
// section 4.6, asks for. The error is an [*Error] that points to the first term
// at fault; its kind is ErrNoRecord for a text without the version section,
// otherwise ErrSyntax or ErrMacro.
func Parse(txt string) (*Record, error) {
	if !IsSPF(txt) {
		return nil, &Error{Kind: ErrNoRecord, Detail: "the text does not begin with v=spf1"}
	}
	if len(txt) > MaxRecord {
		return nil, &Error{Kind: ErrSyntax, Detail: "record too long"}
	}
	r := &Record{parsed: true}
	var f frame
	s := scanner{txt: txt, pos: len(version)}
	for {
		start, end, ok := s.next()
		if !ok {
			return r, nil
		}
		var d Directive
		var m Modifier
		kind, why := parseTerm(txt[start:end], start, &d, &m)
		switch kind {
		case directiveTerm:
			r.Directives = append(r.Directives, d)
			continue
		case modifierTerm:
			if why = f.keep(&m); why.kind == nil {
				r.Modifiers = append(r.Modifiers, m)
				continue
			}
		}
		return nil, &Error{Term: txt[start:end], Pos: start, Kind: why.kind, Detail: why.detail}
	}
}

// Redirect returns the domain-spec of redirect=, "" if there is none.
func (r *Record) Redirect() string {
	for i := range r.Modifiers {
		if r.Modifiers[i].isRedirect() {
			return r.Modifiers[i].Value
		}
	}
	return ""
}

// Exp returns the domain-spec of exp=, "" if there is none.
func (r *Record) Exp() string {
	for i := range r.Modifiers {
		if r.Modifiers[i].isExp() {
			return r.Modifiers[i].Value
		}
	}
	return ""
}

// String returns the record in canonical form: directives, then modifiers,
// names in lower case, one space between terms, no '+' qualifier, addresses in
// their shortest form and no prefix length that is the default. Parsing it
// gives an equal record.
func (r *Record) String() string { return string(r.Append(nil)) }

// Append appends what [Record.String] returns to b.
func (r *Record) Append(b []byte) []byte {
	b = append(b, version...)
	for i := range r.Directives {
		b = append(b, ' ')
		b = r.Directives[i].Append(b)
	}
	for i := range r.Modifiers {
		b = append(b, ' ')
		b = append(b, dnsname.Lower(r.Modifiers[i].Name)...)
		b = append(b, '=')
		b = append(b, r.Modifiers[i].Value...)
	}
	return b
}

// String returns the directive in canonical form.
func (d *Directive) String() string { return string(d.Append(nil)) }

// Append appends what [Directive.String] returns to b.
func (d *Directive) Append(b []byte) []byte {
	if d.Qualifier != '+' && d.Qualifier != 0 {
		b = append(b, byte(d.Qualifier))
	}
	b = append(b, d.Mechanism.String()...)
	switch d.Mechanism {
	case IP4, IP6:
		b = append(b, ':')
		b = d.Prefix.Addr().AppendTo(b)
		if d.Prefix.Bits() != d.Prefix.Addr().BitLen() {
			b = append(b, '/')
			b = strconv.AppendInt(b, int64(d.Prefix.Bits()), 10)
		}
		return b
	}
	if d.Spec != "" {
		b = append(b, ':')
		b = append(b, d.Spec...)
	}
	if d.Mechanism != A && d.Mechanism != MX {
		return b
	}
	if d.Bits4 != 32 {
		b = append(b, '/')
		b = strconv.AppendInt(b, int64(d.Bits4), 10)
	}
	if d.Bits6 != 128 {
		b = append(b, '/', '/')
		b = strconv.AppendInt(b, int64(d.Bits6), 10)
	}
	return b
}
