package restrict

import (
	"errors"
	"maps"
	"slices"
)

// Limits of an evaluation. Lists that include themselves, or one another many
// times over, end in a refusal for now.
const (
	DefaultMaxDepth = 100     // nesting of lists
	MaxSteps        = 1 << 16 // rules tried in one run
)

// The kinds of [Error].
var (
	// ErrNeed says that a rule needs a part of the Env that is missing.
	ErrNeed = errors.New("the environment lacks what the rule needs")
	// ErrStage says that a condition cannot be evaluated at the stage of its list.
	ErrStage = errors.New("condition not available at this stage")
	// ErrRule says that a rule is malformed.
	ErrRule = errors.New("malformed rule")
)

// A Spec describes a policy to [Compile].
type Spec struct {
	// Lists are the lists that run at each stage, in order.
	Lists map[Stage][]*List
	// Final are the lists that run after a pending deferral was resolved.
	Final map[Stage][]*List
	// Unset is the verdict of a stage without lists; Dunno if not set.
	Unset map[Stage]Kind
	// Resolve are the stages at whose end a pending DeferIfPermit counts.
	Resolve Stages
	// Forget are the stages that start without pending deferrals.
	Forget Stages
	// AcceptEndsStage makes an accepting rule end the stage instead of its list.
	AcceptEndsStage bool
	// SoftBounce turns every permanent refusal into a temporary one.
	SoftBounce bool
	// MaxDepth bounds the nesting of lists; 0 is DefaultMaxDepth.
	MaxDepth int
	// Env is what the rules may ask.
	Env Env
}

// A Policy decides the stages of a session. It is immutable and safe for
// concurrent use; to change it, compile a new one and swap a pointer.
type Policy struct {
	lists, final [numStages][]*List
	unset        [numStages]Kind
	resolve      Stages
	forget       Stages
	acceptStage  bool
	soft         bool
	maxDepth     int
	env          Env
}

// Compile checks the lists and makes a policy of them. The lists must not be
// changed afterwards. The error joins one [*Error] per mistake.
func Compile(spec Spec) (*Policy, error) {
	p := &Policy{
		resolve: spec.Resolve, forget: spec.Forget, acceptStage: spec.AcceptEndsStage,
		soft: spec.SoftBounce, maxDepth: spec.MaxDepth, env: spec.Env,
	}
	if p.maxDepth <= 0 {
		p.maxDepth = DefaultMaxDepth
	}
	c := checker{have: spec.Env.has(), seen: map[*List]Stages{}}
	add := func(dst *[numStages][]*List, src map[Stage][]*List) {
		for _, st := range slices.Sorted(maps.Keys(src)) {
			if int(st) >= numStages {
				c.errs = append(c.errs, &Error{Err: ErrStage})
				continue
			}
			dst[st] = slices.Clone(src[st])
			for _, l := range src[st] {
				c.list(l, st)
			}
		}
	}
	add(&p.lists, spec.Lists)
	add(&p.final, spec.Final)
	for st, k := range spec.Unset {
		if int(st) < numStages {
			p.unset[st] = k
		}
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	return p, nil
}

// Lists returns the lists that run at a stage.
func (p *Policy) Lists(st Stage) []*List {
	if int(st) >= numStages {
		return nil
	}
	return slices.Concat(p.lists[st], p.final[st])
}

// checker walks lists once per stage.
type checker struct {
	have Need
	seen map[*List]Stages
	errs []error
}

func (c *checker) list(l *List, st Stage) {
	if l == nil {
		c.errs = append(c.errs, &Error{Err: ErrRule})
		return
	}
	if c.seen[l].Has(st) {
		return
	}
	c.seen[l] |= st.Set()
	for i := range l.Rules {
		c.rule(l, &l.Rules[i], st)
	}
}

func (c *checker) rule(l *List, r *Rule, st Stage) {
	fail := func(err error) {
		c.errs = append(c.errs, &Error{List: l.Name, Pos: r.Pos, Err: err})
	}
	needs := func(x any) {
		if n, ok := x.(Needer); ok && n.Needs()&^c.have != 0 {
			fail(ErrNeed)
		}
	}
	for _, op := range r.Ops {
		switch {
		case op.Cond != nil:
			needs(op.Cond)
			if !op.Cond.Stages().Has(st) {
				fail(ErrStage)
			}
		case op.Act != nil:
			needs(op.Act)
		case !op.EndPass:
			fail(ErrRule)
		}
	}
	if r.Verb > Invalid || r.OnUnknown == UnknownHolds && r.Verb.accepts() {
		fail(ErrRule)
	}
	if r.Verb == Include {
		switch {
		case r.From != nil:
			needs(r.From)
		case r.List != nil:
			c.list(r.List, st)
		default:
			fail(ErrRule)
		}
	}
}
