package authres

import (
	"bytes"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// MatchID reports whether value, the value of an Authentication-Results field,
// carries one of ids as its authserv-id. Letter case and a final dot do not
// count, and neither do comments, quoting and folding. A field whose
// authserv-id cannot be read matches every id, because another reader might
// make something of it.
//
// A border server removes the fields that match its own id before it adds its
// own (RFC 8601, section 5).
func MatchID(value string, ids ...string) bool {
	lx := &lexer{s: value}
	if lx.cfws(nil) != nil {
		return true
	}
	id, ok := lx.value()
	if !ok {
		return lx.pos < len(lx.s) && lx.s[lx.pos] != ';'
	}
	for _, own := range ids {
		if sameID(id, own) {
			return true
		}
	}
	return !lx.idEnds()
}

// idEnds reports whether what follows the authserv-id cannot be a part of it to
// a reader that drops comments and blanks: a version and a semicolon, the end,
// or the equals sign of a field that lacks the id.
func (lx *lexer) idEnds() bool {
	if lx.cfws(nil) != nil {
		return false
	}
	if lx.peek() == '=' {
		return true
	}
	if _, ok := lx.number(); ok && lx.cfws(nil) != nil {
		return false
	}
	return lx.semicolon()
}

func sameID(a, b string) bool {
	if dnsname.Equal(a, b) {
		return true
	}
	x, err := dnsname.ToASCII(strings.TrimSpace(a))
	if err != nil {
		return false
	}
	y, err := dnsname.ToASCII(b)
	return err == nil && x == y
}

// RemoveForged returns header without the Authentication-Results fields that
// match one of ids as [MatchID] says, and without other fields that hold such a
// field behind a bare CR, which some readers take for a line end. A
// continuation line at the very beginning goes too: it would become part of the
// field that is put on top. Header is the octets of a header block, with or
// without the empty line at its end; everything that stays is kept octet for
// octet. If nothing is removed, header itself is returned; otherwise the result
// is a copy.
//
// Use it at the border, before adding an own field, with every name under
// which one's own servers write fields.
func RemoveForged(header []byte, ids ...string) []byte {
	var out []byte
	kept := 0 // header[kept:start] waits to be copied
	for start := 0; start < len(header); {
		end := fieldEnd(header, start)
		if end == start { // the empty line: the body may follow
			break
		}
		if start == 0 && isBlank(header[0]) || forged(header[start:end], ids) {
			if out == nil {
				out = make([]byte, 0, len(header))
			}
			out = append(out, header[kept:start]...)
			kept = end
		}
		start = end
	}
	if out == nil {
		return header
	}
	return append(out, header[kept:]...)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// forged reports whether field, or a part of it behind a bare CR, is a field
// that matches ids. It takes linear time: such a part ends at the next bare CR
// that no blank follows.
func forged(field []byte, ids []string) bool {
	if v, ok := fieldValue(field); ok && MatchID(string(v), ids...) {
		return true
	}
	for {
		cr := bareCR(field)
		if cr < 0 {
			return false
		}
		field = field[cr+1:]
		v, ok := fieldValue(field)
		if !ok {
			continue
		}
		end := 0
		for end < len(v) {
			n := bareCR(v[end:])
			if n < 0 {
				end = len(v)
				break
			}
			if end += n + 1; end < len(v) && !isBlank(v[end]) {
				break
			}
		}
		if MatchID(string(v[:end]), ids...) {
			return true
		}
	}
}

// bareCR returns the offset of the first CR that no LF follows, or -1.
func bareCR(b []byte) int {
	for i := 0; ; i++ {
		n := bytes.IndexByte(b[i:], '\r')
		if n < 0 {
			return -1
		}
		if i += n; i+1 == len(b) || b[i+1] != '\n' {
			return i
		}
	}
}

// fieldEnd returns the offset behind the field that begins at start, its
// continuation lines included; start itself if an empty line is there. A line
// ends with LF.
func fieldEnd(b []byte, start int) int {
	if l := b[start:]; l[0] == '\n' || len(l) > 1 && l[0] == '\r' && l[1] == '\n' {
		return start
	}
	for i := start; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return len(b)
		}
		i += n + 1
		if i == len(b) || !isBlank(b[i]) {
			return i
		}
	}
}

// fieldValue returns the value of field if its name is Authentication-Results
// in any letter case, with blanks and folding before the colon allowed.
func fieldValue(field []byte) ([]byte, bool) {
	n := len(DefaultName)
	if len(field) <= n || !strings.EqualFold(string(field[:n]), DefaultName) {
		return nil, false
	}
	value := bytes.TrimLeft(field[n:], " \t\r\n")
	if len(value) == 0 || value[0] != ':' {
		return nil, false
	}
	return value[1:], true
}
