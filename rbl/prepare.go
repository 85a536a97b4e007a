package rbl

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A Prepared holds the query names of one query. The zero Prepared is ready to
// use, and a used one is meant to be used again: [Set.Prepare] then does not
// allocate for addresses and ASCII domains. It is for one goroutine at a time.
type Prepared struct {
	buf     []byte // all names, each with its final dot, and the keys
	units   []unit
	uses    []use
	skipped []Skipped
	keys    []key
	fixed   []Subject // keys that lists bring along
}

// A unit is one distinct name to ask.
type unit struct {
	zone, key  int32
	start, end int32 // in buf; empty for a name that is too long
	family     Family
}

// A use ties an entry and a subject to a unit; with a TextZone also to the one
// that must exist there.
type use struct {
	entry, unit, text int32
	subject           int32 // index of the subject; -1-i for fixed key i
}

// A key is the first part of a query name.
type key struct {
	start, end int32 // in buf, with its final dot
	family     Family
	base       [planCount]int32 // where the units of a plan begin, plus 1
	loose      bool             // it has units outside of the plans
}

// A plan is what is to be asked about every key of a kind and family.
type plan struct {
	zones []int32  // each once
	names []string // their names, with keys and final dots
	uses  []use    // unit and text are indexes into zones
	room  int      // length of all names
}

// Plans. Those for a [KindIP] or [KindURI] address differ by family.
const (
	planIPv4 = iota
	planIPv6
	planDomain
	planHost
	planHostIPv4
	planHostIPv6
	planCount
)

// plan compiles the plan of a kind and family.
func (s *Set) plan(kind Kind, f Family) plan {
	var p plan
	at := func(zone int) int32 {
		if i := slices.Index(p.zones, int32(zone)); i >= 0 {
			return int32(i)
		}
		p.zones = append(p.zones, int32(zone))
		p.names = append(p.names, s.zones[zone].reveal+".")
		p.room += len(s.zones[zone].reveal) + 1
		return int32(len(p.zones) - 1)
	}
	for i := range s.entries {
		e := &s.entries[i]
		if e.kind&kind == 0 || e.list.Keys != nil || !e.list.takes(f) {
			continue
		}
		u := use{entry: int32(i), unit: at(e.zone), text: -1}
		if e.text >= 0 {
			u.text = at(e.text)
		}
		p.uses = append(p.uses, u)
	}
	return p
}

// takes reports whether a list is asked about keys of a family.
func (l *List) takes(f Family) bool {
	switch {
	case f == FamilyName:
		return true
	case l.NoIP:
		return false
	case f == FamilyIPv6:
		return !l.NoIPv6
	}
	return !l.NoIPv4
}

// A Skipped is a subject that was not asked about, and why.
type Skipped struct {
	Subject Subject
	Reason  Skip
}

// Len returns the number of distinct query names.
func (p *Prepared) Len() int { return len(p.units) }

// Name returns a query name with its final dot, valid until the next use of p.
// It holds the key of the list, if it has one. It is empty for a name that is
// longer than DNS allows.
func (p *Prepared) Name(i int) []byte {
	u := &p.units[i]
	return p.buf[u.start:u.end]
}

// Format implements [fmt.Formatter]; the names hold keys.
func (p *Prepared) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "rbl.Prepared(%d names)", len(p.units))
}

// Prepare fills p with the names that a query about the subjects asks, each
// once. It asks nothing.
func (s *Set) Prepare(p *Prepared, subjects ...Subject) {
	p.reset()
	for i := range subjects {
		if i >= s.cfg.MaxSubjects {
			p.skip(subjects[i], SkipTooMany)
			continue
		}
		s.addSubject(p, i, subjects[i])
	}
	for e := range s.entries {
		if keys := s.entries[e].list.Keys; keys != nil {
			s.addFixed(p, e, keys)
		}
	}
}

func (p *Prepared) reset() {
	p.buf, p.units, p.uses = p.buf[:0], p.units[:0], p.uses[:0]
	p.skipped, p.keys, p.fixed = p.skipped[:0], p.keys[:0], p.fixed[:0]
}

