package postfix

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/internal/postconf"
	"github.com/mailsec-go/mailsec/restrict"
)

// A spot describes one of the restriction lists of main.cf.
type spot struct {
	param    string
	implicit string // the check_*_access of a table without one
	class    string
	home     restrict.Stage
	needs    restrict.Facts
	subject  func(s *restrict.Session) string
}

// Frame names the subject and the class of the list.
func (sp *spot) Frame(s *restrict.Session) (string, string) { return sp.subject(s), sp.class }

var spots = map[string]*spot{
	"client": {"smtpd_client_restrictions", "check_client_access", classClient, restrict.Connect, restrict.HasClient,
		func(s *restrict.Session) string { return s.Display }},
	"helo": {"smtpd_helo_restrictions", "check_helo_access", classHelo, restrict.Helo, restrict.HasHelo,
		func(s *restrict.Session) string { return s.Helo }},
	"sender": {"smtpd_sender_restrictions", "check_sender_access", classSender, restrict.Mail, restrict.HasSender,
		func(s *restrict.Session) string { return s.Sender.Text }},
	"relay": {"smtpd_relay_restrictions", "check_recipient_access", classRecipient, restrict.Rcpt, restrict.HasRecipient,
		func(s *restrict.Session) string { return s.Recipient.Text }},
	"recipient": {"smtpd_recipient_restrictions", "check_recipient_access", classRecipient, restrict.Rcpt, restrict.HasRecipient,
		func(s *restrict.Session) string { return s.Recipient.Text }},
	"data": {"smtpd_data_restrictions", "", classData, restrict.Data, 0,
		func(*restrict.Session) string { return "DATA" }},
	"end": {"smtpd_end_of_data_restrictions", "", classEnd, restrict.Message, 0,
		func(*restrict.Session) string { return "END-OF-MESSAGE" }},
	"etrn": {"smtpd_etrn_restrictions", "check_etrn_access", classEtrn, restrict.Mail, restrict.HasEtrn,
		func(s *restrict.Session) string { return s.Etrn }},
}

// compileLists compiles all lists and puts them in order.
func (c *compiler) compileLists() {
	p := c.p
	p.actions = map[string]*restrict.List{}
	p.lookAhead = c
	c.compileClasses()
	list := map[string]*restrict.List{}
	for name, sp := range spots {
		pos := restrict.Pos{Text: sp.param}
		if prm, ok := c.conf.Lookup(sp.param); ok {
			pos.File, pos.Line = prm.Pos.File, prm.Pos.Line
		}
		list[name] = &restrict.List{
			Name: sp.param, Home: sp.home, Needs: sp.needs, Frame: sp,
			Rules: c.rules(c.get(sp.param), sp.implicit, pos),
		}
	}
	rcpt := []*restrict.List{list["relay"], list["recipient"]}
	if !c.flag("smtpd_relay_before_recipient_restrictions") {
		rcpt[0], rcpt[1] = rcpt[1], rcpt[0]
	}
	sender := []*restrict.List{list["sender"], c.implicitList("smtpd_reject_unlisted_sender", aboutSender, spots["sender"])}
	early := slices.Concat([]*restrict.List{list["client"], list["helo"]}, sender)
	spec := restrict.Spec{
		Lists: map[restrict.Stage][]*restrict.List{
			restrict.Data: {list["data"]}, restrict.Message: {list["end"]},
		},
		Final: map[restrict.Stage][]*restrict.List{
			restrict.Rcpt: {c.implicitList("smtpd_reject_unlisted_recipient", aboutRecipient, spots["recipient"])},
		},
		Resolve:    restrict.Rcpt.Set() | restrict.Vrfy.Set() | restrict.Data.Set() | restrict.Message.Set() | restrict.Etrn.Set(),
		Forget:     restrict.Data.Set() | restrict.Message.Set(),
		SoftBounce: p.soft,
		Env:        restrict.Env{Greylist: c.cfg.Greylist, Limiter: c.cfg.Limiter, Verifier: c.cfg.Verifier},
	}
	spec.Final[restrict.Vrfy] = spec.Final[restrict.Rcpt]
	if p.delay {
		if p.earlySender = c.checksSenderEarly(); p.earlySender {
			early = slices.Insert(early, 2, begin("smtpd_sender_restrictions", restrict.Mail, restrict.HasSender, senderAgain))
		}
		spec.Lists[restrict.Rcpt] = slices.Concat(early, rcpt)
		spec.Lists[restrict.Etrn] = []*restrict.List{list["client"], list["helo"], list["etrn"]}
	} else {
		spec.Lists[restrict.Connect] = []*restrict.List{list["client"]}
		spec.Lists[restrict.Helo] = []*restrict.List{list["helo"]}
		spec.Lists[restrict.Mail] = sender
		spec.Lists[restrict.Rcpt] = rcpt
		spec.Lists[restrict.Etrn] = []*restrict.List{list["etrn"]}
	}
	spec.Lists[restrict.Vrfy] = slices.Insert(slices.Clone(spec.Lists[restrict.Rcpt]), len(spec.Lists[restrict.Rcpt])-len(rcpt),
		begin("smtpd_relay_restrictions", restrict.Rcpt, 0, vrfyAlone))
	c.required()
	if len(c.errs) > 0 {
		return
	}
	rules, err := restrict.Compile(spec)
	if err != nil {
		c.errs = append(c.errs, err)
	}
	p.rules = rules
}

