package postfix

import (
	"context"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postconf"
	"github.com/mailsec-go/mailsec/restrict"
)

// An about says which address a check is about.
type about struct {
	class   string
	address func(s *Session) (text string, known bool)
}

var (
	aboutSender = about{classSender, func(s *Session) (string, bool) {
		return s.facts.Sender.Text, s.facts.Knows(restrict.HasSender) && s.facts.Sender.Text != ""
	}}
	aboutRecipient = about{classRecipient, func(s *Session) (string, bool) {
		return s.facts.Recipient.Text, s.facts.Knows(restrict.HasRecipient) && s.facts.Recipient.Text != ""
	}}
)

// resolveFor resolves the address that a check is about. done is true when
// there is none, or the tables failed.
func (p *Policy) resolveFor(ctx context.Context, ev *restrict.Eval, s *Session, a about) (r *resolved, text string, t restrict.Tri, done bool) {
	text, known := a.address(s)
	if !known {
		return nil, "", restrict.False, true
	}
	r = s.resolve(ctx, text)
	if r.err != nil {
		return nil, text, lookupFailed(ev, text), true
	}
	return r, text, restrict.False, false
}

// nonFQDN rejects addresses whose domain is not fully qualified.
func (p *Policy) nonFQDN(a about) check {
	return func(_ context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
		text, known := a.address(s)
		if !known {
			return restrict.False
		}
		domain := ""
		if i := strings.LastIndexByte(text, '@'); i >= 0 {
			domain = text[i+1:]
		}
		if strings.HasPrefix(domain, "[") && strings.HasSuffix(domain, "]") {
			return restrict.False
		}
		domain = trimOneDot(domain)
		if domain != "" && validHostname(domain) && hasDot(domain) {
			return restrict.False
		}
		return rejected(ev, p.codes.nonFQDN, enh(4, 5, 2), text, a.class, "need fully-qualified address")
	}
}

// unknownDomain rejects addresses whose domain the DNS does not know.
func (p *Policy) unknownDomain(a about) check {
	return func(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
		r, text, t, done := p.resolveFor(ctx, ev, s, a)
		if done {
			return t
		}
		if r.class.final() || r.domain == "" || r.domain[0] == '[' {
			return restrict.False
		}
		code, e := p.codes.unknownAddress, enh(4, 1, 8)
		null, nullEnh := uint16(550), enh(5, 7, 27)
		if a.class == classRecipient {
			e, null, nullEnh = enh(4, 1, 2), 556, enh(5, 1, 10)
		}
		switch st := p.dns.mailHost(ctx, r.domain, true); st {
		case dnsOK:
			return restrict.False
		case dnsNullMX:
			return rejected(ev, null, nullEnh, text, a.class, "Domain "+r.domain+" does not accept mail (nullMX)")
		case dnsInvalid:
			return rejected(ev, code, e, text, a.class, st.text())
		case dnsRetry:
			rejected(ev, 450, e, text, a.class, "Domain not found")
			return restrict.Unknown
		}
		return rejected(ev, code, e, text, a.class, "Domain not found")
	}
}

// authorised reports whether the recipient is a destination of this server.
func (p *Policy) authorised(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	text, known := aboutRecipient.address(s)
	if !known {
		return restrict.Unknown
	}
	r := s.resolve(ctx, text)
	if r.err != nil {
		return lookupFailed(ev, text)
	}
	if r.routed && !p.untrusted {
		return restrict.False
	}
	return restrict.Truth(r.class.final() || r.class == classRelay)
}

// permitAuth is authorised for permit_auth_destination.
func (p *Policy) permitAuth(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	if !s.facts.Knows(restrict.HasRecipient) {
		return restrict.False
	}
	return p.authorised(ctx, ev, s)
}

// unauthDestination rejects recipients elsewhere.
func (p *Policy) unauthDestination(code uint16, e restrict.Enhanced) check {
	return func(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
		if !s.facts.Knows(restrict.HasRecipient) {
			return restrict.False
		}
		t := p.authorised(ctx, ev, s)
		if t != restrict.False {
			return -t
		}
		return say(ev, code, e, "<", s.facts.Recipient.Text, ">: Relay access denied")
	}
}

// relayClient permits clients whose name is in relay_domains, and destinations
// of this server (check_relay_domains).
func (p *Policy) relayClient(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	if !s.facts.Knows(restrict.HasRecipient) {
		return restrict.False
	}
	ok, err := p.relayDomains.name(ctx, s.facts.ClientName, true)
	if err != nil {
		return lookupFailed(ev, s.facts.Recipient.Text)
	}
	if ok {
		return restrict.True
	}
	return p.authorised(ctx, ev, s)
}

// The sender login checks.

