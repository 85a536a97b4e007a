package rbl

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParsePostscreen(t *testing.T) {
	lists, err := ParsePostscreen("zen.example=127.0.0.[2..11]*3,\n\tlist.example=127.0.[0..255].[1..3]*-2 psbl.example, z.example*0 " + testKey + ".dq.example")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range lists {
		got = append(got, fmt.Sprintf("%v=%v %d %v", l.Zone, l.Accept, l.weight(), l.allow()))
	}
	want := []string{
		"zen.example=127.0.0.[2..11] 3 false", "list.example=127.0.[0..255].[1..3] -2 true",
		"psbl.example= 1 false", "z.example= 0 false", "(key).dq.example= 1 false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
	for text, pos := range map[string]int{
		"": 0, " , ": 0, "a.example=127.0.0.2;3": 19, "a.example, b.example=127.0.0": 28, "a.example*x": 10,
		"a.example*": 10, "a.example*+1": 10, "a.example*99999999": 10, "a.example, b..example": 11, "a.example=": 10,
	} {
		_, err := ParsePostscreen(text)
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, ErrSyntax) || e.Pos != pos {
			t.Errorf("ParsePostscreen(%q): %v, want an error at %d", text, err, pos)
		}
	}
}

func TestParseErrorsHideKeys(t *testing.T) {
	for _, text := range []string{
		testKey + ".zen.dq.example=127.0.0.x",
		testKey + ".zen.dq.example=127.0.0.2*x",
		strings.ToUpper(testKey) + "..zen.dq.example",
		"k3y.zen.dq.spamhaus.net=127.0.0.x, a.example",
		"_email.k3y.hbl.dq.spamhaus.net=127.0.0.x",
	} {
		_, err1 := ParsePostscreen(text)
		_, err2 := ParseDNSLists(strings.ReplaceAll(text, ",", ":"))
		for _, err := range []error{err1, err2} {
			if err == nil || strings.Contains(strings.ToLower(fmt.Sprintf("%v %+v", err, err)), testKey) || strings.Contains(err.Error(), "k3y") {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}

func TestParseDNSLists(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"a.example : b.example", []string{"a.example a.example  [] 0", "b.example b.example  [] 0"}},
		{"<; a.example/2001:db8::1 ; b.example/<,x.test,192.0.2.1", []string{"a.example a.example  [2001 db8:1] 0", "b.example b.example  [x.test 192.0.2.1] 0"}},
		{"<; a.example/<,2001:db8::1", []string{"a.example a.example  [2001:db8::1] 0"}},
		{"+defer_unknown : Txt.example.,c.example!==127.0.0.2,127.0.0.3", []string{"Txt.example. c.example !==127.0.0.2,127.0.0.3 [] 2"}},
		{"+include_unknown:a.example&0.0.0.2:+exclude_unknown:b.example=&0.0.0.3", []string{"a.example a.example &0.0.0.2 [] 1", "b.example b.example =&0.0.0.3 [] 0"}},
		{"a.example/", []string{"a.example a.example  [] 0"}},
		{" <| a.example | ", []string{"a.example a.example  [] 0"}},
	}
	for _, tt := range tests {
		lists, err := ParseDNSLists(tt.text)
		if err != nil {
			t.Errorf("ParseDNSLists(%q): %v", tt.text, err)
			continue
		}
		var got []string
		for _, l := range lists {
			got = append(got, fmt.Sprintf("%s %v %v %v %d", l.Name, l.Zone, l.Accept, l.Keys, l.Unknown))
		}
		if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
			t.Errorf("ParseDNSLists(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
	for text, pos := range map[string]int{
		"": 0, "+x": 0, "a.example : b.example=foo": 22, "a..example": 0, "a.example =127.0.0.2": 0,
		"a.example : +unknown": 12, "x y,a.example": 0, "a.example&=127.0.0.2": 0, "=127.0.0.2": 0,
	} {
		_, err := ParseDNSLists(text)
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, ErrSyntax) || e.Pos != pos {
			t.Errorf("ParseDNSLists(%q): %v, want an error at %d", text, err, pos)
		}
	}
}

func TestDNSListsKeys(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{
		"dbl.example": listing(a("127.0.1.2"), "spam.test", "55.2.0.192"),
		"txt.example": listing(a("127.0.0.5"), clientLabel),
		"bl.example":  listing(a("127.0.0.2"), clientLabel, "10.2.0.192"),
	}}
	tests := []struct {
		text string
		want Decision
		by   string
	}{
		{"dbl.example/spam.test", Block, "dbl.example spam.test [127.0.1.2]"},
		{"dbl.example/good.test:dbl.example/192.0.2.55", Block, "dbl.example 192.0.2.55 [127.0.1.2]"},
		{"dbl.example/10.0.0.1", Pass, ""},
		{"dbl.example/", Pass, ""},
		{"txt.example,bl.example", Block, "txt.example 192.0.2.9 [127.0.0.5]"},
		{"none.example,bl.example", Pass, ""},
	}
	for _, tt := range tests {
		lists, err := ParseDNSLists(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		s := mustSet(t, Config{Resolver: f, Lists: lists, FirstMatch: true})
		v := mustQuery(t, s, client)
		by := ""
		if r := v.By(); r != nil {
			by = fmt.Sprint(r.Name, " ", r.Subject, " ", r.Answers)
		}
		if v.Decision != tt.want || by != tt.by {
			t.Errorf("%q: %v by %q, want %v by %q", tt.text, &v, by, tt.want, tt.by)
		}
	}
}
