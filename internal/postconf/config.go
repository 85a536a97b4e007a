package postconf

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postline"
)

// Pos is a place in a file.
type Pos struct {
	File string
	Line int // from 1; 0 for a value that comes from no line
}

func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// A Param is one "name = value" as written.
type Param struct {
	Name, Value string
	Pos         Pos
}

// Kinds of [Error], for [errors.Is].
var (
	ErrSyntax    = errors.New("syntax error")
	ErrExpand    = errors.New("expansion failed")
	ErrDuplicate = errors.New("parameter set twice")
	ErrInclude   = errors.New("file cannot be included")
)

// An Error says what is wrong with a configuration text, where, and what to do
// about it.
type Error struct {
	Pos    Pos
	Text   string // the words at fault
	Advice string
	Err    error // the kind, or what reading a file returned; never nil
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("postconf: ")
	if p := e.Pos.String(); p != "" {
		b.WriteString(p)
		b.WriteString(": ")
	}
	b.WriteString(e.Err.Error())
	if e.Text != "" {
		text := e.Text
		if len(text) > 120 {
			text = text[:120] + "..."
		}
		fmt.Fprintf(&b, ": %q", text)
	}
	if e.Advice != "" {
		b.WriteString(": ")
		b.WriteString(e.Advice)
	}
	return b.String()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// A Config holds the parameters of a main.cf, possibly with overrides of one
// service. It is immutable; the zero value is an empty configuration.
type Config struct {
	params   map[string]Param
	order    []string // names in the order of their first appearance
	warnings []*Error
	defaults func(name string) (value string, ok bool)
}

// ParseMain reads the text of a main.cf. The last setting of a parameter
// counts. When some lines cannot be read the error joins an [*Error] for each,
// and the Config holds the others.
func ParseMain(file string, text []byte) (*Config, error) {
	c := &Config{params: map[string]Param{}}
	var errs []error
	sc := postline.NewScanner(string(text))
	for line, ok := sc.Next(); ok; line, ok = sc.Next() {
		pos := Pos{file, line.Num}
		if line.Orphan {
			errs = append(errs, &Error{Pos: pos, Text: line.Text, Err: ErrSyntax, Advice: "a parameter must not start with white space"})
			continue
		}
		name, value, err := postline.NameValue(line.Text)
		if err != nil {
			errs = append(errs, &Error{Pos: pos, Text: line.Text, Err: ErrSyntax, Advice: err.Error() + "; write name = value"})
			continue
		}
		c.set(Param{name, value, pos}, true)
	}
	return c, errors.Join(errs...)
}

// FromMap returns a Config of parameters that come from no file.
func FromMap(file string, values map[string]string) *Config {
	c := &Config{params: make(map[string]Param, len(values))}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		c.set(Param{Name: name, Value: strings.Trim(values[name], postline.Space), Pos: Pos{File: file}}, false)
	}
	return c
}

func (c *Config) set(p Param, warn bool) {
	old, dup := c.params[p.Name]
	switch {
	case !dup:
		c.order = append(c.order, p.Name)
	case warn:
		c.warnings = append(c.warnings, &Error{Pos: p.Pos, Text: p.Name, Err: ErrDuplicate, Advice: "this one counts, the one at " + old.Pos.String() + " does not"})
	}
	c.params[p.Name] = p
}

// With returns a copy of c in which the overrides of a master.cf service take
// the place of its parameters. The last override of a parameter counts.
func (c *Config) With(overrides []Param) *Config {
	out := &Config{params: maps.Clone(c.params), order: slices.Clone(c.order), warnings: c.warnings, defaults: c.defaults}
	if out.params == nil {
		out.params = map[string]Param{}
	}
	for _, p := range overrides {
		out.set(p, false)
	}
	return out
}

// WithDefaults returns a copy of c that takes the parameters it does not hold
// from defaults, unexpanded.
func (c *Config) WithDefaults(defaults func(name string) (value string, ok bool)) *Config {
	out := *c
	out.defaults = defaults
	return &out
}

// Lookup returns a parameter as written; ok is false when the text does not
// set it.
func (c *Config) Lookup(name string) (p Param, ok bool) {
	p, ok = c.params[name]
	return p, ok
}

// Default returns the default of a parameter, unexpanded.
func (c *Config) Default(name string) (value string, ok bool) {
	if c.defaults == nil {
		return "", false
	}
	return c.defaults(name)
}

// Names returns the parameters that the text sets, in the order of their first
// appearance.
func (c *Config) Names() []string { return slices.Clone(c.order) }

// Warnings returns what Postfix would warn about.
func (c *Config) Warnings() []*Error { return slices.Clone(c.warnings) }

// Get returns the expanded value of a parameter: what the text sets, else the
// default, else "". The error is an [*Error] of kind [ErrExpand].
func (c *Config) Get(name string) (string, error) {
	raw, pos, ok := c.raw(name)
	if !ok {
		return "", nil
	}
	return c.expandAt(raw, pos)
}

// raw returns the value of a parameter before expansion.
func (c *Config) raw(name string) (string, Pos, bool) {
	if p, ok := c.params[name]; ok {
		return p.Value, p.Pos, true
	}
	value, ok := c.Default(name)
	return value, Pos{File: "default of " + name}, ok
}
