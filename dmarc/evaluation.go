package dmarc

import (
	"github.com/mailsec-go/mailsec/authres"
	"github.com/mailsec-go/mailsec/internal/smtptext"
)

// A Result is the outcome of DMARC, in the words of RFC 8601, section 2.7.
type Result uint8

// The results.
const (
	None      Result = iota // no policy applies
	Pass                    // an aligned identifier is authenticated
	Fail                    // none is
	TempError               // a query that was needed failed
	PermError               // the message has no single author domain
)

// String returns the word of RFC 8601.
func (r Result) String() string {
	return [...]string{"none", "pass", "fail", "temperror", "permerror"}[min(r, PermError)]
}

// SPF is the result of SPF for the MAIL FROM identity (RFC 9989, section 4.4).
type SPF struct {
	Result string // "pass", "fail", ... as in RFC 8601
	// Domain is the domain of the reverse-path, or of HELO if that is null.
	// A separate check of HELO does not count for DMARC.
	Domain string
}

// DKIM is the result of one signature.
type DKIM struct {
	Result   string // "pass", "fail", ... as in RFC 8601
	Domain   string // d=
	Selector string // s=, kept for reports
}

// An Alignment says how an identifier relates to the author domain.
type Alignment uint8

// The alignments. Whether the identifier was authenticated is another question.
const (
	NotAligned     Alignment = iota
	AlignedRelaxed           // same organizational domain, and the record is content with it
	AlignedStrict            // same name
	AlignedUnknown           // a query that was needed failed
)

// String returns a word for the alignment.
func (a Alignment) String() string {
	return [...]string{"none", "relaxed", "strict", "unknown"}[min(a, AlignedUnknown)]
}

// DKIMOutcome is one signature with its alignment.
type DKIMOutcome struct {
	DKIM
	// Alignment is determined for results pass and temperror only.
	Alignment Alignment
}

// Tri is a truth value that may be unknown.
type Tri uint8

// The truth values.
const (
	Unknown Tri = iota
	Yes
	No
)

// String returns a word for the value.
func (t Tri) String() string { return [...]string{"unknown", "yes", "no"}[min(t, No)] }

// A ReasonType says why the disposition is not the published policy
// (RFC 9990, section 3.1.1, and RFC 7489 for "sampled_out").
type ReasonType string

// The reasons.
const (
	ReasonLocalPolicy      ReasonType = "local_policy"
	ReasonMailingList      ReasonType = "mailing_list"
	ReasonTrustedForwarder ReasonType = "trusted_forwarder"
	ReasonOther            ReasonType = "other"
	ReasonTestMode         ReasonType = "policy_test_mode"
	ReasonSampledOut       ReasonType = "sampled_out" // only with PublicSuffix
)

// A Reason is one reason with a text for people.
type Reason struct {
	Type    ReasonType
	Comment string
}

// An Override is the decision of a receiver that knows better.
type Override struct {
	Disposition Policy
	Reason      Reason
}

// An Evaluation is the outcome of DMARC for one message.
type Evaluation struct {
	Result Result

	// AuthorDomain is the domain of the From field, "" if there is no single one.
	AuthorDomain string
	// OrgDomain is the organizational domain of the author, "" if it was not
	// needed or could not be found.
	OrgDomain string
	// RecordDomain is where the record that applies is, "" if none does.
	RecordDomain string
	// Record is the record that applies, nil if none does. It must not be changed.
	Record *Record

	// Policy is what the owner published for mail of this author, after the
	// choice between p, sp and np; PolicyNone if no record applies.
	Policy Policy
	// Disposition is what the owner asks for this message, after the result,
	// test mode, sampling and [Verifier.Override]. It is advice: see the
	// package documentation about reject.
	Disposition Policy
	// Reasons say why Disposition differs from Policy on a failed message.
	Reasons []Reason

	SPF          SPF           // as passed in
	SPFAlignment Alignment     // determined for results pass and temperror only
	DKIM         []DKIMOutcome // one for each signature, in the order passed in
	SPFAligned   bool          // SPF gave an aligned pass
	DKIMAligned  bool          // a signature gave an aligned pass

	// Exists says whether the author domain exists, Unknown if that did not matter.
	Exists Tri
	// Testing is t=y of the record, never set in mode PublicSuffix.
	Testing bool
	// Discovery is the mode that was used.
	Discovery Mode
	// Queries counts the DNS queries.
	Queries int
	// Authentic is set if there were queries, and DNSSEC validated every answer.
	Authentic bool
	// Err is the cause of TempError and PermError, and of None where a record
	// was found but had no usable policy: an [*Error]. With another result it is
	// a query that failed and did not matter for it.
	Err error
	// Others holds the evaluations of the other domains of the From field, if
	// [Verifier.MaxAuthors] allows several.
	Others []Evaluation
}

