package postmap

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// The answers here are those of postmap -q of Postfix 3.7.11.

const cidrText = `if 198.51.100.0/24
198.51.100.7 seven
if !198.51.100.8
198.51.100.0/28 low
endif
endif
IF 10.0.0.0/8
10.1.0.0/16 ten
ENDIF
if 11.0.0.0/8 extra
11.0.0.1 eleven
endif extra
endif
10.2.0.0/255.255.0.0 mask
10.3.4.5
1.2.3 short
01.2.3.4 zero
0.0.0.0/0 all
::/0 all6
if 12.0.0.0/8
`

func TestCIDR(t *testing.T) {
	tests := []struct{ text, key, want string }{
		{cidrText, "198.51.100.7", "seven"},
		{cidrText, "198.51.100.1", "low"},
		{cidrText, "198.51.100.8", "all"},
		{cidrText, "10.1.2.3", "ten"},
		{cidrText, "11.0.0.1", "eleven"},
		{cidrText, "10.2.3.4", "all"},
		{cidrText, "x", ""},
		{cidrText, "1::2", "all6"},
		{cidrText, "01.2.3.4", ""},
		{cidrText, "198.51.100", ""},
		{cidrText, "", ""},
		{cidrText, strings.Repeat("1", 50), ""},
		{"198.51.100.7/24 hostbits\n198.51.100.7 second\n", "198.51.100.7", "second"},
		{"[2001:db8::]/32 br\n", "2001:db8::1", "br"},
		{"2001:db9::/32 v6\n", "2001:DB9::5", "v6"},
		{"[2001:dba::1] single\n", "2001:dba:0:0::1", "single"},
		{"[2001:dbb::/32] inside\n", "2001:dbb::1", "inside"},
		{"!10.0.0.0/8 neg\n", "::ffff:11.1.1.1", ""},
		{"!10.0.0.0/8 neg\n", "10.1.1.1", ""},
		{"10.0.0.0/33 x\n[::1 y\n::1/-1 z\n10.0.0.0/+8 w\n", "10.0.0.0", ""},
	}
	for _, tt := range tests {
		tbl, err := Parse("cidr", "c", []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := tbl.Lookup([]byte(tt.key)); got != tt.want || ok != (tt.want != "") {
			t.Errorf("Lookup(%q) in %.40q = %q, %v; want %q", tt.key, tt.text, got, ok, tt.want)
		}
	}
	tbl, _ := Parse("cidr", "c", []byte(cidrText))
	var lines []int
	for _, w := range Warnings(tbl) {
		lines = append(lines, w.Line)
		if w.Advice == "" || w.File != "cidr:c" {
			t.Errorf("warning without advice or file: %+v", w)
		}
	}
	if got, want := len(lines), 8; got != want {
		t.Errorf("%d warnings at %v, want %d", got, lines, want)
	}
}

// TestCIDRIndex compares the two ways to find the first match.
func TestCIDRIndex(t *testing.T) {
	var text strings.Builder
	for i := range 60 {
		text.WriteString("10.0." + itoa(i*4) + ".0/22 a" + itoa(i) + "\n10.0.0.0/" + itoa(8+i%9) + " b\n2001:db8:" + itoa(i) + "::/48 c" + itoa(i) + "\n")
	}
	tbl, err := Parse("cidr", "c", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	fast := tbl.(*cidrTable)
	if fast.byBits == nil {
		t.Fatal("a long table has no index")
	}
	slow := *fast
	slow.byBits = nil
	for _, key := range []string{"10.0.3.1", "10.0.7.255", "10.0.239.9", "10.5.5.5", "11.0.0.1", "2001:db8:7::1", "2001:db9::", "::1"} {
		got, _ := fast.Index([]byte(key))
		want, _ := slow.Index([]byte(key))
		if got != want {
			t.Errorf("Index(%q) = %d, want %d", key, got, want)
		}
	}
}

func itoa(i int) string {
	if i >= 10 {
		return itoa(i/10) + string(rune('0'+i%10))
	}
	return string(rune('0' + i))
}

const regexpText = `/^a(b)c$/ got $1
/^d(e)f$/ got $1x
/^g(h)i$/ got ${1}x $(1) $$
/^j(k)l$/ got $2
!/x/ neg $1
/foo\/bar/ slash
|^pipe| pipeval
/case/i cased
/unk/q unk
/noval/
/(unbal/ bad
aletter_a lettera
if /^if/
/^ifx/ ifx
if !/z$/
/^ify/ ify
endif
endif
if /^trail/ extra text
/^trailx/ y
endif bar
endif
/nl$/ v$name
/sp/ v$
/$/ v${1
!//
!!/^double/ dd
/^unclosed
!
if /[/
/out$/ ${}
`

func TestPatterns(t *testing.T) {
	tests := []struct{ key, want string }{
		{"abc", "got b"}, {"ABC", "got B"}, {"ghi", "got hx h $"}, {"foo/bar", "slash"}, {"pipe", "pipeval"},
		{"case", "cased"}, {"ifx", "ifx"}, {"ify", "ify"}, {"trailx", "y"}, {"doubled", "dd"},
	}
	for _, typ := range []string{"regexp", "pcre"} {
		tbl, err := Parse(typ, "r", []byte(regexpText))
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range tests {
			if got, ok := tbl.Lookup([]byte(tt.key)); got != tt.want || !ok {
				t.Errorf("%s: Lookup(%q) = %q, %v; want %q", typ, tt.key, got, ok, tt.want)
			}
		}
		for _, key := range []string{"def", "jkl", "CASE", "ifyz", "xnl", "\xff"} {
			if got, ok := tbl.Lookup([]byte(key)); ok {
				t.Errorf("%s: Lookup(%q) = %q, want nothing", typ, key, got)
			}
		}
		if v, ok := tbl.Lookup([]byte("noval")); v != "" || !ok {
			t.Errorf("%s: Lookup(noval) = %q, %v; want an empty result", typ, v, ok)
		}
		if !tbl.Pattern() {
			t.Errorf("%s: Pattern() = false", typ)
		}
		lines := map[int]bool{}
		for _, w := range Warnings(tbl) {
			lines[w.Line] = true
		}
		for _, n := range []int{2, 4, 5, 9, 10, 11, 12, 19, 22, 23, 24, 25, 28, 29, 30, 31} {
			if !lines[n] {
				t.Errorf("%s: no warning for line %d; have %v", typ, n, Warnings(tbl))
			}
		}
	}
}

func TestPatternFlags(t *testing.T) {
	tests := []struct{ typ, text, key, want string }{
		{"pcre", "/a.b/s ok", "a\nb", "ok"}, {"pcre", "/a.b/ ok", "a\nb", ""}, {"pcre", "/^b/m ok", "a\nb", "ok"},
		{"pcre", "/b # c/x ok", "b", "ok"}, {"pcre", "/b/A ok", "ab", ""}, {"pcre", "/a$/ ok", "a\n", "ok"}, {"pcre", "/a$/E ok", "a\n", ""},
		{"pcre", "/(a+)/U $1", "aaa", "a"}, {"pcre", "/a/X ok", "a", "ok"},
		{"regexp", "/a.b/ ok", "a\nb", "ok"}, {"regexp", "/a.b/m ok", "a\nb", ""}, {"regexp", "/a[^x]b/m ok", "a\nb", ""}, {"regexp", "/^b/m ok", "a\nb", "ok"},
		{"regexp", `/a\(b\)/x $1`, "ab", "b"},
		{"pcre", `/^(?!.*\.example\.com$)([^@]+)@/ not $1`, "u@other.example", "not u"},
		{"pcre", `/^(\w+)\.\1\./ twice`, "ab.ab.x", "twice"},
	}
	for _, tt := range tests {
		tbl, err := Parse(tt.typ, "r", []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := tbl.Lookup([]byte(tt.key)); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s %q: Lookup(%q) = %q, %v; want %q (%v)", tt.typ, tt.text, tt.key, got, ok, tt.want, Warnings(tbl))
		}
	}
	if _, err := Parse("pcre", "r", []byte(`/a\Xb/ REJECT`)); !errors.Is(err, ErrPattern) {
		t.Errorf("a rule that Postfix takes and we cannot: err = %v, want ErrPattern", err)
	}
}

func TestStepLimit(t *testing.T) {
	tbl, err := Parse("pcre", "r", []byte(`/^(?=(x+x+)+y)/ REJECT`+"\n/./ OK\n"))
	if err != nil {
		t.Fatal(err)
	}
	key := []byte(strings.Repeat("x", 60))
	if v, ok, err := Find(tbl, key); ok || !errors.Is(err, ErrLimit) {
		t.Errorf("Find = %q, %v, %v; want ErrLimit", v, ok, err)
	}
	if v, ok := tbl.Lookup(key); ok {
		t.Errorf("Lookup = %q, must find nothing", v)
	}
	subst, err := Parse("pcre", "r", []byte(`/^x(?=(x+x+)+y)?(x)/ $1`))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok, err := Find(subst, key); ok || !errors.Is(err, ErrLimit) {
		t.Errorf("Find = %q, %v, %v; want ErrLimit", v, ok, err)
	}
}

const hashText = `# comment
 leading ws line
key1 value one
  continued
# comment between

   more   
Key2	Tab value  
nokeyval
"quoted key" qv
"esc\"q" ev
dup one
dup two
"unterminated x
` + "Üml umlaut\nbad\xff x\n"

func TestHash(t *testing.T) {
	tbl, err := Parse("hash", "h", []byte(hashText))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"KEY1": "value one  continued   more", "key2": "Tab value", `"Quoted key"`: "qv", `"esc\"q"`: "ev", "dup": "one", "üml": "umlaut", "ÜML": "umlaut"} {
		if got, ok := tbl.Lookup([]byte(key)); got != want || !ok {
			t.Errorf("Lookup(%q) = %q, %v; want %q", key, got, ok, want)
		}
	}
	for _, key := range []string{"nokeyval", "leading", "quoted key", "", "\xffx", "Bad\xff", strings.Repeat("A", 1000), strings.Repeat("a", 1000)} {
		if got, ok := tbl.Lookup([]byte(key)); ok {
			t.Errorf("Lookup(%q) = %q, want nothing", key, got)
		}
	}
	if n := len(Warnings(tbl)); n != 5 {
		t.Errorf("%d warnings, want 5: %v", n, Warnings(tbl))
	}
	long := strings.Repeat("K", 300)
	tbl, _ = Parse("hash", "h", []byte(long+" v"))
	if _, ok := tbl.Lookup([]byte(long)); !ok {
		t.Error("a key of 300 octets is not found")
	}
	tbl, _ = Parse("hash", "h", []byte("straße v"))
	if _, ok := tbl.Lookup([]byte("STRASSE")); !ok {
		t.Error("ß does not fold to ss")
	}
	var e *Error
	if _, err := Parse("texthash", "h", []byte(hashText)); !errors.As(err, &e) || !errors.Is(err, ErrDuplicate) || e.Line != 13 || !strings.Contains(err.Error(), "texthash:h:13") {
		t.Errorf("texthash with a duplicate: %v", err)
	}
}

func TestLower(t *testing.T) {
	var all []byte
	for c := byte(0); c < 128; c++ {
		all = append(all, c, 'z', c)
	}
	for i := range all {
		for _, n := range []int{1, 7, 8, 9, 20} {
			in := all[i:min(i+n, len(all))]
			want := strings.ToLower(string(in))
			if got := string(appendLower(nil, in)); got != want {
				t.Fatalf("appendLower(%q) = %q, want %q", in, got, want)
			}
			if kind := caseOf(in); (kind == lowerASCII) != (want == string(in)) {
				t.Fatalf("caseOf(%q) = %d", in, kind)
			}
		}
	}
	for _, in := range []string{"ä", "aaaaaaaä", "Aaaaaaaaä", "AAAAAAAAAAAAAAAAé"} {
		if caseOf([]byte(in)) != notASCII {
			t.Errorf("caseOf(%q) is ASCII", in)
		}
	}
}

func TestLoader(t *testing.T) {
	own, _ := Parse("static", "mine", nil)
	l := &Loader{
		Open: func(typ, name string) (Table, error) {
			switch typ {
			case "mysql":
				return own, nil
			case "ldap":
				return nil, os.ErrPermission
			}
			return nil, nil
		},
		ReadFile: func(name string) ([]byte, error) {
			if name == "/t" {
				return []byte("a b\n10.0.0.0/8 net\n/p/ q\n"), nil
			}
			return nil, os.ErrNotExist
		},
		IntN: func(n int) int { return n - 1 },
	}
	good := []struct{ spec, key, want string }{
		{"hash:/t", "a", "b"}, {"proxy:hash:/t", "a", "b"}, {"debug:texthash:/t", "a", "b"}, {"cidr:/t", "10.1.1.1", "net"}, {"regexp:/t", "p", "q"},
		{"pcre:{ {/p/ q} }", "p", "q"}, {"proxy:mysql:/x", "k", "mine"}, {"mysql:/x", "k", "mine"}, {"static:a b", "k", "a b"},
		{"inline:{a=1,a=2}", "a", "2"}, {"inline:{b=}", "b", ""}, {`inline:{{"a b"= x y }}`, `"a b"`, "x y"},
		{"randmap:{x y z}", "k", "z"}, {"randmap:{{x 1}, {y 2}}", "k", "{y 2}"},
		{"unionmap:{inline:{a=1} inline:{b=2}}", "a", "1"}, {"unionmap:{inline:{a=1},inline:{a=2},static:3}", "a", "1,2,3"},
		{"pipemap:{inline:{a=1}, inline:{1=2}}", "a", "2"}, {"pipemap:{hash:/t,inline:{b=c}}", "a", "c"},
	}
	for _, tt := range good {
		tbl, err := l.Load(tt.spec)
		if err != nil {
			t.Errorf("Load(%q): %v", tt.spec, err)
			continue
		}
		if got, ok := tbl.Lookup([]byte(tt.key)); got != tt.want || !ok {
			t.Errorf("Load(%q).Lookup(%q) = %q, %v; want %q", tt.spec, tt.key, got, ok, tt.want)
		}
	}
	bad := []struct {
		spec string
		kind error
	}{
		{"hash", ErrSyntax}, {"hash:", ErrSyntax}, {"static:", ErrSyntax}, {"hash:/absent", os.ErrNotExist}, {"ldap:/x", os.ErrPermission}, {"nis:x", ErrType},
		{"inline:x", ErrSyntax}, {"inline:{}", ErrSyntax}, {"inline:{b}", ErrSyntax}, {"inline:{ {a = 1 2 3 } b = 5}", ErrSyntax}, {"inline:{{a=b}x}", ErrSyntax},
		{`inline:{"a"}`, ErrSyntax}, {`inline:{"a}`, ErrSyntax}, {"static:{x", ErrSyntax}, {"cidr:{ 192.168.9.0/24=x }", ErrSyntax}, {"cidr:{}", ErrSyntax}, {"pcre:{x", ErrSyntax},
		{"randmap:x", ErrSyntax}, {"randmap:{}", ErrSyntax}, {"unionmap:{}", ErrSyntax}, {"unionmap:x", ErrSyntax}, {"unionmap:{x}", ErrSyntax}, {"pipemap:{hash:/absent}", os.ErrNotExist},
		{strings.Repeat("proxy:", 50) + "hash:/t", ErrDepth},
	}
	for _, tt := range bad {
		var e *Error
		if tbl, err := l.Load(tt.spec); !errors.As(err, &e) || !errors.Is(err, tt.kind) {
			t.Errorf("Load(%q) = %v, %v; want %v", tt.spec, tbl, err, tt.kind)
		}
	}
	if _, err := new(Loader).Load("hash:/t"); !errors.Is(err, ErrOpen) {
		t.Errorf("zero Loader: %v, want ErrOpen", err)
	}
	if tbl, err := new(Loader).Load("randmap:{a}"); err != nil {
		t.Error(err)
	} else if v, ok := tbl.Lookup(nil); v != "a" || !ok || tbl.Pattern() {
		t.Errorf("randmap: %q, %v", v, ok)
	}
}

func TestFail(t *testing.T) {
	l := new(Loader)
	for spec, key := range map[string]string{"fail:x": "k", "pipemap:{inline:{a=1},fail:x}": "a", "unionmap:{inline:{a=1},fail:x}": "a"} {
		tbl, err := l.Load(spec)
		if err != nil {
			t.Fatal(err)
		}
		if v, ok, err := Find(tbl, []byte(key)); ok || !errors.Is(err, ErrFail) {
			t.Errorf("%s: Find = %q, %v, %v; want ErrFail", spec, v, ok, err)
		}
		if _, ok := tbl.Lookup([]byte(key)); ok {
			t.Errorf("%s: Lookup found something", spec)
		}
		if tbl.Pattern() {
			t.Errorf("%s: Pattern() = true", spec)
		}
	}
	tbl, _ := l.Load("pipemap:{inline:{a=1},fail:x}")
	if _, ok, err := Find(tbl, []byte("b")); ok || err != nil {
		t.Errorf("a pipe that ends before fail: %v, %v", ok, err)
	}
}

func TestEntries(t *testing.T) {
	for _, tt := range []struct {
		typ, name, text, key string
		want                 Entry
	}{
		{"hash", "h", "# c\nA b\nC d\n", "c", Entry{Key: "c", Value: "d", Line: 3}},
		{"cidr", "c", "!10.0.0.0/8 x\n", "11.0.0.0", Entry{Key: "10.0.0.0/8", Value: "x", Line: 1, Neg: true}},
		{"pcre", "p", "if /a/\n/(b)/i $1\nendif\n", "ab", Entry{Key: "/(b)/i", Value: "$1", Line: 2, Subst: true}},
		{"static", "s", "", "q", Entry{Value: "s"}},
	} {
		tbl, err := Parse(tt.typ, tt.name, []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		x := tbl.(Indexed)
		i, err := x.Index([]byte(tt.key))
		if err != nil || i < 0 || i >= x.Len() || x.Entry(i) != tt.want {
			t.Errorf("%s: Index(%q) = %d, %v, entries %d; want %+v", tt.typ, tt.key, i, err, x.Len(), tt.want)
		}
	}
	u, _ := new(Loader).Load("unionmap:{pcre:{{/(/ x}},cidr:{{x y}}}")
	if n := len(Warnings(u)); n != 2 || !u.Pattern() {
		t.Errorf("warnings of a composite: %d, want 2", n)
	}
	if Warnings(staticTable("x")) != nil {
		t.Error("warnings of static")
	}
}
