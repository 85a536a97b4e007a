package bodyhash

import (
	"math/rand/v2"
	"testing"
)

// FuzzCanonical compares the canonicalizers, the length limit and the counters
// with slow implementations, with random pieces.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"", "a  b \r\n\r\n", " \t\r\n", "a\r", "\r\n\r\nx\t\ty", "a \r\n \r\n", "a\n\r b"} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) {
		checkBody(t, body, rand.New(rand.NewPCG(seed, 1)))
		if len(body) > 0 {
			checkScan(t, body, int(seed%uint64(len(body))))
		}
	})
}
