package tlspolicy

import (
	"hash/maphash"
	"strings"
)

// An index finds an entry by its key. It does what a map does, for a set of
// keys that never changes, with fewer memory accesses that wait for each other:
// a key that is not there, as most parents are, costs one; a key that is there
// costs one more, because its octets and its entry are fetched side by side.
type index struct {
	seed  maphash.Seed
	slots []slot // length a power of two, at most half full
	keys  string // all keys, one after the other
}

type slot struct {
	tag    uint32 // upper half of the hash
	entry  uint32 // number of the entry plus one; 0: the slot is free
	off, n uint32 // the key within keys
}

func newIndex(keys []string) index {
	size := 4
	for size < 2*len(keys) {
		size *= 2
	}
	x := index{seed: maphash.MakeSeed(), slots: make([]slot, size), keys: strings.Join(keys, "")}
	mask := uint32(size - 1)
	off := uint32(0)
	for i, key := range keys {
		sum := maphash.String(x.seed, key)
		at := uint32(sum) & mask
		for x.slots[at].entry != 0 {
			at = (at + 1) & mask
		}
		x.slots[at] = slot{tag: uint32(sum >> 32), entry: uint32(i + 1), off: off, n: uint32(len(key))}
		off += uint32(len(key))
	}
	return x
}

// find returns the number of the entry with this key plus one, 0 if there is
// none, and the key as the index holds it.
func (x *index) find(key []byte) (entry uint32, own string) {
	if len(x.slots) == 0 { // the zero Table
		return 0, ""
	}
	sum := maphash.Bytes(x.seed, key)
	tag, mask := uint32(sum>>32), uint32(len(x.slots)-1)
	for at := uint32(sum) & mask; ; at = (at + 1) & mask {
		s := &x.slots[at]
		if s.entry == 0 {
			return 0, ""
		}
		if s.tag == tag && x.keys[s.off:s.off+s.n] == string(key) {
			return s.entry, x.keys[s.off : s.off+s.n]
		}
	}
}
