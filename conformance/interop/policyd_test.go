package interop

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// TestPolicyd runs examples/policyd behind a real Postfix: what it refuses is
// refused, and the recording that it makes of Postfix's requests holds each
// message with all its recipients.
func TestPolicyd(t *testing.T) {
	const service = "127.10.53.99:10023"
	ask := "check_policy_service inet:" + service
	s := startPostfix(t, []postfixConf{{name: "policyd", main: map[string]string{
		"mynetworks": "10.0.0.0/8", "smtpd_relay_restrictions": "reject_unauth_destination",
		"smtpd_recipient_restrictions": ask, "smtpd_data_restrictions": ask, "smtpd_end_of_data_restrictions": ask,
	}}}, append(loadZone, "other.example. 60 IN TXT \"v=spf1 -all\""))
	recorded := filepath.Join(t.TempDir(), "sessions.jsonl")
	cmd := exec.Command(buildExample(t, "policyd"), "-listen", "inet:"+service, "-dns", postfixDNS, "-trust", "", "-record", recorded)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if c, err := net.Dial("tcp", service); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	l := load{"policyd", [][2]string{
		{"EHLO mail.client.example", "250"},
		{"MAIL FROM:<s@sender.example> SIZE=500", "250"}, {"RCPT TO:<alice@example.com>", "250"}, {"RCPT TO:<bob@example.com>", "250"},
		{"DATA", "354"}, {"Subject: x\r\n\r\nHello.\r\n.", "250"},
		{"MAIL FROM:<s@other.example>", "250"}, {"RCPT TO:<alice@example.com>", "550 5.7.23 <alice@example.com>: Recipient address rejected: SPF"},
		{"QUIT", "221"},
	}}
	if err := l.session(s.address(0)); err != nil {
		t.Error(err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("policyd: %v", err)
	}
	f, err := os.Open(recorded)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []string
	for r, err := range postfix.ReadRecordings(f) {
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range r.Steps {
			got = append(got, step.Cmd)
		}
	}
	want := "EHLO mail.client.example, MAIL FROM:<s@sender.example> SIZE=500, RCPT TO:<alice@example.com>, RCPT TO:<bob@example.com>, DATA, , " +
		"EHLO mail.client.example, MAIL FROM:<s@other.example>, RCPT TO:<alice@example.com>"
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("recorded %s\nwant %s", text, want)
	}
}
