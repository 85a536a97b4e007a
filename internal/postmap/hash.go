package postmap

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mailsec-go/mailsec/internal/postline"
)

// hashTable holds fixed keys, folded. Keys and values stand side by side in
// blob, so that a lookup touches three places in memory: slot, entry, text.
type hashTable struct {
	seed    maphash.Seed
	slots   []slot // a power of two, at most half full
	entries []hashEntry
	blob    []byte // while the table is built
	text    string // blob, afterwards
	maxKey  int
	warns   []*Error
}

// slot is one place of the hash table; entry is its number plus one.
type slot struct {
	hash  uint32
	entry uint32
}

// hashEntry says where in the text a key and the value after it stand.
type hashEntry struct {
	off, key, value, line uint32
}

const (
	foldBuffer = 256     // length up to which a key is folded on the stack
	maxHash    = 1 << 30 // octets of a text
)

func newHashTable(entries, octets int) *hashTable {
	n := 8
	for n < 2*entries {
		n *= 2
	}
	return &hashTable{seed: maphash.MakeSeed(), slots: make([]slot, n),
		entries: make([]hashEntry, 0, entries), blob: make([]byte, 0, octets)}
}

func (h *hashTable) Lookup(key []byte) (string, bool) {
	i, _ := h.Index(key)
	if i < 0 {
		return "", false
	}
	e := h.entries[i]
	return h.text[e.off+e.key:][:e.value], true
}

func (h *hashTable) Index(key []byte) (int, error) {
	switch caseOf(key) {
	case lowerASCII:
	case mixedASCII:
		if len(key) > h.maxKey {
			return -1, nil
		}
		var buf [foldBuffer]byte
		folded := buf[:0]
		if len(key) > len(buf) {
			folded = make([]byte, 0, len(key))
		}
		folded = appendLower(folded, key)
		key = folded
	default:
		if !utf8.Valid(key) {
			return -1, nil
		}
		key = []byte(fold(string(key)))
	}
	hash := maphash.Bytes(h.seed, key)
	mask := uint64(len(h.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		s := h.slots[at]
		if s.entry == 0 {
			return -1, nil
		}
		if s.hash != uint32(hash>>32) {
			continue
		}
		e := &h.entries[s.entry-1]
		if h.text[e.off:][:e.key] == string(key) {
			return int(s.entry - 1), nil
		}
	}
}

func (h *hashTable) Pattern() bool      { return false }
func (h *hashTable) Len() int           { return len(h.entries) }
func (h *hashTable) warnings() []*Error { return h.warns }

func (h *hashTable) Entry(i int) Entry {
	e := h.entries[i]
	return Entry{Key: h.text[e.off:][:e.key], Value: h.text[e.off+e.key:][:e.value], Line: int(e.line)}
}

// add stores an entry. It reports false when the key is there already, which
// then keeps its value unless replace is set.
func (h *hashTable) add(key, value string, line int, replace bool) bool {
	hash := maphash.String(h.seed, key)
	mask := uint64(len(h.slots) - 1)
	at := hash & mask
	entry := hashEntry{off: uint32(len(h.blob)), key: uint32(len(key)), value: uint32(len(value)), line: uint32(line)}
	for ; h.slots[at].entry != 0; at = (at + 1) & mask {
		s := h.slots[at]
		if s.hash != uint32(hash>>32) {
			continue
		}
		e := &h.entries[s.entry-1]
		if string(h.blob[e.off:][:e.key]) != key {
			continue
		}
		if replace {
			*e = entry
			h.blob = append(append(h.blob, key...), value...)
		}
		return false
	}
	h.blob = append(append(h.blob, key...), value...)
	h.entries = append(h.entries, entry)
	h.slots[at] = slot{uint32(hash >> 32), uint32(len(h.entries))}
	h.maxKey = max(h.maxKey, len(key))
	return true
}

// done ends building.
func (h *hashTable) done() *hashTable {
	h.text, h.blob = string(h.blob), nil
	return h
}

func (h *hashTable) warn(file string, line int, text string, kind error, advice string) {
	h.warns = append(h.warns, &Error{File: file, Line: line, Text: text, Err: kind, Advice: advice})
}

// parseHash compiles "key value" lines. A second entry for a key is an error
// when strict is set, as texthash has it; otherwise the first one stays.
func parseHash(file, text string, strict bool) (Table, error) {
	if len(text) > maxHash {
		return nil, &Error{File: file, Err: ErrSyntax, Advice: "the table is larger than 1 GiB"}
	}
	h := newHashTable(strings.Count(text, "\n")+1, len(text))
	sc := postline.NewScanner(text)
	for line, ok := sc.Next(); ok; line, ok = sc.Next() {
		if line.Orphan {
			h.warn(file, line.Num, line.Text, ErrSyntax, "a line must not start with white space; this one is ignored")
			continue
		}
		key, value, closed := splitKey(line.Text)
		switch {
		case !closed:
			h.warn(file, line.Num, line.Text, ErrSyntax, "unbalanced '\"'; this line is ignored")
			continue
		case value == "":
			h.warn(file, line.Num, line.Text, ErrSyntax, "write the key, white space and the value; this line is ignored")
			continue
		case !utf8.ValidString(line.Text):
			h.warn(file, line.Num, line.Text, ErrSyntax, "the text is not UTF-8; this line is ignored")
			continue
		}
		if h.add(fold(key), value, line.Num, false) {
			continue
		}
		if strict {
			return nil, &Error{File: file, Line: line.Num, Text: key, Err: ErrDuplicate, Advice: "Postfix refuses the whole table; keep one of the lines"}
		}
		h.warn(file, line.Num, key, ErrDuplicate, "the first entry counts; this line is ignored")
	}
	return h.done(), nil
}

// splitKey cuts a line at the first white space outside double quotes. The
// quotes stay part of the key.
func splitKey(line string) (key, value string, closed bool) {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || '\t' <= c && c <= '\r'):
			return line[:i], strings.TrimLeft(line[i:], postline.Space+"\v\f"), true
		}
	}
	return line, "", !quoted
}

