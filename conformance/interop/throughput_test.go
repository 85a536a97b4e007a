package interop

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	mxAddr     = "127.10.53.2"
	loadClient = "127.10.53.7"          // where the sessions come from
	loadNumber = 8                      // clients at the same time
	loadRounds = 5                      // for each server, taking turns
	loadTime   = 120 * time.Millisecond // of one round
)

// loadConf is the recipient list that most published configurations are a
// variant of, for a client that is not in mynetworks.
var loadConf = postfixConf{
	name:      "classic",
	processes: loadNumber,
	main: map[string]string{
		"mynetworks": "10.0.0.0/8", "smtpd_helo_required": "yes",
		"smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",
		"smtpd_recipient_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, reject_invalid_helo_hostname, " +
			"reject_non_fqdn_sender, reject_non_fqdn_recipient, reject_unknown_sender_domain, reject_unlisted_recipient, check_helo_access texthash:DIR/helo, " +
			"check_client_access texthash:DIR/client, check_sender_access texthash:DIR/sender, reject_rbl_client zen.bl.example, reject_rbl_client spam.bl.example",
	},
	tables: map[string]string{
		"helo":   "mx.example.com REJECT Only I am me\nexample.com REJECT Only I am me\n",
		"client": "203.0.113.66 REJECT known\n",
		"sender": "bad.example 550 5.1.8 go away\n",
	},
}

var loadZone = []string{
	"sender.example. 60 IN MX 10 mx.sender.example.", "mx.sender.example. 60 IN A 203.0.113.10", "sender.example. 60 IN TXT \"v=spf1 ip4:" + loadClient + " -all\"",
	"mail.client.example. 60 IN A " + loadClient, "7.53.10.127.in-addr.arpa. 60 IN PTR mail.client.example.",
	"zen.bl.example. 60 IN SOA . . 1 1 1 1 60", "spam.bl.example. 60 IN SOA . . 1 1 1 1 60", "example. 60 IN SOA . . 1 1 1 1 60",
}

// A load is a kind of session, with the begin of each reply.
type load struct {
	name  string
	steps [][2]string // command, reply
}

var (
	loadRefused = load{"refused at RCPT", [][2]string{
		{"EHLO mail.client.example", "250"}, {"MAIL FROM:<s@sender.example>", "250"}, {"RCPT TO:<nobody@example.com>", "550"}, {"QUIT", "221"}}}
	loadAccepted = load{"with a message", [][2]string{
		{"EHLO mail.client.example", "250"}, {"MAIL FROM:<s@sender.example>", "250"}, {"RCPT TO:<alice@example.com>", "250"}, {"DATA", "354"},
		{"From: s@sender.example\r\nSubject: x\r\n\r\nHello.\r\n.", "250"}, {"QUIT", "221"}}}
)

// TestThroughput measures whole sessions a second of examples/mx beside a real
// Postfix: the same sessions, configuration, tables and DNS server, over
// loopback. It fails for a wrong reply, never for being slow. Two differences
// remain: mx keeps DNS answers in memory, where Postfix asks for each session,
// and mx authenticates and files a message, where Postfix queues and discards
// it.
func TestThroughput(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	s := startPostfix(t, []postfixConf{loadConf}, loadZone)
	mx := startMX(t)
	var line strings.Builder
	for _, l := range []load{loadRefused, loadAccepted} {
		theirs, ours := l.compare(t, s.address(0), mx)
		fmt.Fprintf(&line, "; %s: Postfix %.0f, mx %.0f, ratio %.2f", l.name, theirs, ours, ours/max(theirs, 1))
	}
	t.Logf("sessions a second, %d clients%s", loadNumber, line.String())
}

// buildExample builds a program of the examples and returns its path.
func buildExample(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	build := exec.Command("go", "build", "-o", program, "./"+name)
	build.Dir = filepath.Join("..", "..", "examples")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// startMX builds examples/mx and runs it with the configuration and the DNS of
// the Postfix that is running. It returns the address.
func startMX(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program, config := buildExample(t, "mx"), filepath.Join(dir, "config")
	if out, err := exec.Command(program, "-print-config", config).CombinedOutput(); err != nil {
		t.Fatalf("mx -print-config: %v\n%s", err, out)
	}
	var main strings.Builder
	for _, params := range []map[string]string{postfixBase("DIR"), loadConf.main} {
		for k, v := range params { // the last value of a parameter counts
			fmt.Fprintf(&main, "%s = %s\n", k, strings.ReplaceAll(v, "DIR/", ""))
		}
	}
	write(t, filepath.Join(config, "main.cf"), main.String())
	for name, text := range loadConf.tables {
		write(t, filepath.Join(config, name), text)
	}
	write(t, filepath.Join(config, "dnslists"), "zen.bl.example\n")
	for _, name := range []string{"local", "valias", "vmail"} {
		write(t, filepath.Join(config, name), "alice x\n")
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-listen", mxAddr+":0", "-config", config, "-maildir", filepath.Join(dir, "Maildir"), "-dns", postfixDNS)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("mx: %v", err)
		}
		log.Close()
	})
	listening := regexp.MustCompile(`port=smtp address=(\S+)`)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		text, _ := os.ReadFile(log.Name())
		if m := listening.FindSubmatch(text); m != nil {
			return string(m[1])
		}
		if time.Now().After(deadline) {
			t.Fatalf("mx does not listen:\n%s", text)
		}
	}
}

// compare returns the sessions a second of two servers. They take turns, so that
// whatever else this machine does slows down both.
func (l load) compare(t *testing.T, a, b string) (perSecondA, perSecondB float64) {
	t.Helper()
	var sessions [2]int64
	var took [2]time.Duration
	for round := range loadRounds + 1 {
		for i, address := range []string{a, b} {
			start := time.Now()
			n := l.play(t, address, loadTime)
			if round > 0 { // the first one warms up
				sessions[i], took[i] = sessions[i]+n, took[i]+time.Since(start)
			}
		}
	}
	return float64(sessions[0]) / took[0].Seconds(), float64(sessions[1]) / took[1].Seconds()
}

// play plays sessions with several clients and returns their number.
func (l load) play(t *testing.T, address string, d time.Duration) int64 {
	t.Helper()
	var n atomic.Int64
	var clients sync.WaitGroup
	end := time.Now().Add(d)
	for range loadNumber {
		clients.Go(func() {
			for time.Now().Before(end) {
				if err := l.session(address); err != nil {
					t.Errorf("%s, %s: %v", address, l.name, err)
					return
				}
				n.Add(1)
			}
		})
	}
	clients.Wait()
	return n.Load()
}

// session plays one session.
func (l load) session(address string) error {
	dialer := net.Dialer{Timeout: 10 * time.Second, LocalAddr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(loadClient + ":0"))}
	nc, err := dialer.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer nc.Close()
	c := &smtpClient{nc, bufio.NewReader(nc)}
	if got := c.reply(); !strings.HasPrefix(got, "220") {
		return fmt.Errorf("greeting %q", got)
	}
	for _, step := range l.steps {
		if got := c.send(step[0]); !strings.HasPrefix(got, step[1]) {
			return fmt.Errorf("%q: %q, want %s", step[0], got, step[1])
		}
	}
	return nil
}
