package rbl

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestTextAndReply(t *testing.T) {
	f := &fake{
		zones: map[string]func(string) answer{
			"bl.example":  listing(a("127.0.0.2"), clientLabel),
			"two.example": listing(a("127.0.0.4"), clientLabel),
			"wl.example":  listing(a("127.0.5.1"), clientLabel),
		},
		texts: map[string][]string{
			clientLabel + ".bl.example.":  {"listed\r\n250 see https://bl.example/" + strings.Repeat("x", 300)},
			clientLabel + ".wl.example.":  {"friend.example"},
			clientLabel + ".two.example.": {},
		},
	}
	lists := []List{
		{Zone: MustZone("bl.example")},
		{Zone: MustZone("two.example"), Weight: 5, Codes: []Code{{"bot", MustPattern("127.0.0.4")}, {"other", MustPattern("127.0.0.5")}}},
		{Zone: MustZone("wl.example"), Allow: true, Name: "friends"},
	}
	s := mustSet(t, Config{Resolver: f, Lists: lists, Complete: true, MaxText: 40})
	v := mustQuery(t, s, client)
	if got, want := v.Reply(), "Service unavailable; [192.0.2.9] blocked using two.example; bot"; got != want {
		t.Errorf("Reply() = %q, want %q", got, want)
	}
	if got, want := v.Results[0].Text, "listed 250 see https://bl.example/xxxxxx"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if v.Results[2].Text != "" {
		t.Errorf("the text of a list that did not cause the decision was fetched: %q", v.Results[2].Text)
	}
	if got, want := fmt.Sprint(v.AuthResult()), "{dnswl 0 pass   [{dns zone wl.example} {policy ip 127.0.5.1}]}"; got != want {
		t.Errorf("AuthResult() = %s, want %s", got, want)
	}
	if got, want := v.String(), `block, score 5; bl.example +1 for "192.0.2.9": 127.0.0.2; two.example +5 for "192.0.2.9": 127.0.0.4 (bot); friends -1 for "192.0.2.9": 127.0.5.1`; got != want {
		t.Errorf("String() = %s, want %s", got, want)
	}

	s = mustSet(t, Config{Resolver: f, Lists: lists[2:], Allow: -1})
	v = mustQuery(t, s, client)
	if v.Decision != Allow || v.Reply() != "" {
		t.Errorf("%v, reply %q", &v, v.Reply())
	}
	if got, want := fmt.Sprint(v.AuthResult()), "{dnswl 0 pass   [{dns zone wl.example} {policy ip 127.0.5.1} {policy txt friend.example}]}"; got != want {
		t.Errorf("AuthResult() = %s, want %s", got, want)
	}

	s = mustSet(t, Config{Resolver: f, Lists: lists, NoText: true, Reply: "{{{ip}} {zone} {list} {code} {score} [{text}] {reason}"})
	f.asked()
	v = mustQuery(t, s, client)
	for _, q := range f.asked() {
		if strings.HasSuffix(q, "TXT") {
			t.Errorf("asked %q", q)
		}
	}
	if got := v.Reply(); !strings.HasPrefix(got, "{192.0.2.9} two.example two.example 127.0.0.4 ") || !strings.HasSuffix(got, "[] bot") {
		t.Errorf("Reply() = %q", got)
	}
}

func TestAuthResult(t *testing.T) {
	tests := []struct {
		name   string
		answer answer
		want   string
	}{
		{"not listed", answer{ad: true}, "{dnswl 0 none   [{dns zone wl.example} {dns sec yes}]}"},
		{"refused", a("127.255.255.254"), "{dnswl 0 permerror   [{dns zone wl.example}]}"},
		{"failed", servfail("x"), "{dnswl 0 temperror   [{dns zone wl.example}]}"},
	}
	for _, tt := range tests {
		f := &fake{zones: map[string]func(string) answer{"wl.example": always(tt.answer)}}
		s := mustSet(t, Config{Resolver: f, Lists: []List{
			{Zone: MustZone("bl.example")}, {Zone: MustZone("wl.example"), Weight: -3},
		}, Complete: true})
		v := mustQuery(t, s, client)
		if got := fmt.Sprint(v.AuthResult()); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	s := mustSet(t, Config{Resolver: &fake{}, Lists: []List{{Zone: MustZone("bl.example")}}})
	v := mustQuery(t, s, client)
	if got := fmt.Sprint(v.AuthResult()); got != "{dnswl 0 none   []}" {
		t.Errorf("without allow lists: %s", got)
	}

	f := &fake{zones: map[string]func(string) answer{"wl.example": always(answer{hang: true})}}
	s = mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("bl.example")}, {Zone: MustZone("wl.example"), Allow: true}}})
	v = mustQuery(t, s, client)
	if got := fmt.Sprint(v.AuthResult()); got != "{dnswl 0 none  not asked []}" {
		t.Errorf("settled before the allow list answered: %s", got)
	}

	f = &fake{zones: map[string]func(string) answer{"wl.example": always(a("127.0.0.2"))}}
	s = mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("wl.example"), Allow: true}}, Complete: true})
	v = mustQuery(t, s, client)
	if got := fmt.Sprint(v.AuthResult()); got != "{dnswl 0 permerror   [{dns zone wl.example}]}" {
		t.Errorf("the allow list lists everything: %s", got)
	}
}

func TestVerdictAsJSON(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{"bl.example": listing(a("127.0.0.2"), clientLabel)}}
	s := mustSet(t, Config{Resolver: f, Lists: []List{{Zone: MustZone("bl.example")}}})
	v := mustQuery(t, s, client)
	js, err := json.Marshal(&v)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"Decision":"block"`, `"Outcome":"listed"`, `"Subject":"192.0.2.9"`, `"Matched":["127.0.0.2"]`} {
		if !strings.Contains(string(js), want) {
			t.Errorf("no %s in %s", want, js)
		}
	}
}

func TestAuthResultOfSeveralLists(t *testing.T) {
	f := &fake{zones: map[string]func(string) answer{
		"one.example": listing(a("127.0.0.2"), clientLabel), "two.example": listing(a("127.0.0.3"), clientLabel),
		"none.example": listing(answer{}), "down.example": always(servfail("x")), "over.example": always(a("127.255.255.255")),
	}}
	for zones, want := range map[string]string{
		"one.example two.example none.example": "pass two.example",
		"none.example down.example":            "none none.example",
		"over.example down.example":            "temperror down.example",
		"over.example":                         "permerror over.example",
	} {
		c := Config{Resolver: f, Complete: true}
		for i, zone := range strings.Fields(zones) {
			c.Lists = append(c.Lists, List{Zone: MustZone(zone), Weight: -1 - i})
		}
		m := mustQuery(t, mustSet(t, c), client).AuthResult()
		if got := m.Result + " " + m.Props[0].Value; got != want {
			t.Errorf("%s: %s, want %s", zones, got, want)
		}
	}
}

func TestNamesOfUnknownValues(t *testing.T) {
	if got, want := fmt.Sprint(Outcome(99), Decision(99), Status(99), Family(99)), "outcome(?) decision(?) status(?) v4"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
