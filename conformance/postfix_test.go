package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// postfixCase is one line of cases/postfix; its README says what the fields
// mean.
type postfixCase struct {
	MainCF map[string]string `json:"main_cf"`
	Tables map[string]string
	Zone   []string
	Faults []struct{ Name, Type, Fault string }
	Policy []policyAnswer
	Probes map[string]struct {
		Status, Text string
	} `json:"verify"`
	Session        []postfixStep
	Expect         []postfixReply
	Expect312      []postfixReply      `json:"expect_3_12"`
	PolicyRequests []map[string]string `json:"policy_requests"`
	DNSQueries     []string            `json:"dns_queries"`
	Log            []string
}

// A policyAnswer is one rule of the recorded policy server.
type policyAnswer struct {
	Service string // "A", "B" or "" for both
	Match   map[string]string
	Action  string
}

// A postfixStep is what the client does next; one field is set.
type postfixStep struct {
	Connect *struct {
		Via, Addr, Name, Login string
		ReverseName            string `json:"reverse_name"`
		Port                   uint16
	}
	Ehlo, Helo, Mail, Rcpt, Vrfy, Etrn *string
	Line                               *string
	Data, Rset, Quit, Noop             bool
	Pipeline                           []string
}

// A postfixReply is one recorded reply.
type postfixReply struct {
	Code   int
	Enh    string
	Text   string
	Lines  []string
	Closed bool
	Then   []postfixReply
}

func (r postfixReply) String() string {
	if r.Closed {
		return "closed"
	}
	return fmt.Sprint(r.Code, " ", r.Enh, " ", r.lines())
}

// lines returns the text of each line. Where a reply has several, they were
// recorded with the enhanced status code.
func (r postfixReply) lines() []string {
	if r.Lines == nil {
		return []string{r.Text}
	}
	var text []string
	for _, l := range r.Lines {
		text = append(text, strings.TrimPrefix(l, r.Enh+" "))
	}
	return text
}

func TestPostfix(t *testing.T) {
	runArea(t, "postfix", func(t *testing.T, raw json.RawMessage) error {
		var c postfixCase
		decode(t, raw, &c)
		if err := c.run(t, postfix.V37, c.Expect); err != nil {
			return err
		}
		if c.Expect312 != nil {
			return c.run(t, postfix.V312, c.Expect312)
		}
		return c.run(t, postfix.V312, c.Expect)
	})
}

// recordedSize is the size of the message that every recorded session sends.
const recordedSize = 23

// run plays a case in one flavour. What goes beyond the replies was recorded
// with Postfix 3.7 only.
func (c *postfixCase) run(t *testing.T, v postfix.Version, want []postfixReply) error {
	srv, err := resolvertest.New(c.Zone...)
	if err != nil {
		return err
	}
	for _, f := range c.Faults {
		fault, err := resolvertest.ParseFault(f.Fault)
		if err != nil {
			return err
		}
		srv.SetFault(f.Name, f.Type, fault)
	}
	params := map[string]string{"compatibility_level": "3.6"}
	for k, val := range c.MainCF {
		params[k] = val
	}
	var requests []map[string]string
	cfg := postfix.Config{
		Params: params, Version: v, Resolver: srv.Resolver(),
		ReadTable: c.readTable,
		ReadFile:  c.readFile,
		Verifier:  c,
		Sleep:     func(context.Context, time.Duration) {},
		Policy: func(ps postfix.PolicyService) postfix.PolicyClient {
			return &policyScript{c: c, ps: ps, seen: &requests}
		},
	}
	p, err := postfix.Compile(cfg)
	if errors.Is(err, postfix.ErrFatal) {
		if len(want) == 0 || !want[0].Closed {
			t.Errorf("version %d: Compile: %v, want %v", v, err, want)
		}
		return nil
	}
	if err != nil {
		return err
	}
	var log []string
	got, err := c.play(p, &log)
	if err != nil {
		return err
	}
	for i := range want {
		if i >= len(got) {
			t.Errorf("version %d: step %d: got no reply, want %v", v, i, want[i])
			break
		}
		c.compare(t, v, i, got[i], want[i])
	}
	if len(got) > len(want) {
		t.Errorf("version %d: got %v beyond what was recorded", v, got[len(want):])
	}
	if v != postfix.V37 || t.Failed() {
		return nil
	}
	c.sideEffects(t, log, requests, srv.Queries())
	return nil
}

