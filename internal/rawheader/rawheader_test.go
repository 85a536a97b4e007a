package rawheader

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func describe(h *Header) string {
	var parts []string
	for i := range h.Fields {
		parts = append(parts, fmt.Sprintf("%s(%d)", h.Fields[i].Name(), len(h.Fields[i].Raw)))
	}
	return strings.Join(parts, " ")
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, in, want                 string
		malformed, bareCR, bareLF, nul int
	}{
		{name: "empty"},
		{name: "two", in: "A: 1\r\nB: 2\r\n", want: "A(6) B(6)"},
		{name: "folded", in: "A: 1\r\n 2\r\n\t3\r\nB:\r\n", want: "A(14) B(4)"},
		{name: "no final line end", in: "A: 1\r\nB: 2", want: "A(6) B(4)"},
		{name: "blanks before the colon", in: "A \t: 1\r\n", want: "A(8)"},
		{name: "no colon", in: "garbage\r\nA: 1\r\n", want: "(9) A(6)", malformed: 1},
		{name: "colon only in the continuation", in: "garbage\r\n x: y\r\n", want: "(16)", malformed: 1},
		{name: "empty name", in: ": v\r\n", want: "(5)", malformed: 1},
		{name: "blank name", in: "A: 1\r\n : v\r\n", want: "A(12)"},
		{name: "blank in a name", in: "From a@b Sat 18:00\r\nA: 1\r\n", want: "(20) A(6)", malformed: 1},
		{name: "8-bit name", in: "\xc3\xbc: 1\r\n", want: "(7)", malformed: 1},
		{name: "leading continuation", in: " x: y\r\nA: 1\r\n", want: "(7) A(6)", malformed: 1},
		{name: "bare line ends", in: "A: 1\nB: 2\r3\r\nC: 4\r\n", want: "A(13) C(6)", bareCR: 1, bareLF: 1},
		{name: "LF first", in: "\nA: 1\r\n", want: "(7)", malformed: 1, bareLF: 1},
		{name: "CR CR LF", in: "A: 1\r\r\n", want: "A(7)", bareCR: 1},
		{name: "NUL", in: "A: \x00\x00\r\n", want: "A(7)", nul: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, err := Parse([]byte(tt.in), 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(h); got != tt.want {
				t.Errorf("Parse(%q) = %s, want %s", tt.in, got, tt.want)
			}
			if h.Malformed != tt.malformed || h.BareCR != tt.bareCR || h.BareLF != tt.bareLF || h.NUL != tt.nul {
				t.Errorf("Parse(%q): malformed %d, CR %d, LF %d, NUL %d", tt.in, h.Malformed, h.BareCR, h.BareLF, h.NUL)
			}
		})
	}
}

func TestSelection(t *testing.T) {
	h, err := Parse([]byte("A: 1\r\nb: 2\r\na: 3\r\n: 4\r\nB : 5\r\n"+strings.Repeat("L", 100)+": 6\r\n"), 0)
	if err != nil {
		t.Fatal(err)
	}
	var s Selection
	for range 2 {
		s.Reset(h)
		for _, step := range []struct {
			name string
			want int
		}{{"a", 2}, {"B", 4}, {"A", 0}, {"a", -1}, {"b", 1}, {"b", -1}, {"c", -1}, {"", -1}, {strings.Repeat("l", 100), 5}} {
			if got := s.Next([]byte(step.name)); got != step.want {
				t.Errorf("Next(%q) = %d, want %d", step.name, got, step.want)
			}
		}
		s.Release()
	}
	if n := h.Count([]byte("a")); n != 2 {
		t.Errorf("Count(a) = %d, want 2", n)
	}
	if got := fmt.Sprintf("%q", h.Values("b")); got != `[" 2\r\n" " 5\r\n"]` {
		t.Errorf("Values(b) = %s", got)
	}
	if h.Values("c") != nil || h.Last([]byte("c")) != -1 {
		t.Error("found a field that is not there")
	}
	if got := string(h.Fields[3].Value()); got != ": 4\r\n" {
		t.Errorf("Value of a malformed field = %q", got)
	}
}

func TestEqualFold(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"From", "fROM", true}, {"a", "ab", false}, {"@", "`", false}, {"[", "{", false}, {"a", "b", false}, {"-", "\r", false}} {
		if got := EqualFold([]byte(tt.a), []byte(tt.b)); got != tt.want {
			t.Errorf("EqualFold(%q, %q) = %v", tt.a, tt.b, got)
		}
	}
}

// scan feeds message to a Scanner in pieces and returns the header's octets and
// what follows it.
func scan(t *testing.T, message []byte, cut func(n int) int) (header, body []byte, done bool) {
	t.Helper()
	var s Scanner
	for len(message) > 0 && !done {
		n := cut(len(message))
		took, d, err := s.Write(message[:n])
		if err != nil {
			t.Fatal(err)
		}
		if !d && took != n {
			t.Fatalf("Write took %d of %d octets without the end", took, n)
		}
		done = d
		message = message[took:]
	}
	if s.Done() != done {
		t.Fatalf("Done = %v, want %v", s.Done(), done)
	}
	h, err := s.Header()
	if err != nil {
		t.Fatal(err)
	}
	return h.Raw, message, done
}

// split is what scan should return.
func split(message []byte) (header, body []byte, done bool) {
	if bytes.HasPrefix(message, []byte("\r\n")) {
		return nil, message[2:], true
	}
	if i := bytes.Index(message, []byte("\r\n\r\n")); i >= 0 {
		return message[:i+2], message[i+4:], true
	}
	return message, nil, false
}

