package dmarc

import (
	"strconv"
	"strings"
)

// MaxRecord bounds the octets of a record that is read; a TXT record of that
// size does not occur in practice. A longer one is no DMARC record.
const MaxRecord = 16 << 10

// A Record is a DMARC policy record (RFC 9989, section 4.7). The zero value of
// each field is the default of its tag.
type Record struct {
	P, SP, NP   Policy // as published; PolicyUnset if absent or not valid
	PSD         PSD
	Testing     bool // t=y
	ADKIM, ASPF AlignmentMode
	RUA, RUF    []URI // addresses for reports that are syntactically valid
	FO          FailureOptions
	// Percent is the pct tag, which only RFC 7489 knows: 0 if absent, which
	// means 100, and -1 for pct=0.
	Percent int
	// BadPolicy is set if the sp or np tag is there but not valid, with the
	// effect described at [Record.PolicyFor].
	BadPolicy bool
	Text      string // the record as read; "" in a record made by hand

	badSP bool  // the sp tag is there but not valid
	room  []URI // what is left of the one allocation for all addresses
}

// An Issue is something in a record that its owner should look at.
type Issue struct {
	Pos  int    // octet offset in the record
	Tag  string // the tag concerned, "" for the record as a whole
	Text string // what is wrong and what happens because of it
	Got  string // the text at fault, "" if there is none
}

// String returns the issue as one line.
func (i Issue) String() string {
	s := "octet " + strconv.Itoa(i.Pos) + ": "
	if i.Tag != "" {
		s += i.Tag + ": "
	}
	s += i.Text
	if i.Got != "" {
		s += " (" + strconv.Quote(i.Got) + ")"
	}
	return s
}

// ParseRecord reads one TXT record, its strings joined. It reports ok = false
// if txt is no DMARC record at all: it must start with v=DMARC1, in this letter
// case (RFC 9989, section 4.7). Otherwise it never fails: a tag that is not
// known or not valid is ignored or replaced by its default, and listed in lint
// (RFC 9989, section 4.8).
//
// For a record without findings it allocates once, for the addresses.
func ParseRecord(txt string) (rec Record, lint []Issue, ok bool) {
	l := &linter{}
	ok = rec.parse(txt, l)
	return rec, l.issues, ok
}

// linter collects issues; a nil one drops them.
type linter struct{ issues []Issue }

// maxIssues bounds the issues of one record.
const maxIssues = 64

func (l *linter) add(pos int, tag, text, got string) {
	if l != nil && len(l.issues) < maxIssues {
		l.issues = append(l.issues, Issue{Pos: pos, Tag: tag, Text: text, Got: clip(got)})
	}
}

// isRecord reports whether txt starts as a DMARC record does, and where the
// part after the version begins.
func isRecord(txt string) (rest int, ok bool) {
	if len(txt) > MaxRecord || len(txt) == 0 || txt[0]|0x20 != 'v' {
		return 0, false
	}
	i := skipBlanks(txt, 1)
	if i == len(txt) || txt[i] != '=' {
		return 0, false
	}
	i = skipBlanks(txt, i+1)
	if !strings.HasPrefix(txt[i:], "DMARC1") {
		return 0, false
	}
	i = skipBlanks(txt, i+len("DMARC1"))
	return i, i == len(txt) || txt[i] == ';'
}

func skipBlanks(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i
}

