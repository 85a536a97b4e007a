package authres

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	prop := func(ptype, name, value string) []Prop { return []Prop{{ptype, name, value}} }
	tests := []struct {
		name, in string
		want     Header
		err      error
		tolerant *Header // what Tolerant reads instead; nil: the same
	}{
		{name: "none", in: "mx; none", want: Header{ID: "mx"}},
		{name: "none with version", in: "mx 1; none", want: Header{ID: "mx", Version: 1}},
		{name: "upper case", in: "MX; SPF=Pass SMTP.MailFrom=A@B", want: Header{ID: "MX", Methods: []Method{{Name: "spf", Result: "pass", Props: prop("smtp", "mailfrom", "A@B")}}}},
		{name: "comment kept", in: "mx; spf=pass (a \\( (nested) b) (second) x.y=z", want: Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass", Comment: "a ( (nested) b", Props: prop("x", "y", "z")}}}},
		{name: "method version", in: "mx; dkim/2=pass", want: Header{ID: "mx", Methods: []Method{{Name: "dkim", Version: 2, Result: "pass"}}}},
		{name: "bare base64", in: "mx; dkim=pass header.b=ab/c+d==", want: Header{ID: "mx", Methods: []Method{{Name: "dkim", Result: "pass", Props: prop("header", "b", "ab/c+d==")}}}},
		{name: "at sign first", in: "mx; dkim=pass header.i=@a.test", want: Header{ID: "mx", Methods: []Method{{Name: "dkim", Result: "pass", Props: prop("header", "i", "@a.test")}}}},
		{name: "reason as token", in: "mx; spf=fail reason=none", want: Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "fail", Reason: "none"}}}},
		{name: "reason behind properties", in: "mx; spf=fail a.b=c reason=\"x y\"", want: Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "fail", Reason: "x y", Props: prop("a", "b", "c")}}}},
		{name: "UTF-8", in: "bücher.example; spf=pass smtp.mailfrom=jürgen@bücher.example", want: Header{ID: "bücher.example", Methods: []Method{{Name: "spf", Result: "pass", Props: prop("smtp", "mailfrom", "jürgen@bücher.example")}}}},
		{name: "quoted id", in: "\"a\\\"b\"; none", want: Header{ID: "a\"b"}},
		{name: "local part with odd escape", in: `mx; spf=pass smtp.mailfrom="a\ b"@x.test`, want: Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass", Props: prop("smtp", "mailfrom", `"a b"@x.test`)}}}},
		{name: "folded in quotes", in: "mx; spf=pass reason=\"a\r\n b\"", want: Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass", Reason: "a b"}}}},
		{name: "comments at the end", in: "mx; spf=pass; (bye)", want: Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass"}}}},

		{name: "empty", in: "", err: ErrSyntax, tolerant: &Header{}},
		{name: "id only", in: "mx", err: ErrSyntax, tolerant: &Header{ID: "mx"}},
		{name: "id and semicolon", in: "mx;", err: ErrSyntax, tolerant: &Header{ID: "mx"}},
		{name: "empty id", in: "; spf=pass", err: ErrSyntax, tolerant: &Header{Methods: []Method{{Name: "spf", Result: "pass"}}}},
		{name: "no id", in: "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=x.test; dkim=none", err: ErrSyntax,
			tolerant: &Header{Methods: []Method{{Name: "spf", Result: "pass", Comment: "sender IP is 192.0.2.1", Props: prop("smtp", "mailfrom", "x.test")}, {Name: "dkim", Result: "none"}}}},
		{name: "property without type", in: "mx; dmarc=pass action=none header.from=x.test", err: ErrSyntax,
			tolerant: &Header{ID: "mx", Methods: []Method{{Name: "dmarc", Result: "pass", Props: []Prop{{"", "action", "none"}, {"header", "from", "x.test"}}}}}},
		{name: "empty value", in: "mx; spf=none smtp.mailfrom=; dkim=none", err: ErrSyntax,
			tolerant: &Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "none", Props: prop("smtp", "mailfrom", "")}, {Name: "dkim", Result: "none"}}}},
		{name: "empty part", in: "mx;; spf=pass", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass"}}}},
		{name: "none and more", in: "mx; none; spf=pass", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass"}}}},
		{name: "more and none", in: "mx; spf=pass; none", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass"}}}},
		{name: "method only", in: "mx; spf; dkim=pass", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "dkim", Result: "pass"}}}},
		{name: "no result", in: "mx; spf=; dkim=pass", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "dkim", Result: "pass"}}}},
		{name: "no method", in: "mx; =pass (x;y) \"z;\"; dkim=pass", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "dkim", Result: "pass"}}}},
		{name: "method version missing", in: "mx; spf/=pass; dkim=pass", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "dkim", Result: "pass"}}}},
		{name: "no property name", in: "mx; spf=pass smtp.=x", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass"}}}},
		{name: "no equals sign", in: "mx; spf=pass smtp.mailfrom x", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass"}}}},
		{name: "rubbish", in: "mx; spf=pass @@; dkim=pass", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass"}, {Name: "dkim", Result: "pass"}}}},
		{name: "comment without end in the id", in: "(mx; spf=pass", err: ErrSyntax, tolerant: &Header{}},
		{name: "quote without end", in: "mx; spf=pass; dkim=pass header.d=\"x; spf=fail", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass"}, {Name: "dkim", Result: "pass"}}}},
		{name: "comment without end", in: "mx; spf=pass (x; dkim=pass", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass"}}}},
		{name: "NUL", in: "mx; spf=pass smtp.mailfrom=a\x00b", err: ErrSyntax, tolerant: &Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass", Props: prop("smtp", "mailfrom", "a")}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in)
			if !errors.Is(err, tt.err) || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Parse(%q) = %+v, %v; want %+v, %v", tt.in, got, err, tt.want, tt.err)
			}
			want := tt.want
			if tt.tolerant != nil {
				want = *tt.tolerant
			}
			if got, err := (Parser{Tolerant: true}).Parse(tt.in); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("tolerant Parse(%q) = %+v, %v; want %+v", tt.in, got, err, want)
			}
		})
	}
}

