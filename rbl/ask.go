package rbl

import (
	"context"
	"errors"
	"time"
)

// askUnit looks up one name: the list must be in health, and a list that
// answers with a listing must not list everything. qctx bounds the lookup itself.
func (s *Set) askUnit(ctx, qctx context.Context, u *unit, name string) response {
	start := s.cfg.Now()
	z := s.zones[u.zone]
	f := u.family
	fs := &z.family[f]
	resp := s.admit(ctx, z, f)
	if resp.err == nil {
		resp = s.limited(qctx, name)
	}
	if s.mustVerify(z, fs, resp) {
		if why := s.verify(ctx, z, f); why != nil {
			resp = response{err: why}
		}
	}
	resp.took = s.cfg.Now().Sub(start)
	return resp
}

// admit reports an error for a list that is left alone. Once the time of that
// is over, one query asks the test points first.
func (s *Set) admit(ctx context.Context, z *zoneState, f Family) response {
	fs := &z.family[f]
	until := fs.until.Load()
	if until == 0 {
		return response{}
	}
	why := fs.fault.Load()
	if why == nil {
		return response{}
	}
	now := s.cfg.Now()
	// More time than OpenFor is left only when the clock was set back.
	if left := until - now.UnixNano(); left > 0 && left <= int64(s.cfg.Breaker.OpenFor) || !fs.until.CompareAndSwap(until, now.Add(s.cfg.Breaker.OpenFor).UnixNano()) {
		return response{err: unhealthy(z, why)}
	}
	got := s.check(ctx, z, f)
	if ctx.Err() != nil {
		fs.until.Store(until) // no outcome: the next query tries again
		return response{err: unhealthy(z, why)}
	}
	if got.status == NoTestEntry && why.status == Tripped {
		got = fault{Healthy, nil} // it has never had one
	}
	fs.learn(now.Add(s.cfg.Breaker.OpenFor), got)
	if got.status > Healthy {
		return response{err: unhealthy(z, &got)}
	}
	return response{}
}

func unhealthy(z *zoneState, why *fault) error {
	if errors.Is(why.err, ErrUnhealthy) {
		return why.err
	}
	return &Error{Kind: ErrUnhealthy, List: z.name, Advice: why.status.String(), Err: why.err}
}

// mustVerify reports whether the answer could be a listing whose list has not
// shown lately that it does not list everything.
func (s *Set) mustVerify(z *zoneState, fs *familyState, resp response) bool {
	if resp.err != nil || s.cfg.Verify < 0 || z.test.Off {
		return false
	}
	for _, a := range resp.addrs {
		if v, ok := addr4(a); ok && isLoopback4(v) && !isErrorRange(v) {
			last := fs.verified.Load()
			age := s.cfg.Now().UnixNano() - last
			return last == 0 || age > int64(s.cfg.Verify) || age < 0 // the clock was set back
		}
	}
	return false
}

// verify asks the negative test point.
func (s *Set) verify(ctx context.Context, z *zoneState, f Family) error {
	resp := s.lookup(ctx, z.testName(f, false))
	listed, why := z.judge(resp)
	switch {
	case why.status == Unreachable:
		return resp.err
	case why.status == Healthy && listed:
		why = fault{ListsEverything, &Error{
			Kind: ErrUnhealthy, List: z.name, Advice: "the test point that must not be listed is listed",
		}}
	case why.status == Healthy:
		z.family[f].verified.Store(s.cfg.Now().UnixNano())
		return nil
	}
	z.family[f].learn(s.cfg.Now().Add(s.cfg.Breaker.OpenFor), why)
	return unhealthy(z, &why)
}

// note counts an answer for the breaker of its list.
func (s *Set) note(u *unit, resp response) {
	if resp.err == errBusy || errors.Is(resp.err, ErrUnhealthy) {
		return // says nothing about the list
	}
	z := s.zones[u.zone]
	failed := resp.err != nil
	if !failed && len(resp.addrs) > 0 {
		good, _, _ := sift(resp.addrs, z.name, z.accept, z.refuse)
		failed = len(good) == 0
	}
	z.family[u.family].record(s.cfg.Breaker, s.cfg.Now(), z.name, failed)
}

// lookup asks for one name within the bounds on time and on lookups in flight.
func (s *Set) lookup(ctx context.Context, name string) response {
	ctx, cancel := withTimeout(ctx, s.cfg.QueryTimeout)
	defer cancel()
	return s.limited(ctx, name)
}

// limited asks for one name within the bound on lookups in flight.
func (s *Set) limited(ctx context.Context, name string) response {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return response{err: errBusy}
	}
	r := lookup(ctx, s.cfg.Resolver, name)
	if len(r.addrs) > maxAnswers {
		r.addrs = r.addrs[:maxAnswers]
	}
	return r
}

func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d < 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}
