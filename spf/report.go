package spf

import (
	"strconv"
	"strings"

	"github.com/mailsec-go/mailsec/authres"
	"github.com/mailsec-go/mailsec/internal/smtptext"
)

// clip makes foreign text safe to show and bounds it.
func clip(s string) string { return smtptext.Clean(s, maxShown) }

// maxShown is the longest foreign text shown in an error, a header field or a
// reply, in octets.
const maxShown = 320

// shownDomain is the domain as it may be shown.
func (v *Verdict) shownDomain() string {
	d := v.Domain
	if d == "" {
		d = v.Sender[strings.LastIndexByte(v.Sender, '@')+1:]
	}
	return clip(d)
}

// shownSender is the sender as it may be shown. One that is too long is reduced
// to its domain: cut, it might end in another domain that its local-part holds.
func (v *Verdict) shownSender() string {
	if len(v.Sender) > maxShown {
		return v.shownDomain()
	}
	return clip(v.Sender)
}

// String returns one line for a log: the result, what was checked, the terms
// that led to it, the counts and the cause. Foreign text is quoted.
func (v *Verdict) String() string {
	b := make([]byte, 0, 128)
	b = append(b, v.Result...)
	b = append(b, ' ')
	b = append(b, v.Identity...)
	b = append(b, '=')
	b = strconv.AppendQuoteToASCII(b, v.shownDomain())
	b = append(b, " client="...)
	b = v.IP.AppendTo(b)
	if v.Trusted {
		return string(append(b, " trusted"...))
	}
	for _, step := range v.Path {
		if step.Term == "" {
			continue
		}
		b = append(b, " term="...)
		b = strconv.AppendQuoteToASCII(b, clip(step.Term))
		b = append(b, '@')
		b = append(b, clip(step.Domain)...)
	}
	b = append(b, " terms="...)
	b = strconv.AppendInt(b, int64(v.Terms), 10)
	b = append(b, " voids="...)
	b = strconv.AppendInt(b, int64(v.Voids), 10)
	if v.Cause != nil {
		b = append(b, " cause="...)
		b = strconv.AppendQuoteToASCII(b, clip(v.Cause.Error()))
	}
	return string(b)
}

// AuthResult returns the verdict as a method of Authentication-Results
// (RFC 8601, section 2.7.2). The property holds the whole address only if the
// local-part took part in the result, else the domain.
func (v *Verdict) AuthResult() authres.Method {
	m := authres.Method{Name: "spf", Result: string(v.Result), Reason: v.reason()}
	value := v.shownDomain()
	name := "helo"
	if v.Identity != Helo {
		name = "mailfrom"
		if v.LocalPartUsed && v.Domain != "" {
			value = v.shownSender()
		}
	}
	m.Props = []authres.Prop{{Type: "smtp", Name: name, Value: value}}
	return m
}

// reason says in the package's own words why there is no plain verdict.
func (v *Verdict) reason() string {
	if v.Trusted {
		return "client is a trusted relay"
	}
	if v.Local {
		return "local policy"
	}
	if e, ok := v.Cause.(*Error); ok && v.Result != None {
		return e.Kind.Error()
	}
	return ""
}

