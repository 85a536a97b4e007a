package dmarc

import (
	"context"
	"math/rand/v2"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// Verify evaluates DMARC for a message. From holds the bodies of its From
// fields, see [AuthorDomains]; spf and dkim are the results of SPF and of each
// signature.
//
// A From field without exactly one domain is PermError, with the kind in
// Evaluation.Err. Such a message should not be treated better than one that
// fails: it might have been made to escape DMARC (RFC 9989, section 11.5).
//
// The error is not nil only if ctx has ended; the evaluation is then TempError.
func (v *Verifier) Verify(ctx context.Context, from []string, spf SPF, dkim []DKIM) (Evaluation, error) {
	return v.Begin(from).End(ctx, spf, dkim)
}

// VerifyDomain is [Verifier.Verify] for an author domain that is known already.
func (v *Verifier) VerifyDomain(ctx context.Context, author string, spf SPF, dkim []DKIM) (Evaluation, error) {
	s := Session{v: v}
	s.setDomain(author)
	return s.End(ctx, spf, dkim)
}

// A Session is an evaluation in steps, for callers that know the From field
// before the results of SPF and DKIM. It is for one goroutine at a time.
type Session struct {
	v       *Verifier
	err     error // no author domain to evaluate
	walkers []walker
	first   [1]walker
	found   bool
}

// Begin starts the evaluation of a message; it asks nothing yet. From is as for
// [Verifier.Verify].
func (v *Verifier) Begin(from []string) *Session {
	s := &Session{v: v}
	domains, err := AuthorDomains(from)
	if err == nil {
		s.setDomain(domains[0])
		return s
	}
	e, _ := err.(*Error)
	if e.Err != ErrMultipleDomains || len(domains) > min(v.MaxAuthors, MaxAuthorDomains) {
		s.err = err
		return s
	}
	s.walkers = make([]walker, len(domains))
	for i, d := range domains {
		s.walkers[i].init(v, d)
	}
	return s
}

func (s *Session) setDomain(author string) {
	name, ok := normalize(author)
	if !ok {
		s.err = &Error{Domain: clip(author), Err: ErrDomain}
		return
	}
	s.walkers = s.first[:]
	s.walkers[0].init(s.v, name)
}

// Discover finds the records that apply. It may run while SPF and DKIM are
// checked; End makes up for it otherwise.
func (s *Session) Discover(ctx context.Context) {
	if s.found {
		return
	}
	s.found = true
	for i := range s.walkers {
		w := &s.walkers[i]
		w.source = w.discover(ctx, w.author)
	}
}

// End completes the evaluation with the results of SPF and of each signature.
// It is called once. The error is as for [Verifier.Verify].
func (s *Session) End(ctx context.Context, spf SPF, dkim []DKIM) (Evaluation, error) {
	if s.err != nil {
		e := Evaluation{
			Result: PermError, Policy: PolicyNone,
			SPF: spf, DKIM: outcomes(dkim), Discovery: s.v.Mode, Err: s.err,
		}
		s.v.finish(new(walker), &e)
		return e, nil
	}
	s.Discover(ctx)
	var worst Evaluation
	var others []Evaluation
	for i := range s.walkers {
		w := &s.walkers[i]
		e := Evaluation{
			AuthorDomain: w.author, Policy: PolicyNone,
			SPF: spf, DKIM: outcomes(dkim), Discovery: s.v.Mode,
		}
		w.evaluate(ctx, &e)
		if err := ctx.Err(); err != nil {
			return Evaluation{
				Result: TempError, AuthorDomain: w.author, Policy: PolicyNone, Disposition: PolicyNone, Err: err,
			}, err
		}
		s.v.finish(w, &e)
		switch {
		case len(s.walkers) == 1:
			return e, nil
		case i == 0:
			worst = e
		case badness(&e) > badness(&worst):
			others = append(others, worst)
			worst = e
		default:
			others = append(others, e)
		}
	}
	worst.Others = others
	return worst, nil
}

// badness orders outcomes: the strictest failing policy first. A failure that
// asks for nothing ranks below temperror, behind which a stricter policy may be.
func badness(e *Evaluation) int {
	switch {
	case e.Result == Fail && e.Disposition > PolicyNone:
		return 3 + int(e.Disposition)
	case e.Result == TempError:
		return 3
	case e.Result == Fail:
		return 2
	case e.Result == None:
		return 1
	}
	return 0
}

func outcomes(dkim []DKIM) []DKIMOutcome {
	if len(dkim) == 0 {
		return nil
	}
	out := make([]DKIMOutcome, len(dkim))
	for i, d := range dkim {
		out[i].DKIM = d
	}
	return out
}

// normalize returns name as A-labels in lower case without a final dot.
func normalize(name string) (string, bool) {
	name, err := dnsname.ToASCII(name)
	return name, err == nil && name != "" && name[len(name)-1] != '.'
}

// evaluate fills e up to the result and the policy.
func (w *walker) evaluate(ctx context.Context, e *Evaluation) {
	src := &w.source
	e.OrgDomain = src.org
	switch {
	case src.err != nil:
		e.Result, e.Err = TempError, src.err
		return
	case src.rec == nil:
		return
	}
	sub := src.domain != e.AuthorDomain
	policy, ok := src.rec.policyFor(sub, true, w.v.Mode)
	if !ok {
		e.Err = &Error{Domain: src.domain, Err: ErrNoPolicy}
		return
	}
	e.Record, e.RecordDomain = src.rec, src.domain
	e.Testing = src.rec.Testing && w.v.Mode == TreeWalk
	w.align(ctx, e)

	// The np tag matters only where it says something else than sp.
	if absent, _ := src.rec.policyFor(sub, false, w.v.Mode); absent != policy {
		w.existence(ctx, e)
		switch {
		case e.Exists == No:
			policy = absent
		case e.Exists == Unknown && e.Result != Pass:
			e.Result, policy = TempError, PolicyNone
		}
	}
	e.Policy = policy
	if w.v.Trace != nil {
		w.trace(Event{Kind: EventPolicy, Domain: src.domain, Record: src.rec, Policy: policy})
	}
}

// existence sets e.Exists. A pass for the author or a name below it proves that
// the author exists: the record or key was found there.
func (w *walker) existence(ctx context.Context, e *Evaluation) {
	proof := isPass(e.SPF.Result) && dnsname.HasSuffix(e.SPF.Domain, e.AuthorDomain)
	for _, d := range e.DKIM {
		proof = proof || isPass(d.Result) && dnsname.HasSuffix(d.Domain, e.AuthorDomain)
	}
	if proof {
		e.Exists = Yes
		return
	}
	var err error
	if e.Exists, err = w.exists(ctx, e.AuthorDomain); err != nil && e.Err == nil {
		e.Err = err
	}
}

// align compares the identifiers with the author domain and sets the result.
func (w *walker) align(ctx context.Context, e *Evaluation) {
	a := aligner{w: w, author: e.AuthorDomain}
	e.SPFAlignment = a.identifier(ctx, e.SPF.Result, e.SPF.Domain, e.Record.ASPF)
	e.SPFAligned = isPass(e.SPF.Result) && aligned(e.SPFAlignment)
	unsure := e.SPFAlignment != NotAligned && !e.SPFAligned
	for i := range e.DKIM {
		d := &e.DKIM[i]
		d.Alignment = a.identifier(ctx, d.Result, d.Domain, e.Record.ADKIM)
		switch {
		case isPass(d.Result) && aligned(d.Alignment):
			e.DKIMAligned = true
		case d.Alignment != NotAligned:
			unsure = true
		}
	}
	if a.done {
		e.OrgDomain = a.org.org
	}
	switch {
	case e.SPFAligned || e.DKIMAligned:
		e.Result = Pass
	case unsure:
		e.Result = TempError
		if e.Err = a.err; e.Err == nil {
			e.Err = &Error{Domain: e.AuthorDomain, Err: ErrUpstream}
		}
	default:
		e.Result = Fail
	}
}

func isPass(result string) bool { return strings.EqualFold(result, "pass") }
func isTemp(result string) bool { return strings.EqualFold(result, "temperror") }
func aligned(a Alignment) bool  { return a == AlignedRelaxed || a == AlignedStrict }

// aligner compares identifiers with one author domain.
type aligner struct {
	w      *walker
	author string
	org    walk // of the author, once done is set
	done   bool
	err    error // the first query that failed
}

// identifier returns the alignment of domain, if its result makes that matter.
func (a *aligner) identifier(ctx context.Context, result, domain string, mode AlignmentMode) Alignment {
	if !isPass(result) && !isTemp(result) {
		return NotAligned
	}
	al := a.compare(ctx, domain, mode)
	if a.w.v.Trace != nil {
		a.w.trace(Event{Kind: EventAlign, Domain: domain, Note: al.String()})
	}
	return al
}

// compare decides with as few queries as will prove the answer. An
// organizational domain is always a suffix of the name whose walk found it, so
// names without a common suffix, and names outside of the author's
// organizational domain, need no walk.
func (a *aligner) compare(ctx context.Context, domain string, mode AlignmentMode) Alignment {
	name, ok := normalize(domain)
	switch {
	case !ok:
		return NotAligned
	case name == a.author:
		return AlignedStrict
	case mode == Strict || !shareSuffix(name, a.author):
		return NotAligned
	}
	if !a.done {
		a.org, a.done = a.w.walk(ctx, a.author), true
	}
	if a.org.err != nil {
		return a.unknown(a.org.err)
	}
	if !dnsname.HasSuffix(name, a.org.org) {
		return NotAligned
	}
	k := a.w.walk(ctx, name)
	switch {
	case k.err != nil:
		return a.unknown(k.err)
	case k.org == a.org.org:
		return AlignedRelaxed
	}
	return NotAligned
}

func (a *aligner) unknown(err error) Alignment {
	if a.err == nil {
		a.err = err
	}
	return AlignedUnknown
}

// shareSuffix reports whether the last labels of a and b are the same.
func shareSuffix(a, b string) bool {
	return a[strings.LastIndexByte(a, '.')+1:] == b[strings.LastIndexByte(b, '.')+1:]
}

// finish sets the disposition, asks the override, and closes the trace.
func (v *Verifier) finish(w *walker, e *Evaluation) {
	e.Queries = w.queries
	e.Authentic = w.authentic && w.queries > 0
	e.Disposition = PolicyNone
	if e.Result == Fail {
		e.Disposition = e.Policy
		v.lower(e)
	}
	if v.Override != nil {
		seen := *e
		if o, ok := v.Override(&seen); ok {
			e.Disposition = max(o.Disposition, PolicyNone)
			e.Reasons = append(e.Reasons, o.Reason)
		}
	}
	if v.Trace != nil {
		v.Trace(Event{Kind: EventResult, Domain: e.AuthorDomain, Policy: e.Disposition, Note: e.Result.String(), Err: e.Err})
	}
}

// lower applies test mode, or sampling in mode PublicSuffix, to a failed message.
func (v *Verifier) lower(e *Evaluation) {
	if e.Policy <= PolicyNone {
		return
	}
	reason := Reason{Type: ReasonTestMode}
	switch {
	case v.Mode == TreeWalk && e.Testing:
	case v.Mode == PublicSuffix && v.sampledOut(e.Record.Percent):
		reason.Type = ReasonSampledOut
	default:
		return
	}
	e.Disposition = e.Policy.lowered()
	e.Reasons = append(e.Reasons, reason)
}

// sampledOut draws whether a message is outside of the pct sample
// (RFC 7489, section 6.6.4). Percent is as in Record.Percent.
func (v *Verifier) sampledOut(percent int) bool {
	switch {
	case percent == 0 || percent >= 100:
		return false
	case percent < 0:
		return true
	case v.Rand != nil:
		return v.Rand(100) >= percent
	}
	return rand.IntN(100) >= percent
}
