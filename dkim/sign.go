package dkim

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/internal/dnsname"
	"github.com/mailsec-go/mailsec/internal/domainkey"
)

// MinSignBits is the smallest RSA key that a [Signer] takes unless
// [SignerOptions.AllowShortRSA] is set (RFC 8301, section 3.2).
const MinSignBits = 2048

// A Signature is one signature to make. Domain, Selector and Key are required;
// the zero values of the other fields are the recommended ones.
type Signature struct {
	// Domain and Selector say where the key is published. U-labels are taken
	// and written as A-labels (RFC 8616, section 4).
	Domain, Selector string

	// Key signs. It is an RSA or Ed25519 key; the algorithm follows from it.
	// A key outside the process (HSM, KMS) may implement [ContextSigner].
	Key crypto.Signer

	// Header and Body are the canonicalizations, relaxed by default.
	Header, Body Canon

	// Identity is i=: an address, or "@" and a domain, within Domain. Empty
	// leaves i= out. It is for whoever may choose it to be trusted with: its
	// text is encoded, so that it cannot add tags.
	Identity string

	// Headers names the fields to sign. From must be among them. Nil is
	// [DefaultHeaders].
	Headers []string

	// NoOversign signs each field as often as it occurs and no more, so that
	// a field of the same name added on the way stays unnoticed.
	NoOversign bool

	// Expire sets x= that long after t=. 0 leaves x= out.
	Expire time.Duration
}

