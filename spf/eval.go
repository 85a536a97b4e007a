package spf

import "context"

// eval is the state of one check. It lives on the stack: what outlives the
// check, the verdict and the context, is in an answer.
type eval struct {
	v     *Verdict
	c     *Checker
	ctx   *limitContext
	meta  metaResolver
	trace func(Event)
	given string // record to use for the first domain, "" to look it up
	again string // the same for the lax evaluation
	depth int    // of trace events

	domain  string // absolute
	local   string
	localOK bool // the local-part may be used in macros
	names   clientNames
	ipText  string // %{i}

	maxTerms, maxVoids, maxNames int
	lax                          bool // leave out what would be PermError
	inLocal                      bool // inside Checker.LocalPolicy
	insecure, metaSeen           bool

	terms directives
}

// directives are those of the records being evaluated, a stack. The first ones
// need no memory of their own.
type directives struct {
	n     int
	first [4]Directive
	more  []Directive
}

// push returns room for one more. It may hold an old one.
func (s *directives) push() *Directive {
	s.n++
	i := s.n - 1 - len(s.first)
	switch {
	case i < 0:
	case s.more == nil:
		s.more = make([]Directive, 1, 2*len(s.first))
	case i < cap(s.more):
		s.more = s.more[:i+1]
	default:
		s.more = append(s.more[:i], Directive{})
	}
	return s.at(s.n - 1)
}

// at returns the i-th directive. The pointer stays valid while the stack grows:
// directives do not change once they are parsed.
func (s *directives) at(i int) *Directive {
	if i < len(s.first) {
		return &s.first[i]
	}
	return &s.more[i-len(s.first)]
}

// An answer is what a check allocates. The resolver may hold on to the context
// after the check, so neither part is used again.
type answer struct {
	v    Verdict
	ctx  limitContext
	path [1]Step
}

// start prepares a zero eval. The caller ends e.ctx.
func (e *eval) start(ctx context.Context, c *Checker) {
	a := new(answer)
	a.v.Path = a.path[:0]
	a.ctx.start(ctx, c.timeout())
	e.c, e.v, e.ctx = c, &a.v, &a.ctx
	e.meta, _ = c.Resolver.(metaResolver)
	e.maxTerms = min(limit(c.MaxTerms, DefaultMaxTerms), maxTermsCap)
	e.maxNames = limit(c.MaxNames, DefaultMaxNames)
	e.maxVoids = c.MaxVoids
	if e.maxVoids == 0 {
		e.maxVoids = DefaultMaxVoids
	}
}

// A frame is a record being evaluated.
type frame struct {
	domain   string // absolute
	text     string
	redirect string
	exp      string
	redirPos int
	expPos   int
	all      bool
	hasRedir bool
	hasExp   bool
	top      bool // the result is the verdict's: not inside an include
	done     bool // no further directive can take part
	lookups  int  // directives with DNS lookups kept
}

// wanted reports whether a directive can take part in the evaluation. The
// others are checked and dropped, so that a huge record takes little memory: an
// address that is not the client's, and what comes after a certain end.
func (f *frame) wanted(e *eval, d *Directive) bool {
	switch {
	case f.done:
		return false
	case d.Mechanism == All:
		f.done = true
	case !d.Mechanism.lookup():
		if !d.Prefix.Contains(e.v.IP) {
			return e.trace != nil
		}
		f.done = true
	default:
		f.lookups++
		f.done = f.lookups > e.maxTerms // the last one kept is one too many
	}
	return true
}

// keep notes redirect and exp. A second one is a syntax error (RFC 7208,
// section 6).
func (f *frame) keep(m *Modifier) fault {
	switch {
	case m.isRedirect():
		if f.hasRedir {
			return fault{ErrSyntax, "given twice"}
		}
		f.hasRedir, f.redirect, f.redirPos = true, m.Value, m.Pos
	case m.isExp():
		if f.hasExp {
			return fault{ErrSyntax, "given twice"}
		}
		f.hasExp, f.exp, f.expPos = true, m.Value, m.Pos
	}
	return fault{}
}

