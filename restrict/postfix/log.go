package postfix

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mailsec-go/mailsec/restrict"
)

// log hands a line to the server. Names and addresses in it come from the
// client: what could end the line or steer a terminal becomes a question mark.
func (s *Session) log(line string) {
	if s.c.Log != nil {
		s.c.Log(logText(line))
	}
}

// logText replaces control characters and what is not valid UTF-8.
func logText(line string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return '?'
		}
		return r
	}, line)
}

// logLine logs an action on the request as Postfix does.
func (s *Session) logLine(what, text string) {
	if s.c.Log == nil {
		return
	}
	f := &s.facts
	var b strings.Builder
	b.WriteString(orDefault(f.QueueID, "NOQUEUE"))
	b.WriteString(": " + what + ": " + s.where + " from " + f.Display + ": " + text + ";")
	if f.Knows(restrict.HasSender) {
		b.WriteString(" from=<" + quoteLocal(f.Sender.Text) + ">")
	}
	if f.Knows(restrict.HasRecipient) {
		b.WriteString(" to=<" + quoteLocal(f.Recipient.Text) + ">")
	}
	b.WriteString(" proto=" + f.Protocol)
	if f.Knows(restrict.HasHelo) {
		b.WriteString(" helo=<" + f.Helo + ">")
	}
	s.log(b.String())
}

// logEffects logs the effects since the last call.
func (s *Session) logEffects() {
	all := s.ev.Effects()
	for i := min(s.logged, len(all)); i < len(all); i++ {
		switch e := &all[i]; e.Kind {
		case restrict.Warning:
			s.log("warning: " + e.Text)
		case restrict.Header, restrict.RemoveHeader, restrict.Delay:
		case restrict.Hangup:
			if e.Scope == restrict.ForConnection {
				s.logLine(e.LogWord(), e.Text)
			}
		default:
			s.logLine(e.LogWord(), e.Text)
		}
	}
	s.logged = len(all)
}

// finish applies soft_bounce and the footer to a reply.
func (s *Session) finish(r Reply) Reply {
	if r.Silent {
		return r
	}
	for i, line := range r.Lines {
		if len(line) > restrict.MaxReply || !clean(line) {
			r.Lines = slices.Clone(r.Lines)
			r.Lines[i] = printable(line[:min(len(line), restrict.MaxReply)])
		}
	}
	r = s.soften(r)
	if r.Code >= 400 && s.p.footer != "" {
		r = s.addFooter(r)
	}
	if r.Code == 421 || r.Code == 521 {
		r.Close, s.closed = true, true
	}
	return r
}

// clean reports whether a line consists of printable ASCII characters.
func clean(line string) bool {
	for i := 0; i < len(line); i++ {
		if line[i] < ' ' || line[i] >= 0x7f {
			return false
		}
	}
	return true
}

// soften applies soft_bounce.
func (s *Session) soften(r Reply) Reply {
	if s.p.soft && r.Code >= 500 {
		r.Code -= 100
		if strings.HasPrefix(r.Enhanced, "5") {
			r.Enhanced = "4" + r.Enhanced[1:]
		}
	}
	return r
}

// addFooter appends smtpd_reject_footer.
func (s *Session) addFooter(r Reply) Reply {
	text, joined := strings.CutPrefix(s.p.footer, `\c`)
	lines := append([]string(nil), r.Lines...)
	for i, part := range strings.Split(text, `\n`) { // of the template: what a client says adds no line
		out, _ := parseTemplate(part).append(nil, s.footerMacro, nil)
		line := printable(string(out))
		if i == 0 && joined {
			lines[len(lines)-1] += line
			continue
		}
		lines = append(lines, line)
	}
	r.Lines = lines
	return r
}

// footerMacro is macro with the first accepted recipient.
func (s *Session) footerMacro(name string) (string, bool) {
	if strings.HasPrefix(name, "recipient") {
		return s.addrMacro(name[len("recipient"):], s.firstRcpt.Text, s.facts.RcptCount > 0)
	}
	return s.macro(name)
}

// macro returns the value of a macro of reply templates.
func (s *Session) macro(name string) (string, bool) {
	f := &s.facts
	v := ""
	switch name {
	case "client":
		v = f.Display
	case "client_address":
		v = s.addr
	case "client_name":
		v = f.ClientName
	case "client_port":
		v = itoa(int(f.ClientPort))
	case "reverse_client_name":
		v = f.ReverseName
	case "helo_name":
		v = f.Helo
	case "server_name":
		v = s.p.hostname
	case "localtime":
		v = s.p.now().Format("Jan 02 15:04:05")
	case "sender", "sender_name", "sender_domain":
		return s.addrMacro(name[len("sender"):], f.Sender.Text, f.Knows(restrict.HasSender))
	case "recipient", "recipient_name", "recipient_domain":
		return s.addrMacro(name[len("recipient"):], f.Recipient.Text, f.Knows(restrict.HasRecipient))
	default:
		return "", false
	}
	return s.p.filterText(v), true
}

// addrMacro returns an address or a part of it.
func (s *Session) addrMacro(part, addr string, known bool) (string, bool) {
	a := restrict.ParseAddress(addr)
	switch {
	case part != "" && part != "_name" && part != "_domain":
		return "", false
	case !known:
		return "", true
	case part == "_domain":
		return s.p.filterText(a.Domain), true
	case addr == "":
		return "<>", true
	case part == "_name":
		return s.p.filterText(a.Local), true
	}
	return s.p.filterText(addr), true
}

// filterText replaces characters outside smtpd_expansion_filter.
func (p *Policy) filterText(v string) string {
	for i := 0; i < len(v); i++ {
		if !p.filter[v[i]] {
			b := []byte(v)
			for j := range b {
				if !p.filter[b[j]] {
					b[j] = '_'
				}
			}
			return string(b)
		}
	}
	return v
}

// peerNames looks up the name of the client and verifies it.
func (s *Session) peerNames(ctx context.Context) {
	f := &s.facts
	set := func(name, reverse string, st, rst restrict.NameStatus) {
		f.ClientName, f.ReverseName, f.ClientStatus, f.ReverseStatus = name, reverse, st, rst
		f.Display = name + "[" + s.addr + "]"
	}
	if !s.p.peername || s.p.dns.r == nil || !f.Client.IsValid() {
		set("unknown", "unknown", restrict.NamePerm, restrict.NamePerm)
		return
	}
	names, err := s.p.dns.r.LookupAddr(ctx, s.addr)
	if st := status(err, len(names)); st != dnsOK {
		ns := restrict.NamePerm
		if st == dnsRetry {
			ns = restrict.NameTemp
		}
		set("unknown", "unknown", ns, ns)
		return
	}
	name := strings.TrimSuffix(names[0], ".")
	if validIP(name) || !validHostname(name) {
		set("unknown", "unknown", restrict.NamePerm, restrict.NamePerm)
		return
	}
	network := "ip4"
	if f.Client.Is6() {
		network = "ip6"
	}
	addrs, st := s.p.dns.addrs(ctx, network, name)
	switch {
	case st == dnsOK && contains(addrs, f.Client):
		set(name, name, restrict.NameOK, restrict.NameOK)
	case st == dnsRetry:
		set("unknown", name, restrict.NameTemp, restrict.NameOK)
	default:
		set("unknown", name, restrict.NameForged, restrict.NameOK)
	}
}

func contains(addrs []netip.Addr, a netip.Addr) bool {
	for _, x := range addrs {
		if x == a {
			return true
		}
	}
	return false
}
