// Package taglist parses the tag=value lists of DKIM: signature fields and key
// records (RFC 6376, section 3.2).
//
// The parser keeps offsets into its input, so that a caller can cut the value
// of one tag out of the raw text without searching for it, and it allocates
// nothing beyond the slice the caller passes in. All functions are safe for
// concurrent use.
package taglist

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// MaxTags bounds the number of tags in one list. The RFCs define fewer than
// twenty; the bound keeps the search for duplicates cheap.
const MaxTags = 128

// Kinds of an [Error].
var (
	ErrSyntax    = errors.New("syntax error")
	ErrDuplicate = errors.New("duplicate tag")
	ErrTooMany   = errors.New("too many tags")
)

// An Error says what is wrong with a list, and where.
type Error struct {
	Pos int    // byte offset into the input
	Tag string // name of the tag at fault, "" if there is none
	Err error  // ErrSyntax, ErrDuplicate or ErrTooMany
}

func (e *Error) Error() string {
	if e.Tag != "" {
		return fmt.Sprintf("taglist: %v: %q at offset %d", e.Err, e.Tag, e.Pos)
	}
	return fmt.Sprintf("taglist: %v at offset %d", e.Err, e.Pos)
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Err }

// A Tag is one element of a list, as offsets into the parsed text.
type Tag struct {
	// Name is src[NameStart:NameEnd].
	NameStart, NameEnd int
	// The value without the blanks around it is src[ValueStart:ValueEnd].
	ValueStart, ValueEnd int
	// Everything between '=' and the next ';' or the end of the text, blanks
	// included, is src[RawStart:RawEnd].
	RawStart, RawEnd int
}

// Name returns the tag's name in src, the text it was parsed from.
func (t Tag) Name(src []byte) []byte { return src[t.NameStart:t.NameEnd] }

// Value returns the tag's value in src, without the blanks around it. Folding
// inside the value is still there.
func (t Tag) Value(src []byte) []byte { return src[t.ValueStart:t.ValueEnd] }

// Parse appends the tags of src to dst, in order. A final semicolon is
// allowed, empty elements and repeated names are not (RFC 6376, section 3.2).
// Values may hold printable ASCII, folding white space, and UTF-8 (RFC 8616,
// section 3): whether a given tag may hold UTF-8 is for the caller to say.
//
// Names compare with case. The error is always an [*Error], and the whole list
// is invalid then; the elements that have a name are returned all the same, the
// first of each name, so that a report can quote them; what follows more than
// [MaxTags] tags or repetitions is not read. A repeated name is reported before
// a syntax error.
func Parse(dst []Tag, src []byte) ([]Tag, error) {
	p := parser{src: src, bad: -1}
	base, repeats := len(dst), 0
	var repeated *Error
	for i := 0; ; {
		tag, next := p.element(i)
		name := tag.Name(src)
		switch {
		case len(name) == 0: // noted as a syntax error
		case find(dst[base:], src, name):
			if repeated == nil {
				repeated = &Error{Pos: tag.NameStart, Tag: string(name), Err: ErrDuplicate}
			}
			if repeats++; repeats > MaxTags { // the rest is not worth a search each
				return dst, repeated
			}
		case len(dst)-base == MaxTags:
			return dst, &Error{Pos: tag.NameStart, Err: ErrTooMany}
		default:
			dst = append(dst, tag)
		}
		if next == len(src) {
			break
		}
		if i = SkipFWS(src, next+1); i == len(src) { // past the semicolon
			break
		}
	}
	switch {
	case repeated != nil:
		return dst, repeated
	case p.bad >= 0:
		return dst, &Error{Pos: p.bad, Err: ErrSyntax}
	}
	return dst, nil
}

func find(tags []Tag, src, name []byte) bool {
	for _, t := range tags {
		if string(t.Name(src)) == string(name) {
			return true
		}
	}
	return false
}

type parser struct {
	src []byte
	bad int // offset of the first syntax error, -1: none
}

func (p *parser) note(i int) {
	if p.bad < 0 {
		p.bad = i
	}
}

// skip goes past folding white space, and past line ends that are no fold,
// which are an error.
func (p *parser) skip(i int) int {
	for {
		i = SkipFWS(p.src, i)
		if i == len(p.src) || p.src[i] != '\r' && p.src[i] != '\n' {
			return i
		}
		p.note(i)
		i++
	}
}

// element parses one element that starts at i. It returns the offset of the
// semicolon that ends it, or len(src).
func (p *parser) element(i int) (tag Tag, next int) {
	i = p.skip(i)
	tag.NameStart = i
	if i < len(p.src) && isAlpha(p.src[i]) {
		for i < len(p.src) && isNameChar(p.src[i]) {
			i++
		}
	}
	tag.NameEnd = i
	i = p.skip(i)
	if tag.NameEnd == tag.NameStart || i == len(p.src) || p.src[i] != '=' {
		p.note(i)
		tag.NameEnd = tag.NameStart
		for i < len(p.src) && p.src[i] != ';' {
			i++
		}
		return tag, i
	}
	i++
	tag.RawStart = i
	tag.ValueStart, tag.ValueEnd, tag.RawEnd = p.value(i)
	return tag, tag.RawEnd
}

func (p *parser) value(i int) (start, end, next int) {
	src := p.src
	i = p.skip(i)
	start, end = i, i
	for i < len(src) && src[i] != ';' {
		switch c := src[i]; {
		case c > ' ' && c < 0x7f:
			i++
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(src[i:])
			if r == utf8.RuneError && n == 1 {
				p.note(i)
			}
			i += n
		default:
			if j := p.skip(i); j > i {
				i = j
				continue
			}
			p.note(i) // a control character
			i++
		}
		end = i
	}
	return start, end, i
}

// SkipFWS returns the offset of the first octet at or after i that is not part
// of folding white space. A CRLF counts only when a blank follows it.
func SkipFWS(src []byte, i int) int {
	for i < len(src) {
		switch {
		case src[i] == ' ' || src[i] == '\t':
			i++
		case src[i] == '\r' && i+2 < len(src) && src[i+1] == '\n' && (src[i+2] == ' ' || src[i+2] == '\t'):
			i += 3
		default:
			return i
		}
	}
	return i
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isNameChar(c byte) bool {
	return isAlpha(c) || '0' <= c && c <= '9' || c == '_'
}
