package dkim

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/mailsec-go/mailsec/internal/domainkey"
)

// Defaults of a [Verifier]. RFC 6376 sets none of them but the smallest key,
// which is from RFC 8301, section 3.2.
const (
	DefaultMaxSignatures   = 10
	DefaultMaxHeaderBytes  = 1 << 20
	DefaultMaxHeaderFields = 10000
	DefaultMinRSABits      = 1024
	DefaultMaxRSABits      = 4096
	DefaultSkew            = time.Hour

	hardMaxRSABits = 8192
	maxBodySums    = 8 // distinct body hashes per message, whatever MaxSignatures says
)

// A Verifier checks the signatures of messages. The zero value with a Resolver
// is ready for use and follows the RFCs. It is safe for concurrent use as long
// as its fields are not changed.
type Verifier struct {
	// Resolver looks up keys. It is required.
	Resolver Resolver

	// Now is the clock for t= and x=. Nil is time.Now.
	Now func() time.Time

	// MaxSignatures is how many signatures are checked, from the top; the
	// others get the Reason TooMany. 0 means DefaultMaxSignatures.
	MaxSignatures int

	// MaxHeaderBytes and MaxHeaderFields bound the header. A larger one is
	// refused with ErrHeaderTooLarge. 0 means the defaults.
	MaxHeaderBytes, MaxHeaderFields int

	// MinRSABits and MaxRSABits bound RSA keys. 0 means the defaults; below
	// 1024 and above 8192 bits no key is accepted whatever they say.
	MinRSABits, MaxRSABits int

	// Skew is how far in the future t= may lie. 0 means DefaultSkew, negative
	// lets any time pass.
	Skew time.Duration

	// AllowSHA1 accepts rsa-sha1, for archived mail. RFC 8301 forbids it for
	// mail that arrives now.
	AllowSHA1 bool

	// AllowMissingPadding accepts base64 without its final "=".
	AllowMissingPadding bool

	// SyntaxNeutral reports syntax errors of a signature field as Neutral
	// instead of PermError; RFC 8601 allows both.
	SyntaxNeutral bool

	// Service is what s= of the key record must allow. Empty means "email".
	Service string

	// Policy decides about a signature that verified; an error makes the
	// result a Policy one. Nil is [DefaultPolicy].
	Policy func(*Result) error

	// KeyCache, if set, keeps parsed key records between messages.
	KeyCache *KeyCache

	// Trace, if set, is called at each step, possibly from several goroutines
	// at once. It must not keep the event's Name beyond the call.
	Trace func(Event)
}

// A KeyCache keeps parsed key records, so that the key of a busy signer is
// decoded once. If the Resolver is a [MetaResolver], a key is also kept by its
// name until its TTL runs out, at most a day; the key is then at hand without
// asking. Failures are never kept, nor are records without a key or of more
// than 2 KiB. The zero value is ready for use and safe for concurrent use; it
// holds at most 8192 keys. One KeyCache may serve several Verifiers with the
// same view of DNS.
type KeyCache struct{ c domainkey.Cache }

// Len returns the number of records held.
func (c *KeyCache) Len() int { return c.c.Len() }

var errUnsignedBody = errors.New("l= leaves a part of the body unsigned")

// DefaultPolicy refuses a signature whose l= leaves a part of the body
// unsigned: whoever relays the message may add what he likes (RFC 6376,
// section 8.2).
func DefaultPolicy(r *Result) error {
	if r.UnsignedBytes > 0 {
		return errUnsignedBody
	}
	return nil
}

// AcceptAll is a policy that refuses nothing: a signature that verifies
// passes, as RFC 6376 by itself has it.
func AcceptAll(*Result) error { return nil }

// Verify checks the signatures of the message that r yields. It reads r to its
// end, also when there is nothing to check. The error is not nil only if there
// is no answer: the context ended, r failed, the header is too large, or the
// Verifier has no Resolver.
func (v *Verifier) Verify(ctx context.Context, r io.Reader) (*Report, error) {
	w := v.NewWriter(ctx)
	err := copyMessage(ctx, w, r)
	if err != nil {
		w.abort()
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return w.Report(), nil
}

// bufferSize is how much is read at a time: it fits the cache, and is large
// enough for whole small messages.
const bufferSize = 32 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// copyMessage writes all of r to w. After an error of w it still reads r to
// its end, so that whoever shares the stream stays in step. A reader that can
// write itself is not copied.
func copyMessage(ctx context.Context, w io.Writer, r io.Reader) error {
	if wt, ok := r.(io.WriterTo); ok {
		s := sink{ctx: ctx, w: w}
		if _, err := wt.WriteTo(&s); err != nil {
			return err
		}
		return s.err
	}
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	var failed error
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf[:])
		if n > 0 && failed == nil {
			_, failed = w.Write(buf[:n])
		}
		switch {
		case err == io.EOF:
			return failed
		case err != nil:
			return err
		}
	}
}

// sink hands on what it is given until the first error, and takes the rest
// without looking at it. It fails by itself only when the context ends.
type sink struct {
	ctx context.Context
	w   io.Writer
	err error
}

// sinkStep is how often a large write looks at the context.
const sinkStep = 1 << 20

func (s *sink) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if err := s.ctx.Err(); err != nil {
			return n - len(p), err
		}
		step := p[:min(len(p), sinkStep)]
		if s.err == nil {
			_, s.err = s.w.Write(step)
		}
		p = p[len(step):]
	}
	return n, nil
}
