package rbl

import (
	"errors"
	"net/netip"
	"slices"
)

// An Outcome is what one list said about one subject.
type Outcome uint8

// The outcomes. Only Listed counts.
const (
	// NotAsked: the verdict was settled before, or the list is not healthy.
	NotAsked Outcome = iota
	// NotListed: there is no address record.
	NotListed
	// NotMatched: listed with codes that the entry does not accept.
	NotMatched
	// Listed: listed with a code that counts.
	Listed
	// Refused: the list or the resolver answered something that is not a
	// statement about the subject: an error code, an address outside
	// 127.0.0.0/8, or nothing because the name would be too long.
	Refused
	// Failed: the lookup failed for now.
	Failed
)

var outcomeText = [...]string{"not asked", "not listed", "not matched", "listed", "refused", "failed"}

// String returns the name of the outcome in lower case.
func (o Outcome) String() string {
	if int(o) < len(outcomeText) {
		return outcomeText[o]
	}
	return "outcome(?)"
}

// MarshalText returns the text of String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// A reading is what a set of answers says, seen by one entry.
type reading struct {
	outcome Outcome
	good    []netip.Addr // inside 127.0.0.0/8 and no error, sorted, distinct
	matched []netip.Addr // those of good that the entry accepts
	err     error
}

// read classifies the answers to one entry's query. Codes that count are used,
// the others are reported beside them.
func (e *entry) read(answers []netip.Addr) reading {
	var r reading
	var bad int
	r.good, bad, r.err = sift(answers, e.name, e.accept, e.list.Refused)
	switch {
	case len(r.good) == 0 && r.err != nil:
		r.outcome = Refused
	case len(r.good) == 0:
		r.outcome = NotListed
	case !e.accept.accepts(r.good, bad):
		r.outcome = NotMatched
	default:
		r.outcome = Listed
		r.matched = r.good
		if !e.accept.not {
			r.matched = slices.DeleteFunc(slices.Clone(r.good), func(a netip.Addr) bool { return !e.accept.Match(a) })
		}
	}
	return r
}

// sift separates the answers that are codes of the list from the bad ones that
// report an error. The order of the answers is kept, repetitions are dropped.
func sift(answers []netip.Addr, list string, accept, refused Matcher) (good []netip.Addr, bad int, err error) {
	var errs []error
	report := func(kind error, a netip.Addr) {
		if bad++; bad <= maxErrors {
			errs = append(errs, &Error{Kind: kind, List: list, Code: a})
		}
	}
	for i, a := range answers {
		a = a.Unmap()
		if slices.Contains(good, a) || i > 0 && slices.Contains(answers[:i], a) {
			continue
		}
		v, ok := addr4(a)
		switch {
		case !ok || !isLoopback4(v):
			report(ErrBogus, a)
		case isErrorRange(v), !refused.IsZero() && refused.Match(a), v == notListedCode && !accept.names(v):
			report(ErrRefused, a)
		default:
			good = append(good, a)
		}
	}
	if len(errs) == 1 {
		return good, 1, errs[0]
	}
	return good, bad, errors.Join(errs...)
}

// maxAnswers bounds the address records that are looked at, maxErrors those of
// one answer that are reported as errors.
const (
	maxAnswers = 256
	maxErrors  = 4
)