// applied is the policy after options: test mode and sampling.
func (e *Evaluation) applied() Policy {
	p := e.Policy
	for _, r := range e.Reasons {
		if r.Type == ReasonTestMode || r.Type == ReasonSampledOut {
			return p.lowered()
		}
	}
	if e.Testing {
		return p.lowered()
	}
	return p
}

// AuthResult returns the result for an Authentication-Results field: method
// dmarc with header.from and, if a record applies, policy.dmarc, the policy
// after test mode and sampling (RFC 9989, section 9.1). A comment gives the
// published policy and the disposition.
func (e *Evaluation) AuthResult() authres.Method {
	m := authres.Method{Name: "dmarc", Result: e.Result.String()}
	n := 0
	if e.AuthorDomain != "" {
		n++
	}
	if e.Record != nil {
		n++
		m.Comment = "p=" + e.Policy.String() + " dis=" + e.Disposition.String()
	}
	m.Props = make([]authres.Prop, 0, n)
	if e.AuthorDomain != "" {
		m.Props = append(m.Props, authres.Prop{Type: "header", Name: "from", Value: e.AuthorDomain})
	}
	if e.Record != nil {
		m.Props = append(m.Props, authres.Prop{Type: "policy", Name: "dmarc", Value: e.applied().String()})
	}
	return m
}

// FailureReportWanted returns which of the record's failure options ask for a
// report about this message (RFC 9989, section 4.7), 0 for none: no ruf address,
// or no failure of the kinds asked for. The ruf address of a public suffix
// domain is not used.
func (e *Evaluation) FailureReportWanted() FailureOptions {
	r := e.Record
	if r == nil || len(r.RUF) == 0 || r.PSD == PSDYes && e.Discovery == TreeWalk ||
		e.Result != Pass && e.Result != Fail {
		return 0
	}
	fo := r.FO
	if fo == 0 {
		fo = FailureAll
	}
	var got FailureOptions
	if !e.SPFAligned && !e.DKIMAligned {
		got |= FailureAll
	}
	if !e.SPFAligned || !e.DKIMAligned {
		got |= FailureAny
	}
	for _, d := range e.DKIM {
		if d.Result == "fail" || d.Result == "permerror" {
			got |= FailureDKIM
		}
	}
	if e.SPF.Result == "fail" || e.SPF.Result == "softfail" || e.SPF.Result == "permerror" {
		got |= FailureSPF
	}
	return fo & got
}

// Reply returns an SMTP reply for a receiver that has decided to act on the
// evaluation at the end of DATA: 550 for a disposition of reject, 451 for
// temperror (RFC 9989, section 7.4, RFC 3463), 550 for permerror, a message
// without a single author that might have been made to escape DMARC
// (section 11.5), and code 0 if there is nothing to refuse. A permerror for
// which [Verifier.Override] gave a disposition is not refused unless that is
// reject. The text is printable ASCII. Rejecting for the policy alone is not
// what the RFC allows.
func (e *Evaluation) Reply() (code int, enhanced, text string) {
	switch {
	case e.Result == TempError:
		code, enhanced = 451, "4.7.1"
		text = "DMARC policy of " + e.AuthorDomain + " could not be evaluated, try again later"
	case e.Disposition == PolicyReject:
		code, enhanced = 550, "5.7.1"
		text = "Message refused by the DMARC policy of " + e.AuthorDomain
	case e.Result == PermError && len(e.Reasons) == 0:
		code, enhanced = 550, "5.6.0"
		text = "DMARC cannot be evaluated: the message has no From field with one author domain"
	}
	return code, enhanced, smtptext.Clean(text, smtptext.MaxReplyText)
}