// begin is a list that only does something when evaluation gets there.
func begin(name string, home restrict.Stage, needs restrict.Facts, do check) *restrict.List {
	return &restrict.List{Name: name, Home: home, Needs: needs, Rules: []restrict.Rule{{
		Verb: restrict.Deny, Ops: cond(do), Pos: restrict.Pos{Text: "(begin)"},
	}}}
}

// checksSenderEarly reports whether the client or HELO list may check that the
// sender exists, by itself or through a class.
func (c *compiler) checksSenderEarly() bool {
	texts := []string{c.get("smtpd_client_restrictions"), c.get("smtpd_helo_restrictions")}
	for _, def := range c.p.classes {
		texts = append(texts, def)
	}
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(lower(s), "reject_unlisted_sender") })
}

// senderAgain lets the lists from here on check once more whether the sender
// exists. The client and HELO lists of a delayed evaluation run before it: for
// them a check in an earlier recipient was enough.
func senderAgain(_ context.Context, _ *restrict.Eval, s *Session) restrict.Tri {
	s.senderChecked = false
	return restrict.False
}

// vrfyAlone forgets what the client and HELO lists left pending when VRFY comes
// outside a mail transaction.
func vrfyAlone(_ context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	if !s.facts.Knows(restrict.HasSender) {
		ev.Forget(restrict.Connect)
	}
	return restrict.False
}

// implicitList is the check for unlisted addresses that follows a list.
func (c *compiler) implicitList(param string, a about, sp *spot) *restrict.List {
	l := &restrict.List{Name: param, Home: sp.home, Needs: sp.needs, Frame: sp}
	if c.flag(param) {
		l.Rules = []restrict.Rule{{
			Verb: restrict.Deny, Ops: cond(c.p.unlisted(a)), Pos: restrict.Pos{Text: param},
		}}
	}
	return l
}

func cond(cs ...restrict.Cond) []restrict.Op {
	ops := make([]restrict.Op, len(cs))
	for i, c := range cs {
		ops[i].Cond = c
	}
	return ops
}

