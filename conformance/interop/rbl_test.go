package interop

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/rbl"
	"github.com/mailsec-go/mailsec/resolver"
)

// rblData are lists as their operators write them: an IPv4 set, an IPv6 trie in
// the same zone, and a set of domains. The test points are those of RFC 5782.
var rblData = map[string]string{
	"bl.example:ip4set:bl4": `
$SOA 300 ns.bl.example host.bl.example 1 3600 600 86400 120
$TTL 600
:127.0.0.2:Listed, see https://bl.example/?ip=$
127.0.0.2
192.0.2.0/29
!192.0.2.3
198.51.100.7 :127.0.0.10:Dynamic address $
`,
	"bl.example:ip6trie:bl6": `
:127.0.0.2:Listed $
::ffff:7f00:2/128
2001:db8:bad::/48
!2001:db8:bad:1::/64
`,
	"dbl.example:dnset:dbl": `
:127.0.1.2:Spam domain $
test
.spam.test
phish.test :127.0.1.4:Phish
`,
	"everything.example:ip4set:everything": `
:127.0.0.2:Everybody
0.0.0.0/1
128.0.0.0/1
`,
}

// startRBL runs rbldnsd, which many public lists use, with rblData.
func startRBL(t *testing.T) netip.AddrPort {
	t.Helper()
	program := need(t, "rbldnsd")
	dir := t.TempDir()
	// rbldnsd gives up root; the directory must stay readable.
	for d := dir; d != os.TempDir() && len(d) > 1; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	port := freePort(t)
	args := []string{"-n", "-b", fmt.Sprintf("127.0.0.1/%d", port), "-w", dir}
	for _, zone := range []string{"bl.example:ip4set:bl4", "bl.example:ip6trie:bl6", "dbl.example:dnset:dbl", "everything.example:ip4set:everything"} {
		file := filepath.Join(dir, zone[strings.LastIndexByte(zone, ':')+1:])
		if err := os.WriteFile(file, []byte(rblData[zone]), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, zone)
	}
	cmd := exec.Command(program, args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("rbldnsd: %s", out.String())
		}
	})
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}

func TestRBLServer(t *testing.T) {
	server := startRBL(t)
	res, err := resolver.New(resolver.Config{Servers: []netip.AddrPort{server}, FailTTL: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if addrs, _ := res.LookupNetIP(ctx, "ip4", "2.0.0.127.bl.example."); len(addrs) > 0 {
			break
		}
		if time.Since(start) > 10*time.Second {
			t.Fatal("rbldnsd does not answer")
		}
	}
	set, err := rbl.New(rbl.Config{Resolver: res, Complete: true, Lists: []rbl.List{
		{Zone: rbl.MustZone("bl.example"), Accept: rbl.MustPattern("127.0.0.[2..11]")},
		{Zone: rbl.MustZone("dbl.example"), Kind: rbl.KindDomain | rbl.KindURI, NoIP: true, Codes: []rbl.Code{
			{Label: "spam", Match: rbl.MustPattern("127.0.1.2")}, {Label: "phish", Match: rbl.MustPattern("127.0.1.4")},
		}},
		{Zone: rbl.MustZone("everything.example"), NoIPv6: true},
	}})
	if err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		subject rbl.Subject
		want    rbl.Decision
		code    string
		text    string
		ttl     time.Duration
	}{
		{rbl.IP(netip.MustParseAddr("192.0.2.1")), rbl.Block, "127.0.0.2", "Listed, see https://bl.example/?ip=192.0.2.1", 10 * time.Minute},
		{rbl.IP(netip.MustParseAddr("192.0.2.3")), rbl.Pass, "", "", 0},
		{rbl.IP(netip.MustParseAddr("198.51.100.7")), rbl.Block, "127.0.0.10", "Dynamic address 198.51.100.7", 10 * time.Minute},
		{rbl.IP(netip.MustParseAddr("2001:db8:bad::25")), rbl.Block, "127.0.0.2", "Listed 2001:db8:bad::25", 0},
		{rbl.IP(netip.MustParseAddr("2001:db8:bad:1::25")), rbl.Pass, "", "", 0},
		{rbl.Domain("www.spam.test"), rbl.Block, "127.0.1.2", "Spam domain spam.test", 0},
		{rbl.URI("http://PHISH.test/login"), rbl.Block, "127.0.1.4", "Phish", 0},
		{rbl.Domain("good.test"), rbl.Pass, "", "", 0},
	}
	for _, tt := range tests {
		v, err := set.Query(ctx, tt.subject)
		if err != nil {
			t.Fatal(err)
		}
		code, text := "", ""
		if by := v.By(); by != nil {
			code, text = by.Matched[0].String(), by.Text
		}
		if v.Decision != tt.want || code != tt.code || text != tt.text || tt.ttl != 0 && v.TTL > tt.ttl {
			t.Errorf("%s: %v, code %q, text %q, TTL %v", tt.subject, &v, code, text, v.TTL)
		}
		for _, r := range v.Results {
			if r.Name == "everything.example" && !errors.Is(r.Err, rbl.ErrUnhealthy) {
				t.Errorf("%s: the list that lists everybody: %v, %v", tt.subject, r.Outcome, r.Err)
			}
		}
	}

	report, err := set.Health(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]rbl.Status{}
	for _, c := range report {
		got[c.List+" "+c.Family.String()] = c.Status
	}
	want := map[string]rbl.Status{
		"bl.example v4": rbl.Healthy, "bl.example v6": rbl.Healthy, "dbl.example name": rbl.Healthy,
		"everything.example v4": rbl.ListsEverything,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("health %v, want %v", got, want)
	}
}