// loginCheck is one of the reject_*_sender_login_mismatch restrictions.
func (p *Policy) loginCheck(kind byte) check {
	return func(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
		if !p.saslEnabled {
			return restrict.False
		}
		r, text, t, done := p.resolveFor(ctx, ev, s, aboutSender)
		if done {
			return t
		}
		user, in := s.facts.AuthID, s.facts.Knows(restrict.HasAuth)
		if kind == 'a' && !in || kind == 'u' && in {
			return restrict.False
		}
		owners, found, err := p.mailKeys(ctx, p.loginMaps, r)
		if err != nil {
			return lookupFailed(ev, text)
		}
		switch {
		case kind == 'k' && !found:
			return restrict.False
		case !in && found:
			return rejected(ev, 553, enh(5, 7, 1), text, classSender, "not logged in")
		case !in:
			return restrict.False
		}
		for _, name := range postconf.Fields(owners) {
			if strings.EqualFold(name, user) {
				return restrict.False
			}
		}
		return rejected(ev, 553, enh(5, 7, 1), text, classSender, "not owned by user "+user)
	}
}

// mailKeys searches tables for an address, with the keys user+ext@domain,
// user@domain, for local domains user+ext and user, and @domain.
func (p *Policy) mailKeys(ctx context.Context, m maps, r *resolved) (value string, found bool, err error) {
	if len(m) == 0 {
		return "", false, nil
	}
	i := strings.LastIndexByte(r.addr, '@')
	if i < 0 {
		return m.find(ctx, []byte(r.addr), true)
	}
	local, domain := r.addr[:i], r.addr[i:]
	bare, ext := splitExt(local, p.delims)
	try := func(key string, full bool) bool {
		if q := quoteKey(key); q != key {
			value, found, err = m.find(ctx, []byte(q), full)
		}
		if !found && err == nil {
			value, found, err = m.find(ctx, []byte(key), full)
		}
		return found || err != nil
	}
	if try(r.addr, true) || ext && try(bare+domain, false) {
		return value, found, err
	}
	ours, err2 := p.local(ctx, r.domain)
	if err2 != nil {
		return "", false, err2
	}
	if ours && (try(local, false) || ext && try(bare, false)) {
		return value, found, err
	}
	try(domain, false)
	return value, found, err
}

// quoteKey puts the local part of a key into its external form.
func quoteKey(key string) string {
	if key == "" || key[0] == '@' {
		return key
	}
	return quoteLocal(key)
}

// unlisted rejects addresses in our domains that no table lists. It runs once
// for each address and, in a dry run, does not count as done.
func (p *Policy) unlisted(a about) check {
	return func(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
		done := &s.rcptChecked
		if a.class == classSender {
			done = &s.senderChecked
		}
		if *done {
			return restrict.False
		}
		if !ev.DryRun() {
			*done = true
		}
		r, text, t, none := p.resolveFor(ctx, ev, s, a)
		if none {
			return t
		}
		return p.listed(ctx, ev, a, r, text)
	}
}

func (p *Policy) listed(ctx context.Context, ev *restrict.Eval, a about, r *resolved, text string) restrict.Tri {
	canonical := p.rcptCanonical
	if a.class == classSender {
		canonical = p.senderCanonical
	}
	for _, m := range []maps{canonical, p.canonical, p.aliasMaps} {
		_, ok, err := p.mailKeys(ctx, m, r)
		if err != nil {
			return lookupFailed(ev, text)
		}
		if ok {
			return restrict.False
		}
	}
	var m maps
	var code uint16
	table, on := "", false
	switch r.class {
	case classAlias:
		code, table, on = p.codes.unknownAlias, "virtual alias", true
	case classLocal:
		m, code, table, on = p.localMaps, p.codes.unknownLocal, "local recipient", p.localOn && !special(r.addr)
	case classMailbox:
		m, code, table, on = p.mailboxMaps, p.codes.unknownMailbox, "virtual mailbox", p.mailboxOn
	case classRelay:
		m, code, table, on = p.relayMaps, p.codes.unknownRelay, "relay recipient", p.relayOn
	}
	if !on {
		return restrict.False
	}
	if _, ok, err := p.mailKeys(ctx, m, r); err != nil {
		return lookupFailed(ev, text)
	} else if ok {
		return restrict.False
	}
	reason := "User unknown"
	if p.tableNames || r.class == classAlias { // recorded case sender-111 names it in either case
		reason += " in " + table + " table"
	}
	e := enh(5, 1, 1)
	switch {
	case r.class == classAlias: // the resolver says so, with a code of its own
		e = fixEnhanced(e, a.class)
	case a.class == classSender:
		e = enh(5, 1, 0)
	}
	return rejected(ev, code, e, text, a.class, reason)
}

// special reports whether mail for a local part always has a place.
func special(addr string) bool {
	for _, name := range []string{"double-bounce", "postmaster", "mailer-daemon"} {
		if strings.HasPrefix(addr, name+"@") {
			return true
		}
	}
	return false
}
