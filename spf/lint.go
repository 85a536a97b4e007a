package spf

import (
	"context"
	"net/netip"
)

// A Severity says how bad a [Finding] is.
type Severity uint8

// The severities.
const (
	Info    Severity = 1 + iota // worth knowing
	Warning                     // probably not what the domain owner wants
	Broken                      // checkers give PermError, or do so for some clients
)

// String returns "info", "warning" or "broken".
func (s Severity) String() string {
	switch s {
	case Info:
		return "info"
	case Warning:
		return "warning"
	case Broken:
		return "broken"
	}
	return ""
}

// A Code names a kind of finding. Codes are stable.
type Code string

// The codes of findings.
const (
	CodeSyntax     Code = "syntax"            // a term does not parse
	CodeNoRecord   Code = "no-record"         // a domain without a record, or none that can have one
	CodeMultiple   Code = "multiple-records"  // RFC 7208, section 4.5
	CodeDNS        Code = "dns-error"         // a lookup failed, the tree is incomplete
	CodeTermLimit  Code = "term-limit"        // more than ten terms with lookups
	CodeVoidLimit  Code = "void-limit"        // more than two void lookups
	CodeMXLimit    Code = "mx-limit"          // more than ten hosts of one mx
	CodeLoop       Code = "loop"              // include or redirect leads back
	CodeTooLarge   Code = "too-large"         // the tree is cut off
	CodeVoid       Code = "void-lookup"       // a name without addresses or hosts
	CodeDead       Code = "dead-term"         // can never take part: after all, or repeated
	CodeDeadRedir  Code = "dead-redirect"     // redirect beside all
	CodePassAll    Code = "pass-all"          // everybody is authorized
	CodeNoAll      Code = "no-all"            // ends in neutral for lack of all or redirect
	CodePTR        Code = "ptr"               // RFC 7208, section 5.5: do not use
	CodeTooLong    Code = "record-too-long"   // RFC 7208, section 3.4
	CodeWide       Code = "wide-network"      // a very large network passes
	CodeHostBits   Code = "host-bits"         // an address with bits beyond the prefix length
	CodeExp        Code = "explanation"       // exp= leads to nothing usable
	CodeUnknownMod Code = "unknown-modifier"  // ignored by checkers, often a typing error
	CodeSingleName Code = "single-label-name" // a name with one label, never a mail host
)

// A Finding is one remark about a policy.
type Finding struct {
	Code     Code
	Severity Severity
	Domain   string // where the record is
	Term     string // as published, "" for the whole record
	Pos      int    // byte offset of Term
	Detail   string // for people, in the package's words; foreign text quoted
}

// A Node is one record in the static tree of a policy.
type Node struct {
	Domain   string  // without the final dot; "" if it depends on the mail
	Via      string  // the term that leads here, "" at the root
	Text     string  // the record, "" if there is none
	Record   *Record // nil if there is none; without the terms at fault
	Lookups  int     // terms with DNS lookups in the record and all below it
	Voids    int     // void lookups, for the client's family with more of them
	Children []*Node // in order of evaluation

	voids4, voids6 int
}

// A Report is what [Checker.Lint] finds out about a domain's policy.
type Report struct {
	Root     *Node
	Lookups  int // terms with DNS lookups when nothing matches
	Voids    int // void lookups then, for the worse family
	Findings []Finding

	// Networks lists the addresses that pass by ip4, ip6, a and mx, through
	// include too, as far as they do not depend on the mail. Exceptions by other
	// qualifiers are not taken out.
	Networks []netip.Prefix
}

// Bounds of one Lint, so that no published tree costs more.
const (
	maxLintNodes   = 64
	maxLintDepth   = 16
	maxLintQueries = 256
	maxLintNets    = 4096
	maxLintTerms   = 512 // of one record
	maxLintFinds   = 1024

	// udpRecord is how long a record may be so that the answer fits into 512
	// octets with room for the name (RFC 7208, section 3.4).
	udpRecord = 450
)

// Lint reads the policy of a domain with all that it includes, without a client
// address: what it costs, what is wrong with it, what can never match. Terms
// whose names depend on the mail are counted but not followed. The error is for
// misuse and a context that has ended.
func (c *Checker) Lint(ctx context.Context, domain string) (*Report, error) {
	return c.lint(ctx, domain, "")
}

// LintRecord is [Checker.Lint] with the given text as the record of domain, for
// checking a record before it is published.
func (c *Checker) LintRecord(ctx context.Context, domain, record string) (*Report, error) {
	if !IsSPF(record) {
		return nil, &Error{Kind: ErrNoRecord, Detail: "the text does not begin with v=spf1"}
	}
	return c.lint(ctx, domain, record)
}

func (c *Checker) lint(ctx context.Context, domain, record string) (*Report, error) {
	if c.Resolver == nil {
		return nil, ErrNoResolver
	}
	l := &linter{rep: new(Report)}
	l.start(ctx, c)
	defer l.ctx.stop()
	l.given = record
	_, lower, err := toASCII(domain)
	if err != nil {
		l.rep.Root = &Node{Domain: clip(domain)}
		l.find(CodeNoRecord, Broken, domain, "", 0, "not a domain that can have a record")
		return l.rep, nil
	}
	l.domain = lower + "."
	root := l.node(l.domain, "", nil)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.rep.Root, l.rep.Lookups, l.rep.Voids = root, root.Lookups, root.Voids
	l.totals(root)
	return l.rep, nil
}
