package dkim

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mailsec-go/mailsec/internal/taglist"
)

func quote(s string) string { return strconv.Quote(s) }

// A Problem is something about a key record that an operator may want to
// change.
type Problem struct {
	Fatal bool   // no signature can verify with this record
	Tag   string // the tag it is about, "" for the whole record
	Pos   int    // offset of the tag in the record
	Text  string // what is wrong and what to do
}

// String returns the problem on one line.
func (p Problem) String() string {
	word := "warning"
	if p.Fatal {
		word = "error"
	}
	if p.Tag == "" {
		return word + ": " + p.Text
	}
	return fmt.Sprintf("%s: tag %q at offset %d: %s", word, p.Tag, p.Pos, p.Text)
}

// LintRecord returns what is wrong or unwise about the text of a key record,
// nothing for a good one.
func LintRecord(txt string) []Problem {
	var out []Problem
	r, err := ParseRecord(txt)
	if err != nil {
		var e *Error
		errors.As(err, &e)
		p := Problem{Fatal: true, Tag: e.Tag, Pos: e.Pos, Text: e.Err.Error()}
		if errors.Is(err, ErrRevoked) {
			p.Text = "the key is revoked: signatures made with it fail"
		}
		out = append(out, p)
	}
	src := []byte(txt)
	tags, _ := taglist.Parse(nil, src)
	l := linter{src: src, out: out}
	for _, t := range tags {
		l.tag(t)
	}
	if len(tags) > 0 && string(tags[0].Name(src)) != "v" {
		l.add(false, "", 0, `start the record with "v=DKIM1" so that it cannot be taken for something else`)
	}
	if r != nil && r.Key != nil {
		l.record(r)
	}
	return l.out
}

type linter struct {
	src []byte
	out []Problem
}

func (l *linter) add(fatal bool, tag string, pos int, text string) {
	l.out = append(l.out, Problem{Fatal: fatal, Tag: tag, Pos: pos, Text: text})
}

func (l *linter) tag(t taglist.Tag) {
	name := string(t.Name(l.src))
	switch name {
	case "v", "k", "p", "n", "h", "s", "t":
	case "g":
		l.add(false, name, t.NameStart, "g= was dropped from the standard (RFC 6376, appendix F): remove it")
	default:
		l.add(false, name, t.NameStart, "unknown tag, which verifiers ignore")
	}
}

func (l *linter) record(r *Record) {
	if r.Hashes != nil && !has(r.Hashes, "sha256") {
		l.add(true, "h", l.pos("h"), "sha256 is not allowed, and nothing else is in use")
	}
	if r.Services != nil && !has(r.Services, "*") && !has(r.Services, "email") {
		l.add(true, "s", l.pos("s"), "the key is not for mail")
	}
	if r.TestMode() {
		l.add(false, "t", l.pos("t"), "the domain is testing (y): receivers may treat its mail as unsigned")
	}
	for _, f := range r.Flags {
		if f != "y" && f != "s" {
			l.add(false, "t", l.pos("t"), "unknown flag "+quote(f))
		}
	}
	key, ok := r.Key.(*rsa.PublicKey)
	if !ok {
		return
	}
	switch bits := key.N.BitLen(); {
	case bits < DefaultMinRSABits:
		l.add(true, "p", l.pos("p"), fmt.Sprintf("RSA key of %d bits: verifiers refuse less than 1024 (RFC 8301)", bits))
	case bits < MinSignBits:
		l.add(false, "p", l.pos("p"), fmt.Sprintf("RSA key of %d bits: use 2048 (RFC 8301)", bits))
	case bits > DefaultMaxRSABits:
		l.add(false, "p", l.pos("p"), fmt.Sprintf("RSA key of %d bits: many verifiers stop at 2048 or 4096", bits))
	}
	if key.E != 65537 {
		l.add(false, "p", l.pos("p"), fmt.Sprintf("RSA exponent %d: use 65537", key.E))
	}
	if p := l.value("p"); r.String() != "" && !strings.HasSuffix(r.String(), "; p="+p) {
		l.add(false, "p", l.pos("p"), "not a SubjectPublicKeyInfo, which some verifiers insist on (RFC 6376, erratum 3017)")
	}
}

func (l *linter) find(name string) taglist.Tag {
	tags, _ := taglist.Parse(nil, l.src)
	for _, t := range tags {
		if string(t.Name(l.src)) == name {
			return t
		}
	}
	return taglist.Tag{}
}

func (l *linter) pos(name string) int { return l.find(name).NameStart }

// value returns the value of a tag without folding.
func (l *linter) value(name string) string {
	return strings.Join(strings.Fields(string(l.find(name).Value(l.src))), "")
}
