package rbl

import (
	"context"
	"net/netip"
	"time"
)

// Defaults and bounds of [Config].
const (
	DefaultTimeout      = 5 * time.Second
	DefaultQueryTimeout = 4 * time.Second
	DefaultTextTimeout  = time.Second
	DefaultMinTTL       = time.Minute
	DefaultMaxTTL       = time.Hour
	DefaultVerify       = time.Hour
	DefaultMaxInFlight  = 256
	DefaultMaxSubjects  = 100
)

// Config is what a [Set] is made from. Lists and Resolver are required, every
// other field has a safe default. A Config must not be changed while [New] runs;
// afterwards the Set does not depend on it.
type Config struct {
	// Lists are the entries of the set, in the order in which they are
	// reported, and decided with FirstMatch.
	Lists []List

	// Resolver asks the lists. Public resolvers that many share are refused
	// by most lists: use one of your own.
	Resolver Resolver

	// Block is the score from which the verdict is Block. Zero means 1, so
	// that any block list blocks.
	Block int

	// Allow is the score from which downwards the verdict is Allow, such as -2.
	// Zero means that the verdict is never Allow. Positive is an error.
	Allow int

	// FirstMatch makes the first list that matches decide, in the order of
	// Lists and whatever its weight: Block for a block list, Allow for an allow
	// list. Block and Allow are not used then. All lists are still asked at
	// once.
	FirstMatch bool

	// Complete waits for every list even when no answer can change the
	// verdict any more, so that scores and results are complete.
	Complete bool

	// Timeout bounds one query with all its lookups, QueryTimeout a single
	// lookup, TextTimeout the fetching of texts that follows the verdict. Zero
	// means the default, negative no bound beyond the context's.
	Timeout, QueryTimeout, TextTimeout time.Duration

	// NoText leaves texts out.
	NoText bool

	// MaxText is the number of octets kept of a list's text. Zero means
	// [MaxText].
	MaxText int

	// MaxInFlight bounds the lookups of all queries of the Set together. Zero
	// means DefaultMaxInFlight.
	MaxInFlight int

	// MaxSubjects bounds the subjects of one query; those beyond are skipped.
	// Zero means DefaultMaxSubjects.
	MaxSubjects int

	// MinTTL and MaxTTL bound [Verdict.TTL]. Zero means the default.
	MinTTL, MaxTTL time.Duration

	// Reduce returns the name to ask about for the host of a link, such as its
	// registered domain, or "" for none. Nil means the host as it is. See
	// [ReduceByTables].
	Reduce func(host string) string

	// Skip says which addresses are never sent to a list. Nil means
	// [Special].
	Skip func(netip.Addr) Skip

	// Verify is how long a passed test vouches for what a list says: before a
	// listing counts, the list must have answered within this time that its
	// negative test point is not listed. A list that lists everything is so
	// found out before it rejects a single message. The first listing of each
	// list and family in that time costs one more round trip. Zero means
	// DefaultVerify, negative turns the check off.
	Verify time.Duration

	// Breaker says when a list that does not work is left alone.
	Breaker Breaker

	// Reply is the template of [Verdict.Reply]. Empty means [DefaultReply].
	Reply string

	// Trace, if not nil, is called for every answer as it is counted, on the
	// goroutine that runs the query.
	Trace func(ctx context.Context, e Event)

	// Now is the clock of health checks and breakers. Nil means time.Now.
	Now func() time.Time
}

// A Breaker bounds how often a list that does not work is asked. Refusals,
// bogus answers and failed lookups count as errors.
type Breaker struct {
	// Errors of the last Of answers open the breaker. Zero means 10 and 20;
	// Of is at most 64. Negative Errors turn the breaker off.
	Errors, Of int

	// OpenFor is how long an open breaker keeps the list from being asked.
	// After that one query tries the test points. Zero means a minute.
	OpenFor time.Duration
}

// An Event is one answer as [Config.Trace] gets it. It does not hold the key
// of a list.
type Event struct {
	List    string // the list as it may be shown
	Subject string // what was asked about
	Name    string // the query name, with the key redacted
	Answers []netip.Addr
	TTL     time.Duration
	Err     error // of the lookup, or why the list was not asked
	Elapsed time.Duration
	Settled bool // this answer decided the verdict
}

func (c *Config) setDefaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Timeout, DefaultTimeout)
	def(&c.QueryTimeout, DefaultQueryTimeout)
	def(&c.TextTimeout, DefaultTextTimeout)
	def(&c.MinTTL, DefaultMinTTL)
	def(&c.MaxTTL, DefaultMaxTTL)
	def(&c.Verify, DefaultVerify)
	def(&c.Breaker.OpenFor, time.Minute)
	num := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	num(&c.Block, 1)
	num(&c.MaxInFlight, DefaultMaxInFlight)
	num(&c.MaxSubjects, DefaultMaxSubjects)
	num(&c.Breaker.Errors, 10)
	num(&c.Breaker.Of, 20)
	if c.Skip == nil {
		c.Skip = Special
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Reply == "" {
		c.Reply = DefaultReply
	}
}

func (c *Config) check() error {
	fail := func(advice string) error { return &Error{Kind: ErrConfig, Advice: advice} }
	switch {
	case c.Resolver == nil:
		return fail("no resolver")
	case len(c.Lists) == 0:
		return fail("no lists")
	case c.Block < 1 || c.Block > MaxWeight:
		return fail("the block threshold must be positive")
	case c.Allow > 0 || c.Allow < -MaxWeight:
		return fail("the allow threshold must be negative, or zero for none")
	case c.MaxInFlight < 1 || c.MaxSubjects < 1:
		return fail("a bound on lookups or subjects is negative")
	case c.MinTTL < 0 || c.MaxTTL < c.MinTTL:
		return fail("MaxTTL is less than MinTTL")
	case c.Breaker.Of < 1 || c.Breaker.Of > 64 || c.Breaker.Errors > c.Breaker.Of:
		return fail("the breaker counts at most 64 answers, and no more errors than answers")
	}
	for i := range c.Lists {
		l := &c.Lists[i]
		if err := l.check(); err != nil {
			return err
		}
		if l.Unknown != UnknownSkip && !c.FirstMatch {
			return &Error{Kind: ErrConfig, List: l.name(), Advice: "Unknown needs FirstMatch"}
		}
	}
	return nil
}
