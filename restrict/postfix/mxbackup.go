package postfix

import (
	"context"

	"github.com/mailsec-go/mailsec/restrict"
)

// mxBackup permits domains for which this server is a backup mail exchanger.
func (p *Policy) mxBackup(ctx context.Context, ev *restrict.Eval, s *Session) restrict.Tri {
	r, text, t, done := p.resolveFor(ctx, ev, s, aboutRecipient)
	if done {
		return t
	}
	if r.routed && !p.untrusted {
		return restrict.False
	}
	if r.class.final() || r.class == classRelay {
		return restrict.True
	}
	if r.domain == "" || r.domain[0] == '[' {
		return restrict.False
	}
	list, st := p.dns.mx(ctx, r.domain)
	if st != dnsOK {
		if st == dnsRetry {
			rejected(ev, 450, enh(4, 4, 4), text, classRecipient, "Unable to look up mail exchanger information: "+st.text())
			ev.DeferIfReject()
		}
		return restrict.False
	}
	hosts := make([]string, len(list))
	n := byPref(list)
	for i, m := range list {
		hosts[i] = m.Host
	}
	if n == len(hosts) {
		// Only the names and addresses of the primaries are of interest.
		p.isMX(ctx, ev, hosts, text)
		return restrict.False
	}
	if p.isMX(ctx, ev, hosts[:n], text) || !p.isMX(ctx, ev, hosts[n:], text) {
		return restrict.False
	}
	return restrict.Truth(len(p.mxNetworks.items) == 0 || p.primariesInside(ctx, ev, hosts[:n], text))
}

// isMX reports whether one of the hosts is this server, by name or by address.
func (p *Policy) isMX(ctx context.Context, ev *restrict.Eval, hosts []string, text string) bool {
	for _, h := range hosts {
		if ours, err := p.local(ctx, h); ours && err == nil {
			return true
		}
	}
	for _, h := range hosts {
		addrs, st := p.dns.host(ctx, h)
		if st != dnsOK {
			rejected(ev, 450, enh(4, 4, 4), text, classRecipient, "Unable to look up mail exchanger host "+h+": "+st.hostText())
			ev.DeferIfReject()
			continue
		}
		for _, a := range addrs {
			if p.own(a) {
				return true
			}
		}
	}
	return false
}

// primariesInside reports whether all addresses of the hosts are in
// permit_mx_backup_networks.
func (p *Policy) primariesInside(ctx context.Context, ev *restrict.Eval, hosts []string, text string) bool {
	for _, h := range hosts {
		addrs, st := p.dns.host(ctx, h)
		if st != dnsOK {
			rejected(ev, 450, enh(4, 4, 4), text, classRecipient, "Unable to look up host "+h+" as mail exchanger: "+st.hostText())
			ev.DeferIfReject()
			return false
		}
		for _, a := range addrs {
			if ok, err := p.mxNetworks.address(ctx, a); !ok || err != nil {
				return false
			}
		}
	}
	return true
}
