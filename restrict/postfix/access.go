package postfix

import (
	"context"
	"net/netip"
	"strings"

	"github.com/mailsec-go/mailsec/restrict"
)

// An accessKind says what a check_*_access looks up.
type accessKind uint8

const (
	accessClient accessKind = iota
	accessReverse
	accessHelo
	accessSender
	accessRecipient
	accessEtrn
	accessSASL
	accessCert
)

// An access is the table of one check_*_access. It implements
// [restrict.Source]: a lookup yields the compiled action.
type access struct {
	p    *Policy
	t    *table
	kind accessKind
	// server is "A", "MX" or "NS" for the checks of the hosts behind a name.
	server string
}

// Pick looks the subject of the check up.
func (a *access) Pick(ctx context.Context, ev *restrict.Eval) *restrict.List {
	s := ev.State.(*Session)
	switch a.kind {
	case accessClient:
		ev.Subject, ev.Class = s.facts.Display, classClient
		if a.server != "" {
			return a.ofServer(ctx, ev, s, s.facts.ClientName, s.facts.ClientName, true)
		}
		return a.client(ctx, ev, s.facts.ClientName, s.facts.Client)
	case accessReverse:
		ev.Subject, ev.Class = s.facts.ReverseName, classReverse
		if a.server != "" {
			return a.ofServer(ctx, ev, s, s.facts.ReverseName, s.facts.ReverseName, true)
		}
		return a.client(ctx, ev, s.facts.ReverseName, s.facts.Client)
	case accessHelo:
		if !s.facts.Knows(restrict.HasHelo) {
			return nil
		}
		ev.Subject, ev.Class = s.facts.Helo, classHelo
		return a.ofName(ctx, ev, s, s.facts.Helo)
	case accessEtrn:
		if !s.facts.Knows(restrict.HasEtrn) {
			return nil
		}
		ev.Subject, ev.Class = s.facts.Etrn, classEtrn
		return a.ofName(ctx, ev, s, s.facts.Etrn)
	case accessSender:
		if !s.facts.Knows(restrict.HasSender) {
			return nil
		}
		ev.Subject, ev.Class = s.facts.Sender.Text, classSender
		return a.ofAddress(ctx, ev, s, s.facts.Sender.Text)
	case accessRecipient:
		if text, known := aboutRecipient.address(s); known {
			ev.Subject, ev.Class = text, classRecipient
			return a.ofAddress(ctx, ev, s, text)
		}
	case accessSASL:
		if a.p.saslEnabled && s.facts.Knows(restrict.HasAuth) {
			ev.Subject, ev.Class = s.facts.AuthID, classSASL
			return a.key(ctx, ev, s.facts.AuthID, true)
		}
	case accessCert:
		ev.Subject, ev.Class = s.facts.TLS.CertSubject, classCert
		for _, print := range a.p.fingerprints(s) {
			if print != "" {
				if l := a.key(ctx, ev, print, true); l != nil {
					return l
				}
			}
		}
	}
	return nil
}

// key looks one key up. It returns nil when the table does not have it.
func (a *access) key(ctx context.Context, ev *restrict.Eval, key string, full bool) *restrict.List {
	ev.Key = append(ev.Key[:0], key...)
	return a.find(ctx, ev, full)
}

// find looks up the key in ev.Key.
func (a *access) find(ctx context.Context, ev *restrict.Eval, full bool) *restrict.List {
	t := a.t
	if !full && t.pattern() {
		return nil
	}
	if t.actions != nil {
		i, err := t.indexed.Index(ev.Key)
		switch {
		case err != nil:
			return a.failed(ev)
		case i < 0:
			if ev.Trace != nil {
				ev.Note("key ", string(ev.Key), ": none")
			}
			return nil
		case t.actions[i] != nil:
			if ev.Trace != nil {
				ev.Note("key ", string(ev.Key), ": ", hideKeys(t.indexed.Entry(i).Value))
			}
			return t.actions[i]
		}
	}
	value, ok, err := t.find(ctx, ev.Key)
	if err != nil {
		return a.failed(ev)
	}
	if !ok {
		return nil
	}
	if ev.Trace != nil {
		ev.Note("key ", string(ev.Key), ": ", hideKeys(value))
	}
	return a.p.action(value, t.spec, string(ev.Key))
}

