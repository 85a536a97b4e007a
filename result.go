package mailsec

import (
	"github.com/mailsec-go/mailsec/authres"
	"github.com/mailsec-go/mailsec/dkim"
	"github.com/mailsec-go/mailsec/dmarc"
	"github.com/mailsec-go/mailsec/spf"
)

// A Result holds what the mechanisms found about one message. It is a value of
// the caller; nothing refers to it after Close.
type Result struct {
	Envelope Envelope

	SPF   *spf.Verdict     // MAIL FROM identity; nil without an address to check
	Helo  *spf.Verdict     // HELO identity; nil unless CheckHelo is set
	DKIM  *dkim.Report     // never nil
	DMARC dmarc.Evaluation // RFC 9989
	IPRev IPRev            // the zero value if it was not looked up

	// From holds the bodies of the From fields, as they stand in the message. If
	// there is one, but a bare CR or LF in the header begins a line that looks
	// like another, that one is here too: the author is then ambiguous.
	From []string

	id              string
	spfErr, heloErr error
}

// trustRelay keeps DMARC from asking for anything when SPF did not apply
// because the client is a relay of one's own, or the local policy let it pass:
// a fail then says nothing about the sender. A disposition that the caller's
// override chose stays.
func (r *Result) trustRelay() {
	var why dmarc.ReasonType
	switch {
	case r.SPF != nil && r.SPF.Trusted:
		why = dmarc.ReasonTrustedForwarder
	case r.SPF != nil && r.SPF.Local && r.SPF.Result == spf.Pass:
		why = dmarc.ReasonLocalPolicy
	default:
		return
	}
	list := append([]dmarc.Evaluation(nil), r.DMARC.Others...)
	r.DMARC.Others = list
	trust(&r.DMARC, why)
	for i := range list {
		trust(&list[i], why)
	}
}

func trust(e *dmarc.Evaluation, why dmarc.ReasonType) {
	for _, r := range e.Reasons {
		if r.Type != dmarc.ReasonTestMode && r.Type != dmarc.ReasonSampledOut {
			return
		}
	}
	if e.Result == dmarc.PermError || e.Result == dmarc.Fail && e.Disposition > dmarc.PolicyNone {
		e.Disposition = dmarc.PolicyNone
		e.Reasons = append(e.Reasons, dmarc.Reason{Type: why})
	}
}

// Methods returns the results as methods of an Authentication-Results field, in
// the order iprev, spf, dkim, dmarc. Signatures beyond the limit of the
// verifier, and beyond what a field may hold, are left out.
func (r *Result) Methods() []authres.Method {
	m := make([]authres.Method, 0, 5+len(r.DKIM.Results))
	if r.IPRev.Result != "" {
		m = append(m, r.IPRev.AuthResult())
	}
	if r.SPF != nil {
		m = append(m, r.SPF.AuthResult())
	}
	if r.Helo != nil {
		m = append(m, r.Helo.AuthResult())
	}
	room := authres.MaxMethods - len(m) - 1
	for i := range r.DKIM.Results {
		if s := &r.DKIM.Results[i]; s.Reason != dkim.TooMany && room > 0 {
			room--
			m = append(m, s.AuthResult())
		}
	}
	if len(r.DKIM.Results) == 0 {
		m = append(m, authres.Method{Name: "dkim", Result: authres.None})
	}
	return append(m, r.DMARC.AuthResult())
}

// Header returns the Authentication-Results field as a value, with extra
// methods, such as those of package rbl or [authres.Auth], behind the own ones.
func (r *Result) Header(extra ...authres.Method) authres.Header {
	return authres.Header{ID: r.id, Methods: append(r.Methods(), extra...)}
}

// AppendField appends the Authentication-Results field to b: one folded field
// with its CRLF, ready to be put on top of the message. See
// [authres.Writer.AppendField] for the errors, which only extra can cause.
func (r *Result) AppendField(b []byte, extra ...authres.Method) ([]byte, error) {
	return authres.Writer{UTF8: r.Envelope.UTF8}.AppendField(b, r.Header(extra...))
}

// AppendReceivedSPF appends a Received-SPF field (RFC 7208, section 9.1) to b,
// with its CRLF. Without an address to check it appends nothing.
func (r *Result) AppendReceivedSPF(b []byte) []byte {
	if r.SPF == nil {
		return b
	}
	b = append(b, "Received-SPF: "...)
	b = append(b, r.SPF.ReceivedSPF(r.id)...)
	return append(b, '\r', '\n')
}
