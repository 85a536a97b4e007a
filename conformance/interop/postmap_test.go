package interop

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/internal/postmap"
)

// postmapDir makes a configuration directory for postmap.
func postmapDir(t *testing.T) string {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "main.cf"), "compatibility_level = 3.6\n")
	write(t, filepath.Join(dir, "master.cf"), "")
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// postmapQuery asks Postfix for all keys at once and returns what it found.
func postmapQuery(t *testing.T, dir, spec string, keys []string) map[string]string {
	t.Helper()
	cmd := exec.Command(need(t, "postmap"), "-c", dir, "-q", "-", spec)
	cmd.Stdin = strings.NewReader(strings.Join(keys, "\n") + "\n")
	out, _ := cmd.Output() // the status is 1 when nothing is found
	found := map[string]string{}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		found[key] = value
	}
	return found
}

// comparePostmap looks all keys up in both.
func comparePostmap(t *testing.T, dir, typ, text string, keys []string) bool {
	t.Helper()
	file := filepath.Join(dir, "table")
	write(t, file, text)
	theirs := postmapQuery(t, dir, typ+":"+file, keys)
	ours, err := postmap.Parse(typ, file, []byte(text))
	if err != nil {
		t.Errorf("%s table %q: %v", typ, text, err)
		return false
	}
	same := true
	for _, key := range keys {
		got, gotOK, err := postmap.Find(ours, []byte(key))
		want, wantOK := theirs[key]
		if got != want || gotOK != wantOK || err != nil {
			t.Errorf("%s table %q, key %q: got %q, %v, %v; Postfix has %q, %v (our warnings: %v)",
				typ, text, key, got, gotOK, err, want, wantOK, postmap.Warnings(ours))
			same = false
		}
	}
	return same
}

// patternMaker builds random patterns over a, b and c.
type patternMaker struct {
	r    *rand.Rand
	pcre bool
}

func (m *patternMaker) pick(list ...string) string { return list[m.r.IntN(len(list))] }

func (m *patternMaker) make(depth int) string {
	var b strings.Builder
	for n := 1 + m.r.IntN(3); n > 0; n-- {
		atom := m.atom(depth)
		b.WriteString(atom)
		if m.r.IntN(3) > 0 || strings.HasSuffix(atom, "^") || strings.HasSuffix(atom, "$") {
			continue
		}
		b.WriteString(m.pick("*", "+", "?", "{2}", "{1,2}", "{1,}"))
		if m.pcre {
			b.WriteString(m.pick("", "", "?", "+"))
		}
	}
	return b.String()
}

func (m *patternMaker) atom(depth int) string {
	if depth > 0 && m.r.IntN(2) == 0 {
		switch k := m.r.IntN(8); {
		case k < 2:
			return "(" + m.make(depth-1) + "|" + m.make(depth-1) + ")"
		case k < 4 || !m.pcre:
			return "(" + m.make(depth-1) + ")"
		case k == 4:
			return m.pick("(?=", "(?!", "(?>", "(?:", "(?i:") + m.make(depth-1) + ")"
		case k == 5:
			return m.pick("(?<=", "(?<!") + m.pick("a", "b|c", "ab", "[ab]c|a") + ")"
		case k == 6:
			return m.pick(`(a|b)\g{-1}`, `(?(1)a|b)`, `([ab]+)c\g{-1}`)
		}
	}
	if m.pcre {
		return m.pick("a", "b", "c", ".", "[ab]", "[^a]", `\w`, `\b`, `\d`, `\R`, `[[:alpha:]]`, `\h`, "A", `[\d\-]`)
	}
	return m.pick("a", "b", "c", ".", "[ab]", "[^a]", `\w`, `\.`, `[[:alpha:]]`, "A", `[a-c]`)
}

func randomKeys(r *rand.Rand) []string {
	seen := map[string]bool{}
	var keys []string
	for len(keys) < 12 {
		var b strings.Builder
		for n := 1 + r.IntN(7); n > 0; n-- {
			b.WriteByte("aabbcABC1-. "[r.IntN(12)])
		}
		key := strings.TrimSpace(b.String())
		if key != "" && !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// TestPostmapPatterns compares pcre and regexp tables with Postfix on random
// patterns. A regexp result shows whether it matches, a pcre result also what.
func TestPostmapPatterns(t *testing.T) {
	dir := postmapDir(t)
	r := rand.New(rand.NewPCG(1, 2))
	n, failed := 150, 0
	if os.Getenv("MAILSEC_INTEROP_LONG") != "" {
		n = 3000
		r = rand.New(rand.NewPCG(rand.Uint64(), 2))
	}
	for i := 0; i < n && failed < 8; i++ {
		m := &patternMaker{r: r, pcre: i%2 == 0}
		typ, text := "regexp", fmt.Sprintf("/%s/ match\n", m.make(2))
		if m.pcre {
			typ, text = "pcre", fmt.Sprintf("/(%s)/%s <$1>\n", m.make(3), m.pick("", "i", "U", "x", "A", "E"))
		}
		if !comparePostmap(t, dir, typ, text, randomKeys(r)) {
			failed++
		}
	}
}
