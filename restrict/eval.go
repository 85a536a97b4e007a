package restrict

// MaxReply bounds a reply line, without its line end (RFC 5321, section
// 4.5.3.1.5).
const MaxReply = 510

// An Out is the reply under construction.
type Out struct {
	Code uint16
	Enh  Enhanced
	Text []byte
}

// pending is a remembered deferral.
type pending struct {
	active bool
	asleep bool // does not count in this stage, but again in the next message
	home   Stage
	out    Out
}

// An Eval is the scratch memory of one connection: pending deferrals, effects
// and buffers. The zero value is ready to use. One goroutine at a time may use
// it; it must not be copied.
type Eval struct {
	// Trace, if set, records every step.
	Trace *Trace
	// Subject and Class say what the running list is about.
	Subject, Class string
	// Key is scratch memory for lookup keys.
	Key []byte
	// State belongs to the front end.
	State any

	s     *Session
	p     *Policy
	stage Stage

	out     Out
	said    bool // out holds what a condition said
	fault   bool
	cause   Cause
	dry     int
	depth   int
	steps   int // rules tried in this run
	step    int
	at      Stage // home of the running list
	discard bool
	hangup  bool

	ifPermit, ifReject pending

	effects []Effect
	verdict Verdict
}

// Session returns the session under test.
func (ev *Eval) Session() *Session { return ev.s }

// Stage returns the running stage.
func (ev *Eval) Stage() Stage { return ev.stage }

// Env returns what rules may ask.
func (ev *Eval) Env() *Env { return &ev.p.env }

// DryRun reports whether refusals are only logged at this point.
func (ev *Eval) DryRun() bool { return ev.dry > 0 }

// Effects returns the effects since the last call of [Eval.ResetMessage].
func (ev *Eval) Effects() []Effect { return ev.effects }

// AddEffect records an effect.
func (ev *Eval) AddEffect(e Effect) {
	ev.effects = append(ev.effects, e)
	switch e.Kind {
	case Discard:
		ev.discard = true
	case Hangup:
		ev.hangup = true
	}
}

// ResetMessage forgets the effects of the mail transaction and lists start to
// run again after a discard. Effects for the connection stay.
func (ev *Eval) ResetMessage() {
	kept := ev.effects[:0]
	for _, e := range ev.effects {
		if e.Scope == ForConnection {
			kept = append(kept, e)
		}
	}
	clear(ev.effects[len(kept):])
	ev.effects, ev.discard = kept, false
}

// Forget drops the deferrals that lists of the stage st or a later one left
// pending.
func (ev *Eval) Forget(st Stage) {
	if ev.ifPermit.home >= st {
		ev.ifPermit.active = false
	}
	ev.ifReject.active = false
}

// Say sets the reply of the rule whose condition is being tested and returns
// the buffer of its text, emptied.
func (ev *Eval) Say(code uint16, enh Enhanced) *Out {
	ev.out.Code, ev.out.Enh, ev.out.Text = code, enh, ev.out.Text[:0]
	ev.said = true
	return &ev.out
}

// Fault makes the running rule refuse for now, even under DryRun: it cannot
// be evaluated. The condition must return Unknown, a source nil.
func (ev *Eval) Fault(code uint16, enh Enhanced) *Out {
	ev.fault = true
	return ev.Say(code, enh)
}

// DeferIfReject remembers the reply given by the last Say: a later permanent
// refusal of this stage becomes this temporary one.
func (ev *Eval) DeferIfReject() { ev.remember(&ev.ifReject); ev.said = false }

// Note adds text to the running step of the trace.
func (ev *Eval) Note(parts ...string) {
	if ev.Trace == nil {
		return
	}
	t := ev.Trace
	lo := len(t.buf)
	for _, p := range parts {
		t.buf = append(t.buf, p...)
	}
	t.notes = append(t.notes, note{ev.step, lo, len(t.buf)})
}
