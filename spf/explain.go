package spf

import (
	"context"

	"github.com/mailsec-go/mailsec/internal/smtptext"
)

// MaxExplanation is the longest explanation, in octets; the rest is cut off.
const MaxExplanation = 512

// explanation is what it takes to fetch the explanation later.
type explanation struct {
	c       *Checker
	spec    string // the domain-spec of exp=
	domain  string // the domain whose record has it, absolute
	sender  string // the domain checked, absolute
	local   string
	localOK bool
}

// Explain returns Explanation, and fetches it first if the result is Fail, the
// domain publishes one and that has not been done. It returns "" if anything
// about it is wrong (RFC 7208, section 6.2). Checker.Timeout applies. The
// lookups are not charged to the limits or counts of the verdict. It must not
// run at the same time as other methods of v.
func (v *Verdict) Explain(ctx context.Context) string {
	x := v.explain
	if x == nil {
		return v.Explanation
	}
	var e eval
	e.start(ctx, x.c)
	defer e.ctx.stop()
	e.domain, e.local, e.localOK = x.sender, x.local, x.localOK
	e.v.IP, e.v.Sender, e.v.Helo = v.IP, v.Sender, v.Helo
	v.Explanation, v.explain = e.explanation(x), nil
	return v.Explanation
}

// fetchExplanation sets Explanation as part of the check.
func (e *eval) fetchExplanation() {
	x := e.v.explain
	if x == nil {
		return
	}
	before := *e.v
	text := e.explanation(x)
	*e.v = before
	e.v.Explanation, e.v.explain = text, nil
}

// explanation returns the domain's explanation, "" if there is trouble of any
// kind.
func (e *eval) explanation(x *explanation) string {
	name, ok := e.target(x.spec, x.domain)
	if !ok {
		return ""
	}
	txts, err := e.lookupTXT(name)
	if err != nil || len(txts) != 1 || len(txts[0]) > MaxRecord {
		return ""
	}
	if _, f := checkMacros(txts[0], explainLetters, true); f.kind != nil {
		return ""
	}
	var buf [2 * MaxExplanation]byte
	b, ok := e.expand(buf[:0], txts[0], x.domain, true)
	if !ok {
		return ""
	}
	// Macros may have brought in octets that a reply must not hold: the
	// local-part and the HELO name are the client's.
	if text := string(b); smtptext.IsSafe(text) {
		return text
	}
	return ""
}