// runLax evaluates again with limits so wide that no sane policy meets them,
// leaving out broken terms. Only the result is kept.
func (e *eval) runLax() {
	strict := *e.v
	e.v.Path = nil
	e.v.Terms, e.v.Voids = 0, 0
	e.given = e.again
	e.lax, e.maxTerms, e.maxVoids, e.maxNames = true, maxLaxTerms, -1, maxLaxNames
	trace := e.trace
	e.trace = nil
	lax := e.checkHost(e.domain, true)
	e.trace = trace
	strict.Queries = e.v.Queries
	*e.v = strict
	e.v.Lax = lax
}

// Limits of the lax evaluation. They only bound its cost.
const (
	maxLaxTerms = 40
	maxLaxNames = 20
)

// fail notes why the check ends in TempError or PermError. The innermost
// reason wins.
func (e *eval) fail(f *frame, term string, pos int, kind error, detail string, err error) {
	if e.v.Cause != nil {
		return
	}
	e.v.Cause = &Error{Domain: trimDot(f.domain), Term: term, Pos: pos, Kind: kind, Detail: detail, Err: err}
}

func trimDot(fqdn string) string { return fqdn[:len(fqdn)-1] }

// checkHost is check_host() of RFC 7208, section 4, for an absolute domain.
func (e *eval) checkHost(domain string, top bool) Result {
	f := frame{domain: domain, top: top}
	step := len(e.v.Path)
	e.v.Path = append(e.v.Path, Step{Domain: trimDot(domain)})
	base := e.terms.n
	res := e.fetch(&f)
	if res == "" {
		res = e.parse(&f)
	}
	if res == "" {
		res = e.evaluate(&f, base, step)
	}
	e.terms.n = base
	if e.trace != nil {
		e.traceReturn(&f, res)
	}
	return res
}

// fetch finds the one record of f's domain (RFC 7208, sections 4.4 and 4.5).
func (e *eval) fetch(f *frame) Result {
	if e.given != "" {
		f.text, e.given = e.given, ""
		return ""
	}
	txts, err := e.lookupTXT(f.domain)
	if err != nil {
		e.fail(f, "", 0, ErrDNS, "", err)
		return TempError
	}
	found := 0
	for _, txt := range txts {
		if IsSPF(txt) {
			if found++; found == 1 {
				f.text = txt
			}
		}
	}
	switch found {
	case 0:
		return None
	case 1:
		return ""
	}
	e.fail(f, "", 0, ErrMultipleRecords, "", nil)
	return PermError
}

// parse parses f.text completely and pushes the directives that can take part
// on e.terms (RFC 7208, section 4.6).
func (e *eval) parse(f *frame) Result {
	if f.top {
		e.v.Record, e.v.RecordDomain = f.text, trimDot(f.domain)
	}
	if e.trace != nil {
		e.traceRecord(f)
	}
	if len(f.text) > MaxRecord {
		e.fail(f, "", 0, ErrSyntax, "record too long", nil)
		return PermError
	}
	s := scanner{txt: f.text, pos: len(version)}
	var m Modifier
	for {
		start, end, ok := s.next()
		if !ok {
			return ""
		}
		d := e.terms.push()
		kind, why := parseTerm(f.text[start:end], start, d, &m)
		if kind == directiveTerm {
			f.all = f.all || d.Mechanism == All
			if !f.wanted(e, d) {
				e.terms.n--
			}
			continue
		}
		e.terms.n--
		if kind == modifierTerm {
			if why = f.keep(&m); why.kind == nil {
				continue
			}
		}
		if !e.lax {
			e.fail(f, f.text[start:end], start, why.kind, why.detail, nil)
			return PermError
		}
	}
}

// An outcome is what a mechanism gives: match, no match or an exception
// (RFC 7208, section 4.6.2).
type outcome uint8

const (
	noMatch outcome = iota
	match
	tempError
	permError
)

// evaluate runs the directives of f, which begin at base. step is the index of
// f in the path.
func (e *eval) evaluate(f *frame, base, step int) Result {
	end := e.terms.n
	for i := base; i < end; i++ {
		d := e.terms.at(i)
		e.v.Path = e.v.Path[:step+1]
		if d.Mechanism == All && f.top && d.Qualifier != '+' {
			if res := e.localPolicy(f, step); res != "" {
				return res
			}
		}
		e.v.Path[step].Term = d.Text
		out := e.directive(f, d)
		if e.trace != nil {
			e.traceTerm(f, d.Text, out, d.Qualifier.Result())
		}
		switch out {
		case match:
			res := d.Qualifier.Result()
			if f.top {
				e.v.Term = d.Text
				if res == Fail && f.hasExp {
					e.v.explain = &explanation{
						c: e.c, spec: f.exp, domain: f.domain,
						sender: e.domain, local: e.local, localOK: e.localOK,
					}
				}
			}
			return res
		case tempError:
			return e.exception(f, d.Text, TempError)
		case permError:
			return e.exception(f, d.Text, PermError)
		}
	}
	e.v.Path = e.v.Path[:step+1]
	e.v.Path[step].Term = ""
	if f.hasRedir && !f.all {
		return e.redirect(f, step)
	}
	if f.top {
		if res := e.localPolicy(f, step); res != "" {
			return res
		}
	}
	return Neutral // RFC 7208, section 4.7
}

