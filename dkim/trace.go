package dkim

import "strconv"

// EventKind tells the steps of a verification apart.
type EventKind uint8

// The steps, in the order they happen; look-ups run beside the body.
const (
	HeaderDone      EventKind = iota // the header is complete
	SignatureParsed                  // a signature field was read; Err says what is wrong with it
	LookupStart                      // a key is asked for
	LookupDone                       // the answer is there
	SignatureDone                    // a signature was judged; Err says why it did not pass
)

var eventNames = [...]string{"header-done", "signature-parsed", "lookup-start", "lookup-done", "signature-done"}

// String returns a short word for the step.
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return "EventKind(" + strconv.Itoa(int(k)) + ")"
}

// An Event is one step of a verification, see [Verifier.Trace]. A domain in it
// is as the message has it, line ends and all: quote it before it goes to a log.
type Event struct {
	Kind      EventKind
	Signature int    // index of the signature, -1 if the step is about none
	Name      string // the signing domain, or the name asked for
	Count     int    // number of signature fields, for HeaderDone
	Cached    bool   // the answer came from the KeyCache, for LookupDone
	Err       error
}

func (w *VerifyWriter) trace(e Event) {
	if w.v.Trace != nil {
		w.v.Trace(e)
	}
}
