package dkim

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/mailsec-go/mailsec/internal/bodyhash"
	"github.com/mailsec-go/mailsec/internal/rawheader"
)

// A SignWriter signs a message that is written to it in pieces of any size. It
// starts no goroutine and is for one goroutine at a time.
type SignWriter struct {
	s       *Signer
	ctx     context.Context
	scanner rawheader.Scanner
	header  *rawheader.Header
	work    *workspace // nil without a header, and after Close
	sums    []*bodyhash.Sum
	fields  []byte
	err     error
	closed  bool
}

// NewWriter returns a writer that signs one message. ctx governs the use of the
// keys in Close.
func (s *Signer) NewWriter(ctx context.Context) *SignWriter {
	w := &SignWriter{s: s, ctx: ctx}
	w.scanner.MaxBytes = s.opts.MaxHeaderBytes
	w.scanner.MaxFields = s.opts.MaxHeaderFields
	if len(s.sigs) == 0 {
		w.err = &Error{Text: "Signer was not made by NewSigner", Err: ErrConfig}
	}
	return w
}

// Write takes the next octets of the message. It fails as soon as the message
// is known to be one that must not be signed, and from then on.
func (w *SignWriter) Write(p []byte) (int, error) {
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
			w.err = &Error{Text: "header refused", Err: err}
			return 0, w.err
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

func (w *SignWriter) startBody() error {
	header, err := w.scanner.Header()
	if err != nil {
		w.err = &Error{Text: "header refused", Err: err}
		return w.err
	}
	w.header = header
	allowed := w.s.opts.Allow
	if continues(header) {
		allowed &^= BadField
	}
	if w.err = refuse(headerDangers(header), allowed); w.err != nil {
		return w.err
	}
	w.work = workspaces.Get().(*workspace)
	w.sums = make([]*bodyhash.Sum, len(w.s.sigs))
	for i := range w.s.sigs {
		t := &w.s.sigs[i]
		w.sums[i] = w.work.bodies.Add(t.Body.body(), t.alg.hash(), t.alg.newHash, bodyhash.NoLimit)
	}
	return nil
}

// Close ends the message and makes the signatures. It returns the error that
// Write returned, or why there is no signature. Later calls return the same.
func (w *SignWriter) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	defer w.release()
	if w.err == nil && w.header == nil {
		w.err = w.startBody() // a message of a header only
	}
	if w.err != nil {
		return w.err
	}
	w.work.bodies.Close()
	if w.err = refuse(bodyDangers(w.work.bodies.Lines()), w.s.opts.Allow); w.err != nil {
		return w.err
	}
	if w.fields, w.err = w.sign(); w.err != nil {
		w.fields = nil
	}
	return w.err
}

func (w *SignWriter) release() {
	w.work.release()
	w.work = nil
}

// Fields returns the signature fields, each ending in CRLF, to be put before
// the message; nil before Close and after an error.
func (w *SignWriter) Fields() []byte { return w.fields }

// sign makes all signatures. They do not sign each other.
func (w *SignWriter) sign() ([]byte, error) {
	out := make([]byte, 0, 1024*len(w.s.sigs))
	for i := range w.s.sigs {
		t := &w.s.sigs[i]
		if err := w.ctx.Err(); err != nil {
			return nil, err
		}
		start := len(out)
		names := t.selectNames(make([]string, 0, 64), w.header)
		if len(names) > maxSignedNames {
			return nil, &Error{Domain: t.Domain, Text: "more fields to sign than a signature may name", Err: ErrDangerous}
		}
		f := folder{text: out, line: start}
		w.write(&f, t, names, w.sums[i].Bytes())
		out = f.text

		// What is signed is the field as it stands now, without the value of b=.
		field := parseField(out[start:])
		s := signature{field: field, alg: t.alg, header: t.Header, names: names}
		s.bFrom = len(field.Value())
		s.bTo = s.bFrom
		var digest [64]byte
		n := w.work.header.sum(digest[:0], w.header, &s)
		sig, err := t.sign(w.ctx, w.s.opts, digest[:n])
		if err != nil {
			return nil, &Error{Domain: t.Domain, Text: "signing failed", Err: err}
		}
		f.base64(sig)
		out = append(f.text, crlf...)
	}
	return out, nil
}

