package pcre

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMatch holds patterns with what they match; want is the whole match, then
// the groups, "-" for a group that is not set, nil for no match.
func TestMatch(t *testing.T) {
	tests := []struct {
		expr  string
		flags Flags
		in    string
		want  []string
	}{
		{`a(b)?c`, 0, "xac", []string{"ac", "-"}},
		{`(?=ab)a`, 0, "ab", []string{"a"}},
		{`a(?!b)`, 0, "abac", []string{"a"}},
		{`(?<=x)a`, 0, "axa", []string{"a"}},
		{`(?<=x|yz)a`, 0, "yza", []string{"a"}},
		{`(?<!x)a`, 0, "xa", nil},
		{`(?<=[ä])b`, 0, "äb", []string{"b"}},
		{`(?<=(?:ab){2})c`, 0, "ababc", []string{"c"}},
		{`(a+)+b`, 0, "aaab", []string{"aaab", "aaa"}},
		{`(?>a+)ab`, 0, "aaab", nil},
		{`a++b`, 0, "aab", []string{"aab"}},
		{`a*+a`, 0, "aaa", nil},
		{`(\w+) \1`, 0, "ab ab", []string{"ab ab", "ab"}},
		{`(\w+) \1`, IgnoreCase, "ab AB", []string{"ab AB", "ab"}},
		{`(?<n>a)\k<n>\k'n'\k{n}(?P=n)\g{n}\g1\g{-1}`, 0, "aaaaaaaa", []string{"aaaaaaaa", "a"}},
		{`(a)?(?(1)b|c)`, 0, "ab", []string{"ab", "a"}},
		{`^(a)?(?(1)b|c)$`, 0, "c", []string{"c", "-"}},
		{`^(?<x>a)?(?(x)b|c)(?(<x>)d|e)(?('x')f|g)$`, 0, "ceg", []string{"ceg", "-"}},
		{`(?(?=a)ab|cd)`, 0, "cd", []string{"cd"}},
		{`(?(?!a)cd|ab)`, 0, "ab", []string{"ab"}},
		{`(?(?=a)b)`, 0, "c", []string{""}},
		{`(?(DEFINE)(?<d>\d+))(?&d)\.(?P>d)`, 0, "1.23", []string{"1.23", "-"}},
		{`\((?:[^()]|(?R))*\)`, 0, "x(a(b)c)", []string{"(a(b)c)"}},
		{`(a|\((?1)\))`, 0, "((a))", []string{"((a))", "((a))"}},
		{`(x)(?-1)(?+1)(y)`, 0, "xxyy", []string{"xxyy", "x", "y"}},
		{`(x)\g<1>\g'1'`, 0, "xxx", []string{"xxx", "x"}},
		{`foo\Kbar`, 0, "foobar", []string{"bar"}},
		{`a\Rb`, 0, "a\r\nb", []string{"a\r\nb"}},
		{`a\hb\Hc\vd\Ve`, 0, "a b-c\nd.e", []string{"a b-c\nd.e"}},
		{`[\h\d]+`, 0, "x 1\t", []string{" 1\t"}},
		{`\N+`, 0, "a\nb", []string{"a"}},
		{`.+`, DotAll, "a\nb", []string{"a\nb"}},
		{`^b$`, Multiline, "a\nb\nc", []string{"b"}},
		{`a$`, 0, "a\n", []string{"a"}},
		{`a\Z`, 0, "a\n", []string{"a"}},
		{`a\z`, 0, "a\n", nil},
		{`a$`, DollarEnd, "a\n", nil},
		{`\Ga`, 0, "ba", nil},
		{`b`, Anchored, "ab", nil},
		{` a b # comment`, Extended, "ab", []string{"ab"}},
		{"a #c\nb", Extended, "ab", []string{"ab"}},
		{`(?x: a b )c d`, 0, "abc d", []string{"abc d"}},
		{`a+`, Ungreedy, "aaa", []string{"a"}},
		{`a+?`, Ungreedy, "aaa", []string{"aaa"}},
		{`(?U)a+(?-U)b+`, 0, "aabb", []string{"aabb"}},
		{`(?i)a(?-i)b`, 0, "Ab", []string{"Ab"}},
		{`(?i:a)b`, 0, "AB", nil},
		{`(?^:a)`, IgnoreCase, "A", nil},
		{`(?n)(a)(?<x>b)`, 0, "ab", []string{"ab", "b"}},
		{`(?s-i:a.)`, IgnoreCase, "a\n", []string{"a\n"}},
		{`(?m)^x(?s).y`, 0, "a\nx\ny", []string{"x\ny"}},
		{`(?|(a)|(b))\1`, 0, "bb", []string{"bb", "b"}},
		{`(?#comment)a(?#x)*`, 0, "aaa", []string{"aaa"}},
		{`(?C1)a(?C)`, 0, "a", []string{"a"}},
		{`\Qa.b\E+c`, 0, "a.bbc", []string{"a.bbc"}},
		{`[\Qa]\E]+`, 0, "a]b", []string{"a]"}},
		{`\x41\x{42}\103\o{104}\e?\a?\f?\cA?\t?\0`, 0, "ABCD\x00", []string{"ABCD\x00"}},
		{`\12`, 0, "\n", []string{"\n"}},
		{`[\b]`, 0, "\b", []string{"\b"}},
		{`[[:alpha:]_-]+[[:^digit:]]`, 0, "1a_-.", []string{"a_-."}},
		{`[[:upper:]]`, IgnoreCase, "a", []string{"a"}},
		{`[^\D5]+`, 0, "a15", []string{"1"}},
		{`\p{Lu}\P{Lu}\pL\p{^L}`, 0, "Aaa.", []string{"Aaa."}},
		{`[\p{Greek}\P{L}]+`, 0, "xα1", []string{"α1"}},
		{`\p{Any}\p{L&}`, 0, ".a", []string{".a"}},
		{`a{2}b{1,}c{0,1}d{,2}e{x}`, 0, "aabd{,2}e{x}", []string{"aabd{,2}e{x}"}},
		{`(?=a)*b`, 0, "b", []string{"b"}},
		{`(?=a)+b`, 0, "b", nil},
		{`(a|b*?)+c`, 0, "abbc", []string{"abbc", ""}},
		{`(?:a|(?=b))+b`, 0, "aab", []string{"aab"}},
		{`(*F)|a`, 0, "a", []string{"a"}},
		{`(*FAIL)|a`, 0, "a", []string{"a"}},
		{`(*UTF)a`, 0, "a", []string{"a"}},
		{`ß`, IgnoreCase, "ẞ", []string{"ẞ"}},
		{`(?!)|k`, IgnoreCase, "K", []string{"K"}}, // the Kelvin sign
		{`[^a]`, IgnoreCase, "Ab", []string{"b"}},
		{`\bx\B`, 0, "a xy", []string{"x"}},
		{`(?=\bx\B)`, 0, "a xy", []string{""}},
		{`(?=^x$)x`, Multiline, "a\nx\nb", []string{"x"}},
		{`()+(?=a)`, 0, "a", []string{"", ""}},
		{`(?=(a))(?!b)\1`, 0, "a", []string{"a", "a"}},
		{`(?!(a)b)a`, 0, "ac", []string{"a", "-"}},
		{`(?:(a)|b)*?(?=c)`, 0, "abc", []string{"ab", "a"}},
		// POSIX
		{`(a|ab)(c|bcd)?`, POSIX, "abcd", []string{"abcd", "a", "bcd"}},
		{`[]a-]+[^]]`, POSIX, "]-ab", []string{"]-ab"}},
		{`[[.a.][=b=]]+`, POSIX, "ab", []string{"ab"}},
		{`\<a\>`, POSIX, "ba a", []string{"a"}},
		{"\\`a\\'", POSIX, "a", []string{"a"}},
		{`\w\W\s\S\B`, POSIX, "a- -", []string{"a- -"}},
		{`(a)\1`, POSIX, "aa", []string{"aa", "a"}},
		{`a{,2}b**`, POSIX, "aabb", []string{"aabb"}},
		{`()|a)`, POSIX, "a)", []string{"a)", "-"}},
		{`\d\.`, POSIX, "d.", []string{"d."}},
		{`a.b`, POSIX, "a\nb", []string{"a\nb"}},
		{`a.b|a[^x]b`, POSIX | Multiline, "a\nb", nil},
		{`^b$`, POSIX | Multiline, "a\nb", []string{"b"}},
		{`[[:alpha:]]+`, POSIX, "1ab", []string{"ab"}},
		{`\(a\)\{2\}\|b\+c\?`, POSIX | Basic, "aa", []string{"aa", "a"}},
		{`*a^b$c(+?|)`, POSIX | Basic, "*a^b$c(+?|)", []string{"*a^b$c(+?|)"}},
		{`^*ab$`, POSIX | Basic, "*ab", []string{"*ab"}},
		{`\(^a$\)`, POSIX | Basic, "a", []string{"a", "a"}},
	}
	for _, tt := range tests {
		re, err := Compile(tt.expr, tt.flags)
		if err != nil {
			t.Errorf("Compile(%q, %b): %v", tt.expr, tt.flags, err)
			continue
		}
		check := func(how string) {
			loc, err := re.Groups([]byte(tt.in))
			var got []string
			for i := 0; i < len(loc); i += 2 {
				if loc[i] < 0 {
					got = append(got, "-")
				} else {
					got = append(got, tt.in[loc[i]:loc[i+1]])
				}
			}
			ok, err2 := re.Match([]byte(tt.in))
			if !slices.Equal(got, tt.want) || ok != (tt.want != nil) || err != nil || err2 != nil {
				t.Errorf("%s: %q (%b) on %q: %q, %v, %v; want %q", how, tt.expr, tt.flags, tt.in, got, ok, err, tt.want)
			}
		}
		check("as compiled")
		if tt.flags&POSIX == 0 {
			re.linear = nil
			check("stepwise")
		}
		if re.String() != tt.expr {
			t.Errorf("String() = %q", re)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	bad := []string{`*a`, `a**`, `^*`, `$?`, `\b+`, `(?i)*`, `\K*`, `|*`, `{1}`, `(*F)*`, `[[:foo:]]`, `[b-\d]`, `[\d-z]`, `[[:alpha:]-z]`, `\8`, `\y`, `(?<=a+)b`, `(?<=(a)\1)`,
		`[a`, `[a\`, `[]`, `a{2,1}`, `a{65536}`, `\p{Foo}`, `\p{L`, `[\pq]`, `\x{110000}`, `\o{9}`, `\o1`, `\x{zz}`, `\c`, `(?<n>a)(?<n>b)`, `(?-2)(a)`, `(a)\2`, `(?:a`, `(a`, `a)`, `(?<1>a)`, `(?<n`, `(?<>a)`,
		`[\N]`, `[\R]`, `[z-a]`, `[[.a.]]`, `[[=a=]]`, `\k`, `\k<1>`, `\kn`, `\g`, `\g{}`, `\g{0}`, `\g{x}`, `\g<n>`, `(?&n)`, `(?P>n)`, `(?P=n)`, `(?1)`, `(?(1)a)`, `(?(1)a|b|c)(x)`, `(?(n)a)`, `(?(?i)a)`, `(?(?:a)b)`, `(?(a-b)c)`, `(?(1`,
		`(?z)`, `(?i-s-m)`, `(?i`, `(?`, `(?#a`, `\`, `(?(?=a`, `(?|a`, `(?|(a)|(`, `(?=a`, `(?|*)`, `(?i:*)`, `(?<=*)`, `(?(1)*)(a)`, `(?P<n`, `(?'n)`, `[\c`, `[a-\c]`, `\g-0`, `\g+9`}
	for _, expr := range bad {
		re, err := Compile(expr, 0)
		var e *Error
		if !errors.As(err, &e) || e.Unsupported || e.Expr != expr || e.Pos < 0 || e.Pos > len(expr) || !strings.Contains(err.Error(), "offset") {
			t.Errorf("Compile(%q) = %v, %v; want an error that PCRE has too", expr, re, err)
		}
	}
	for _, expr := range []string{`\X`, `\C`, `(*COMMIT)a`, `(?J)a`, `\N{U+41}`, `(?(R)a|b)`, `(?(R&n)a)`, `(?(VERSION>=10)a)`, `((a{1000}){1000}){1000}`, strings.Repeat("a", MaxPattern+1)} {
		var e *Error
		if re, err := Compile(expr, 0); !errors.As(err, &e) || !e.Unsupported {
			t.Errorf("Compile(%.20q) = %v, %v; want Unsupported", expr, re, err)
		}
	}
	deep := strings.Repeat("(", MaxNesting+1) + strings.Repeat(")", MaxNesting+1)
	if _, err := Compile(deep, 0); err == nil {
		t.Error("deep nesting compiles")
	}
	if _, err := Compile(deep, POSIX); err == nil {
		t.Error("deep POSIX nesting compiles")
	}
	many := strings.Repeat("()", MaxGroups+1)
	for _, f := range []Flags{0, POSIX} {
		if _, err := Compile(many, f); err == nil {
			t.Errorf("%d groups compile with flags %b", MaxGroups+1, f)
		}
	}
	for _, expr := range []string{`*a`, `^*a`, `a|*b`, `(*a)`, `{1}`, `a{`, `a{1`, `a{x}`, `a{2,1}`, `a{40000}`, `(a`, `[a`, `[z-a]`, `[[:foo:]]`, `[[:alpha:]-z]`, `[a-c-e]`, `[[.ab.]]`, `[[.a`, `[a-[.ab.]]`, `\1(a)`, `(a)\2`, `$*`, `a\`, `(a|`} {
		if re, err := Compile(expr, POSIX); err == nil {
			t.Errorf("Compile(%q, POSIX) = %v, want an error", expr, re)
		}
	}
	for _, expr := range []string{`\(a`, `a\)`, `a**`, `\{1\}`, `a\{x\}`, `[a`} {
		if re, err := Compile(expr, POSIX|Basic); err == nil {
			t.Errorf("Compile(%q, Basic) = %v, want an error", expr, re)
		}
	}
}

func TestLinear(t *testing.T) {
	for expr, want := range map[string]bool{`^a+(b|c)?$`: true, `\p{Greek}`: true, `(?i)é`: true, `a(?=b)`: false, `(a)\1`: false, `a++`: false, `a{2000}`: false, `(?>a)`: false, `\K`: false} {
		re, err := Compile(expr, 0)
		if err != nil {
			t.Fatal(err)
		}
		if re.Linear() != want {
			t.Errorf("Linear() of %q = %v", expr, re.Linear())
		}
	}
}

// TestHostile checks that nothing takes long: patterns that backtrack without
// end, and calls without end, stop with ErrSteps.
func TestHostile(t *testing.T) {
	long := []byte(strings.Repeat("a", 5000))
	for _, expr := range []string{`(?=(a+a+)+$b)`, `(a|aa)+\1$b`, `(?R)`, `a|(?R)b`, `((?1))`, `(?:(?=a)a*)*b`, `(a*)*\1b`, `((a?){0,30}){0,30}(?=b)`, `^(?:a?){200}a{200}(?!.)b`, `(?=(?:a|a)*b)`, `(a\1?){5000}(?=b)|(b)\2`} {
		re, err := Compile(expr, 0)
		if err != nil {
			t.Errorf("Compile(%q): %v", expr, err)
			continue
		}
		start := time.Now()
		ok, err := re.Match(long)
		if err != nil && err != ErrSteps || ok && err != nil {
			t.Errorf("%q: %v, %v", expr, ok, err)
		}
		if _, err := re.Groups(long); err != nil && err != ErrSteps {
			t.Errorf("%q: Groups: %v", expr, err)
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%q took %v", expr, d)
		}
	}
	re, err := Compile(`(?:a*)*?(b)?`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if loc, err := re.Groups(long); err != nil || len(loc) != 4 {
		t.Errorf("a loop with empty rounds on a long text: %v, %v", loc, err)
	}
}
