package tlspolicy

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// MaxTable is the longest text that [Compile] reads, in octets.
const MaxTable = 64 << 20

// A Table is a compiled policy table. It is immutable and safe for concurrent
// use. To reload, compile a new one and swap a pointer; keep the old one when
// the new one fails. The zero Table is empty.
type Table struct {
	entries []entry // by line
	index   index
}

type entry struct {
	policy *Policy
	err    *Error // not nil: a bad entry
	line   int
	parent bool // the key is a dot and labels of a host name
}

// A Match is the entry that decides for a next hop.
type Match struct {
	Key  string // the key that matched, in lower case
	Line int    // line on which the entry begins

	// Policy is what the entry demands; nil for a bad entry.
	Policy *Policy

	// Err is an [*Error] of kind [ErrBadEntry] when the entry cannot be enforced.
	// Delivery must then be deferred with the enhanced status 4.7.5. It must not
	// go on with another policy.
	Err error
}

// Compile reads a table: one entry a line, a key followed by white space and a
// policy as [ParsePolicy] takes it. A line that begins with white space continues
// the one before it; lines that are empty or begin with '#' do not count.
//
// The second result lists, in the order of the lines, the bad entries
// ([ErrBadEntry]) and what has no effect or cannot be done ([ErrIgnored],
// [ErrUnsupported]). The error is an [*Error] when a key occurs twice or the
// text is too large, or else what r returned; then there is no table.
func Compile(r io.Reader, o *Options) (*Table, []*Error, error) {
	if o == nil {
		o = &Options{}
	}
	text, err := io.ReadAll(io.LimitReader(r, MaxTable+1))
	if err != nil {
		return nil, nil, fmt.Errorf("tlspolicy: %w", err)
	}
	if len(text) > MaxTable {
		return nil, nil, &Error{File: o.File, Err: ErrTooLarge}
	}
	c := compiler{options: o, byKey: map[string]int{}, known: map[string]*Policy{}}
	for line, s := range logicalLines(string(text)) {
		if err := c.add(line, s); err != nil {
			return nil, c.problems, err
		}
	}
	return &Table{entries: c.entries, index: newIndex(c.keys)}, c.problems, nil
}

type compiler struct {
	options  *Options
	entries  []entry
	keys     []string           // of the entries, folded
	byKey    map[string]int     // index in entries
	known    map[string]*Policy // by value: equal entries share a policy
	problems []*Error
}

func (c *compiler) add(line int, s string) error {
	raw, value := s, ""
	if i := strings.IndexFunc(s, isSpace); i >= 0 {
		raw, value = s[:i], trim(s[i:])
	}
	report := func(e *Error) {
		e.File, e.Line, e.Key = c.options.File, line, raw
		c.problems = append(c.problems, e)
	}
	if value == "" {
		report(&Error{Err: ErrIgnored, Reason: "key without a policy"})
		return nil
	}
	key := foldKey(raw)
	if why := deadKey(key); why != "" {
		report(&Error{Err: ErrIgnored, Reason: why})
	}
	i, known := c.byKey[key]
	if known {
		dup := &Error{Err: ErrDuplicate, Reason: fmt.Sprintf("first on line %d", c.entries[i].line)}
		report(dup)
		if !c.options.LastWins {
			return dup
		}
	} else {
		i = len(c.entries)
		c.byKey[key] = i
		c.entries = append(c.entries, entry{})
		c.keys = append(c.keys, key)
	}
	e := entry{line: line, policy: c.known[value], parent: key[0] == '.' && validLabels([]byte(key[1:]))}
	if e.policy == nil {
		e.policy, e.err = parsePolicy(value, c.options)
		switch {
		case e.err != nil:
			report(e.err)
		case len(e.policy.Warnings) == 0:
			c.known[value] = e.policy
		default:
			for _, w := range e.policy.Warnings {
				report(w)
			}
		}
	}
	c.entries[i] = e
	return nil
}

// deadKey says why no next hop can ever have this key.
func deadKey(key string) string {
	switch {
	case key == "*" || key == ".":
		return "there is no key for all destinations: set the default level instead"
	case strings.HasSuffix(key, "."):
		return "no next hop ends in a dot: leave it out"
	case strings.HasSuffix(key, ":"):
		return "the colon is part of the key: leave it out"
	case strings.HasPrefix(key, "*."):
		return "a star has no meaning here: write " + key[1:]
	}
	return ""
}

// Lookup returns the entry that decides for nexthop: its own or, when nexthop is
// a plain host name, that of its nearest parent. ok is false when there is none,
// and the default applies. One dot at the end of nexthop does not count.
//
// Lookup does not allocate unless nexthop holds a non-ASCII octet or is longer
// than 255 octets.
func (t *Table) Lookup(nexthop string) (m Match, ok bool) {
	tables := [1]*Table{t}
	return lookup(tables[:], nexthop)
}

// Tables are searched together: an exact key in any of them goes before a
// parent's key in any of them, and for the same key the first table wins.
type Tables []*Table

// Lookup is [Table.Lookup] over all tables.
func (ts Tables) Lookup(nexthop string) (m Match, ok bool) { return lookup(ts, nexthop) }

func lookup(ts []*Table, nexthop string) (Match, bool) {
	nexthop = dnsname.TrimDot(nexthop)
	var buf [maxFold]byte
	key, classes, ok := fold(&buf, nexthop)
	if !ok {
		long := foldKey(nexthop)
		if key, classes, ok = fold(&buf, long); !ok {
			key = []byte(long)
			classes = isOther
		}
	}
	for _, t := range ts {
		if n, own := t.index.find(key); n > 0 {
			return t.entries[n-1].match(own), true
		}
	}
	if classes&(isOther|isHigh) != 0 || classes&isName == 0 {
		return Match{}, false
	}
	// What stands before a parent is a host name's beginning if its labels are;
	// that the rest is one was seen to when the table was compiled.
	for {
		label, rest, more := bytes.Cut(key, dot)
		if !more || !validLabel(label) {
			return Match{}, false
		}
		key = key[len(label):]
		for _, t := range ts {
			if n, own := t.index.find(key); n > 0 && t.entries[n-1].parent {
				return t.entries[n-1].match(own), true
			}
		}
		key = rest
	}
}

func (e *entry) match(key string) Match {
	m := Match{Key: key, Line: e.line, Policy: e.policy}
	if e.err != nil {
		m.Err = e.err
	}
	return m
}

// Len returns the number of entries, bad ones included.
func (t *Table) Len() int { return len(t.entries) }

// All returns the entries in no particular order.
func (t *Table) All() iter.Seq[Match] {
	return func(yield func(Match) bool) {
		for _, s := range t.index.slots {
			if s.entry > 0 && !yield(t.entries[s.entry-1].match(t.index.keys[s.off:s.off+s.n])) {
				return
			}
		}
	}
}
