package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func entries(t *testing.T, box maildir, sub string) []string {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(string(box), sub))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestDeliver(t *testing.T) {
	box, err := openMaildir(filepath.Join(t.TempDir(), "box"))
	if err != nil {
		t.Fatal(err)
	}
	if err := box.deliver("1.a.mx", strings.NewReader("one "), strings.NewReader("two")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(string(box), "new", "1.a.mx")
	text, err := os.ReadFile(file)
	if err != nil || string(text) != "one two" {
		t.Errorf("new/1.a.mx = %q, %v", text, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the message: %v, %v", info.Mode(), err)
	}
	if left := entries(t, box, "tmp"); len(left) > 0 {
		t.Errorf("left in tmp: %q", left)
	}
}

// While a message is written it is in tmp only; when writing fails there is
// nothing of it anywhere.
func TestDeliverIsAllOrNothing(t *testing.T) {
	box, err := openMaildir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	looked := false
	look := readerFunc(func([]byte) (int, error) {
		looked = true
		if n := entries(t, box, "new"); len(n) > 0 {
			t.Errorf("half a message in new: %q", n)
		}
		if n := entries(t, box, "tmp"); len(n) != 1 {
			t.Errorf("tmp holds %q while writing", n)
		}
		return 0, io.EOF
	})
	broken := errors.New("broken")
	err = box.deliver("1.a.mx", strings.NewReader("half a mess"), look, iotest.ErrReader(broken))
	if !errors.Is(err, broken) || !looked {
		t.Errorf("deliver = %v; want the reader's error", err)
	}
	for _, sub := range []string{"tmp", "new"} {
		if n := entries(t, box, sub); len(n) > 0 {
			t.Errorf("%s holds %q after a failure", sub, n)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A name that is taken is an error, not a message lost.
func TestDeliverNeverOverwrites(t *testing.T) {
	box, err := openMaildir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tmp := filepath.Join(string(box), "tmp", "1.a.mx")
	if err := os.WriteFile(tmp, []byte("another delivery"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := box.deliver("1.a.mx", strings.NewReader("x")); !errors.Is(err, os.ErrExist) {
		t.Errorf("deliver = %v; want %v", err, os.ErrExist)
	}
	if text, err := os.ReadFile(tmp); err != nil || string(text) != "another delivery" {
		t.Errorf("the other delivery's file is %q, %v", text, err)
	}
}

func TestMaildirTrouble(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openMaildir(file); err == nil {
		t.Error("a file passed for a maildir")
	}
	box, err := openMaildir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(string(box), "new")); err != nil {
		t.Fatal(err)
	}
	if err := box.deliver("1.a.mx", strings.NewReader("x")); err == nil {
		t.Error("delivered into a directory that is not there")
	}
	if n := entries(t, box, "tmp"); len(n) > 0 {
		t.Errorf("tmp holds %q after a failure", n)
	}
}

func TestNewNameIsUnique(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id, name := newName("mx.example.org", time.Unix(1, 0))
		if seen[name] || !strings.Contains(name, id) || strings.ContainsAny(name, "/ :") {
			t.Fatalf("newName = %q, %q", id, name)
		}
		seen[name] = true
	}
}
