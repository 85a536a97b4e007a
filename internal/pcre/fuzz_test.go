package pcre

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzEngines checks that the stepwise matcher agrees with the standard library
// wherever both can run a pattern, and that neither takes long.
func FuzzEngines(f *testing.F) {
	for _, s := range []string{`^(a|b)*c$`, `a+?b{2,3}`, `(?i)[^a-c\d]+`, `\bx|(y)z?`, `(?m)^a.b$`, `(a)(?=b)\1`, `[[:alpha:]]\p{L}`, `(?>a|b)++`} {
		f.Add(s, "abacABxyz\nab", uint16(0))
	}
	f.Add(`(a|ab)(c|bcd)*`, "abcd", uint16(POSIX))
	f.Add("\x93", "[\u070c\xc5\xfaH", uint16(IgnoreCase|Multiline|DotAll)) // invalid octets after a character of two
	f.Fuzz(func(t *testing.T, expr, text string, flags uint16) {
		if len(expr) > 200 || len(text) > 200 {
			return
		}
		start := time.Now()
		re, err := Compile(expr, Flags(flags)&^noCapture)
		if err != nil {
			return
		}
		got, gotErr := re.Match([]byte(text))
		groups, err := re.Groups([]byte(text))
		if gotErr == nil && err == nil && got != (groups != nil) {
			t.Errorf("%q on %q: Match %v, Groups %v", expr, text, got, groups)
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%q on %q took %v", expr, text, d)
		}
		if !re.useLinear([]byte(text)) {
			return
		}
		slow := *re.prog
		m := newMachine(&slow)
		ok, err := m.search([]byte(text))
		if err == nil && ok != got {
			t.Errorf("%q (%b) on %q: stepwise %v, linear %v", expr, flags, text, ok, got)
		}
		if err == nil && ok && Flags(flags)&POSIX == 0 && !re.emptyLoop && !strings.Contains(expr, "{") {
			if mine := m.regs[:2*(re.groups+1)]; !slices.Equal(mine[:2], groups[:2]) {
				t.Errorf("%q (%b) on %q: stepwise %v, linear %v", expr, flags, text, mine, groups)
			}
		}
	})
}
