package postmap

import (
	"math/rand/v2"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postline"
)

// MaxDepth bounds the nesting of composite tables.
const MaxDepth = 10

// A Loader turns "type:name" into tables. The zero value knows only the types
// whose content stands in the name. It must not be changed while in use.
type Loader struct {
	// Open is asked first, for every type but those whose content stands in
	// the name: for types that live elsewhere (mysql, ldap, socketmap) and for
	// replacing a table by the caller's own. It returns nil, nil for a table
	// it does not provide.
	Open func(typ, name string) (Table, error)
	// ReadFile returns the source text of a file table. nil means there are
	// no files.
	ReadFile func(name string) ([]byte, error)
	// IntN chooses the entry of a randmap, in [0, n). nil means
	// [math/rand/v2.IntN].
	IntN func(n int) int
}

// Load returns the table that spec names.
func (l *Loader) Load(spec string) (Table, error) { return l.loadSpec(spec, 0) }

// Split cuts a "type:name" at its first colon. ok is false when a part is
// missing.
func Split(spec string) (typ, name string, ok bool) {
	typ, name, ok = strings.Cut(spec, ":")
	return typ, name, ok && typ != "" && name != ""
}

func (l *Loader) loadSpec(spec string, depth int) (Table, error) {
	typ, name, ok := Split(spec)
	if !ok {
		return nil, &Error{File: spec, Err: ErrSyntax, Advice: "write type:name, for example hash:/etc/postfix/access"}
	}
	return l.load(typ, name, depth)
}

func (l *Loader) load(typ, name string, depth int) (Table, error) {
	if depth > MaxDepth {
		return nil, &Error{File: typ + ":" + clip(name), Err: ErrDepth}
	}
	file := typ + ":" + name
	switch typ {
	case "inline":
		return parseInline(file, name)
	case "static":
		return parseStatic(file, name)
	case "fail":
		return failTable{}, nil
	case "randmap":
		return l.loadRandom(file, name)
	case "unionmap", "pipemap":
		return l.loadComposite(typ, file, name, depth)
	}
	if inName(typ, name) {
		lines, err := braceLines(file, name)
		if err != nil {
			return nil, err
		}
		if typ == "cidr" {
			return parseCIDR(file, lines)
		}
		return parsePattern(typ, file, lines)
	}
	return l.open(typ, name, depth)
}

// open gets a table that lives outside its name.
func (l *Loader) open(typ, name string, depth int) (Table, error) {
	file := typ + ":" + name
	if l.Open != nil {
		switch t, err := l.Open(typ, name); {
		case err != nil:
			return nil, &Error{File: file, Err: err}
		case t != nil:
			return t, nil
		}
	}
	switch {
	case typ == "proxy" || typ == "debug":
		return l.loadSpec(name, depth+1)
	case !textTypes[typ]:
		return nil, &Error{File: file, Err: ErrType, Advice: "this type needs a table provided by the program"}
	case l.ReadFile == nil:
		return nil, &Error{File: file, Err: ErrOpen, Advice: "this program reads no files"}
	}
	text, err := l.ReadFile(name)
	if err != nil {
		return nil, &Error{File: file, Err: err, Advice: "the source text of the table is needed, not the compiled file"}
	}
	return parseText(typ, file, string(text))
}

// loadRandom compiles randmap:{value, ...}.
func (l *Loader) loadRandom(file, name string) (Table, error) {
	inner, err := postline.Unbrace(name)
	if err != nil {
		return nil, &Error{File: file, Err: ErrSyntax, Advice: "write randmap:{value, ...}"}
	}
	values := postline.Fields(inner, postline.CommaSpace)
	if len(values) == 0 {
		return nil, &Error{File: file, Err: ErrSyntax, Advice: "write randmap:{value, ...}"}
	}
	intN := l.IntN
	if intN == nil {
		intN = rand.IntN
	}
	return &randTable{values: values, intN: intN}, nil
}

// loadComposite compiles unionmap:{...} and pipemap:{...}.
func (l *Loader) loadComposite(typ, file, name string, depth int) (Table, error) {
	advice := "write " + typ + ":{type:name, ...}"
	inner, err := postline.Unbrace(name)
	if err != nil {
		return nil, &Error{File: file, Err: ErrSyntax, Advice: advice}
	}
	c := composite{}
	for _, spec := range postline.Fields(inner, postline.CommaSpace) {
		t, err := l.loadSpec(spec, depth+1)
		if err != nil {
			return nil, err
		}
		c.tables = append(c.tables, t)
		c.fixed = c.fixed || !t.Pattern()
	}
	if len(c.tables) == 0 {
		return nil, &Error{File: file, Err: ErrSyntax, Advice: advice}
	}
	if typ == "pipemap" {
		return &pipeTable{c}, nil
	}
	return &unionTable{c}, nil
}
