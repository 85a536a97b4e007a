package rbl

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Status is what the test points of a list say about it.
type Status uint8

// Statuses.
const (
	Untested        Status = iota // test points are off, or not asked yet
	Healthy                       // as RFC 5782, section 5 wants it
	ListsEverything               // the negative test point is listed
	NoTestEntry                   // the positive test point is not listed
	ListRefuses                   // the list answers with an error code
	Hijacked                      // answers come from outside 127.0.0.0/8
	Unreachable                   // a test point could not be looked up
	Tripped                       // the circuit breaker is open
)

var statusText = [...]string{
	"untested", "ok", "lists-everything", "no-test-entry", "refused", "hijacked", "unreachable", "tripped",
}

// String returns the status in one word.
func (s Status) String() string {
	if int(s) < len(statusText) {
		return statusText[s]
	}
	return "status(?)"
}

// MarshalText returns the text of String.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Family is one of the three sorts of names that a list may serve. A list can
// be fit for IPv4 and empty for IPv6, so that each is tested by itself.
type Family uint8

// Families.
const (
	FamilyIPv4 Family = iota
	FamilyIPv6
	FamilyName
)

// String returns "v4", "v6" or "name".
func (f Family) String() string { return [...]string{"v4", "v6", "name"}[f%3] }

// MarshalText returns the text of String.
func (f Family) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// A Check is the state of one list and family.
type Check struct {
	List   string
	Family Family
	Status Status
	Err    error         // the cause, without the key; nil when healthy
	Took   time.Duration // by the two lookups; 0 in [Set.Status]
}

// A Report is the state of all lists of a Set.
type Report []Check

// Failed returns the checks of lists that are left alone.
func (r Report) Failed() Report {
	var out Report
	for _, c := range r {
		if c.Status > Healthy {
			out = append(out, c)
		}
	}
	return out
}

// String returns one line for each check.
func (r Report) String() string {
	var b strings.Builder
	for _, c := range r {
		fmt.Fprintf(&b, "%s %s: %s", c.List, c.Family, c.Status)
		if c.Err != nil {
			fmt.Fprintf(&b, " (%s)", oneLine(c.Err))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// A zoneState is a zone that is asked, with what is known about it.
type zoneState struct {
	zone   Zone
	reveal string // with the key
	name   string // as shown
	kinds  Kind
	v4, v6 bool
	test   Test
	accept Matcher // what any of its lists names, see [Matcher.names]
	refuse Matcher // what any of its lists refuses with
	family [3]familyState
}

// A familyState is read on every query and changes rarely; all of it is atomic.
type familyState struct {
	verified atomic.Int64  // when the negative test point was last not listed, in Unix ns
	history  atomic.Uint64 // the last answers, a 1 for each error
	until    atomic.Int64  // the breaker is open until then, 0: closed
	fault    atomic.Pointer[fault]
}

// A fault is why a list is left alone.
type fault struct {
	status Status
	err    error
}

// add widens the zone by another list that uses it.
func (z *zoneState) add(l *List) {
	z.kinds |= l.kind()
	z.v4 = z.v4 || !l.NoIPv4
	z.v6 = z.v6 || !l.NoIPv6
	if l.Test != (Test{}) {
		z.test = l.Test
	}
	z.accept = AnyOf(z.accept, l.accept())
	z.refuse = AnyOf(z.refuse, l.Refused)
}

// serves reports whether the zone is asked names of the family.
func (z *zoneState) serves(f Family) bool {
	switch f {
	case FamilyIPv4:
		return z.kinds&KindIP != 0 && z.v4
	case FamilyIPv6:
		return z.kinds&KindIP != 0 && z.v6
	}
	return z.kinds&^KindIP != 0
}

// RFC 5782, section 5.
var (
	testListed4    = netip.AddrFrom4([4]byte{127, 0, 0, 2})
	testNotListed4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	testListed6    = netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: 127, 15: 2})
	testNotListed6 = netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: 127, 15: 1})
)

// testName returns the query name of a test point. The IPv6 ones stay IPv6:
// ::FFFF:7F00:2 is an IPv4-mapped address, and asking for it as IPv4 would test
// the wrong half of the list.
func (z *zoneState) testName(f Family, listed bool) string {
	var b []byte
	label, v4, v6 := z.test.NotListed, testNotListed4, testNotListed6
	if listed {
		label, v4, v6 = z.test.Listed, testListed4, testListed6
	}
	switch {
	case label != "":
		b = append(append(b, label...), '.')
	case f == FamilyIPv4:
		b = appendIP(b, v4)
	case f == FamilyIPv6:
		b = appendIP(b, v6)
	case listed:
		b = append(b, "test."...)
	default:
		b = append(b, "invalid."...)
	}
	return string(append(append(b, z.reveal...), '.'))
}

