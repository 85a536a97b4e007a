package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// crashDir names, in the environment of a child process, the maildir of a
// server that will be killed.
const crashDir = "MX_TEST_CRASH_DIR"

// TestServeUntilKilled is the child process of [TestCrash].
func TestServeUntilKilled(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("not a child of TestCrash")
	}
	s := testServer(t, func(o *options) { o.maildir, o.submission = dir, "" })
	fmt.Printf("at %s\n", s.address(smtpPort))
	time.Sleep(time.Minute) // until it is killed, or its parent has died
}

// A server that is killed while messages come in has every message that it
// acknowledged in new/, and no half one.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	text := []byte(testMessage + strings.Repeat("A line of text.\r\n", 4000) + "The end.\r\n")
	var mu sync.Mutex
	taken := map[string]bool{} // queue IDs
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestServeUntilKilled$")
		child.Env = append(os.Environ(), crashDir+"="+dir)
		stdout, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(stdout).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		address, err := netip.ParseAddrPort(strings.TrimSpace(strings.TrimPrefix(line, "at ")))
		if err != nil {
			t.Fatal(err)
		}
		before := len(taken)
		var wait sync.WaitGroup
		for range 3 {
			wait.Go(func() {
				sendUntilGone(address, text, func(id string) {
					mu.Lock()
					defer mu.Unlock()
					if taken[id] = true; len(taken) == before+20 {
						child.Process.Kill() // SIGKILL: nothing is tidied up
					}
				})
			})
		}
		wait.Wait()
		child.Wait()
	}

	if len(taken) < 40 {
		t.Errorf("%d messages were taken; want 40 at least", len(taken))
	}
	stored := entries(t, maildir(dir), "new")
	for _, name := range stored {
		got, err := os.ReadFile(filepath.Join(dir, "new", name))
		if err != nil || !bytes.HasSuffix(got, text) {
			t.Errorf("new/%s holds %d octets, %v: not the message", name, len(got), err)
		}
		if f := strings.Split(name, "."); len(f) > 1 {
			delete(taken, f[1])
		}
	}
	if len(taken) > 0 {
		t.Errorf("acknowledged, but not in new/: %v", taken)
	}
}

// sendUntilGone sends messages, one after the other, until the server is gone.
func sendUntilGone(server netip.AddrPort, text []byte, taken func(id string)) {
	c, _, err := dial(server, netip.MustParseAddr("192.0.2.10"))
	if err != nil {
		return
	}
	defer c.close()
	if _, err := c.command("EHLO mail.example.com"); err != nil {
		return
	}
	for {
		for _, command := range []string{"MAIL FROM:<eve@mail.example.com>", "RCPT TO:<alice@example.org>", "DATA"} {
			if r, err := c.command("%s", command); err != nil || r.refused() {
				return
			}
		}
		r, err := c.send(text)
		_, id, ok := strings.Cut(r.text, "stored as ")
		if err != nil || !ok {
			return
		}
		taken(id)
	}
}
