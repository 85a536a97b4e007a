package postmap

import "testing"

func TestLookup(t *testing.T) {
	tests := []struct{ name, typ, file, text, key, want string }{
		{"folded", "hash", "h", "Key value\n", "kEY", "value"},
		{"continued", "texthash", "h", "k a\n  b\n# c\n\n   c\n", "k", "a  b   c"},
		{"quoted", "hash", "h", `"a b"@c x`, `"A b"@c`, "x"},
		{"cidr", "cidr", "c", "!10.0.0.0/8 x\n", "11.1.1.1", "x"},
		{"cidr inline", "cidr", "{ { 192.168.9.0/24 y } }", "", "192.168.9.1", "y"},
		{"regexp group", "regexp", "r", "/^(a+)b$/ got ${1}x $(1) $$", "aab", "got aax aa $"},
		{"inline", "inline", "{ {a = 1 2} b=5}", "", "a", "1 2"},
		{"static", "static", "{ x y }", "", "q", "x y"},
		{"union", "unionmap", "{static:a,inline:{k=b},static:c}", "", "k", "a,b,c"},
		{"pipe", "pipemap", "{inline:{a=b},inline:{b=c}}", "", "a", "c"},
	}
	for _, tt := range tests {
		tbl, err := Parse(tt.typ, tt.file, []byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got, ok := tbl.Lookup([]byte(tt.key)); got != tt.want || !ok {
			t.Errorf("%s: Lookup(%q) = %q, %v; want %q (%v)", tt.name, tt.key, got, ok, tt.want, Warnings(tbl))
		}
	}
}
