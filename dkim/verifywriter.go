package dkim

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/mailsec-go/mailsec/internal/bodyhash"
	"github.com/mailsec-go/mailsec/internal/domainkey"
	"github.com/mailsec-go/mailsec/internal/rawheader"
)

// A VerifyWriter checks a message that is written to it in pieces of any size.
// Key look-ups start when the header is complete and run while the body streams
// past. It is for one goroutine at a time. Close must be called to release it.
type VerifyWriter struct {
	v       *Verifier
	ctx     context.Context
	cancel  context.CancelFunc
	scanner rawheader.Scanner
	header  *rawheader.Header
	checks  []check
	work    *workspace // nil without a header, and after Close
	lookups []lookup
	wait    sync.WaitGroup
	report  *Report
	err     error
	closed  bool
}

// check is the work on one signature.
type check struct {
	signature
	failed  *Error // set as soon as the outcome is known
	digest  [64]byte
	digestN int
	bodySum *bodyhash.Sum
	key     *lookup
}

// lookup is the search for one key; several signatures may share it.
type lookup struct {
	name   string
	answer domainkey.Answer
	done   bool // the answer was at hand
	late   bool // the context had ended when there was no key
}

var errNoResolver = errors.New("dkim: Verifier has no Resolver")

// NewWriter returns a writer that checks one message. ctx governs the key
// look-ups.
func (v *Verifier) NewWriter(ctx context.Context) *VerifyWriter {
	w := &VerifyWriter{v: v}
	w.ctx = ctx
	w.scanner.MaxBytes = v.MaxHeaderBytes
	w.scanner.MaxFields = v.MaxHeaderFields
	if v.Resolver == nil {
		w.err = errNoResolver
	}
	return w
}

// Write takes the next octets of the message. Once it has failed it fails with
// the same error again, and so does Close.
func (w *VerifyWriter) Write(p []byte) (int, error) {
	if w.closed {
		return 0, &Error{Text: "write after Close", Err: ErrClosed}
	}
	if w.err != nil {
		return 0, w.err
	}
	body := p
	if w.header == nil {
		n, done, err := w.scanner.Write(p)
		if err != nil {
			return 0, w.fail(err)
		}
		if !done {
			return len(p), nil
		}
		if err := w.startBody(); err != nil {
			return n, err
		}
		body = p[n:]
	}
	w.work.bodies.Write(body)
	return len(p), nil
}

func (w *VerifyWriter) fail(err error) error {
	w.err = &Error{Text: "header refused", Err: err}
	return w.err
}

// Fields returns what follows the colon in each field named name, from the
// top, and whether the header is complete; before that it returns nothing. The
// slices must not be changed.
func (w *VerifyWriter) Fields(name string) (values [][]byte, complete bool) {
	if w.header == nil {
		return nil, false
	}
	return w.header.Values(name), true
}

var signatureName = []byte("DKIM-Signature")

// startBody runs when the header is complete: it parses the signatures, hashes
// the header for each, starts the look-ups and sets up the body hashes.
func (w *VerifyWriter) startBody() error {
	header, err := w.scanner.Header()
	if err != nil {
		return w.fail(err)
	}
	w.header = header
	w.work = workspaces.Get().(*workspace)
	n := header.Count(signatureName)
	w.trace(Event{Kind: HeaderDone, Signature: -1, Count: n})
	if n == 0 {
		return nil
	}
	limit := w.v.MaxSignatures
	if limit <= 0 {
		limit = DefaultMaxSignatures
	}
	w.checks = make([]check, n)
	for i := header.Last(signatureName); i >= 0; i = header.Above(i) {
		n--
		w.checks[n].field = &header.Fields[i]
	}
	w.lookups = make([]lookup, 0, min(len(w.checks), limit))
	for i := range w.checks {
		c := &w.checks[i]
		if i >= limit {
			c.skip()
			continue
		}
		w.prepare(c)
		if c.failed != nil {
			w.trace(Event{Kind: SignatureParsed, Signature: i, Name: c.domain, Err: c.failed})
		} else {
			w.trace(Event{Kind: SignatureParsed, Signature: i, Name: c.domain})
		}
	}
	w.startLookups()
	return nil
}

