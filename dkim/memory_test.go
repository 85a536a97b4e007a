package dkim

import (
	"bytes"
	"context"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// endless yields a header and then pattern over and over, size octets in all,
// and notes how much memory is in use on the way.
type endless struct {
	header  []byte
	pattern []byte
	left    int64
	next    int64 // look at memory when left is at or below this
	heap    uint64
	rss     int64
}

const lookEvery = 16 << 20

func (e *endless) Read(p []byte) (int, error) {
	if len(e.header) > 0 {
		n := copy(p, e.header)
		e.header = e.header[n:]
		return n, nil
	}
	if e.left == 0 {
		return 0, io.EOF
	}
	if e.left <= e.next {
		e.next = e.left - lookEvery
		e.heap, e.rss = max(e.heap, heapInUse()), max(e.rss, residentBytes())
	}
	n := int(min(int64(len(p)), e.left))
	for i := 0; i < n; {
		i += copy(p[i:n], e.pattern)
	}
	e.left -= int64(n)
	return n, nil
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// residentBytes returns the resident set size where /proc tells it, 0 elsewhere.
func residentBytes() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// TestMemory verifies bodies that are long in every way, and wants the process
// to grow by no more than 2 MiB.
func TestMemory(t *testing.T) {
	const limit = 2 << 20
	text := bytes.Repeat([]byte("some words of ordinary text, wrapped as text is wrapped\r\n"), 50)
	gb, mb256 := int64(1<<30), int64(256<<20)
	if testing.Short() || raceEnabled {
		gb, mb256 = 32<<20, 16<<20
	}
	tags := "v=1; a=ed25519-sha256; d=example.com; s=ed; h=From; b=AAAA; bh=" + b64(bodyHash(""))
	header := "DKIM-Signature: c=relaxed/relaxed; " + tags + "\r\nDKIM-Signature: c=simple/simple; " + tags + "\r\nFrom: a@example.com\r\n\r\n"
	v := Verifier{Resolver: testZone(), Now: testClock}
	for _, tt := range []struct {
		name    string
		pattern []byte
		size    int64
	}{
		{"text", text, gb},
		{"line-ends", []byte("\r\n"), mb256},
		{"blank-lines", []byte("   \r\n"), mb256},
		{"one-line", bytes.Repeat([]byte("x"), 4096), mb256},
	} {
		t.Run(tt.name, func(t *testing.T) {
			verify := func(size int64) *endless {
				e := &endless{header: []byte(header), pattern: tt.pattern, left: size, next: size - lookEvery/2}
				r, err := v.Verify(context.Background(), e)
				if err != nil || len(r.Results) != 2 || r.Results[0].Status != Fail || e.left != 0 {
					t.Fatalf("%v, %v, %d octets left", r, err, e.left)
				}
				return e
			}
			verify(lookEvery)
			debug.FreeOSMemory()
			heap, rss := heapInUse(), residentBytes()
			e := verify(tt.size)
			grown, resident := int64(e.heap)-int64(heap), e.rss-rss
			t.Logf("%d MiB: heap and stack grew by %d KiB, resident set by %d KiB", tt.size>>20, grown>>10, resident>>10)
			if grown > limit {
				t.Errorf("heap and stack grew by %d octets, want at most %d", grown, limit)
			}
			if resident > limit && !raceEnabled {
				t.Errorf("the process grew by %d octets, want at most %d", resident, limit)
			}
		})
	}
}
