package authres

import (
	"strconv"
	"unicode/utf8"
)

// Limits of what is written, in octets. They keep every line below the 998 of
// RFC 5322, section 2.1.1, even when each octet of a value must be escaped.
const (
	FoldWidth = 78  // lines are folded here where that is possible (RFC 5322, section 2.1.1)
	MaxText   = 450 // longer reasons and comments are cut
	MaxValue  = 450 // a property with a longer value is left out; a longer id is an error
)

// DefaultName is the field name used by [Writer] when none is given.
const DefaultName = "Authentication-Results"

// A Writer holds the options for writing a [Header]. The zero value writes
// ASCII under the standard field name. It is an immutable value.
type Writer struct {
	// Name is the field name; "" means [DefaultName].
	Name string
	// UTF8 keeps well-formed UTF-8 in values (RFC 6532, section 3.2), for
	// messages transported with SMTPUTF8. Otherwise each octet outside ASCII
	// is written as '?'.
	UTF8 bool
}

// String returns the value of the field on one line, for logs and tests. Parts
// that [Header.AppendTo] refuses are shown as "?".
func (h Header) String() string {
	w := appender{}
	_ = w.header(h)
	return string(w.b)
}

// AppendTo appends the value of the field to b, on one line and without its
// name. See [Writer.AppendField] for the errors; on error b is returned as it
// was.
func (h Header) AppendTo(b []byte) ([]byte, error) {
	w := appender{b: b}
	if err := w.header(h); err != nil {
		return b, err
	}
	return w.b, nil
}

// AppendField appends the whole field to b: the name, the value folded at
// [FoldWidth], and CRLF. It is [Writer.AppendField] of the zero Writer.
func (h Header) AppendField(b []byte) ([]byte, error) { return Writer{}.AppendField(b, h) }

// AppendField appends the whole field to b: the name, the value folded at
// [FoldWidth], and CRLF, ready to be put on top of a message. Each method
// starts a line.
//
// Nothing in a reason, comment or property value can end the field or add to
// it: octets that are not printable become '?', the rest is quoted. An empty
// or over-long id, a name that is no keyword and more than [MaxMethods]
// methods or [MaxProps] properties are an [*Error], and b is returned as it
// was.
func (wr Writer) AppendField(b []byte, h Header) ([]byte, error) {
	name := wr.Name
	if name == "" {
		name = DefaultName
	}
	if !isKeyword(name) {
		return b, &Error{What: "field name", Text: clip(name), Err: ErrKeyword}
	}
	w := appender{b: b, start: len(b), utf8: wr.UTF8, fold: true}
	w.b = append(append(w.b, name...), ':')
	if err := w.header(h); err != nil {
		return b, err
	}
	return append(w.b, '\r', '\n'), nil
}

// AppendValue appends s as a value of RFC 8601, section 2.2: bare when it is a
// token or an address, as a quoted string otherwise. Octets outside printable
// ASCII are written as '?'. It serves other fields of the same syntax, such as
// Received-SPF.
func AppendValue(b []byte, s string) []byte {
	w := appender{b: b, start: len(b)}
	w.value(s, true)
	return w.b
}

// AppendComment appends s as a comment in parentheses (RFC 5322, section
// 3.2.2) that nothing in s can end.
func AppendComment(b []byte, s string) []byte {
	w := appender{b: b, start: len(b)}
	w.text(s, '(', ')')
	return w.b
}

// appender builds one field. With fold set, b[start:] is the current line.
type appender struct {
	b     []byte
	start int
	utf8  bool
	fold  bool
}

// header appends the value. The first error is kept, and the part at fault
// replaced by "?", so that String has something to show.
func (w *appender) header(h Header) (err error) {
	fail := func(e error) {
		if err == nil {
			err = e
		}
	}
	if w.fold {
		w.b = append(w.b, ' ')
	}
	if h.ID == "" || len(h.ID) > MaxValue || !clean(h.ID, w.utf8) {
		fail(&Error{What: "authserv-id", Text: clip(h.ID), Err: ErrKeyword})
		w.b = append(w.b, '?')
	} else {
		w.value(h.ID, false)
	}
	if h.Version != 0 {
		w.b = append(w.b, ' ')
		w.b = strconv.AppendUint(w.b, uint64(max(h.Version, 0)), 10)
		if h.Version != 1 {
			fail(&Error{What: "version of the field", Err: ErrVersion})
		}
	}
	if len(h.Methods) > MaxMethods {
		fail(&Error{What: "methods", Err: ErrLimit})
	}
	for _, m := range h.Methods {
		w.b = append(w.b, ';')
		w.breakLine()
		if e := w.method(m); e != nil {
			fail(e)
		}
	}
	if len(h.Methods) == 0 {
		w.b = append(w.b, "; none"...)
	}
	return err
}

