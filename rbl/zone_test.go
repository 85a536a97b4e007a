package rbl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const testKey = "abcdefghijklmnopqrstuvwxy2"

func TestZoneNeverPrintsItsKey(t *testing.T) {
	template := "{key}.zen.dq.example"
	z, err := KeyedZone(template, strings.ToUpper(testKey))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := z.Reveal(), testKey+".zen.dq.example"; got != want {
		t.Errorf("Reveal() = %q, want %q", got, want)
	}
	if got, want := z.String(), "(key).zen.dq.example"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("query", "zone", z, "list", List{Zone: z})
	slog.New(slog.NewJSONHandler(&log, nil)).Info("query", "zone", z, "list", List{Zone: z})
	js, err := json.Marshal(map[Zone]Zone{z: z})
	if err != nil {
		t.Fatal(err)
	}
	shown := log.String() + string(js)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%40s", "%T"} {
		shown += fmt.Sprintf(verb, z) + fmt.Sprintf(verb, &z) + fmt.Sprintf(verb, []Zone{z}) + fmt.Sprintf(verb, List{Zone: z}) +
			fmt.Sprintf(verb, struct{ z Zone }{z})
	}
	hex := fmt.Sprintf("%x", testKey)
	for _, secret := range []string{testKey, hex} {
		if strings.Contains(strings.ToLower(shown), secret) {
			t.Errorf("the key is shown: %s", shown)
		}
	}
}

func TestParseZone(t *testing.T) {
	long := strings.Repeat("a", 63)
	tests := []struct {
		name, in     string
		reveal, show string
		err          error
	}{
		{name: "plain", in: "bl.example", reveal: "bl.example", show: "bl.example"},
		{name: "case and final dot", in: "BL.Example.", reveal: "bl.example", show: "bl.example"},
		{name: "IDN", in: "bücher.example", reveal: "xn--bcher-kva.example", show: "xn--bcher-kva.example"},
		{name: "long label is a key", in: testKey + ".zen.dq.example", reveal: testKey + ".zen.dq.example", show: "(key).zen.dq.example"},
		{name: "short DQS key", in: "k3y.zen.dq.spamhaus.net", reveal: "k3y.zen.dq.spamhaus.net", show: "(key).zen.dq.spamhaus.net"},
		{name: "HBL key is not first", in: "_email.k3y.hbl.dq.spamhaus.net", reveal: "_email.k3y.hbl.dq.spamhaus.net", show: "_email.(key).hbl.dq.spamhaus.net"},
		{name: "long label with hyphens", in: "this-is-a-rather-long-label.example", reveal: "this-is-a-rather-long-label.example", show: "this-is-a-rather-long-label.example"},
		{name: "empty", in: "", err: ErrName},
		{name: "root", in: ".", err: ErrName},
		{name: "empty label", in: "a..example", err: ErrName},
		{name: "two final dots", in: "a.example..", err: ErrName},
		{name: "label too long", in: long + "a.example", err: ErrName},
		{name: "too long", in: strings.Repeat(long+".", 4) + "example", err: ErrName},
		{name: "blank", in: "a b.example", err: ErrName},
		{name: "pattern left in", in: "a.example=127.0.0.2", err: ErrName},
	}
	for _, tt := range tests {
		z, err := ParseZone(tt.in)
		if !errors.Is(err, tt.err) || z.Reveal() != tt.reveal || z.String() != tt.show {
			t.Errorf("%s: ParseZone(%q) = %q, %q, %v; want %q, %q, %v",
				tt.name, tt.in, z.Reveal(), z, err, tt.reveal, tt.show, tt.err)
		}
		if z.IsZero() != (tt.err != nil) {
			t.Errorf("%s: IsZero() = %v", tt.name, z.IsZero())
		}
	}
}

func TestKeyedZoneErrors(t *testing.T) {
	for _, tt := range []struct{ name, template, key string }{
		{"no mark", "zen.example", testKey},
		{"two marks", "{key}.{key}.example", testKey},
		{"no key", "{key}.example", ""},
		{"two labels", "{key}.example", "a.b"},
		{"not LDH", "{key}.example", "a b"},
		{"bad template", "{key}..example", "abc"},
	} {
		z, err := KeyedZone(tt.template, tt.key)
		if err == nil || !z.IsZero() {
			t.Errorf("%s: KeyedZone(%q, %q) = %v, %v; want an error", tt.name, tt.template, tt.key, z, err)
		}
		if tt.key != "" && err != nil && strings.Contains(err.Error(), testKey) {
			t.Errorf("%s: the error shows the key: %v", tt.name, err)
		}
	}
}

func TestZoneRedactsInAnyCase(t *testing.T) {
	z := MustZone(testKey + ".zen.dq.example")
	in := "lookup 2.0.0.127." + strings.ToUpper(testKey) + ".zen.dq.example: no " + testKey + "!"
	want := "lookup 2.0.0.127.(key).zen.dq.example: no (key)!"
	if got := z.redact(in); got != want {
		t.Errorf("redact(%q) = %q, want %q", in, got, want)
	}
	if got := MustZone("bl.example").redact(in); got != in {
		t.Errorf("a zone without key changed %q to %q", in, got)
	}
}

func TestMustZonePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustZone accepted an empty name")
		}
	}()
	MustZone("")
}