func (p *Prepared) skip(s Subject, why Skip) {
	p.skipped = append(p.skipped, Skipped{s, why})
}

func (s *Set) addSubject(p *Prepared, i int, sub Subject) {
	switch sub.kind {
	case subjectIP:
		s.addIP(p, i, sub)
	case subjectDomain:
		name, why := CanonicalDomain(sub.text)
		if why != "" {
			p.skip(sub, why)
			return
		}
		s.follow(p, i, p.nameKey(name), planDomain)
	case subjectURI:
		s.addURI(p, i, sub)
	case subjectEmail:
		s.addHashes(p, i, sub, KindEmail)
	default:
		p.skip(sub, SkipInvalid)
	}
}

func (s *Set) addIP(p *Prepared, i int, sub Subject) {
	addr := sub.addr.Unmap()
	if why := s.skipAddr(addr); why != "" {
		p.skip(sub, why)
		return
	}
	s.follow(p, i, p.addrKey(addr), planIPv4+b2i(addr.Is6()))
}

func (s *Set) skipAddr(addr netip.Addr) Skip {
	if !addr.IsValid() {
		return SkipInvalid
	}
	return s.cfg.Skip(addr)
}

func (s *Set) addURI(p *Prepared, i int, sub Subject) {
	host, addr, why := Host(sub.text)
	switch {
	case why != "":
	case addr.IsValid():
		if why = s.skipAddr(addr); why == "" {
			s.follow(p, i, p.addrKey(addr), planHostIPv4+b2i(addr.Is6()))
		}
	default:
		if s.cfg.Reduce != nil {
			host = dnsname.Lower(dnsname.TrimDot(s.cfg.Reduce(host)))
		}
		if why = hostSkip(host); why == "" {
			s.follow(p, i, p.nameKey(host), planHost)
		}
	}
	if why != "" {
		p.skip(sub, why)
		return
	}
	s.addHashes(p, i, sub, KindURL)
}

// hostSkip checks what [Config.Reduce] returned.
func hostSkip(host string) Skip {
	if host == "" || dnsname.Check(host) != nil || !isHostName(host) {
		return SkipHost
	}
	return ""
}

func (s *Set) addHashes(p *Prepared, i int, sub Subject, kind Kind) {
	asked, refused := false, false
	for e := range s.entries {
		en := &s.entries[e]
		if en.kind&kind == 0 || en.list.Keys != nil {
			continue
		}
		var sum string
		if kind == KindEmail {
			var err error
			if sum, err = en.list.Hash.Email(sub.text); err != nil {
				refused = true
				continue // another list may have another form of it
			}
		} else if sum = en.list.Hash.URL(sub.text); sum == "" {
			continue
		}
		s.addUse(p, i, e, p.nameKey(sum), en.zone, en.text)
		asked = true
	}
	if refused && !asked {
		p.skip(sub, SkipAddress)
	}
}

// addFixed adds the keys that a list brings along.
func (s *Set) addFixed(p *Prepared, e int, keys []Key) {
	en := &s.entries[e]
	for _, k := range keys {
		p.fixed = append(p.fixed, k.subject())
		subject := -len(p.fixed)
		if !k.Addr.IsValid() {
			s.addUse(p, subject, e, p.nameKey(fixedName(k.Name)), en.zone, en.text)
			continue
		}
		addr := k.Addr.Unmap()
		if why := s.skipAddr(addr); why != "" {
			p.skip(IP(addr), why)
			continue
		}
		s.addUse(p, subject, e, p.addrKey(addr), en.zone, en.text)
	}
}

// fixedName returns the queried form of a fixed key. What is not a name becomes
// one that is too long for any zone, so that it is reported and not asked.
func fixedName(name string) string {
	name = dnsname.Lower(dnsname.TrimDot(name))
	if dnsname.Check(name) != nil || name == "." {
		return strings.Repeat("x", dnsname.MaxName)
	}
	return name
}

