package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testdata/whatif/sessions.jsonl was written by examples/mx with -record while
// it played its demonstration; the ports are set to 25 and 587, and the session
// before which the demonstration changes its zone is left out.
const recorded = "testdata/whatif/sessions.jsonl"

// demoDNS serves the zone of that demonstration.
func demoDNS(t *testing.T) (dns string) {
	t.Helper()
	zone, err := os.ReadFile("../mx/demo/zone.db")
	if err != nil {
		t.Fatal(err)
	}
	return start(t, string(zone))
}

// candidate copies the configuration of the example server with a change.
func candidate(t *testing.T, from, to string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../mx/config")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "main.cf")
	main, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(main), from) != 1 {
		t.Fatalf("main.cf does not hold %q once", from)
	}
	if err := os.WriteFile(file, bytes.Replace(main, []byte(from), []byte(to), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWhatIf(t *testing.T) {
	dns := demoDNS(t)
	check(t, []string{"whatif", dns, "-config", "../mx/config", "-against", "../mx/config", recorded}, "21 sessions, 0 answers change\n")

	// Without the block list the spammer gets in; with a rule of its own the
	// sender with the best manners does not.
	dir := candidate(t, "reject_rbl_client zen.block.test=127.0.0.[2..11]", "check_sender_access inline:{{example.com=REJECT no more}}")
	check(t, []string{"whatif", dns, "-port=25", "-config=../mx/config", "-against", dir, recorded},
		", RCPT TO:<alice@example.org>\n  was  554 5.7.1 Service unavailable; Client host [203.0.113.",
		"blocked using zen.block.test",
		"\n  is   250 2.1.5 Ok\n",
		"\n  was  250 2.1.5 Ok\n         smtpd_helo_restrictions[0] permit_mynetworks: false\n",
		"\n  is   554 5.7.1 <eve@example.com>: Sender address rejected: no more\n",
		"inline:{{example.com=REJECT no more}}",
	)
}

// Without -config the answers are compared with those that were recorded. What
// the policy service said then is not known now.
func TestWhatIfRecorded(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"whatif", demoDNS(t), "-port=25", "-against", "../mx/config", recorded}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(out.String()) {
		if was, ok := strings.CutPrefix(line, "  was  "); ok {
			n++
			if !strings.Contains(was, "SPF") {
				t.Errorf("changed without a policy service: %s", was)
			}
		}
	}
	if n == 0 || strings.Count(out.String(), "\n  is   ") != n {
		t.Errorf("printed\n%s", out.String())
	}
}

// The sessions of the submission port belong to another service.
func TestWhatIfService(t *testing.T) {
	dns := demoDNS(t)
	check(t, []string{"whatif", dns, "-port=587", "-service=submission", "-against", "../mx/config", recorded}, "3 sessions, 0 answers change\n")
}

func TestWhatIfAsk(t *testing.T) {
	dns := demoDNS(t)
	dir := candidate(t, "check_policy_service unix:private/spf", "check_policy_service { unix:no/such/socket, { default_action = 450 nobody there }, try_limit = 1, retry_delay = 0 }")
	check(t, []string{"whatif", dns, "-ask", "-port=25", "-against", dir, recorded}, "nobody there")
}

func TestWhatIfMistakes(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(broken, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	for _, args := range [][]string{
		{"whatif"}, {"whatif", recorded}, {"whatif", "-against", empty, recorded}, {"whatif", "-against", "../mx/config", "nowhere"},
		{"whatif", "-config", empty, "-against", "../mx/config", recorded}, {"whatif", "-against", "../mx/config", broken},
		{"whatif", "-against", candidate(t, "unix:private/spf", "spf"), recorded},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("run(%q) = nil; want an error", args)
		}
	}
}
