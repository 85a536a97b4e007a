package postfix

import (
	"context"

	"github.com/mailsec-go/mailsec/restrict"
)

// maxProbeText bounds what a reply repeats of a probe.
const maxProbeText = 250

// unverified rejects addresses that a probe found undeliverable. A reply code
// below 500 makes it a deferral, as unverified_*_tempfail_action says.
func (p *Policy) unverified(a about, reason string) check {
	return func(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
		r, text, t, done := p.resolveFor(ctx, ev, s, a)
		if done {
			return t
		}
		reject, code, e := p.codes.unverifiedRcpt, p.codes.deferRcpt, enh(4, 1, 1)
		if a.class == classSender {
			reject, code, e = p.codes.unverifiedSender, p.codes.deferSd, enh(4, 1, 7)
		}
		outcome, why, err := p.probe(ctx, r)
		switch {
		case err != nil:
			rejected(ev, 450, e, text, a.class, "address verification problem")
			return restrict.Unknown
		case outcome == restrict.DeliverOK:
			return restrict.False
		case outcome == restrict.DeliverFails:
			code = reject
		}
		if code >= 400 && reason != "" {
			why = reason
		}
		why = why[:min(len(why), maxProbeText)]
		switch code / 100 {
		case 2:
			return restrict.False
		case 4:
			rejected(ev, code, e, text, a.class, "unverified address: "+why)
			return restrict.Unknown
		}
		return rejected(ev, code, e, text, a.class, "undeliverable address: "+why)
	}
}

// probe asks whether an address accepts mail. That a virtual alias does not
// exist is known without a probe.
func (p *Policy) probe(ctx context.Context, r *resolved) (restrict.Deliverable, string, error) {
	if r.class == classAlias {
		_, ok, err := p.mailKeys(ctx, p.aliasMaps, r)
		if err != nil {
			return restrict.DeliverUnknown, "", err
		}
		if !ok {
			return restrict.DeliverFails, "User unknown in virtual alias table", nil
		}
	}
	return p.verifier.VerifyAddress(ctx, r.addr)
}
