package restrict

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// fixed is a condition with a fixed outcome.
func fixed(t Tri) Cond {
	return CondFunc(func(context.Context, *Eval) Tri { return t })
}

// yes and no are the operations of the simplest rules.
var (
	yes = []Op{{Cond: fixed(True)}}
	no  = []Op{{Cond: fixed(False)}}
)

func reply(code uint16, text string) *Reply {
	return &Reply{code, Enhanced{code / 100, 7, 1}, text}
}

// at returns a policy with lists for one stage.
func at(t testing.TB, st Stage, change func(*Spec), lists ...*List) *Policy {
	t.Helper()
	spec := Spec{Lists: map[Stage][]*List{st: lists}, Resolve: Rcpt.Set() | Data.Set()}
	if change != nil {
		change(&spec)
	}
	p, err := Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run evaluates the lists at RCPT and returns "kind cause reply".
func run(t testing.TB, p *Policy) string {
	t.Helper()
	var ev Eval
	return describe(p.Run(context.Background(), Rcpt, new(Session), &ev))
}

func describe(v Verdict) string {
	s := v.Kind.String() + ", " + v.Cause.String()
	if v.Kind.Refused() && !v.Silent {
		s += ": " + string(v.AppendReply(nil))
	}
	if v.Close {
		s += ", close"
	}
	return s
}

func TestVerbs(t *testing.T) {
	r554 := reply(554, "no")
	for _, tt := range []struct {
		name string
		rule Rule
		want string
	}{
		{"accept", Rule{Verb: Accept, Ops: yes}, "accepted, rule"},
		{"accept, no match", Rule{Verb: Accept, Ops: no}, "dunno, no list"},
		{"accept, unknown", Rule{Verb: Accept, Ops: []Op{{Cond: fixed(Unknown)}}}, "tempfailed, condition unknown: 451 4.3.0 Temporary lookup failure"},
		{"accept without conditions", Rule{Verb: Accept}, "accepted, rule"},
		{"deny", Rule{Verb: Deny, Reply: r554}, "rejected, rule: 554 5.7.1 no"},
		{"deny, default reply", Rule{Verb: Deny}, "rejected, rule: 550 5.7.1 Access denied"},
		{"deny, unknown as denied", Rule{Verb: Deny, Ops: []Op{{Cond: fixed(Unknown)}}, OnUnknown: UnknownRefusesAsDenied, Reply: r554}, "rejected, condition unknown: 554 5.7.1 no"},
		{"deny, unknown skips", Rule{Verb: Deny, Ops: []Op{{Cond: fixed(Unknown)}}, OnUnknown: UnknownSkips}, "dunno, no list"},
		{"deny, unknown holds", Rule{Verb: Deny, Ops: []Op{{Cond: fixed(Unknown)}}, OnUnknown: UnknownHolds, Reply: r554}, "rejected, rule: 554 5.7.1 no"},
		{"deny, unknown defers if permitted", Rule{Verb: Deny, Ops: []Op{{Cond: fixed(Unknown)}}, OnUnknown: UnknownDefersIfPermit}, "tempfailed, deferred as it would be accepted: 451 4.3.0 Temporary lookup failure"},
		{"defer", Rule{Verb: Defer}, "tempfailed, rule: 451 4.7.1 Try again later"},
		{"drop", Rule{Verb: Drop, Reply: r554}, "rejected, rule: 554 5.7.1 no, close"},
		{"discard", Rule{Verb: DiscardMessage}, "discarded, rule"},
		{"require, holds", Rule{Verb: Require, Ops: yes}, "dunno, no list"},
		{"require, fails", Rule{Verb: Require, Ops: no, Reply: r554}, "rejected, rule: 554 5.7.1 no"},
		{"warn", Rule{Verb: Warn}, "dunno, no list"},
		{"defer_if_permit", Rule{Verb: DeferIfPermit}, "tempfailed, deferred as it would be accepted: 451 4.7.1 Try again later"},
		{"defer_if_reject alone", Rule{Verb: DeferIfReject}, "dunno, no list"},
		{"invalid", Rule{Verb: Invalid, Reply: reply(451, "broken")}, "tempfailed, configuration error: 451 4.7.1 broken"},
		{"negated", Rule{Verb: Deny, Ops: []Op{{Cond: fixed(False), Neg: true}}, Reply: r554}, "rejected, rule: 554 5.7.1 no"},
		{"unknown is not negated", Rule{Verb: Deny, Ops: []Op{{Cond: fixed(Unknown), Neg: true}}, Reply: r554}, "tempfailed, condition unknown: 451 4.3.0 Temporary lookup failure"},
		{"end pass, before", Rule{Verb: Accept, Ops: []Op{{Cond: fixed(False)}, {EndPass: true}}}, "dunno, no list"},
		{"end pass, after", Rule{Verb: Accept, Ops: []Op{{EndPass: true}, {Cond: fixed(False)}}, Reply: r554}, "rejected, end of list: 554 5.7.1 no"},
		{"reply is no refusal", Rule{Verb: Deny, Reply: &Reply{250, Enhanced{2, 0, 0}, "fine"}}, "tempfailed, invalid reply: 450 4.7.1 Service unavailable"},
		{"reply without enhanced code", Rule{Verb: Deny, Reply: &Reply{Code: 550, Text: "x"}}, "tempfailed, invalid reply: 450 4.7.1 Service unavailable"},
		{"class of the enhanced code follows", Rule{Verb: Deny, Reply: &Reply{450, Enhanced{5, 1, 8}, "x"}}, "tempfailed, rule: 450 4.1.8 x"},
		{"control characters", Rule{Verb: Deny, Reply: reply(554, "a\r\nb\x00c\x7f\xff")}, "rejected, rule: 554 5.7.1 a  b c  "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := at(t, Rcpt, nil, &List{Name: "l", Rules: []Rule{tt.rule}})
			if got := strings.Replace(run(t, p), "dunno, end of list", "dunno, no list", 1); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestLists(t *testing.T) {
	accept := &List{Name: "accept", Rules: []Rule{{Verb: Accept}}}
	deny := &List{Name: "deny", Rules: []Rule{{Verb: Deny, Reply: reply(554, "no")}}}
	doubt := &List{Name: "doubt", Rules: []Rule{{Verb: DeferIfReject, Reply: reply(450, "doubt")}}}
	later := &List{Name: "later", Rules: []Rule{{Verb: DeferIfPermit, Reply: reply(450, "later")}}}
	ends := func(k Kind) *List { return &List{Name: "end", End: k} }
	ending := func(s *Spec) { s.AcceptEndsStage = true }
	deferFinal := func(s *Spec) { s.Final = map[Stage][]*List{Rcpt: {deny}} }
	for _, tt := range []struct {
		name   string
		change func(*Spec)
		lists  []*List
		want   string
	}{
		{"an accepting list does not end the stage", nil, []*List{accept, deny}, "rejected, rule: 554 5.7.1 no"},
		{"an accepting list ends the stage", ending, []*List{accept, deny}, "accepted, rule"},
		{"end refuses", nil, []*List{ends(Rejected)}, "rejected, end of list: 550 5.7.1 Administrative prohibition"},
		{"end defers", nil, []*List{ends(TempFailed)}, "tempfailed, end of list: 451 4.7.1 Temporary local problem"},
		{"end accepts", nil, []*List{ends(Accepted)}, "accepted, end of list"},
		{"doubt turns a refusal", nil, []*List{{Rules: append(doubt.Rules[:1:1], deny.Rules...)}}, "tempfailed, deferred as it would be refused: 450 4.7.1 doubt"},
		{"doubt does not matter", nil, []*List{{Rules: append(doubt.Rules[:1:1], accept.Rules...)}}, "accepted, rule"},
		{"both deferrals end the list", nil, []*List{{Rules: []Rule{doubt.Rules[0], later.Rules[0], {Verb: Deny, Reply: &Reply{421, Enhanced{4, 0, 0}, "x"}}}}}, "tempfailed, deferred as it would be accepted: 450 4.7.1 later"},
		{"first deferral wins", nil, []*List{later, {Rules: []Rule{{Verb: DeferIfPermit, Reply: reply(450, "second")}}}}, "tempfailed, deferred as it would be accepted: 450 4.7.1 later"},
		{"deferral before the final lists", deferFinal, []*List{later}, "tempfailed, deferred as it would be accepted: 450 4.7.1 later"},
		{"final lists", deferFinal, []*List{accept}, "rejected, rule: 554 5.7.1 no"},
		{"a refusal beats a deferral", nil, []*List{later, deny}, "rejected, rule: 554 5.7.1 no"},
		{"soft bounce", func(s *Spec) { s.SoftBounce = true }, []*List{deny}, "tempfailed, rule: 454 4.7.1 no"},
		{"facts missing", nil, []*List{{Needs: HasHelo, Rules: deny.Rules}}, "dunno, no list"},
		{"include", nil, []*List{{Rules: []Rule{{Verb: Include, List: deny}}}}, "rejected, rule: 554 5.7.1 no"},
		{"include without opinion", nil, []*List{{Rules: []Rule{{Verb: Include, List: doubt}, {Verb: Accept}}}}, "accepted, rule"},
		{"included end", nil, []*List{{Rules: []Rule{{Verb: Include, List: ends(Rejected)}}}}, "rejected, end of list: 550 5.7.1 Administrative prohibition"},
		{"include must not accept", nil, []*List{{Rules: []Rule{{Verb: Include, List: accept, NoAccept: true}}}}, "tempfailed, configuration error: 451 4.3.5 Server configuration error"},
		{"guarded include", nil, []*List{{Rules: []Rule{{Verb: Include, List: accept, Guard: fixed(False)}, deny.Rules[0]}}}, "rejected, rule: 554 5.7.1 no"},
		{"guard that cannot tell", nil, []*List{{Rules: []Rule{{Verb: Include, List: accept, Guard: fixed(Unknown)}, deny.Rules[0]}}}, "rejected, rule: 554 5.7.1 no"},
		{"discard stops the lists", nil, []*List{{Rules: []Rule{{Verb: DiscardMessage}}}, deny}, "discarded, rule"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Replace(run(t, at(t, Rcpt, tt.change, tt.lists...)), "dunno, end of list", "dunno, no list", 1)
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestUnsetStage(t *testing.T) {
	p := at(t, Rcpt, func(s *Spec) { s.Unset = map[Stage]Kind{Vrfy: Rejected} }, &List{})
	var ev Eval
	if v := p.Run(context.Background(), Vrfy, new(Session), &ev); v.Kind != Rejected || v.Cause != NoList {
		t.Errorf("got %v, %v; want rejected, no list", v.Kind, v.Cause)
	}
	if v := p.Run(context.Background(), Stage(200), new(Session), &ev); v.Kind != TempFailed {
		t.Errorf("a stage that does not exist: got %v, want tempfailed", v.Kind)
	}
	if p.Lists(Rcpt) == nil || p.Lists(200) != nil || len(p.Lists(Mail)) != 0 {
		t.Error("Lists does not return the lists of a stage")
	}
}

// A list that includes itself, and one that includes others over and over, end
// in a refusal for now.
func TestBounded(t *testing.T) {
	self := &List{Name: "self"}
	self.Rules = []Rule{{Verb: Include, List: self}, {Verb: Accept}}
	const want = "tempfailed, nested too deeply: 451 4.3.5 Server configuration error"
	if got := run(t, at(t, Rcpt, nil, self)); got != want {
		t.Errorf("self: got %q, want %q", got, want)
	}
	bomb := &List{Name: "leaf", Rules: []Rule{{Verb: Warn}}}
	for range 60 {
		bomb = &List{Name: "bomb", Rules: []Rule{{Verb: Include, List: bomb}, {Verb: Include, List: bomb}}}
	}
	if got := run(t, at(t, Rcpt, nil, bomb, &List{Rules: []Rule{{Verb: Accept}}})); got != want {
		t.Errorf("bomb: got %q, want %q", got, want)
	}
	dry := &List{Name: "dry", Rules: []Rule{{Verb: Include, List: self, DryRun: true}, {Verb: Accept}}}
	if got := run(t, at(t, Rcpt, nil, dry)); got != want {
		t.Errorf("a dry run must not hide the mistake: got %q, want %q", got, want)
	}
}

// pick is a source that faults, or chooses a list.
type pick struct {
	list  *List
	fault bool
}

func (p pick) Pick(_ context.Context, ev *Eval) *List {
	if p.fault {
		out := ev.Fault(451, Enhanced{4, 3, 5})
		out.Text = append(out.Text, "table broken"...)
	}
	return p.list
}

type frame struct{ subject, class string }

func (f frame) Frame(*Session) (string, string) { return f.subject, f.class }

func TestSource(t *testing.T) {
	named := &Reply{554, Enhanced{5, 7, 1}, ""}
	says := CondFunc(func(_ context.Context, ev *Eval) Tri {
		out := ev.Say(554, Enhanced{5, 7, 1})
		out.Text = append(append(append(append(out.Text, '<'), ev.Subject...), ">: "...), ev.Class...)
		return True
	})
	inner := &List{Name: "inner", Frame: frame{"inner", "Inner"}, Rules: []Rule{{Verb: Deny, Ops: []Op{{Cond: says}}}}}
	silent := &List{Name: "silent", Frame: frame{"silent", "Silent"}}
	for _, tt := range []struct {
		name  string
		rules []Rule
		want  string
	}{
		{"chosen list has its own frame", []Rule{{Verb: Include, From: pick{list: inner}}}, "rejected, rule: 554 5.7.1 <inner>: Inner"},
		{"none", []Rule{{Verb: Include, From: pick{}}, {Verb: Deny, Reply: named}}, "rejected, rule: 554 5.7.1 "},
		{"fault, even in a dry run", []Rule{{Verb: Include, From: pick{fault: true}, DryRun: true}, {Verb: Accept}}, "tempfailed, configuration error: 451 4.3.5 table broken"},
		{"the frame comes back", []Rule{{Verb: Include, From: pick{list: silent}}, {Verb: Deny, Ops: []Op{{Cond: says}}}}, "rejected, rule: 554 5.7.1 <outer>: Outer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := at(t, Rcpt, nil, &List{Name: "outer", Frame: frame{"outer", "Outer"}, Rules: tt.rules})
			if got := run(t, p); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestDryRun(t *testing.T) {
	p := at(t, Rcpt, nil, &List{Name: "l", Rules: []Rule{
		{Verb: Deny, DryRun: true, Reply: reply(554, "would"), Pos: Pos{Text: "a"}},
		{Verb: DeferIfPermit, DryRun: true, Reply: reply(450, "maybe"), Pos: Pos{Text: "b"}},
		{Verb: Accept, Pos: Pos{Text: "c"}},
	}})
	ev := Eval{Trace: new(Trace)}
	v := p.Run(context.Background(), Rcpt, new(Session), &ev)
	if v.Kind != Accepted {
		t.Errorf("got %v, want accepted", describe(v))
	}
	var logged []string
	for _, e := range ev.Effects() {
		logged = append(logged, e.LogWord()+": "+e.Text)
	}
	want := "reject_warning: 554 5.7.1 would\nreject_warning: 450 4.7.1 maybe"
	if got := strings.Join(logged, "\n"); got != want {
		t.Errorf("effects:\n%s\nwant\n%s", got, want)
	}
	if got := ev.Trace.String(); got != "l[0] a: true, dry run\nl[1] b: true, dry run\nl[2] c: true, accepted\n" {
		t.Errorf("trace:\n%s", got)
	}
}

// The same deferral stays pending from one command to the next and is
// forgotten where the Spec says so.
func TestPendingAcrossStages(t *testing.T) {
	p, err := Compile(Spec{
		Lists: map[Stage][]*List{
			Helo: {{Home: Helo, Rules: []Rule{{Verb: DeferIfPermit, Reply: reply(450, "helo")}}}},
			Rcpt: {{Home: Rcpt, Rules: []Rule{{Verb: Accept}}}},
			Data: {{Home: Data, Rules: []Rule{{Verb: Accept}}}},
		},
		Resolve: Rcpt.Set() | Data.Set(),
		Forget:  Data.Set(),
	})
	if err != nil {
		t.Fatal(err)
	}
	var ev Eval
	s := new(Session)
	var got []string
	for _, st := range []Stage{Helo, Rcpt, Rcpt, Data} {
		v := p.Run(context.Background(), st, s, &ev)
		got = append(got, v.Kind.String())
	}
	if want := "dunno tempfailed tempfailed accepted"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestEffects(t *testing.T) {
	hold := CondFunc(func(_ context.Context, ev *Eval) Tri {
		ev.AddEffect(Effect{Kind: Hold, Scope: ForMessage})
		ev.AddEffect(Effect{Kind: Log, Scope: ForConnection, Word: "info", Text: "seen"})
		return True
	})
	hang := CondFunc(func(_ context.Context, ev *Eval) Tri {
		ev.AddEffect(Effect{Kind: Hangup, Scope: ForConnection})
		return True
	})
	p := at(t, Rcpt, nil, &List{Rules: []Rule{{Verb: Warn, Ops: []Op{{Cond: hold}}}}})
	var ev Eval
	p.Run(context.Background(), Rcpt, new(Session), &ev)
	if n := len(ev.Effects()); n != 2 {
		t.Fatalf("%d effects, want 2", n)
	}
	ev.ResetMessage()
	if e := ev.Effects(); len(e) != 1 || e[0].LogWord() != "info" {
		t.Errorf("after the transaction: %v, want the one of the connection", e)
	}
	q := at(t, Rcpt, nil, &List{Rules: []Rule{{Verb: Warn, Ops: []Op{{Cond: hang}}}, {Verb: Accept}}})
	v := q.Run(context.Background(), Rcpt, new(Session), &ev)
	if v.Kind != Rejected || !v.Close || !v.Silent {
		t.Errorf("hangup: got %s, want a silent close", describe(v))
	}
}

// An ended context never accepts.
func TestContextEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, rules := range [][]Rule{nil, {{Verb: Accept}}} {
		p := at(t, Rcpt, nil, &List{Rules: rules})
		var ev Eval
		if v := p.Run(ctx, Rcpt, new(Session), &ev); v.Kind != TempFailed || v.Cause != ContextEnded {
			t.Errorf("got %s, want tempfailed, context ended", describe(v))
		}
	}
	p := at(t, Rcpt, nil, &List{Rules: []Rule{{Verb: Deny, Reply: reply(554, "no")}}})
	var ev Eval
	if v := p.Run(ctx, Rcpt, new(Session), &ev); v.Kind != Rejected {
		t.Errorf("a refusal stays one: got %s", describe(v))
	}
}

func TestReplyIsCut(t *testing.T) {
	p := at(t, Rcpt, nil, &List{Rules: []Rule{{Verb: Deny, Reply: reply(554, strings.Repeat("x", 2000))}}})
	var ev Eval
	v := p.Run(context.Background(), Rcpt, new(Session), &ev)
	if n := len(v.AppendReply(nil)); n > MaxReply {
		t.Errorf("reply of %d octets, at most %d", n, MaxReply)
	}
}

func TestCall(t *testing.T) {
	deny := &List{Rules: []Rule{{Verb: Deny}}}
	calls := CondFunc(func(ctx context.Context, ev *Eval) Tri { return Truth(ev.Call(ctx, deny).Refused()) })
	p := at(t, Rcpt, nil, &List{Rules: []Rule{{Verb: Accept, Ops: []Op{{Cond: calls}}}}})
	if got := run(t, p); got != "accepted, rule" {
		t.Errorf("got %q", got)
	}
}

// act is an action that faults.
type act struct{}

func (act) Act(_ context.Context, ev *Eval) { ev.Note("acted at ", ev.Stage().String()) }

func TestTrace(t *testing.T) {
	inner := &List{Name: "class", Rules: []Rule{{Verb: Deny, Ops: no, Pos: Pos{Text: "inner"}}, {Verb: Deny, Pos: Pos{Text: "last"}}}}
	p := at(t, Rcpt, nil, &List{Name: "outer", Rules: []Rule{
		{Verb: Warn, Ops: []Op{{Act: act{}}}, Pos: Pos{Text: "act"}},
		{Verb: Include, List: inner, Pos: Pos{Text: "class"}},
	}})
	ev := Eval{Trace: new(Trace)}
	for range 2 {
		ev.Trace.Reset()
		v := p.Run(context.Background(), Rcpt, new(Session), &ev)
		if v.Where() != "class: last" {
			t.Errorf("Where() = %q, want %q", v.Where(), "class: last")
		}
		want := "outer[0] act: true; acted at RCPT\nouter[1] class: true, rejected\n  class[0] inner: false\n  class[1] last: true, rejected\n"
		if got := ev.Trace.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if n := ev.Trace.Notes(0); len(n) != 1 || n[0] != "acted at RCPT" {
			t.Errorf("Notes(0) = %q", n)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	early := &staged{f: func(context.Context, *Eval) Tri { return True }, stages: Message.Set()}
	for _, tt := range []struct {
		name string
		spec Spec
		err  error
	}{
		{"nil list", Spec{Lists: map[Stage][]*List{Rcpt: {nil}}}, ErrRule},
		{"no such stage", Spec{Lists: map[Stage][]*List{99: {{}}}}, ErrStage},
		{"no such verb", one(Rule{Verb: 99}), ErrRule},
		{"empty operation", one(Rule{Ops: []Op{{}}}), ErrRule},
		{"include of nothing", one(Rule{Verb: Include}), ErrRule},
		{"too early", one(Rule{Ops: []Op{{Cond: early}}}), ErrStage},
		{"need", one(Rule{Ops: []Op{{Cond: Greylisted()}}}), ErrNeed},
		{"need inside", one(Rule{Verb: Include, List: &List{Rules: []Rule{{Ops: []Op{{Cond: RecipientExists()}}}}}}), ErrNeed},
		{"accept on unknown", one(Rule{Verb: Accept, OnUnknown: UnknownHolds}), ErrRule},
		{"include on unknown", one(Rule{Verb: Include, List: &List{}, OnUnknown: UnknownHolds}), ErrRule},
		{"discard on unknown", one(Rule{Verb: DiscardMessage, OnUnknown: UnknownHolds}), ErrRule},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Compile(tt.spec)
			var e *Error
			if p != nil || !errors.Is(err, tt.err) || !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "restrict: ") {
				t.Errorf("got %v, %v; want %v", p, err, tt.err)
			}
		})
	}
	_, err := Compile(one(Rule{Verb: Include, Pos: Pos{File: "main.cf", Line: 7, Text: "x"}}))
	if err == nil || !strings.Contains(err.Error(), "main.cf:7: x") {
		t.Errorf("got %v, want the position", err)
	}
}

func one(r Rule) Spec {
	return Spec{Lists: map[Stage][]*List{Rcpt: {{Name: "l", Rules: []Rule{r}}}}}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{Pos{}.String(), ""},
		{Pos{Text: "permit"}.String(), "permit"},
		{Pos{File: "main.cf", Line: 3, Text: "permit"}.String(), "main.cf:3: permit"},
		{Pos{File: "main.cf"}.String(), "main.cf"},
		{Accept.String(), "accept"}, {Verb(99).String(), "invalid"},
		{Kind(99).String(), "invalid"}, {Cause(99).String(), "invalid"}, {EffectKind(99).String(), "invalid"},
		{Hold.String(), "hold"}, {Stage(99).String(), "UNKNOWN"}, {Message.String(), "END-OF-MESSAGE"},
		{True.String(), "true"}, {False.String(), "false"}, {Unknown.String(), "unknown"},
		{Enhanced{}.String(), ""}, {Enhanced{5, 7, 23}.String(), "5.7.23"},
		{NeedOwners.String(), "Owners"}, {Need(0).String(), "nothing"},
		{(&Verdict{Cause: NoList}).Where(), "no list"},
		{(&Verdict{List: &List{Name: "l"}, Rule: -1}).Where(), "l: end of list"},
		{string((&Verdict{Code: 550, Text: []byte("x")}).AppendReply(nil)), "550 x"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestParseEnhanced(t *testing.T) {
	for _, tt := range []struct {
		in string
		e  Enhanced
		n  int
	}{
		{"5.7.1", Enhanced{5, 7, 1}, 5},
		{"4.123.999 x", Enhanced{4, 123, 999}, 9},
		{"5.7.1\tx", Enhanced{5, 7, 1}, 5},
		{"3.7.1", Enhanced{}, 0}, {"5.7", Enhanced{}, 0}, {"5.7.", Enhanced{}, 0}, {"5..1", Enhanced{}, 0},
		{"5.7.1x", Enhanced{}, 0}, {"5.1234.1", Enhanced{}, 0}, {"5.7.1234", Enhanced{}, 0}, {"", Enhanced{}, 0}, {"57.1.1", Enhanced{}, 0},
	} {
		if e, n := ParseEnhanced(tt.in); e != tt.e || n != tt.n {
			t.Errorf("ParseEnhanced(%q) = %v, %d; want %v, %d", tt.in, e, n, tt.e, tt.n)
		}
	}
}
