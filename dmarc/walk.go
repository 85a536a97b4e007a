package dmarc

import (
	"context"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// Limits of DNS use.
const (
	// MaxWalk is the number of queries of one walk (RFC 9989, section 4.10).
	MaxWalk = 8
	// MaxQueries is the default of [Verifier.MaxQueries].
	MaxQueries = 48
)

// prefix is the label below which records are published (RFC 9989, section 4.5).
const prefix = "_dmarc."

// An answer is what is known of the records at one name.
type answer struct {
	name  string  // without the prefix
	rec   *Record // the one valid record, or nil
	many  bool    // several records were there and were discarded
	there bool    // _dmarc.name exists, and so name does
	err   error
}

// walker holds the state of one evaluation: its questions and their answers.
type walker struct {
	v         *Verifier
	answers   []*answer
	pointers  [8]*answer // storage of answers
	slots     [4]answer  // storage of the first answers
	queries   int
	asker     asker
	authentic bool // every answer so far was validated by DNSSEC
	author    string
	source    policySource // the record that applies to author
}

// newWalker returns the state for one question about author.
func newWalker(v *Verifier, author string) *walker {
	w := new(walker)
	w.init(v, author)
	return w
}

// init prepares w in place; it must not be copied afterwards.
func (w *walker) init(v *Verifier, author string) {
	w.v, w.author, w.authentic = v, author, true
	w.answers = w.pointers[:0]
}

// trace passes e to the trace, if there is one.
func (w *walker) trace(e Event) {
	if w.v.Trace != nil {
		w.v.Trace(e)
	}
}

// ask returns the answer for name, from memory if it was asked before.
func (w *walker) ask(ctx context.Context, name string) *answer {
	for _, a := range w.answers {
		if a.name == name {
			return a
		}
	}
	var a *answer
	if n := len(w.answers); n < len(w.slots) {
		a = &w.slots[n]
	} else {
		a = new(answer)
	}
	a.name = name
	w.answers = append(w.answers, a)
	if len(name)+len(prefix) > dnsname.MaxName {
		return a // no such name can exist
	}
	r, err := w.query(ctx, prefix+name+".")
	if err != nil {
		a.err = &Error{Domain: name, Err: err, Cause: r.err}
		return a
	}
	a.there = r.nodata || len(r.txts) > 0
	w.read(a, r.txts)
	return a
}

// query asks one question within the limits. An error is ErrLimit or ErrDNS,
// with the cause in the reply.
func (w *walker) query(ctx context.Context, fqdn string) (reply, error) {
	if w.queries >= w.v.maxQueries() {
		w.trace(Event{Kind: EventQuery, Name: fqdn, Err: ErrLimit})
		return reply{}, ErrLimit
	}
	w.queries++
	r := w.asker.lookup(ctx, w.v.resolver(), fqdn)
	w.authentic = w.authentic && r.authentic && r.err == nil
	if w.v.Trace != nil {
		w.trace(Event{Kind: EventQuery, Name: fqdn, Texts: r.txts, Err: r.err})
	}
	if r.err != nil {
		return r, ErrDNS
	}
	return r, nil
}

// read keeps the one DMARC record of txts; several are discarded
// (RFC 9989, section 4.10, steps 2 and 6).
func (w *walker) read(a *answer, txts []string) {
	for _, txt := range txts {
		if _, ok := isRecord(txt); !ok {
			continue
		}
		if a.rec != nil {
			a.rec, a.many = nil, true
			break
		}
		a.rec = new(Record)
		a.rec.parse(txt, nil)
	}
	if w.v.Trace != nil && (a.rec != nil || a.many) {
		e := Event{Kind: EventRecord, Domain: a.name, Record: a.rec}
		if a.many {
			e.Note = "several records, all discarded"
		}
		w.trace(e)
	}
}

// next returns the target after name in a walk (RFC 9989, section 4.10, steps
// 4 and 7), "" at the end.
func next(name string) string {
	parent := dnsname.Parent(name)
	for n := dnsname.Labels(parent); n >= MaxWalk; n-- {
		parent = dnsname.Parent(parent)
	}
	return parent
}

// A walk is the outcome of one tree walk.
type walk struct {
	org    string  // the organizational domain, "" if err is set
	found  bool    // a record was met
	psd    *answer // the record with psd=y that ended the walk, or nil
	orgAns *answer // the answer at org if it was asked, or nil
	err    error   // the walk is not complete
}

// walk finds the organizational domain of start (RFC 9989, section 4.10.2).
func (w *walker) walk(ctx context.Context, start string) (k walk) {
	if w.v.Mode == PublicSuffix {
		return w.suffixWalk(start)
	}
	var last *answer // the record at the name with the fewest labels so far
	for name := start; name != ""; name = next(name) {
		a := w.ask(ctx, name)
		if a.err != nil {
			if w.v.LenientWalk && last != nil {
				break
			}
			k.err = a.err
			return k
		}
		if a.rec == nil {
			continue
		}
		k.found = true
		switch {
		case a.rec.PSD == PSDYes && name != start:
			k.psd = a
			k.org = below(start, name)
			last = nil
		case a.rec.PSD != PSDUnknown:
			last = a
		default:
			last = a
			continue
		}
		break
	}
	switch {
	case k.psd != nil:
	case last != nil:
		k.org = last.name
	default:
		k.org = start
	}
	for _, a := range w.answers {
		if a.name == k.org {
			k.orgAns = a
		}
	}
	if w.v.Trace != nil {
		w.trace(Event{Kind: EventOrg, Domain: start, Name: k.org})
	}
	return k
}

// suffixWalk is walk for RFC 7489: no query, the public suffix list decides.
func (w *walker) suffixWalk(start string) (k walk) {
	k.org = w.v.orgBySuffix(start)
	if w.v.Trace != nil {
		w.trace(Event{Kind: EventOrg, Domain: start, Name: k.org, Note: "public suffix list"})
	}
	return k
}

// below returns the name one label below parent on the way down to name.
func below(name, parent string) string {
	rest := name[:len(name)-len(parent)-1]
	if i := strings.LastIndexByte(rest, '.'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// A policySource is the record that applies to an author domain.
type policySource struct {
	rec    *Record
	domain string // where it is; "" without a record
	org    string // the organizational domain if it is known already
	err    error
}

// discover finds the record that applies to author (RFC 9989, section 4.10.1).
func (w *walker) discover(ctx context.Context, author string) (p policySource) {
	own := w.ask(ctx, author)
	switch {
	case own.err != nil:
		p.err = own.err
		return p
	case own.rec != nil:
		p.rec, p.domain = own.rec, author
		return p
	}
	if w.v.Mode == PublicSuffix {
		return w.discoverBySuffix(ctx, author, own)
	}
	k := w.walk(ctx, author)
	if k.err != nil {
		p.err = k.err
		return p
	}
	p.org = k.org
	if k.orgAns != nil && k.orgAns.rec != nil {
		p.rec, p.domain = k.orgAns.rec, k.org
	} else if k.psd != nil {
		p.rec, p.domain = k.psd.rec, k.psd.name
	}
	return p
}

// discoverBySuffix is the second half of discover for RFC 7489, section 6.6.3:
// only the organizational domain is asked, and several records end the search.
func (w *walker) discoverBySuffix(ctx context.Context, author string, own *answer) (p policySource) {
	p.org = w.walk(ctx, author).org
	if own.many || p.org == author {
		return p
	}
	a := w.ask(ctx, p.org)
	if a.err != nil {
		return policySource{err: a.err}
	}
	if a.rec != nil {
		p.rec, p.domain = a.rec, p.org
	}
	return p
}

// exists reports whether name exists in the DNS (RFC 9989, section 3.2.13).
func (w *walker) exists(ctx context.Context, name string) (Tri, error) {
	for _, a := range w.answers {
		if a.there && dnsname.HasSuffix(a.name, name) {
			return Yes, nil
		}
	}
	r, err := w.query(ctx, name+".")
	t := Yes
	switch {
	case err != nil:
		return Unknown, &Error{Domain: name, Err: err, Cause: r.err}
	case r.nxdomain:
		t = No
	}
	if w.v.Trace != nil {
		w.trace(Event{Kind: EventExists, Domain: name, Note: t.String()})
	}
	return t, nil
}