// failed is the action of a table that cannot be searched.
func (a *access) failed(ev *restrict.Eval) *restrict.List {
	ev.AddEffect(restrict.Effect{Kind: restrict.Warning, Text: a.t.spec + " lookup error for \"" + string(ev.Key) + "\""})
	return tableFailed
}

var tableFailed = &restrict.List{Name: "access", Rules: []restrict.Rule{{
	Verb: restrict.Deny, Reply: &framed{code: 451, enh: restrict.Enhanced{4, 3, 5}, text: "Server configuration error"},
	Pos: restrict.Pos{Text: "table lookup error"},
}}}

// names looks up a name and its parent domains.
func (a *access) names(ctx context.Context, ev *restrict.Eval, name string) *restrict.List {
	name = lower(name)
	if name == "" {
		return nil
	}
	if l := a.key(ctx, ev, name, true); l != nil || a.t.pattern() || validIP(name) {
		return l
	}
	for i := 1; i < len(name); i++ {
		if name[i] != '.' {
			continue
		}
		key := name[i:]
		if a.p.parentKeys {
			key = name[i+1:]
		}
		if key == "" {
			break
		}
		if l := a.key(ctx, ev, key, false); l != nil {
			return l
		}
	}
	return nil
}

// address looks up an IP address and the networks above it.
func (a *access) address(ctx context.Context, ev *restrict.Eval, addr netip.Addr) *restrict.List {
	if !addr.IsValid() {
		return nil
	}
	sep := byte('.')
	if addr.Is6() {
		sep = ':'
	}
	ev.Key = addr.AppendTo(ev.Key[:0])
	if l := a.find(ctx, ev, true); l != nil || a.t.pattern() {
		return l
	}
	for n := len(ev.Key) - 1; n > 0; n-- {
		if ev.Key[n] != sep {
			continue
		}
		for n > 0 && ev.Key[n-1] == sep {
			n--
		}
		ev.Key = ev.Key[:n]
		if n == 0 {
			break
		}
		if l := a.find(ctx, ev, false); l != nil {
			return l
		}
	}
	return nil
}

// client looks up the name of a client and then its address.
func (a *access) client(ctx context.Context, ev *restrict.Eval, name string, addr netip.Addr) *restrict.List {
	if l := a.names(ctx, ev, name); l != nil {
		return l
	}
	return a.address(ctx, ev, addr)
}

// ofName looks up a host name, or the servers behind it.
func (a *access) ofName(ctx context.Context, ev *restrict.Eval, s *Session, name string) *restrict.List {
	if a.server != "" {
		return a.ofServer(ctx, ev, s, name, name, false)
	}
	return a.names(ctx, ev, name)
}

// ofAddress looks up a mail address, or the servers behind its domain.
func (a *access) ofAddress(ctx context.Context, ev *restrict.Eval, s *Session, text string) *restrict.List {
	if a.server != "" {
		if text == "" {
			return nil
		}
		return a.ofServer(ctx, ev, s, text, text[strings.LastIndexByte(text, '@')+1:], false)
	}
	if text == "" {
		return a.key(ctx, ev, a.p.nullKey, true)
	}
	r := s.resolve(ctx, text)
	if r.err != nil {
		lookupFailed(ev, text)
		return nil
	}
	return a.mail(ctx, ev, r)
}

