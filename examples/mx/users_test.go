package main

import (
	"io"
	"strings"
	"testing"
)

func TestUsers(t *testing.T) {
	h, err := hashPassword("secret", 1000)
	if err != nil {
		t.Fatal(err)
	}
	u, err := parseUsers("users", strings.NewReader("# comment\n\nbob "+h.String()+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, password string
		want           bool
	}{
		{"bob", "secret", true},
		{"bob", "Secret", false},
		{"bob", "", false},
		{"eve", "secret", false},
		{"", "", false},
	} {
		if got := u.check(tt.name, tt.password); got != tt.want {
			t.Errorf("check(%q, %q) = %v; want %v", tt.name, tt.password, got, tt.want)
		}
	}
	if d := u.decoy(); d.iterations != 1000 {
		t.Errorf("an unknown name costs %d iterations; want those of the others", d.iterations)
	}
}

func TestAddUser(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-adduser", "bob"}, strings.NewReader("secret\n"), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	u, err := parseUsers("users", strings.NewReader(out.String()))
	if err != nil || u["bob"].iterations != hashIterations || strings.Contains(out.String(), "secret") {
		t.Errorf("the line %q gives %v, %v", out.String(), u, err)
	}
}

func TestParseUsersMistakes(t *testing.T) {
	key := strings.Repeat("A", 43) + "="
	for _, line := range []string{
		"bob", "bob 1 AA== " + key + " more", "bob 0 AA== " + key, "bob x AA== " + key,
		"bob 1 ! " + key, "bob 1 AA== AA==", "bob 1 AA== !",
	} {
		_, err := parseUsers("users", strings.NewReader("\n"+line))
		if err == nil || !strings.HasPrefix(err.Error(), "users:2: ") {
			t.Errorf("parseUsers(%q) = %v; want an error on line 2", line, err)
		}
	}
	if err := printUser("bob", strings.NewReader("\n"), io.Discard); err == nil {
		t.Error("an empty password was taken")
	}
}
