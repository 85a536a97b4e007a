package postfix

import (
	"context"
	"net/netip"
	"strings"
)

// A class is the address class of a domain (Postfix ADDRESS_CLASS_README).
type class uint8

const (
	classDefault class = iota
	classLocal
	classAlias
	classMailbox
	classRelay
)

// final reports whether mail for the class is delivered here.
func (c class) final() bool {
	return c == classLocal || c == classAlias || c == classMailbox
}

// A resolved address is what trivial-rewrite(8) makes of one.
type resolved struct {
	addr   string // rewritten, internal form, lower case
	domain string // what follows the last at sign of addr
	class  class
	routed bool  // the local part holds a routing operator
	bad    bool  // the domain is no valid host name or address
	err    error // a table could not be searched
}

// origins are the parameters of address rewriting.
type origins struct {
	myorigin, mydomain, myhostname string
	appendOrigin, appendDot        bool
	percentHack, bangPath          bool
	nullDomain, dequote, numDomain bool
}

// rewrite puts a token list into the form user@domain (trivial-rewrite(8)).
func (o *origins) rewrite(t []tok) []tok {
	switch {
	case len(t) == 0, len(t) == 1 && t[0].kind == tokQuoted && t[0].text == "":
		return t
	case len(t) == 1 && t[0].kind == '@':
		return []tok{{tokQuoted, ""}}
	}
	if t[0].kind == '@' {
		if i := find(t, ':'); i >= 0 && i+1 < len(t) {
			t = t[i+1:]
		}
	}
	if rfind(t, '@') < 0 {
		t = o.addDomain(t)
	}
	if i := rfind(t, '@'); o.appendDot && o.mydomain != "" && i >= 0 && i+1 < len(t) &&
		find(t[i:], tokLiteral) < 0 && find(t[i:], '.') < 0 {
		t = append(append(clip(t), tok{kind: '.'}), scan(o.mydomain)...)
	}
	return trimTail(t)
}

// addDomain treats an address without an at sign.
func (o *origins) addDomain(t []tok) []tok {
	if i := find(t, '!'); o.bangPath && i >= 0 {
		out := append([]tok{}, t[i+1:]...)
		return append(append(out, tok{kind: '@'}), t[:i]...)
	}
	if i := rfind(t, '%'); o.percentHack && i >= 0 {
		out := append([]tok{}, t...)
		out[i].kind = '@'
		return out
	}
	if o.appendOrigin && o.myorigin != "" {
		return append(append(clip(t), tok{kind: '@'}), scan(o.myorigin)...)
	}
	return t
}

func clip(t []tok) []tok { return t[:len(t):len(t)] }

// trimTail takes one dot off the end of the domain, but leaves ".." and "@."
// alone.
func trimTail(t []tok) []tok {
	if n := len(t); n > 1 && t[n-1].kind == '.' && t[n-2].kind != '.' && t[n-2].kind != '@' {
		return t[:n-1]
	}
	return t
}

// maxResolve bounds the rounds of resolving one address beyond its length.
const maxResolve = 100

// resolve finds the final form and the class of an address in internal form.
func (p *Policy) resolve(ctx context.Context, addr string) resolved {
	if r, ok := p.resolvePlain(ctx, addr); ok {
		return r
	}
	return p.resolveTokens(ctx, addr)
}

// resolveTokens resolves an address of any form.
func (p *Policy) resolveTokens(ctx context.Context, addr string) resolved {
	t := p.origins.rewrite(scan(quoteLocal(addr)))
	if addr = unquoteLocal(join(t, true)); addr == "" {
		return resolved{class: classLocal}
	}
	t = scan(quoteLocal(addr))
	t, local, err := p.strip(ctx, t, len(addr)+maxResolve)
	r := resolved{addr: lower(join(t, false)), err: err}
	i := strings.LastIndexByte(r.addr, '@')
	r.domain = r.addr[i+1:]
	switch {
	case strings.HasPrefix(r.domain, "["):
		_, ok := mailLiteral(r.domain)
		r.bad = !ok
	case p.origins.numDomain && validIP(r.domain):
		r.addr = r.addr[:i+1] + "[" + r.domain + "]"
		r.domain = r.addr[i+1:]
	default:
		r.bad = !validHostname(r.domain)
	}
	if r.bad || err != nil {
		return r
	}
	r.routed = i >= 0 && strings.ContainsAny(r.addr[:i], "@!%")
	r.class = classLocal
	if !local {
		r.class, r.err = p.domainClass(ctx, r.domain)
	}
	return r
}

