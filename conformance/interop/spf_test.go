package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/spf"
)

// pyspf reads one case a line from standard input and answers with pyspf's
// result for each. DNS comes from the case.
const pyspf = `
import sys, json
try:
    import spf
except ImportError:
    sys.exit(77)
case = None
def lookup(name, qtype, *args, **kw):
    rrs = case["RRs"].get(name.rstrip(".").lower() + " " + qtype, [])
    if qtype == "TXT":
        return [((name, qtype), (v.encode(),)) for v in rrs]
    if qtype == "MX":
        return [((name, qtype), (int(v.split()[0]), v.split()[1])) for v in rrs]
    return [((name, qtype), v) for v in rrs]
spf.DNSLookup = lookup
for line in sys.stdin:
    case = json.loads(line)
    print(spf.query(i=case["IP"], s=case["Sender"], h=case["Helo"], strict=True).check()[0], flush=True)
`

// A policyCase is a random zone with a client.
type policyCase struct {
	IP, Sender, Helo string
	RRs              map[string][]string // by "name TYPE"
}

var policyDomains = []string{"example.com", "a.example.com", "b.example.net", "c.example.org", "d.test.example"}

// policyMaker makes cases. It leaves out what pyspf is known to do otherwise:
// ptr and %{p} (it counts their void lookups), repeated unknown modifiers, and
// includes of the domain itself, which it refuses before evaluation.
type policyMaker struct{ *rand.Rand }

func (m policyMaker) pick(s ...string) string { return s[m.IntN(len(s))] }

func (m policyMaker) ip4() string { return "192.0.2." + m.pick("1", "2", "3", "129", "200") }
func (m policyMaker) ip6() string { return "2001:db8:" + m.pick("0", "1") + "::" + m.pick("1", "2") }

func (m policyMaker) spec() string {
	host := fmt.Sprintf("h%d.%s", m.IntN(5), m.pick(policyDomains...))
	return m.pick(host, host, host, "%{d}", "%{o}", "h1.%{d}", "%{l}.%{d}", "%{ir}.%{v}.%{d}", "%{d2}", "%{h}",
		"%{l1-}.x.%{d}", "%{s}.x.%{d}", "%{dr}.y.example", "h0.%{d1r}.example", "%{i}.%{d}", "%{l2r-+}.x.example", "%{d}.")
}

func (m policyMaker) term() string {
	bits := m.pick("", "", "", "/24", "//64", "/25//48", "/32", "/0", "//0", "/24//64")
	q := m.pick("", "", "", "+", "-", "~", "?")
	switch m.IntN(20) {
	case 0, 1, 2:
		return q + m.pick("a", "A") + m.pick("", ":"+m.spec()) + bits
	case 3, 4, 5:
		return q + m.pick("mx", "Mx") + m.pick("", ":"+m.spec()) + bits
	case 6, 7, 8:
		return q + "ip4:" + m.ip4() + m.pick("", "/24", "/25", "/31", "/0")
	case 9, 10:
		return q + "ip6:" + m.ip6() + m.pick("", "/48", "/64", "/0")
	case 11, 12, 13, 14:
		return q + "include:" + m.pick(policyDomains...)
	case 15, 16:
		return q + "exists:" + m.spec()
	case 17:
		return q + m.pick("all", "ALL")
	case 18:
		return m.pick("redirect="+m.pick(policyDomains...), "exp=e.example.com", "moo=%{d}")
	}
	if m.IntN(6) > 0 {
		return q + "ip4:" + m.ip4()
	}
	return m.pick("a/33", "ip4:192.0.2", "foo", "all:x", "include", "include:", "exists", "mx/", "ip6:192.0.2.1.5",
		"ip4:192.0.2.1/33", "a:", "=x", "redirect=", "a:%{d", "a:%", "ip6:::1/129", "a:b", "-foo=bar", "a:%{q}.x")
}

func (m policyMaker) make() *policyCase {
	c := &policyCase{
		IP: m.pick(m.ip4(), m.ip6()), Helo: m.pick("h0.example.com", "mail.example.org"),
		Sender: m.pick("user", "us-er", "a+b", "us.er") + "@" + m.pick(policyDomains...), RRs: map[string][]string{},
	}
	add := func(name, typ, data string) {
		key := name + " " + typ
		c.RRs[key] = append(c.RRs[key], data)
	}
	for _, d := range policyDomains {
		record := "v=spf1"
		for range m.IntN(6) {
			t := m.term()
			if strings.HasSuffix(t, "include:"+d) || t == "moo=%{d}" && strings.Contains(record, t) {
				continue
			}
			record += " " + t
		}
		add(d, "TXT", record+m.pick("", " -all", " ~all", " ?all", " +all"))
		if m.IntN(12) == 0 {
			add(d, "TXT", m.pick("v=spf1 -all", "other text"))
		}
		for _, h := range []string{d, "h0." + d, "h1." + d, "h2." + d, "user." + d, "user.x." + d} {
			if m.IntN(2) == 0 {
				add(h, "A", m.ip4())
			}
			if m.IntN(2) == 0 {
				add(h, "AAAA", m.ip6())
			}
		}
		if m.IntN(2) == 0 {
			for i := range []int{1, 2, 3, 11}[m.IntN(4)] {
				add(d, "MX", fmt.Sprintf("%d h%d.%s", 10*i, i, m.pick(policyDomains...)))
			}
		}
	}
	return c
}

// zone returns the case's records as zone text.
func (c *policyCase) zone() (lines []string) {
	for key, rrs := range c.RRs {
		name, typ, _ := strings.Cut(key, " ")
		for _, data := range rrs {
			switch typ {
			case "TXT":
				data = `"` + data + `"`
			case "MX":
				data += "."
			}
			lines = append(lines, name+". 300 IN "+typ+" "+data)
		}
	}
	return lines
}

// TestPyspf compares 1000 random policies with pyspf.
func TestPyspf(t *testing.T) {
	python := need(t, "/usr/bin/python3") // the one that Debian's packages are for
	maker := policyMaker{rand.New(rand.NewPCG(7208, 1))}
	var cases []*policyCase
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for range 1000 {
		c := maker.make()
		cases = append(cases, c)
		if err := enc.Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", pyspf)
	cmd.Dir = t.TempDir() // python looks for modules in the current directory first
	cmd.Stdin = &in
	out, err := cmd.Output()
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 77 {
		t.Skip("pyspf (Debian package python3-spf) is not installed")
	}
	if err != nil {
		t.Fatalf("pyspf: %v", err)
	}
	results := strings.Fields(string(out))
	if len(results) != len(cases) {
		t.Fatalf("%d results for %d cases", len(results), len(cases))
	}
	for i, c := range cases {
		checker := spf.Checker{Resolver: resolvertest.Must(c.zone()...).Resolver()}
		var trace spf.Trace
		v, err := checker.Check(context.Background(), spf.Request{
			IP: netip.MustParseAddr(c.IP), Helo: c.Helo, MailFrom: c.Sender, Trace: trace.Add,
		})
		if err != nil {
			t.Fatal(err)
		}
		if string(v.Result) != results[i] {
			t.Errorf("case %d, %s %s: pyspf says %s, mailsec %s (%v)\n%s", i, c.IP, c.Sender, results[i], v.Result, v.Cause, trace)
		}
	}
}
