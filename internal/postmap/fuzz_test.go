package postmap

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzParse checks for every table: a fixed-key entry is found under its own
// key in any case, and answers what it holds; an index is in range; nothing
// takes long.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{hashText, cidrText, regexpText, "{ {/a/ b} }", "{a=b, {c = d}}"} {
		for _, typ := range []string{"hash", "texthash", "cidr", "regexp", "pcre", "inline", "unionmap"} {
			f.Add(typ, seed, "key1")
		}
	}
	f.Fuzz(func(t *testing.T, typ, text, key string) {
		if len(text) > 4096 || len(key) > 256 {
			return
		}
		start := time.Now()
		tbl, err := Parse(typ, text, []byte(text))
		if err != nil {
			return
		}
		value, ok, err := Find(tbl, []byte(key))
		if ok && err != nil {
			t.Errorf("%s %q: Find(%q) found %q and failed with %v", typ, text, key, value, err)
		}
		if x, isIndexed := tbl.(Indexed); isIndexed {
			if i, _ := x.Index([]byte(key)); i >= x.Len() || (i >= 0) != (ok || err != nil) {
				t.Errorf("%s %q: Index(%q) = %d of %d, Find = %v, %v", typ, text, key, i, x.Len(), ok, err)
			}
		}
		if h, isHash := tbl.(*hashTable); isHash {
			for i := range h.Len() {
				e := h.Entry(i)
				if got, ok := h.Lookup([]byte(strings.ToUpper(e.Key))); utf8.ValidString(e.Key) && isASCII(e.Key) && (!ok || got != e.Value) {
					t.Errorf("%q: Lookup of %q in upper case = %q, %v; want %q", text, e.Key, got, ok, e.Value)
				}
			}
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s %q took %v", typ, text, d)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// FuzzAddrKey compares with net/netip.
func FuzzAddrKey(f *testing.F) {
	for _, s := range []string{"1.2.3.4", "::", "::1", "1::", "2001:db8::7", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:7::", "::1.2.3.4", "1::2::3", "01.2.3.4", "1.2.3", "12345::", "1:2:3:4:5:6:7:1.2.3.4", "1:", ":1", "1.2.3.4.5", "256.1.1.1", "fe80::1%eth0", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseAddrKey([]byte(s))
		want, err := netip.ParseAddr(s)
		if err == nil && want.Zone() != "" {
			return
		}
		if ok != (err == nil) || ok && got != want {
			t.Errorf("parseAddrKey(%q) = %v, %v; net/netip has %v, %v", s, got, ok, want, err)
		}
	})
}
