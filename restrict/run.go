package restrict

import "context"

// Run evaluates the lists of a stage for the session. It may be called for a
// stage as often as the client repeats the command; ev must be the same for a
// whole connection. It does not allocate unless a condition does.
//
// When the context has ended the verdict is never an acceptance.
func (p *Policy) Run(ctx context.Context, st Stage, s *Session, ev *Eval) Verdict {
	if ctx == nil {
		ctx = context.Background()
	}
	if int(st) >= numStages {
		return Verdict{Kind: TempFailed, Cause: ConfigError, Code: 451, Enh: Enhanced{4, 3, 5}, Rule: -1}
	}
	ev.s, ev.p, ev.stage = s, p, st
	ev.depth, ev.steps, ev.dry, ev.hangup = 0, 0, 0, false
	ev.verdict = Verdict{Kind: p.unset[st], Cause: NoList, Rule: -1}
	ev.ifPermit.asleep = false
	if p.forget.Has(st) {
		ev.ifPermit.asleep, ev.ifReject.active = ev.ifPermit.active, false
	}
	k := ev.lists(ctx, p.lists[st], true)
	if !k.Refused() && !ev.hangup && p.resolve.Has(st) && ev.ifPermit.counts() {
		k = ev.sayPending(&ev.ifPermit, PendingIfPermit)
	}
	if !k.Refused() && !ev.hangup && !ev.discard {
		if f := ev.lists(ctx, p.final[st], false); f != Dunno {
			k = f
		}
	}
	if !k.Refused() && ctx.Err() != nil {
		ev.out = Out{Code: 451, Enh: Enhanced{4, 3, 0}, Text: append(ev.out.Text[:0], "Temporary failure"...)}
		ev.cause = ContextEnded
		k = ev.refuse(nil, -1, true)
	}
	if ev.hangup {
		ev.verdict.Kind, ev.verdict.Close, ev.verdict.Silent = Rejected, true, true
		return ev.verdict
	}
	if k != Dunno || len(p.lists[st])+len(p.final[st]) > 0 {
		ev.verdict.Kind = k
	}
	if ev.discard && !k.Refused() {
		ev.verdict.Kind = Discarded
	}
	return ev.verdict
}

// lists runs the lists of a stage. A list that starts a new group forgets what
// the lists of its home stage left pending; fresh says that the first one does.
func (ev *Eval) lists(ctx context.Context, lists []*List, fresh bool) Kind {
	all := Dunno
	for i, l := range lists {
		if i == 0 && fresh || i > 0 && l.Home != lists[i-1].Home {
			ev.Forget(l.Home)
		}
		ev.at = l.Home
		if !ev.s.Knows(l.Needs) {
			continue
		}
		ev.Subject, ev.Class = "", ""
		if l.Frame != nil {
			ev.Subject, ev.Class = l.Frame.Frame(ev.s)
		}
		ev.dry = 0
		k := ev.list(ctx, l)
		if k == Dunno && l.End != Dunno && !ev.discard {
			k = ev.end(l)
		}
		switch {
		case k.Refused() || ev.hangup:
			return k
		case k == Dunno:
		default:
			all = k
			if ev.p.acceptStage {
				return k
			}
		}
	}
	return all
}

// end is what the end of a list means.
func (ev *Eval) end(l *List) Kind {
	switch l.End {
	case Rejected:
		ev.out = Out{550, Enhanced{5, 7, 1}, append(ev.out.Text[:0], "Administrative prohibition"...)}
	case TempFailed:
		ev.out = Out{451, Enhanced{4, 7, 1}, append(ev.out.Text[:0], "Temporary local problem"...)}
	default:
		ev.decided(l, -1, EndOfList)
		return l.End
	}
	ev.cause = EndOfList
	return ev.refuse(l, -1, true)
}

// list runs one list.
func (ev *Eval) list(ctx context.Context, l *List) Kind {
	if ev.depth >= ev.p.maxDepth {
		return ev.tooDeep(l)
	}
	ev.depth++
	k := ev.rules(ctx, l)
	ev.depth--
	return k
}

