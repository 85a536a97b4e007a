package restrict

import (
	"context"
	"testing"
	"unicode/utf8"
)

// builder makes lists out of octets.
type builder struct {
	data  []byte
	lists []*List
}

func (b *builder) next() byte {
	if len(b.data) == 0 {
		return 0
	}
	c := b.data[0]
	b.data = b.data[1:]
	return c
}

// list builds a list. Rules may include any list built so far, the one under
// construction among them. Conditions are false or unknown, never true.
func (b *builder) list(cond func(byte) Cond) *List {
	l := &List{Name: "l", End: Kind(b.next() % 5)}
	if l.End == Accepted || l.End == Discarded {
		l.End = Dunno
	}
	b.lists = append(b.lists, l)
	for range b.next() % 8 {
		r := Rule{Verb: Verb(b.next() % 11), OnUnknown: OnUnknown(b.next() % 6), DryRun: b.next()%4 == 0}
		if r.OnUnknown == UnknownHolds && r.Verb.accepts() {
			r.OnUnknown = UnknownDefers
		}
		for range 1 + b.next()%2 {
			r.Ops = append(r.Ops, Op{Cond: cond(b.next()), EndPass: b.next()%5 == 0})
		}
		if r.Verb == Include {
			r.Ops = nil // always entered
			r.List = b.lists[int(b.next())%len(b.lists)]
		}
		if b.next()%3 == 0 {
			r.Reply = &Reply{uint16(b.next())*4 + 200, Enhanced{5, 7, 1}, "x\r\ny"}
		}
		l.Rules = append(l.Rules, r)
	}
	return l
}

// FuzzRun: lists whose conditions never hold do not accept, whatever their
// shape, end in bounded time, and their replies fit on one line.
func FuzzRun(f *testing.F) {
	f.Add([]byte("\x00\x03\x01\x00\x01\x00\x00\x00"), false)
	f.Add([]byte("\x00\x02\x07\x00\x01\x00\x00\x00\x00\x00\x07\x00\x01"), true)
	f.Add([]byte{3, 7, 8, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, true)
	f.Fuzz(func(t *testing.T, data []byte, unknown bool) {
		b := &builder{data: data}
		cond := func(c byte) Cond {
			if unknown && c%2 == 0 {
				return fixed(Unknown)
			}
			return fixed(False)
		}
		lists := []*List{b.list(cond), b.list(cond), b.list(cond)}
		p, err := Compile(Spec{Lists: map[Stage][]*List{Rcpt: lists}, Resolve: Rcpt.Set(), SoftBounce: len(data)%2 == 0})
		if err != nil {
			t.Fatalf("compile: %v", err)
		}
		var ev, traced Eval
		traced.Trace = new(Trace)
		v := p.Run(context.Background(), Rcpt, new(Session), &ev)
		if v.Kind == Accepted || v.Kind == Discarded {
			t.Errorf("accepted by %s without a condition that holds", v.Where())
		}
		if ev.steps > MaxSteps+1 {
			t.Errorf("%d steps", ev.steps)
		}
		if v.Kind.Refused() {
			checkReply(t, v)
		}
		if w := p.Run(context.Background(), Rcpt, new(Session), &traced); describe(w) != describe(v) {
			t.Errorf("with a trace %s, without %s", describe(w), describe(v))
		}
	})
}

func checkReply(t *testing.T, v Verdict) {
	t.Helper()
	if v.Code < 400 || v.Code > 599 || (v.Kind == TempFailed) != (v.Code < 500) || v.Enh[0] != v.Code/100 {
		t.Errorf("%v with %d %v", v.Kind, v.Code, v.Enh)
	}
	r := v.AppendReply(nil)
	if len(r) > MaxReply || !utf8.Valid(r) {
		t.Errorf("reply of %d octets: %q", len(r), r)
	}
	for _, c := range r {
		if c < ' ' || c == 0x7f {
			t.Errorf("control character in %q", r)
		}
	}
}
