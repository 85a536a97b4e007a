package spf

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// Limits of RFC 7208, section 4.6.4, which apply where a field of [Checker] is
// zero.
const (
	DefaultMaxTerms = 10               // terms with DNS lookups in one check
	DefaultMaxVoids = 2                // lookups without an answer in one check
	DefaultMaxNames = 10               // hosts of one mx term, names of a client's address
	DefaultTimeout  = 20 * time.Second // for the whole check
)

// Bounds of what a request may hold. RFC 5321, section 4.5.3.1, allows 64
// octets of local-part and 255 of domain.
const (
	maxLocalPart = 512 // longer ones do not take part in macros
	maxHelo      = 255
)

// A Checker evaluates SPF policies. The zero value with a Resolver is ready to
// use. Its methods are safe for concurrent use as long as no field changes.
//
// A check asks at most 1 + (MaxTerms+1)·(MaxNames+1) questions, whatever the
// published records say; Lax, LocalPolicy and the explanation bring their own,
// bounded in the same way. Repeated questions are the resolver's to cache.
type Checker struct {
	// Resolver answers the DNS questions. It must not be nil.
	Resolver Resolver

	// Hostname is the name of the receiving host, for the macro %{r} in
	// explanations. Zero means "unknown".
	Hostname string

	// Timeout bounds one check; when it ends the result is TempError. Zero
	// means DefaultTimeout, negative means that only the context counts.
	Timeout time.Duration

	// MaxTerms is the number of terms with DNS lookups that a check may
	// evaluate; one more gives PermError. Zero means DefaultMaxTerms, negative
	// means none. Values above 100 count as 100.
	MaxTerms int

	// MaxVoids is the number of lookups without an answer that a check may
	// meet; one more gives PermError. Zero means DefaultMaxVoids, negative
	// switches the limit off.
	MaxVoids int

	// MaxNames is the number of hosts that an mx term may have; one more gives
	// PermError. Of a client's names, by ptr and %{p}, the rest is ignored.
	// Zero means DefaultMaxNames, negative means none.
	MaxNames int

	// Trusted holds networks of relays for which SPF says nothing: secondary
	// exchangers, gateways, forwarders of one's own. For a client in one of
	// them the result is None with Verdict.Trusted set, without any lookup.
	// To check the mail of such a relay, pass the address that it saw.
	Trusted []netip.Prefix

	// LocalPolicy holds directives that are tried before the final "all" of a
	// domain's record takes effect, or before the default result. Its matches
	// set Verdict.Local. Its lookups have limits of their own; TempError in it
	// is the result, PermError in it counts as no match. Modifiers are ignored.
	// It must come from Parse.
	LocalPolicy *Record

	// Explain asks for the domain's explanation on Fail, as part of the check.
	// Without it, [Verdict.Explain] fetches it when it is wanted.
	Explain bool

	// Lax asks for Verdict.Lax beside a PermError. It costs a second evaluation.
	Lax bool

	// Now is the clock for the macro %{t}; nil means time.Now.
	Now func() time.Time
}

// maxTermsCap bounds the recursion, whatever MaxTerms says.
const maxTermsCap = 100

func limit(n, def int) int {
	switch {
	case n == 0:
		return def
	case n < 0:
		return 0
	}
	return n
}

// Check evaluates the policy of one identity (RFC 7208, section 4). What the
// DNS and the published records do ends up in the verdict. The error is for
// misuse ([ErrNoResolver], [ErrInvalidIP], [ErrInvalidIdentity],
// [ErrLocalPolicy]) and for a canceled context; the verdict is nil then. A
// deadline that passes is a TempError (RFC 7208, section 4.6.4).
func (c *Checker) Check(ctx context.Context, r Request) (*Verdict, error) {
	return c.check(ctx, &r, "")
}

// GuessRecord is the policy of [Checker.Guess].
const GuessRecord = "v=spf1 a/24 mx/24 ptr ?all"

// Guess is [Checker.Check] with a guess in place of the record for a domain
// that publishes none. A Pass of it means that the client is close to the
// domain's hosts; it is no authorization, and must not be reported as SPF.
func (c *Checker) Guess(ctx context.Context, r Request) (*Verdict, error) {
	return c.check(ctx, &r, GuessRecord)
}

// CheckRecord is [Checker.Check] with the given text in place of the record
// of the domain checked, for trying a record before it is published.
func (c *Checker) CheckRecord(ctx context.Context, r Request, record string) (*Verdict, error) {
	if !IsSPF(record) {
		return nil, &Error{Kind: ErrNoRecord, Detail: "the text does not begin with v=spf1"}
	}
	return c.check(ctx, &r, record)
}