// rules tries the rules of a list until one decides.
func (ev *Eval) rules(ctx context.Context, l *List) Kind {
	for i := range l.Rules {
		if ev.discard || ev.hangup {
			return Dunno
		}
		if ev.steps++; ev.steps > MaxSteps {
			return ev.tooDeep(l)
		}
		var k Kind
		if r := &l.Rules[i]; ev.Trace == nil && r.usual() {
			k = ev.single(ctx, l, i, r)
		} else {
			k = ev.rule(ctx, l, i)
		}
		if k != Dunno {
			return k
		}
		if ev.ifPermit.counts() && ev.ifReject.active {
			return Dunno
		}
	}
	return Dunno
}

// tooDeep refuses for now, as the lists would go on for too long.
func (ev *Eval) tooDeep(l *List) Kind {
	ev.out = Out{451, Enhanced{4, 3, 5}, append(ev.out.Text[:0], "Server configuration error"...)}
	ev.cause = TooDeep
	return ev.refuse(l, -1, true)
}

// usual reports whether a rule is one condition and nothing else.
func (r *Rule) usual() bool {
	return len(r.Ops) == 1 && r.Ops[0].Cond != nil && !r.Ops[0].Neg && !r.Ops[0].EndPass && !r.DryRun
}

// single is rule for a usual rule without a trace.
func (ev *Eval) single(ctx context.Context, l *List, i int, r *Rule) Kind {
	ev.said, ev.fault, ev.cause = false, false, ByRule
	got := r.Ops[0].Cond.Test(ctx, ev)
	if got == False && !ev.fault && r.Verb != Require {
		return Dunno
	}
	if got == Unknown && !ev.fault && r.OnUnknown == UnknownHolds {
		got = True
	}
	return ev.apply(ctx, l, i, r, got)
}

// rule tries one rule.
func (ev *Eval) rule(ctx context.Context, l *List, i int) Kind {
	r := &l.Rules[i]
	ev.said, ev.fault, ev.cause = false, false, ByRule
	if r.DryRun {
		ev.dry++
	}
	k := Dunno
	if ev.Trace != nil {
		k = ev.traced(ctx, l, i, r)
	} else if got, _ := ev.ops(ctx, r); got != False || ev.fault || r.Verb == Require || r.Verb == Accept {
		k = ev.apply(ctx, l, i, r, got)
	}
	if r.DryRun {
		ev.dry--
	}
	return k
}

// traced tries one rule and records the step.
func (ev *Eval) traced(ctx context.Context, l *List, i int, r *Rule) Kind {
	t, outer := ev.Trace, ev.step
	at := len(t.Steps)
	t.Steps = append(t.Steps, Step{List: l, Rule: i, Depth: ev.depth})
	ev.step = at
	got, op := ev.ops(ctx, r)
	k := Dunno
	if got != False || ev.fault || r.Verb == Require || r.Verb == Accept {
		k = ev.apply(ctx, l, i, r, got)
	}
	st := &t.Steps[at] // not earlier: the rules of a nested list grow the slice
	st.Op, st.Got, st.Kind, st.Cause, st.Dry = op, got, k, ev.cause, r.DryRun
	ev.step = outer
	return k
}

// ops evaluates the operations of a rule in order. It returns the outcome and
// the operation that stopped the rule.
func (ev *Eval) ops(ctx context.Context, r *Rule) (Tri, int) {
	endPass := false
	for i := range r.Ops {
		op := &r.Ops[i]
		if op.EndPass {
			endPass = true
		}
		if op.Cond == nil {
			if op.Act != nil {
				op.Act.Act(ctx, ev)
			}
			continue
		}
		t := op.Cond.Test(ctx, ev)
		if t == Unknown && !ev.fault && r.OnUnknown == UnknownHolds {
			t = True
		} else if op.Neg {
			t = -t
		}
		if t != True {
			if t == False && endPass {
				ev.cause = EndOfList
			}
			return t, i
		}
	}
	return True, -1
}