// mail looks up a mail address by the keys user+ext@domain, user@domain, the
// domain and its parents, user+ext@ and user@.
func (a *access) mail(ctx context.Context, ev *restrict.Eval, r *resolved) *restrict.List {
	i := strings.LastIndexByte(r.addr, '@')
	if i < 0 {
		return nil
	}
	local := r.addr[:i]
	if l := a.addr(ctx, ev, local, r.domain, true); l != nil || a.t.pattern() {
		return l
	}
	bare, ext := splitExt(local, a.p.delims)
	if ext {
		if l := a.addr(ctx, ev, bare, r.domain, false); l != nil {
			return l
		}
	}
	if l := a.key(ctx, ev, r.domain, false); l != nil {
		return l
	}
	for j := 1; j < len(r.domain); j++ {
		if r.domain[j] != '.' {
			continue
		}
		key := r.domain[j:]
		if a.p.parentKeys {
			key = r.domain[j+1:]
		}
		if l := a.key(ctx, ev, key, false); l != nil {
			return l
		}
	}
	if l := a.addr(ctx, ev, local, "", false); l != nil {
		return l
	}
	if ext {
		return a.addr(ctx, ev, bare, "", false)
	}
	return nil
}

// addr looks up local@domain, in its quoted form first.
func (a *access) addr(ctx context.Context, ev *restrict.Eval, local, domain string, full bool) *restrict.List {
	if !dotString(local) {
		if l := a.key(ctx, ev, quoteLocal(local+"@"+domain), full); l != nil {
			return l
		}
	}
	ev.Key = append(append(append(ev.Key[:0], local...), '@'), domain...)
	return a.find(ctx, ev, full)
}

// maxServers bounds the hosts and addresses looked up by one check.
const maxServers = 100

// ofServer looks up the A, MX or NS hosts of a domain and their addresses.
func (a *access) ofServer(ctx context.Context, ev *restrict.Eval, s *Session, name, domain string, client bool) *restrict.List {
	if client && domain == "unknown" || domain == "" {
		return nil
	}
	if domain[0] == '[' {
		if addr, ok := mailLiteral(domain); ok && a.server != "NS" {
			return a.address(ctx, ev, addr)
		}
		return nil
	}
	hosts, st := a.hosts(ctx, domain)
	if st != dnsOK {
		if st != dnsNullMX {
			ev.AddEffect(restrict.Effect{Kind: restrict.Warning, Text: "Unable to look up " + a.server + " host for " + name + ": " + st.text()})
		}
		return nil
	}
	looked := 0
	for _, h := range hosts {
		if looked++; looked > maxServers {
			break
		}
		if ip, ok := parseIP(h); ok {
			if l := a.address(ctx, ev, ip); l != nil {
				return l
			}
		} else if a.server != "A" {
			if l := a.names(ctx, ev, h); l != nil {
				return l
			}
		}
		addrs, st := a.p.dns.host(ctx, h)
		if st != dnsOK && a.server != "A" {
			ev.AddEffect(restrict.Effect{Kind: restrict.Warning, Text: "Unable to look up " + a.server + " host " + h + " for " + ev.Class + " " + ev.Subject + ": " + st.hostText()})
		}
		for _, ip := range addrs {
			if looked++; looked > maxServers {
				break
			}
			if l := a.address(ctx, ev, ip); l != nil {
				return l
			}
		}
	}
	return nil
}

// hosts returns the hosts of a domain that the check is about.
func (a *access) hosts(ctx context.Context, domain string) ([]string, dnsStatus) {
	switch a.server {
	case "A":
		return []string{domain}, dnsOK
	case "MX":
		list, st := a.p.dns.mx(ctx, domain)
		if st.notFound() {
			return []string{domain}, dnsOK
		}
		var hosts []string
		for _, m := range list {
			hosts = append(hosts, m.Host)
		}
		return hosts, st
	}
	for {
		hosts, st := a.p.dns.ns(ctx, domain)
		if !st.notFound() {
			return hosts, st
		}
		_, up, ok := strings.Cut(domain, ".")
		if !ok || up == "" {
			return nil, st
		}
		domain = up
	}
}
