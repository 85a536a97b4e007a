package bodyhash

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"math/rand/v2"
	"regexp"
	"testing"
)

// recorder is a hash that keeps what it is given.
type recorder struct{ bytes.Buffer }

func (r *recorder) Sum(b []byte) []byte { return b }
func (r *recorder) Size() int           { return 0 }
func (r *recorder) BlockSize() int      { return 1 }

// canonical returns what a canonicalization makes of body when it arrives in
// the pieces that cut chooses.
func canonical(c Canon, body []byte, limit int64, cut func(n int) int) ([]byte, *Set) {
	var rec recorder
	var set Set
	set.Add(c, "recorder", func() hash.Hash { return &rec }, limit)
	for len(body) > 0 {
		n := cut(len(body))
		piece := bytes.Clone(body[:n])
		set.Write(piece)
		for i := range piece { // the set must not keep what it was given
			piece[i] = 'X'
		}
		body = body[n:]
	}
	set.Close()
	return rec.Bytes(), &set
}

var (
	blanksAtEnd = regexp.MustCompile(`[ \t]+\r\n`)
	blanks      = regexp.MustCompile(`[ \t]+`)
	lastBlanks  = regexp.MustCompile(`[ \t]+$`)
	endsAtEnd   = regexp.MustCompile(`(\r\n)*$`)
)

// reference is the canonicalization by regular expressions.
func reference(c Canon, body []byte) []byte {
	out := bytes.Clone(body)
	if c == Relaxed {
		out = blanksAtEnd.ReplaceAll(out, crlf)
		out = lastBlanks.ReplaceAll(out, nil)
		out = blanks.ReplaceAll(out, space)
	}
	out = endsAtEnd.ReplaceAll(out, nil)
	if len(out) > 0 || c == Simple {
		out = append(out, crlf...)
	}
	return out
}

var crlf = []byte("\r\n")

func TestCanonical(t *testing.T) {
	for _, tt := range []struct{ name, in, simple, relaxed string }{
		{"empty", "", "\r\n", ""},
		{"one line end", "\r\n", "\r\n", ""},
		{"line ends", "\r\n\r\n\r\n", "\r\n", ""},
		{"blanks only", "  \t", "  \t\r\n", ""},
		{"blank lines only", " \r\n\t\r\n", " \r\n\t\r\n", ""},
		{"text", "a\r\n", "a\r\n", "a\r\n"},
		{"no final line end", "a", "a\r\n", "a\r\n"},
		{"blanks, no final line end", "a \t", "a \t\r\n", "a\r\n"},
		{"line ends at the end", "a\r\n\r\n\r\n", "a\r\n", "a\r\n"},
		{"blank lines at the end", "a \r\n \r\n\t\r\n", "a \r\n \r\n\t\r\n", "a\r\n"},
		{"blank lines inside", "a\r\n \r\n\r\nb\r\n", "a\r\n \r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"},
		{"runs", "a \t b  c\td\r\n", "a \t b  c\td\r\n", "a b c d\r\n"},
		{"leading blanks", "  a\r\n\tb\r\n", "  a\r\n\tb\r\n", " a\r\n b\r\n"},
		{"first line empty", "\r\n a\r\n", "\r\n a\r\n", "\r\n a\r\n"},
		{"RFC 6376, section 3.4.5", " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"},
		{"bare CR at the end", "a\r", "a\r\r\n", "a\r\r\n"},
		{"bare CR after line ends", "a\r\n\r\n\r", "a\r\n\r\n\r\r\n", "a\r\n\r\n\r\r\n"},
		{"bare CR alone", "\r", "\r\r\n", "\r\r\n"},
		{"bare LF", "a \n b\n", "a \n b\n\r\n", "a \n b\n\r\n"},
		{"CR CR LF", "a\r\r\nb", "a\r\r\nb\r\n", "a\r\r\nb\r\n"},
		{"blank CR text", "a  \rb", "a  \rb\r\n", "a \rb\r\n"},
		{"blank CR end", "a  \r", "a  \r\r\n", "a \r\r\n"},
		{"NUL", "a \x00 \x01\r\n", "a \x00 \x01\r\n", "a \x00 \x01\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for c, want := range map[Canon]string{Simple: tt.simple, Relaxed: tt.relaxed} {
				for step := 1; step <= len(tt.in)+1; step++ {
					got, _ := canonical(c, []byte(tt.in), NoLimit, func(n int) int { return min(step, n) })
					if string(got) != want {
						t.Errorf("canon %d of %q by %d = %q, want %q", c, tt.in, step, got, want)
					}
				}
				if ref := reference(c, []byte(tt.in)); string(ref) != want {
					t.Errorf("reference %d of %q = %q, want %q", c, tt.in, ref, want)
				}
			}
		})
	}
}

