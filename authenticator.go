package mailsec

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"

	"github.com/mailsec-go/mailsec/authres"
	"github.com/mailsec-go/mailsec/dkim"
	"github.com/mailsec-go/mailsec/dmarc"
	"github.com/mailsec-go/mailsec/spf"
)

// The errors of an [Authenticator] that is not usable.
var (
	ErrNoResolver = errors.New("mailsec: Authenticator has no Resolver")
	ErrID         = errors.New("mailsec: Authenticator.ID is not usable as an authserv-id")
	ErrClosed     = errors.New("mailsec: Writer is closed")
)

// Resolver is the part of DNS that this package needs: what spf, dkim and
// dmarc need together. A [*net.Resolver] satisfies it, with the restrictions
// named in [spf.Resolver] and [dmarc.Resolver]; the one in package resolver has
// none.
//
// Queried names end in a dot. A name that does not exist is reported as a
// [*net.DNSError] with IsNotFound set; every other error is taken as temporary.
// Implementations must be safe for concurrent use.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// An Envelope holds the facts of one SMTP transaction.
type Envelope struct {
	// IP is the address to check: that of the client, or, behind a relay of
	// one's own, the address which that relay saw. The zero Addr means that
	// there is none, as for mail from a local process: SPF and iprev are then
	// left out.
	IP netip.Addr
	// Helo is the argument of HELO or EHLO as sent.
	Helo string
	// MailFrom is the reverse-path without angle brackets, "" for the null one.
	MailFrom string
	// UTF8 is set for a transaction with SMTPUTF8. UTF-8 in the values of the
	// Authentication-Results field is then kept.
	UTF8 bool
	// Trace, if set, receives the steps of the checks.
	Trace *Trace
}

// A Trace receives the steps of the checks of one message. Its functions may be
// nil. They are called one at a time, though from several goroutines, and not
// after Close or Abort has returned. Where one is set it takes the place of the
// Trace of the mechanism's options.
type Trace struct {
	SPF   func(spf.Event)
	DKIM  func(dkim.Event)
	DMARC func(dmarc.Event)
}

// locked returns a copy of t whose functions exclude each other, or a Trace
// without functions for nil.
func (t *Trace) locked() Trace {
	if t == nil {
		return Trace{}
	}
	mu := new(sync.Mutex)
	return Trace{SPF: exclusive(mu, t.SPF), DKIM: exclusive(mu, t.DKIM), DMARC: exclusive(mu, t.DMARC)}
}

func exclusive[E any](mu *sync.Mutex, f func(E)) func(E) {
	if f == nil {
		return nil
	}
	return func(e E) {
		mu.Lock()
		defer mu.Unlock()
		f(e)
	}
}

// An Authenticator authenticates messages by SPF, DKIM, DMARC and iprev. With a
// Resolver and an ID it is ready to use. It is safe for concurrent use while
// its fields are not changed.
type Authenticator struct {
	// ID is the authserv-id, the name of the authenticating service in the
	// Authentication-Results field (RFC 8601, section 2.5). Required.
	ID string

	// Resolver answers the queries. Required, unless each of SPF, DKIM and
	// DMARC has its own; iprev uses that of SPF if this is nil.
	Resolver Resolver

	// SPF, DKIM and DMARC hold the options of the mechanisms. Where their
	// Resolver is nil the one above is used. A pass by SPF.LocalPolicy is not
	// one for DMARC, since the domain did not authorize the client; a failed
	// message then has disposition none for the reason local_policy.
	SPF   spf.Checker
	DKIM  dkim.Verifier
	DMARC dmarc.Verifier

	// CheckHelo also checks the HELO identity by SPF (RFC 7208, section 2.3).
	// The verdict is reported, but does not count for DMARC.
	CheckHelo bool

	// NoIPRev leaves out the lookup of the client's name.
	NoIPRev bool

	once  sync.Once
	ready error
	spf   spf.Checker
	dkim  dkim.Verifier
	dmarc dmarc.Verifier

	client clientResolver // for iprev
}

// Check authenticates the message that r yields, and reads r to its end. See
// [Authenticator.NewWriter] for the errors; a failure of r is one too.
func (a *Authenticator) Check(ctx context.Context, env Envelope, r io.Reader) (*Result, error) {
	w, err := a.NewWriter(ctx, env)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(w, r); err != nil {
		w.Abort()
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// NewWriter returns a writer that authenticates one message, written to it in
// pieces of any size. SPF and iprev start at once, so a server calls it as soon
// as the envelope is known. Either Close or Abort must be called.
//
// The error is [ErrNoResolver] or [ErrID].
func (a *Authenticator) NewWriter(ctx context.Context, env Envelope) (*Writer, error) {
	if a.once.Do(a.prepare); a.ready != nil {
		return nil, a.ready
	}
	env.IP = env.IP.Unmap().WithZone("")
	w := &Writer{a: a}
	w.ctx, w.cancel = context.WithCancel(ctx)
	w.result = &Result{Envelope: env, id: a.ID}
	trace := env.Trace.locked()
	w.dmarc = &a.dmarc
	if trace.DMARC != nil {
		own := a.dmarc
		own.Trace = trace.DMARC
		w.dmarc = &own
	}
	verifier := &a.dkim
	if trace.DKIM != nil {
		own := a.dkim
		own.Trace = trace.DKIM
		verifier = &own
	}
	w.dkim = verifier.NewWriter(w.ctx)
	w.startClient(trace.SPF)
	return w, nil
}

// prepare checks the configuration and completes the options, once.
func (a *Authenticator) prepare() {
	a.spf, a.dkim, a.dmarc = a.SPF, a.DKIM, a.DMARC
	if a.spf.Resolver == nil && a.Resolver != nil {
		a.spf.Resolver = a.Resolver
	}
	if a.dkim.Resolver == nil && a.Resolver != nil {
		a.dkim.Resolver = a.Resolver
	}
	if a.dmarc.Resolver == nil && a.Resolver != nil {
		a.dmarc.Resolver = a.Resolver
	}
	if a.spf.Resolver == nil || a.dkim.Resolver == nil || a.dmarc.Resolver == nil {
		a.ready = ErrNoResolver
		return
	}
	a.client = a.Resolver
	if a.Resolver == nil {
		a.client = a.spf.Resolver
	}
	if a.spf.Hostname == "" {
		a.spf.Hostname = a.ID
	}
	if _, err := (authres.Header{ID: a.ID}).AppendField(nil); err != nil {
		a.ready = ErrID
	}
}
