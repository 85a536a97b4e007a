package rbl

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Query asks all lists about the subjects at once and returns the verdict as
// soon as no open answer can change it. Failures of lists never make an error:
// they count nothing and are reported in the verdict. The error is that of ctx,
// when it ended before the verdict was settled; the verdict is then what was
// known until then, marked Incomplete. A Set that New did not make has no lists:
// its verdict is Pass, Incomplete, with an error of kind [ErrConfig].
//
// A Query waits for its lookups to notice that they are cancelled; no goroutine
// outlives it.
func (s *Set) Query(ctx context.Context, subjects ...Subject) (Verdict, error) {
	if s.slots == nil {
		return Verdict{Incomplete: true}, &Error{Kind: ErrConfig, Advice: "a Set comes from New"}
	}
	r := s.start(subjects)
	if err := ctx.Err(); err != nil {
		r.finish()
		return r.verdict, err
	}
	r.ask(ctx)
	err := ctx.Err()
	if r.settled || r.open == 0 {
		err = nil
	}
	r.finish()
	if err == nil && !s.cfg.NoText {
		r.texts(ctx)
	}
	return r.verdict, err
}

// A run is one query.
type run struct {
	set      *Set
	p        Prepared
	names    string // all of p.buf, which the names are cut from
	subjects []Subject
	tallies  []tally // one for each entry
	byUnit   []int32 // uses in the order of their units
	first    []int32 // index into byUnit for each unit
	answers  []response
	verdict  Verdict
	score    int
	openPos  int // sum of the positive weights of undecided entries
	openNeg  int // and of the negative ones
	open     int // units without answer
	settled  bool
}

// A tally is the state of one entry.
type tally struct {
	open   int // uses without outcome
	listed bool
	failed bool // some answer is missing that could have been a listing
}

func (s *Set) start(subjects []Subject) *run {
	r := &run{set: s, subjects: subjects}
	p := &r.p
	s.Prepare(p, subjects...)
	slices.SortStableFunc(p.uses, func(a, b use) int { return int(a.entry - b.entry) })
	r.names = string(p.buf)
	r.tallies = make([]tally, len(s.entries))
	r.answers = make([]response, len(p.units))
	r.open = len(p.units)
	r.verdict.Results = make([]Result, len(p.uses))
	r.verdict.Skipped = slices.Clone(p.skipped)
	r.verdict.reply = &s.reply
	for i, u := range p.uses {
		e := &s.entries[u.entry]
		res := &r.verdict.Results[i]
		res.List, res.Name = e.list, e.name
		res.Subject = r.subject(u)
		if r.tallies[u.entry].open++; r.tallies[u.entry].open == 1 {
			r.openPos += max(e.weight, 0)
			r.openNeg += min(e.weight, 0)
		}
	}
	r.link()
	return r
}

// subject returns what a use is about.
func (r *run) subject(u use) Subject {
	if u.subject < 0 {
		return r.p.fixed[-1-u.subject]
	}
	return r.subjects[u.subject]
}

// link sorts the uses by the units they wait for.
func (r *run) link() {
	r.first = make([]int32, len(r.p.units)+1)
	each := func(f func(unit, use int)) {
		for i, u := range r.p.uses {
			f(int(u.unit), i)
			if u.text >= 0 {
				f(int(u.text), i)
			}
		}
	}
	each(func(unit, _ int) { r.first[unit+1]++ })
	for i := 1; i < len(r.first); i++ {
		r.first[i] += r.first[i-1]
	}
	r.byUnit = make([]int32, r.first[len(r.first)-1])
	next := slices.Clone(r.first)
	each(func(unit, use int) {
		r.byUnit[next[unit]] = int32(use)
		next[unit]++
	})
}

// ask sends all queries and takes the answers in until the verdict is settled.
func (r *run) ask(ctx context.Context) {
	s := r.set
	wctx, cancel := withTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	type arrival struct {
		unit int
		resp response
	}
	answers := make(chan arrival, len(r.p.units))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel() // before waiting
	// All lookups begin now, so that they can share a deadline.
	qctx, qcancel := withTimeout(wctx, s.cfg.QueryTimeout)
	defer qcancel()
	for i := range r.p.units {
		u := &r.p.units[i]
		if u.start == u.end {
			r.take(ctx, i, response{done: true, err: errTooLong})
			continue
		}
		r.verdict.Asked++
		wg.Go(func() { answers <- arrival{i, s.askUnit(wctx, qctx, u, r.names[u.start:u.end])} })
	}
	for r.open > 0 && !r.settled {
		a := <-answers
		if ctx.Err() != nil && a.resp.err != nil {
			return // the caller gave up; this is no statement about the list
		}
		r.verdict.Answered++
		s.note(&r.p.units[a.unit], a.resp)
		r.take(ctx, a.unit, a.resp)
	}
}

var (
	errTooLong = errors.New("name too long")
	errBusy    = errors.New("no time left in the queue for lookups")
)

