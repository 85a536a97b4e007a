package rbl

import (
	"fmt"
	"slices"
)

// A Set is a compiled set of lists. Its configuration is immutable; what it
// learns about the health of its lists is kept without locks. A Set is safe for
// concurrent use. To change a configuration, build a new Set.
type Set struct {
	cfg     Config
	entries []entry
	zones   []*zoneState
	plans   [planCount]plan
	reply   template
	slots   chan struct{}
	warn    []string
}

// An entry is a compiled List.
type entry struct {
	list   *List
	name   string
	kind   Kind
	weight int
	accept Matcher
	zone   int // index into Set.zones
	text   int // index of the zone of TextZone, or -1
}

// New compiles a set. The error is an [*Error] of kind [ErrConfig] or
// [ErrSyntax]. What works but should be looked at, such as a list that has
// ceased, is in [Set.Warnings].
func New(c Config) (*Set, error) {
	c.setDefaults()
	c.Lists = slices.Clone(c.Lists)
	for i := range c.Lists {
		c.Lists[i].Name = c.Lists[i].Zone.redact(c.Lists[i].Name)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	reply, err := parseTemplate(c.Reply)
	if err != nil {
		return nil, err
	}
	s := &Set{cfg: c, reply: reply, slots: make(chan struct{}, c.MaxInFlight)}
	byName := map[string]int{}
	for i := range c.Lists {
		l := &c.Lists[i]
		*l = l.clone()
		e := entry{list: l, name: l.name(), kind: l.kind(), weight: l.weight(), accept: l.accept(), text: -1}
		e.zone = s.addZone(byName, l, l.Zone)
		if !l.TextZone.IsZero() {
			if e.text = s.addZone(byName, l, l.TextZone); e.text == e.zone {
				e.text = -1 // nothing more to ask
			}
		}
		s.entries = append(s.entries, e)
		if why, ok := Retired(l.Zone.Reveal()); ok {
			s.warn = append(s.warn, fmt.Sprintf("%s: %s", e.name, why))
		}
	}
	s.plans = [planCount]plan{
		planIPv4: s.plan(KindIP, FamilyIPv4), planIPv6: s.plan(KindIP, FamilyIPv6),
		planDomain: s.plan(KindDomain, FamilyName), planHost: s.plan(KindURI, FamilyName),
		planHostIPv4: s.plan(KindURI, FamilyIPv4), planHostIPv6: s.plan(KindURI, FamilyIPv6),
	}
	return s, nil
}

func (s *Set) addZone(byName map[string]int, l *List, z Zone) int {
	if i, ok := byName[z.Reveal()]; ok {
		s.zones[i].add(l)
		return i
	}
	byName[z.Reveal()] = len(s.zones)
	zs := &zoneState{zone: z, reveal: z.Reveal(), name: z.String()}
	if z == l.Zone {
		zs.name = l.name()
	}
	zs.add(l)
	s.zones = append(s.zones, zs)
	return len(s.zones) - 1
}

// Lists returns a copy of the lists of the set, in order.
func (s *Set) Lists() []List {
	lists := slices.Clone(s.cfg.Lists)
	for i := range lists {
		lists[i] = lists[i].clone()
	}
	return lists
}

// Warnings returns what should be looked at: lists that have ceased.
func (s *Set) Warnings() []string { return slices.Clone(s.warn) }

// Format implements [fmt.Formatter]: a Set prints as the names of its lists,
// since its fields hold keys.
func (s *Set) Format(f fmt.State, verb rune) {
	names := make([]string, len(s.entries))
	for i := range s.entries {
		names[i] = s.entries[i].name
	}
	fmt.Fprintf(f, "rbl.Set%v", names)
}