// compileClasses compiles the restriction classes, for every implicit check
// that may apply to them.
func (c *compiler) compileClasses() {
	c.p.classes = map[string]string{
		"reject_sender_login_mismatch": "reject_authenticated_sender_login_mismatch, reject_unauthenticated_sender_login_mismatch",
	}
	for _, name := range fields(c.get("smtpd_restriction_classes")) {
		def := strings.TrimSpace(c.get(name))
		if def == "" {
			c.fail("smtpd_restriction_classes", name, ErrFatal, "the class needs a definition")
			continue
		}
		if _, dup := c.p.classes[name]; !dup {
			c.p.classes[name] = def
		}
	}
	implicit := []string{""}
	for _, sp := range spots {
		if sp.implicit != "" && !slices.Contains(implicit, sp.implicit) {
			implicit = append(implicit, sp.implicit)
		}
	}
	for name := range c.p.classes {
		for _, imp := range implicit {
			c.lists[name+"\x00"+imp] = &restrict.List{Name: name}
		}
	}
	for name, def := range c.p.classes {
		pos := restrict.Pos{Text: name}
		if prm, ok := c.conf.Lookup(name); ok {
			pos.File, pos.Line = prm.Pos.File, prm.Pos.Line
		}
		for _, imp := range implicit {
			l := lister{c: c, toks: fields(def), implicit: imp, pos: pos, class: name}
			for l.next() {
			}
			c.lists[name+"\x00"+imp].Rules = l.rules
		}
	}
}

// rules compiles the elements of a list.
func (c *compiler) rules(text, implicit string, pos restrict.Pos) []restrict.Rule {
	l := lister{c: c, toks: fields(text), implicit: implicit, pos: pos}
	for l.next() {
	}
	return l.rules
}

// A lister compiles one list.
type lister struct {
	c        *compiler
	toks     []string
	implicit string
	class    string // the class being compiled, "" for other lists
	action   bool   // the list is the result of a table: its mistakes are not fatal
	pos      restrict.Pos
	rules    []restrict.Rule
	dry      bool
}

// take returns the next element.
func (l *lister) take() (string, bool) {
	if len(l.toks) == 0 {
		return "", false
	}
	t := l.toks[0]
	l.toks = l.toks[1:]
	return t, true
}

// add appends a rule under the name as written, without keys of DNS lists.
func (l *lister) add(name string, r restrict.Rule) {
	r.DryRun = l.dry
	l.dry = false
	r.Pos = restrict.Pos{File: l.pos.File, Line: l.pos.Line, Text: hideKeys(name)}
	l.rules = append(l.rules, r)
}

// next compiles one restriction with its argument.
func (l *lister) next() bool {
	name, ok := l.take()
	if !ok {
		return false
	}
	key := lower(name)
	if key == "warn_if_reject" {
		l.dry = true
		return true
	}
	if strings.Contains(name, ":") {
		if l.implicit == "" {
			l.add(name, invalid())
			return true
		}
		l.toks = append([]string{name}, l.toks...)
		key, name = l.implicit, l.implicit
	}
	if b, ok := l.c.builders[key]; ok && (!b.until9 || l.c.p.version == V37) {
		b.build(l, name)
		return true
	}
	if l.c.cfg.Extensions && key == "check_result" {
		l.result(name)
		return true
	}
	if list := l.c.lists[name+"\x00"+l.implicit]; list != nil {
		if l.class != "" && (name == l.class || l.c.reaches(name, l.class, map[string]bool{})) {
			l.add(name, restrict.Rule{Ops: []restrict.Op{{Act: endless{}}}})
			return true
		}
		l.add(name, restrict.Rule{Verb: restrict.Include, List: list})
		return true
	}
	l.add(name, invalid())
	return true
}

// endless stands for a class inside itself. Postfix recurses until it crashes;
// here the connection is closed.
type endless struct{}

// Act closes the connection.
func (endless) Act(_ context.Context, ev *restrict.Eval) {
	ev.AddEffect(restrict.Effect{Kind: restrict.Warning, Text: "a restriction class includes itself"})
	ev.AddEffect(restrict.Effect{Kind: restrict.Hangup})
}

