package postfix

import (
	"strconv"
	"testing"
)

// TestQueryNames keeps the first names of a session and builds the others.
func TestQueryNames(t *testing.T) {
	s := &Session{reversed: "1.2.0.192."}
	for range 2 {
		for i := range 2 * maxQueryNames {
			tail := "l" + strconv.Itoa(i) + ".example."
			if got, want := s.queryName(tail), s.reversed+tail; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	}
	if len(s.queryNames) != maxQueryNames {
		t.Errorf("%d names kept", len(s.queryNames))
	}
	if n := testing.AllocsPerRun(100, func() { s.queryName("l0.example.") }); n != 0 {
		t.Errorf("%v allocations for a kept name", n)
	}
}
