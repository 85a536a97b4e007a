package spf

import (
	"net/netip"
	"strconv"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A linter walks over the tree.
type linter struct {
	eval
	rep   *Report
	nodes int
	deny  bool // below a directive that does not pass
}

func (l *linter) find(code Code, sev Severity, domain, term string, pos int, detail string) {
	if len(l.rep.Findings) >= maxLintFinds {
		return
	}
	l.rep.Findings = append(l.rep.Findings, Finding{
		Code: code, Severity: sev, Domain: clip(dnsname.TrimDot(domain)), Term: term, Pos: pos, Detail: detail,
	})
}

// totals adds the findings about the whole tree.
func (l *linter) totals(root *Node) {
	maxTerms := limit(l.c.MaxTerms, DefaultMaxTerms)
	if root.Lookups > maxTerms {
		l.find(CodeTermLimit, Broken, l.domain, "", 0,
			strconv.Itoa(root.Lookups)+" terms with DNS lookups, "+strconv.Itoa(maxTerms)+" are allowed")
	}
	maxVoids := l.c.MaxVoids
	if maxVoids == 0 {
		maxVoids = DefaultMaxVoids
	}
	if maxVoids > 0 && root.Voids > maxVoids {
		l.find(CodeVoidLimit, Broken, l.domain, "", 0,
			strconv.Itoa(root.Voids)+" void lookups, "+strconv.Itoa(maxVoids)+" are allowed")
	}
}

// full reports whether a bound of the walk is reached.
func (l *linter) full() bool {
	return l.nodes >= maxLintNodes || l.v.Queries >= maxLintQueries
}

// node reads the record of an absolute domain. parents are the domains that
// lead to it.
func (l *linter) node(domain, via string, parents []string) *Node {
	l.nodes++
	n := &Node{Domain: trimDot(domain), Via: via}
	f := frame{domain: domain}
	l.v.Cause = nil
	switch l.fetch(&f) {
	case TempError:
		l.find(CodeDNS, Warning, domain, "", 0, "the lookup of the record failed")
		return n
	case PermError:
		l.find(CodeMultiple, Broken, domain, "", 0, "more than one SPF record")
		return n
	case None:
		sev := Warning
		if via != "" {
			sev = Broken
		}
		l.find(CodeNoRecord, sev, domain, via, 0, "no SPF record")
		return n
	}
	n.Text = f.text
	n.Record = l.read(&f)
	l.directives(n, &f, append(parents, domain))
	n.Voids = max(n.voids4, n.voids6)
	return n
}

// read parses the record term by term and notes every one at fault.
func (l *linter) read(f *frame) *Record {
	r := new(Record)
	if len(f.text) > MaxRecord {
		l.find(CodeSyntax, Broken, f.domain, "", 0, "record too long")
		return r
	}
	if len(f.text) > udpRecord {
		l.find(CodeTooLong, Info, f.domain, "", 0,
			strconv.Itoa(len(f.text))+" octets; answers over "+strconv.Itoa(udpRecord)+" may need TCP")
	}
	s := scanner{txt: f.text, pos: len(version)}
	n := 0
	for {
		start, end, ok := s.next()
		if !ok {
			return r
		}
		term := f.text[start:end]
		if n++; n > maxLintTerms {
			l.find(CodeTooLarge, Broken, f.domain, term, start, "not read on: too many terms")
			return r
		}
		var d Directive
		var m Modifier
		kind, why := parseTerm(term, start, &d, &m)
		switch kind {
		case directiveTerm:
			r.Directives = append(r.Directives, d)
			f.all = f.all || d.Mechanism == All
		case modifierTerm:
			if why = f.keep(&m); why.kind == nil {
				r.Modifiers = append(r.Modifiers, m)
				l.modifier(f, &m)
			}
		}
		if why.kind != nil {
			l.find(CodeSyntax, Broken, f.domain, term, start, why.kind.Error()+": "+why.detail)
		}
	}
}

func (l *linter) modifier(f *frame, m *Modifier) {
	if m.isRedirect() || m.isExp() {
		return
	}
	l.find(CodeUnknownMod, Info, f.domain, m.Text(), m.Pos, "unknown modifier, ignored")
}

// directives walks over the terms in order of evaluation.
func (l *linter) directives(n *Node, f *frame, parents []string) {
	r := n.Record
	seen := make(map[string]bool, len(r.Directives))
	for i := range r.Directives {
		d := &r.Directives[i]
		if i > 0 && r.Directives[i-1].Mechanism == All {
			l.find(CodeDead, Warning, f.domain, d.Text, d.Pos, "never reached: it follows all")
			break
		}
		key := d.key()
		if seen[key] {
			l.find(CodeDead, Info, f.domain, d.Text, d.Pos, "repeated")
		}
		seen[key] = true
		l.directive(n, f, d, parents)
	}
	switch {
	case f.hasRedir && f.all:
		l.find(CodeDeadRedir, Warning, f.domain, "redirect="+f.redirect, f.redirPos, "ignored: the record has all")
	case f.hasRedir:
		term := "redirect=" + f.redirect
		n.Lookups++
		l.follow(n, f, term, f.redirPos, f.redirect, parents)
	case !f.all && n.Via == "":
		l.find(CodeNoAll, Warning, f.domain, "", 0, "neither all nor redirect: the default is neutral")
	}
	if f.hasExp {
		l.exp(f)
	}
}

// key identifies a directive up to its qualifier.
func (d *Directive) key() string {
	c := *d
	c.Qualifier = '+'
	c.Spec = dnsname.Lower(c.Spec)
	return c.String()
}

func (l *linter) directive(n *Node, f *frame, d *Directive, parents []string) {
	if d.Mechanism.lookup() {
		n.Lookups++
	}
	switch d.Mechanism {
	case All:
		if d.Qualifier == '+' {
			l.find(CodePassAll, Warning, f.domain, d.Text, d.Pos, "authorizes every host of the Internet")
		}
	case IP4, IP6:
		l.ip(f, d)
	case PTR:
		l.find(CodePTR, Warning, f.domain, d.Text, d.Pos, "slow and unreliable, should not be used")
	case Include:
		deny := l.deny
		l.deny = deny || d.Qualifier != '+'
		l.follow(n, f, d.Text, d.Pos, d.Spec, parents)
		l.deny = deny
	case A, MX, Exists:
		if d.Qualifier == '+' && (d.Bits4 < wide4 || d.Bits6 < wide6) {
			l.find(CodeWide, Warning, f.domain, d.Text, d.Pos, "authorizes a very large network")
		}
		target, ok := l.static(f, d.Text, d.Pos, d.Spec)
		if ok && !l.full() {
			l.hosts(n, f, d, target)
		}
	}
}

// Prefix lengths below which a network that passes is remarkable.
const (
	wide4 = 12
	wide6 = 24
)

func (l *linter) ip(f *frame, d *Directive) {
	p := d.Prefix
	if p.Masked() != p {
		l.find(CodeHostBits, Info, f.domain, d.Text, d.Pos, "means "+p.Masked().String())
	}
	if d.Qualifier != '+' {
		return
	}
	if p.Bits() < wide4 || p.Addr().Is6() && p.Bits() < wide6 {
		l.find(CodeWide, Warning, f.domain, d.Text, d.Pos, "authorizes a very large network")
	}
	l.passes(d, p)
}

// passes notes a network that the policy authorizes.
func (l *linter) passes(d *Directive, p netip.Prefix) {
	if d.Qualifier == '+' && !l.deny && len(l.rep.Networks) < maxLintNets {
		l.rep.Networks = append(l.rep.Networks, p.Masked())
	}
}

// static expands a domain-spec if it does not depend on the mail. ok is false
// for one that does, and for a name that cannot be asked for.
func (l *linter) static(f *frame, term string, pos int, spec string) (target string, ok bool) {
	for i := 0; i < len(spec)-2; i++ {
		if spec[i] != '%' {
			continue
		}
		if c := spec[i+2] | 0x20; spec[i+1] == '{' && c != 'd' && c != 'o' {
			return "", false
		}
		i++
	}
	target, ok = l.target(spec, f.domain)
	switch {
	case !ok:
		l.find(CodeDead, Warning, f.domain, term, pos, "not a name that can be looked up")
	case !isMultiLabel(target):
		l.find(CodeSingleName, Warning, f.domain, term, pos, "a name with a single label")
	}
	return target, ok
}

// follow reads the record that an include or redirect leads to.
func (l *linter) follow(n *Node, f *frame, term string, pos int, spec string, parents []string) {
	target, ok := l.static(f, term, pos, spec)
	if !ok {
		n.Children = append(n.Children, &Node{Via: term})
		return
	}
	target = dnsname.Lower(target)
	for _, p := range parents {
		if dnsname.Equal(p, target) {
			l.find(CodeLoop, Broken, f.domain, term, pos, "leads back to "+clip(trimDot(target)))
			return
		}
	}
	if l.full() || len(parents) >= maxLintDepth {
		l.find(CodeTooLarge, Broken, f.domain, term, pos, "not followed: too many records")
		return
	}
	child := l.node(target, term, parents[:len(parents):len(parents)])
	n.Children = append(n.Children, child)
	n.Lookups += child.Lookups
	n.voids4 += child.voids4
	n.voids6 += child.voids6
}

// hosts looks up the names of a, mx and exists.
func (l *linter) hosts(n *Node, f *frame, d *Directive, target string) {
	if d.Mechanism != MX {
		l.addresses(n, f, d, target)
		return
	}
	mxs, err := l.lookupMX(target)
	switch {
	case err != nil:
		l.find(CodeDNS, Warning, f.domain, d.Text, d.Pos, "the lookup failed")
		return
	case len(mxs) == 0:
		n.voids4++
		n.voids6++
		l.find(CodeVoid, Warning, f.domain, d.Text, d.Pos, "no MX records")
		return
	case len(mxs) > l.maxNames:
		l.find(CodeMXLimit, Broken, f.domain, d.Text, d.Pos, strconv.Itoa(len(mxs))+" MX hosts")
		mxs = mxs[:l.maxNames]
	}
	for _, mx := range mxs {
		if mx != nil && validName(dnsname.TrimDot(mx.Host)) && !l.full() {
			l.addresses(n, f, d, dnsname.FQDN(mx.Host))
		}
	}
}

func (l *linter) addresses(n *Node, f *frame, d *Directive, name string) {
	ip4, err4 := l.lookupIP("ip4", name)
	if d.Mechanism == Exists {
		if err4 == nil && len(ip4) == 0 {
			n.voids4++
			n.voids6++
			l.find(CodeVoid, Warning, f.domain, d.Text, d.Pos, "no A record")
		}
		return
	}
	ip6, err6 := l.lookupIP("ip6", name)
	if err4 != nil || err6 != nil {
		l.find(CodeDNS, Warning, f.domain, d.Text, d.Pos, "the lookup of "+clip(trimDot(name))+" failed")
		return
	}
	if len(ip4) == 0 {
		n.voids4++
	}
	if len(ip6) == 0 {
		n.voids6++
	}
	if len(ip4)+len(ip6) == 0 {
		l.find(CodeVoid, Warning, f.domain, d.Text, d.Pos, clip(trimDot(name))+" has no address")
	}
	for _, ip := range append(ip4[:len(ip4):len(ip4)], ip6...) {
		bits := d.Bits4
		if ip.Is6() {
			bits = d.Bits6
		}
		l.passes(d, netip.PrefixFrom(ip, int(bits)))
	}
}

// exp checks that the explanation can be used.
func (l *linter) exp(f *frame) {
	term := "exp=" + f.exp
	pos := f.expPos
	target, ok := l.static(f, term, pos, f.exp)
	if !ok || l.full() {
		return
	}
	txts, err := l.lookupTXT(target)
	switch {
	case err != nil:
		l.find(CodeDNS, Warning, f.domain, term, pos, "the lookup failed")
	case len(txts) != 1:
		l.find(CodeExp, Warning, f.domain, term, pos, strconv.Itoa(len(txts))+" TXT records, one is needed")
	default:
		if _, why := checkMacros(txts[0], explainLetters, true); why.kind != nil {
			l.find(CodeExp, Warning, f.domain, term, pos, why.kind.Error()+": "+why.detail)
		}
	}
}
