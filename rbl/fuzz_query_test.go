package rbl

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

// FuzzQuery compares the engine with sums over all lists: whatever the order in
// which the answers come, stopping early does not change the decision, errors
// count nothing, and Incomplete says whether any outcome of the failed lists
// would have changed it; an early end may only say so too often. Three octets make a list: its weight, its answer, and
// which zone and filter it has.
func FuzzQuery(f *testing.F) {
	f.Add([]byte{3, 1, 0, 254, 1, 1, 1, 0, 2}, 3, -2, false)
	f.Add([]byte{1, 1, 0, 1, 1, 0, 2, 2, 16, 255, 3, 3}, 2, -1, false)
	f.Add([]byte{1, 4, 0, 255, 1, 1, 1, 5, 130}, 1, 0, true)
	codes := [][]string{nil, {"127.0.0.2"}, {"127.0.0.9"}, {"127.0.0.2", "203.0.113.1"}, {"127.255.255.254"}, nil}
	f.Fuzz(func(t *testing.T, data []byte, block, allow int, first bool) {
		if len(data) < 3 || len(data) > 60 {
			return
		}
		block, allow = 1+abs(block)%40, -(abs(allow) % 40)
		res := &fake{zones: map[string]func(string) answer{}}
		answers := map[string]byte{}
		c := Config{Resolver: res, Block: block, Allow: allow, FirstMatch: first, Verify: -1, NoText: true}
		for d := range slices.Chunk(data[:len(data)/3*3], 3) {
			zone := fmt.Sprintf("z%d.example", d[2]%16)
			if _, ok := answers[zone]; !ok {
				answers[zone] = d[1] % 6
				res.zones[zone] = listing(answer{addrs: codes[d[1]%6]}, clientLabel)
				if d[1]%6 == 5 {
					res.zones[zone] = always(servfail(zone))
				}
			}
			l := List{Zone: MustZone(zone), Weight: int(int8(d[0]))}
			if d[2]&16 != 0 {
				l.Accept = MustPattern("127.0.0.2")
			}
			if first {
				l.Unknown = Unknown(d[2] >> 6 % 3)
			}
			c.Lists = append(c.Lists, l)
		}
		early := mustQuery(t, mustSet(t, c), client)
		c.Complete = true
		full := mustQuery(t, mustSet(t, c), client)
		if early.Decision != full.Decision || full.Incomplete && !early.Incomplete {
			t.Errorf("early %v, complete %v", early, full)
		}
		want, incomplete := slowVerdict(c, answers)
		if full.Decision != want || !first && full.Incomplete != incomplete {
			t.Errorf("%v, want %v, incomplete %v", full, want, incomplete)
		}
	})
}

// slowVerdict decides from the table of answers.
func slowVerdict(c Config, answers map[string]byte) (d Decision, incomplete bool) {
	score, lo, hi := 0, 0, 0
	for i := range c.Lists {
		l := &c.Lists[i]
		kind := answers[l.Zone.String()]
		listed := kind == 1 || kind == 3 || kind == 2 && l.Accept.IsZero()
		if c.FirstMatch {
			dir := Block
			if l.weight() < 0 {
				dir = Allow
			}
			switch {
			case listed, kind == 5 && l.Unknown == UnknownMatch:
				return dir, false
			case kind == 5 && l.Unknown == UnknownDefer:
				return Defer, false
			}
			continue
		}
		switch {
		case listed:
			score += l.weight()
		case kind >= 4:
			lo, hi = lo+min(l.weight(), 0), hi+max(l.weight(), 0)
		}
	}
	judge := func(score int) Decision {
		switch {
		case score >= c.Block:
			return Block
		case c.Allow < 0 && score <= c.Allow:
			return Allow
		}
		return Pass
	}
	if c.FirstMatch {
		return Pass, false
	}
	return judge(score), judge(score+lo) != judge(score) || judge(score+hi) != judge(score)
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

// An ended context is reported as an error, never as a verdict that lets pass
// in silence.
func TestEndedContextIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := mustSet(t, Config{Resolver: &fake{}, Lists: []List{{Zone: MustZone("bl.example")}}})
	if v, err := s.Query(ctx, client); err == nil || !v.Incomplete {
		t.Errorf("%v, %v", v, err)
	}
}
