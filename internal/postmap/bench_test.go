package postmap

import (
	"fmt"
	"strings"
	"testing"
)

func largeText(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "user%d@example%d.com\tREJECT number %d\n", i, i%997, i)
	}
	return []byte(b.String())
}

func BenchmarkParseHash100k(b *testing.B) {
	text := largeText(100_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Parse("hash", "h", text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	tbl, err := Parse("hash", "h", largeText(100_000))
	if err != nil {
		b.Fatal(err)
	}
	keys := make([][]byte, 1024)
	for i := range keys {
		n := i * 97
		keys[i] = fmt.Appendf(nil, "User%d@Example%d.com", n, n%997)
	}
	b.Run("hash100k", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, ok := tbl.Lookup(keys[i&1023]); !ok {
				b.Fatal("not found")
			}
		}
	})
	for name, text := range map[string]string{
		"pcre-linear": "/^(mail|smtp)[0-9]+\\./ OK\n/\\.dyn\\./ REJECT\n",
		"pcre-look":   "/^(?!.*\\.example\\.com$)/ OK\n/\\.dyn\\./ REJECT\n",
	} {
		tbl, err := Parse("pcre", "p", []byte(text))
		if err != nil {
			b.Fatal(err)
		}
		key := []byte("host-1-2-3.dyn.example.com")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tbl.Lookup(key)
			}
		})
	}
}

// TestAllocations holds what the package documentation promises.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops entries at random under the race detector")
	}
	for _, tt := range []struct{ typ, text, key string }{
		{"hash", "user@example.com x", "User@Example.COM"},
		{"hash", "user@example.com x", "user@example.com"},
		{"cidr", "10.0.0.0/8 x", "10.1.2.3"},
		{"cidr", "2001:db8::/32 x", "2001:db8::1"},
		{"regexp", "/^a+$/ x", "aaa"},
		{"pcre", "/^(?!b)a+$/ x", "aaa"},
	} {
		tbl, err := Parse(tt.typ, "t", []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		key := []byte(tt.key)
		n := testing.AllocsPerRun(100, func() {
			if _, ok := tbl.Lookup(key); !ok {
				t.Fatalf("%s: %q not found", tt.typ, tt.key)
			}
		})
		if n != 0 {
			t.Errorf("%s %q: Lookup allocates %v times", tt.typ, tt.text, n)
		}
	}
}