// TestParseUnfinished cuts a field that uses everything at each octet: every
// prefix must be refused or read, never accepted with more than was there.
func TestParseUnfinished(t *testing.T) {
	const s = `(c) "mx" (d) 1 (e) ; (f) spf (g) / (h) 1 (i) = (j) pass (k) reason (l) = (m) "r" (n) smtp (o) . (p) mailfrom (q) = (r) "a b"@x.test (s)`
	for i := range s {
		h, err := Parse(s[:i])
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Pos > i || e.Error() == "") {
			t.Errorf("Parse(%q): %v", s[:i], err)
		}
		if err == nil && (h.ID != "mx" || len(h.Methods) != 1) {
			t.Errorf("Parse(%q) = %+v", s[:i], h)
		}
		if _, err := (Parser{Tolerant: true}).Parse(s[:i]); err != nil && !errors.Is(err, ErrSyntax) {
			t.Errorf("tolerant Parse(%q): %v", s[:i], err)
		}
	}
}

func TestParseLimits(t *testing.T) {
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	tests := []struct {
		name, in string
		p        Parser
		err      error
	}{
		{"methods", "mx" + many(64, "; spf=pass"), Parser{}, nil},
		{"too many methods", "mx" + many(65, "; spf=pass"), Parser{}, ErrLimit},
		{"too many methods, tolerant", "mx" + many(65, "; spf=pass"), Parser{Tolerant: true}, ErrLimit},
		{"more methods allowed", "mx" + many(65, "; spf=pass"), Parser{MaxMethods: 65}, nil},
		{"properties", "mx; spf=pass" + many(64, " a.b=c"), Parser{}, nil},
		{"too many properties", "mx; spf=pass" + many(65, " a.b=c"), Parser{Tolerant: true}, ErrLimit},
		{"fewer properties allowed", "mx; spf=pass a.b=c a.b=c", Parser{MaxProps: 1}, ErrLimit},
		{"length", "mx; none" + many(MaxLength-8, " "), Parser{}, nil},
		{"too long", "mx; none" + many(MaxLength-7, " "), Parser{Tolerant: true}, ErrLimit},
		{"shorter length allowed", "mx; none", Parser{MaxLength: 7}, ErrLimit},
		{"version", "mx 2; none", Parser{Tolerant: true}, ErrVersion},
		{"long version", "mx 111111111111111111111; none", Parser{}, ErrVersion},
		{"long method version", "mx; spf/10000=pass", Parser{}, ErrSyntax},
		{"nested comments", "mx; none" + many(20000, "(") + many(20000, ")"), Parser{}, nil},
	}
	for _, tt := range tests {
		if _, err := tt.p.Parse(tt.in); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	ok := Method{Name: "spf", Result: "pass"}
	tests := []struct {
		name string
		w    Writer
		h    Header
		err  error
		text string // of String
	}{
		{name: "no id", h: Header{}, err: ErrKeyword, text: "?; none"},
		{name: "id with line end", h: Header{ID: "a\r\nb"}, err: ErrKeyword, text: "?; none"},
		{name: "id not ASCII", h: Header{ID: "bücher"}, err: ErrKeyword, text: "?; none"},
		{name: "long id", h: Header{ID: strings.Repeat("a", MaxValue+1)}, err: ErrKeyword, text: "?; none"},
		{name: "version", h: Header{ID: "mx", Version: 2}, err: ErrVersion, text: "mx 2; none"},
		{name: "method", h: Header{ID: "mx", Methods: []Method{{Name: "a;b", Result: "pass"}}}, err: ErrKeyword, text: "mx; ?=pass"},
		{name: "no method", h: Header{ID: "mx", Methods: []Method{{Result: "pass"}}}, err: ErrKeyword, text: "mx; ?=pass"},
		{name: "method version", h: Header{ID: "mx", Methods: []Method{{Name: "spf", Version: -1, Result: "pass"}}}, err: ErrVersion, text: "mx; spf/0=pass"},
		{name: "result", h: Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass\n"}}}, err: ErrKeyword, text: "mx; spf=?"},
		{name: "type", h: Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass", Props: []Prop{{"", "x", "y"}}}}}, err: ErrKeyword, text: "mx; spf=pass ?.x=y"},
		{name: "property", h: Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass", Props: []Prop{{"x", "y=z", "y"}}}}}, err: ErrKeyword, text: "mx; spf=pass x.?=y"},
		{name: "many methods", h: Header{ID: "mx", Methods: make([]Method, 65)}, err: ErrLimit},
		{name: "many properties", h: Header{ID: "mx", Methods: []Method{{Name: "spf", Result: "pass", Props: make([]Prop, 65)}}}, err: ErrLimit, text: "mx; "},
		{name: "field name", w: Writer{Name: "X Y"}, h: Header{ID: "mx", Methods: []Method{ok}}, err: ErrKeyword, text: "mx; spf=pass"},
	}
	for _, tt := range tests {
		got, err := tt.w.AppendField([]byte("kept"), tt.h)
		if !errors.Is(err, tt.err) || string(got) != "kept" {
			t.Errorf("%s: AppendField = %q, %v; want %v", tt.name, got, err, tt.err)
		}
		if s := tt.h.String(); tt.text != "" && s != tt.text {
			t.Errorf("%s: String = %q, want %q", tt.name, s, tt.text)
		}
	}
}

func TestWrite(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("longish words ", 20))
	tests := []struct {
		name string
		w    Writer
		m    Method
		want string
	}{
		{name: "utf-8 off", m: Method{Name: "spf", Result: "fail", Reason: "ü"}, want: `spf=fail reason="??"`},
		{name: "empty value", m: Method{Name: "spf", Result: "none", Props: []Prop{{"smtp", "mailfrom", ""}}}, want: `spf=none smtp.mailfrom=""`},
		{name: "address", m: Method{Name: "spf", Result: "none", Props: []Prop{{"smtp", "mailfrom", "a+b=c@x_y.test"}}}, want: `spf=none smtp.mailfrom=a+b=c@x_y.test`},
		{name: "quoted local part", m: Method{Name: "spf", Result: "none", Props: []Prop{{"smtp", "mailfrom", `"a \" b"@x.test`}}}, want: `spf=none smtp.mailfrom="a \" b"@x.test`},
		{name: "other quoting", m: Method{Name: "spf", Result: "none", Props: []Prop{{"smtp", "mailfrom", `"a\ b"@x.test`}, {"smtp", "x", `"@x`}, {"smtp", "y", `"a\"@x`}}},
			want: `spf=none smtp.mailfrom="\"a\\ b\"@x.test" smtp.x="\"@x" smtp.y="\"a\\\"@x"`},
		{name: "bad domain", m: Method{Name: "spf", Result: "none", Props: []Prop{{"smtp", "mailfrom", "a@b..c"}, {"smtp", "x", "a@[192.0.2.1]"}, {"smtp", "y", "a..b@c"}}},
			want: `spf=none smtp.mailfrom="a@b..c" smtp.x="a@[192.0.2.1]" smtp.y="a..b@c"`},
		{name: "comment", m: Method{Name: "spf", Result: "none", Comment: `)(\`}, want: `spf=none (\)\(\\)`},
		{name: "long value left out", m: Method{Name: "spf", Result: "none", Props: []Prop{{"smtp", "helo", strings.Repeat("a", MaxValue+1)}}}, want: `spf=none`},
		{name: "long reason cut", m: Method{Name: "spf", Result: "none", Reason: strings.Repeat("a", MaxText+1)}, want: `spf=none reason=` + strings.Repeat("a", MaxText)},
		{name: "long reason cut before a character", w: Writer{UTF8: true}, m: Method{Name: "spf", Result: "none", Reason: "a" + strings.Repeat("ü", MaxText)}, want: `spf=none reason="a` + strings.Repeat("ü", MaxText/2-1) + `"`},
		{name: "folded", m: Method{Name: "spf", Version: 1, Result: "none", Comment: long, Reason: long}, want: "spf/1=none (" + long + ") reason=\"" + long + "\""},
	}
	for _, tt := range tests {
		field, err := tt.w.AppendField(nil, Header{ID: "mx", Version: 1, Methods: []Method{tt.m}})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		checkLines(t, field)
		for _, l := range strings.Split(string(field), "\r\n") {
			if len(l) > FoldWidth && strings.Contains(strings.TrimSpace(l), " ") {
				t.Errorf("%s: long line %q", tt.name, l)
			}
		}
		got := strings.ReplaceAll(string(field), "\r\n", "")
		if want := "Authentication-Results: mx 1; " + tt.want; got != want {
			t.Errorf("%s: got %q, want %q", tt.name, got, want)
		}
	}
}

func TestUTF8(t *testing.T) {
	h := Header{ID: "bücher.example", Methods: []Method{{Name: "spf", Result: "fail", Reason: "ü\u2028\u0085\xff.", Props: []Prop{{"smtp", "mailfrom", "jürgen@x.test"}}}}}
	field, err := Writer{UTF8: true, Name: "ARC-Authentication-Results"}.AppendField(nil, h)
	const want = "ARC-Authentication-Results: \"bücher.example\";\r\n spf=fail reason=\"ü??????.\" smtp.mailfrom=\"jürgen@x.test\"\r\n"
	if err != nil || string(field) != want {
		t.Errorf("got %q, %v; want %q", field, err, want)
	}
}

func TestAppendHelpers(t *testing.T) {
	if got := string(AppendValue([]byte("x="), "a b\r\n")); got != `x="a b??"` {
		t.Errorf("AppendValue = %q", got)
	}
	if got := string(AppendValue(nil, "joe@x.test")); got != "joe@x.test" {
		t.Errorf("AppendValue = %q", got)
	}
	if got := string(AppendComment(nil, "a) b\n")); got != `(a\) b?)` {
		t.Errorf("AppendComment = %q", got)
	}
}

func TestMatchID(t *testing.T) {
	tests := []struct {
		value string
		want  bool
	}{
		{"mx.example.com; none", true},
		{" MX.Example.COM 1; none", true},
		{"mx.example.com.; none", true},
		{"(a (b)) mx.example.com(c);none", true},
		{"\"mx.example.com\"; none", true},
		{"\"mx.exa\\mple.com\"; none", true},
		{"\r\n\tmx.example.com\r\n ;none", true},
		{"mx.example.com", true},
		{"mx.example.com=pass", true},
		{"other; none", false},
		{"xmx.example.com; none", false},
		{"mx.example.com.org; none", false},
		{"bücher.example; none", true},
		{"xn--bcher-kva.example; none", true},
		{"b\xffcher.example; none", false},
		{"(unterminated mx.example.com", true},
		{"\"unterminated", true},
		{"@@", true},
		{"", false},
		{"; spf=pass", false},
		{"mx(.).example.com; dmarc=pass", true}, // not an id, but might become one without comments
		{"mx\r\n .example.com; dmarc=pass", true},
		{"mx 1.example.com; dmarc=pass", true},
		{"other (unterminated", true},
		{"other 1 (unterminated", true},
		{"other (c) 1 (c); none", false},
		{"other 1", false},
		{"spf=pass smtp.mailfrom=a@example.com", false},
	}
	for _, tt := range tests {
		if got := MatchID(tt.value, "mx.example.com", "xn--bcher-kva.example"); got != tt.want {
			t.Errorf("MatchID(%q) = %v, want %v", tt.value, got, tt.want)
		}
	}
}

func TestRemoveForged(t *testing.T) {
	const ours = "Authentication-Results: mx.example.com; spf=pass\r\n"
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"nothing to remove", "From: a\r\nSubject: b\r\n\r\n", "From: a\r\nSubject: b\r\n\r\n"},
		{"first", ours + "From: a\r\n", "From: a\r\n"},
		{"last", "From: a\r\n" + ours, "From: a\r\n"},
		{"all", ours + ours, ""},
		{"between", "A: b\r\n" + ours + "C: d\r\n" + ours + "\r\nbody", "A: b\r\nC: d\r\n\r\nbody"},
		{"name in other case, blank, folded", "aUTHENTICATION-rESULTS \t:\r\n\t(x)\r\n \"mx.example.com\"\r\n ; none\r\nA: b\r\n", "A: b\r\n"},
		{"name folded", "Authentication-Results\r\n :mx.example.com;none\r\nA: b\r\n", "A: b\r\n"},
		{"bare LF", "authentication-results:mx.example.com;none\n x\nA: b\n\n", "A: b\n\n"},
		{"no line end", "A: b\r\nAuthentication-Results: mx.example.com", "A: b\r\n"},
		{"continuation of another field", "A: b\r\n " + ours + "C: d\r\n", "A: b\r\n " + ours + "C: d\r\n"},
		{"body is not touched", "A: b\r\n\r\n" + ours, "A: b\r\n\r\n" + ours},
		{"other field names", "X-" + ours + "ARC-" + ours, "X-" + ours + "ARC-" + ours},
		{"continuation line on top", " ;dmarc=pass\r\n\tx\r\nA: b\r\n", "A: b\r\n"},
		{"behind a bare CR", "A: b\rB: c\r" + ours + "C: d\r\n", "C: d\r\n"},
		{"second one behind a bare CR", "A: b\rAuthentication-Results: other;\r none\rAuthentication-Results: mx.example.com; none\r\nC: d\r\n", "C: d\r\n"},
		{"another's behind a bare CR", "A: b\rAuthentication-Results: other;\r none\r\nC: d\r\n", "A: b\rAuthentication-Results: other;\r none\r\nC: d\r\n"},
		{"bare CR without", "A: b\rB: c\r\n D\r\n", "A: b\rB: c\r\n D\r\n"},
		{"no colon", "Authentication-Results mx.example.com\r\n", "Authentication-Results mx.example.com\r\n"},
	}
	for _, tt := range tests {
		in := []byte(tt.in)
		if got := RemoveForged(in, "mx.example.com"); string(got) != tt.want {
			t.Errorf("%s: RemoveForged(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

// TestRemoveForgedLinear takes minutes if the time grows with the square.
func TestRemoveForgedLinear(t *testing.T) {
	for _, unit := range []string{"\r", "\rAuthentication-Results", "\rAuthentication-Results:x;", "\rAuthentication-Results: \r", "\rAuthentication-Results:(", "\r "} {
		in := []byte("A: b" + strings.Repeat(unit, (1<<20)/len(unit)) + "x:y\r\n")
		start := time.Now()
		RemoveForged(in, "mx.example.com")
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%q: %v", unit, d)
		}
	}
}

func TestMethods(t *testing.T) {
	h := Header{ID: "mx", Methods: []Method{
		Auth(Pass, "joe"), Auth(None, ""),
		IPRev(Fail, netip.MustParseAddr("::ffff:192.0.2.1"), ""),
		DNSWL(Pass, "list.dnswl.example", netip.MustParseAddr("127.0.10.1"), "a b"), DNSWL(None, "", netip.Addr{}, ""),
	}}
	const want = `mx; auth=pass smtp.auth=joe; auth=none; iprev=fail policy.iprev=192.0.2.1; ` +
		`dnswl=pass dns.zone=list.dnswl.example policy.ip=127.0.10.1 policy.txt="a b"; dnswl=none`
	if got := h.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if v, ok := h.Methods[0].Value("SMTP", "Auth"); !ok || v != "joe" {
		t.Errorf("Value = %q, %v", v, ok)
	}
	if _, ok := h.Methods[0].Value("smtp", "x"); ok {
		t.Error("Value found what is not there")
	}
}

func TestError(t *testing.T) {
	_, err := Parse("mx; spf=pass " + strings.Repeat("@", 200))
	var e *Error
	if !errors.As(err, &e) || e.Pos != 13 || len(e.Text) > maxErrorText || !strings.HasPrefix(err.Error(), "authres: syntax error: want property ") {
		t.Errorf("error = %v", err)
	}
}

func TestAllocs(t *testing.T) {
	h := Header{ID: "mx.example.com", Methods: []Method{{Name: "spf", Result: "pass", Props: []Prop{{"smtp", "mailfrom", "joe@x.test"}}}}}
	b := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { b, _ = h.AppendField(b[:0]) }); n != 0 {
		t.Errorf("AppendField allocates %v times", n)
	}
	header := []byte("From: a\r\nAuthentication-Resultat: x\r\nSubject: b\r\n\r\n")
	if n := testing.AllocsPerRun(100, func() { RemoveForged(header, "mx.example.com") }); n != 0 {
		t.Errorf("RemoveForged allocates %v times", n)
	}
}

func BenchmarkAppendField(b *testing.B) {
	h := Header{ID: "mx.example.com", Methods: []Method{
		{Name: "spf", Result: "pass", Props: []Prop{{"smtp", "mailfrom", "joe@example.org"}}},
		{Name: "dkim", Result: "pass", Comment: "2048-bit key", Props: []Prop{{"header", "d", "example.org"}, {"header", "b", "ab/cdEFG"}}},
		{Name: "dmarc", Result: "pass", Props: []Prop{{"header", "from", "example.org"}, {"policy", "dmarc", "reject"}}},
	}}
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = h.AppendField(buf[:0])
	}
}

func BenchmarkParse(b *testing.B) {
	const s = "mx.example.com;\r\n spf=pass smtp.mailfrom=joe@example.org;\r\n dkim=pass (2048-bit key) header.d=example.org header.b=\"ab/cdEFG\";\r\n dmarc=pass header.from=example.org policy.dmarc=reject"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(s); err != nil {
			b.Fatal(err)
		}
	}
}
