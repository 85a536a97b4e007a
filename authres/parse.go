package authres

import "strings"

// Limits of what is read and written.
const (
	MaxLength  = 64 << 10 // octets of one field
	MaxMethods = 64       // methods of one field
	MaxProps   = 64       // properties of one method
)

// maxVersion bounds version numbers, so that they fit everywhere.
const maxVersion = 9999

// A Parser holds the options for reading a field. The zero value reads strictly
// what RFC 8601, section 2.2 allows. It is an immutable value.
type Parser struct {
	// Tolerant reads what it can: a missing authserv-id is returned as "",
	// properties without a type get the type "", empty values are kept, and a
	// part that makes no sense is skipped. Unknown versions and exceeded limits
	// remain errors.
	Tolerant bool
	// MaxMethods bounds the methods; 0 means [MaxMethods].
	MaxMethods int
	// MaxProps bounds the properties of one method; 0 means [MaxProps].
	MaxProps int
	// MaxLength bounds the octets of the field; 0 means [MaxLength].
	MaxLength int
}

// Parse reads the value of an Authentication-Results field, folded or not,
// without its name. It is [Parser.Parse] of the zero Parser.
func Parse(value string) (Header, error) { return Parser{}.Parse(value) }

// Parse reads the value of an Authentication-Results field, folded or not,
// without its name. Order and repetition of methods and properties are kept.
// Of the comments, the first that follows a result is returned with its
// method.
//
// An error is an [*Error] with the offset at fault.
func (p Parser) Parse(value string) (Header, error) {
	if len(value) > or(p.MaxLength, MaxLength) {
		return Header{}, &Error{What: "length of the field", Err: ErrLimit}
	}
	lx := &lexer{s: value}
	h, err := p.id(lx)
	if err != nil {
		return Header{}, err
	}
	none := false
	for lx.pos < len(lx.s) {
		m, kind, err := p.resinfo(lx)
		if err == nil && lx.pos < len(lx.s) && lx.s[lx.pos] != ';' {
			err = lx.fail("semicolon")
		}
		if err == nil && (none && kind != partEmpty || kind == partNone && len(h.Methods) > 0) {
			err = lx.fail("none beside results")
		}
		if err != nil && !p.skip(lx, err) {
			return Header{}, err
		}
		if lx.pos < len(lx.s) {
			lx.pos++ // the semicolon
		}
		switch {
		case err != nil && kind != partResult:
		case kind == partNone:
			none = true
		case kind == partEmpty && lx.pos < len(lx.s) && !p.Tolerant:
			return Header{}, lx.fail("method")
		case kind == partResult:
			if len(h.Methods) == or(p.MaxMethods, MaxMethods) {
				return Header{}, &Error{Pos: lx.pos, What: "methods", Err: ErrLimit}
			}
			h.Methods = append(h.Methods, m)
		}
	}
	if !none && len(h.Methods) == 0 && !p.Tolerant {
		return Header{}, lx.fail("result")
	}
	return h, nil
}

// skip reports whether err is tolerable, and moves on to the next semicolon.
func (p Parser) skip(lx *lexer, err error) bool {
	e, ok := err.(*Error)
	if !ok || e.Err != ErrSyntax || !p.Tolerant {
		return false
	}
	for lx.pos < len(lx.s) && lx.s[lx.pos] != ';' {
		switch lx.s[lx.pos] {
		case '"':
			if _, ok := lx.quoted(); !ok {
				lx.pos = len(lx.s)
			}
		case '(':
			if _, ok := lx.comment(); !ok {
				lx.pos = len(lx.s)
			}
		default:
			lx.pos++
		}
	}
	return true
}