// trimBlanks returns s without the blanks at its end.
func trimBlanks(s string) string {
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// parse fills r from txt and reports whether it is a DMARC record.
func (r *Record) parse(txt string, l *linter) bool {
	pos, ok := isRecord(txt)
	if !ok {
		return false
	}
	r.Text = txt
	var seen uint32
	for pos < len(txt) {
		pos++ // the semicolon
		start, end, eq := skipBlanks(txt, pos), pos, -1
		for ; end < len(txt) && txt[end] != ';'; end++ {
			if txt[end] == '=' && eq < 0 {
				eq = end
			}
		}
		switch {
		case start >= end:
			if end < len(txt) {
				l.add(pos, "", "empty tag", "")
			}
		case eq < 0:
			l.add(start, "", "tag without a value; it is ignored", txt[start:end])
		default:
			val := skipBlanks(txt, eq+1)
			r.tag(trimBlanks(txt[start:eq]), trimBlanks(txt[min(val, end):end]), val, &seen, l)
		}
		pos = end
	}
	r.room = nil
	r.review(seen, l)
	return true
}

// The tags, as indexes into tagNames and bits of a set.
const (
	tagP = iota
	tagSP
	tagNP
	tagPSD
	tagT
	tagADKIM
	tagASPF
	tagRUA
	tagRUF
	tagFO
	tagPCT
	tagRI
	tagRF
	tagV
	tagUnknown
)

var tagNames = [...]string{"p", "sp", "np", "psd", "t", "adkim", "aspf", "rua", "ruf", "fo", "pct", "ri", "rf", "v"}

// tagIndex returns the index of name in tagNames, in any letter case.
func tagIndex(name string) int {
	var low [len("adkim")]byte
	if len(name) > len(low) {
		return tagUnknown
	}
	for i := range len(name) {
		if low[i] = name[i] | 0x20; !isAlpha(name[i]) {
			return tagUnknown
		}
	}
	switch string(low[:len(name)]) {
	case "p":
		return tagP
	case "sp":
		return tagSP
	case "np":
		return tagNP
	case "psd":
		return tagPSD
	case "t":
		return tagT
	case "adkim":
		return tagADKIM
	case "aspf":
		return tagASPF
	case "rua":
		return tagRUA
	case "ruf":
		return tagRUF
	case "fo":
		return tagFO
	case "pct":
		return tagPCT
	case "ri":
		return tagRI
	case "rf":
		return tagRF
	case "v":
		return tagV
	}
	return tagUnknown
}

// equalFold reports whether s is word, which is of lower-case letters, in any
// letter case.
func equalFold(word, s string) bool {
	if len(word) != len(s) {
		return false
	}
	for i := range len(s) {
		if s[i] != word[i] && (s[i]|0x20 != word[i] || !isAlpha(s[i])) {
			return false
		}
	}
	return true
}

// tag stores one tag. The first of several with one name counts.
func (r *Record) tag(name, value string, pos int, seen *uint32, l *linter) {
	i := tagIndex(name)
	if i == tagUnknown {
		l.add(pos, name, "unknown tag; it is ignored", "")
		return
	}
	if *seen&(1<<i) != 0 {
		l.add(pos, tagNames[i], "tag given twice; the first one counts", value)
		return
	}
	*seen |= 1 << i
	ok := true
	switch i {
	case tagP:
		r.P, ok = parsePolicy(value)
	case tagSP:
		r.SP, ok = parsePolicy(value)
		r.BadPolicy, r.badSP = r.BadPolicy || !ok, !ok
	case tagNP:
		r.NP, ok = parsePolicy(value)
		r.BadPolicy = r.BadPolicy || !ok
	case tagPSD:
		n := letter(value, "uyn")
		r.PSD, ok = PSD(max(n, 0)), n >= 0
	case tagT:
		n := letter(value, "ny")
		r.Testing, ok = n == 1, n >= 0
	case tagADKIM:
		n := letter(value, "rs")
		r.ADKIM, ok = AlignmentMode(max(n, 0)), n >= 0
	case tagASPF:
		n := letter(value, "rs")
		r.ASPF, ok = AlignmentMode(max(n, 0)), n >= 0
	case tagRUA:
		r.RUA = r.parseURIs(value, "rua", pos, l)
	case tagRUF:
		r.RUF = r.parseURIs(value, "ruf", pos, l)
	case tagFO:
		r.FO, ok = parseFailureOptions(value)
	case tagPCT:
		r.Percent, ok = parsePercent(value)
		l.add(pos, "pct", "removed from DMARC by RFC 9989; use t=y for tests", value)
	case tagRI, tagRF:
		l.add(pos, tagNames[i], "removed from DMARC by RFC 9989; it is ignored", value)
	case tagV:
		l.add(pos, "v", "tag given twice; the first one counts", value)
	}
	if !ok {
		l.add(pos, tagNames[i], "value is not valid; the default is used", value)
	}
}

// review adds the issues that concern the record as a whole.
func (r *Record) review(seen uint32, l *linter) {
	if l == nil {
		return
	}
	if r.P == PolicyUnset || r.BadPolicy {
		if len(r.RUA) > 0 {
			l.add(0, "", "no valid policy; the record counts as p=none", "")
		} else {
			l.add(0, "", "no valid policy and no address for reports; the record has no effect", "")
		}
	}
	if seen&(1<<tagFO) != 0 && len(r.RUF) == 0 {
		l.add(0, "fo", "has no effect without ruf", "")
	}
	if r.PSD == PSDYes && len(r.RUF) > 0 {
		l.add(0, "ruf", "not used for a public suffix domain", "")
	}
}

func parsePolicy(s string) (Policy, bool) {
	switch {
	case equalFold("none", s):
		return PolicyNone, true
	case equalFold("quarantine", s):
		return PolicyQuarantine, true
	case equalFold("reject", s):
		return PolicyReject, true
	}
	return PolicyUnset, false
}

// letter returns the index of the one letter s in letters, in any case, or -1.
func letter(s, letters string) int {
	if len(s) != 1 {
		return -1
	}
	return strings.IndexByte(letters, s[0]|0x20)
}

func parsePercent(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 8)
	switch {
	case err != nil || n > 100:
		return 0, false
	case n == 0:
		return -1, true
	}
	return int(n), true
}

