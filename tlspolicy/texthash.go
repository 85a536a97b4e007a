package tlspolicy

import (
	"iter"
	"strings"
)

// logicalLines yields the lines of a table with the number on which each
// begins. Continuation lines are joined by a blank; comments and empty lines
// are left out and end nothing.
func logicalLines(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		var line strings.Builder
		start := 0
		number := 0
		for s := range strings.Lines(text) {
			number++
			body := strings.TrimFunc(s, isSpace)
			if body == "" || body[0] == '#' {
				continue
			}
			if start > 0 && isSpace(rune(s[0])) {
				line.WriteByte(' ')
				line.WriteString(body)
				continue
			}
			if start > 0 && !yield(start, line.String()) {
				return
			}
			line.Reset()
			line.WriteString(body)
			start = number
		}
		if start > 0 {
			yield(start, line.String())
		}
	}
}
