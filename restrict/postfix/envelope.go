package postfix

import (
	"context"
	"strconv"
	"strings"

	"github.com/mailsec-go/mailsec/restrict"
)

// A word is one token of a command line.
type smtpWord struct {
	text string
	bad  bool // a bracket or quote does not close
}

// words appends the words of a command line. Text in angle brackets, square brackets and
// quotes stays together; "FROM:" and "TO:" end a word.
func words(out []smtpWord, line string) []smtpWord {
	for i := 0; ; {
		for i < len(line) && blank(line[i]) {
			i++
		}
		if i == len(line) {
			return out
		}
		start, bad := i, false
		for i < len(line) && !blank(line[i]) {
			switch c := line[i]; c {
			case '<', '[', '"':
				var ok bool
				i, ok = quotedEnd(line, i, 0)
				bad = bad || !ok
				continue
			case '\\':
				i++
			case ':':
				if t := line[start : i+1]; equalFold(t, "from:") || equalFold(t, "to:") {
					i++
					goto end
				}
			}
			i++
		}
	end:
		i = min(i, len(line))
		out = append(out, smtpWord{line[start:i], bad})
	}
}

func blank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'
}

// maxNested bounds brackets inside brackets.
const maxNested = 20

// quotedEnd returns the offset after the text in brackets or quotes that starts
// at i.
func quotedEnd(s string, i, depth int) (int, bool) {
	end := s[i]
	switch end {
	case '<':
		end = '>'
	case '[':
		end = ']'
	}
	for i++; i < len(s); i++ {
		switch c := s[i]; {
		case c == end:
			return i + 1, true
		case c == '\\':
			i++
		case c == '"' && depth < maxNested:
			var ok bool
			if i, ok = quotedEnd(s, i, depth+1); !ok {
				return i, false
			}
			i--
		}
	}
	return min(i, len(s)), false
}

// extract takes the address out of an argument of MAIL, RCPT or VRFY and turns
// it into its internal form.
func (s *Session) extract(ctx context.Context, arg string, allowEmpty, strict bool) (string, bool) {
	addr, ok := parsePath(arg, strict)
	switch {
	case !ok, addr == "" && !allowEmpty, strict && strings.HasPrefix(addr, "@"), severalAddresses(arg):
		ok = false
	case addr != "":
		ok = !s.resolve(ctx, addr).bad
	}
	if !ok {
		s.log("warning: Illegal address syntax from " + s.facts.Display + " in " + s.where + " command: " + printable(arg))
	}
	return addr, ok
}

// parsePath finds the one address in an argument. What stands around it is
// ignored unless strict is set.
func parsePath(arg string, strict bool) (string, bool) {
	if n := len(arg); n > 2 && arg[0] == '<' && arg[n-1] == '>' && plainAddress(arg[1:n-1]) {
		return arg[1 : n-1], true
	}
	t, extra := scanComments(arg)
	var addr []tok
	n := 0
	for i := 0; i < len(t); {
		switch t[i].kind {
		case ',', ';':
			extra = true
			i++
		case '<':
			j := i + 1
			for j < len(t) && t[j].kind != '>' {
				j++
			}
			if n++; n == 1 {
				addr = t[i+1 : j]
			}
			i = j + 1
		default:
			j := i
			for j < len(t) && t[j].kind != ',' && t[j].kind != ';' && t[j].kind != '<' {
				j++
			}
			if j < len(t) && t[j].kind == '<' {
				extra = true // a phrase before the address
			} else if n++; n == 1 {
				addr = t[i:j]
			}
			i = j
		}
	}
	if n > 1 || strict && (extra || !strings.HasPrefix(arg, "<")) {
		return "", false
	}
	if len(addr) > 0 && addr[0].kind == '@' {
		if i := find(addr, ':'); i >= 0 && i+1 < len(addr) {
			addr = addr[i+1:]
		}
	}
	for i := 1; i < len(addr); i++ {
		if word(addr[i].kind) && word(addr[i-1].kind) {
			return "", false // two addresses
		}
	}
	return join(addr, false), true
}

// plainAddress reports whether an address consists of plain characters only,
// so that scanning it would give it back.
func plainAddress(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '.', c == '-', c == '_', c == '+', c == '=':
		case c == '@' && i > 0:
		default:
			return false
		}
	}
	return true
}