func checkScanner(t *testing.T, message []byte, r *rand.Rand) {
	t.Helper()
	wantHeader, wantBody, wantDone := split(message)
	for _, cut := range []func(int) int{
		func(n int) int { return n },
		func(int) int { return 1 },
		func(n int) int { return 1 + r.IntN(n) },
		func(n int) int { return 1 + r.IntN(min(n, 5)) },
	} {
		header, body, done := scan(t, message, cut)
		if !bytes.Equal(header, wantHeader) || !bytes.Equal(body, wantBody) || done != wantDone {
			t.Fatalf("scan(%q) = %q, %q, %v", message, header, body, done)
		}
	}
}

func TestScanner(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, m := range []string{
		"", "\r\n", "\r\nbody", "A: 1\r\n", "A: 1\r\n\r\n", "A: 1\r\n\r\nbody\r\n\r\n", "A: 1\n\nB: 2\r\n\r\nx",
		"\n\r\n\r\nx", "\r\r\n\r\nx", "A\r\n\r\r\n\r\n\r\n",
	} {
		checkScanner(t, []byte(m), r)
	}
	var s Scanner
	s.Write([]byte("A: 1\r\n\r\n"))
	if n, done, err := s.Write([]byte("more")); n != 0 || !done || err != nil {
		t.Errorf("Write after the end = %d, %v, %v", n, done, err)
	}
}

func TestLimits(t *testing.T) {
	s := Scanner{MaxBytes: 10}
	if _, _, err := s.Write([]byte("A: 345678\r\n\r\n")); !errors.Is(err, ErrTooLarge) {
		t.Errorf("11 octets: %v, want %v", err, ErrTooLarge)
	}
	s = Scanner{MaxBytes: 10}
	if _, done, err := s.Write([]byte("A: 34567\r\n\r\nbody")); err != nil || !done {
		t.Errorf("10 octets: %v, %v", done, err)
	}
	for in, want := range map[string]error{"A: 34567\r\n": nil, "A: 345678\r\n": ErrTooLarge, "A: 3456789012": ErrTooLarge} {
		s = Scanner{MaxBytes: 10}
		if _, _, err := s.Write([]byte(in)); err != nil {
			t.Errorf("%q: %v", in, err)
		}
		if _, err := s.Header(); !errors.Is(err, want) {
			t.Errorf("%q without an empty line: %v, want %v", in, err, want)
		}
	}
	s = Scanner{MaxBytes: 10}
	for range 20 {
		if _, _, err := s.Write([]byte("AAA")); err != nil {
			return
		}
	}
	t.Error("an endless header is not refused")
}

func TestMaxFields(t *testing.T) {
	if _, err := Parse([]byte("A:\r\nB:\r\n"), 1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("2 fields of 1: %v", err)
	}
	for _, n := range []int{0, -1} {
		if _, err := Parse(bytes.Repeat([]byte("A:\r\n"), DefaultMaxFields+1), n); !errors.Is(err, ErrTooLarge) {
			t.Errorf("limit %d: %v", n, err)
		}
	}
	// Many fields of many names, to fill a table of more than the usual size.
	var b strings.Builder
	for i := range DefaultMaxFields {
		fmt.Fprintf(&b, "X-%d: %d\r\n", i%3000, i)
	}
	h, err := Parse([]byte(b.String()), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 1, 999, 2999} {
		name := fmt.Appendf(nil, "x-%d", i)
		if want := (DefaultMaxFields - i + 2999) / 3000; h.Count(name) != want {
			t.Errorf("Count(%s) = %d, want %d", name, h.Count(name), want)
		}
	}
}

// FuzzHeader checks that the fields are the header cut in pieces, that pieces
// begin where they should, that selecting agrees with a plain search, and that
// a Scanner finds the end however the message arrives.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{"A: 1\r\n b\r\nB : 2\r\n\r\nbody", "garbage\r\n: x\r\n", "\r\n", "a:\na:\r\nA:\r\n\r\n\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		checkScanner(t, message, rand.New(rand.NewPCG(1, uint64(len(message)))))
		raw, _, _ := split(message)
		h, err := Parse(raw, 0)
		if err != nil {
			return
		}
		var joined []byte
		for i := range h.Fields {
			field := h.Fields[i].Raw
			if len(field) == 0 || i > 0 && (field[0] == ' ' || field[0] == '\t' || !bytes.HasSuffix(joined, []byte("\r\n"))) {
				t.Fatalf("field %d of %q: %q", i, raw, field)
			}
			joined = append(joined, field...)
		}
		if !bytes.Equal(joined, raw) {
			t.Fatalf("fields of %q: %q", raw, joined)
		}
		var s Selection
		s.Reset(h)
		taken := make([]bool, len(h.Fields))
		for i := range h.Fields {
			name := h.Fields[i].Name()
			want := -1
			for j := range h.Fields {
				if len(name) > 0 && !taken[j] && bytes.EqualFold(h.Fields[j].Name(), name) {
					want = j
				}
			}
			if want >= 0 {
				taken[want] = true
			}
			if got := s.Next(name); got != want {
				t.Fatalf("%q: Next(%q) = %d, want %d", raw, name, got, want)
			}
		}
	})
}

func TestParseAllocs(t *testing.T) {
	raw := []byte(strings.Repeat("Received: from a\r\n\tby b\r\nFrom: x\r\n", 15))
	if n := testing.AllocsPerRun(100, func() {
		if _, err := Parse(raw, 0); err != nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("Parse allocates %v times for 30 fields, want 1", n)
	}
}
