package restrict

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// A Need names a part of an [Env] that a rule asks.
type Need uint16

// The parts of an Env.
const (
	NeedDNS Need = 1 << iota
	NeedPolicyService
	NeedBlocklists
	NeedRecipients
	NeedVerifier
	NeedOwners
	NeedGreylist
	NeedLimiter
)

var needNames = [...]string{
	"DNS", "PolicyService", "Blocklists", "Recipients", "Verifier", "Owners",
	"Greylist", "Limiter",
}

// String names the lowest part in n.
func (n Need) String() string {
	for i, s := range needNames {
		if n&(1<<i) != 0 {
			return s
		}
	}
	return "nothing"
}

// An Env holds what the rules of a policy may ask. Every part is optional;
// a rule that needs a missing one is a compile error.
//
// All implementations must be safe for concurrent use. An error from any of
// them makes the condition that asked Unknown; it never makes a rule accept.
type Env struct {
	DNS           DNS
	PolicyService PolicyService
	Blocklists    Blocklists
	Recipients    Recipients
	Verifier      Verifier
	Owners        Owners
	Greylist      Greylist
	Limiter       Limiter
}

func (e *Env) has() (n Need) {
	set := func(ok bool, bit Need) {
		if ok {
			n |= bit
		}
	}
	set(e.DNS != nil, NeedDNS)
	set(e.PolicyService != nil, NeedPolicyService)
	set(e.Blocklists != nil, NeedBlocklists)
	set(e.Recipients != nil, NeedRecipients)
	set(e.Verifier != nil, NeedVerifier)
	set(e.Owners != nil, NeedOwners)
	set(e.Greylist != nil, NeedGreylist)
	set(e.Limiter != nil, NeedLimiter)
	return n
}

// DNS is the part of DNS that rules need. A [*net.Resolver] satisfies it.
//
// Names are absolute and end in a dot. A name that does not exist, or has no
// record of the type asked for, is a [*net.DNSError] with IsNotFound set or an
// empty result. Every other error is taken as temporary.
type DNS interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// An Attr is one attribute of a policy request.
type Attr struct{ Name, Value string }

// A PolicyService answers policy delegation requests.
type PolicyService interface {
	// Query sends the attributes to the service named, such as
	// "inet:127.0.0.1:10023", and returns its action.
	Query(ctx context.Context, service string, attrs []Attr) (action string, err error)
}

// Blocklists are named sets of DNS lists.
type Blocklists interface {
	// Listed reports whether the client, or what the set is about, is listed,
	// and why.
	Listed(ctx context.Context, set string, s *Session) (listed bool, reason string, err error)
}

// Recipients knows which recipients exist.
type Recipients interface {
	RecipientExists(ctx context.Context, addr string) (bool, error)
}

// A Deliverable is the outcome of an address probe.
type Deliverable uint8

// The outcomes of an address probe.
const (
	DeliverOK      Deliverable = iota // the address accepts mail
	DeliverFails                      // the address is refused
	DeliverUnknown                    // not known yet
)

// A Verifier probes whether an address accepts mail.
type Verifier interface {
	// VerifyAddress probes addr and returns the text that a refusal gives.
	VerifyAddress(ctx context.Context, addr string) (Deliverable, string, error)
}

// Owners knows which login names may use a sender address.
type Owners interface {
	// SenderOwners returns the owners, none when the address has none.
	SenderOwners(ctx context.Context, sender string) ([]string, error)
}

// Greylist decides whether a delivery attempt comes too early.
type Greylist interface {
	// Greylisted reports whether the recipient is to be refused for now, and
	// for how long.
	Greylisted(ctx context.Context, s *Session) (bool, time.Duration, error)
}

// A Limiter counts events by key.
type Limiter interface {
	// Exceeds counts one event of key and reports whether more than limit
	// events happened within the last per.
	Exceeds(ctx context.Context, key string, limit int, per time.Duration) (bool, error)
}

// An Error says which rule does not compile, and why. It wraps one of the
// sentinels of this package.
type Error struct {
	List string // the list of the rule
	Pos  Pos    // the rule
	Err  error
}

// Error returns the text of the error.
func (e *Error) Error() string {
	if p := e.Pos.String(); p != "" {
		return fmt.Sprintf("restrict: list %q: %s: %v", e.List, p, e.Err)
	}
	return fmt.Sprintf("restrict: list %q: %v", e.List, e.Err)
}

// Unwrap returns the kind of the error.
func (e *Error) Unwrap() error { return e.Err }
