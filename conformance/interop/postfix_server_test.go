package interop

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/restrict/policyd"
)

// The addresses of the test network. Postfix takes its DNS server from
// /etc/resolv.conf, which cannot name a port.
const (
	postfixDNS    = "127.10.53.53:53"
	postfixAddr   = "127.10.53.1"
	postfixPolicy = "127.10.53.99:21001"
)

// A postfixServer is a running Postfix with one smtpd for each configuration.
type postfixServer struct {
	dir   string
	ports []int
	zone  *resolvertest.Server
}

// postfixBase holds the parameters that all configurations share: the domain
// classes must be the same for smtpd and trivial-rewrite.
func postfixBase(dir string) map[string]string {
	return map[string]string{
		"compatibility_level":     "3.6",
		"myhostname":              "mx.example.com",
		"mydomain":                "example.com",
		"myorigin":                "example.com",
		"mydestination":           "example.com, mx.example.com, localhost",
		"mynetworks":              "127.0.0.0/8 10.0.0.0/8 192.168.0.0/16 [2001:db8:1::]/48",
		"inet_interfaces":         "127.0.0.1",
		"relay_domains":           "relay.example",
		"relay_recipient_maps":    "",
		"virtual_alias_domains":   "valias.example",
		"virtual_alias_maps":      "texthash:" + dir + "/valias",
		"virtual_mailbox_domains": "vmail.example",
		"virtual_mailbox_maps":    "texthash:" + dir + "/vmail",
		"local_recipient_maps":    "texthash:" + dir + "/local",
	}
}

// postfixPlumbing holds the parameters that only the server needs.
func postfixPlumbing(dir string) map[string]string {
	return map[string]string{
		"queue_directory": dir + "/queue", "data_directory": dir + "/data", "maillog_file": dir + "/mail.log",
		"maillog_file_prefixes": "/tmp", "local_transport": "discard:", "relay_transport": "discard:", "default_transport": "discard:",
		"virtual_transport": "discard:", "smtpd_error_sleep_time": "0", "smtpd_soft_error_limit": "1000", "smtpd_hard_error_limit": "1000",
		"smtpd_authorized_xclient_hosts": "127.0.0.0/8", "smtpd_banner": "$myhostname ESMTP", "smtpd_sasl_type": "dovecot",
		"smtpd_sasl_path": dir + "/auth", "alias_maps": "", "alias_database": "", "inet_protocols": "ipv4", "import_environment": "MAIL_CONFIG TZ",
		"smtpd_client_connection_count_limit": "0", "smtpd_policy_service_retry_delay": "1s",
	}
}