// Reply returns an SMTP reply for mail that is not to be accepted: code 550 for
// Fail and PermError, 451 for TempError (RFC 7208, sections 8.4, 8.6 and 8.7),
// with the enhanced codes of RFC 7372, section 3.2. For every other result code
// is 0: SPF gives no reason to refuse. The text is printable ASCII and fits one
// reply line; a domain's explanation is marked as such.
func (v *Verdict) Reply() (code int, enhanced, text string) {
	b := make([]byte, 0, 128)
	b = append(b, "SPF "...)
	if v.Identity == Helo {
		b = append(b, "HELO"...)
	} else {
		b = append(b, "MAIL FROM"...)
	}
	b = append(b, " check "...)
	switch v.Result {
	case Fail:
		code, enhanced = 550, "5.7.23"
		b = append(b, "failed: "...)
		if v.Explanation != "" {
			b = append(b, "the domain "...)
			b = append(b, v.shownDomain()...)
			b = append(b, " explains: "...)
			b = append(b, v.Explanation...)
			break
		}
		b = append(b, v.shownDomain()...)
		b = append(b, " does not designate "...)
		b = v.IP.AppendTo(b)
		b = append(b, " as permitted sender"...)
	case PermError:
		code, enhanced = 550, "5.7.24"
		b = append(b, "error: the policy of "...)
		b = append(b, v.shownDomain()...)
		b = append(b, " cannot be interpreted: "...)
		b = append(b, v.reason()...)
	case TempError:
		code, enhanced = 451, "4.7.24"
		b = append(b, "error: the policy of "...)
		b = append(b, v.shownDomain()...)
		b = append(b, " cannot be evaluated at the moment: "...)
		b = append(b, v.reason()...)
	default:
		return 0, "", ""
	}
	return code, enhanced, smtptext.Clean(string(b), smtptext.MaxReplyText-len("5.7.23 "))
}

// ReceivedSPF returns the value of a Received-SPF header field (RFC 7208,
// section 9.1), folded, without the name and the final line end. receiver is
// the name of the host that checked, "" to leave it out. Nothing foreign can
// leave its place: values are quoted and octets outside printable ASCII
// replaced.
func (v *Verdict) ReceivedSPF(receiver string) string {
	b := make([]byte, 0, 400)
	b = append(b, string(v.Result)...)
	b = append(b, "\r\n\t("...)
	b = v.appendComment(b, receiver)
	b = append(b, ')')
	sep := "\r\n\t"
	pair := func(key, value string) {
		if value == "" {
			return
		}
		b = append(b, sep...)
		b = append(b, key...)
		b = append(b, '=')
		b = appendValueText(b, clip(value))
		sep = ";\r\n\t"
	}
	pair("receiver", receiver)
	pair("client-ip", v.IP.String())
	if v.Identity == MailFrom {
		pair("envelope-from", v.shownSender())
	}
	pair("helo", v.Helo)
	pair("identity", string(v.Identity))
	mechanism := v.Term
	if mechanism == "" && (v.Result == Neutral || v.Result == None) {
		mechanism = "default"
	}
	pair("mechanism", mechanism)
	if v.Cause != nil {
		pair("problem", strings.TrimPrefix(v.Cause.Error(), "spf: "))
	}
	return string(b)
}

func (v *Verdict) appendComment(b []byte, receiver string) []byte {
	if receiver != "" {
		b = appendCommentText(b, clip(receiver))
		b = append(b, ": "...)
	}
	domain := v.shownDomain()
	ip := v.IP.String()
	var parts [3]string
	switch v.Result {
	case Pass:
		parts = [...]string{"domain of ", " designates ", " as permitted sender"}
	case Fail, SoftFail:
		parts = [...]string{"domain of ", " does not designate ", " as permitted sender"}
	case Neutral:
		parts = [...]string{"domain of ", " says nothing about ", ""}
	case None:
		parts = [...]string{"domain of ", " publishes nothing about ", ""}
		if v.Trusted {
			parts = [...]string{"not checked for ", ": ", " is a trusted relay"}
		}
	default:
		parts = [...]string{"error in processing the policy of ", " for ", ""}
	}
	b = append(b, parts[0]...)
	b = appendCommentText(b, domain)
	b = append(b, parts[1]...)
	b = append(b, ip...)
	return append(b, parts[2]...)
}

// appendCommentText appends printable text to a comment (RFC 5322,
// section 3.2.2).
func appendCommentText(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == '(' || c == ')' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return b
}

// appendValueText appends printable text as a dot-atom where it is one, else
// as a quoted-string (RFC 5322, sections 3.2.3 and 3.2.4).
func appendValueText(b []byte, s string) []byte {
	if isDotAtom(s) {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

func isDotAtom(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if isAlpha(c) || isDigit(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0 {
			continue
		}
		if c == '.' && i > 0 && i < len(s)-1 && s[i-1] != '.' {
			continue
		}
		return false
	}
	return s != ""
}
