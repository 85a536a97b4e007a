package rbl

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
)

// A Kind says what a list holds. Kinds combine: a list of domains that is also
// asked about the hosts of links is KindDomain|KindURI.
type Kind uint8

// Kinds of lists.
const (
	KindIP     Kind = 1 << iota // addresses of clients
	KindDomain                  // domain names
	KindURI                     // hosts of links
	KindEmail                   // hashes of mail addresses
	KindURL                     // hashes of whole links
)

// A List is one entry of a [Set]: a zone, the answers that count, and what they
// are worth. It is plain data; several entries may name the same zone, which is
// then asked once. The presets are Lists too, see [Preset].
type List struct {
	// Name is shown in replies, traces and reports instead of the zone.
	// Empty means the zone with its key redacted.
	Name string

	// Zone is where the list is asked. Required.
	Zone Zone

	// Kind is what the list holds. Zero means KindIP.
	Kind Kind

	// Accept says which answers are a listing. The zero Matcher means every
	// code named in Codes or, without Codes, every answer that is not an
	// error.
	Accept Matcher

	// Codes names answers. The labels of all that match are reported.
	Codes []Code

	// Refused matches further answers by which this list reports that it does
	// not answer. They never count as a listing, whatever Accept says. Answers
	// in 127.255.255.0/24 and outside 127.0.0.0/8 are errors of every list, and
	// so is 127.0.0.1 unless Accept or Codes name it. The zero Matcher adds
	// nothing.
	Refused Matcher

	// Weight is added to the score when the list matches, once however many
	// answers match. Zero means 1, or -1 for an allow list.
	Weight int

	// Allow makes an allow list: its Weight must be negative or zero.
	// A negative Weight makes one as well.
	Allow bool

	// ReportOnly makes a list without weight: asked and reported only.
	ReportOnly bool

	// NoIPv4 and NoIPv6 keep addresses of that family from the list.
	NoIPv4, NoIPv6 bool

	// NoIP keeps addresses from the list altogether, such as those in the links
	// of a list of KindURI.
	NoIP bool

	// Hash is the form of the hashes of a list of KindEmail or KindURL.
	Hash HashSpec

	// Test says how to find out whether the list works.
	Test Test

	// TextZone, if set, is where a matching subject must exist too; the answer
	// and the text that are reported are those of TextZone.
	TextZone Zone

	// Keys, if set, are asked about instead of the subjects of the query.
	Keys []Key

	// Unknown says what a failed lookup means in a Set with FirstMatch.
	Unknown Unknown

	// Source is where the facts about the list come from.
	Source string
}

// A Code is a named answer of a list.
type Code struct {
	Label string
	Match Matcher
}

// A Key is a fixed thing to ask a list about: an address, reversed in the
// query, or a name that is used as it is.
type Key struct {
	Addr netip.Addr
	Name string
}

// String returns the address or the name.
func (k Key) String() string {
	if k.Addr.IsValid() {
		return k.Addr.String()
	}
	return k.Name
}

// subject returns the key as the subject of a result.
func (k Key) subject() Subject {
	if k.Addr.IsValid() {
		return IP(k.Addr)
	}
	return Domain(k.Name)
}

// Unknown is what a temporary error of a list means when the first match
// decides.
type Unknown uint8

// Meanings of a temporary error.
const (
	UnknownSkip  Unknown = iota // as if not listed
	UnknownMatch                // as if listed
	UnknownDefer                // no answer: the verdict is Defer
)

// A Test describes the entries by which a list shows that it works. The zero
// Test means those of RFC 5782, section 5: 127.0.0.2 and 127.0.0.1 for
// addresses (for IPv6 as ::FFFF:7F00:2 and ::FFFF:7F00:1), TEST and INVALID for
// names and hashes.
type Test struct {
	// Off means that nothing is known to be listed or not listed.
	Off bool

	// NoListed means that the list is missing the positive test point.
	NoListed bool

	// Listed and NotListed, if set, are names put in front of the zone in
	// place of the standard test points.
	Listed, NotListed string
}

// name returns how the list is shown.
func (l *List) name() string {
	if l.Name != "" {
		return l.Name
	}
	return l.Zone.String()
}

func (l *List) kind() Kind {
	if l.Kind == 0 {
		return KindIP
	}
	return l.Kind
}

func (l *List) allow() bool { return l.Allow || l.Weight < 0 }

func (l *List) weight() int {
	switch {
	case l.ReportOnly:
		return 0
	case l.Weight != 0:
		return l.Weight
	case l.Allow:
		return -1
	}
	return 1
}

// accept returns the filter in force.
func (l *List) accept() Matcher {
	if !l.Accept.IsZero() || len(l.Codes) == 0 {
		return l.Accept
	}
	ms := make([]Matcher, len(l.Codes))
	for i, c := range l.Codes {
		ms[i] = c.Match
	}
	return AnyOf(ms...)
}

// labels returns the sorted labels of the answers.
func (l *List) labels(answers []netip.Addr) []string {
	var out []string
	for _, c := range l.Codes {
		for _, a := range answers {
			if c.Match.Match(a) {
				out = append(out, c.Label)
				break
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// clone returns a List that shares nothing that can be changed with l.
func (l *List) clone() List {
	c := *l
	c.Codes, c.Keys = slices.Clone(l.Codes), slices.Clone(l.Keys)
	c.Hash.Aliases = maps.Clone(l.Hash.Aliases)
	return c
}

// check reports what makes the list unusable.
func (l *List) check() error {
	fail := func(advice string) error {
		return &Error{Kind: ErrConfig, List: l.name(), Advice: advice}
	}
	switch {
	case l.Zone.IsZero():
		return &Error{Kind: ErrConfig, Advice: "a list has no zone"}
	case l.kind() > KindIP|KindDomain|KindURI|KindEmail|KindURL:
		return fail("unknown kind")
	case l.Allow && l.Weight > 0:
		return fail("an allow list needs a negative weight")
	case l.ReportOnly && l.Weight != 0:
		return fail("a list that is only reported has no weight")
	case l.Weight > MaxWeight || l.Weight < -MaxWeight:
		return fail("the weight is out of range")
	case l.Hash.Algorithm > SHA256:
		return fail("unknown hash algorithm")
	case l.NoIPv4 && l.NoIPv6 && l.kind() == KindIP:
		return fail("neither IPv4 nor IPv6 is left")
	}
	for _, c := range l.Codes {
		if c.Match.IsZero() || c.Match.not || c.Match.every {
			return fail("the code " + strconv.Quote(c.Label) + " needs a plain Matcher")
		}
	}
	for _, label := range []string{l.Test.Listed, l.Test.NotListed} {
		if label != "" && !isHostName(label) {
			return fail("a test point must be a name of letters, digits, hyphens and dots in lower case")
		}
	}
	for _, k := range l.Keys {
		if !k.Addr.IsValid() && k.Name == "" {
			return fail("an empty key")
		}
	}
	return nil
}

// MaxWeight bounds [List.Weight] and the thresholds, so that sums cannot
// overflow.
const MaxWeight = 1 << 20
