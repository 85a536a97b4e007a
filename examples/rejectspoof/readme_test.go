package main

import (
	"os"
	"strings"
	"testing"
)

// The program in the README is this one.
func TestReadme(t *testing.T) {
	src, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(src), "package main")
	if !strings.Contains(string(readme), "```go\npackage main"+program+"```") {
		t.Error("README.md does not hold examples/rejectspoof/main.go as it is")
	}
}
