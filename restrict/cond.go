package restrict

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A CondFunc is a condition made of a function; it can be evaluated at every
// stage.
type CondFunc func(ctx context.Context, ev *Eval) Tri

// Test calls f.
func (f CondFunc) Test(ctx context.Context, ev *Eval) Tri { return f(ctx, ev) }

// Stages returns AnyStage.
func (CondFunc) Stages() Stages { return AnyStage }

// staged is a condition for some stages that needs parts of the Env.
type staged struct {
	f      func(ctx context.Context, ev *Eval) Tri
	stages Stages
	needs  Need
}

func (c *staged) Test(ctx context.Context, ev *Eval) Tri { return c.f(ctx, ev) }
func (c *staged) Stages() Stages                         { return c.stages }
func (c *staged) Needs() Need                            { return c.needs }

// clientIn is the condition of ClientIn.
type clientIn []netip.Prefix

// ClientIn holds for clients inside one of the networks.
func ClientIn(networks ...netip.Prefix) Cond { return clientIn(slices.Clone(networks)) }

func (c clientIn) Stages() Stages { return AnyStage }

func (c clientIn) Test(_ context.Context, ev *Eval) Tri {
	for i := range c {
		if c[i].Contains(ev.s.Client) {
			return True
		}
	}
	return False
}

// Authenticated holds for clients that have logged in.
func Authenticated() Cond {
	return CondFunc(func(_ context.Context, ev *Eval) Tri { return Truth(ev.s.Knows(HasAuth)) })
}

// Encrypted holds for encrypted sessions.
func Encrypted() Cond {
	return CondFunc(func(_ context.Context, ev *Eval) Tri { return Truth(ev.s.Knows(HasTLS)) })
}

// NullSender holds for the null sender.
func NullSender() Cond {
	return &staged{stages: Mail.From(), f: func(_ context.Context, ev *Eval) Tri {
		return Truth(ev.s.Knows(HasSender) && ev.s.Sender.Text == "")
	}}
}

// SenderDomain holds for senders in one of the domains. A domain with a
// leading dot stands for all names below it.
func SenderDomain(domains ...string) Cond { return newDomainIn(domains, Mail) }

// RecipientDomain holds for recipients in one of the domains, as SenderDomain
// does for senders.
func RecipientDomain(domains ...string) Cond { return newDomainIn(domains, Rcpt) }

// domainIn is the condition of SenderDomain and RecipientDomain.
type domainIn struct {
	stage   Stage
	domains []string // in lower case
}

func newDomainIn(domains []string, stage Stage) *domainIn {
	c := &domainIn{stage: stage}
	for _, d := range domains {
		c.domains = append(c.domains, dnsname.Lower(dnsname.TrimDot(d)))
	}
	return c
}

func (c *domainIn) Stages() Stages { return c.stage.From() }

func (c *domainIn) Test(_ context.Context, ev *Eval) Tri {
	d := ev.s.Sender.Domain
	if c.stage == Rcpt {
		d = ev.s.Recipient.Domain
	}
	for _, want := range c.domains {
		n := len(d) - len(want)
		if n < 0 || want == "" || n > 0 && want[0] != '.' {
			continue
		}
		if sameFold(d[n:], want) && (n > 0 || want[0] != '.') {
			return True
		}
	}
	return False
}

// sameFold compares a name with one in lower case of the same length.
func sameFold(name, low string) bool {
	for i := 0; i < len(low); i++ {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != low[i] {
			return false
		}
	}
	return true
}

// SPF holds when the SPF result for MAIL FROM is one of the results. It is
// Unknown as long as there is no result, and for "temperror" unless that is
// asked for.
func SPF(results ...string) Cond {
	return resultIn(results, Mail.From(), HasSPF, func(s *Session) []string { return []string{s.SPF} })
}

// DKIM holds when a signature has one of the results; "none" holds when there
// is no signature.
func DKIM(results ...string) Cond {
	results = slices.Clone(results)
	return &staged{stages: Message.Set(), f: func(_ context.Context, ev *Eval) Tri {
		if !ev.s.Knows(HasDKIM) {
			return Unknown
		}
		if len(ev.s.DKIM) == 0 {
			return Truth(slices.Contains(results, "none"))
		}
		for i := range ev.s.DKIM {
			if slices.Contains(results, ev.s.DKIM[i].Result) {
				return True
			}
		}
		return False
	}}
}

// DMARC holds when the DMARC result, or the disposition that the domain asks
// for, is one of the results: "pass", "fail", "none", "quarantine", "reject".
func DMARC(results ...string) Cond {
	return resultIn(results, Message.Set(), HasDMARC, func(s *Session) []string {
		if s.DMARC == "fail" {
			return []string{s.DMARC, s.DMARCPolicy}
		}
		return []string{s.DMARC}
	})
}

