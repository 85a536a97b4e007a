package bodyhash

import "bytes"

// A LineCounter counts the octets of a body that have no place in Internet
// mail: a CR without LF, an LF without CR, and NUL (RFC 5322, section 2.3).
// The zero value is ready for use. The counts are complete after Close.
type LineCounter struct {
	BareCR int64
	BareLF int64
	NUL    int64

	cr bool // the last octet was a CR
}

// Write takes the next octets.
func (c *LineCounter) Write(p []byte) {
	if len(p) == 0 {
		return
	}
	switch lf := p[0] == '\n'; {
	case c.cr && !lf:
		c.BareCR++
	case !c.cr && lf:
		c.BareLF++
	}
	last := p[len(p)-1]
	c.cr = last == '\r'
	if odd(p) {
		pairs := int64(bytes.Count(p, []byte("\r\n")))
		c.BareCR += int64(bytes.Count(p[:len(p)-1], []byte{'\r'})) - pairs
		c.BareLF += int64(bytes.Count(p[1:], []byte{'\n'})) - pairs
		c.NUL += int64(bytes.Count(p, []byte{0}))
	} else if last == 0 {
		c.NUL++
	}
}

// Close ends the body.
func (c *LineCounter) Close() {
	if c.cr {
		c.BareCR++
		c.cr = false
	}
}