// id reads the authserv-id, the version and the semicolon after them.
func (p Parser) id(lx *lexer) (h Header, err error) {
	if err := lx.cfws(nil); err != nil {
		if p.skip(lx, err) {
			return h, nil
		}
		return h, err
	}
	start := lx.pos
	id, ok := lx.value()
	if !ok {
		if !p.Tolerant {
			return h, lx.fail("authserv-id")
		}
		lx.semicolon()
		return h, nil
	}
	if err := lx.cfws(nil); err != nil {
		return h, err
	}
	if p.Tolerant && lx.peek() == '=' {
		lx.pos = start // a method already; the id is missing
		return h, nil
	}
	h.ID = id
	if c := lx.peek(); '0' <= c && c <= '9' {
		if h.Version, ok = lx.number(); !ok || h.Version != 1 {
			return h, &Error{Pos: lx.pos, What: "version of the field", Err: ErrVersion}
		}
		if err := lx.cfws(nil); err != nil {
			return h, err
		}
	}
	if !lx.semicolon() && !p.Tolerant {
		return h, lx.fail("semicolon")
	}
	return h, nil
}

// What one part between semicolons holds.
const (
	partEmpty = iota
	partNone
	partResult
)

// resinfo reads one part up to the semicolon or the end. With an error, kind is
// partResult only if the method and its result were read.
func (p Parser) resinfo(lx *lexer) (m Method, kind int, err error) {
	if err = lx.cfws(nil); err != nil {
		return m, partEmpty, err
	}
	if c := lx.peek(); c == 0 || c == ';' {
		return m, partEmpty, nil
	}
	name, ok := lx.keyword()
	if !ok {
		return m, partEmpty, lx.fail("method")
	}
	m.Name = name
	if err = lx.cfws(nil); err != nil {
		return m, partEmpty, err
	}
	if c := lx.peek(); name == "none" && (c == 0 || c == ';') {
		return m, partNone, nil
	}
	if lx.accept('/') {
		if err = lx.cfws(nil); err != nil {
			return m, partEmpty, err
		}
		if m.Version, ok = lx.number(); !ok {
			return m, partEmpty, lx.fail("version of the method")
		}
		if err = lx.cfws(nil); err != nil {
			return m, partEmpty, err
		}
	}
	if !lx.accept('=') {
		return m, partEmpty, lx.fail("equals sign")
	}
	if err = lx.cfws(nil); err != nil {
		return m, partEmpty, err
	}
	if m.Result, ok = lx.keyword(); !ok {
		return m, partEmpty, lx.fail("result")
	}
	if err = lx.cfws(&m.Comment); err != nil {
		return m, partResult, err
	}
	err = p.props(lx, &m)
	return m, partResult, err
}

// props reads the reason and the properties of m.
func (p Parser) props(lx *lexer, m *Method) error {
	reason := false
	for {
		if c := lx.peek(); c == 0 || c == ';' {
			return nil
		}
		first, ok := lx.keyword()
		if !ok {
			return lx.fail("property")
		}
		if err := lx.cfws(nil); err != nil {
			return err
		}
		prop := Prop{Name: first}
		if lx.accept('.') {
			if err := lx.cfws(nil); err != nil {
				return err
			}
			if prop.Name, ok = lx.keyword(); !ok {
				return lx.fail("property")
			}
			prop.Type = first
			if err := lx.cfws(nil); err != nil {
				return err
			}
		}
		if !lx.accept('=') {
			return lx.fail("equals sign")
		}
		if err := lx.cfws(nil); err != nil {
			return err
		}
		switch {
		case prop.Type == "" && first == "reason" && !reason:
			m.Reason, ok = lx.value()
			reason = true
		case prop.Type == "" && !p.Tolerant:
			return lx.fail("property type")
		default:
			prop.Value, ok = lx.pvalue()
			if len(m.Props) == or(p.MaxProps, MaxProps) {
				return &Error{Pos: lx.pos, What: "properties", Err: ErrLimit}
			}
			if ok || p.Tolerant && lx.peek() != '"' {
				m.Props = append(m.Props, prop)
			}
		}
		if c := lx.peek(); !ok && (!p.Tolerant || c == '"') {
			return lx.fail("value")
		}
		if err := lx.cfws(nil); err != nil {
			return err
		}
	}
}

// lower returns s in lower case; it does not allocate if s already is.
func lower(s string) string { return strings.ToLower(s) }

func or(n, def int) int {
	if n <= 0 {
		return def
	}
	return n
}
