package spf

import (
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// directive evaluates the mechanism of one directive (RFC 7208, section 5).
func (e *eval) directive(f *frame, d *Directive) outcome {
	switch d.Mechanism {
	case All:
		return match
	case IP4, IP6:
		// Contains is false across families, and for IPv4-mapped networks: a
		// mapped client is an IPv4 client (RFC 7208, section 5).
		if d.Prefix.Contains(e.v.IP) {
			return match
		}
		return noMatch
	}
	if !e.countTerm(f, d.Text, d.Pos) {
		return permError
	}
	if d.Mechanism == PTR {
		return e.ptr(f, d)
	}
	target, ok := e.target(d.Spec, f.domain)
	if d.Mechanism == Include {
		return e.include(f, d, target, ok)
	}
	if !ok {
		return noMatch
	}
	switch d.Mechanism {
	case A:
		return e.host(f, d, target)
	case MX:
		return e.mx(f, d, target)
	}
	return e.exists(f, d, target)
}

// include evaluates another policy (RFC 7208, section 5.2).
func (e *eval) include(f *frame, d *Directive, target string, ok bool) outcome {
	if !ok && !e.localOK && e.usesLocal(d.Spec) {
		return noMatch
	}
	if e.trace != nil {
		e.traceEnter(f, d.Text, target)
	}
	res := None
	if ok && isMultiLabel(target) {
		e.depth++
		res = e.checkHost(target, false)
		e.depth--
	}
	switch res {
	case Pass:
		return match
	case TempError:
		return tempError
	case PermError:
		return permError
	case None:
		if e.lax {
			return noMatch
		}
		e.fail(f, d.Text, d.Pos, ErrNoRecord, "include needs one", nil)
		return permError
	}
	return noMatch
}

// network is the family to ask for (RFC 7208, section 5).
func (e *eval) network() string {
	if e.v.IP.Is4() {
		return "ip4"
	}
	return "ip6"
}

// inRange reports whether the client is in the network of a host's address.
func (e *eval) inRange(ip netip.Addr, d *Directive) bool {
	bits := d.Bits4
	if ip.Is6() {
		bits = d.Bits6
	}
	return netip.PrefixFrom(ip, int(bits)).Contains(e.v.IP)
}

// host asks for the addresses of one host (RFC 7208, sections 5.3 and 5.4).
func (e *eval) host(f *frame, d *Directive, name string) outcome {
	ips, err := e.lookupIP(e.network(), name)
	if err != nil {
		return e.dnsTrouble(f, d, err)
	}
	if len(ips) == 0 {
		return e.countVoid(f, d)
	}
	for _, ip := range ips {
		if e.inRange(ip, d) {
			return match
		}
	}
	return noMatch
}

// mx tries the exchange hosts by preference (RFC 7208, section 5.4). More of
// them than allowed is a PermError before any is asked for, so that the result
// does not depend on the order in which DNS returns them.
func (e *eval) mx(f *frame, d *Directive, name string) outcome {
	mxs, err := e.lookupMX(name)
	if err != nil {
		return e.dnsTrouble(f, d, err)
	}
	if len(mxs) == 0 {
		return e.countVoid(f, d)
	}
	if len(mxs) > e.maxNames {
		if !e.lax {
			e.fail(f, d.Text, d.Pos, ErrNameLimit, strconv.Itoa(len(mxs)), nil)
			return permError
		}
		mxs = mxs[:e.maxNames]
	}
	for _, mx := range byPreference(mxs) {
		if mx == nil || !validName(dnsname.TrimDot(mx.Host)) {
			continue // a null MX, or no name at all
		}
		if out := e.host(f, d, dnsname.FQDN(mx.Host)); out != noMatch {
			return out
		}
	}
	return noMatch
}

// byPreference returns mxs in order of preference, mxs itself if it is so
// already.
func byPreference(mxs []*net.MX) []*net.MX {
	pref := func(m *net.MX) int {
		if m == nil {
			return 0
		}
		return int(m.Pref)
	}
	less := func(a, b *net.MX) int { return pref(a) - pref(b) }
	if slices.IsSortedFunc(mxs, less) {
		return mxs
	}
	mxs = slices.Clone(mxs)
	slices.SortStableFunc(mxs, less)
	return mxs
}

// exists matches when the name has an A record, for clients of either family
// (RFC 7208, section 5.7).
func (e *eval) exists(f *frame, d *Directive, name string) outcome {
	ips, err := e.lookupIP("ip4", name)
	switch {
	case err != nil:
		return e.dnsTrouble(f, d, err)
	case len(ips) == 0:
		return e.countVoid(f, d)
	}
	return match
}

// clientNames are the names that the reverse zone gives to the client's
// address, looked up once per check at most.
type clientNames struct {
	asked bool
	void  bool
	names []clientName
}

type clientName struct {
	name  string // absolute
	state nameState
}

type nameState uint8

const (
	nameUnchecked nameState = iota
	nameValid               // an address of the name is the client's
	nameInvalid
)

// ptr matches when a validated name of the client is the target or below it
// (RFC 7208, section 5.5). DNS trouble is no match: the reverse zone is the
// client's. Names that are not below the target need no validation.
func (e *eval) ptr(f *frame, d *Directive) outcome {
	target, ok := e.target(d.Spec, f.domain)
	if !ok {
		return noMatch
	}
	e.askNames()
	if e.names.void {
		return e.countVoid(f, d)
	}
	for i := range e.names.names {
		n := &e.names.names[i]
		if dnsname.HasSuffix(n.name, target) && e.validate(n) {
			return match
		}
	}
	return noMatch
}

func (e *eval) askNames() {
	if e.names.asked {
		return
	}
	e.names.asked = true
	names, err := e.lookupAddr(e.v.IP.String())
	if err != nil {
		return
	}
	e.names.void = len(names) == 0
	for _, name := range names[:min(len(names), e.maxNames)] {
		if validName(dnsname.TrimDot(name)) {
			e.names.names = append(e.names.names, clientName{name: dnsname.FQDN(name)})
		}
	}
}

// validate reports whether an address of the name is the client's. Trouble
// skips the name.
func (e *eval) validate(n *clientName) bool {
	if n.state == nameUnchecked {
		n.state = nameInvalid
		ips, err := e.lookupIP(e.network(), n.name)
		if err == nil && slices.Contains(ips, e.v.IP) {
			n.state = nameValid
		}
	}
	return n.state == nameValid
}
