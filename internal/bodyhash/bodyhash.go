// Package bodyhash canonicalizes and hashes message bodies as they stream past
// (RFC 6376, section 3.4): once per canonicalization, and one hash per
// distinct length limit, in constant memory whatever the body looks like.
package bodyhash

import (
	"hash"
	"math"
)

// Canon is a body canonicalization.
type Canon uint8

// The canonicalizations of RFC 6376, sections 3.4.3 and 3.4.4.
const (
	Simple Canon = iota
	Relaxed
)

// NoLimit is the length limit of a sum over the whole body.
const NoLimit = math.MaxInt64

// A Sum is the hash of one canonical body, or of its first octets.
type Sum struct {
	limit int64
	left  int64
	h     hash.Hash
	id    any
	sum   [64]byte
	n     int
}

// Bytes returns the hash. It is valid after [Set.Close].
func (s *Sum) Bytes() []byte { return s.sum[:s.n] }

func (s *Sum) write(p []byte) {
	if s.left < int64(len(p)) {
		p = p[:s.left]
	}
	if len(p) > 0 {
		s.left -= int64(len(p))
		s.h.Write(p)
	}
}

// stageSize is how many octets of short runs are gathered before they go to
// the hashes. It is a multiple of the block size of SHA-256.
const stageSize = 1024

// output distributes canonical octets to the sums of one canonicalization.
type output struct {
	sums  []*Sum
	total int64 // canonical octets so far
	fill  int   // octets in stage
	stage [stageSize]byte
}

// write takes canonical octets. Short runs are gathered, so that text with an
// edit every few octets does not pay for a hash call each.
func (o *output) write(p []byte) {
	o.total += int64(len(p))
	if len(p) < stageSize/4 {
		if len(p) > stageSize-o.fill {
			o.flush()
		}
		o.fill += copy(o.stage[o.fill:], p)
		return
	}
	o.flush()
	for _, s := range o.sums {
		s.write(p)
	}
}

func (o *output) flush() {
	if o.fill > 0 {
		for _, s := range o.sums {
			s.write(o.stage[:o.fill])
		}
		o.fill = 0
	}
}

// lineEnds is what a run of pending line ends is written from.
var lineEnds = func() (b [512]byte) {
	for i := range b {
		b[i] = "\r\n"[i%2]
	}
	return b
}()

func (o *output) writeLineEnds(n int64) {
	for n > 0 {
		k := min(n, int64(len(lineEnds)/2))
		o.write(lineEnds[:2*k])
		n -= k
	}
}

// A Set hashes one body in several ways at once. The zero value is an empty
// set. Add the sums first, then Write the body in pieces of any size, then
// Close. It is for one goroutine at a time.
type Set struct {
	simple  *simple
	relaxed *relaxed
	inUse   [2]bool // by Canon
	lines   LineCounter
	free    []*Sum
}

// maxFree bounds how many sums a Set keeps for later use.
const maxFree = 16

// Reset makes s an empty set again. It keeps its memory and the state of its
// hashes for the next body; sums that it returned must not be used any more.
func (s *Set) Reset() {
	s.lines = LineCounter{}
	for c := range s.inUse {
		if !s.inUse[c] {
			continue
		}
		o := s.output(Canon(c))
		if len(s.free) < maxFree {
			s.free = append(s.free, o.sums...)
		}
		*o = output{sums: o.sums[:0]}
	}
	if s.simple != nil {
		s.simple.ends, s.simple.cr = 0, false
	}
	if s.relaxed != nil {
		s.relaxed.ends, s.relaxed.blank, s.relaxed.cr = 0, false, false
	}
	s.inUse = [2]bool{}
}

func (s *Set) output(c Canon) *output {
	if c == Simple {
		return &s.simple.out
	}
	return &s.relaxed.out
}

// sum returns an empty sum, one of the free ones if there is one for id.
func (s *Set) sum(id any, newHash func() hash.Hash) *Sum {
	for i, sum := range s.free {
		if sum.id == id {
			s.free[i] = s.free[len(s.free)-1]
			s.free = s.free[:len(s.free)-1]
			sum.h.Reset()
			sum.n = 0
			return sum
		}
	}
	return &Sum{id: id, h: newHash()}
}

// Add returns the sum of the body under canonicalization c with the first
// limit canonical octets hashed by a hash made with newHash; id tells hashes
// apart. A sum that was added before is returned again, so that any number of
// signatures share it.
func (s *Set) Add(c Canon, id any, newHash func() hash.Hash, limit int64) *Sum {
	switch {
	case c == Simple && s.simple == nil:
		s.simple = new(simple)
	case c == Relaxed && s.relaxed == nil:
		s.relaxed = new(relaxed)
	}
	s.inUse[c] = true
	if sum := s.Find(c, id, limit); sum != nil {
		return sum
	}
	sum := s.sum(id, newHash)
	sum.limit, sum.left = limit, limit
	o := s.output(c)
	o.sums = append(o.sums, sum)
	return sum
}

// Len returns the number of distinct sums.
func (s *Set) Len() int {
	n := 0
	for c, used := range s.inUse {
		if used {
			n += len(s.output(Canon(c)).sums)
		}
	}
	return n
}

// chunkSize is how much of a large write is worked on at a time: little enough
// that every pass after the first finds it in the cache.
const chunkSize = 32 << 10

// Write takes the next octets of the body.
func (s *Set) Write(p []byte) {
	for len(p) > 0 {
		c := p[:min(len(p), chunkSize)]
		p = p[len(c):]
		s.lines.Write(c)
		if s.inUse[Simple] {
			s.simple.write(c)
		}
		if s.inUse[Relaxed] {
			s.relaxed.write(c)
		}
	}
}

// Close ends the body and computes the sums.
func (s *Set) Close() {
	s.lines.Close()
	if s.inUse[Simple] {
		s.simple.close()
		s.simple.out.finish()
	}
	if s.inUse[Relaxed] {
		s.relaxed.close()
		s.relaxed.out.finish()
	}
}

func (o *output) finish() {
	o.flush()
	for _, s := range o.sums {
		s.n = len(s.h.Sum(s.sum[:0]))
	}
}

// Total returns how many octets the body has under canonicalization c, which
// must be one of those added. It is valid after Close.
func (s *Set) Total(c Canon) int64 { return s.output(c).total }

// Lines returns the counts of octets that no line end explains. It is valid
// after Close.
func (s *Set) Lines() *LineCounter { return &s.lines }

// Find returns the sum that was added with these arguments, or nil.
func (s *Set) Find(c Canon, id any, limit int64) *Sum {
	if !s.inUse[c] {
		return nil
	}
	for _, sum := range s.output(c).sums {
		if sum.limit == limit && sum.id == id {
			return sum
		}
	}
	return nil
}
