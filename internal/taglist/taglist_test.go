package taglist

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// show renders tags as name=value pairs.
func show(tags []Tag, src string) string {
	var parts []string
	for _, t := range tags {
		parts = append(parts, string(t.Name([]byte(src)))+"="+string(t.Value([]byte(src))))
	}
	return strings.Join(parts, "|")
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
		err            error
		pos            int
	}{
		{name: "one", in: "a=b", want: "a=b"},
		{name: "several", in: "v=1; a=rsa-sha256;b= ", want: "v=1|a=rsa-sha256|b="},
		{name: "final semicolon", in: "a=b;", want: "a=b"},
		{name: "blanks after the final semicolon", in: "a=b; \t", want: "a=b"},
		{name: "fold after the final semicolon", in: "a=b;\r\n ", want: "a=b"},
		{name: "blanks everywhere", in: " a \t=\r\n  b c \r\n\td ;x = ", want: "a=b c \r\n\td|x="},
		{name: "equals sign in a value", in: "a=b=c==", want: "a=b=c=="},
		{name: "names with case", in: "a=1;A=2", want: "a=1|A=2"},
		{name: "digits and underscore in names", in: "a_1=x", want: "a_1=x"},
		{name: "UTF-8 (RFC 8616, section 3)", in: "i=\u00fcser@x", want: "i=\u00fcser@x"},

		{name: "empty", in: "", err: ErrSyntax},
		{name: "blank", in: " ", err: ErrSyntax, pos: 1},
		{name: "empty element", in: "a=b;;c=d", want: "a=b|c=d", err: ErrSyntax, pos: 4},
		{name: "leading semicolon", in: ";a=b", want: "a=b", err: ErrSyntax},
		{name: "no equals sign", in: "a=b;foo;c=d", want: "a=b|c=d", err: ErrSyntax, pos: 7},
		{name: "digit first", in: "1x=y", err: ErrSyntax},
		{name: "hyphen in a name", in: "x-y=z", err: ErrSyntax, pos: 1},
		{name: "repeated", in: "a=1;b=2;a=3", want: "a=1|b=2", err: ErrDuplicate, pos: 8},
		{name: "repeated before a syntax error", in: "a=1;a=2;;", want: "a=1", err: ErrDuplicate, pos: 4},
		{name: "bare LF between tags", in: "a=1;\nb=2", want: "a=1|b=2", err: ErrSyntax, pos: 4},
		{name: "bare CR in a value", in: "a=1\r2", want: "a=1\r2", err: ErrSyntax, pos: 3},
		{name: "CRLF without a blank", in: "a=1\r\nb", want: "a=1\r\nb", err: ErrSyntax, pos: 3},
		{name: "control character", in: "a=1\x002", want: "a=1\x002", err: ErrSyntax, pos: 3},
		{name: "DEL", in: "a=\x7f", want: "a=\x7f", err: ErrSyntax, pos: 2},
		{name: "broken UTF-8", in: "a=\xff", want: "a=\xff", err: ErrSyntax, pos: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tags, err := Parse(nil, []byte(tt.in))
			if got := show(tags, tt.in); got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Parse(%q) = %q, %v; want %q, %v", tt.in, got, err, tt.want, tt.err)
			}
			var e *Error
			if errors.As(err, &e) && e.Pos != tt.pos {
				t.Errorf("Parse(%q): error at %d, want %d (%v)", tt.in, e.Pos, tt.pos, err)
			}
		})
	}
}

func TestTooManyTags(t *testing.T) {
	var b strings.Builder
	for i := range MaxTags + 1 {
		b.WriteString(strings.Repeat("a", i+1) + "=;")
	}
	if _, err := Parse(nil, []byte(b.String())); !errors.Is(err, ErrTooMany) {
		t.Errorf("Parse of %d tags: %v, want %v", MaxTags+1, err, ErrTooMany)
	}
}

func TestManyRepetitions(t *testing.T) {
	text := strings.Repeat("a=;", MaxTags+1)
	for in, want := range map[string]string{text + "b=": "a=|b=", text + "a=;b=": "a="} {
		tags, err := Parse(nil, []byte(in))
		if got := show(tags, in); got != want || !errors.Is(err, ErrDuplicate) {
			t.Errorf("Parse of %d octets = %q, %v, want %q", len(in), got, err, want)
		}
	}
}

func TestErrorText(t *testing.T) {
	for in, want := range map[string]string{
		"a=1;a=2": `taglist: duplicate tag: "a" at offset 4`,
		"":        "taglist: syntax error at offset 0",
	} {
		if _, err := Parse(nil, []byte(in)); err == nil || err.Error() != want {
			t.Errorf("Parse(%q): %v, want %s", in, err, want)
		}
	}
}