func resultIn(results []string, stages Stages, fact Facts, get func(*Session) []string) Cond {
	results = slices.Clone(results)
	return &staged{stages: stages, f: func(_ context.Context, ev *Eval) Tri {
		if !ev.s.Knows(fact) {
			return Unknown
		}
		for _, have := range get(ev.s) {
			if have != "" && slices.Contains(results, have) {
				return True
			}
			if have == "temperror" {
				return Unknown
			}
		}
		return False
	}}
}

// Greylisted holds when the delivery attempt comes too early.
func Greylisted() Cond {
	return &staged{stages: Rcpt.From(), needs: NeedGreylist, f: func(ctx context.Context, ev *Eval) Tri {
		early, wait, err := ev.p.env.Greylist.Greylisted(ctx, ev.s)
		if err != nil {
			return Unknown
		}
		if early {
			out := ev.Say(450, Enhanced{4, 7, 1})
			out.Text = append(out.Text, "Greylisted, try again in "...)
			out.Text = strconv.AppendInt(out.Text, int64((wait+time.Second-1)/time.Second), 10)
			out.Text = append(out.Text, " seconds"...)
		}
		return Truth(early)
	}}
}

// Rate holds when a client address, or a login name if there is one, has
// caused more than limit events within per.
func Rate(limit int, per time.Duration) Cond {
	return &staged{stages: AnyStage, needs: NeedLimiter, f: func(ctx context.Context, ev *Eval) Tri {
		key := ev.s.Client.String()
		if ev.s.Knows(HasAuth) {
			key = "user:" + ev.s.AuthID
		}
		over, err := ev.p.env.Limiter.Exceeds(ctx, key, limit, per)
		if err != nil {
			return Unknown
		}
		return Truth(over)
	}}
}

// Listed holds when a set of DNS lists lists the client.
func Listed(set string) Cond {
	return &staged{stages: AnyStage, needs: NeedBlocklists, f: func(ctx context.Context, ev *Eval) Tri {
		listed, why, err := ev.p.env.Blocklists.Listed(ctx, set, ev.s)
		if err != nil {
			return Unknown
		}
		if listed {
			out := ev.Say(550, Enhanced{5, 7, 1})
			out.Text = append(append(out.Text, "Service unavailable; "...), why...)
		}
		return Truth(listed)
	}}
}

// RecipientExists holds when the recipient exists.
func RecipientExists() Cond {
	return &staged{stages: Rcpt.From(), needs: NeedRecipients, f: func(ctx context.Context, ev *Eval) Tri {
		ok, err := ev.p.env.Recipients.RecipientExists(ctx, ev.s.Recipient.Text)
		if err != nil {
			return Unknown
		}
		return Truth(ok)
	}}
}

// OwnsSender holds when the login name is one of the owners of the sender
// address.
func OwnsSender() Cond {
	return &staged{stages: Mail.From(), needs: NeedOwners, f: func(ctx context.Context, ev *Eval) Tri {
		owners, err := ev.p.env.Owners.SenderOwners(ctx, ev.s.Sender.Text)
		if err != nil {
			return Unknown
		}
		return Truth(ev.s.Knows(HasAuth) && slices.ContainsFunc(owners, func(o string) bool {
			return strings.EqualFold(o, ev.s.AuthID)
		}))
	}}
}

// RecipientVerified holds when a probe of the recipient succeeded.
func RecipientVerified() Cond {
	return &staged{stages: Rcpt.From(), needs: NeedVerifier, f: func(ctx context.Context, ev *Eval) Tri {
		st, _, err := ev.p.env.Verifier.VerifyAddress(ctx, ev.s.Recipient.Text)
		if err != nil || st == DeliverUnknown {
			return Unknown
		}
		return Truth(st == DeliverOK)
	}}
}

// ParseCond reads a condition on our own results: "spf=fail,softfail",
// "dkim=pass", "dmarc=reject", "greylist" or "rate=100/1h".
func ParseCond(s string) (Cond, error) {
	name, value, has := strings.Cut(strings.TrimSpace(s), "=")
	results := strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return r == ',' || r == '|' || r == ' ' })
	switch name {
	case "greylist":
		if !has {
			return Greylisted(), nil
		}
	case "rate":
		n, per, ok := strings.Cut(value, "/")
		limit, err := strconv.Atoi(n)
		d, err2 := time.ParseDuration(per)
		if ok && err == nil && err2 == nil && limit >= 0 && d > 0 {
			return Rate(limit, d), nil
		}
	case "spf":
		if len(results) > 0 && within(results, "none neutral pass fail softfail temperror permerror") {
			return SPF(results...), nil
		}
	case "dkim":
		if len(results) > 0 && within(results, "none pass fail policy neutral temperror permerror") {
			return DKIM(results...), nil
		}
	case "dmarc":
		if len(results) > 0 && within(results, "none pass fail temperror permerror quarantine reject") {
			return DMARC(results...), nil
		}
	}
	return nil, fmt.Errorf("restrict: %q is no condition: %w", s, ErrRule)
}

func within(results []string, words string) bool {
	known := strings.Fields(words)
	for _, r := range results {
		if !slices.Contains(known, r) {
			return false
		}
	}
	return true
}