// readTable returns the text of a table.
func (c *postfixCase) readTable(typ, name string) ([]byte, error) {
	if text, ok := c.Tables[typ+":"+name]; ok {
		return []byte(text), nil
	}
	return c.readFile(name)
}

// readFile returns the text of a file.
func (c *postfixCase) readFile(name string) ([]byte, error) {
	for k, text := range c.Tables {
		if _, file, ok := strings.Cut(k, ":"); ok && file == name {
			return []byte(text), nil
		}
	}
	return nil, os.ErrNotExist
}

// VerifyAddress answers address probes.
func (c *postfixCase) VerifyAddress(_ context.Context, addr string) (restrict.Deliverable, string, error) {
	p, ok := c.Probes[addr]
	switch {
	case !ok:
		return restrict.DeliverOK, "", nil
	case p.Status == "undeliverable":
		return restrict.DeliverFails, p.Text, nil
	}
	return restrict.DeliverUnknown, p.Text, nil
}

// A policyScript is a recorded policy server.
type policyScript struct {
	c    *postfixCase
	ps   postfix.PolicyService
	seen *[]map[string]string
	// stale says that the server closed the connection that Postfix still
	// holds: its next try does not reach the server.
	stale bool
}

func (s *policyScript) Query(_ context.Context, attrs []restrict.Attr) (string, error) {
	service := "A"
	switch s.ps.Address {
	case "127.10.0.99:21001":
	case "127.10.0.99:21002":
		service = "B"
	default:
		return "", errors.New("connection refused")
	}
	req := map[string]string{"_service": service}
	for _, a := range attrs {
		if a.Name != "instance" { // not recorded: it differs from run to run
			req[a.Name] = a.Value
		}
	}
	action := "DUNNO"
	for _, r := range s.c.Policy {
		ok := r.Service == "" || r.Service == service
		for k, v := range r.Match {
			ok = ok && req[k] == v
		}
		if ok {
			action = r.Action
			break
		}
	}
	if action != "__close__" && action != "__garbage__" {
		*s.seen = append(*s.seen, req)
		return action, nil
	}
	tries := s.ps.TryLimit
	if s.stale {
		tries--
	}
	s.stale = true
	for range tries {
		*s.seen = append(*s.seen, req)
	}
	return "", errors.New("application error")
}

// play runs the session and returns the reply to each step.
func (c *postfixCase) play(p *postfix.Policy, log *[]string) ([][]postfix.Reply, error) {
	ctx := context.Background()
	var s *postfix.Session
	var got [][]postfix.Reply
	for _, st := range c.Session {
		var r []postfix.Reply
		cmd := func(verb, arg string) { r = append(r, s.Command(ctx, verb+arg, false)) }
		switch {
		case st.Connect != nil:
			var err error
			if s, err = c.connect(p, st, log); err != nil {
				return nil, err
			}
			if login := st.Connect.Login; login != "" && st.Connect.Via == "proxy" {
				// The login comes after the first greeting, with an XCLIENT
				// command; then the server greets again.
				if first := s.Connect(ctx); !first.OK() {
					r = append(r, s.Command(ctx, "XCLIENT LOGIN="+login, false))
					break
				}
				if s, err = c.connect(p, st, log); err != nil {
					return nil, err
				}
			}
			if st.Connect.Login != "" {
				s.SetAuth("XCLIENT", st.Connect.Login)
			}
			r = append(r, s.Connect(ctx))
		case st.Ehlo != nil:
			cmd("EHLO ", *st.Ehlo)
		case st.Helo != nil:
			cmd("HELO ", *st.Helo)
		case st.Mail != nil:
			cmd("MAIL FROM:", *st.Mail)
		case st.Rcpt != nil:
			cmd("RCPT TO:", *st.Rcpt)
		case st.Vrfy != nil:
			cmd("VRFY ", *st.Vrfy)
		case st.Etrn != nil:
			cmd("ETRN ", *st.Etrn)
		case st.Line != nil:
			cmd("", *st.Line)
		case st.Rset:
			cmd("RSET", "")
		case st.Noop:
			cmd("NOOP", "")
		case st.Quit:
			cmd("QUIT", "")
		case st.Data:
			cmd("DATA", "")
		case st.Pipeline != nil:
			for i, line := range st.Pipeline {
				r = append(r, s.Command(ctx, line, i+1 < len(st.Pipeline)))
				if r[len(r)-1].Close {
					break
				}
			}
		default:
			return nil, fmt.Errorf("unknown step %+v", st)
		}
		if last := r[len(r)-1]; last.Code == 354 {
			r = append(r, s.EndOfData(ctx, recordedSize))
		}
		got = append(got, r)
		if last := r[len(r)-1]; last.Silent {
			break
		}
	}
	return got, nil
}