// giveUp skips a test that cannot run on this machine, or fails it when
// MAILSEC_INTEROP=1.
func giveUp(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("MAILSEC_INTEROP") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// startPostfix runs one Postfix for all configurations, with the DNS of zone.
func startPostfix(t *testing.T, confs []postfixConf, zone []string) *postfixServer {
	t.Helper()
	need(t, "postfix")
	master, unshare := need(t, "master"), need(t, "unshare")
	if os.Getuid() != 0 {
		giveUp(t, "Postfix is started as root only")
	}
	dir, err := os.MkdirTemp("/tmp", "postfix-interop")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := &postfixServer{dir: dir, zone: resolvertest.Must(zone...)}
	l, err := s.zone.Listen(postfixDNS)
	if err != nil {
		giveUp(t, "no DNS server on %s: %v", postfixDNS, err)
	}
	t.Cleanup(func() { l.Close() })
	s.configure(t, confs)
	s.auth(t)
	script := `mount --bind "$1/resolv.conf" /etc/resolv.conf && exec "$2" -d -c "$1"`
	cmd := exec.Command(unshare, "-m", "sh", "-c", script, "sh", dir, master)
	cmd.Env = append(os.Environ(), "MAIL_CONFIG="+dir, "MAIL_LOGTAG=postfix")
	out, err := os.Create(dir + "/master.out")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		giveUp(t, "cannot start Postfix in a mount namespace: %v", err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		cmd.Wait()
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what master started
		out.Close()
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		c, err := net.Dial("tcp", s.address(0))
		if err == nil {
			c.Close()
			return s
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(dir + "/master.out")
			giveUp(t, "Postfix does not listen: %v\n%s%s", err, log, s.log())
		}
	}
}

// log returns what Postfix logged.
func (s *postfixServer) log() string {
	log, _ := os.ReadFile(s.dir + "/mail.log")
	return string(log)
}

// crashed reports whether an smtpd has died; the log may be a little late.
func (s *postfixServer) crashed() bool {
	for range 20 {
		if strings.Contains(s.log(), "killed by signal 11") {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

// configure writes main.cf, master.cf and the tables.
func (s *postfixServer) configure(t *testing.T, confs []postfixConf) {
	t.Helper()
	for _, d := range []string{"queue", "data"} {
		if err := os.Mkdir(filepath.Join(s.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "pid", "private", "public", "saved", "trace"} {
		if err := os.Mkdir(filepath.Join(s.dir, "queue", d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("chown", "-R", "postfix", s.dir+"/data", s.dir+"/queue").CombinedOutput(); err != nil {
		giveUp(t, "no user postfix: %s", out)
	}
	for _, d := range []string{"queue", "queue/pid"} {
		os.Chown(filepath.Join(s.dir, d), 0, 0)
	}
	write(t, s.dir+"/resolv.conf", "nameserver "+strings.TrimSuffix(postfixDNS, ":53")+"\noptions timeout:1 attempts:1\n")
	write(t, s.dir+"/local", "alice x\nbob x\nabuse x\n")
	write(t, s.dir+"/valias", "info@valias.example alice@example.com\n")
	write(t, s.dir+"/vmail", "carol@vmail.example x\n")
	if conf, err := os.ReadFile("/etc/postfix/dynamicmaps.cf"); err == nil {
		write(t, s.dir+"/dynamicmaps.cf", string(conf))
	}
	var main strings.Builder
	for _, m := range []map[string]string{postfixBase(s.dir), postfixPlumbing(s.dir)} {
		for k, v := range m {
			fmt.Fprintf(&main, "%s = %s\n", k, v)
		}
	}
	write(t, s.dir+"/main.cf", main.String())
	var services strings.Builder
	for _, l := range []string{"cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce",
		"defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify", "flush unix n - n 1000? 0 flush", "proxymap unix - - n - - proxymap",
		"error unix - - n - - error", "retry unix - - n - - error", "discard unix - - n - - discard", "anvil unix - - n - 1 anvil", "postlog unix-dgram n - n - 1 postlogd",
		"smtp unix - - n - - smtp", "tlsmgr unix - - n 1000? 1 tlsmgr"} {
		services.WriteString(l + "\n")
	}
	for i := range confs {
		port := 20100 + i
		s.ports = append(s.ports, port)
		fmt.Fprintf(&services, "%s:%d inet n - n - %d smtpd\n", postfixAddr, port, max(confs[i].processes, 3))
		params := confs[i].params(s.dir)
		names := make([]string, 0, len(params))
		for k := range params {
			names = append(names, k)
		}
		sort.Strings(names)
		for _, k := range names {
			fmt.Fprintf(&services, "  -o { %s = %s }\n", k, params[k])
		}
		for name, text := range confs[i].tables {
			write(t, filepath.Join(s.dir, name), text)
		}
	}
	write(t, s.dir+"/master.cf", services.String())
}

// auth answers the questions that smtpd asks an authentication server when
// SASL is enabled; the logins of the tests come with XCLIENT.
func (s *postfixServer) auth(t *testing.T) {
	l, err := net.Listen("unix", s.dir+"/auth")
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(s.dir+"/auth", 0o666)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprintf(c, "VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0123456789abcdef\nDONE\n")
			go func() {
				defer c.Close()
				for r := bufio.NewReader(c); ; {
					if _, err := r.ReadString('\n'); err != nil {
						return
					}
				}
			}()
		}
	}()
}

// policy serves the policy service of the configurations.
func servePolicy(t *testing.T) {
	l, err := net.Listen("tcp", postfixPolicy)
	if err != nil {
		giveUp(t, "no policy service on %s: %v", postfixPolicy, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		policyd.Serve(ctx, l, policyd.HandlerFunc(func(_ context.Context, r *policyd.Request) string {
			return policyAction(r.Get("sender"), r.Get("recipient"))
		}))
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// policyAction is the answer of the policy service.
func policyAction(sender, recipient string) string {
	switch {
	case strings.HasPrefix(sender, "pol-reject@"):
		return "REJECT 5.7.99 policy says no"
	case strings.HasPrefix(sender, "pol-defer@"):
		return "defer_if_permit greylisted"
	case strings.HasPrefix(sender, "pol-class@"):
		return "permit_auth_destination, reject"
	case strings.HasPrefix(recipient, "bob@"):
		return "PREPEND X-Policy: seen"
	}
	return "DUNNO"
}

// A smtpClient talks to a server.
type smtpClient struct {
	c net.Conn
	r *bufio.Reader
}

// reply reads one reply, "" when the server closed the connection.
func (c *smtpClient) reply() string {
	var b strings.Builder
	c.c.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return b.String()
		}
		b.WriteString(line)
		if len(line) < 4 || line[3] != '-' {
			return b.String()
		}
	}
}

func (c *smtpClient) send(line string) string {
	fmt.Fprintf(c.c, "%s\r\n", line)
	return c.reply()
}

var queueID = regexp.MustCompile(`queued as [0-9A-Za-z]+`)

// play runs one session against configuration i and returns the reply to the
// greeting and to each command.
func (s *postfixServer) play(t *testing.T, i int, ss postfixSession) []string {
	t.Helper()
	nc, err := net.Dial("tcp", s.address(i))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	c := &smtpClient{nc, bufio.NewReader(nc)}
	if hello := c.reply(); !strings.HasPrefix(hello, "220") {
		return nil // the harness itself is refused
	}
	x := "XCLIENT ADDR=" + ss.addr + " NAME=" + ss.name + " REVERSE_NAME=" + ss.reverse
	if ss.login != "" {
		x += " LOGIN=" + ss.login
	}
	fmt.Fprintf(nc, "%s\r\n", x) // answered by the greeting
	return play(ss.cmds, c.reply(), c.send)
}

// play sends the commands until the server closes the connection.
func play(cmds []string, greeting string, send func(string) string) []string {
	got := []string{greeting}
	for _, cmd := range cmds {
		r := send(cmd)
		if strings.HasPrefix(r, "354") {
			r += send("Subject: x\r\n\r\nHello.\r\n.")
		}
		got = append(got, queueID.ReplaceAllString(r, "queued as QUEUEID"))
		if r == "" {
			break
		}
	}
	return got
}

// address returns where configuration i listens.
func (s *postfixServer) address(i int) string {
	return net.JoinHostPort(postfixAddr, strconv.Itoa(s.ports[i]))
}