// take enters the answer to a unit into the results and tallies.
func (r *run) take(ctx context.Context, unit int, resp response) {
	resp.done = true
	r.answers[unit] = resp
	r.open--
	for _, i := range r.byUnit[r.first[unit]:r.first[unit+1]] {
		u := &r.p.uses[i]
		if r.answers[u.unit].done && (u.text < 0 || r.answers[u.text].done) {
			r.resolve(int(i))
		}
	}
	if !r.set.cfg.Complete {
		_, _, r.settled = r.decide()
	}
	if r.set.cfg.Trace != nil {
		r.trace(ctx, unit, resp)
	}
}

func (r *run) trace(ctx context.Context, unit int, resp response) {
	u := &r.p.units[unit]
	z := r.set.zones[u.zone]
	e := Event{
		List: z.name, Name: z.zone.redact(r.names[u.start:u.end]), Answers: resp.addrs, TTL: resp.ttl,
		Err: hideKey(z.zone, resp.err), Elapsed: resp.took, Settled: r.settled,
	}
	if uses := r.byUnit[r.first[unit]:r.first[unit+1]]; len(uses) > 0 {
		e.Subject = r.subject(r.p.uses[uses[0]]).String()
	}
	r.set.cfg.Trace(ctx, e)
}

// resolve fills in the result of a use whose answers are there.
func (r *run) resolve(i int) {
	u := &r.p.uses[i]
	e := &r.set.entries[u.entry]
	res := &r.verdict.Results[i]
	r.set.outcome(e, res, r.answers[u.unit])
	if u.text >= 0 {
		r.confirm(e, res, r.answers[u.unit], r.answers[u.text])
	}
	t := &r.tallies[u.entry]
	wasOpen := t.open > 0 && !t.listed
	t.open--
	switch res.Outcome {
	case Listed:
		res.Weight = e.weight
		if !t.listed {
			t.listed = true
			r.score += e.weight
		}
	case Failed, Refused, NotAsked:
		t.failed = t.failed || !errors.Is(res.Err, ErrName)
	}
	if wasOpen && (t.listed || t.open == 0) {
		r.openPos -= max(e.weight, 0)
		r.openNeg -= min(e.weight, 0)
	}
}

// outcome fills in what an answer means to an entry.
func (s *Set) outcome(e *entry, res *Result, resp response) {
	res.TTL, res.Authentic = resp.ttl, resp.authentic
	z := s.zones[e.zone]
	switch {
	case resp.err == errTooLong:
		res.Outcome = Refused
		res.Err = &Error{Kind: ErrName, List: e.name, Err: errTooLong}
	case errors.Is(resp.err, ErrUnhealthy):
		res.Outcome, res.Err = NotAsked, resp.err
	case resp.err != nil:
		res.Outcome = Failed
		res.Err = &Error{Kind: ErrTemporary, List: e.name, Err: hideKey(z.zone, resp.err)}
	default:
		got := e.read(resp.addrs)
		res.Outcome, res.Err = got.outcome, got.err
		res.Answers, res.Matched = got.good, got.matched
		res.Labels = e.list.labels(got.matched)
	}
}

// confirm demands of a match that the subject exists in the TextZone too, and
// takes the answers from there.
func (r *run) confirm(e *entry, res *Result, first, second response) {
	if res.Outcome != Listed {
		return
	}
	both := *e
	both.zone, both.accept = e.text, Matcher{}
	firstErr := res.Err
	res.Answers, res.Matched, res.Labels = nil, nil, nil
	r.set.outcome(&both, res, second)
	res.Authentic = first.authentic && second.authentic
	res.TTL = min(first.ttl, second.ttl)
	if firstErr != nil {
		res.Err = errors.Join(firstErr, res.Err)
	}
}

// texts fetches the texts of the lists that caused the decision.
func (r *run) texts(ctx context.Context) {
	s := r.set
	tctx, cancel := withTimeout(ctx, s.cfg.TextTimeout)
	defer cancel()
	var wg sync.WaitGroup
	causes := r.verdict.causes(s.cfg.FirstMatch)
	texts := make([]string, len(r.p.units))
	asked := make([]bool, len(r.p.units))
	for _, i := range causes {
		n := r.p.uses[i].textUnit()
		if asked[n] {
			continue
		}
		asked[n] = true
		unit := r.p.units[n]
		z := s.zones[unit.zone]
		wg.Go(func() {
			txts, err := s.cfg.Resolver.LookupTXT(tctx, r.names[unit.start:unit.end])
			if err != nil {
				return
			}
			for i := range txts {
				txts[i] = z.zone.redact(head(txts[i], 1<<12))
			}
			texts[n] = CleanText(txts, s.cfg.MaxText)
		})
	}
	wg.Wait()
	for _, i := range causes {
		r.verdict.Results[i].Text = texts[r.p.uses[i].textUnit()]
	}
}

// textUnit returns the unit whose name has the text.
func (u use) textUnit() int32 {
	if u.text >= 0 {
		return u.text
	}
	return u.unit
}