// connect starts a session.
func (c *postfixCase) connect(p *postfix.Policy, st postfixStep, log *[]string) (*postfix.Session, error) {
	cn := st.Connect
	addr, err := netip.ParseAddr(cn.Addr)
	if err != nil {
		return nil, err
	}
	cl := postfix.Client{
		Addr: addr, Port: 49152, Local: netip.MustParseAddrPort("192.0.2.25:25"),
		QueueID: func() string { return "QUEUEID" },
		Log:     func(line string) { *log = append(*log, line) },
	}
	if cn.Via == "xclient" {
		cl.KnownNames = true
		cl.Socket = netip.MustParseAddr("127.10.0.1") // XCLIENT came from the host itself
		cl.Name, cl.NameStatus = xclientName(cn.Name)
		cl.ReverseName, cl.ReverseStatus = xclientName(cn.ReverseName)
	}
	return p.NewSession(cl), nil
}

// xclientName reads a name as the XCLIENT command has it.
func xclientName(name string) (string, restrict.NameStatus) {
	switch name {
	case "[UNAVAILABLE]":
		return "", restrict.NamePerm
	case "[TEMPUNAVAIL]":
		return "", restrict.NameTemp
	}
	return name, restrict.NameOK
}

// compare reports how the replies to a step differ from the recorded ones.
func (c *postfixCase) compare(t *testing.T, v postfix.Version, step int, got []postfix.Reply, want postfixReply) {
	all := append([]postfixReply{want}, want.Then...)
	for i, w := range all {
		if i >= len(got) {
			if !w.Closed {
				t.Errorf("version %d: step %d: got no reply %d, want %v", v, step, i, w)
			}
			return
		}
		g := got[i]
		switch {
		case w.Closed != g.Silent:
			t.Errorf("version %d: step %d: got %v, want %v", v, step, g, w)
		case w.Closed:
		case g.Code != w.Code || g.Enhanced != w.Enh:
			t.Errorf("version %d: step %d: got %v, want %v", v, step, g, w)
		case step == 0 || c.Session[step].Ehlo != nil && w.Code == 250:
		case !slices.Equal(g.Lines, w.lines()):
			t.Errorf("version %d: step %d: got %v, want %v", v, step, g, w)
		}
	}
	if len(got) > len(all) {
		t.Errorf("version %d: step %d: got %v beyond what was recorded", v, step, got[len(all):])
	}
}

// sideEffects compares logged actions, policy requests and DNS questions.
func (c *postfixCase) sideEffects(t *testing.T, log []string, requests []map[string]string, queries []string) {
	if got, want := actions(log), actions(c.Log); !slices.Equal(got, want) {
		t.Errorf("log:\ngot  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if c.PolicyRequests != nil && fmt.Sprint(requests) != fmt.Sprint(c.PolicyRequests) {
		t.Errorf("policy requests:\ngot  %v\nwant %v", requests, c.PolicyRequests)
	}
	slices.Sort(queries)
	if queries = slices.Compact(queries); !slices.Equal(queries, c.DNSQueries) {
		t.Errorf("DNS questions:\ngot  %v\nwant %v", queries, c.DNSQueries)
	}
}

// actions selects the lines about what was done with a request.
func actions(log []string) []string {
	var out []string
	for _, l := range log {
		if strings.HasPrefix(l, "NOQUEUE: ") || strings.HasPrefix(l, "QUEUEID: ") {
			out = append(out, l)
		}
	}
	return out
}
