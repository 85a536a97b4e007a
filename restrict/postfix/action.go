package postfix

import (
	"context"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postconf"
	"github.com/mailsec-go/mailsec/restrict"
)

// prepare compiles the actions of a table ahead.
func (c *compiler) prepare(t *table) {
	if t.actions != nil || t.indexed == nil {
		return
	}
	t.actions = make([]*restrict.List, t.indexed.Len())
	for i := range t.actions {
		e := t.indexed.Entry(i)
		if e.Subst || strings.HasPrefix(t.spec, "static:") {
			continue
		}
		l := c.p.actions[e.Value]
		if l == nil {
			l = c.action(e.Value, t.spec, e.Key)
			if l.Name == "" { // a warning that names the key must not be shared
				l.Name = "access"
			} else {
				c.p.actions[e.Value] = l
			}
		}
		t.actions[i] = l
	}
}

// action compiles an access(5) action that a table or a server gave at run time.
func (p *Policy) action(value, spec, key string) *restrict.List {
	if l := p.actions[value]; l != nil {
		return l
	}
	c := *p.lookAhead
	c.errs = nil
	l := c.action(value, spec, key)
	if len(c.errs) > 0 { // it asks for what the Config does not provide
		return &restrict.List{Name: "access", Rules: []restrict.Rule{invalid()}}
	}
	return l
}

// action compiles an access(5) action.
func (c *compiler) action(value, spec, key string) *restrict.List {
	l := &restrict.List{Name: "access"}
	cmd, text := value, ""
	if i := strings.IndexAny(value, " \t"); i >= 0 {
		cmd, text = value[:i], strings.TrimLeft(value[i:], " \t")
	}
	pos := restrict.Pos{File: spec, Text: hideKeys(value)}
	one := func(r restrict.Rule) *restrict.List {
		r.Pos = pos
		l.Rules = []restrict.Rule{r}
		return l
	}
	switch up := strings.ToUpper(cmd); up {
	case "DUNNO":
		return l
	case "OK", "RELAY":
		return one(restrict.Rule{Verb: restrict.Accept})
	case "REJECT":
		return one(restrict.Rule{Verb: restrict.Deny, Reply: c.coded(c.p.codes.accessReject, enh(5, 7, 1), text, "Access denied")})
	case "DEFER":
		return one(restrict.Rule{Verb: restrict.Deny, Reply: c.coded(c.p.codes.accessDefer, enh(4, 7, 1), text, "Access denied")})
	case "DEFER_IF_PERMIT":
		return one(restrict.Rule{Verb: restrict.DeferIfPermit, Reply: c.coded(c.p.codes.accessDefer, enh(4, 7, 1), text, "Service unavailable")})
	case "DEFER_IF_REJECT":
		return one(restrict.Rule{Verb: restrict.DeferIfReject, Reply: c.coded(c.p.codes.accessDefer, enh(4, 7, 1), text, "Service unavailable")})
	case "HANGUP", "INFO", "WARN", "FILTER", "HOLD", "DISCARD", "REDIRECT", "BCC", "PREPEND":
		act := &sideEffect{word: up, arg: text, spec: spec, key: key}
		l.Name = "access"
		if act.check() != "" {
			l.Name = ""
		}
		r := restrict.Rule{Ops: []restrict.Op{{Cond: act}}}
		if up == "DISCARD" {
			r.Verb = restrict.Accept
		}
		return one(r)
	}
	if strings.TrimSpace(value) == "" {
		return one(restrict.Rule{Verb: restrict.Accept})
	}
	if isDigits(strings.TrimSpace(value)) {
		return one(restrict.Rule{Verb: restrict.Accept})
	}
	if len(cmd) == 3 && isDigits(cmd) && (cmd[0] == '4' || cmd[0] == '5') && text != "" {
		code := uint16(cmd[0]-'0')*100 + uint16(cmd[1]-'0')*10 + uint16(cmd[2]-'0')
		return one(restrict.Rule{Verb: restrict.Deny, Reply: c.coded(code, enh(code/100, 7, 1), text, "Access denied")})
	}
	if strings.Contains(value, ":") {
		return one(invalid())
	}
	in := lister{c: c, toks: fields(value), pos: pos, action: true}
	for in.next() {
	}
	l.Rules = in.rules
	return l
}

