package postfix

import (
	"context"
	"net/netip"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postconf"
	"github.com/mailsec-go/mailsec/internal/postmap"
)

// A matchItem is one pattern of a match list, prepared as far as possible.
type matchItem struct {
	neg    bool
	text   string // folded to lower case
	table  *table
	addr   netip.Addr   // the pattern is a single address
	net    netip.Prefix // the pattern is a network
	bad    error        // the pattern is no valid network, although it looks like one
	v6     bool         // a network pattern with a colon
	isNet  bool
	broken error // a file that could not be read
}

// A matchList is a list of names, domains or addresses as Postfix has them in
// mydestination, relay_domains and mynetworks. The first pattern that matches
// decides. It is immutable.
type matchList struct {
	items   []matchItem
	parents bool // a domain pattern matches its subdomains
}

func (c *compiler) matchList(param string, parents bool) *matchList {
	l := &matchList{parents: parents}
	lists := postconf.Lists{ReadFile: c.cfg.ReadFile}
	for _, it := range lists.Items(c.get(param), postconf.Pos{}) {
		m := matchItem{neg: it.Neg, text: lower(it.Text), broken: it.Err}
		if it.Table {
			m.table = c.tables.get(it.Text)
		} else {
			m.address(it.Text)
		}
		l.items = append(l.items, m)
	}
	return l
}

// address prepares the pattern for addresses. Only patterns that look like an
// IPv6 address or a network are parsed; junk without a colon or slash is
// silently no address.
func (m *matchItem) address(text string) {
	if a, ok := parseIP(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")); ok {
		m.addr = a
		return
	}
	if !strings.ContainsAny(text, ":/") || strings.Trim(text, "0123456789.abcdefABCDEF:[]/") != "" ||
		strings.ContainsAny(text, "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ-_ ") {
		return
	}
	m.isNet, m.v6 = true, strings.Contains(text, ":")
	m.net, m.bad = postmap.ParseNetwork(text)
}

// name reports whether a name is in the list. With domain set patterns match
// parent domains as well.
func (l *matchList) name(ctx context.Context, name string, domain bool) (bool, error) {
	for i := range l.items {
		it := &l.items[i]
		if it.broken != nil {
			return false, it.broken
		}
		ok, err := it.matchName(ctx, name, domain, l.parents)
		if err != nil {
			return false, err
		}
		if ok {
			return !it.neg, nil
		}
	}
	return false, nil
}

func (it *matchItem) matchName(ctx context.Context, name string, domain, parent bool) (bool, error) {
	if it.table != nil {
		return it.tableName(ctx, name, domain, parent)
	}
	if equalFold(name, it.text) {
		return true, nil
	}
	if !domain {
		return false, nil
	}
	if parent {
		d := len(name) - len(it.text)
		return d > 0 && name[d-1] == '.' && equalFold(name[d:], it.text), nil
	}
	d := len(name) - len(it.text)
	return strings.HasPrefix(it.text, ".") && d > 0 && equalFold(name[d:], it.text), nil
}

func (it *matchItem) tableName(ctx context.Context, name string, domain, parent bool) (found bool, err error) {
	if !domain {
		_, found, err = it.table.find(ctx, []byte(lower(name)))
		return found, err
	}
	parents(lower(name), !parent, func(key string, full bool) bool {
		if !full && it.table.pattern() {
			return false
		}
		_, found, err = it.table.find(ctx, []byte(key))
		return !found && err == nil
	})
	return found, err
}

// client reports whether the name or the address of a client is in the list.
func (l *matchList) client(ctx context.Context, name string, addr netip.Addr) (bool, error) {
	for i := range l.items {
		it := &l.items[i]
		if it.broken != nil {
			return false, it.broken
		}
		ok, err := it.matchName(ctx, name, true, l.parents)
		if !ok && err == nil {
			ok, err = it.matchAddr(ctx, addr)
		}
		if err != nil {
			return false, err
		}
		if ok {
			return !it.neg, nil
		}
	}
	return false, nil
}

// address reports whether an address is in the list.
func (l *matchList) address(ctx context.Context, addr netip.Addr) (bool, error) {
	for i := range l.items {
		it := &l.items[i]
		ok, err := it.matchAddr(ctx, addr)
		if err == nil {
			err = it.broken
		}
		if err != nil {
			return false, err
		}
		if ok {
			return !it.neg, nil
		}
	}
	return false, nil
}

func (it *matchItem) matchAddr(ctx context.Context, addr netip.Addr) (bool, error) {
	switch {
	case it.table != nil:
		_, ok, err := it.table.find(ctx, addr.AppendTo(nil))
		return ok, err
	case it.addr.IsValid():
		return it.addr == addr, nil
	case it.isNet && it.v6 == addr.Is6():
		if it.bad != nil {
			return false, it.bad
		}
		return it.net.Contains(addr), nil
	}
	return false, nil
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}

// parseIP parses an address as Postfix does: no zone, and an IPv4 address
// inside an IPv6 address is taken as IPv4.
func parseIP(s string) (netip.Addr, bool) {
	if len(s) < 2 || len(s) > 45 {
		return netip.Addr{}, false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '.' && c != ':' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return a, true
}

func validIP(s string) bool {
	_, ok := parseIP(s)
	return ok
}

// mailLiteral returns the address inside the brackets of a mail domain such as
// [192.0.2.1] or [IPv6:2001:db8::1].
func mailLiteral(s string) (netip.Addr, bool) {
	if len(s) < 3 || s[0] != '[' || s[len(s)-1] != ']' {
		return netip.Addr{}, false
	}
	s = s[1 : len(s)-1]
	if len(s) > 5 && equalFold(s[:5], "ipv6:") {
		a, ok := parseIP(s[5:])
		return a, ok && a.Is6()
	}
	a, ok := parseIP(s)
	return a, ok && a.Is4()
}
