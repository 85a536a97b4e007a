package bodyhash

// block is how many octets the assembly looks at in one step.
const block = 32

// nextEdit returns the least i at or after from with i+1 < len(p) where relaxed
// canonicalization may have to change p: p[i] is a tab, or a space before a
// space or a control octet. It returns len(p) if there is none.
func nextEdit(p []byte, from int) int {
	i := from
	if n := (len(p) - i - 1) / block; n > 0 {
		i += editBlocks(&p[i], n) * block
	}
	return nextEditGeneric(p, i)
}

// odd reports whether p[i] is NUL, or a CR before another octet than LF, or
// p[i+1] an LF after another octet than CR, for any i with i+1 < len(p).
func odd(p []byte) bool {
	n := (len(p) - 1) / block
	if n > 0 && oddBlocks(&p[0], n) {
		return true
	}
	return oddGeneric(p[n*block:])
}

// editBlocks returns how many blocks of 32 octets, of n that start at p, come
// before the first one with an edit in the sense of nextEdit. It reads one
// octet beyond each block.
//
//go:noescape
func editBlocks(p *byte, n int) int

// oddBlocks reports whether one of the n blocks of 32 octets that start at p is
// odd in the sense of odd. It reads one octet beyond each block.
//
//go:noescape
func oddBlocks(p *byte, n int) bool