// apply carries out a rule whose conditions came to got.
func (ev *Eval) apply(ctx context.Context, l *List, i int, r *Rule, got Tri) Kind {
	if ev.fault {
		ev.cause = ConfigError
		return ev.refuse(l, i, true)
	}
	if got == Unknown {
		return ev.unknown(l, i, r)
	}
	if got == False {
		if r.Verb == Require || r.Verb == Accept && ev.cause == EndOfList {
			return ev.deny(l, i, r)
		}
		return Dunno
	}
	switch r.Verb {
	case Accept:
		ev.decided(l, i, ByRule)
		return Accepted
	case Deny, Defer, Drop:
		return ev.deny(l, i, r)
	case DiscardMessage:
		ev.AddEffect(Effect{Kind: Discard})
		ev.decided(l, i, ByRule)
		return Discarded
	case Include:
		return ev.include(ctx, l, i, r)
	case DeferIfPermit:
		ev.fill(r)
		return ev.maybe(l, i)
	case DeferIfReject:
		ev.fill(r)
		ev.remember(&ev.ifReject)
	case Invalid:
		ev.fill(r)
		ev.cause = ConfigError
		return ev.refuse(l, i, true)
	}
	return Dunno
}

// unknown does what the rule says about an unknown condition.
func (ev *Eval) unknown(l *List, i int, r *Rule) Kind {
	ev.cause = CondUnknown
	switch r.OnUnknown {
	case UnknownSkips:
		return Dunno
	case UnknownRefusesAsDenied:
		return ev.deny(l, i, r)
	}
	if !ev.said {
		out := ev.Say(451, Enhanced{4, 3, 0})
		out.Text = append(out.Text, "Temporary lookup failure"...)
	}
	switch r.OnUnknown {
	case UnknownDefersIfPermit:
		return ev.maybe(l, i)
	case UnknownDefersIfReject:
		ev.remember(&ev.ifReject)
		return Dunno
	}
	return ev.refuse(l, i, false)
}

// deny refuses with the reply of the rule.
func (ev *Eval) deny(l *List, i int, r *Rule) Kind {
	ev.fill(r)
	k := ev.refuse(l, i, false)
	if r.Verb == Drop && k.Refused() {
		ev.verdict.Close = true
	}
	return k
}

// fill sets the reply of a rule.
func (ev *Eval) fill(r *Rule) {
	switch {
	case r.Reply != nil:
		r.Reply.Reply(ev, &ev.out)
	case ev.said:
	case r.Verb == Defer || r.Verb == DeferIfPermit || r.Verb == DeferIfReject || r.Verb == Invalid:
		ev.out = Out{451, Enhanced{4, 7, 1}, append(ev.out.Text[:0], "Try again later"...)}
	default:
		ev.out = Out{550, Enhanced{5, 7, 1}, append(ev.out.Text[:0], "Access denied"...)}
	}
}

// include runs the list that the rule chooses.
func (ev *Eval) include(ctx context.Context, l *List, i int, r *Rule) Kind {
	subject, class := ev.Subject, ev.Class
	next := r.List
	if r.From != nil {
		next = r.From.Pick(ctx, ev)
	}
	k := Dunno
	switch {
	case ev.fault:
		ev.cause = ConfigError
		k = ev.refuse(l, i, true)
	case next != nil:
		if next.Frame != nil {
			ev.Subject, ev.Class = next.Frame.Frame(ev.s)
		}
		k = ev.list(ctx, next)
		if k == Dunno && next.End != Dunno && !ev.discard {
			k = ev.end(next)
		}
	}
	ev.Subject, ev.Class = subject, class
	if k != Accepted || ev.discard {
		return k
	}
	if r.NoAccept {
		out := ev.Say(451, Enhanced{4, 3, 5})
		out.Text = append(out.Text, "Server configuration error"...)
		ev.cause = ConfigError
		return ev.refuse(l, i, true)
	}
	if r.Guard != nil && r.Guard.Test(ctx, ev) != True {
		return Dunno
	}
	return k
}

// Call runs a list as part of a condition and returns its verdict.
func (ev *Eval) Call(ctx context.Context, l *List) Kind { return ev.list(ctx, l) }
