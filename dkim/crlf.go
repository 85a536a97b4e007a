package dkim

import "io"

// NewCRLFReader returns a reader of what r yields, with a CR put before each LF
// that has none. It is for messages from files, whose lines end in LF: put it
// before a [Signer] or a [Verifier], and before whatever sends the message, so
// that all see the same octets. A CR without LF stays as it is.
//
// Do not use it on mail from the network: a bare LF there is an octet of the
// message, which a server should refuse rather than repair (RFC 5321, section
// 2.3.8).
func NewCRLFReader(r io.Reader) io.Reader { return &crlfReader{r: r} }

type crlfReader struct {
	r    io.Reader
	err  error
	rest []byte // what is ready
	cr   bool   // the last octet read was a CR
	in   [4 << 10]byte
	out  [8 << 10]byte
}

func (c *crlfReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(c.rest) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		var n int
		n, c.err = c.r.Read(c.in[:])
		out := c.out[:0]
		for _, b := range c.in[:n] {
			if b == '\n' && !c.cr {
				out = append(out, '\r')
			}
			out = append(out, b)
			c.cr = b == '\r'
		}
		c.rest = out
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