// parseInline compiles inline:{ key=value, { key = text } }; the last entry
// for a key counts.
func parseInline(file, name string) (Table, error) {
	const advice = "write inline:{ key=value, { key = text with spaces } }"
	inner, err := postline.Unbrace(name)
	if err != nil {
		return nil, &Error{File: file, Err: ErrSyntax, Advice: advice}
	}
	tokens := postline.Fields(inner, postline.CommaSpace)
	h := newHashTable(len(tokens), len(inner))
	for _, tok := range tokens {
		if tok[0] == '{' {
			if tok, err = postline.Unbrace(tok); err != nil {
				return nil, &Error{File: file, Text: tok, Err: ErrSyntax, Advice: err.Error() + "; " + advice}
			}
		}
		key, value, err := inlineEntry(tok)
		if err != nil {
			return nil, &Error{File: file, Text: tok, Err: ErrSyntax, Advice: err.Error() + "; " + advice}
		}
		if !h.add(fold(key), value, 0, true) {
			h.warn(file, 0, key, ErrDuplicate, "the last entry counts")
		}
	}
	if len(h.entries) == 0 {
		return nil, &Error{File: file, Err: ErrSyntax, Advice: advice}
	}
	return h.done(), nil
}

// inlineEntry splits key=value where the key may be quoted.
func inlineEntry(s string) (key, value string, err error) {
	if !strings.HasPrefix(s, `"`) {
		return postline.NameValue(s)
	}
	key, rest, ok := unquote(s)
	if !ok {
		return "", "", postline.ErrBadName
	}
	rest = strings.TrimLeft(rest, postline.Space)
	if !strings.HasPrefix(rest, "=") {
		return "", "", postline.ErrNoEqual
	}
	return key, strings.Trim(rest[1:], postline.Space), nil
}

// unquote takes a "quoted string" off s, quotes kept.
func unquote(s string) (quoted, rest string, ok bool) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[:i+1], s[i+1:], true
		}
	}
	return "", "", false
}

// What a key is made of, as far as folding cares.
const (
	lowerASCII = iota
	mixedASCII
	notASCII
)

func caseOf(key []byte) int {
	kind := lowerASCII
	for ; len(key) >= 8; key = key[8:] {
		w := binary.LittleEndian.Uint64(key)
		if w&highBits != 0 {
			return notASCII
		}
		if upperBits(w) != 0 {
			kind = mixedASCII
		}
	}
	for _, c := range key {
		switch {
		case c >= utf8.RuneSelf:
			return notASCII
		case 'A' <= c && c <= 'Z':
			kind = mixedASCII
		}
	}
	return kind
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x80 * lowBits
)

// upperBits returns the high bit of each octet of w, all of them ASCII, that is
// an upper-case letter.
func upperBits(w uint64) uint64 {
	return (w + (0x80-'A')*lowBits) &^ (w + (0x7f-'Z')*lowBits) & highBits
}

// appendLower appends ASCII text in lower case.
func appendLower(dst, key []byte) []byte {
	for ; len(key) >= 8; key = key[8:] {
		w := binary.LittleEndian.Uint64(key)
		dst = binary.LittleEndian.AppendUint64(dst, w|upperBits(w)>>2)
	}
	for _, c := range key {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// fold returns s with case folded: simple folding of Unicode, and ß as ss.
func fold(s string) string {
	ascii, upper := true, false
	for i := 0; i < len(s); i++ {
		ascii = ascii && s[i] < utf8.RuneSelf
		upper = upper || 'A' <= s[i] && s[i] <= 'Z'
	}
	switch {
	case ascii && !upper:
		return s
	case ascii:
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range s {
		if r == 'ß' || r == 'ẞ' {
			b.WriteString("ss")
			continue
		}
		b.WriteRune(foldRune(r))
	}
	return b.String()
}

// foldRune returns the representative of r's case orbit: its smallest member,
// in lower case when that is ASCII.
func foldRune(r rune) rune {
	low := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		low = min(low, f)
	}
	if 'A' <= low && low <= 'Z' {
		low += 'a' - 'A'
	}
	return low
}

// parseStatic compiles static:value and static:{ text }.
func parseStatic(file, name string) (Table, error) {
	value := name
	if strings.HasPrefix(name, "{") {
		inner, err := postline.Unbrace(name)
		if err != nil {
			return nil, &Error{File: file, Err: ErrSyntax, Advice: err.Error() + "; write static:{text}"}
		}
		value = inner
	}
	return staticTable(value), nil
}

// staticTable answers every key with itself.
type staticTable string

func (s staticTable) Lookup([]byte) (string, bool) { return string(s), true }
func (s staticTable) Pattern() bool                { return false }
func (s staticTable) Index([]byte) (int, error)    { return 0, nil }
func (s staticTable) Len() int                     { return 1 }
func (s staticTable) Entry(int) Entry              { return Entry{Value: string(s)} }