// randomBody returns octets that are hard on the canonicalizers, with stretches
// of text that are not.
func randomBody(r *rand.Rand) []byte {
	const alphabet = "aZ  \t\r\n\r\n\x00\x01\x1f!\x20\x7f\x80\xa0\xff"
	var b []byte
	for range r.IntN(30) {
		switch r.IntN(4) {
		case 0:
			b = append(b, bytes.Repeat([]byte("some plain text"), r.IntN(12))...)
		case 1:
			b = append(b, bytes.Repeat([]byte{alphabet[r.IntN(len(alphabet))]}, r.IntN(70))...)
		case 2:
			b = append(b, "\r\n"...)
		default:
			for range r.IntN(40) {
				b = append(b, alphabet[r.IntN(len(alphabet))])
			}
		}
	}
	return b
}

func TestRandomBodies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	n := 4000
	if testing.Short() {
		n = 500
	}
	for range n {
		checkBody(t, randomBody(r), r)
	}
}

// checkBody compares the canonicalizers, the limit and the counters with slow
// implementations, with random pieces.
func checkBody(t *testing.T, body []byte, r *rand.Rand) {
	t.Helper()
	cut := func(n int) int {
		if r.IntN(3) == 0 {
			return 1 + r.IntN(min(n, 5))
		}
		return 1 + r.IntN(n)
	}
	for _, c := range []Canon{Simple, Relaxed} {
		want := reference(c, body)
		got, set := canonical(c, body, NoLimit, cut)
		if !bytes.Equal(got, want) {
			t.Fatalf("canon %d of %q\n got %q\nwant %q", c, body, got, want)
		}
		if total := set.Total(c); total != int64(len(want)) {
			t.Fatalf("canon %d of %q: Total = %d, want %d", c, body, total, len(want))
		}
		limit := int64(r.IntN(len(want) + 5))
		if got, _ = canonical(c, body, limit, cut); !bytes.Equal(got, want[:min(limit, int64(len(want)))]) {
			t.Fatalf("canon %d of %q, first %d octets\n got %q\nwant %q", c, body, limit, got, want)
		}
		checkLines(t, body, set.Lines())
	}
}

func checkLines(t *testing.T, body []byte, got *LineCounter) {
	t.Helper()
	var want LineCounter
	for i, b := range body {
		switch {
		case b == 0:
			want.NUL++
		case b == '\r' && (i+1 == len(body) || body[i+1] != '\n'):
			want.BareCR++
		case b == '\n' && (i == 0 || body[i-1] != '\r'):
			want.BareLF++
		}
	}
	if *got != want {
		t.Fatalf("lines of %q: %+v, want %+v", body, *got, want)
	}
}

// TestScan compares the scanners of this machine with plain loops at every
// alignment and length.
func TestScan(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		p := bytes.Repeat([]byte{'x'}, 1+r.IntN(200))
		for range r.IntN(3) {
			p[r.IntN(len(p))] = " \t\r\n\x00"[r.IntN(5)]
		}
		for i := range p {
			if p[i] == '\r' && i+1 < len(p) && r.IntN(2) == 0 {
				p[i+1] = '\n'
			}
		}
		checkScan(t, p, r.IntN(len(p)+1))
	}
}

