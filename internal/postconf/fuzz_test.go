package postconf

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzMain checks that the parameters of a text, written one a line, read the
// same, and that expansion stays within its bounds.
func FuzzMain(f *testing.F) {
	f.Add("a = b\n  c\n# x\nd = $a ${a?{x}:{y}}\n")
	f.Add("a = $b$b\nb = $c$c\nc = ${{$a} == {b} ? {x} : y}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		c, _ := ParseMain("main.cf", []byte(text))
		var b strings.Builder
		start := time.Now()
		for _, name := range c.Names() {
			p, ok := c.Lookup(name)
			if !ok || p.Pos.Line < 1 {
				t.Fatalf("%q: Lookup(%q) = %+v, %v", text, name, p, ok)
			}
			b.WriteString(name + " = " + p.Value + "\n")
			if v, err := c.Get(name); err == nil && len(v) > MaxExpansion {
				t.Errorf("%q expands to %d octets", name, len(v))
			}
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%q took %v", text, d)
		}
		again, _ := ParseMain("main.cf", []byte(b.String()))
		for _, name := range c.Names() {
			p, _ := c.Lookup(name)
			if q, ok := again.Lookup(name); name[0] != '#' && (!ok || q.Value != p.Value) {
				t.Errorf("%q: %q is %q, and %q when written out", text, name, p.Value, q.Value)
			}
		}
	})
}

// FuzzMaster checks that a service that was read has its columns, and that its
// overrides apply.
func FuzzMaster(f *testing.F) {
	f.Add("smtp inet n - y - - smtpd\n  -o a=b -o { c = d e }\n")
	f.Fuzz(func(t *testing.T, text string) {
		services, _ := ParseMaster("master.cf", []byte(text))
		for i := range services {
			s := &services[i]
			if s.Name == "" || s.Command == "" || !slices.Contains(serviceTypes, s.Type) {
				t.Errorf("%q: %+v", text, s)
			}
			for _, o := range s.Overrides {
				last, ok := s.Override(o.Name)
				if v, found := new(Config).With(s.Overrides).Lookup(o.Name); !ok || !found || v.Value != last.Value {
					t.Errorf("%q: override %q: %+v and %+v", text, o.Name, last, v)
				}
			}
		}
	})
}

// FuzzItems checks that a list is bounded and that its elements do not split.
func FuzzItems(f *testing.F) {
	f.Add("127.0.0.1 !hash:/x, [::1]/128 /file {a b}", "x\n!/file\n")
	f.Fuzz(func(t *testing.T, list, file string) {
		if len(list) > 1000 || strings.Count(file, "/") > 1 || len(file) > 1000 {
			return
		}
		l := Lists{ReadFile: func(string) ([]byte, error) { return []byte(file), nil }}
		for _, it := range l.Items(list, Pos{}) {
			if it.Text == "" || it.Err == nil && len(Fields(it.Text)) != 1 {
				t.Errorf("Items(%q, %q) has %+v", list, file, it)
			}
		}
	})
}
