package mailsec

import (
	"context"
	"sync"

	"github.com/mailsec-go/mailsec/dkim"
	"github.com/mailsec-go/mailsec/dmarc"
	"github.com/mailsec-go/mailsec/spf"
)

// A Writer authenticates one message that is written to it, with CRLF line
// ends, as it goes over SMTP after removal of the dots. Lookups run while the
// message streams past. It is for one goroutine at a time.
type Writer struct {
	a       *Authenticator
	ctx     context.Context
	cancel  context.CancelFunc
	wait    sync.WaitGroup
	dkim    *dkim.VerifyWriter
	dmarc   *dmarc.Verifier
	session *dmarc.Session // nil until the header is complete
	started bool           // a goroutine discovers the DMARC record
	inBody  bool           // EndHeader was called
	closed  bool
	err     error
	result  *Result
}

// startClient starts the checks that need the envelope only.
func (w *Writer) startClient(trace func(spf.Event)) {
	r := w.result
	if !r.Envelope.IP.IsValid() {
		return
	}
	req := spf.Request{
		IP: r.Envelope.IP, Helo: r.Envelope.Helo, MailFrom: r.Envelope.MailFrom, Identity: spf.MailFrom, Trace: trace,
	}
	w.start(func() {
		if !w.a.NoIPRev {
			w.start(func() { r.IPRev = checkIPRev(w.ctx, w.a.client, req.IP) })
		}
		if w.a.CheckHelo {
			helo := req
			helo.Identity = spf.Helo
			w.start(func() { r.Helo, r.heloErr = w.a.spf.Check(w.ctx, helo) })
		}
		r.SPF, r.spfErr = w.a.spf.Check(w.ctx, req)
	})
}

func (w *Writer) start(f func()) {
	w.wait.Add(1)
	go func() {
		defer w.wait.Done()
		f()
	}()
}

// Write takes the next octets of the message. Once it has failed it fails with
// the same error again, and so does Close.
func (w *Writer) Write(p []byte) (int, error) {
	if w.closed {
		return 0, ErrClosed
	}
	if w.session != nil && !w.started {
		// There is more than one piece: look up the DMARC record meanwhile.
		w.started = true
		w.start(func() { w.session.Discover(w.ctx) })
	}
	n, err := w.dkim.Write(p)
	if err != nil {
		w.err = err
	} else if w.session == nil {
		w.begin()
	}
	return n, err
}

// begin reads the From fields once the header is complete. A hidden one beside
// them makes the author ambiguous: whoever shows the message may show that one.
func (w *Writer) begin() {
	if values, complete := w.dkim.Fields("From"); complete {
		if len(values) == 1 {
			if v, ok := hiddenFrom(w.dkim.Header()); ok {
				values = append(values, v)
			}
		}
		w.result.From = texts(values)
		w.session = w.dmarc.Begin(w.result.From)
	}
}

func texts(values [][]byte) []string {
	if len(values) == 0 {
		return nil
	}
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// WriteField writes one header field that comes without its octets, as from the
// header callback of a milter: name, colon, value and CRLF. Value is what
// stands behind the colon, the leading blank included (milters get it when
// SMFIP_HDR_LEADSPC was negotiated); a bare LF, by which milters separate the
// lines of a folded field, becomes CRLF. Signatures hold only if the result is
// what was sent.
func (w *Writer) WriteField(name, value string) error {
	b := make([]byte, 0, len(name)+len(value)+8)
	b = append(append(b, name...), ':')
	for i := 0; i < len(value); i++ {
		if value[i] == '\n' && (i == 0 || value[i-1] != '\r') {
			b = append(b, '\r')
		}
		b = append(b, value[i])
	}
	_, err := w.Write(append(b, '\r', '\n'))
	return err
}

// EndHeader writes the empty line between header and body, after the last
// WriteField. Calling it again does nothing.
func (w *Writer) EndHeader() error {
	if w.inBody {
		return nil
	}
	w.inBody = true
	_, err := w.Write([]byte("\r\n"))
	return err
}

// Close ends the message, waits for the lookups and completes the result. The
// error is that of Write, or that of the context if it has ended. Later calls
// return the same.
func (w *Writer) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	defer w.cancel()
	if w.session != nil && !w.started && w.err == nil {
		w.session.Discover(w.ctx) // while the keys are looked up
	}
	if err := w.dkim.Close(); w.err == nil {
		w.err = err
	}
	if w.err != nil {
		w.cancel()
	} else if w.session == nil {
		w.begin()
	}
	if w.session == nil {
		w.session = w.dmarc.Begin(nil)
	}
	w.wait.Wait()
	if w.err == nil {
		w.err = w.finish()
	}
	if w.err != nil {
		w.result = nil
	}
	return w.err
}

// Abort ends the lookups of a message that will not be completed, and waits for
// them. After Close it does nothing.
func (w *Writer) Abort() {
	if w.closed {
		return
	}
	w.err = ErrClosed
	w.cancel()
	_ = w.Close()
}

// Result returns the result, nil before Close and after an error.
func (w *Writer) Result() *Result {
	if !w.closed {
		return nil
	}
	return w.result
}

// finish evaluates DMARC, for which all other results are there.
func (w *Writer) finish() error {
	r := w.result
	if err := w.ctx.Err(); err != nil {
		return err
	}
	for _, err := range []error{r.spfErr, r.heloErr} {
		if err != nil {
			return err
		}
	}
	r.DKIM = w.dkim.Report()
	var id dmarc.SPF
	if r.SPF != nil {
		id = dmarc.SPF{Result: r.SPF.Result.String(), Domain: r.SPF.Domain}
		if r.SPF.Local && r.SPF.Result == spf.Pass {
			id.Result = spf.Neutral.String() // the domain has not authorized the client
		}
	}
	keys := make([]dmarc.DKIM, 0, len(r.DKIM.Results))
	for i := range r.DKIM.Results {
		s := &r.DKIM.Results[i]
		if s.Reason != dkim.TooMany {
			keys = append(keys, dmarc.DKIM{Result: s.Status.String(), Domain: s.Domain, Selector: s.Selector})
		}
	}
	var err error
	if r.DMARC, err = w.session.End(w.ctx, id, keys); err != nil {
		return err
	}
	r.trustRelay()
	return nil
}
