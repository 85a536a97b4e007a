package bodyhash

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	low7   = 0x7f7f7f7f7f7f7f7f
	high   = 0x8080808080808080
	spaces = 0x2020202020202020
	tabs   = 0x0909090909090909
	above  = 0x5f5f5f5f5f5f5f5f // 0x80 - 0x21: carries into the top bit above 0x20
)

// isEdit reports whether relaxed canonicalization may have to change p at i:
// p[i] is a tab, or a space before a space or a control octet.
func isEdit(p []byte, i int) bool {
	return p[i] == '\t' || p[i] == ' ' && p[i+1] <= ' '
}

// nextEditGeneric is nextEdit in words of eight octets. With t = w^x, a byte of
// ((t&low7)+low7)|t has its top bit set unless the octet of w is that of x; in
// the word v one octet further on, ((v&low7)+above)|v has it set above a space.
func nextEditGeneric(p []byte, from int) int {
	i := from
	for ; i+9 <= len(p); i += 8 {
		q := (*[9]byte)(p[i:])
		w, v := binary.LittleEndian.Uint64(q[0:8]), binary.LittleEndian.Uint64(q[1:9])
		sp, tab := w^spaces, w^tabs
		ok := (((sp & low7) + low7) | sp | ((v & low7) + above) | v) & (((tab & low7) + low7) | tab)
		if hit := ^ok & high; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for ; i+1 < len(p); i++ {
		if isEdit(p, i) {
			return i
		}
	}
	return len(p)
}

// oddGeneric is odd with the vectorised searches of the standard library, a
// line at a time.
func oddGeneric(p []byte) bool {
	if bytes.IndexByte(p[:len(p)-1], 0) >= 0 {
		return true
	}
	ends := 0
	for i := 1; ; {
		j := bytes.IndexByte(p[i:], '\n')
		if j < 0 {
			break
		}
		i += j + 1
		if p[i-2] != '\r' {
			return true
		}
		ends++
		if i == len(p) {
			break
		}
	}
	return bytes.Count(p[:len(p)-1], []byte{'\r'}) != ends
}
