package rbl

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestPresets(t *testing.T) {
	names := Presets()
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names are not sorted or not distinct: %q", names)
	}
	for _, name := range names {
		l, err := Preset(name, "")
		if errors.Is(err, ErrConfig) {
			l, err = Preset(name, testKey)
			if err == nil && !l.Zone.Keyed() {
				t.Errorf("%s: no key in %v", name, l.Zone)
			}
		} else if _, err := Preset(name, testKey); err == nil {
			t.Errorf("%s takes a key it has no place for", name)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := l.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if why, ok := Retired(l.Zone.Reveal()); ok {
			t.Errorf("%s: %s", name, why)
		}
		if !strings.HasPrefix(l.Source, "https://") {
			t.Errorf("%s: no source", name)
		}
		e := entry{list: &l, name: name, accept: l.accept()}
		for _, bad := range []string{"127.0.0.1", "127.255.255.254", "203.0.113.1"} {
			if got := e.read([]netip.Addr{netip.MustParseAddr(bad)}); got.outcome != Refused {
				t.Errorf("%s: %s is %v", name, bad, got.outcome)
			}
		}
	}
	if _, err := Preset("nonesuch", ""); !errors.Is(err, ErrConfig) {
		t.Errorf("unknown preset: %v", err)
	}
}

func TestPresetCodes(t *testing.T) {
	tests := []struct {
		preset, answer string
		want           Outcome
		labels         string
	}{
		{"spamhaus-zen", "127.0.0.4", Listed, "XBL"},
		{"spamhaus-zen", "127.0.0.12", NotMatched, ""},
		{"spamhaus-dbl", "127.0.1.5", Listed, "malware"},
		{"spamhaus-dbl", "127.0.1.102", NotMatched, ""},
		{"spamhaus-dbl", "127.0.1.255", Refused, ""},
		{"dnswl", "127.0.5.3", Listed, "high"},
		{"dnswl", "127.0.5.0", NotMatched, ""},
		{"dnswl", "127.0.10.3", Refused, ""},
		{"dnswl", "127.0.0.255", Refused, ""},
		{"surbl", "127.0.0.200", Listed, "abuse,cracked,phish"},
		{"surbl", "127.0.0.2", NotMatched, ""},
		{"uribl", "127.0.0.4", NotMatched, ""},
		{"mailspike", "127.0.0.18", NotMatched, ""},
		{"mailspike-good", "127.0.0.18", Listed, ""},
		{"msbl-ebl", "127.0.1.2", NotMatched, ""},
	}
	for _, tt := range tests {
		l, err := Preset(tt.preset, "")
		if err != nil {
			t.Fatal(err)
		}
		e := entry{list: &l, name: tt.preset, accept: l.accept()}
		got := e.read([]netip.Addr{netip.MustParseAddr(tt.answer)})
		if got.outcome != tt.want || strings.Join(l.labels(got.matched), ",") != tt.labels {
			t.Errorf("%s: %s is %v %q, want %v %q", tt.preset, tt.answer, got.outcome, l.labels(got.matched), tt.want, tt.labels)
		}
	}
}

func TestRetired(t *testing.T) {
	for zone, want := range map[string]bool{
		"dnsbl.sorbs.net": true, "Spam.DNSBL.sorbs.net.": true, "sorbs.net": true, "cbl.abuseat.org": true,
		"notsorbs.net": false, "zen.spamhaus.org": false, "": false,
	} {
		if why, ok := Retired(zone); ok != want || ok == (why == "") {
			t.Errorf("Retired(%q) = %q, %v; want %v", zone, why, ok, want)
		}
	}
}