// parseFailureOptions reads the value of fo: 0 or 1, d and s, each at most
// once, separated by colons (RFC 9989, section 4.8).
func parseFailureOptions(s string) (f FailureOptions, ok bool) {
	for more := true; more; {
		var part string
		part, s, more = strings.Cut(s, ":")
		var o FailureOptions
		switch strings.Trim(part, " \t") {
		case "0":
			o = FailureAll
		case "1":
			o = FailureAny
		case "d", "D":
			o = FailureDKIM
		case "s", "S":
			o = FailureSPF
		}
		if o == 0 || f&o != 0 {
			return 0, false
		}
		f |= o
	}
	if f&FailureAll != 0 && f&FailureAny != 0 {
		return 0, false
	}
	return f, true
}

// PolicyFor returns the policy that the record states for its own domain
// (sub = false), for an existing subdomain, or for a subdomain that does not
// exist. It reports ok = false if the record must not be applied at all: it has
// no valid p, or an sp or np that is not valid, and no address for reports. With
// such an address the policy is none (RFC 9989, section 4.10.1).
func (r *Record) PolicyFor(sub, exists bool) (p Policy, ok bool) {
	if r.P == PolicyUnset || r.BadPolicy {
		return PolicyNone, len(r.RUA) > 0
	}
	p = r.P
	if sub && r.SP != PolicyUnset {
		p = r.SP
	}
	if sub && !exists && r.NP != PolicyUnset {
		p = r.NP
	}
	return p, true
}

// String returns the record in its canonical form: tags whose value is the
// default are left out, except p.
func (r Record) String() string {
	b := append(make([]byte, 0, 128), "v=DMARC1"...)
	tag := func(name, value string, show bool) {
		if show {
			b = append(append(append(append(b, "; "...), name...), '='), value...)
		}
	}
	tag("p", r.P.String(), r.P != PolicyUnset)
	tag("sp", r.SP.String(), r.SP != PolicyUnset)
	tag("np", r.NP.String(), r.NP != PolicyUnset)
	tag("psd", r.PSD.String(), r.PSD != PSDUnknown)
	tag("t", "y", r.Testing)
	tag("adkim", "s", r.ADKIM == Strict)
	tag("aspf", "s", r.ASPF == Strict)
	tag("pct", strconv.Itoa(max(r.Percent, 0)), r.Percent != 0)
	tag("fo", r.FO.String(), r.FO != 0)
	tag("rua", uriList(r.RUA), len(r.RUA) > 0)
	tag("ruf", uriList(r.RUF), len(r.RUF) > 0)
	return string(b)
}

func uriList(uris []URI) string {
	s := ""
	for i, u := range uris {
		if i > 0 {
			s += ","
		}
		s += u.Text
	}
	return s
}