// follow adds what a plan wants to know about a key.
func (s *Set) follow(p *Prepared, subject, k, which int) {
	pl := &s.plans[which]
	base := int(p.keys[k].base[which]) - 1
	switch {
	case base >= 0: // the same name again, for another subject
	case p.keys[k].base == [planCount]int32{} && !p.keys[k].loose:
		base = len(p.units)
		s.addUnits(p, k, pl)
	default:
		// Some of the names may have been asked by another plan.
		for _, u := range pl.uses {
			text := -1
			if u.text >= 0 {
				text = int(pl.zones[u.text])
			}
			s.addUse(p, subject, int(u.entry), k, int(pl.zones[u.unit]), text)
		}
		return
	}
	p.keys[k].base[which] = int32(base) + 1
	first := len(p.uses)
	p.uses = append(p.uses, pl.uses...)
	for i := range p.uses[first:] {
		u := &p.uses[first+i]
		u.subject = int32(subject)
		u.unit += int32(base)
		if u.text >= 0 {
			u.text += int32(base)
		}
	}
}

// addUnits adds the names of a key in all zones of a plan.
func (s *Set) addUnits(p *Prepared, k int, pl *plan) {
	kk := &p.keys[k]
	n := int(kk.end - kk.start)
	p.buf = slices.Grow(p.buf, pl.room+n*len(pl.names))
	key, at := p.buf[kk.start:kk.end], len(p.buf)
	buf := p.buf[:cap(p.buf)]
	first := len(p.units)
	p.units = slices.Grow(p.units, len(pl.names))[:first+len(pl.names)]
	units := p.units[first:]
	for i, name := range pl.names {
		start := at
		if n+len(name) <= dnsname.MaxName+1 {
			at += copy(buf[at:], key)
			at += copy(buf[at:], name)
		}
		units[i] = unit{zone: pl.zones[i], key: int32(k), start: int32(start), end: int32(at), family: kk.family}
	}
	p.buf = buf[:at]
}

// addUse adds one question outside of the plans. text is -1 or the zone where
// the key must exist too.
func (s *Set) addUse(p *Prepared, subject, e, k, zone, text int) {
	u := use{entry: int32(e), unit: s.unit(p, k, zone), text: -1, subject: int32(subject)}
	if text >= 0 {
		u.text = s.unit(p, k, text)
	}
	p.uses = append(p.uses, u)
}

// unit returns the unit of a key in a zone, making it when it is new.
func (s *Set) unit(p *Prepared, k, zone int) int32 {
	for i := range p.units {
		if u := &p.units[i]; u.key == int32(k) && u.zone == int32(zone) {
			return int32(i)
		}
	}
	p.keys[k].loose = true
	s.addUnit(p, k, zone)
	return int32(len(p.units) - 1)
}

func (s *Set) addUnit(p *Prepared, k, zone int) {
	kk, start := &p.keys[k], len(p.buf)
	if reveal := s.zones[zone].reveal; int(kk.end-kk.start)+len(reveal) <= dnsname.MaxName {
		p.buf = append(p.buf, p.buf[kk.start:kk.end]...)
		p.buf = append(p.buf, reveal...)
		p.buf = append(p.buf, '.')
	}
	p.units = append(p.units, unit{
		zone: int32(zone), key: int32(k), start: int32(start), end: int32(len(p.buf)), family: kk.family,
	})
}

func (p *Prepared) addrKey(addr netip.Addr) int {
	start := len(p.buf)
	p.buf = AppendIP(p.buf, addr)
	return p.key(start, FamilyIPv4+Family(b2i(addr.Is6())))
}

func (p *Prepared) nameKey(name string) int {
	start := len(p.buf)
	p.buf = append(p.buf, name...)
	p.buf = append(p.buf, '.')
	return p.key(start, FamilyName)
}

// key returns the key at the end of buf, or an equal one from before.
func (p *Prepared) key(start int, f Family) int {
	for i := range p.keys {
		k := &p.keys[i]
		if k.family == f && string(p.buf[k.start:k.end]) == string(p.buf[start:]) {
			p.buf = p.buf[:start]
			return i
		}
	}
	p.keys = append(p.keys, key{start: int32(start), end: int32(len(p.buf)), family: f})
	return len(p.keys) - 1
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