// skip notes that a signature is beyond the limit; it is read only for its
// names.
func (c *check) skip() {
	_ = c.parse(c.field, true, true)
	c.failed = &Error{Reason: TooMany, Domain: c.domain, Text: "more signatures than the limit"}
}

// prepare does everything about a signature that needs neither key nor body.
func (w *VerifyWriter) prepare(c *check) {
	if c.failed = c.parse(c.field, w.v.AllowMissingPadding, w.v.AllowSHA1); c.failed == nil {
		c.failed = w.v.precheck(&c.signature)
	}
	if c.failed != nil {
		c.failed.Domain = c.domain
		return
	}
	name, err := domainkey.Name(c.selector, c.domain)
	if err != nil {
		c.failed = &Error{Reason: KeyMissing, Domain: c.domain, Text: "no name for a key", Err: err}
		return
	}
	c.digestN = w.work.header.sum(c.digest[:0], w.header, &c.signature)
	bodies, id := &w.work.bodies, c.alg.hash()
	if bodies.Len() < maxBodySums {
		c.bodySum = bodies.Add(c.body.body(), id, c.alg.newHash, c.limit)
	} else if c.bodySum = bodies.Find(c.body.body(), id, c.limit); c.bodySum == nil {
		c.failed = &Error{Reason: TooMany, Domain: c.domain, Tag: "l", Text: "more distinct body lengths than the limit"}
		return
	}
	c.key = w.lookup(name)
}

// lookup returns the look-up of name, a new one if there is none yet.
func (w *VerifyWriter) lookup(name string) *lookup {
	for i := range w.lookups {
		if w.lookups[i].name == name {
			return &w.lookups[i]
		}
	}
	// There is room for one per signature, so that pointers stay good.
	w.lookups = append(w.lookups, lookup{name: name})
	return &w.lookups[len(w.lookups)-1]
}

// startLookups starts one goroutine per distinct name whose key is not at hand;
// there are no more than signatures to check. They end when the context does,
// or before Close returns.
func (w *VerifyWriter) startLookups() {
	missing := 0
	cache, now := w.v.keys(), w.v.now()
	for i := range w.lookups {
		l := &w.lookups[i]
		if l.answer, l.done = cache.Get(l.name, now); l.done {
			w.trace(Event{Kind: LookupDone, Signature: -1, Name: l.name, Cached: true, Err: l.answer.Err})
		} else {
			missing++
		}
	}
	if missing == 0 {
		return
	}
	w.ctx, w.cancel = context.WithCancel(w.ctx)
	w.wait.Add(missing)
	for i := range w.lookups {
		if l := &w.lookups[i]; !l.done {
			go w.run(l, now)
		}
	}
}

func (v *Verifier) keys() *domainkey.Cache {
	if v.KeyCache == nil {
		return nil
	}
	return &v.KeyCache.c
}

func (w *VerifyWriter) run(l *lookup, now time.Time) {
	defer w.wait.Done()
	w.trace(Event{Kind: LookupStart, Signature: -1, Name: l.name})
	l.answer = domainkey.Lookup(w.ctx, w.v.Resolver, w.v.keys(), l.name, now)
	l.late = l.answer.Err != nil && w.ctx.Err() != nil
	w.trace(Event{Kind: LookupDone, Signature: -1, Name: l.name, Err: l.answer.Err})
}

// Close ends the message, waits for the look-ups and completes the report. It
// returns the error that Write returned, or that of the context if it ended
// before all keys were there. Later calls return the same.
func (w *VerifyWriter) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	if w.err == nil && w.header == nil {
		// A message of a header only (RFC 5322, section 2.1).
		_ = w.startBody()
	}
	if w.work != nil {
		w.work.bodies.Close()
	}
	w.wait.Wait()
	for i := range w.lookups {
		if w.err == nil && w.lookups[i].late {
			w.err = w.ctx.Err()
		}
	}
	if w.cancel != nil {
		w.cancel()
	}
	if w.err == nil {
		w.report = w.finish()
	}
	w.work.release()
	w.work = nil
	return w.err
}

// abort ends the look-ups without a report.
func (w *VerifyWriter) abort() {
	if w.cancel != nil {
		w.cancel()
	}
	w.wait.Wait()
	w.work.release()
	w.work = nil
	w.closed = true
}

// Report returns the report, nil before Close and after an error.
func (w *VerifyWriter) Report() *Report { return w.report }
