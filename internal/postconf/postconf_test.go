package postconf

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// expandConf has the parameters of the expansion tests.
func expandConf() *Config {
	return FromMap("main.cf", map[string]string{"a": "x", "e": "", "p": "$a/$q", "q": "${a}!", "loop": "$loop2", "loop2": "$loop", "compatibility_level": "3.6"})
}

// TestExpand holds what postconf -x of Postfix 3.7.11 prints.
func TestExpand(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain", "plain"},
		{"|${a? text}|", "| text|"},
		{"${a?text:more}", "text:more"},
		{"${a ? {t1} : {t2}}", "t1"},
		{"${e ? {t1} : {t2}}", "t2"},
		{"${e:text}", "text"},
		{"|${e: text }|", "| text |"},
		{"${{$a} == {x} ? {yes} : {no}}", "yes"},
		{"${{$a} == {y} ? {yes} : no}", " no"},
		{"${{$a} == {x}}", "true"},
		{"${{$a} == {y}}", ""},
		{"${{10} < {9} ? {lt} : {ge}}", "ge"},
		{"${{a10} < {a9} ? {lt} : {ge}}", "lt"},
		{"${{$compatibility_level} <level {3.7} ? {no} : {yes}}", "no"},
		{"${{3.6} ==level {3.6.0}?{y}:{n}}", "y"},
		{"${{3.10} >level {3.6}?{y}:{n}}", "y"},
		{"${{3} >=level {3.6}?{y}:{n}}", "n"},
		{"${{1} !=level {2}?{y}}${{1} <=level {2}?{y}}", "yy"},
		{"$(a) $$a $a-x", "x $a x-x"},
		{"${a?$a$a}", "xx"},
		{"${e?{x}}|", "|"},
		{"${ a }", "x"},
		{"${e :{t1}}", "t1"},
		{"${{$a} == {y} : {yes}}", "yes"},
		{"${undef}|$undef2", "|"},
		{"|${a? { sp } }|", "| sp |"},
		{"|${e?{x} : { sp }}|", "| sp |"},
		{"${{ $a } == { x }?{yes}:{no}}", "yes"},
		{"${{1 } == { 1}?{y}:{n}}", "n"},
		{"${{+1} == {1}?{y}:{n}}", "n"},
		{"${{010} == {10}?{y}:{n}}", "y"},
		{"${{1} != {2}?{y}}${{1} <= {1}?{y}}${{2} > {1}?{y}}${{2} >= {3}?{y}:{n}}", "yyyn"},
		{"$(a?x)", "x"},
		{"$p", "x/x!"},
	}
	for _, tt := range tests {
		if got, err := expandConf().Expand(tt.in); err != nil || got != tt.want {
			t.Errorf("Expand(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestExpandErrors(t *testing.T) {
	for _, in := range []string{"${a", "$(a", "$", "$-", "${}", "${a.b}", "${{$a} = {y}?{yes}:{no}}", "${{$a} == y}", "${{$a", "${a?{t1}x}",
		"${a?{t1}:{t2}x}", "${e:{t}x}", "${a?{t", "${e:{t", "${a?{x}:{t", "$loop", "${{3.x} ==level {3}}", "${{1.2.3.4} ==level {3}}",
		"${{$-} == {a}}", "${{a} == {$-}}", "${{a} == {b", "${{a} == {b} {c}}", "${{$loop} == {b}}"} {
		var e *Error
		got, err := expandConf().Expand(in)
		if !errors.As(err, &e) || !errors.Is(err, ErrExpand) || e.Advice == "" {
			t.Errorf("Expand(%q) = %q, %v; want an ErrExpand with advice", in, got, err)
		}
	}
}

// TestExpandBounds feeds definitions that grow exponentially.
func TestExpandBounds(t *testing.T) {
	values := map[string]string{"x0": strings.Repeat("y", 100)}
	for i := 1; i < 90; i++ {
		values[fmt.Sprintf("x%d", i)] = fmt.Sprintf("$x%d$x%d", i-1, i-1)
	}
	if _, err := FromMap("f", values).Get("x89"); !errors.Is(err, ErrExpand) {
		t.Errorf("Get(x89) = %v, want ErrExpand", err)
	}
	deep := strings.Repeat("${a?", 200) + strings.Repeat("}", 200)
	if _, err := expandConf().Expand(deep); !errors.Is(err, ErrExpand) {
		t.Errorf("Expand of 200 nested ${a? = %v, want ErrExpand", err)
	}
	long := func(string) (string, bool) { return strings.Repeat("z", MaxExpansion+1), true }
	if _, err := Expand("$a", long, false, Pos{}); !errors.Is(err, ErrExpand) {
		t.Errorf("Expand of a long value = %v, want ErrExpand", err)
	}
}

func TestParseMain(t *testing.T) {
	const text = `# comment
mynetworks = 127.0.0.0/8
# in between

  10.0.0.0/8
myhostname=mx.example.com
empty =
myhostname = mx2.example.com
`
	c, err := ParseMain("main.cf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := c.Lookup("mynetworks")
	if want := (Param{"mynetworks", "127.0.0.0/8  10.0.0.0/8", Pos{"main.cf", 2}}); !ok || p != want {
		t.Errorf("Lookup(mynetworks) = %+v, %v; want %+v", p, ok, want)
	}
	if v, _ := c.Get("myhostname"); v != "mx2.example.com" {
		t.Errorf("Get(myhostname) = %q, want the last setting", v)
	}
	if v, err := c.Get("unset"); v != "" || err != nil {
		t.Errorf("Get(unset) = %q, %v", v, err)
	}
	if got, want := c.Names(), []string{"mynetworks", "myhostname", "empty"}; !slices.Equal(got, want) {
		t.Errorf("Names() = %q, want %q", got, want)
	}
	w := c.Warnings()
	if len(w) != 1 || w[0].Pos.Line != 8 || !errors.Is(w[0], ErrDuplicate) {
		t.Errorf("Warnings() = %v, want one at line 8", w)
	}
	over := c.With([]Param{{"myhostname", "sub.example.com", Pos{"master.cf", 3}}, {"new", "1", Pos{}}})
	if v, _ := over.Get("myhostname"); v != "sub.example.com" {
		t.Errorf("With: Get(myhostname) = %q", v)
	}
	if v, _ := c.Get("new"); v != "" {
		t.Errorf("With changed the original: new = %q", v)
	}
	d := c.WithDefaults(func(name string) (string, bool) { return "$myhostname:" + name, name == "mydomain" })
	if v, _ := d.Get("mydomain"); v != "mx2.example.com:mydomain" {
		t.Errorf("WithDefaults: Get(mydomain) = %q", v)
	}
	var zero Config
	if v, err := zero.With([]Param{{Name: "a", Value: "b"}}).Get("a"); v != "b" || err != nil {
		t.Errorf("zero Config.With: %q, %v", v, err)
	}
}

func TestParseMainErrors(t *testing.T) {
	c, err := ParseMain("main.cf", []byte("  orphan = 1\nno equal sign\n= x\ntwo words = y\ngood = 1\n"))
	if v, _ := c.Get("good"); v != "1" {
		t.Errorf("Get(good) = %q after errors, want 1", v)
	}
	if !errors.Is(err, ErrSyntax) {
		t.Fatalf("err = %v, want ErrSyntax", err)
	}
	// The first error line has no parameter before it; "no equal sign" is its
	// own logical line.
	for _, want := range []string{"main.cf:1", "main.cf:2", "main.cf:3", "main.cf:4"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not mention %s", err, want)
		}
	}
}

func TestParseMaster(t *testing.T) {
	const text = `smtp      inet  n       -       y       -       -       smtpd
#submission off
submission inet n - y - - smtpd -v
  -o syslog_name=postfix/submission
  -o { smtpd_client_restrictions = permit_sasl_authenticated, reject }
  -osmtpd_tls_security_level=encrypt -o smtpd_tls_security_level=may
127.0.0.1:10025 inet n - n - - smtpd
policy unix - n n - 0 spawn user=nobody argv={/usr/bin/policy -x}  {a b}
`
	s, err := ParseMaster("master.cf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	sub := s.Find("submission", "inet")
	if len(s) != 4 || sub == nil || sub.Pos.Line != 3 || sub.Command != "smtpd" || !slices.Equal(sub.Args, []string{"-v"}) {
		t.Fatalf("services = %+v", s)
	}
	if p, ok := sub.Override("smtpd_client_restrictions"); !ok || p.Value != "permit_sasl_authenticated, reject" {
		t.Errorf("override = %+v, %v", p, ok)
	}
	if p, ok := sub.Override("smtpd_tls_security_level"); !ok || p.Value != "may" {
		t.Errorf("the last override must count: %+v, %v", p, ok)
	}
	if _, ok := sub.Override("absent"); ok {
		t.Error("Override(absent) found something")
	}
	if s.Find("submission", "unix") != nil {
		t.Error("Find ignores the type")
	}
	if got, want := s[3].Args, []string{"user=nobody", "argv={/usr/bin/policy -x}", "a b"}; !slices.Equal(got, want) {
		t.Errorf("Args = %q, want %q", got, want)
	}
}

func TestParseMasterErrors(t *testing.T) {
	for _, text := range []string{" smtp inet n - y - - smtpd", "smtp inet n - y - -", "smtp tcp n - y - - smtpd", "smtp inet n - y - - smtpd -o",
		"smtp inet n - y - - smtpd -o { a = b", "smtp inet n - y - - smtpd -o novalue", "smtp inet n - y - - smtpd -o {a=b}x"} {
		var e *Error
		if s, err := ParseMaster("master.cf", []byte(text)); !errors.As(err, &e) || e.Pos.Line != 1 || e.Advice == "" || len(s) != 0 {
			t.Errorf("ParseMaster(%q) = %v, %v", text, s, err)
		}
	}
}

func TestItems(t *testing.T) {
	files := map[string]string{"/nets": "# comment\n10.0.0.0/8, !10.1.0.0/16\n!/more\n", "/more": "192.0.2.1\n", "/self": "/self\n"}
	l := Lists{ReadFile: func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}}
	got := l.Items("127.0.0.1 [::1]/128, 2001:db8::/32 !hash:/x inline:{a=b, c=d} /nets !!y", Pos{"main.cf", 4})
	want := []Item{
		{Text: "127.0.0.1", Pos: Pos{"main.cf", 4}},
		{Text: "[::1]/128", Pos: Pos{"main.cf", 4}},
		{Text: "2001:db8::/32", Pos: Pos{"main.cf", 4}, Table: true},
		{Neg: true, Text: "hash:/x", Table: true, Pos: Pos{"main.cf", 4}},
		{Text: "inline:{a=b, c=d}", Table: true, Pos: Pos{"main.cf", 4}},
		{Text: "10.0.0.0/8", Pos: Pos{"/nets", 2}},
		{Neg: true, Text: "10.1.0.0/16", Pos: Pos{"/nets", 2}},
		{Neg: true, Text: "192.0.2.1", Pos: Pos{"/more", 1}},
		{Text: "y", Pos: Pos{"main.cf", 4}},
	}
	if !slices.Equal(got, want) {
		t.Errorf("Items:\n got %+v\nwant %+v", got, want)
	}
	for _, tt := range []struct {
		l    Lists
		list string
		err  error
	}{{l, "/absent", os.ErrNotExist}, {l, "/self", ErrInclude}, {Lists{}, "/x", ErrInclude}, {l, "!", ErrSyntax}} {
		if items := tt.l.Items(tt.list, Pos{}); len(items) != 1 || !errors.Is(items[0].Err, tt.err) {
			t.Errorf("Items(%q) = %+v, want one with %v", tt.list, items, tt.err)
		}
	}
}

func TestItemsBounds(t *testing.T) {
	l := Lists{ReadFile: func(string) ([]byte, error) { return []byte("/f /f\n/f\n"), nil }}
	bad := 0
	items := l.Items("/f", Pos{})
	for _, it := range items {
		if errors.Is(it.Err, ErrInclude) {
			bad++
		}
	}
	if bad == 0 || len(items) > 3*MaxFiles {
		t.Errorf("files that include each other: %d items, %d errors", len(items), bad)
	}
}

func TestHelpers(t *testing.T) {
	if got := Fields("a, b {c, d} check_x{ y z}"); !slices.Equal(got, []string{"a", "b", "{c, d}", "check_x{ y z}"}) {
		t.Errorf("Fields = %q", got)
	}
	if s, err := Unbrace("{ a b }"); s != "a b" || err != nil {
		t.Errorf("Unbrace = %q, %v", s, err)
	}
	if n, v, err := NameValue("a = b c"); n != "a" || v != "b c" || err != nil {
		t.Errorf("NameValue = %q, %q, %v", n, v, err)
	}
	if sign, ok := CompareLevels("2", "3.6"); sign >= 0 || !ok {
		t.Errorf("CompareLevels(2, 3.6) = %d, %v", sign, ok)
	}
	if _, ok := CompareLevels("x", "3.6"); ok {
		t.Error("CompareLevels(x) ok")
	}
	e := &Error{Err: ErrSyntax, Text: strings.Repeat("x", 500)}
	if got := e.Error(); len(got) > 200 || !strings.HasPrefix(got, "postconf: syntax error") {
		t.Errorf("Error() = %q", got)
	}
	if got := (Pos{File: "f"}).String(); got != "f" {
		t.Errorf("Pos.String() = %q", got)
	}
}