// result compiles the extension "check_result { spf=fail, REJECT text }".
func (l *lister) result(name string) {
	arg, _ := l.take()
	inner, err := postconf.Unbrace(arg)
	test, action, ok := strings.Cut(inner, ",")
	if err != nil || !ok {
		l.add(name, invalid())
		return
	}
	cd, err := restrict.ParseCond(strings.TrimSpace(test))
	if err != nil {
		l.c.fail(l.pos.Text, test, ErrValue, err.Error())
		return
	}
	if n, ok := cd.(restrict.Needer); ok {
		if n.Needs() == restrict.NeedGreylist && l.c.cfg.Greylist == nil || n.Needs() == restrict.NeedLimiter && l.c.cfg.Limiter == nil {
			l.c.fail(l.pos.Text, test, ErrNeed, "set Config."+n.Needs().String())
			return
		}
	}
	l.add(name+" "+arg, restrict.Rule{
		Verb: restrict.Include, Ops: cond(cd), OnUnknown: restrict.UnknownDefersIfPermit,
		List: l.c.action(strings.TrimSpace(action), name, test),
	})
}

// A builder compiles one restriction.
type builder struct {
	build  func(l *lister, name string)
	until9 bool // removed in 3.9
}

// test makes a builder of a rule with one check.
func test(verb restrict.Verb, f func(c *compiler) restrict.Cond) builder {
	return builder{build: func(l *lister, name string) {
		l.add(name, restrict.Rule{Verb: verb, Ops: cond(f(l.c))})
	}}
}

// tempfail makes a builder of a rejecting check whose doubt is settled by a
// *_tempfail_action parameter.
func tempfail(param string, f func(c *compiler) restrict.Cond) builder {
	return builder{build: func(l *lister, name string) {
		l.needDNS(name)
		l.add(name, restrict.Rule{Verb: restrict.Deny, Ops: cond(f(l.c)), OnUnknown: l.c.tempfailAction(param)})
	}}
}

// tempfailAction reads a *_tempfail_action parameter.
func (c *compiler) tempfailAction(param string) restrict.OnUnknown {
	v := strings.TrimSpace(c.get(param))
	switch lower(v) {
	case "defer_if_permit":
		return restrict.UnknownDefersIfPermit
	case "defer_if_reject":
		return restrict.UnknownDefersIfReject
	case "defer":
		return restrict.UnknownDefers
	}
	c.fail(param, v, ErrFatal, "write defer_if_permit, defer_if_reject or defer")
	return restrict.UnknownDefers
}

func (l *lister) needDNS(name string) {
	if l.c.cfg.Resolver == nil {
		l.c.fail(l.pos.Text, name, ErrNeed, "set Config.Resolver")
	}
}

// accessBuilder makes a builder of a check_*_access.
func accessBuilder(kind accessKind, server string) builder {
	return builder{build: func(l *lister, name string) {
		spec, ok := l.take()
		if !ok || !strings.Contains(spec, ":") {
			l.add(name, invalid())
			return
		}
		a := &access{p: l.c.p, kind: kind, server: server}
		r := restrict.Rule{Verb: restrict.Include, From: a}
		if server != "" {
			l.needDNS(name)
			if _, ok := l.c.cfg.Resolver.(NSResolver); server == "NS" && !ok && l.c.cfg.Resolver != nil {
				l.c.fail(l.pos.Text, name, ErrNeed, "Config.Resolver must have a LookupNS method")
			}
		}
		if strings.HasPrefix(spec, "{") {
			a.t = &table{spec: spec, err: restrict.ErrRule}
			if kind == accessCert {
				if inner := fields(strings.Trim(spec, "{}")); len(inner) > 0 {
					a.t = l.c.tables.get(strings.TrimSuffix(inner[0], ","))
				}
			}
		} else {
			a.t = l.c.tables.get(spec)
		}
		l.c.prepare(a.t)
		r.NoAccept = server != "" || kind == accessReverse
		if kind == accessRecipient && server == "" && !l.c.p.untrusted {
			r.Guard = check(notRouted)
		}
		l.add(name+" "+spec, r)
	}}
}