// judge classifies the answers of a test point: StatusHealthy and whether it is
// listed, or what is wrong.
func (z *zoneState) judge(r response) (listed bool, f fault) {
	if r.err != nil {
		return false, fault{Unreachable, &Error{Kind: ErrTemporary, List: z.name, Err: hideKey(z.zone, r.err)}}
	}
	good, _, err := sift(r.addrs, z.name, z.accept, z.refuse)
	switch {
	case errors.Is(err, ErrRefused):
		return false, fault{ListRefuses, err}
	case err != nil:
		return false, fault{Hijacked, err}
	}
	return len(good) > 0, fault{Healthy, nil}
}

// check asks both test points at once.
func (s *Set) check(ctx context.Context, z *zoneState, f Family) fault {
	if z.test.Off {
		return fault{Untested, nil}
	}
	var yes, no response
	var wg sync.WaitGroup
	if !z.test.NoListed {
		wg.Go(func() { yes = s.lookup(ctx, z.testName(f, true)) })
	}
	no = s.lookup(ctx, z.testName(f, false))
	wg.Wait()
	yesListed, yesFault := z.judge(yes)
	noListed, noFault := z.judge(no)
	bad := func(st Status, text string) fault {
		return fault{st, &Error{Kind: ErrUnhealthy, List: z.name, Advice: text}}
	}
	switch {
	case yesFault.status == Unreachable:
		return yesFault
	case noFault.status != Healthy:
		return noFault
	case yesFault.status != Healthy:
		return yesFault
	case noListed:
		return bad(ListsEverything, "the test point that must not be listed is listed")
	case !yesListed && !z.test.NoListed:
		return bad(NoTestEntry, "the test point that must be listed is not listed")
	}
	z.family[f].verified.Store(s.cfg.Now().UnixNano())
	return fault{Healthy, nil}
}

// Health asks the test points of every list and remembers the outcome: a list
// that fails is left alone until its test points, which a later query or call
// of Health asks, are right again. It is meant to be called at start and then
// every 10 to 60 minutes; [Set.Query] finds out by itself about a list that
// lists everything, but not about one that has become empty.
//
// The error is that of ctx, when it ended first.
func (s *Set) Health(ctx context.Context) (Report, error) {
	var report Report
	type job struct {
		zone *zoneState
		f    Family
	}
	var jobs []job
	for _, z := range s.zones {
		for f := range Family(3) {
			if z.serves(f) {
				jobs = append(jobs, job{z, f})
				report = append(report, Check{List: z.name, Family: f})
			}
		}
	}
	var wg sync.WaitGroup
	for i, j := range jobs {
		wg.Go(func() {
			start := s.cfg.Now()
			got := s.check(ctx, j.zone, j.f)
			report[i].Status, report[i].Err = got.status, got.err
			report[i].Took = s.cfg.Now().Sub(start)
			if ctx.Err() == nil {
				j.zone.family[j.f].learn(s.cfg.Now().Add(s.cfg.Breaker.OpenFor), got)
			}
		})
	}
	wg.Wait()
	return report, ctx.Err()
}

// Status returns what is known about the lists without asking them.
func (s *Set) Status() Report {
	var report Report
	for _, z := range s.zones {
		for f := range Family(3) {
			if !z.serves(f) {
				continue
			}
			c := Check{List: z.name, Family: f}
			fs := &z.family[f]
			if why := fs.fault.Load(); why != nil {
				c.Status, c.Err = why.status, why.err
			} else if fs.verified.Load() != 0 {
				c.Status = Healthy
			}
			report = append(report, c)
		}
	}
	return report
}

// learn takes over the outcome of a check.
func (fs *familyState) learn(until time.Time, f fault) {
	if f.status <= Healthy {
		fs.fault.Store(nil)
		fs.history.Store(0)
		fs.until.Store(0)
		return
	}
	fs.fault.Store(&f)
	fs.until.Store(until.UnixNano())
}

// record counts an answer and opens the breaker when there were too many errors.
func (fs *familyState) record(b Breaker, now time.Time, list string, failed bool) {
	if b.Errors < 0 {
		return
	}
	for {
		old := fs.history.Load()
		h := old << 1
		if failed {
			h |= 1
		}
		h &= ^uint64(0) >> (64 - b.Of)
		if h == old && !failed {
			return // nothing to forget
		}
		if !fs.history.CompareAndSwap(old, h) {
			continue
		}
		if failed && bits.OnesCount64(h) >= b.Errors {
			fs.learn(now.Add(b.OpenFor), fault{Tripped, &Error{
				Kind: ErrUnhealthy, List: list,
				Advice: fmt.Sprintf("%d of the last %d answers were errors", bits.OnesCount64(h), b.Of),
			}})
		}
		return
	}
}