// Mail answers MAIL. The argument is what follows the command word, such as
// "FROM:<user@example.com> SIZE=1000".
func (s *Session) Mail(ctx context.Context, arg string) Reply {
	ctx, arg = background(ctx), cut(arg)
	s.where = "MAIL"
	if r, ok := s.ready(); !ok {
		return r
	}
	w := words(s.words[:0], arg)
	s.words = w
	switch {
	case s.needHelo():
		return s.finish(simple(503, "5.5.1", "Error: send HELO/EHLO first"))
	case s.facts.Knows(restrict.HasSender):
		return s.finish(simple(503, "5.5.1", "Error: nested MAIL command"))
	case len(w) < 2 || !equalFold(w[0].text, "from:"):
		return s.finish(simple(501, "5.5.4", "Syntax: MAIL FROM:<address>"))
	case w[1].bad:
		return s.finish(simple(501, "5.1.7", "Bad sender address syntax"))
	}
	addr, ok := s.extract(ctx, w[1].text, true, s.p.strict)
	if !ok {
		return s.finish(simple(501, "5.1.7", "Bad sender address syntax"))
	}
	for _, p := range w[2:] {
		if r, ok := s.mailParam(p.text); !ok {
			return s.finish(r)
		}
	}
	s.facts.Sender, s.facts.Has = restrict.ParseAddress(addr), s.facts.Has|restrict.HasSender
	if r, ok := s.mailChecks(ctx); !ok {
		s.facts.Sender, s.facts.Has = restrict.Address{}, s.facts.Has&^restrict.HasSender
		s.facts.AuthSender = ""
		s.dropEffects()
		return s.finish(r)
	}
	return s.finish(simple(250, "2.1.0", "Ok"))
}

// dropEffects forgets the effects of a refused MAIL.
func (s *Session) dropEffects() {
	s.ev.ResetMessage()
	s.logged = len(s.ev.Effects())
}

// mailChecks decides about the sender.
func (s *Session) mailChecks(ctx context.Context) (Reply, bool) {
	if s.p.sizeLimit > 0 && s.facts.Size > s.p.sizeLimit {
		r := s.soften(simple(552, "5.3.4", "Message size exceeds fixed limit"))
		s.logLine("reject", r.String())
		return r, false
	}
	if s.p.delay {
		return Reply{}, true
	}
	s.senderChecked = false
	return s.run(ctx, restrict.Mail)
}

// mailParam takes one parameter of MAIL (RFC 5321, section 4.1.1.11).
func (s *Session) mailParam(p string) (Reply, bool) {
	name, value, _ := strings.Cut(p, "=")
	bad := func(text string) (Reply, bool) { return simple(501, "5.5.4", text), false }
	switch up := strings.ToUpper(name); {
	case strings.EqualFold(p, "BODY=8BITMIME"), strings.EqualFold(p, "BODY=7BIT"),
		up == "SMTPUTF8" && s.p.utf8 && value == "":
	case up == "SIZE":
		if !isDigits(value) {
			return bad("Bad message size syntax")
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return simple(552, "5.3.4", "Message size exceeds file system imposed limit"), false
		}
		s.facts.Size = n
	case up == "AUTH" && value != "":
		if value != "<>" {
			s.facts.AuthSender = value
		}
	case up == "RET":
		if !strings.EqualFold(value, "FULL") && !strings.EqualFold(value, "HDRS") {
			return bad("Bad RET parameter syntax")
		}
	case up == "ENVID":
		if value == "" {
			return bad("Bad ENVID parameter syntax")
		}
	default:
		return simple(555, "5.5.4", "Unsupported option: "+printable(p)), false
	}
	return Reply{}, true
}

// Rcpt answers RCPT. The argument is what follows the command word, such as
// "TO:<user@example.com>".
func (s *Session) Rcpt(ctx context.Context, arg string) Reply {
	ctx, arg = background(ctx), cut(arg)
	s.where = "RCPT"
	if r, ok := s.ready(); !ok {
		return r
	}
	w := words(s.words[:0], arg)
	s.words = w
	switch {
	case !s.facts.Knows(restrict.HasSender):
		return s.finish(simple(503, "5.5.1", "Error: need MAIL command"))
	case len(w) < 2 || !equalFold(w[0].text, "to:"):
		return s.finish(simple(501, "5.5.4", "Syntax: RCPT TO:<address>"))
	case w[1].bad:
		return s.finish(simple(501, "5.1.3", "Bad recipient address syntax"))
	}
	addr, ok := s.extract(ctx, w[1].text, false, s.p.strict)
	if !ok {
		return s.finish(simple(501, "5.1.3", "Bad recipient address syntax"))
	}
	notify, orcpt := 0, 0
	for _, p := range w[2:] {
		name, value, _ := strings.Cut(p.text, "=")
		up := strings.ToUpper(name)
		if up == "NOTIFY" {
			notify++
		}
		if up == "ORCPT" {
			orcpt++
		}
		switch {
		case up == "NOTIFY" && (notify > 1 || !validNotify(value)):
			return s.finish(simple(501, "5.5.4", "Error: Bad NOTIFY parameter syntax"))
		case up == "ORCPT" && (orcpt > 1 || !strings.Contains(value, ";")):
			return s.finish(simple(501, "5.5.4", "Error: Bad ORCPT parameter syntax"))
		case up != "NOTIFY" && up != "ORCPT":
			return s.finish(simple(555, "5.5.4", "Unsupported option: "+printable(p.text)))
		}
	}
	if s.facts.RcptCount >= s.p.rcptLimit {
		return s.finish(simple(452, "4.5.3", "Error: too many recipients"))
	}
	if r, ok := s.recipient(ctx, restrict.Rcpt, addr); !ok {
		return s.finish(r)
	}
	if s.facts.RcptCount++; s.facts.RcptCount == 1 {
		s.firstRcpt = restrict.ParseAddress(addr)
		if s.c.QueueID != nil {
			s.facts.QueueID = s.c.QueueID()
		}
	}
	return s.finish(simple(250, "2.1.5", "Ok"))
}