// notRouted holds unless the recipient has a routing operator in its local
// part.
func notRouted(ctx context.Context, _ *restrict.Eval, s *Session) restrict.Tri {
	text, known := aboutRecipient.address(s)
	return restrict.Truth(!known || !s.resolve(ctx, text).routed)
}

// listBuilder makes a builder of a DNS list check.
func listBuilder(subject func(*Session) (string, bool), class string, permit bool) builder {
	return builder{build: func(l *lister, name string) {
		arg, ok := l.take()
		if !ok {
			l.dry = false
			return
		}
		l.needDNS(name)
		l.add(name+" "+arg, l.c.listRule(arg, subject, class, permit, name))
	}}
}

func (c *compiler) listRule(arg string, subject func(*Session) (string, bool), class string, permit bool, name string) restrict.Rule {
	lc := c.p.newListCheck(arg)
	lc.subject, lc.class, lc.permit = subject, class, permit
	lc.byAddr = strings.Contains(lower(name), "_rbl") || strings.Contains(lower(name), "dnswl")
	r := restrict.Rule{Verb: restrict.Deny, Ops: cond(lc)}
	if permit {
		r.Verb = restrict.Accept
		r.Ops = cond(check(c.p.permitList), lc) // no question for a recipient that is not ours
	}
	return r
}

// permitList lets an allow list permit only recipients that are ours, where a
// recipient is in question. VRFY is not such a place.
func (p *Policy) permitList(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	if ev.Stage() != restrict.Rcpt || !s.facts.Knows(restrict.HasRecipient) {
		return restrict.True
	}
	return p.authorised(ctx, ev, s)
}

// mapsRBL compiles the old reject_maps_rbl.
func mapsRBL(l *lister, name string) {
	dry := l.dry
	for _, d := range fields(l.c.get("maps_rbl_domains")) {
		l.needDNS(name)
		l.dry = dry
		l.add(name, l.c.listRule(d, subjectAddr, classClient, false, "reject_rbl_client"))
	}
	l.dry = false
}

func sleepBuilder(l *lister, name string) {
	arg, ok := l.take()
	n, err := strconv.Atoi(arg)
	if !ok || err != nil || !isDigits(arg) {
		l.add(name, invalid())
		return
	}
	p := l.c.p
	l.add(name+" "+arg, restrict.Rule{Ops: cond(check(func(ctx context.Context, _ *restrict.Eval, _ *Session) restrict.Tri {
		p.sleep(ctx, time.Duration(n)*time.Second)
		return restrict.True
	}))})
}

func unverifiedBuilder(a about, who string) builder {
	return builder{build: func(l *lister, name string) {
		if l.c.cfg.Verifier == nil {
			l.c.fail(l.pos.Text, name, ErrNeed, "set Config.Verifier")
		}
		l.add(name, restrict.Rule{
			Verb: restrict.Deny, Ops: cond(l.c.p.unverified(a, l.c.get("unverified_"+who+"_reject_reason"))),
			OnUnknown: l.c.tempfailAction("unverified_" + who + "_tempfail_action"),
		})
	}}
}

// permit, reject and their like need no condition.
func plain(verb restrict.Verb, reply func(c *compiler) *framed) builder {
	return builder{build: func(l *lister, name string) {
		r := restrict.Rule{Verb: verb}
		if reply != nil {
			r.Reply = reply(l.c)
		}
		l.add(name, r)
	}}
}

func relayRule(verb restrict.Verb, f func(c *compiler) (uint16, restrict.Enhanced)) builder {
	return test(verb, func(c *compiler) restrict.Cond {
		code, e := f(c)
		return c.p.unauthDestination(code, e)
	})
}
