package main

import (
	"bytes"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What -print-config writes is what is used without -config.
func TestPrintConfig(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "etc")
	if err := run(t.Context(), []string{"-print-config", dir}, nil, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	embedded, err := openConfig("")
	if err != nil {
		t.Fatal(err)
	}
	printed, err := openConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(embedded, "*")
	if err != nil || len(names) < 5 {
		t.Fatalf("embedded configuration: %q, %v", names, err)
	}
	for _, name := range names {
		want, err1 := fs.ReadFile(embedded, name)
		got, err2 := fs.ReadFile(printed, name)
		if err1 != nil || err2 != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs: %v, %v", name, err1, err2)
		}
	}
	if err := run(t.Context(), []string{"-print-config", dir}, nil, io.Discard, io.Discard); err == nil {
		t.Error("a second -print-config wrote over the files")
	}
}

func TestConfigMistakes(t *testing.T) {
	for name, change := range map[string]struct{ file, text string }{
		"open relay":       {"main.cf", "myhostname = mx.example.org\nsmtpd_relay_restrictions = permit\nsmtpd_recipient_restrictions =\n"},
		"broken master.cf": {"master.cf", "submission inet n\n"},
		"broken users":     {"users", "bob\n"},
		"broken dnslists":  {"dnslists", "zen.block.test=127.0.0.[\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := printConfig(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, change.file), []byte(change.text), 0o600); err != nil {
				t.Fatal(err)
			}
			config, err := openConfig(dir)
			if err != nil {
				t.Fatal(err)
			}
			r, err := newResolver("127.0.0.1")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			s, err := newServer(options{listen: "127.0.0.1:0", submission: "127.0.0.1:0", config: config,
				maildir: t.TempDir(), resolver: r, limits: defaultLimits, log: slog.New(slog.DiscardHandler)})
			if err == nil {
				s.stop(t.Context())
				t.Error("the server started")
			}
		})
	}
}

// What works, but not as it seems, is logged at start.
func TestConfigFindings(t *testing.T) {
	dir := t.TempDir()
	if err := printConfig(dir); err != nil {
		t.Fatal(err)
	}
	main := "myhostname = mx.example.org\nsmtpd_recipient_restrictions = reject_unauth_destination, check_helo_access hash:nowhere, permit, reject_rbl_client x.test\n"
	if err := os.WriteFile(filepath.Join(dir, "main.cf"), []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	var log syncBuffer
	testServer(t, func(o *options) {
		o.config = os.DirFS(dir)
		o.log = slog.New(slog.NewTextHandler(&log, nil))
	})
	for _, want := range []string{"level=WARN", "hash:nowhere", "reject_rbl_client"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log:\n%s\nwithout %q", log.String(), want)
		}
	}
}

// The embedded configuration has nothing to find fault with.
func TestEmbeddedConfig(t *testing.T) {
	var log syncBuffer
	testServer(t, func(o *options) { o.log = slog.New(slog.NewTextHandler(&log, nil)) })
	if strings.Contains(log.String(), "level=WARN") {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{
		{}, {"-unknown"}, {"-listen", "127.0.0.1:0", "-config", t.TempDir()}, {"-listen", "127.0.0.1:0", "-dns", "x"},
		{"-listen", "127.0.0.1:0", "-proxy", "x"}, {"-listen", "x", "-maildir", t.TempDir()},
	} {
		if err := run(t.Context(), args, nil, io.Discard, io.Discard); err == nil {
			t.Errorf("run(%q) = nil; want an error", args)
		}
	}
	for in, want := range map[string]int{"": 0, "127.0.0.1": 1, "127.0.0.0/8, ::1": 2} {
		if got, err := parseNetworks(in); err != nil || len(got) != want {
			t.Errorf("parseNetworks(%q) = %v, %v; want %d networks", in, got, err, want)
		}
	}
}