func (c *Checker) check(ctx context.Context, r *Request, record string) (*Verdict, error) {
	switch {
	case c.Resolver == nil:
		return nil, ErrNoResolver
	case !r.IP.IsValid():
		return nil, ErrInvalidIP
	case r.Identity != "" && r.Identity != MailFrom && r.Identity != Helo:
		return nil, ErrInvalidIdentity
	case c.LocalPolicy != nil && !c.LocalPolicy.parsed:
		return nil, ErrLocalPolicy
	}
	var e eval
	e.start(ctx, c)
	defer e.ctx.stop()
	e.trace = r.Trace
	e.given, e.again = record, record
	v := e.v
	err := e.identity(r)
	switch {
	case c.trusts(v.IP):
		v.Result, v.Trusted = None, true
		return v, nil
	case err != nil:
		v.Result, v.Cause = None, err
		return v, nil
	}
	v.Result = e.checkHost(e.domain, true)
	v.Authentic = e.metaSeen && !e.insecure
	if err := ctx.Err(); errors.Is(err, context.Canceled) {
		return nil, err
	}
	if v.Result == Fail && c.Explain {
		e.fetchExplanation()
	}
	if v.Result == PermError && c.Lax {
		e.runLax()
	}
	return v, nil
}

func (c *Checker) trusts(ip netip.Addr) bool {
	for _, p := range c.Trusted {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

func (c *Checker) timeout() time.Duration {
	if c.Timeout == 0 {
		return DefaultTimeout
	}
	return c.Timeout
}

// identity finds the identity, the sender and the domain to check
// (RFC 7208, sections 2.3, 2.4 and 4.3).
func (e *eval) identity(r *Request) error {
	v := e.v
	v.Helo, v.IP = r.Helo, r.IP
	if !v.IP.Is4() {
		v.IP = v.IP.Unmap().WithZone("")
	}
	v.Identity = r.Identity
	if v.Identity == "" {
		v.Identity = MailFrom
		if r.MailFrom == "" {
			v.Identity = Helo
		}
	}
	domain := r.Helo
	local := ""
	sender := ""
	if v.Identity == MailFrom && r.MailFrom != "" {
		sender, domain = r.MailFrom, r.MailFrom
		// A quoted local-part may hold '@'; the domain follows the last one.
		if i := strings.LastIndexByte(domain, '@'); i >= 0 {
			local, domain = domain[:i], domain[i+1:]
		}
	}
	ascii, lower, err := toASCII(domain)
	if err != nil {
		v.Sender, v.Domain = sender, ""
		if sender == "" {
			v.Sender = r.Helo
		}
		return &Error{Domain: domain, Kind: ErrNoRecord, Detail: "not a domain that can have a record", Err: err}
	}
	if local == "" {
		local, sender = "postmaster", "" // RFC 7208, section 4.3
	}
	if sender == "" || ascii != domain {
		sender = local + "@" + ascii
	}
	v.Sender, v.Domain = sender, lower
	e.local = local
	e.localOK = len(local) <= maxLocalPart && isASCII(local)
	var fqdn [64]byte // one allocation of the exact size, for all but long names
	e.domain = string(append(append(fqdn[:0], ascii...), '.'))
	return nil
}

// What an octet means in a domain that is to be checked.
const (
	plainOctet = iota
	upperOctet
	dotOctet
	wideOctet  // not ASCII
	otherOctet // a control, or what RFC 5321 uses around domains
)

var domainOctets = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c == '.':
			t[c] = dotOctet
		case 'A' <= c && c <= 'Z':
			t[c] = upperOctet
		case c >= utf8.RuneSelf:
			t[c] = wideOctet
		case c <= ' ', c == 0x7f, strings.IndexByte(`"(),:;<>@[\]`, byte(c)) >= 0:
			t[c] = otherOctet
		}
	}
	return t
}()

var errDomain = errors.New("not a fully qualified domain name")

// toASCII returns domain as A-labels without the final dot, as it is and in
// lower case: macros keep the case of letters. It fails for what cannot have a
// record: malformed names, single labels, address literals, and names with an
// octet that RFC 5321 has other uses for (RFC 7208, section 4.3).
func toASCII(domain string) (ascii, lower string, err error) {
	name := domain
	if n := len(name); n > 0 && name[n-1] == '.' {
		name = name[:n-1]
	}
	start, labels, upper := 0, 1, false
	for i := 0; i < len(name); i++ {
		switch domainOctets[name[i]] {
		case otherOctet:
			return "", "", errDomain
		case upperOctet:
			upper = true
		case dotOctet:
			if n := i - start; n == 0 || n > dnsname.MaxLabel {
				return "", "", errDomain
			}
			start = i + 1
			labels++
		case wideOctet:
			if name, err = dnsname.ToASCII(name); err != nil {
				return "", "", err
			}
			return toASCII(name)
		}
	}
	last := len(name) - start
	if labels < 2 || last == 0 || last > dnsname.MaxLabel || len(name) > dnsname.MaxName {
		return "", "", errDomain
	}
	if upper {
		return name, dnsname.Lower(name), nil
	}
	return name, name, nil
}
