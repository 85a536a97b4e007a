package resolver

import (
	"context"
	"errors"
	"time"

	"github.com/miekg/dns"
)

// maxPlain is how often one question is repeated because a server can't take
// its form: once for EDNS, once for letter case.
const maxPlain = 2

// An asking is a question on its way over the network. A query that stays
// without answer is repeated, and the answer to any of the repetitions counts.
type asking struct {
	question
	ctx      context.Context
	until    time.Time    // the end of the whole lookup
	arrivals chan arrival // room for all there can be
	timer    *time.Timer  // nil until needed
	tries    []*try
	open     int     // tries without an answer
	repeats  int     // tries again in another form
	held     *server // a slot of which is held, or nil
}

// ask asks over UDP, and over TCP where the answer is truncated.
func (a *asking) ask() (reply, *Error) {
	a.arrivals = make(chan arrival, a.r.cfg.Tries*len(a.order)+maxPlain)
	defer a.end()
	for a.ctx.Err() == nil {
		if time.Until(a.until) <= 0 {
			return reply{}, a.fail(a.order[0], Timeout, errDeadline)
		}
		wait := a.r.cfg.Timeout
		switch s := a.server(); {
		case s != nil:
			if err := a.send(s); err != nil && (a.open == 0 || len(a.arrivals) == 0) {
				continue
			}
			if !a.exhausted() {
				wait = s.patience((len(a.tries)-1)/len(a.order), wait)
			}
		case a.open == 0:
			return reply{}, a.worst
		}
		if re, ok := a.wait(wait); ok {
			return re, nil
		}
	}
	return reply{}, a.fail(a.order[0], kindOf(a.ctx.Err()), context.Cause(a.ctx))
}

var (
	errDeadline = errors.New("the lookup took longer than Config.Deadline")
	errNoSlot   = errors.New("no free slot")
)

// wait takes arrivals until there is a usable answer, or reason to ask again.
func (a *asking) wait(d time.Duration) (reply, bool) {
	for {
		x, ok := a.arrival(d)
		if !ok {
			if a.ctx.Err() == nil {
				a.silence()
			}
			return reply{}, false
		}
		if x.try.done {
			continue // its sending has failed as well, which was noted
		}
		m, v := a.take(x)
		switch v {
		case useIt:
			return reply{m, x.try.server}, true
		case askPlain:
			if a.repeats++; a.repeats <= maxPlain && a.send(x.try.server) == nil {
				continue
			}
		}
		if a.open == 0 || !a.exhausted() {
			return reply{}, false
		}
	}
}

// arrival returns the next arrival, or false after d or when the context or the
// time for the lookup ends.
func (a *asking) arrival(d time.Duration) (arrival, bool) {
	d = min(d, time.Until(a.until)) // there may have been a queue since
	if t := a.tries[0]; t.reads {
		t.reads = false
		t.socket.readFor(a.ctx, t, d)
		select {
		case x := <-a.arrivals:
			return x, true
		default:
			return arrival{}, false
		}
	}
	if a.timer == nil {
		a.timer = time.NewTimer(d)
	} else {
		a.timer.Reset(d)
	}
	select {
	case x := <-a.arrivals:
		return x, true
	case <-a.timer.C:
	case <-a.ctx.Done():
	}
	return arrival{}, false
}

// silence notes that the last try has no answer yet.
func (a *asking) silence() {
	last := a.tries[len(a.tries)-1].server
	last.silent(time.Now())
	a.fail(last, Timeout, nil)
	if a.exhausted() {
		a.open = 0 // nothing more is waited for
	}
}

// slot waits for a slot of s, and reports whether there is one before the lookup
// ends or an earlier try gets its answer. The slot of another server is given
// back first: nobody waits for one server while holding on to another.
func (a *asking) slot(s *server) bool {
	if a.held == s {
		return true
	}
	if a.held != nil {
		a.held.slots.release()
		a.held = nil
	}
	if !s.slots.try() && !a.queue(s) {
		return false
	}
	a.held = s
	return true
}

// queue waits for a slot of s.
func (a *asking) queue(s *server) bool {
	timer := time.NewTimer(time.Until(a.until))
	defer timer.Stop()
	select {
	case s.slots <- struct{}{}:
		return true
	case x := <-a.arrivals:
		a.arrivals <- x // back where wait finds it; it has room
	case <-timer.C:
	case <-a.ctx.Done():
	}
	return false
}

// send sends the question to s, after waiting for a slot. A failure is noted.
func (a *asking) send(s *server) error {
	if !a.slot(s) {
		return errNoSlot
	}
	r := a.r
	f := a.form(s)
	t := &try{server: s, form: f, start: time.Now(), arrivals: a.arrivals, reads: len(a.tries) == 0}
	t.query = r.ids.query(make([]byte, 0, headerLen+len(a.name)+2+4+11), a.key, f)
	if err := s.send(t, &r.ids); err != nil {
		t.done = true
		r.event(a.key, s, kindOf(err), false, 0, t.start)
		a.fail(s, kindOf(err), err)
		return err
	}
	a.open++
	a.tries = append(a.tries, t)
	return nil
}

// take decides what to do about an arrival.
func (a *asking) take(x arrival) (*dns.Msg, verdict) {
	t, s := x.try, x.try.server
	t.done = true
	a.open--
	switch {
	case errors.Is(x.err, errForged):
		a.r.event(a.key, s, Malformed, false, t.wrong, t.start)
		return a.overTCP(t)
	case x.err != nil:
		// It may be the late news of an earlier query, so s is asked again.
		a.r.event(a.key, s, kindOf(x.err), false, t.wrong, t.start)
		s.silent(time.Now())
		a.fail(s, kindOf(x.err), x.err)
		return nil, askNext
	}
	s.answered(time.Since(t.start))
	v, kind := a.examine(s, x.msg, x.match, t.form, false)
	a.r.event(a.key, s, outcome(x.msg, kind), false, t.wrong, t.start)
	if v == askTCP {
		return a.overTCP(t)
	}
	return x.msg, v
}

// overTCP repeats t over TCP.
func (a *asking) overTCP(t *try) (*dns.Msg, verdict) {
	ctx, stop := context.WithTimeout(a.ctx, min(a.r.cfg.Timeout, time.Until(a.until)))
	defer stop()
	defer context.AfterFunc(a.r.open, stop)()
	start := time.Now()
	m, err := t.server.exchangeTCP(ctx, t.query)
	if err != nil {
		a.r.event(a.key, t.server, kindOf(err), true, 0, start)
		a.said(t.server)
		a.fail(t.server, kindOf(err), err)
		return nil, askNext
	}
	v, kind := a.examine(t.server, m, matchFull, t.form, true)
	a.r.event(a.key, t.server, outcome(m, kind), true, 0, start)
	return m, v
}

// end gives up what is still open.
func (a *asking) end() {
	if a.timer != nil {
		a.timer.Stop()
	}
	kind := Timeout
	if a.ctx.Err() != nil {
		kind = kindOf(a.ctx.Err())
	}
	for _, t := range a.tries {
		if !t.done {
			t.socket.forget(t)
			a.r.event(a.key, t.server, kind, false, 0, t.start)
		}
	}
	if a.held != nil {
		a.held.slots.release()
	}
}
