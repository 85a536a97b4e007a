package postline

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestScanner(t *testing.T) {
	const text = "# c\n orphan\n  more\na b\n\n \t\n#x\n  c\r\nd\v\ne"
	want := []Line{{" orphan  more", 2, true}, {"a b  c", 4, false}, {"d", 9, false}, {"e", 10, false}}
	var got []Line
	sc := NewScanner(text)
	for l, ok := sc.Next(); ok; l, ok = sc.Next() {
		got = append(got, l)
	}
	if !slices.Equal(got, want) {
		t.Errorf("lines of %q: %+v, want %+v", text, got, want)
	}
}

func TestFields(t *testing.T) {
	tests := []struct {
		in   string
		want []string
	}{
		{"", nil}, {" ,\t", nil}, {"a,b c", []string{"a", "b", "c"}}, {"{a, b} c{d e}f", []string{"{a, b}", "c{d e}f"}},
		{"a} {b", []string{"a}", "{b"}}, {"{a {b c} d", []string{"{a {b c} d"}},
	}
	for _, tt := range tests {
		if got := Fields(tt.in, CommaSpace); !slices.Equal(got, tt.want) {
			t.Errorf("Fields(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestBraces(t *testing.T) {
	for in, want := range map[string]int{"": 0, "a": 0, "{a}": 3, "{a{b}c}d": 7, "{a": 0} {
		if got := Balanced(in); got != want {
			t.Errorf("Balanced(%q) = %d, want %d", in, got, want)
		}
	}
	for _, tt := range []struct {
		in, want string
		err      error
	}{{" { a b } ", "a b", nil}, {"a", "", ErrNoOpen}, {"", "", ErrNoOpen}, {"{a", "", ErrNoClose}, {"{a} b", "", ErrTrailing}} {
		if got, err := Unbrace(tt.in); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("Unbrace(%q) = %q, %v; want %q, %v", tt.in, got, err, tt.want, tt.err)
		}
	}
}

func TestNameValue(t *testing.T) {
	for _, tt := range []struct {
		in, name, value string
		err             error
	}{{"a=b", "a", "b", nil}, {" a = b c ", "a", "b c", nil}, {"a=", "a", "", nil}, {"a", "", "", ErrNoEqual}, {"=b", "", "", ErrNoName}, {"a b=c", "", "", ErrBadName}} {
		if n, v, err := NameValue(tt.in); n != tt.name || v != tt.value || !errors.Is(err, tt.err) {
			t.Errorf("NameValue(%q) = %q, %q, %v", tt.in, n, v, err)
		}
	}
}

// FuzzScanner checks that every octet that is neither white space nor part of
// a comment line is in exactly one line, and that numbers grow.
func FuzzScanner(f *testing.F) {
	f.Add("a\n b\n#c\n\nd")
	f.Fuzz(func(t *testing.T, text string) {
		var want, got strings.Builder
		for line := range strings.Lines(text) {
			if !blank(strings.TrimSuffix(line, "\n")) {
				want.WriteString(strings.TrimSuffix(line, "\n"))
			}
		}
		last := 0
		sc := NewScanner(text)
		for l, ok := sc.Next(); ok; l, ok = sc.Next() {
			if l.Num <= last {
				t.Errorf("%q: line %d after %d", text, l.Num, last)
			}
			last = l.Num
			got.WriteString(l.Text)
		}
		squeeze := func(s string) string {
			return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' }), "")
		}
		if squeeze(got.String()) != squeeze(want.String()) {
			t.Errorf("%q: lines %q, want %q", text, got.String(), want.String())
		}
	})
}
