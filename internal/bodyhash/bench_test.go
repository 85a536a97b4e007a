package bodyhash

import (
	"crypto/sha256"
	"strings"
	"testing"
)

func benchText(n int) []byte {
	line := "a line of text that has about as many blanks as they have in most mail\r\n"
	return []byte(strings.Repeat(strings.Repeat(line, 7)+"\r\n", n/len(line)/7+1))[:n]
}

func BenchmarkOdd(b *testing.B) {
	p := benchText(chunkSize)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		odd(p)
	}
}

func BenchmarkNextEdit(b *testing.B) {
	p := benchText(chunkSize)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		nextEdit(p, 0)
	}
}

func BenchmarkSet(b *testing.B) {
	text := benchText(1 << 20)
	for _, bm := range []struct {
		name string
		c    Canon
		body []byte
	}{
		{"simple", Simple, text},
		{"relaxed", Relaxed, text},
		{"relaxed-doubled-blanks", Relaxed, []byte(strings.ReplaceAll(string(text), " ", "  "))},
		{"relaxed-tables", Relaxed, []byte(strings.Repeat("name\t\tvalue        other\tone  \r\n", 1<<15))},
		{"relaxed-line-ends", Relaxed, []byte(strings.Repeat("\r\n", 1<<19))},
		{"relaxed-blank-lines", Relaxed, []byte(strings.Repeat("   \r\n", 1<<18))},
	} {
		b.Run(bm.name, func(b *testing.B) {
			var set Set
			b.ReportAllocs()
			b.SetBytes(int64(len(bm.body)))
			for b.Loop() {
				set.Reset()
				set.Add(bm.c, 1, sha256.New, NoLimit)
				set.Write(bm.body)
				set.Close()
			}
		})
	}
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			sha256.Sum256(text)
		}
	})
}
