package dkim

import (
	"crypto/ed25519"
	"crypto/rsa"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/internal/domainkey"
)

func (v *Verifier) now() time.Time {
	if v.Now != nil {
		return v.Now()
	}
	return time.Now()
}

// precheck judges what can be judged before the key is known: the cheap things
// come first (RFC 6376, section 6.1.1).
func (v *Verifier) precheck(s *signature) *Error {
	if s.expires >= 0 && v.now().Unix() > s.expires {
		return &Error{Reason: Expired, Tag: "x", Text: "signature expired"}
	}
	return nil
}

// finish judges all signatures; body and keys are known by now.
func (w *VerifyWriter) finish() *Report {
	r := &Report{header: w.header}
	r.Findings = w.findings()
	if len(w.checks) > 0 {
		r.Results = make([]Result, len(w.checks))
	}
	for i := range w.checks {
		c := &w.checks[i]
		res := &r.Results[i]
		res.Index = i
		c.describe(res)
		res.header = w.header
		if c.failed == nil {
			c.failed = w.judge(c, res)
		}
		if c.failed != nil {
			c.failed.Domain = c.domain
			res.Reason, res.Err = c.failed.Reason, c.failed
		}
		res.Status = res.Reason.status()
		if w.v.SyntaxNeutral && res.Reason.syntax() {
			res.Status = Neutral
		}
		if res.Reason == TooMany {
			r.Findings.Skipped++
		}
		w.trace(Event{Kind: SignatureDone, Signature: i, Name: c.domain, Err: res.Err})
	}
	distinguish(r.Results, w.checks)
	return r
}

func (w *VerifyWriter) findings() Findings {
	h, l := w.header, w.work.bodies.Lines()
	return Findings{
		HeaderBareCR: h.BareCR, HeaderBareLF: h.BareLF, HeaderNUL: h.NUL,
		BodyBareCR: l.BareCR, BodyBareLF: l.BareLF, BodyNUL: l.NUL,
		MalformedFields: h.Malformed,
		FromCount:       h.Count([]byte("From")),
	}
}

// describe copies what the signature says about itself.
func (s *signature) describe(r *Result) {
	r.Domain, r.Selector, r.Identity = s.domain, s.selector, s.identity
	r.Algorithm, r.Header, r.Body = s.alg, s.header, s.body
	r.SignedHeaders = s.names
	if s.time >= 0 {
		r.Time = time.Unix(s.time, 0).UTC()
	}
	if s.expires >= 0 {
		r.Expires = time.Unix(s.expires, 0).UTC()
	}
}

// minPrefix and maxPrefix bound the start of b= that is reported (RFC 6008,
// section 4).
const (
	minPrefix = 8
	maxPrefix = 32
)

// maxDistinguished bounds the signatures whose prefixes are compared with each
// other.
const maxDistinguished = 32

// distinguish sets the prefixes of the signatures: as long as it takes to tell
// the first ones apart. The text of b= is read once, however long it is.
func distinguish(results []Result, checks []check) {
	var starts [maxDistinguished]string
	for i := range results {
		start := checks[i].prefix(maxPrefix)
		results[i].SignaturePrefix = start[:min(minPrefix, len(start))]
		if i >= maxDistinguished {
			continue
		}
		starts[i] = start
		for j := range i {
			if results[i].SignaturePrefix != results[j].SignaturePrefix {
				continue
			}
			if start != starts[j] {
				n := common(start, starts[j]) + 1
				results[i].SignaturePrefix = start[:min(n, len(start))]
				results[j].SignaturePrefix = starts[j][:min(n, len(starts[j]))]
			}
		}
	}
}

