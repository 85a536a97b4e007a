package rawheader

import "bytes"

// A Scanner collects the header of a message that arrives in pieces of any
// size. The zero value is ready for use; it is for one goroutine at a time.
type Scanner struct {
	MaxBytes  int // largest header, without the empty line; 0: DefaultMaxBytes
	MaxFields int // 0: DefaultMaxFields

	buf  []byte
	done bool
}

var blankLine = []byte("\r\n\r\n")

// Write takes octets from the start of p until the empty line that ends the
// header has been seen, and returns how many it took and whether the header is
// complete. It fails with [ErrTooLarge] when the header exceeds MaxBytes.
func (s *Scanner) Write(p []byte) (n int, done bool, err error) {
	if s.done {
		return 0, true, nil
	}
	limit := s.limit()
	old := len(s.buf)
	n, done = s.endIn(p)
	if old+n > limit+len(blankLine) {
		return 0, false, ErrTooLarge
	}
	if s.buf == nil {
		s.buf = make([]byte, 0, max(n, min(4096, limit)))
	}
	s.buf = append(s.buf, p[:n]...)
	if !done {
		return n, false, nil
	}
	s.done = true
	s.buf = s.buf[:len(s.buf)-2] // the empty line itself
	if len(s.buf) > limit {
		return 0, false, ErrTooLarge
	}
	return n, true, nil
}

func (s *Scanner) limit() int {
	if s.MaxBytes <= 0 {
		return DefaultMaxBytes
	}
	return s.MaxBytes
}

// endIn returns how many octets of p belong to the header with its empty line,
// and whether the end is there.
func (s *Scanner) endIn(p []byte) (n int, done bool) {
	old := len(s.buf)
	// A header without any field: the message starts with the empty line.
	if old < 2 {
		var first [2]byte
		k := copy(first[:], s.buf)
		m := copy(first[k:], p)
		if k+m == 2 && first[0] == '\r' && first[1] == '\n' {
			return m, true
		}
	}
	// The end may straddle the pieces.
	var seam [6]byte
	k := copy(seam[:], s.buf[max(0, old-3):])
	m := copy(seam[k:], p[:min(3, len(p))])
	if i := bytes.Index(seam[:k+m], blankLine); i >= 0 {
		return i + len(blankLine) - k, true
	}
	if i := bytes.Index(p, blankLine); i >= 0 {
		return i + len(blankLine), true
	}
	return len(p), false
}

// Done reports whether the empty line has been seen.
func (s *Scanner) Done() bool { return s.done }

// Header parses what was collected. Call it once the header is complete, or at
// the end of input: a message may consist of a header only (RFC 5322, section
// 2.1). The Scanner's memory passes to the Header; Scanner must not be used
// after that.
func (s *Scanner) Header() (*Header, error) {
	s.done = true
	if len(s.buf) > s.limit() { // there was no empty line to make room for
		return nil, ErrTooLarge
	}
	return Parse(s.buf, s.MaxFields)
}
