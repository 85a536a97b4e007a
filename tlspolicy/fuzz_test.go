package tlspolicy

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var noFiles = &Options{ReadFile: func(string) ([]byte, error) { return nil, errors.New("no files") }}

// The canonical form is a fixed point and loses nothing.
func FuzzParsePolicy(f *testing.F) {
	for _, s := range []string{
		"may", "secure match=nexthop:.a.example", "fingerprint match=" + digest,
		"encrypt { protocols = >=TLSv1.2 } exclude=A:B ciphers=high", "verify match=.",
		"secure policy_type=sts { policy_string = a {b} c } policy_ttl=9", "encrypt protocols=<=7fff:!SSLv3",
		"encrypt servername=_a.example connection_reuse=no enable_rpk=yes", "none { x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePolicy(s, noFiles)
		if err != nil {
			if p != nil || !errors.Is(err, ErrBadEntry) {
				t.Errorf("ParsePolicy(%q) = %v, %v", s, p, err)
			}
			return
		}
		if !p.Level.IsValid() {
			t.Errorf("ParsePolicy(%q): invalid level", s)
		}
		again, err := ParsePolicy(p.String(), noFiles)
		if err != nil || !equal(p, again) {
			t.Errorf("ParsePolicy(%q) = %s; read again = %v, %v", s, p, again, err)
		}
	})
}

// The table agrees with a plain reading of the rules: the first of the
// candidate keys that any line has. An entry found is a policy or an error,
// never both and never neither.
func FuzzLookup(f *testing.F) {
	f.Add("a.example may\n.example encrypt\n", "A.example")
	f.Add(".b.example secure\n[a]:25 none\nx bogus\n", "a.b.example.")
	f.Add("# c\n\nx\n may\n", "[a]:25")
	f.Add(".b\u00fccher.example may\n", "a.xn--bcher-kva.example")
	f.Fuzz(func(t *testing.T, text, nexthop string) {
		table, problems, err := Compile(strings.NewReader(text), &Options{LastWins: true, ReadFile: noFiles.ReadFile})
		if err != nil {
			t.Fatalf("Compile(%q): %v", text, err)
		}
		lines := strings.Count(text, "\n") + 1
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines {
				t.Errorf("Compile(%q): report on line %d of %d: %v", text, p.Line, lines, p)
			}
		}
		m, ok := table.Lookup(nexthop)
		var keys []string
		for e := range table.All() {
			keys = append(keys, e.Key)
		}
		want := ""
		for _, key := range candidates(nexthop) {
			if slices.Contains(keys, key) {
				want = key
				break
			}
		}
		if ok != (want != "") || m.Key != want {
			t.Errorf("Lookup(%q) = %q, %v; want %q\ntable %q", nexthop, m.Key, ok, want, text)
		}
		if ok && (m.Policy == nil) == (m.Err == nil) {
			t.Errorf("Lookup(%q) = %+v: neither or both of policy and error", nexthop, m)
		}
	})
}

var plainHost = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

// candidates is the list of keys as the documentation gives it.
func candidates(nexthop string) []string {
	key := foldKey(strings.TrimSuffix(nexthop, "."))
	keys := []string{key}
	if !plainHost.MatchString(key) || len(key) > 255 || !strings.ContainsAny(key, "abcdefghijklmnopqrstuvwxyz_-") {
		return keys
	}
	labels := strings.Split(key, ".")
	for i := 1; i < len(labels); i++ {
		keys = append(keys, "."+strings.Join(labels[i:], "."))
	}
	return keys
}
