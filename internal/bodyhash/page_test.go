//go:build linux

package bodyhash

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"syscall"
	"testing"
)

// guarded returns memory with pages before and behind it that cannot be read,
// so that a look beyond either end is a fault.
func guarded(t *testing.T, pages int) []byte {
	t.Helper()
	size := syscall.Getpagesize()
	all, err := syscall.Mmap(-1, 0, (pages+2)*size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(all); err != nil {
			t.Error(err)
		}
	})
	for _, page := range [][]byte{all[:size], all[len(all)-size:]} {
		if err := syscall.Mprotect(page, syscall.PROT_NONE); err != nil {
			t.Skip(err)
		}
	}
	return all[size : len(all)-size]
}

// TestPageEnds puts bodies at the very start and at the very end of readable
// memory, of every length around the block sizes.
func TestPageEnds(t *testing.T) {
	mem := guarded(t, 1)
	r := rand.New(rand.NewPCG(5, 6))
	for n := 1; n <= 3*64+9; n++ {
		for _, p := range [][]byte{mem[:n:n], mem[len(mem)-n:]} {
			for _, filler := range []byte{'x', ' ', '\t', '\r', '\n', 0, 0xff} {
				for i := range p {
					p[i] = 'x'
				}
				p[n-1] = filler
				checkPage(t, p)
				for i := range p {
					p[i] = filler
				}
				checkPage(t, p)
				for i := range p {
					p[i] = " \t\r\nxy"[r.IntN(6)]
				}
				checkPage(t, p)
			}
		}
	}
}

func checkPage(t *testing.T, p []byte) {
	t.Helper()
	for from := max(0, len(p)-66); from <= len(p); from++ {
		checkScan(t, p, from)
	}
	checkScan(t, p, 0)
	for _, c := range []Canon{Simple, Relaxed} {
		var set Set
		sum := set.Add(c, "sha256", sha256.New, NoLimit)
		set.Write(p)
		set.Close()
		if want := sha256.Sum256(reference(c, p)); !bytes.Equal(sum.Bytes(), want[:]) {
			t.Fatalf("canonicalization %d of %q", c, p)
		}
	}
}