// validNotify checks a NOTIFY parameter (RFC 3461, section 4.1).
func validNotify(v string) bool {
	if strings.EqualFold(v, "NEVER") {
		return true
	}
	for _, f := range strings.Split(v, ",") {
		if up := strings.ToUpper(f); up != "SUCCESS" && up != "FAILURE" && up != "DELAY" {
			return false
		}
	}
	return true
}

// recipient runs the restrictions for a recipient. The bare postmaster is
// always accepted.
func (s *Session) recipient(ctx context.Context, st restrict.Stage, addr string) (Reply, bool) {
	if equalFold(addr, "postmaster") {
		return Reply{}, true
	}
	s.facts.Recipient, s.facts.Has = restrict.ParseAddress(addr), s.facts.Has|restrict.HasRecipient
	s.rcptChecked = false
	if s.p.delay && !s.p.earlySender {
		s.senderChecked = false
	}
	r, ok := s.run(ctx, st)
	s.noRecipient()
	return r, ok
}

// Command answers a whole command line. ahead says that the client has sent
// more before it got an answer.
func (s *Session) Command(ctx context.Context, line string, ahead bool) Reply {
	line = cut(strings.TrimRight(line, "\r\n"))
	verb, arg, _ := strings.Cut(strings.TrimLeft(line, " \t"), " ")
	arg = strings.TrimSpace(arg)
	verb = strings.ToUpper(verb)
	if ahead && !s.facts.Pipelining && (s.facts.Protocol != "ESMTP" || lastInGroup(verb)) {
		s.facts.Pipelining = true
		s.log("improper command pipelining after " + verb + " from " + s.facts.Display)
		if s.p.forbidPipeline {
			r := s.finish(simple(554, "5.5.0", "Error: SMTP protocol synchronization"))
			r.Close, s.closed = true, true
			return r
		}
	}
	switch verb {
	case "HELO", "EHLO":
		return s.Helo(ctx, strings.Join(strings.Fields(arg), " "), verb == "EHLO")
	case "MAIL":
		return s.Mail(ctx, arg)
	case "RCPT":
		return s.Rcpt(ctx, arg)
	case "DATA":
		if arg != "" && s.facts.RcptCount > 0 {
			return s.syntax("DATA")
		}
		return s.Data(ctx)
	case "RSET":
		if arg != "" {
			return s.syntax("RSET")
		}
		return s.Rset()
	case "NOOP":
		return s.Noop()
	case "VRFY":
		return s.Vrfy(ctx, arg)
	case "ETRN":
		return s.Etrn(ctx, arg)
	case "QUIT":
		return s.Quit()
	}
	if r, ok := s.ready(); !ok {
		return r
	}
	if verb == "" {
		return s.finish(simple(500, "5.5.2", "Error: bad syntax"))
	}
	return s.finish(simple(500, "5.5.2", "Error: command not recognized"))
}

// syntax answers a command that takes no argument and got one.
func (s *Session) syntax(verb string) Reply {
	s.where = verb
	if r, ok := s.ready(); !ok {
		return r
	}
	return s.finish(simple(501, "5.5.4", "Syntax: "+verb))
}

// severalAddresses reports whether a path has what separates addresses, outside
// of quotes and of a source route.
func severalAddresses(path string) bool {
	if strings.HasPrefix(path, "<@") {
		return false
	}
	quoted := false
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == ';'):
			return true
		}
	}
	return false
}

// lastInGroup reports whether a command must be the last of a group (RFC 2920,
// section 3.1).
func lastInGroup(verb string) bool {
	switch verb {
	case "EHLO", "HELO", "DATA", "VRFY", "EXPN", "TURN", "QUIT", "NOOP", "ETRN", "AUTH", "STARTTLS":
		return true
	}
	return false
}

// printable replaces what must not stand in a reply.
func printable(s string) string {
	b := []byte(s)
	restrict.Printable(b)
	return string(b)
}