func TestBase64(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		lax, bad bool
	}{
		{in: "", want: ""},
		{in: "Zm9v", want: "foo"},
		{in: " Z m\t9\r\n v ", want: "foo"},
		{in: "Zg==", want: "f"},
		{in: "Zh==", want: "f"}, // unused bits
		{in: "Zg", bad: true},
		{in: "Zg", want: "f", lax: true},
		{in: "Zg==", want: "f", lax: true},
		{in: "Zg===", bad: true},
		{in: "Zg===", lax: true, bad: true},
		{in: "Zm9*", bad: true},
		{in: "Zm-_", bad: true},
		{in: "Zm\n9v", bad: true},
		{in: "Zm\r9v", bad: true},
		{in: "Zm9v\r\n", bad: true},
	} {
		got, err := AppendBase64([]byte("x"), []byte(tt.in), tt.lax)
		if (err != nil) != tt.bad || string(got) != "x"+tt.want {
			t.Errorf("AppendBase64(%q, %v) = %q, %v; want %q", tt.in, tt.lax, got, err, "x"+tt.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, tt := range []struct {
		in   string
		max  int
		want int64
		ok   bool
	}{
		{"0", 1, 0, true}, {"12", 2, 12, true}, {"007", 12, 7, true}, {"", 5, 0, false}, {"123", 2, 0, false},
		{"-1", 5, 0, false}, {"1x", 5, 0, false}, {"9223372036854775807", 76, math.MaxInt64, true},
		{"9223372036854775808", 76, math.MaxInt64, true}, {strings.Repeat("9", 76), 76, math.MaxInt64, true},
	} {
		if got, ok := Number([]byte(tt.in), tt.max); got != tt.want || ok != tt.ok {
			t.Errorf("Number(%q, %d) = %d, %v; want %d, %v", tt.in, tt.max, got, ok, tt.want, tt.ok)
		}
	}
}

func TestCut(t *testing.T) {
	var got []string
	rest, more := []byte(" a :\r\n\tb:: c"), true
	for more {
		var item []byte
		item, rest, more = Cut(rest)
		got = append(got, string(item))
	}
	if s := strings.Join(got, "|"); s != "a|b||c" {
		t.Errorf("items = %q", s)
	}
}

func TestEqualFold(t *testing.T) {
	for _, tt := range []struct {
		value, lower string
		want         bool
	}{{"RSA", "rsa", true}, {"rsa", "rsa", true}, {"rsb", "rsa", false}, {"rs", "rsa", false}, {"\x52sa", "rsa", true}, {"[", "{", false}} {
		if got := EqualFold([]byte(tt.value), tt.lower); got != tt.want {
			t.Errorf("EqualFold(%q, %q) = %v", tt.value, tt.lower, got)
		}
	}
}

func TestParseAllocs(t *testing.T) {
	src := []byte("v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1; h=From:To; bh=AAAA; b=AAAA")
	buf := make([]Tag, 0, 16)
	if n := testing.AllocsPerRun(100, func() { _, _ = Parse(buf, src) }); n != 0 {
		t.Errorf("Parse allocates %v times, want 0", n)
	}
}

// FuzzParse checks that offsets are in order and in range, that names are
// unique, that cutting a tag's value out leaves a list with the same names, and
// that what was accepted is accepted again when written in canonical form.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"v=1; a=b ;", "a=b;;c", " a \r\n = b\r\n\tc; d=", "a=1;a=2", "i=\u00fc@x", "a=\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		tags, err := Parse(nil, src)
		end := 0
		seen := map[string]bool{}
		var canonical bytes.Buffer
		for _, tag := range tags {
			if !(end <= tag.NameStart && tag.NameStart < tag.NameEnd && tag.NameEnd < tag.RawStart &&
				tag.RawStart <= tag.ValueStart && tag.ValueStart <= tag.ValueEnd && tag.ValueEnd <= tag.RawEnd && tag.RawEnd <= len(src)) {
				t.Fatalf("offsets of %q: %+v after %d", src, tag, end)
			}
			end = tag.RawEnd
			if name := string(tag.Name(src)); seen[name] {
				t.Fatalf("%q: name %q twice", src, name)
			} else {
				seen[name] = true
			}
			canonical.Write(tag.Name(src))
			canonical.WriteByte('=')
			canonical.Write(tag.Value(src))
			canonical.WriteByte(';')
		}
		if err != nil {
			return
		}
		again, err := Parse(nil, canonical.Bytes())
		if err != nil || show(again, canonical.String()) != show(tags, string(src)) {
			t.Fatalf("Parse(%q) = %q; again %q, %v", src, show(tags, string(src)), show(again, canonical.String()), err)
		}
		tag := tags[rand.IntN(len(tags))]
		cut := append(bytes.Clone(src[:tag.RawStart]), src[tag.RawEnd:]...)
		if rest, err := Parse(nil, cut); err != nil || len(rest) != len(tags) {
			t.Fatalf("Parse(%q), a value cut out of %q: %d tags, %v", cut, src, len(rest), err)
		}
	})
}