// resolvePlain resolves an address of the usual form local@domain without
// taking it apart.
func (p *Policy) resolvePlain(ctx context.Context, addr string) (resolved, bool) {
	at := -1
	for i := 0; i < len(addr); i++ {
		switch c := addr[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		case c == '.':
			if i == 0 || i == len(addr)-1 || addr[i-1] == '.' || addr[i-1] == '@' || addr[i+1] == '@' {
				return resolved{}, false
			}
		case c == '+' || c == '=':
			if at >= 0 {
				return resolved{}, false
			}
		case c == '@':
			if at >= 0 || i == 0 {
				return resolved{}, false
			}
			at = i
		default:
			return resolved{}, false
		}
	}
	if at < 0 || !validHostname(addr[at+1:]) ||
		p.origins.appendDot && strings.IndexByte(addr[at:], '.') < 0 {
		return resolved{}, false
	}
	r := resolved{addr: lower(addr)}
	r.domain = r.addr[at+1:]
	local, err := p.local(ctx, r.domain)
	switch {
	case err != nil:
		r.err = err
	case local:
		r.class = classLocal
	default:
		r.class, r.err = p.domainClass(ctx, r.domain)
	}
	return r, true
}

// strip takes local domains off an address and follows routing operators, until
// a remote domain or a plain local part is left. local reports the latter.
func (p *Policy) strip(ctx context.Context, t []tok, rounds int) (out []tok, local bool, err error) {
	var saved []tok
	for ; rounds > 0; rounds-- {
		t = trimTail(t)
		if n := len(t); p.origins.nullDomain && n > 0 && t[n-1].kind == '@' {
			t = t[:n-1]
		}
		if i := rfind(t, '@'); i >= 0 {
			if i+1 < len(t) {
				ours, err := p.local(ctx, join(t[i+1:], false))
				if err != nil || !ours {
					return t, false, err
				}
			}
			saved, t = t[i:], clip(t[:i])
		}
		if rfind(t, '@') >= 0 || p.origins.bangPath && rfind(t, '!') >= 0 || p.origins.percentHack && rfind(t, '%') >= 0 {
			t = p.origins.rewrite(t)
			continue
		}
		if u, ok := p.crack(t); ok {
			t = u
			continue
		}
		if len(t) == 0 || len(t) == 1 && t[0].kind == tokQuoted && t[0].text == "" {
			t = []tok{{tokAtom, "MAILER-DAEMON"}}
		}
		break
	}
	if saved == nil {
		saved = append([]tok{{kind: '@'}}, scan(p.origins.myhostname)...)
	}
	return append(clip(t), saved...), true, nil
}

// crack opens a quoted local part that holds a routing operator.
func (p *Policy) crack(t []tok) ([]tok, bool) {
	if !p.origins.dequote || len(t) != 1 || t[0].kind != tokQuoted {
		return nil, false
	}
	s := t[0].text
	i := strings.LastIndexByte(s, '@')
	if i < 0 && p.origins.percentHack {
		i = strings.LastIndexByte(s, '%')
	}
	if i < 0 && p.origins.bangPath {
		i = strings.LastIndexByte(s, '!')
	}
	if i < 0 {
		return nil, false
	}
	if s[i] == '%' {
		s = s[:i] + "@" + s[i+1:]
	}
	if s[i] == '@' {
		s = quoteLocal(s)
	}
	return p.origins.rewrite(scan(s)), true
}

// local reports whether a domain is delivered here.
func (p *Policy) local(ctx context.Context, domain string) (bool, error) {
	domain = trimOneDot(domain)
	ok, err := p.mydestination.name(ctx, domain, false)
	if ok || err != nil {
		return ok, err
	}
	if strings.HasPrefix(domain, "[") {
		a, ok := mailLiteral(domain)
		return ok && p.own(a), nil
	}
	a, isIP := parseIP(domain)
	return isIP && p.own(a), nil
}

// own reports whether an address is one of the server's.
func (p *Policy) own(a netip.Addr) bool {
	for _, o := range p.addrs {
		if o == a {
			return true
		}
	}
	return false
}

// domainClass returns the class of a domain that is not local.
func (p *Policy) domainClass(ctx context.Context, domain string) (class, error) {
	for _, l := range [...]struct {
		list   *matchList
		class  class
		domain bool
	}{
		{p.aliasDomains, classAlias, false},
		{p.mailboxDomains, classMailbox, false},
		{p.relayDomains, classRelay, true},
	} {
		ok, err := l.list.name(ctx, domain, l.domain)
		if err != nil {
			return classDefault, err
		}
		if ok {
			return l.class, nil
		}
	}
	return classDefault, nil
}

// splitExt cuts the address extension off a local part. ok is false when there
// is none.
func splitExt(local, delims string) (bare string, ok bool) {
	if delims == "" || equalFold(local, "postmaster") || equalFold(local, "mailer-daemon") || equalFold(local, "double-bounce") {
		return local, false
	}
	if strings.Contains(delims, "-") && (len(local) > 6 && equalFold(local[:6], "owner-") ||
		len(local) > 8 && equalFold(local[len(local)-8:], "-request")) {
		return local, false
	}
	if i := strings.IndexAny(local, delims); i > 0 {
		return local[:i], true
	}
	return local, false
}
