package bodyhash

import (
	"encoding/binary"
	"math/bits"
)

// simple is the canonicalization of RFC 6376, section 3.4.3: all line ends at
// the end of the body become one. Its state is what was held back: line ends,
// and a CR that the next octet may make one.
type simple struct {
	out  output
	ends int64 // line ends not yet written
	cr   bool  // a CR after them
}

func (c *simple) write(p []byte) {
	if c.ends != 0 || c.cr {
		if p = c.lead(p); len(p) == 0 {
			return
		}
	}
	body := len(p)
	for body > 0 && (p[body-1] == '\n' || p[body-1] == '\r') {
		body--
	}
	c.out.write(p[:body])
	c.lead(p[body:])
}

// lead consumes line ends at the start of p and returns the rest, for which
// nothing is held back any more.
func (c *simple) lead(p []byte) []byte {
	for i, b := range p {
		switch {
		case c.cr && b == '\n':
			c.cr = false
			c.ends++
		case b == '\r':
			c.release()
			c.cr = true
		case b == '\n':
			c.flush()
			c.out.write(p[i : i+1])
		default:
			c.flush()
			return p[i:]
		}
	}
	return nil
}

// release writes what is held back if it ends in a CR: another octet than LF
// follows, so the CR ends no line.
func (c *simple) release() {
	if c.cr {
		c.flush()
	}
}

func (c *simple) flush() {
	c.out.writeLineEnds(c.ends)
	c.ends = 0
	if c.cr {
		c.cr = false
		c.out.write(lineEnds[:1])
	}
}

func (c *simple) close() {
	c.release()
	c.out.write(lineEnds[:2])
}

// relaxed is the canonicalization of RFC 6376, section 3.4.4: runs of blanks
// become one space, blanks at the end of a line and empty lines at the end of
// the body vanish. What is held back is, in this order: line ends, a run of
// blanks, a CR.
//
// The last line gets a CRLF when it has none, and blanks at its end are dropped
// like those of any other line.
type relaxed struct {
	out   output
	ends  int64
	blank bool
	cr    bool
}

var space = []byte{' '}

func (c *relaxed) write(p []byte) {
	if c.ends != 0 || c.blank || c.cr {
		if p = c.lead(p); len(p) == 0 {
			return
		}
	}
	// Nothing is held back. The blanks and line ends at the end of p have to
	// wait; before them, p is its own canonical form but for a few edits.
	body := len(p)
	for body > 0 && isBlankOrEnd(p[body-1]) {
		body--
	}
	c.text(p[:body])
	c.lead(p[body:])
}

func isBlankOrEnd(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }

// lead consumes blanks and line ends at the start of p and returns the rest,
// for which nothing is held back any more.
func (c *relaxed) lead(p []byte) []byte {
	for i, b := range p {
		switch b {
		case ' ', '\t':
			if c.cr {
				c.flush()
			}
			c.blank = true
		case '\r':
			if c.cr {
				c.flush()
			}
			c.cr = true
		case '\n':
			if c.cr {
				c.cr, c.blank = false, false
				c.ends++
				continue
			}
			c.flush()
			c.out.write(p[i : i+1])
		default:
			c.flush()
			return p[i:]
		}
	}
	return nil
}

func (c *relaxed) flush() {
	c.out.writeLineEnds(c.ends)
	c.ends = 0
	if c.blank {
		c.blank = false
		c.out.write(space)
	}
	if c.cr {
		c.cr = false
		c.out.write(lineEnds[:1])
	}
}

// text writes p, which starts where nothing is held back and ends in an octet
// that is no blank and no part of a line end.
func (c *relaxed) text(p []byte) {
	for start := 0; start < len(p); {
		i := nextEdit(p, start)
		c.out.write(p[start:i])
		start = c.squeeze(p, i)
	}
}

// calm is how many octets without an edit end squeeze.
const calm = 128

// squeeze writes the canonical form of p from i, where there is an edit, word
// by word: where one edit is, others are near. It returns how far it got.
func (c *relaxed) squeeze(p []byte, i int) int {
	o := &c.out
	n := o.fill
	o.total -= int64(n)
	for last := i; i < len(p) && i-last < calm; {
		if n > stageSize-8 {
			o.fill = n
			o.total += int64(n)
			o.flush()
			n = 0
		}
		if i+8 <= len(p) {
			// Take eight octets, of which those before the first blank or
			// control octet count.
			w := binary.LittleEndian.Uint64(p[i:])
			binary.LittleEndian.PutUint64(o.stage[n:], w)
			hit := ^(((w & low7) + above) | w) & high
			if hit == 0 {
				i += 8
				n += 8
				continue
			}
			k := bits.TrailingZeros64(hit) / 8
			i += k
			if n += k; n > stageSize-8 {
				continue
			}
		}
		b := p[i]
		if b != ' ' && b != '\t' || b == ' ' && p[i+1] > ' ' {
			o.stage[n] = b
			n++
			i++
			continue
		}
		last = i
		for p[i] == ' ' || p[i] == '\t' {
			i++
		}
		if p[i] != '\r' || p[i+1] != '\n' {
			o.stage[n] = ' '
			n++
		}
	}
	o.fill = n
	o.total += int64(n)
	return i
}

func (c *relaxed) close() {
	if c.cr { // not a line end after all
		c.flush()
	}
	if c.out.total > 0 {
		c.out.write(lineEnds[:2])
	}
}
