package authres

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// written returns h as it should come back from a reader: what the writer
// replaces, cuts and leaves out is applied here by the simplest means.
func written(h Header) Header {
	fix := func(s string, max int) string {
		if len(s) > max {
			s = s[:max]
		}
		b := []byte(s)
		for i, c := range b {
			if c < ' ' || c > '~' {
				b[i] = '?'
			}
		}
		return string(b)
	}
	out := Header{ID: h.ID, Version: h.Version}
	for _, m := range h.Methods {
		n := Method{Name: lower(m.Name), Version: m.Version, Result: lower(m.Result)}
		n.Reason, n.Comment = fix(m.Reason, MaxText), fix(m.Comment, MaxText)
		for _, p := range m.Props {
			if len(p.Value) <= MaxValue {
				n.Props = append(n.Props, Prop{lower(p.Type), lower(p.Name), fix(p.Value, MaxValue)})
			}
		}
		out.Methods = append(out.Methods, n)
	}
	return out
}

// FuzzWrite writes hostile values and reads them back: nothing is added, lost
// or moved, and no line end stands outside the folding.
func FuzzWrite(f *testing.F) {
	f.Add("mx.example.com", "dmarc", "fail", "a\\\" ; dkim=pass header.d=bank.test", "c) (", "x@example.com\r\nX-Injected: 1", `"a b"@example.com`)
	f.Add("mx example", "spf", "Pass", strings.Repeat("word ", 60), "", `"a\ b"@x`, "\\")
	f.Add("\"", "x-y_z", "none", strings.Repeat("\"", 500), strings.Repeat("(", 500), strings.Repeat("@", 450), "")
	f.Fuzz(func(t *testing.T, id, name, result, reason, comment, v1, v2 string) {
		h := Header{ID: id, Methods: []Method{
			{Name: name, Result: result, Reason: reason, Comment: comment, Props: []Prop{{"smtp", "mailfrom", v1}, {"header", "B", v2}}},
			{Name: "auth", Version: 1, Result: "pass"},
		}}
		line, err := h.AppendTo(nil)
		field, ferr := h.AppendField(nil)
		if (err == nil) != (ferr == nil) {
			t.Fatalf("AppendTo: %v, AppendField: %v", err, ferr)
		}
		if s := h.String(); strings.ContainsAny(s, "\r\n") || (err == nil) != (s == string(line)) && !strings.Contains(s, "?") {
			t.Fatalf("String = %q, AppendTo = %q, %v", s, line, err)
		}
		if err != nil {
			return
		}
		checkLines(t, field)
		value := strings.TrimPrefix(string(field), DefaultName+":")
		want := written(h)
		for _, text := range []string{string(line), value} {
			for _, p := range []Parser{{}, {Tolerant: true}} {
				if got, err := p.Parse(text); err != nil || !reflect.DeepEqual(got, want) {
					t.Fatalf("%+v.Parse(%q) = %+v, %v; want %+v", p, text, got, err, want)
				}
			}
		}
		if !MatchID(value, id) {
			t.Errorf("MatchID(%q, %q) = false", value, id)
		}
		utf, err := Writer{UTF8: true}.AppendField(nil, h)
		if err != nil {
			t.Fatal(err)
		}
		checkLines(t, utf)
		if got, err := Parse(string(utf[len(DefaultName)+1:])); err != nil || len(got.Methods) != 2 {
			t.Fatalf("Parse(%q) = %+v, %v", utf, got, err)
		}
	})
}

// checkLines checks that field is one folded header field.
func checkLines(t *testing.T, field []byte) {
	t.Helper()
	lines := strings.Split(string(field), "\r\n")
	if lines[len(lines)-1] != "" {
		t.Fatalf("no line end: %q", field)
	}
	for i, l := range lines[:len(lines)-1] {
		if strings.ContainsAny(l, "\r\n\x00") || len(l) > 998 || strings.TrimSpace(l) == "" || i > 0 && l[0] != ' ' {
			t.Fatalf("line %d of %q", i, field)
		}
	}
}

// FuzzParse checks that what a reader understood can be written and read again
// with the same outcome, and that tolerance never changes what strict reading
// accepts.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"mx.example.com; none", "mx.example.com 1; dkim/1 = pass header . i = \"@example.com\"",
		"(c) mx (d) 1 (e) ; (f) spf (g) = (h) pass (i) smtp (j) . (k) mailfrom (l) = (m) x@example.com (n)",
		"mx; spf=pass smtp.mailfrom=\"a b\"@example.com;", "spf=pass (x) smtp.mailfrom=; dkim=none action=none",
		"mx; spf=pass reason=\"a; b\\\"\" x.y=\"\\\\\"", "mx; a=b c.d=e/f==", "\"\"; none",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := Parse(s)
		tol, terr := Parser{Tolerant: true}.Parse(s)
		if err != nil {
			return
		}
		if terr != nil || !reflect.DeepEqual(h, tol) {
			t.Fatalf("strict %+v, tolerant %+v, %v", h, tol, terr)
		}
		if len(h.Methods) > MaxMethods {
			t.Fatalf("%d methods", len(h.Methods))
		}
		line, err := h.AppendTo(nil)
		if err != nil {
			return // an id or version that only a reader accepts
		}
		again, err := Parse(string(line))
		if want := written(h); err != nil || !reflect.DeepEqual(again, want) {
			t.Fatalf("Parse(%q) = %+v; written %q; reread %+v, %v", s, h, line, again, err)
		}
	})
}

// FuzzRemoveForged checks that nothing of ours is left, that the rest is
// untouched, and that removing twice changes nothing.
func FuzzRemoveForged(f *testing.F) {
	f.Add([]byte("Authentication-Results: mx.example.com; none\r\nFrom: a\r\n\r\nbody"))
	f.Add([]byte("A: b\nauthentication-results :\r\n (c) \"mx.example.com\" 1; spf=pass\r\n\tx\r\nB: c\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := bytes.Clone(b)
		out := RemoveForged(b, "mx.example.com")
		if !bytes.Equal(b, in) {
			t.Fatalf("input changed: %q", in)
		}
		if again := RemoveForged(out, "mx.example.com"); !bytes.Equal(out, again) {
			t.Fatalf("%q; again %q", out, again)
		}
		if len(out) == len(b) && !bytes.Equal(out, b) {
			t.Fatalf("%q became %q", b, out)
		}
	})
}
