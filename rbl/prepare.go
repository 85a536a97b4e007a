package rbl

import (
	"fmt"
	"net/netip"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A Prepared holds the query names of one query. The zero Prepared is ready to
// use, and a used one is meant to be used again: [Set.Prepare] then does not
// allocate for addresses. It is for one goroutine at a time.
type Prepared struct {
	buf     []byte // all names, each with its final dot
	units   []unit
	uses    []use
	skipped []Skipped
	keys    []key
	index   []int32 // unit of zone and key
	width   int     // keys per zone in index
	set     *Set
}

// A unit is one distinct name to ask.
type unit struct {
	zone       int
	start, end int // in buf; empty for a name that is too long
	v6         bool
	name       bool // the key is a name, not an address
}

// A use ties an entry and a subject to a unit; with a TextZone also to the one
// that must exist there.
type use struct {
	entry, unit, text int
	subject           int // index of the subject, -1 for a fixed key
}

// A key is the first part of a query name.
type key struct {
	start, end int // in buf, with its final dot
	v6, isName bool
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
	p.reset(s)
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

func (p *Prepared) reset(s *Set) {
	p.buf, p.units, p.uses = p.buf[:0], p.units[:0], p.uses[:0]
	p.skipped, p.keys, p.index = p.skipped[:0], p.keys[:0], p.index[:0]
	p.set = s
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
		s.addUses(p, i, p.nameKey(name), KindDomain)
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
	s.addUses(p, i, p.addrKey(addr), KindIP)
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
			s.addUses(p, i, p.addrKey(addr), KindURI)
		}
	default:
		if s.cfg.Reduce != nil {
			host = dnsname.Lower(dnsname.TrimDot(s.cfg.Reduce(host)))
		}
		if why = hostSkip(host); why == "" {
			s.addUses(p, i, p.nameKey(host), KindURI)
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
	for e := range s.entries {
		en := &s.entries[e]
		if en.kind&kind == 0 || en.list.Keys != nil {
			continue
		}
		var sum string
		if kind == KindEmail {
			var err error
			if sum, err = en.list.Hash.Email(sub.text); err != nil {
				p.skip(sub, SkipAddress)
				return
			}
		} else if sum = en.list.Hash.URL(sub.text); sum == "" {
			continue
		}
		s.addUse(p, i, e, p.nameKey(sum))
	}
}

// addFixed adds the keys that a list brings along.
func (s *Set) addFixed(p *Prepared, e int, keys []Key) {
	for _, k := range keys {
		if !k.Addr.IsValid() {
			s.addUse(p, -1, e, p.nameKey(dnsname.Lower(dnsname.TrimDot(k.Name))))
			continue
		}
		addr := k.Addr.Unmap()
		if why := s.skipAddr(addr); why != "" {
			p.skip(IP(addr), why)
			continue
		}
		s.addUse(p, -1, e, p.addrKey(addr))
	}
}

// addUses lets every list of the kind ask about a key.
func (s *Set) addUses(p *Prepared, subject, k int, kind Kind) {
	for e := range s.entries {
		en := &s.entries[e]
		if en.kind&kind == 0 || en.list.Keys != nil || !en.takes(&p.keys[k], kind) {
			continue
		}
		s.addUse(p, subject, e, k)
	}
}

func (e *entry) takes(k *key, kind Kind) bool {
	switch {
	case k.isName:
		return true
	case kind == KindURI && e.list.NoIP:
		return false
	case k.v6:
		return !e.list.NoIPv6
	}
	return !e.list.NoIPv4
}

func (s *Set) addUse(p *Prepared, subject, e, k int) {
	en := &s.entries[e]
	u := use{entry: e, unit: s.unit(p, en.zone, k), text: -1, subject: subject}
	if en.text >= 0 {
		u.text = s.unit(p, en.text, k)
	}
	p.uses = append(p.uses, u)
}

// unit returns the unit of a zone and a key, making it when it is new.
func (s *Set) unit(p *Prepared, zone, k int) int {
	at := k*len(s.zones) + zone
	for len(p.index) <= at {
		p.index = append(p.index, 0)
	}
	if n := p.index[at]; n > 0 {
		return int(n - 1)
	}
	kk := &p.keys[k]
	start := len(p.buf)
	p.buf = append(p.buf, p.buf[kk.start:kk.end]...)
	if kk.isName && !labelsFit(p.buf[start:len(p.buf)-1]) {
		p.buf = p.buf[:start]
	} else {
		p.buf = appendZone(p.buf, start, s.zones[zone].reveal)
	}
	p.units = append(p.units, unit{
		zone: zone, start: start, end: len(p.buf), v6: kk.v6, name: kk.isName,
	})
	p.index[at] = int32(len(p.units))
	return len(p.units) - 1
}

func (p *Prepared) addrKey(addr netip.Addr) int {
	start := len(p.buf)
	p.buf = AppendIP(p.buf, addr)
	return p.key(start, addr.Is6(), false)
}

func (p *Prepared) nameKey(name string) int {
	start := len(p.buf)
	p.buf = append(p.buf, name...)
	p.buf = append(p.buf, '.')
	return p.key(start, false, true)
}

// key returns the key at the end of buf, or an equal one from before.
func (p *Prepared) key(start int, v6, isName bool) int {
	for i := range p.keys {
		k := &p.keys[i]
		if string(p.buf[k.start:k.end]) == string(p.buf[start:]) {
			p.buf = p.buf[:start]
			return i
		}
	}
	p.keys = append(p.keys, key{start, len(p.buf), v6, isName})
	return len(p.keys) - 1
}
