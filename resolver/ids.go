package resolver

import (
	"encoding/binary"
	"sync"
)

// An idSource hands out random bits, fetched in batches.
type idSource struct {
	fill func([]byte)
	mu   sync.Mutex
	buf  [512]byte
	left int
}

// take fills b.
func (s *idSource) take(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left < len(b) {
		s.fill(s.buf[:])
		s.left = len(s.buf)
	}
	copy(b, s.buf[s.left-len(b):s.left])
	s.left -= len(b)
}

// id returns a random message ID (RFC 5452, section 9.2).
func (s *idSource) id() uint16 {
	var b [2]byte
	s.take(b[:])
	return binary.BigEndian.Uint16(b[:])
}

// query appends a query with a fresh ID.
func (s *idSource) query(dst []byte, k key, f form) []byte {
	start := len(dst)
	dst = appendQuery(dst, s.id(), k.name, k.typ, f.udpSize)
	if f.mixed {
		s.mix(dst[start+headerLen : start+questionEnd(dst[start:])-4])
	}
	return dst
}

// mix gives the letters of a name in wire form a random case.
func (s *idSource) mix(name []byte) {
	var bits [32]byte
	s.take(bits[:])
	for i, c := range name {
		if 'a' <= c && c <= 'z' && bits[i/8]&(1<<(i%8)) != 0 {
			name[i] = c - 'a' + 'A'
		}
	}
}