func checkScan(t *testing.T, p []byte, from int) {
	t.Helper()
	want, wantOdd := len(p), false
	for i := 0; i+1 < len(p); i++ {
		if i >= from && want == len(p) && isEdit(p, i) {
			want = i
		}
		wantOdd = wantOdd || p[i] == 0 || (p[i] == '\r') != (p[i+1] == '\n')
	}
	if got := nextEdit(p, from); got != want {
		t.Fatalf("nextEdit(%q, %d) = %d, want %d", p, from, got, want)
	}
	if got := nextEditGeneric(p, from); got != want {
		t.Fatalf("nextEditGeneric(%q, %d) = %d, want %d", p, from, got, want)
	}
	if len(p) == 0 {
		return
	}
	if got := odd(p); got != wantOdd {
		t.Fatalf("odd(%q) = %v, want %v", p, got, wantOdd)
	}
	if got := oddGeneric(p); got != wantOdd {
		t.Fatalf("oddGeneric(%q) = %v, want %v", p, got, wantOdd)
	}
}

func TestSums(t *testing.T) {
	var set Set
	a := set.Add(Relaxed, 1, sha256.New, NoLimit)
	if b := set.Add(Relaxed, 1, sha256.New, NoLimit); a != b {
		t.Error("the same sum was added twice")
	}
	short := set.Add(Relaxed, 1, sha256.New, 2)
	simple := set.Add(Simple, 1, sha256.New, NoLimit)
	if n := set.Len(); n != 3 {
		t.Errorf("Len = %d, want 3", n)
	}
	for _, tt := range []struct {
		c     Canon
		limit int64
		want  *Sum
	}{{Relaxed, NoLimit, a}, {Relaxed, 2, short}, {Simple, NoLimit, simple}, {Simple, 2, nil}} {
		if got := set.Find(tt.c, 1, tt.limit); got != tt.want {
			t.Errorf("Find(%d, %d) = %p, want %p", tt.c, tt.limit, got, tt.want)
		}
	}
	if new(Set).Find(Simple, 1, 0) != nil || new(Set).Find(Relaxed, 1, 0) != nil {
		t.Error("found a sum in an empty set")
	}
	set.Write([]byte("a  b\r\n"))
	set.Close()
	for sum, text := range map[*Sum]string{a: "a b\r\n", short: "a ", simple: "a  b\r\n"} {
		if want := sha256.Sum256([]byte(text)); !bytes.Equal(sum.Bytes(), want[:]) {
			t.Errorf("sum of %q = %x, want %x", text, sum.Bytes(), want)
		}
	}
}

// TestReset uses one set for several bodies, with sums of several kinds.
func TestReset(t *testing.T) {
	var set Set
	for round, body := range []string{"a  b\r\n\r\nx \r", "", "  \r\n", "c\td", "a  b\r\n\n\x00"} {
		set.Reset()
		if set.Len() != 0 {
			t.Fatalf("Len = %d after Reset", set.Len())
		}
		relaxed := set.Add(Relaxed, "256", sha256.New, NoLimit)
		small := set.Add(Relaxed, "224", sha256.New224, 3)
		var simple *Sum
		if round%2 == 0 {
			simple = set.Add(Simple, "256", sha256.New, NoLimit)
		}
		set.Write([]byte(body))
		set.Close()
		canon := reference(Relaxed, []byte(body))
		if want := sha256.Sum256(canon); !bytes.Equal(relaxed.Bytes(), want[:]) {
			t.Errorf("%q: relaxed %x, want %x", body, relaxed.Bytes(), want)
		}
		if want := sha256.Sum224(canon[:min(3, len(canon))]); !bytes.Equal(small.Bytes(), want[:]) {
			t.Errorf("%q: first octets %x, want %x", body, small.Bytes(), want)
		}
		if simple != nil {
			if want := sha256.Sum256(reference(Simple, []byte(body))); !bytes.Equal(simple.Bytes(), want[:]) {
				t.Errorf("%q: simple %x, want %x", body, simple.Bytes(), want)
			}
		}
		checkLines(t, []byte(body), set.Lines())
	}
	body := []byte("some text\r\n")
	if n := testing.AllocsPerRun(100, func() {
		set.Reset()
		set.Add(Relaxed, "256", sha256.New, NoLimit)
		set.Add(Simple, "256", sha256.New, NoLimit)
		set.Write(body)
		set.Close()
	}); n != 0 {
		t.Errorf("a set that is used again allocates %v times, want 0", n)
	}
}