// parseField returns the one field in raw, which this package wrote.
func parseField(raw []byte) *rawheader.Field {
	h, err := rawheader.Parse(raw, 1)
	if err != nil || len(h.Fields) != 1 || h.Malformed != 0 {
		panic("dkim: malformed signature field built")
	}
	return &h.Fields[0]
}

// write writes the field up to and including "b=" (RFC 6376, section 3.5).
func (w *SignWriter) write(f *folder, t *template, names []string, bodyHash []byte) {
	f.text = append(f.text, "DKIM-Signature:"...)
	f.tag("v=1;")
	f.tag("a=", t.alg.String(), ";")
	f.tag("c=", t.Header.String(), "/", t.Body.String(), ";")
	f.tag("d=", t.Domain, ";")
	f.tag("s=", t.Selector, ";")
	now := w.s.opts.Now().Unix()
	f.tag("t=", strconv.FormatInt(now, 10), ";")
	if t.Expire > 0 {
		f.tag("x=", strconv.FormatInt(now+int64(t.Expire/time.Second), 10), ";")
	}
	if t.Identity != "" {
		f.tag("i=", t.Identity, ";")
	}
	f.tag("q=dns/txt;")
	for i, name := range names {
		end := ":"
		if i == len(names)-1 {
			end = ";"
		}
		if i == 0 {
			f.tag("h=", name, end)
		} else {
			f.item(name, end)
		}
	}
	f.tag("bh=", base64.StdEncoding.EncodeToString(bodyHash), ";")
	f.tag("b=")
}

// sign makes the raw signature of digest, and checks it if the key is not one
// of the standard library: a wrong RSA signature can give the key away.
func (t *template) sign(ctx context.Context, o SignerOptions, digest []byte) (sig []byte, err error) {
	var opts crypto.SignerOpts = crypto.SHA256
	if t.alg == Ed25519SHA256 {
		opts = crypto.Hash(0) // RFC 8463, section 3: the hash itself is the message
	}
	if k, ok := t.Key.(ContextSigner); ok {
		sig, err = k.SignContext(ctx, o.Rand, digest, opts)
	} else {
		sig, err = t.Key.Sign(o.Rand, digest, opts)
	}
	if err != nil || t.checked {
		return sig, err
	}
	ok := false
	switch pub := t.Key.Public().(type) {
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest, sig) == nil
	case ed25519.PublicKey:
		ok = len(pub) == ed25519.PublicKeySize && ed25519.Verify(pub, digest, sig)
	}
	if !ok {
		return nil, &Error{Text: "key made a wrong signature", Err: ErrPrivateKey}
	}
	return sig, nil
}

// maxColumn is where lines are folded (RFC 5322, section 2.1.1, less a margin).
const maxColumn = 76

// folder writes a field and folds it between tags, list items and groups of
// base64, never inside one of them.
type folder struct {
	text []byte
	line int // where the current line starts
}

func (f *folder) room(n int) bool { return len(f.text)-f.line+n <= maxColumn }

func (f *folder) fold() {
	f.text = append(f.text, "\r\n"...)
	f.line = len(f.text)
	f.text = append(f.text, ' ')
}

func size(parts []string) int {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	return n
}

// tag writes a tag, after a blank or on a new line.
func (f *folder) tag(parts ...string) {
	if f.room(1 + size(parts)) {
		f.text = append(f.text, ' ')
	} else {
		f.fold()
	}
	f.put(parts)
}

// item writes an item of a list, on a new line if it does not fit.
func (f *folder) item(parts ...string) {
	if !f.room(size(parts)) {
		f.fold()
	}
	f.put(parts)
}

func (f *folder) put(parts []string) {
	for _, p := range parts {
		f.text = append(f.text, p...)
	}
}

// base64 writes data in as many characters as each line has room for.
func (f *folder) base64(data []byte) {
	text := base64.StdEncoding.EncodeToString(data)
	for len(text) > 0 {
		n := min(maxColumn-(len(f.text)-f.line), len(text))
		if n <= 0 {
			f.fold()
			continue
		}
		f.text = append(f.text, text[:n]...)
		text = text[n:]
	}
}
