package spf

import "strconv"

// An EventKind says what an [Event] reports.
type EventKind uint8

// The kinds of events, with the fields that are set beside Kind and Depth.
const (
	// EventRecord: evaluation of a record begins. Domain, Text.
	EventRecord EventKind = 1 + iota
	// EventLookup: a question was answered. Type, Name, Answers, Err.
	EventLookup
	// EventEnter: an include or redirect begins. Domain, Term, Name.
	EventEnter
	// EventTerm: a directive was tried. Domain, Term, Matched, Result if it
	// decides its record, Terms, Voids.
	EventTerm
	// EventReturn: evaluation of a domain ends. Domain, Result, Terms, Voids.
	EventReturn
)

// An Event is one step of a check.
type Event struct {
	Kind    EventKind
	Depth   int    // of include and redirect, 0 for the domain checked
	Domain  string // the domain whose record is evaluated
	Text    string // the record
	Term    string // the term as published
	Type    string // of the question: "TXT", "A", "AAAA", "MX", "PTR"
	Name    string // of the question, absolute; the address for "PTR"
	Answers int    // number of records
	Matched bool
	Result  Result
	Terms   int // terms with DNS lookups so far
	Voids   int // void lookups so far
	Err     error
}

// A Trace collects the events of one check. Pass its Add method as
// [Request.Trace]. It is for one goroutine at a time.
type Trace []Event

// Add appends an event.
func (t *Trace) Add(e Event) { *t = append(*t, e) }

// String returns the evaluation as a tree, indented by two blanks for each
// level. Foreign text is quoted or made printable.
func (t Trace) String() string { return string(t.Append(nil)) }

// Append appends what [Trace.String] returns to b.
func (t Trace) Append(b []byte) []byte {
	for i := range t {
		b = t[i].append(b)
	}
	return b
}

func (ev *Event) append(b []byte) []byte {
	level := 2 * ev.Depth
	if ev.Kind == EventLookup || ev.Kind == EventTerm || ev.Kind == EventEnter {
		level++
	}
	for range level {
		b = append(b, "  "...)
	}
	switch ev.Kind {
	case EventRecord:
		b = append(b, clip(ev.Domain)...)
		b = append(b, ": "...)
		b = appendRecord(b, ev.Text)
	case EventLookup:
		b = append(b, "? "...)
		b = append(b, ev.Type...)
		b = append(b, ' ')
		b = append(b, clip(ev.Name)...)
		b = append(b, ": "...)
		if ev.Err != nil {
			b = append(b, clip(ev.Err.Error())...)
		} else {
			b = strconv.AppendInt(b, int64(ev.Answers), 10)
		}
	case EventEnter:
		b = append(b, clip(ev.Term)...)
	case EventTerm:
		b = append(b, clip(ev.Term)...)
		b = append(b, ": "...)
		switch {
		case ev.Matched:
			b = append(b, "match, "...)
			b = append(b, ev.Result...)
		case ev.Result != "":
			b = append(b, ev.Result...)
		default:
			b = append(b, "no match"...)
		}
	case EventReturn:
		b = append(b, clip(ev.Domain)...)
		b = append(b, " = "...)
		b = append(b, ev.Result...)
		b = append(b, " (terms "...)
		b = strconv.AppendInt(b, int64(ev.Terms), 10)
		b = append(b, ", voids "...)
		b = strconv.AppendInt(b, int64(ev.Voids), 10)
		b = append(b, ')')
	}
	return append(b, '\n')
}

// maxShownRecord is how much of a record is shown in a trace or report.
const maxShownRecord = 2048

func appendRecord(b []byte, text string) []byte {
	if len(text) > maxShownRecord {
		b = strconv.AppendQuoteToASCII(b, text[:maxShownRecord])
		return append(b, "..."...)
	}
	return strconv.AppendQuoteToASCII(b, text)
}

// The methods below are called with a trace only, except traceLookup.

func (e *eval) traceRecord(f *frame) {
	e.trace(Event{Kind: EventRecord, Depth: e.depth, Domain: trimDot(f.domain), Text: f.text})
}

func (e *eval) traceLookup(typ, name string, answers int, err error) {
	if e.trace != nil {
		e.trace(Event{Kind: EventLookup, Depth: e.depth, Type: typ, Name: name, Answers: answers, Err: err})
	}
}

func (e *eval) traceEnter(f *frame, term, target string) {
	e.trace(Event{Kind: EventEnter, Depth: e.depth, Domain: trimDot(f.domain), Term: term, Name: target})
}

func (e *eval) traceTerm(f *frame, term string, out outcome, res Result) {
	ev := Event{
		Kind: EventTerm, Depth: e.depth, Domain: trimDot(f.domain), Term: term,
		Matched: out == match, Terms: e.v.Terms, Voids: e.v.Voids,
	}
	switch out {
	case match:
		ev.Result = res
	case tempError:
		ev.Result = TempError
	case permError:
		ev.Result = PermError
	}
	e.trace(ev)
}

func (e *eval) traceReturn(f *frame, res Result) {
	e.trace(Event{
		Kind: EventReturn, Depth: e.depth, Domain: trimDot(f.domain),
		Result: res, Terms: e.v.Terms, Voids: e.v.Voids,
	})
}
