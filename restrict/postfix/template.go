package postfix

import (
	"strings"

	"github.com/mailsec-go/mailsec/internal/postconf"
)

// A template is a text with macros such as $name, ${name}, ${name?text},
// ${name:text} and ${name?{text}:{text}}.
type template struct{ parts []part }

// A part is literal text, or a macro.
type part struct {
	lit  string
	name string // of the macro, "" for literal text
	op   byte   // '?' or ':' or 0
	yes  template
	no   template
	both bool // a ? with an alternative
}

// parseTemplate compiles a template. What is no macro is literal text.
func parseTemplate(s string) template { return parseDepth(s, 0) }

// maxTemplateDepth bounds the nesting of macros.
const maxTemplateDepth = 20

func parseDepth(s string, depth int) template {
	var t template
	lit := func(x string) {
		if x != "" {
			t.parts = append(t.parts, part{lit: x})
		}
	}
	for {
		i := strings.IndexByte(s, '$')
		if i < 0 || i+1 == len(s) || depth > maxTemplateDepth {
			lit(s)
			return t
		}
		lit(s[:i])
		rest := s[i+1:]
		switch rest[0] {
		case '$':
			lit("$")
			s = rest[1:]
			continue
		case '{', '(':
			end := closing(rest)
			if end < 0 {
				lit(s[i:])
				return t
			}
			t.parts = append(t.parts, parsePart(rest[1:end], depth))
			s = rest[end+1:]
			continue
		}
		n := postconf.NameLen(rest)
		if n == 0 {
			lit("$")
			s = rest
			continue
		}
		t.parts = append(t.parts, part{name: rest[:n]})
		s = rest[n:]
	}
}

// closing returns the offset of the bracket that closes s[0], -1 for none.
func closing(s string) int { return postconf.Closing(s) - 1 }

// parsePart compiles the inside of ${...}.
func parsePart(s string, depth int) part {
	s = strings.TrimSpace(s)
	n := postconf.NameLen(s)
	p := part{name: s[:n]}
	rest := s[n:]
	if rest == "" || rest[0] != '?' && rest[0] != ':' {
		return p
	}
	p.op = rest[0]
	text := rest[1:]
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{") {
		if end := closing(trimmed); end > 0 {
			tail := strings.TrimSpace(trimmed[end+1:])
			text = strings.TrimSpace(trimmed[1:end])
			if p.op == '?' && strings.HasPrefix(tail, ":") {
				p.both = true
				alt := strings.TrimSpace(tail[1:])
				if strings.HasPrefix(alt, "{") && closing(alt) > 0 {
					alt = strings.TrimSpace(alt[1:closing(alt)])
				}
				p.no = parseDepth(alt, depth+1)
			}
		}
	}
	p.yes = parseDepth(text, depth+1)
	return p
}

// append expands the template. unknown is called for a macro that lookup does
// not know; it makes ok false when its value was needed.
func (t template) append(dst []byte, lookup func(name string) (string, bool), unknown func(name string)) (out []byte, ok bool) {
	ok = true
	for i := range t.parts {
		p := &t.parts[i]
		if p.name == "" {
			dst = append(dst, p.lit...)
			continue
		}
		v, known := lookup(p.name)
		if !known && unknown != nil {
			unknown(p.name)
		}
		branch := template{}
		switch {
		case p.op == '?' && v != "" || p.op == ':' && v == "":
			branch = p.yes
		case p.op == '?' && p.both:
			branch = p.no
		case p.op == 0:
			ok = ok && known
			dst = append(dst, v...)
		}
		var sub bool
		dst, sub = branch.append(dst, lookup, unknown)
		ok = ok && sub
	}
	return dst, ok
}
