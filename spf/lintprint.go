package spf

import "strconv"

// String returns the tree, indented by two blanks for each level, and the
// findings below it. Foreign text is quoted or made printable.
func (r *Report) String() string {
	b := r.Root.append(nil, 0)
	for i := range r.Findings {
		b = r.Findings[i].append(b)
		b = append(b, '\n')
	}
	return string(b)
}

func (n *Node) append(b []byte, level int) []byte {
	for range level {
		b = append(b, "  "...)
	}
	if n.Via != "" {
		b = append(b, clip(n.Via)...)
		b = append(b, " -> "...)
	}
	if n.Domain == "" {
		return append(b, "depends on the mail\n"...)
	}
	b = append(b, clip(n.Domain)...)
	if n.Text == "" {
		return append(b, ": no usable record\n"...)
	}
	b = append(b, " ("...)
	b = strconv.AppendInt(b, int64(n.Lookups), 10)
	b = append(b, " lookups, "...)
	b = strconv.AppendInt(b, int64(n.Voids), 10)
	b = append(b, " voids): "...)
	b = appendRecord(b, n.Text)
	b = append(b, '\n')
	for _, child := range n.Children {
		b = child.append(b, level+1)
	}
	return b
}

// String returns one line: severity, code, place and detail.
func (f Finding) String() string { return string(f.append(nil)) }

func (f *Finding) append(b []byte) []byte {
	b = append(b, f.Severity.String()...)
	b = append(b, ' ')
	b = append(b, f.Code...)
	b = append(b, ": "...)
	b = append(b, clip(f.Domain)...)
	if f.Term != "" {
		b = append(b, ": "...)
		b = strconv.AppendQuoteToASCII(b, clip(f.Term))
	}
	b = append(b, ": "...)
	return append(b, f.Detail...)
}
