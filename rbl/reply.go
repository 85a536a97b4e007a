package rbl

import (
	"strconv"
	"strings"

	"github.com/mailsec-go/mailsec/internal/smtptext"
)

// DefaultReply is the template of [Verdict.Reply] unless [Config.Reply] says
// otherwise.
const DefaultReply = "Service unavailable; [{subject}] blocked using {list}; {reason}"

// A template is a parsed reply: text and names of fields in turn.
type template []string

// parseTemplate compiles a reply template. The fields are
//
//	{subject}  what is listed; {ip} is the same
//	{list}     the list as it may be shown; {zone} its zone, key redacted
//	{code}     the codes that matched
//	{text}     the list's own text, made safe
//	{reason}   text, else the labels of the codes, else "listed"
//	{score}    the score
//
// "{{" stands for a brace.
func parseTemplate(src string) (template, error) {
	var t template
	fail := func(pos int, advice string) (template, error) {
		return nil, &Error{Kind: ErrSyntax, Text: src, Pos: pos, Advice: advice}
	}
	if !smtptext.IsSafe(src) {
		return fail(0, "a reply is one line of printable ASCII")
	}
	var text strings.Builder
	for i := 0; i < len(src); i++ {
		switch {
		case src[i] != '{':
			text.WriteByte(src[i])
			continue
		case strings.HasPrefix(src[i:], "{{"):
			text.WriteByte('{')
			i++
			continue
		}
		name, _, found := strings.Cut(src[i+1:], "}")
		if !found {
			return fail(i, `no "}"`)
		}
		switch name {
		case "subject", "ip", "list", "zone", "code", "text", "reason", "score":
		default:
			return fail(i, "unknown field; there are subject, ip, list, zone, code, text, reason and score")
		}
		t = append(t, text.String(), name)
		text.Reset()
		i += len(name) + 1
	}
	return append(t, text.String()), nil
}

// Reply returns the text for an SMTP reply, without code, from the template of
// the Set: one line of printable ASCII of at most 506 octets. It is "" unless
// the verdict is Block.
func (v Verdict) Reply() string {
	r := v.By()
	if r == nil || v.Decision != Block || v.reply == nil {
		return ""
	}
	var b []byte
	for i, part := range *v.reply {
		if i%2 == 1 {
			part = v.field(r, part)
		}
		b = smtptext.Append(b, part, 0)
	}
	return strings.TrimSpace(string(b[:min(len(b), smtptext.MaxReplyText)]))
}

func (v Verdict) field(r *Result, name string) string {
	switch name {
	case "subject", "ip":
		return head(r.Subject.String(), MaxText)
	case "list":
		return r.Name
	case "zone":
		return r.Zone().String()
	case "code":
		return join(r.Matched)
	case "text":
		return r.Text
	case "score":
		return strconv.Itoa(v.Score)
	}
	switch {
	case r.Text != "":
		return r.Text
	case len(r.Labels) > 0:
		return strings.Join(r.Labels, ", ")
	}
	return "listed"
}