func (w *appender) method(m Method) error {
	if len(m.Props) > MaxProps {
		return &Error{What: "properties of", Text: clip(m.Name), Err: ErrLimit}
	}
	err := w.keyword("method", m.Name)
	if m.Version != 0 {
		w.b = append(w.b, '/')
		w.b = strconv.AppendUint(w.b, uint64(max(m.Version, 0)), 10)
		if err == nil && (m.Version < 0 || m.Version > maxVersion) {
			err = &Error{What: "version of method", Text: clip(m.Name), Err: ErrVersion}
		}
	}
	w.b = append(w.b, '=')
	if e := w.keyword("result", m.Result); err == nil {
		err = e
	}
	if m.Comment != "" {
		w.space(len(m.Comment) + 2)
		w.text(m.Comment, '(', ')')
	}
	if m.Reason != "" {
		w.space(len("reason=") + len(m.Reason) + 2)
		w.b = append(w.b, "reason="...)
		w.value(cut(m.Reason, w.utf8), false)
	}
	for _, p := range m.Props {
		if len(p.Value) > MaxValue {
			continue
		}
		w.space(len(p.Type) + len(p.Name) + len(p.Value) + 2)
		if e := w.keyword("property type", p.Type); err == nil {
			err = e
		}
		w.b = append(w.b, '.')
		if e := w.keyword("property", p.Name); err == nil {
			err = e
		}
		w.b = append(w.b, '=')
		w.value(p.Value, true)
	}
	return err
}

// keyword appends s, or "?" and an error when it is no keyword.
func (w *appender) keyword(what, s string) error {
	if !isKeyword(s) {
		w.b = append(w.b, '?')
		return &Error{What: what, Text: clip(s), Err: ErrKeyword}
	}
	w.b = append(w.b, s...)
	return nil
}

// value appends s bare if the grammar allows it, else quoted. With pvalue set,
// an address may stand bare too.
func (w *appender) value(s string, pvalue bool) {
	if isToken(s) || pvalue && isAddress(s) {
		w.b = append(w.b, s...)
		return
	}
	w.quoted(s, '"', '"')
}

// text appends s as a comment, cut to MaxText.
func (w *appender) text(s string, open, end byte) { w.quoted(cut(s, w.utf8), open, end) }

// quoted appends s between open and end, with the characters that mean
// something in there escaped and everything unprintable replaced. Long text is
// folded before a blank that has text on both sides.
func (w *appender) quoted(s string, open, end byte) {
	w.b = append(w.b, open)
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ':
			w.blank(s[i:])
		case c == '\\' || c == open || c == end:
			w.b = append(w.b, '\\', c)
		case c > ' ' && c < 0x7f:
			w.b = append(w.b, c)
		default:
			n := 0
			if w.utf8 {
				n = printable(s[i:])
			}
			if n > 0 {
				w.b = append(w.b, s[i:i+n]...)
				i += n
				continue
			}
			w.b = append(w.b, '?')
		}
		i++
	}
	w.b = append(w.b, end)
}

// blank appends the blank that s begins with, on a new line if the word after
// it would pass the fold width. The blank itself starts the new line, so that
// unfolding gives back the same text.
func (w *appender) blank(s string) {
	n := 1
	for n < len(s) && s[n] != ' ' {
		n++
	}
	last := w.b[len(w.b)-1]
	if w.fold && n > 1 && last != ' ' && len(w.b)-w.start+n >= FoldWidth {
		w.newLine()
	}
	w.b = append(w.b, ' ')
}

// space appends the blank before a part of about n octets, or starts a new line.
func (w *appender) space(n int) {
	if w.fold && len(w.b)-w.start+1+n > FoldWidth-1 {
		w.newLine()
	}
	w.b = append(w.b, ' ')
}

// breakLine starts a new line where folding is on.
func (w *appender) breakLine() {
	if w.fold {
		w.newLine()
	}
	w.b = append(w.b, ' ')
}

func (w *appender) newLine() {
	w.b = append(w.b, '\r', '\n')
	w.start = len(w.b)
}

// cut bounds s by MaxText, not inside a character when UTF-8 is written.
func cut(s string, utf8Text bool) string {
	if len(s) <= MaxText {
		return s
	}
	n := MaxText
	for utf8Text && n > MaxText-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// clean reports whether s can be written without replacing anything.
func clean(s string, utf8Text bool) bool {
	for i := 0; i < len(s); {
		n := 1
		if s[i] < ' ' || s[i] >= 0x7f {
			if n = printable(s[i:]); n == 0 || !utf8Text {
				return false
			}
		}
		i += n
	}
	return true
}

// printable returns the length of the non-ASCII character that s begins with,
// 0 when it is malformed, a control, or a line or paragraph separator.
func printable(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if n == 1 || r < 0xa0 || r == 0x2028 || r == 0x2029 {
		return 0
	}
	return n
}
