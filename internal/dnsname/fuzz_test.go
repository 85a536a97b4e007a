package dnsname

import (
	"errors"
	"strings"
	"testing"
)

// TestToASCIIEdges holds what fuzzing found: each of these once gave something
// that is not a name, or another name.
func TestToASCIIEdges(t *testing.T) {
	tests := []struct {
		in, want string
		err      error
	}{
		{in: "..", err: ErrEmptyLabel},
		{in: "\u4f8b\u3002\u4f8b\uff0eorg\uff61", want: "xn--fsq.xn--fsq.org"},
		{in: "\u4f8b\uff61.", err: ErrEmptyLabel},
		{in: "a.\u00ad", err: ErrIDN},
		{in: "\u00fc..example", err: ErrEmptyLabel},
		{in: "\u00fc\xff.example", err: ErrIDN},
		{in: strings.Repeat("\u00fc.", 600), err: ErrTooLong},
		{in: "fa\u00df.de", want: "xn--fa-hia.de"},
		{in: ".", err: ErrEmpty},
	}
	for _, tt := range tests {
		if got, err := ToASCII(tt.in); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("ToASCII(%q) = %q, %v; want %q, %v", tt.in, got, err, tt.want, tt.err)
		}
	}
}

// TestAllocations holds the promises of the doc comments.
func TestAllocations(t *testing.T) {
	var sink string
	if n := testing.AllocsPerRun(100, func() { sink, _ = ToASCII("_dmarc.example.org.") }); n != 0 {
		t.Errorf("ToASCII allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { sink = Lower("example.org") }); n != 0 {
		t.Errorf("Lower allocates %v times", n)
	}
	_ = sink
}

// FuzzToASCII checks that the result is a name, has no upper case and is a
// fixed point.
func FuzzToASCII(f *testing.F) {
	for _, s := range []string{"example.org.", "b\u00fccher.Example", "xn--a", "a\u3002b", "..", "\xff", strings.Repeat("\u00e4.", 130)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ToASCII(s)
		if err != nil {
			if got != "" {
				t.Errorf("ToASCII(%q) = %q with %v", s, got, err)
			}
			return
		}
		again, err := ToASCII(got)
		if err != nil || again != got || Lower(got) != got || Check(got) != nil || !isASCII(got) {
			t.Errorf("ToASCII(%q) = %q; again %q, %v", s, got, again, err)
		}
		if isASCII(s) && !Equal(s, got) {
			t.Errorf("ToASCII(%q) = %q is another name", s, got)
		}
	})
}

// FuzzCompare checks the comparisons against slower ones.
func FuzzCompare(f *testing.F) {
	f.Add("a.Example.org.", "example.ORG")
	f.Add("aexample", "example")
	f.Add("[a", "{A") // 0x5b and 0x7b differ by the bit of case
	f.Add("", ".")
	f.Fuzz(func(t *testing.T, a, b string) {
		la, lb := Lower(TrimDot(a)), Lower(TrimDot(b))
		if got := Equal(a, b); got != (la == lb) {
			t.Errorf("Equal(%q, %q) = %v", a, b, got)
		}
		want := lb == "" || la == lb || strings.HasSuffix(la, "."+lb)
		if got := HasSuffix(a, b); got != want {
			t.Errorf("HasSuffix(%q, %q) = %v", a, b, got)
		}
		if Check(a) == nil && Labels(a) > 1 && Labels(Parent(a)) != Labels(a)-1 {
			t.Errorf("Labels(%q) = %d, of its parent %d", a, Labels(a), Labels(Parent(a)))
		}
	})
}
