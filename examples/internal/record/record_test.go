package record

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mailsec-go/mailsec/restrict/postfix"
)

var (
	testClient = postfix.RecordedClient{Addr: netip.MustParseAddr("192.0.2.10"), Names: true}
	okReply    = postfix.Reply{Code: 250, Enhanced: "2.0.0", Lines: []string{"Ok"}}
)

// read returns the recordings in a file.
func read(t *testing.T, name string) (list []*postfix.Recording) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for r, err := range postfix.ReadRecordings(f) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func TestFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sessions.jsonl")
	for range 2 { // opened twice, it is appended to
		f, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				s := f.Begin("", testClient, okReply)
				s.Command("EHLO mail.example.com", okReply)
				for range 2 {
					if err := s.End(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	list := read(t, name)
	if len(list) != 40 {
		t.Fatalf("%d recordings, want 40", len(list))
	}
	if r := list[0]; r.ID == "" || r.ID == list[1].ID || r.Greeting != "250 2.0.0 Ok" || r.Client != testClient ||
		len(r.Steps) != 1 || r.Steps[0].Cmd != "EHLO mail.example.com" || r.Steps[0].Reply != "250 2.0.0 Ok" {
		t.Errorf("recorded %+v", r)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
}

func TestOpen(t *testing.T) {
	const whole = `{"client":{"addr":"192.0.2.10","names":true},"steps":[]}` + "\n"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"whole lines", whole + whole, whole + whole},
		{"half a line", whole + whole[:20], whole},
		{"half the only line", whole[:20], ""},
		{"not ours", whole + "my diary", "error"},
		{"a huge line", "{" + strings.Repeat("x", postfix.MaxRecording), "error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "f")
			if err := os.WriteFile(name, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := Open(name)
			if err != nil {
				if tt.want != "error" {
					t.Errorf("Open: %v", err)
				}
				tt.want = tt.text // and untouched
			} else {
				f.Close()
			}
			if got, err := os.ReadFile(name); err != nil || string(got) != tt.want {
				t.Errorf("the file is %.80q, %v; want %.80q", got, err, tt.want)
			}
		})
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("Open took a directory")
	}
}

// However much a client says, its line can be read.
func TestLimits(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	f, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	long, short := f.Begin("long", testClient, okReply), f.Begin("short", testClient, okReply)
	for range postfix.MaxRecordingSteps + 1 {
		long.Command(strings.Repeat("\x01", 1000), okReply)
		short.Add(postfix.RecordedStep{TLS: &postfix.RecordedTLS{}, Login: &postfix.RecordedLogin{}})
	}
	for _, s := range []*Session{long, short} {
		if err := s.End(); err != nil {
			t.Error(err)
		}
	}
	list := read(t, name)
	if len(list) != 2 || len(list[0].Steps) < 100 || len(list[1].Steps) < 100 {
		t.Errorf("%d recordings", len(list))
	}
}

func TestNil(t *testing.T) {
	var f *File
	s := f.Begin("", testClient, okReply)
	if r := s.Command("NOOP", okReply); r.String() != okReply.String() {
		t.Errorf("Command returned %v", r)
	}
	if err := errors.Join(s.End(), f.Close()); err != nil {
		t.Error(err)
	}
}

func TestEndAfterClose(t *testing.T) {
	f, err := Open(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	s := f.Begin("", testClient, postfix.Reply{Silent: true})
	f.Close()
	if err := s.End(); err == nil {
		t.Error("End = nil though the file is closed")
	}
}
