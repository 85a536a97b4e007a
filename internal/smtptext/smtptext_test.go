package smtptext

import (
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	tests := []struct {
		in   string
		max  int
		want string
	}{
		{"", 0, ""},
		{"plain text ~", 0, "plain text ~"},
		{"a\r\nMAIL FROM:<>", 0, "a??MAIL FROM:<>"},
		{"nul\x00 tab\t del\x7f esc\x1b", 0, "nul? tab? del? esc?"},
		{"\u00fc", 0, "??"},
		{"abcdef", 3, "abc"},
		{"ab\ndef", 3, "ab?"},
		{"abc", 3, "abc"},
		{"abc", -1, "abc"},
	}
	for _, tt := range tests {
		if got := Clean(tt.in, tt.max); got != tt.want {
			t.Errorf("Clean(%q, %d) = %q, want %q", tt.in, tt.max, got, tt.want)
		}
		if got := string(Append([]byte("> "), tt.in, tt.max)); got != "> "+tt.want {
			t.Errorf("Append(%q, %d) = %q, want %q", tt.in, tt.max, got, "> "+tt.want)
		}
		if got := IsSafe(tt.in); got != (Clean(tt.in, 0) == tt.in) {
			t.Errorf("IsSafe(%q) = %v", tt.in, got)
		}
	}
}

func TestAllocations(t *testing.T) {
	safe := strings.Repeat("safe ", 100)
	buf := make([]byte, 0, len(safe))
	var sink string
	if n := testing.AllocsPerRun(100, func() { sink = Clean(safe, MaxReplyText) }); n != 0 {
		t.Errorf("Clean allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { buf = Append(buf[:0], safe, 0) }); n != 0 {
		t.Errorf("Append allocates %v times", n)
	}
	_ = sink
}

// FuzzClean checks that nothing unsafe and nothing too long comes out, that
// safe octets stay where they are, and that the result is a fixed point.
func FuzzClean(f *testing.F) {
	f.Add("plain", 0)
	f.Add("a\r\n.\r\n", 4)
	f.Fuzz(func(t *testing.T, s string, max int) {
		got := Clean(s, max)
		if !IsSafe(got) || max > 0 && len(got) > max || Clean(got, max) != got {
			t.Errorf("Clean(%q, %d) = %q", s, max, got)
		}
		for i := range len(got) {
			if got[i] != s[i] && (got[i] != '?' || IsSafe(s[i:i+1])) {
				t.Errorf("Clean(%q, %d) = %q: octet %d", s, max, got, i)
			}
		}
	})
}