func (e *eval) exception(f *frame, term string, res Result) Result {
	if f.top {
		e.v.Term = term
	}
	return res
}

// redirect follows the redirect modifier (RFC 7208, section 6.1).
func (e *eval) redirect(f *frame, step int) Result {
	term := f.text[f.redirPos:]
	term = term[:len("redirect=")+len(f.redirect)]
	e.v.Path[step].Term = term
	if !e.countTerm(f, term, f.redirPos) {
		return e.exception(f, term, PermError)
	}
	target, ok := e.target(f.redirect, f.domain)
	if e.usesLocal(f.redirect) && !e.localOK {
		return Neutral // such a term does not match (RFC 8616, section 4)
	}
	if e.trace != nil {
		e.traceEnter(f, term, target)
	}
	if ok && isMultiLabel(target) {
		e.depth++
		res := e.checkHost(target, f.top)
		e.depth--
		if res != None {
			if f.top && e.v.Term == "" && (res == TempError || res == PermError) {
				e.v.Term = term
			}
			return res
		}
	}
	e.fail(f, term, f.redirPos, ErrNoRecord, "redirect needs one", nil)
	if e.lax {
		return Neutral
	}
	return e.exception(f, term, PermError)
}

// isMultiLabel reports whether an absolute name has two labels at least.
func isMultiLabel(fqdn string) bool {
	for i := 0; i < len(fqdn)-1; i++ {
		if fqdn[i] == '.' {
			return true
		}
	}
	return false
}

// countTerm charges a term with DNS lookups (RFC 7208, section 4.6.4).
func (e *eval) countTerm(f *frame, term string, pos int) bool {
	if e.v.Terms >= e.maxTerms {
		e.fail(f, term, pos, ErrTermLimit, "", nil)
		return false
	}
	e.v.Terms++
	return true
}

// countVoid charges a lookup without an answer (RFC 7208, section 4.6.4).
func (e *eval) countVoid(f *frame, d *Directive) outcome {
	e.v.Voids++
	if e.maxVoids >= 0 && e.v.Voids > e.maxVoids {
		e.fail(f, d.Text, d.Pos, ErrVoidLimit, "", nil)
		return permError
	}
	return noMatch
}

// dnsTrouble ends the check with TempError.
func (e *eval) dnsTrouble(f *frame, d *Directive, err error) outcome {
	e.fail(f, d.Text, d.Pos, ErrDNS, "", err)
	return tempError
}

// localPolicy tries the checker's own directives. It returns "" when none
// matches.
func (e *eval) localPolicy(f *frame, step int) Result {
	p := e.c.LocalPolicy
	if p == nil || e.inLocal || e.lax {
		return ""
	}
	terms, voids := e.v.Terms, e.v.Voids
	e.v.Terms, e.v.Voids = 0, 0
	e.inLocal = true
	defer func() {
		e.inLocal = false
		e.v.Terms, e.v.Voids = terms, voids
	}()
	for i := range p.Directives {
		d := &p.Directives[i]
		e.v.Path = e.v.Path[:step+1]
		e.v.Path[step].Term = d.Text
		lf := frame{domain: f.domain}
		out := e.directive(&lf, d)
		if e.trace != nil {
			e.traceTerm(f, "local policy: "+d.Text, out, d.Qualifier.Result())
		}
		switch out {
		case match:
			e.v.Local, e.v.Term = true, d.Text
			return d.Qualifier.Result()
		case tempError:
			e.v.Local, e.v.Term = true, d.Text
			return TempError
		case permError:
			e.v.Cause = nil
		}
	}
	e.v.Path = e.v.Path[:step+1]
	e.v.Path[step].Term = "" // none of them decided
	return ""
}
