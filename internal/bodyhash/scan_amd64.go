package bodyhash

// block is how many octets the assembly looks at in one step.
const block = 64

var useAVX2 = hasAVX2()

// nextEdit returns the least i at or after from with i+1 < len(p) where relaxed
// canonicalization may have to change p: p[i] is a tab, or a space before a
// space or a control octet. It returns len(p) if there is none.
func nextEdit(p []byte, from int) int {
	if n := (len(p) - from - 1) / block; n > 0 && useAVX2 {
		from += editBlocks(&p[from], n) * block
	}
	return nextEditGeneric(p, from)
}

// odd reports whether p[i] is NUL, or a CR before another octet than LF, or
// p[i+1] an LF after another octet than CR, for any i with i+1 < len(p).
func odd(p []byte) bool {
	if n := (len(p) - 1) / block; n > 0 && useAVX2 {
		if oddBlocks(&p[0], n) {
			return true
		}
		p = p[n*block:]
	}
	return oddGeneric(p)
}

// hasAVX2 reports whether AVX2 can be used.
func hasAVX2() bool

// editBlocks returns how many blocks of 64 octets, of n that start at p, come
// before the first one with an edit in the sense of nextEdit. It reads one
// octet beyond each block.
//
//go:noescape
func editBlocks(p *byte, n int) int

// oddBlocks reports whether one of the n blocks of 64 octets that start at p is
// odd in the sense of odd. It reads one octet beyond each block.
//
//go:noescape
func oddBlocks(p *byte, n int) bool
