package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every row of the table comes out as it must.
func TestScenes(t *testing.T) {
	w, err := newWorld()
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			got, said, err := w.play(s)
			if err == nil {
				err = s.check(got)
			}
			if err != nil {
				t.Errorf("%v\ndialogue:\n%s", err, strings.Join(said, "\n"))
			}
			if got != nil && (got.Rule == "" || got.Why == "") {
				t.Errorf("no rule or no reason for reply %q: %+v", got.Reply, got)
			}
		})
	}
	if w.overUDP.Load() == 0 || w.overTCP.Load() == 0 {
		t.Errorf("%d DNS queries over UDP and %d over TCP; want some of both", w.overUDP.Load(), w.overTCP.Load())
	}
	checkMailboxes(t, w)
}

// checkMailboxes compares the messages stored with the scenes that were taken.
func checkMailboxes(t *testing.T, w *world) {
	t.Helper()
	want := 0
	for _, s := range scenes {
		if strings.HasPrefix(s.want.reply, "250") {
			want++
		}
	}
	inbox, junk := messages(t, w.server.inbox), messages(t, w.server.junk)
	if len(inbox)+len(junk) != want || len(junk) != 1 {
		t.Errorf("%d messages in the inbox and %d in Junk; want %d, one of them in Junk", len(inbox), len(junk), want)
	}
	for _, m := range append(inbox, junk...) {
		if !strings.HasPrefix(m, "Return-Path: <") || strings.Count(m, "\r\nAuthentication-Results: mx.example.org;") != 1 {
			t.Errorf("message stored as\n%s", m)
		}
		if strings.Contains(strings.ReplaceAll(m, "\r\n", ""), "\n") {
			t.Errorf("message with bare line ends stored as\n%q", m)
		}
	}
}

// messages returns what is in new/ of a maildir.
func messages(t *testing.T, box maildir) (texts []string) {
	t.Helper()
	for _, name := range entries(t, box, "new") {
		text, err := os.ReadFile(filepath.Join(string(box), "new", name))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// The program prints the table and ends without an error.
func TestDemo(t *testing.T) {
	var out, log bytes.Buffer
	if err := run(t.Context(), []string{"-demo", "-v"}, nil, &out, &log); err != nil {
		t.Fatalf("-demo: %v\n%s", err, out.String())
	}
	for _, s := range scenes {
		if !strings.Contains(out.String(), s.name) {
			t.Errorf("no row for %q", s.name)
		}
	}
	for _, want := range []string{"Authentication-Results: mx.example.org;", "rule:  main.cf:", "why:   ", "SESSION", "C: EHLO mail.example.com"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table does not contain %q", want)
		}
	}
	if strings.Contains(out.String(), demoPassword) {
		t.Error("the table shows a password")
	}
}

// A scene that does not come out as it must is an error, so that the program
// exits with 1.
func TestUnexpectedOutcome(t *testing.T) {
	wrong := scenes[0]
	wrong.want.reply = "550"
	var out bytes.Buffer
	err := runDemo(t.Context(), []scene{wrong, scenes[1]}, &out, false)
	if err == nil || !strings.Contains(out.String(), "UNEXPECTED: "+wrong.name) || !strings.Contains(out.String(), scenes[1].name) {
		t.Errorf("runDemo = %v, printed\n%s\nwant an error, and both rows", err, out.String())
	}
	good := decision{Reply: "250 2.0.0 Ok", Rule: "dmarc", SPF: "pass", Field: "x"}
	s := scene{name: "test", want: outcome{reply: "250", rule: "dmarc", spf: "pass"}}
	if err := s.check(&good); err != nil {
		t.Errorf("check = %v; want nil", err)
	}
	for name, change := range map[string]func(*decision){
		"reply": func(d *decision) { d.Reply = "550 5.7.1 No" },
		"rule":  func(d *decision) { d.Rule = "luck" },
		"spf":   func(d *decision) { d.SPF = "fail" },
		"dkim":  func(d *decision) { d.DKIM = "pass" },
		"dmarc": func(d *decision) { d.DMARC = "pass" },
		"field": func(d *decision) { d.Field = "" },
	} {
		d := good
		change(&d)
		if s.check(&d) == nil {
			t.Errorf("another %s was not noticed", name)
		}
	}
}