// common returns how many octets a and b have in common at the start.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// judge gives the outcome of a signature whose field is in order.
func (w *VerifyWriter) judge(c *check, r *Result) *Error {
	a := &c.key.answer
	r.Authentic = a.Authentic
	r.Record = (*Record)(a.Record)
	if r.Record != nil {
		r.KeyBits, r.TestMode = r.Record.Bits(), r.Record.TestMode()
	}
	if err := w.v.checkKey(c, a); err != nil {
		return err
	}
	total := w.work.bodies.Total(c.body.body())
	if c.limited() {
		if c.limit > total {
			return &Error{Reason: BodyTooShort, Tag: "l", Text: "body is shorter than what was signed"}
		}
		r.UnsignedBytes = total - c.limit
	}
	r.BodyMatches = string(c.bodySum.Bytes()) == string(c.bodyHash)
	r.HeaderMatches = verifySignature(a.Record, c)
	switch {
	case !r.BodyMatches:
		return &Error{Reason: BodyHash, Tag: "bh", Text: "body hash does not match"}
	case !r.HeaderMatches:
		return &Error{Reason: SignatureMismatch, Tag: "b", Text: "signature does not match"}
	}
	return w.v.policy(c, r)
}

// checkKey decides whether the key may be used for the signature (RFC 6376,
// section 6.1.2).
func (v *Verifier) checkKey(c *check, a *domainkey.Answer) *Error {
	bad := func(reason Reason, text string) *Error { return &Error{Reason: reason, Text: text} }
	k := a.Record
	if a.Err != nil {
		reason := keyReason(a.Err)
		if k != nil && reason == KeySyntax && k.KeyType != c.alg.keyType() {
			reason = KeyMismatch
		}
		return &Error{Reason: reason, Text: reason.String(), Err: a.Err}
	}
	service := v.Service
	if service == "" {
		service = "email"
	}
	switch {
	case k.KeyType != c.alg.keyType():
		return bad(KeyMismatch, "key is of another type than the signature")
	case k.Hashes != nil && !has(k.Hashes, c.alg.hashName()):
		return bad(KeyHash, "key does not allow the hash")
	case k.Services != nil && !has(k.Services, "*") && !has(k.Services, service):
		return bad(KeyService, "key does not allow the service")
	case has(k.Flags, "s") && !strings.EqualFold(c.identityDomain, c.domain):
		return bad(KeyStrict, "key does not allow a subdomain in i=")
	}
	if key, ok := k.Key.(*rsa.PublicKey); ok {
		return v.checkRSA(key)
	}
	return nil
}

// checkRSA keeps the size of RSA keys within bounds: short ones are forgeable
// (RFC 8301, section 3.2), long ones cost time.
func (v *Verifier) checkRSA(key *rsa.PublicKey) *Error {
	lo, hi := max(v.MinRSABits, DefaultMinRSABits), v.MaxRSABits
	if hi <= 0 {
		hi = DefaultMaxRSABits
	}
	switch bits := key.N.BitLen(); {
	case bits < lo:
		return &Error{Reason: KeyWeak, Text: "RSA key is too short"}
	case bits > min(hi, hardMaxRSABits):
		return &Error{Reason: KeyTooLong, Text: "RSA key is too long"}
	case key.E < 3 || key.E%2 == 0 || key.E > 1<<31-1 || key.N.Bit(0) == 0:
		return &Error{Reason: KeySyntax, Text: "not an RSA key"}
	}
	return nil
}

func verifySignature(k *domainkey.Record, c *check) bool {
	digest := c.digest[:c.digestN]
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, c.alg.hash(), digest, c.sig) == nil
	case ed25519.PublicKey:
		return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, digest, c.sig)
	}
	return false
}

// policy refuses signatures that verified but should not count.
func (v *Verifier) policy(c *check, r *Result) *Error {
	skew := v.Skew
	if skew == 0 {
		skew = DefaultSkew
	}
	switch {
	case r.header.Last([]byte("From")) < 0:
		return &Error{Reason: NoFrom, Text: "message has no From field"}
	case !strings.Contains(c.domain, "."):
		// RFC 6376, section 6.1.1, last paragraph.
		return &Error{Reason: TopLevelDomain, Tag: "d", Text: "signed by a top-level domain"}
	case skew > 0 && c.time >= 0 && r.Time.After(v.now().Add(skew)):
		return &Error{Reason: FutureTime, Tag: "t", Text: "signed in the future"}
	}
	decide := v.Policy
	if decide == nil {
		decide = DefaultPolicy
	}
	if err := decide(r); err != nil {
		reason := Refused
		if err == errUnsignedBody {
			reason = UnsignedBody
		}
		return &Error{Reason: reason, Text: "refused by policy", Err: err}
	}
	return nil
}
