package bodyhash

import "bytes"

// A LineCounter counts the octets of a body that have no place in Internet
// mail: a CR without LF, an LF without CR, and NUL (RFC 5322, section 2.3).
// The zero value is ready for use.
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
	if bytes.IndexByte(p, 0) >= 0 {
		c.NUL += int64(bytes.Count(p, []byte{0}))
	}
	ends := int64(0)
	if c.cr {
		if p[0] == '\n' {
			ends++
			c.BareCR--
		}
	}
	crs := int64(bytes.Count(p, []byte{'\r'}))
	lfs := int64(bytes.Count(p, []byte{'\n'}))
	pairs := countPairs(p)
	c.BareCR += crs - pairs
	c.BareLF += lfs - pairs - ends
	c.cr = p[len(p)-1] == '\r'
}

// Close ends the body.
func (c *LineCounter) Close() {}

func countPairs(p []byte) int64 { return int64(bytes.Count(p, []byte("\r\n"))) }
