package mailsec

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"

	"github.com/mailsec-go/mailsec/authres"
	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// MaxNames bounds the names of a client that iprev looks up, like the limit on
// names of RFC 7208, section 4.6.4.
const MaxNames = 10

// An IPRev is what the names of the client's address came to (RFC 8601,
// section 3).
type IPRev struct {
	// Result is "pass" if a name leads back to the address, "fail" if none
	// does, "permerror" if there is no name, "temperror" if a query failed, and
	// "" if nothing was looked up (RFC 8601, section 2.7.3).
	Result string
	IP     netip.Addr
	// Name is the name that leads back, or the first one there was, in lower
	// case without a final dot. Unless Result is pass it proves nothing.
	Name string
	// Err is the query that failed, for temperror.
	Err error
}

// AuthResult returns the result for an Authentication-Results field.
func (r IPRev) AuthResult() authres.Method {
	return authres.IPRev(r.Result, r.IP, r.Name)
}

// clientResolver is the part of DNS that iprev needs.
type clientResolver interface {
	LookupAddr(ctx context.Context, addr string) ([]string, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// checkIPRev looks up the names of ip and the addresses of these.
func checkIPRev(ctx context.Context, r clientResolver, ip netip.Addr) IPRev {
	res := IPRev{Result: authres.PermError, IP: ip}
	names, err := r.LookupAddr(ctx, ip.String())
	if err != nil && len(names) == 0 {
		if !notFound(err) {
			res.Result, res.Err = authres.TempError, err
		}
		return res
	}
	network := "ip6"
	if ip.Is4() {
		network = "ip4"
	}
	for _, name := range names[:min(len(names), MaxNames)] {
		name, err := dnsname.ToASCII(name)
		if err != nil {
			continue
		}
		if res.Name == "" {
			res.Name, res.Result = name, authres.Fail
		}
		addrs, err := r.LookupNetIP(ctx, network, name+".")
		switch {
		case slices.ContainsFunc(addrs, func(a netip.Addr) bool { return a.Unmap() == ip }):
			return IPRev{Result: authres.Pass, IP: ip, Name: name}
		case err != nil && !notFound(err):
			res.Result, res.Err = authres.TempError, err
		}
	}
	return res
}

func notFound(err error) bool {
	var d *net.DNSError
	return errors.As(err, &d) && d.IsNotFound && !d.IsTemporary && !d.IsTimeout
}
