package postfix_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
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

// recorded is the part of the recorded sessions that this package's own tests
// need; package conformance compares all of them in full.
type recorded struct {
	ID      string
	MainCF  map[string]string `json:"main_cf"`
	Tables  map[string]string
	Zone    []string
	Faults  []struct{ Name, Type, Fault string }
	Policy  []struct{ Action string }
	Session []struct {
		Connect *struct {
			Via, Addr, Name, Login string
			ReverseName            string `json:"reverse_name"`
		}
		Ehlo, Helo, Mail, Rcpt, Vrfy, Etrn *string
		Data, Rset                         bool
		Pipeline                           []string
	}
	Expect []struct {
		Code int
		Enh  string
	}
}

// eachRecorded calls f for the recorded sessions.
func eachRecorded(t testing.TB, f func(c *recorded)) {
	t.Helper()
	file, err := os.Open("../../conformance/cases/postfix/recorded.jsonl")
	if err != nil {
		t.Skip("the recorded sessions are not here: ", err)
	}
	defer file.Close()
	sc := bufio.NewScanner(file)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		c := new(recorded)
		if err := json.Unmarshal(sc.Bytes(), c); err != nil {
			t.Fatal(err)
		}
		f(c)
	}
}

// config makes a configuration of a session.
func (c *recorded) config(r postfix.Resolver, v postfix.Version) postfix.Config {
	params := map[string]string{"compatibility_level": "3.6"}
	for k, val := range c.MainCF {
		params[k] = val
	}
	return postfix.Config{
		Params: params, Version: v, Resolver: r, Verifier: probes(restrict.DeliverOK),
		Sleep: func(context.Context, time.Duration) {},
		ReadTable: func(typ, name string) ([]byte, error) {
			if text, ok := c.Tables[typ+":"+name]; ok {
				return []byte(text), nil
			}
			return nil, os.ErrNotExist
		},
		Policy: func(ps postfix.PolicyService) postfix.PolicyClient {
			return policyFunc(func() (string, error) {
				switch {
				case strings.HasPrefix(ps.Address, "127.10.0.98:"):
					return "", errors.New("no server")
				case len(c.Policy) == 0:
					return "DUNNO", nil
				case strings.HasPrefix(c.Policy[0].Action, "__"):
					return "", errors.New("no answer")
				}
				return c.Policy[0].Action, nil
			})
		},
	}
}

// client makes the client of a session.
func (c *recorded) client() (postfix.Client, string) {
	cn := c.Session[0].Connect
	cl := postfix.Client{Addr: netip.MustParseAddr(cn.Addr), Local: netip.MustParseAddrPort("192.0.2.25:25")}
	if cn.Via == "xclient" {
		cl.KnownNames, cl.Name, cl.ReverseName = true, strings.Trim(cn.Name, "[]"), strings.Trim(cn.ReverseName, "[]")
		for _, p := range []struct {
			name *string
			st   *restrict.NameStatus
		}{{&cl.Name, &cl.NameStatus}, {&cl.ReverseName, &cl.ReverseStatus}} {
			switch *p.name {
			case "UNAVAILABLE":
				*p.name, *p.st = "", restrict.NamePerm
			case "TEMPUNAVAIL":
				*p.name, *p.st = "", restrict.NameTemp
			}
		}
	}
	return cl, cn.Login
}

// play runs a session and returns the first reply to each step.
func (c *recorded) play(ctx context.Context, p *postfix.Policy, cl postfix.Client, login string) []postfix.Reply {
	s := p.NewSession(cl)
	if login != "" {
		s.SetAuth("XCLIENT", login)
	}
	var all []postfix.Reply
	for _, st := range c.Session {
		var r postfix.Reply
		verbs := []struct {
			verb string
			arg  *string
		}{{"EHLO ", st.Ehlo}, {"HELO ", st.Helo}, {"MAIL FROM:", st.Mail}, {"RCPT TO:", st.Rcpt}, {"VRFY ", st.Vrfy}, {"ETRN ", st.Etrn}}
		switch i := slices.IndexFunc(verbs, func(v struct {
			verb string
			arg  *string
		}) bool {
			return v.arg != nil
		}); {
		case st.Connect != nil:
			r = s.Connect(ctx)
		case i >= 0:
			r = s.Command(ctx, verbs[i].verb+*verbs[i].arg, false)
		case st.Rset:
			r = s.Command(ctx, "RSET", false)
		case st.Pipeline != nil:
			for j, line := range st.Pipeline {
				if next := s.Command(ctx, line, j+1 < len(st.Pipeline)); j == 0 {
					r = next
				}
			}
		default:
			r = s.Command(ctx, "DATA", false)
		}
		all = append(all, r)
		if r.Code == 354 {
			s.EndOfData(ctx, 23)
		}
		if r.Silent {
			break
		}
	}
	return all
}

type probes restrict.Deliverable

func (p probes) VerifyAddress(context.Context, string) (restrict.Deliverable, string, error) {
	return restrict.Deliverable(p), "host said no", nil
}

type policyFunc func() (string, error)

func (f policyFunc) Query(context.Context, []restrict.Attr) (string, error) { return f() }

// zone returns the DNS of a session.
func (c *recorded) zone(t testing.TB) *resolvertest.Server {
	t.Helper()
	srv, err := resolvertest.New(c.Zone...)
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	for _, f := range c.Faults {
		fault, err := resolvertest.ParseFault(f.Fault)
		if err != nil {
			t.Fatal(err)
		}
		srv.SetFault(f.Name, f.Type, fault)
	}
	return srv
}

// TestRecorded checks the codes of the recorded replies. A trace and a log must
// not change them, and every trace can be printed.
func TestRecorded(t *testing.T) {
	eachRecorded(t, func(c *recorded) {
		if len(c.Policy) > 1 || c.Session[0].Connect.Login != "" && c.Session[0].Connect.Via == "proxy" {
			return // these need more of the recording than is read here
		}
		p, err := postfix.Compile(c.config(c.zone(t).Resolver(), postfix.V37))
		if errors.Is(err, postfix.ErrFatal) {
			if c.Expect[0].Code != 0 {
				t.Errorf("%s: Compile: %v", c.ID, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
		cl, login := c.client()
		cl.Log = func(string) {}
		cl.QueueID = func() string { return "1" }
		cl.Trace = new(restrict.Trace)
		for i, r := range c.play(context.Background(), p, cl, login) {
			if want := c.Expect[i]; r.Code != want.Code || r.Enhanced != want.Enh {
				t.Errorf("%s: step %d: got %v, want %d %s", c.ID, i, r, want.Code, want.Enh)
			}
		}
		_ = cl.Trace.String()
	})
}
