package restrict

import (
	"context"
	"strconv"
)

// A Pos is the place of a rule in its source.
type Pos struct {
	File string // "" for rules built in Go
	Line int    // 1 for the first line, 0 for none
	Text string // the rule as written, or a name for it
}

// String returns "file:line: text" as far as known.
func (p Pos) String() string {
	if p.File == "" {
		return p.Text
	}
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
	}
	if p.Text != "" {
		s += ": " + p.Text
	}
	return s
}

// A Verb is what a rule does when all its conditions hold.
type Verb uint8

// The verbs.
const (
	Warn           Verb = iota // nothing; its actions have acted
	Accept                     // end the list as accepted
	Deny                       // refuse with the rule's reply
	Defer                      // refuse for now with the rule's reply
	Drop                       // refuse and close the connection
	DiscardMessage             // accept and throw away
	Require                    // refuse unless all conditions hold
	Include                    // run another list and take over its verdict
	DeferIfPermit              // refuse for now if the request is accepted in the end
	DeferIfReject              // turn a later permanent refusal into this temporary one
	Invalid                    // the rule cannot be evaluated: refuse for now
)

var verbNames = [...]string{
	"warn", "accept", "deny", "defer", "drop", "discard", "require",
	"include", "defer_if_permit", "defer_if_reject", "invalid",
}

// String returns the verb in lower case.
func (v Verb) String() string {
	if int(v) < len(verbNames) {
		return verbNames[v]
	}
	return "invalid"
}

// accepts reports whether a rule with the verb can end in an acceptance.
func (v Verb) accepts() bool { return v == Accept || v == DiscardMessage || v == Include }

// An OnUnknown says what a rule does when one of its conditions is Unknown.
type OnUnknown uint8

// What an unknown condition does. The zero value is the safe one.
const (
	UnknownDefers          OnUnknown = iota // refuse for now
	UnknownDefersIfPermit                   // as the verb DeferIfPermit
	UnknownDefersIfReject                   // as the verb DeferIfReject
	UnknownSkips                            // the rule does not apply
	UnknownHolds                            // the condition counts as true; not in a rule that accepts
	UnknownRefusesAsDenied                  // as if all conditions held, for Deny
)

// A Cond is a condition of a rule. Implementations must be safe for
// concurrent use; what belongs to one session is kept in the [Eval].
type Cond interface {
	// Test evaluates the condition. A condition that is True may set the
	// reply of its rule with [Eval.Say], and one that is Unknown the reply
	// of the deferral.
	Test(ctx context.Context, ev *Eval) Tri
	// Stages returns the stages at which the condition can be evaluated.
	Stages() Stages
}

// A Needer is a condition, an action or a source that needs something of the
// [Env]. Compilation fails when the Env lacks it.
type Needer interface{ Needs() Need }

// An Act is what happens when evaluation reaches it.
type Act interface {
	Act(ctx context.Context, ev *Eval)
}

// An Op is one operation of a rule: a condition or an action.
type Op struct {
	Cond    Cond
	Neg     bool // negate the condition; Unknown stays Unknown
	Act     Act  // acts when evaluation reaches it; ignored if Cond is set
	EndPass bool // from here on a false condition of an Accept rule refuses
}

// A Replier fills in the reply of a rule.
type Replier interface {
	Reply(ev *Eval, out *Out)
}

// A Reply is a fixed reply. An empty Text stands for the text of the policy.
type Reply struct {
	Code uint16
	Enh  Enhanced
	Text string
}

// Reply sets the reply.
func (r *Reply) Reply(_ *Eval, out *Out) {
	out.Code, out.Enh = r.Code, r.Enh
	out.Text = append(out.Text[:0], r.Text...)
}

// A Source chooses the list that an Include rule runs, for example by a table
// lookup. It returns nil for none.
type Source interface {
	Pick(ctx context.Context, ev *Eval) *List
}

// A Rule is one entry of a list.
type Rule struct {
	Verb      Verb
	OnUnknown OnUnknown
	DryRun    bool    // log what the rule would refuse, but do not refuse
	Ops       []Op    // all must hold, in order
	Reply     Replier // nil: what a condition has said, or the default
	From      Source  // what to include
	List      *List   // what to include when From is nil
	Guard     Cond    // an accepting include counts only if this holds; nil for always
	NoAccept  bool    // an accepting include is a configuration error
	Pos       Pos
}

// A List is a sequence of rules. Lists are immutable once compiled.
type List struct {
	Name  string
	Rules []Rule
	End   Kind  // what the end of the list means: Dunno, Accepted, Rejected or TempFailed
	Home  Stage // the stage that the list belongs to, even if it runs later
	Needs Facts // the list is skipped unless the session has these
	Frame Framer
}

// A Framer gives the subject and the class of check that replies of a list
// name, as in "<subject>: Class rejected: text".
type Framer interface {
	Frame(s *Session) (subject, class string)
}