// coded makes a reply of an action's text, which may start with an enhanced
// code.
func (c *compiler) coded(code uint16, e restrict.Enhanced, text, standard string) *framed {
	f := &framed{code: code, enh: e, text: text, remap: true}
	if given, n := restrict.ParseEnhanced(text); n > 0 {
		f.enh, f.text = given, strings.TrimLeft(text[n:], " \t")
	}
	if f.text == "" {
		f.text = standard
	}
	return f
}

// invalid is a rule that cannot be evaluated.
func invalid() restrict.Rule {
	return restrict.Rule{Verb: restrict.Invalid, Reply: &restrict.Reply{Code: 451, Enh: enh(4, 3, 5), Text: "Server configuration error"}}
}

// A sideEffect is an action that does something to the message or the log. It
// is False when it can't be done at this point.
type sideEffect struct {
	word, arg, spec, key string
}

// Stages says that the action may stand anywhere.
func (*sideEffect) Stages() restrict.Stages { return restrict.AnyStage }

// check returns what is wrong with the argument.
func (e *sideEffect) check() string {
	entry := "access table " + e.spec + " entry \"" + e.key + "\" "
	switch e.word {
	case "FILTER":
		if e.arg == "" {
			return entry + "has FILTER entry without value"
		}
		if !strings.Contains(e.arg, ":") {
			return entry + "requires transport:destination"
		}
	case "REDIRECT", "BCC":
		if !strings.Contains(e.arg, "@") {
			return entry + "requires user@domain target"
		}
	case "PREPEND":
		if !isHeader(e.arg) {
			return entry + "requires header: text"
		}
	}
	return ""
}

// isHeader reports whether s starts with a header field name and a colon.
func isHeader(s string) bool {
	i := strings.IndexByte(s, ':')
	if i <= 0 {
		return false
	}
	for _, c := range []byte(strings.TrimRight(s[:i], " \t")) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// Test carries the action out.
func (e *sideEffect) Test(_ context.Context, ev *restrict.Eval) restrict.Tri {
	warn := func(text string) restrict.Tri {
		ev.AddEffect(restrict.Effect{Kind: restrict.Warning, Text: text})
		return restrict.False
	}
	log := "<" + ev.Subject + ">: " + ev.Class + " "
	switch e.word {
	case "INFO", "WARN":
		ev.AddEffect(restrict.Effect{Kind: restrict.Log, Scope: restrict.ForRecipient, Word: lower(e.word), Text: e.arg})
		return restrict.True
	case "HANGUP":
		ev.AddEffect(restrict.Effect{Kind: restrict.Hangup, Scope: restrict.ForConnection, Text: e.arg})
		return restrict.True
	}
	if st := ev.Stage(); st == restrict.Connect || st == restrict.Helo {
		return warn("access table " + e.spec + ": with smtpd_delay_reject=no, action " + e.word + " is always skipped in Client host or Helo command restrictions")
	} else if st == restrict.Etrn && e.word != "PREPEND" {
		return warn("access table " + e.spec + ": action " + e.word + " is unavailable in Etrn command restrictions")
	} else if st == restrict.Message && e.word == "PREPEND" {
		return warn("access table " + e.spec + ": action PREPEND must be used before END-OF-MESSAGE")
	}
	if bad := e.check(); bad != "" {
		return warn(bad)
	}
	eff := restrict.Effect{Arg: printable(e.arg)} // a pattern may put in what the client said
	switch e.word {
	case "HOLD":
		for _, have := range ev.Effects() {
			if have.Kind == restrict.Hold {
				return restrict.True
			}
		}
		eff.Kind, eff.Text = restrict.Hold, log+orDefault(e.arg, "triggers HOLD action")
	case "DISCARD":
		eff.Kind, eff.Text = restrict.Discard, log+orDefault(e.arg, "triggers DISCARD action")
	case "FILTER":
		eff.Kind, eff.Text = restrict.Filter, log+"triggers FILTER "+e.arg
	case "REDIRECT":
		eff.Kind, eff.Text = restrict.Redirect, log+"triggers REDIRECT "+e.arg
	case "BCC":
		eff.Kind, eff.Text = restrict.BCC, log+"triggers BCC "+e.arg
	case "PREPEND":
		eff.Kind = restrict.Header
	}
	ev.AddEffect(eff)
	return restrict.True
}

func orDefault(s, standard string) string {
	if s == "" {
		return standard
	}
	return s
}

// fields splits a restriction list.
func fields(s string) []string { return postconf.Fields(s) }