// ContextSigner is a [crypto.Signer] whose operation may take time or fail for
// a while, such as a key in a service. A Signer prefers it where a key has it.
type ContextSigner interface {
	crypto.Signer
	SignContext(ctx context.Context, rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

// SignerOptions are the settings of a [Signer]. The zero value, and a nil
// pointer, is the safe default.
type SignerOptions struct {
	// Now is the clock for t= and x=. Nil is time.Now.
	Now func() time.Time

	// Rand is handed to the keys. Nil is crypto/rand.Reader.
	Rand io.Reader

	// Allow names what a message may have and still be signed.
	Allow Danger

	// AllowShortRSA takes RSA keys of 1024 bits and more.
	AllowShortRSA bool

	// MaxHeaderBytes and MaxHeaderFields bound the header. 0 means
	// DefaultMaxHeaderBytes and DefaultMaxHeaderFields.
	MaxHeaderBytes, MaxHeaderFields int
}

// A Signer makes signatures. It is an immutable value, safe for concurrent use.
// [NewSigner] makes one; the zero value refuses to sign.
type Signer struct {
	opts SignerOptions
	sigs []template
}

// template is a checked Signature with everything that does not depend on the
// message.
type template struct {
	Signature
	alg     Algorithm
	names   []string
	always  []bool // per name: oversign even if the message has none
	checked bool   // the key is one of the standard library, which checks itself
}

// NewSigner checks the settings and returns a Signer that puts the given
// signatures on every message. The error wraps [ErrConfig].
func NewSigner(opts *SignerOptions, sigs ...Signature) (*Signer, error) {
	s := &Signer{}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	if s.opts.Rand == nil {
		s.opts.Rand = rand.Reader
	}
	if len(sigs) == 0 {
		return nil, &Error{Text: "no signature to make", Err: ErrConfig}
	}
	for _, sig := range sigs {
		t, err := s.opts.compile(sig)
		if err != nil {
			return nil, err
		}
		s.sigs = append(s.sigs, t)
	}
	return s, nil
}

func (o *SignerOptions) compile(sig Signature) (t template, err error) {
	bad := func(format string, args ...any) (template, error) {
		return template{}, &Error{Domain: sig.Domain, Text: fmt.Sprintf(format, args...), Err: ErrConfig}
	}
	t.Signature = sig
	if t.Selector, t.Domain, _, err = publishedName(sig.Selector, sig.Domain); err != nil {
		return template{}, err
	}
	if sig.Header > Simple || sig.Body > Simple {
		return bad("unknown canonicalization")
	}
	if sig.Expire < 0 || sig.Expire > 0 && sig.Expire < time.Second {
		return bad("Expire is %v", sig.Expire)
	}
	if t.alg, err = o.algorithm(sig.Key); err != nil {
		return bad("%v", err)
	}
	switch sig.Key.(type) {
	case *rsa.PrivateKey, ed25519.PrivateKey:
		t.checked = true
	}
	if t.Identity, err = encodeIdentity(sig.Identity, t.Domain); err != nil {
		return bad("identity %q: %v", sig.Identity, err)
	}
	if err = t.setHeaders(); err != nil {
		return bad("%v", err)
	}
	return t, nil
}

// publishedName returns a selector and a domain as A-labels, and the name of
// their key.
func publishedName(selector, domain string) (s, d, name string, err error) {
	if d, err = dnsname.ToASCII(domain); err == nil {
		if s, err = dnsname.ToASCII(selector); err == nil {
			name, err = domainkey.Name(s, d)
		}
	}
	if err != nil {
		text := fmt.Sprintf("selector %q, domain %q: %v", selector, domain, err)
		return "", "", "", &Error{Domain: domain, Text: text, Err: ErrConfig}
	}
	return s, d, name, nil
}

// algorithm returns the algorithm for a key, or says why it cannot be used.
func (o *SignerOptions) algorithm(key crypto.Signer) (Algorithm, error) {
	switch k := key.(type) {
	case nil:
		return 0, fmt.Errorf("no key")
	case *rsa.PrivateKey:
		if k == nil || k.N == nil || k.D == nil {
			return 0, fmt.Errorf("no RSA key")
		}
	case ed25519.PrivateKey:
		if len(k) != ed25519.PrivateKeySize || !k.Equal(ed25519.NewKeyFromSeed(k.Seed())) {
			return 0, fmt.Errorf("malformed Ed25519 key")
		}
	}
	switch pub := key.Public().(type) {
	case *rsa.PublicKey:
		if pub == nil || pub.N == nil {
			return 0, fmt.Errorf("no RSA key")
		}
		least := MinSignBits
		if o.AllowShortRSA {
			least = DefaultMinRSABits
		}
		if n := pub.N.BitLen(); n < least || n > hardMaxRSABits {
			return 0, fmt.Errorf("RSA key of %d bits", n)
		}
		return RSASHA256, nil
	case ed25519.PublicKey:
		if len(pub) != ed25519.PublicKeySize {
			return 0, fmt.Errorf("Ed25519 key of %d octets", len(pub))
		}
		return Ed25519SHA256, nil
	default:
		return 0, fmt.Errorf("key of type %T", pub)
	}
}

// encodeIdentity checks i= and encodes it (RFC 6376, sections 2.11 and 3.5).
func encodeIdentity(id, domain string) (string, error) {
	if id == "" {
		return "", nil
	}
	at := strings.LastIndexByte(id, '@')
	if at < 0 {
		return "", fmt.Errorf("no domain")
	}
	below, err := dnsname.ToASCII(id[at+1:])
	if err != nil {
		return "", err
	}
	if !domainkey.IsName(below) || !dnsname.HasSuffix(below, domain) {
		return "", fmt.Errorf("not within %q", domain)
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range at {
		switch c := id[i]; {
		case c > ' ' && c < 0x7f && c != '=' && c != ';':
			b.WriteByte(c)
		default:
			b.WriteByte('=')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String() + "@" + below, nil
}

// Sign reads a message from r to its end and returns the signature fields to
// put before it, in the order of the signatures, each ending in CRLF. It
// returns an error, and no field, for a message that the options do not let
// pass (it wraps [ErrDangerous]), when the header is too large, when r or a key
// fails, and when ctx ends.
func (s *Signer) Sign(ctx context.Context, r io.Reader) ([]byte, error) {
	w := s.NewWriter(ctx)
	if err := copyMessage(ctx, w, r); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return w.Fields(), nil
}
