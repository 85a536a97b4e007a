package postconf

import (
	"strings"

	"github.com/mailsec-go/mailsec/internal/postline"
)

// MaxIncludes bounds the nesting of files in a list, MaxFiles their number,
// MaxItems the length of the list.
const (
	MaxIncludes = 20
	MaxFiles    = 1000
	MaxItems    = 1 << 20
)

// Fields splits a list as Postfix does: at commas and white space, keeping
// {...} together with its braces.
func Fields(list string) []string { return postline.Fields(list, postline.CommaSpace) }

// Unbrace returns what is inside the {...} that s consists of, trimmed.
func Unbrace(s string) (string, error) { return postline.Unbrace(s) }

// NameValue splits "name = value".
func NameValue(s string) (name, value string, err error) { return postline.NameValue(s) }

// An Item is one element of an address or domain list.
type Item struct {
	Neg   bool   // it was preceded by "!"
	Text  string // the pattern, or type:name of a table
	Table bool   // Text is a table
	Pos   Pos    // the file it was read from, or the list's own position
	// Err says why a file could not be read; Text is its name then. Postfix
	// fails every lookup that reaches such an element.
	Err error
}

// Lists reads address and domain lists. The zero value reads no files.
type Lists struct {
	// ReadFile returns the content of a file named in a list.
	ReadFile func(name string) ([]byte, error)
}

// Items returns the elements of a list in order, with files replaced by what
// they hold.
func (l *Lists) Items(list string, pos Pos) []Item {
	r := listReader{Lists: l}
	return r.items(nil, list, pos, false, 0)
}

// listReader reads one list.
type listReader struct {
	*Lists
	files int // read so far
}

func (l *listReader) items(dst []Item, list string, pos Pos, neg bool, depth int) []Item {
	for _, text := range Fields(list) {
		if len(dst) >= MaxItems {
			return dst
		}
		not := neg
		for strings.HasPrefix(text, "!") {
			not, text = !not, text[1:]
		}
		switch {
		case text == "":
			dst = append(dst, Item{Text: "!", Pos: pos, Err: &Error{Pos: pos, Text: "!", Err: ErrSyntax, Advice: "a pattern must follow !"}})
		case text[0] == '/':
			dst = l.include(dst, text, pos, not, depth)
		default:
			dst = append(dst, Item{Neg: not, Text: text, Table: isTable(text), Pos: pos})
		}
	}
	return dst
}

// include appends the elements of a file.
func (l *listReader) include(dst []Item, name string, pos Pos, neg bool, depth int) []Item {
	fail := func(err error, advice string) []Item {
		return append(dst, Item{Neg: neg, Text: name, Pos: pos, Err: &Error{Pos: pos, Text: name, Err: err, Advice: advice}})
	}
	switch {
	case depth >= MaxIncludes:
		return fail(ErrInclude, "files include each other too deeply")
	case l.files >= MaxFiles:
		return fail(ErrInclude, "too many files")
	case l.ReadFile == nil:
		return fail(ErrInclude, "this program reads no files")
	}
	l.files++
	text, err := l.ReadFile(name)
	if err != nil {
		return fail(err, "")
	}
	num := 0
	for line := range strings.Lines(string(text)) {
		if num++; !strings.HasPrefix(line, "#") {
			dst = l.items(dst, line, Pos{name, num}, neg, depth+1)
		}
	}
	return dst
}

// isTable reports whether an element is type:name, not an IPv6 address.
func isTable(text string) bool {
	typ, name, ok := strings.Cut(text, ":")
	if !ok || typ == "" || name == "" || text[0] == '[' {
		return false
	}
	for i := 0; i < len(typ); i++ {
		if c := typ[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || 'A' <= c && c <= 'Z') {
			return false
		}
	}
	return true
}
