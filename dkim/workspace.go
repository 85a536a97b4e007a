package dkim

import (
	"crypto"
	"hash"
	"sync"

	"github.com/mailsec-go/mailsec/internal/bodyhash"
	"github.com/mailsec-go/mailsec/internal/rawheader"
)

// workspace is the memory that hashing one message takes. It outlives the
// message, so that small messages cost little besides the hashing itself.
type workspace struct {
	header hasher
	bodies bodyhash.Set
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// maxKept is the largest canonical header whose memory is kept.
const maxKept = 64 << 10

func (w *workspace) release() {
	if w == nil {
		return
	}
	w.bodies.Reset()
	w.header.sel.Release()
	if cap(w.header.text) > maxKept {
		w.header.text = nil
	}
	workspaces.Put(w)
}

// hasher computes header hashes, keeping its memory between signatures.
type hasher struct {
	sel     rawheader.Selection
	text    []byte
	hash    hash.Hash
	algHash crypto.Hash
}

// sum appends the hash over the fields that s names and over its own field
// (RFC 6376, section 3.7), and returns its length.
func (h *hasher) sum(dst []byte, header *rawheader.Header, s *signature) int {
	if h.hash == nil || h.algHash != s.alg.hash() {
		h.hash, h.algHash = s.alg.newHash(), s.alg.hash()
	}
	if h.text == nil {
		h.text = make([]byte, 0, 4<<10)
	}
	h.sel.Reset(header)
	h.text = h.text[:0]
	for _, name := range s.names {
		if i := h.sel.Next([]byte(name)); i >= 0 {
			h.text = appendField(h.text, s.header, &header.Fields[i])
		}
	}
	h.text = appendOwnField(h.text, s.header, s.field, s.bFrom, s.bTo)
	h.hash.Reset()
	h.hash.Write(h.text)
	return len(h.hash.Sum(dst))
}
