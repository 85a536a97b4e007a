package rbl

import "time"

// decide returns the decision on what is known, whether open answers or
// failures could change it, and whether it is settled: no open answer can
// change it.
func (r *run) decide() (d Decision, decisive int, settled bool) {
	if r.set.cfg.FirstMatch {
		return r.firstMatch()
	}
	d = r.set.judge(r.score)
	settled = r.set.judge(r.score+r.openPos) == d && r.set.judge(r.score+r.openNeg) == d
	return d, 0, settled
}

// judge compares a score with the thresholds.
func (s *Set) judge(score int) Decision {
	switch {
	case score >= s.cfg.Block:
		return Block
	case s.cfg.Allow < 0 && score <= s.cfg.Allow:
		return Allow
	}
	return Pass
}

// firstMatch decides in the order of the lists. decisive is the index of the
// result that decides plus 1.
func (r *run) firstMatch() (d Decision, decisive int, settled bool) {
	results := r.verdict.Results
	for i := 0; i < len(results); {
		e := r.p.uses[i].entry
		start := i
		var failed int
		for ; i < len(results) && r.p.uses[i].entry == e; i++ {
			if results[i].Outcome == Failed && failed == 0 {
				failed = i + 1
			}
		}
		t := &r.tallies[e]
		switch {
		case r.set.entries[e].list.ReportOnly:
		case t.listed:
			for j := start; j < i; j++ {
				if results[j].Outcome == Listed {
					return direction(&r.set.entries[e]), j + 1, true
				}
			}
		case t.open > 0:
			return Pass, 0, false
		case failed > 0 && r.set.entries[e].list.Unknown == UnknownMatch:
			return direction(&r.set.entries[e]), failed, true
		case failed > 0 && r.set.entries[e].list.Unknown == UnknownDefer:
			return Defer, failed, true
		}
	}
	return Pass, 0, true
}

func direction(e *entry) Decision {
	if e.list.allow() {
		return Allow
	}
	return Block
}

// finish writes the verdict.
func (r *run) finish() {
	v := &r.verdict
	v.Score = r.score
	v.Decision, v.decisive, _ = r.decide()
	if !r.set.cfg.FirstMatch && v.Decision != Pass {
		v.decisive = r.weightiest(v.Decision)
	}
	v.Incomplete = r.incomplete()
	v.TTL = r.ttl()
}

// weightiest returns the result that says most for the decision, plus 1.
func (r *run) weightiest(d Decision) int {
	best, at := 0, 0
	for i := range r.verdict.Results {
		w := r.verdict.Results[i].Weight
		if d == Allow {
			w = -w
		}
		if w > best {
			best, at = w, i+1
		}
	}
	return at
}

// incomplete reports whether missing answers could have changed the decision.
func (r *run) incomplete() bool {
	if r.set.cfg.FirstMatch {
		return r.incompleteFirst()
	}
	lo, hi, missing := r.score, r.score, false
	for i := range r.tallies {
		t := &r.tallies[i]
		if t.listed || !t.failed && t.open == 0 {
			continue
		}
		// Open lists alone cannot change a settled decision, but together with
		// what a failed list might have said they can.
		missing = missing || t.failed || !r.settled
		lo += min(r.set.entries[i].weight, 0)
		hi += max(r.set.entries[i].weight, 0)
	}
	if !missing {
		return false
	}
	return r.set.judge(lo) != r.verdict.Decision || r.set.judge(hi) != r.verdict.Decision
}

// incompleteFirst looks at the lists before the one that decided.
func (r *run) incompleteFirst() bool {
	last := len(r.set.entries)
	if r.verdict.decisive > 0 {
		last = int(r.p.uses[r.verdict.decisive-1].entry)
		if r.verdict.Results[r.verdict.decisive-1].Outcome != Listed {
			return true // decided by a failure
		}
	}
	for i := range r.tallies[:last] {
		t := &r.tallies[i]
		if r.set.entries[i].list.ReportOnly {
			continue
		}
		if (t.failed || t.open > 0) && direction(&r.set.entries[i]) != r.verdict.Decision {
			return true
		}
	}
	return false
}

// ttl follows postscreen: of a verdict with a positive score, as long as
// nothing that made the score positive expires: lists with a positive weight
// that answered with addresses, and lists with a negative weight that did not.
// Of the others the mirror image. What is not known counts as the minimum.
func (r *run) ttl() time.Duration {
	c := &r.set.cfg
	if r.verdict.Incomplete {
		return c.MinTTL
	}
	ttl, found := c.MaxTTL, false
	for i := range r.verdict.Results {
		res := &r.verdict.Results[i]
		w := r.set.entries[r.p.uses[i].entry].weight
		if r.score <= 0 {
			w = -w
		}
		var counts bool
		switch res.Outcome {
		case Listed, NotMatched:
			counts = w > 0
		case NotListed:
			counts = w < 0
		}
		if counts {
			ttl, found = min(ttl, res.TTL), true
		}
	}
	if !found {
		return c.MinTTL
	}
	return max(ttl, c.MinTTL)
}
