package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/rbl"
	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

type rblCase struct {
	Kind           string     `json:"kind"`
	Lists          []rblList  `json:"lists"`
	Threshold      int        `json:"threshold"`
	AllowThreshold int        `json:"allow_threshold"`
	IP             string     `json:"ip"`
	Domain         string     `json:"domain"`
	URI            string     `json:"uri"`
	Email          string     `json:"email"`
	Hash           string     `json:"hash"`
	DNSLists       string     `json:"dnslists"`
	Subtest        string     `json:"subtest"`
	Answer         string     `json:"answer"`
	Arrival        []string   `json:"arrival"`
	TwoLevel       []string   `json:"two_level_tlds"`
	ThreeLevel     []string   `json:"three_level_tlds"`
	Zone           []string   `json:"zone"`
	Faults         []rblFault `json:"faults"`
	Expect         rblExpect  `json:"expect"`
}

type rblList struct {
	Zone       string            `json:"zone"`
	Pattern    string            `json:"pattern"`
	Weight     int               `json:"weight"`
	Bits       map[string]uint32 `json:"bits"`
	Codes      map[string]string `json:"codes"`
	NoIP       bool              `json:"no_ip"`
	ErrorCodes []string          `json:"error_codes"`
}

type rblFault struct{ Name, Type, Fault string }

type rblExpect struct {
	Queries      []string    `json:"queries"`
	Listed       []rblListed `json:"listed"`
	Score        int         `json:"score"`
	Verdict      string      `json:"verdict"`
	TTL          int         `json:"ttl"`
	Errors       []rblError  `json:"errors"`
	Skipped      string      `json:"skipped"`
	DecidedAfter int         `json:"decided_after"`
	Match        *bool       `json:"match"`
	Error        string      `json:"error"`
	Status       string      `json:"status"`
	Result       string      `json:"result"`
	Domain       string      `json:"domain"`
	Value        string      `json:"value"`
	Text         string      `json:"text"`
}

type rblListed struct {
	Zone    string   `json:"zone"`
	Pattern string   `json:"pattern"`
	Answers []string `json:"answers"`
	Weight  int      `json:"weight"`
	Labels  []string `json:"labels"`
}

type rblError struct{ Zone, Reason string }

func TestRBL(t *testing.T) {
	runArea(t, "rbl", func(t *testing.T, raw json.RawMessage) error {
		var c rblCase
		decode(t, raw, &c)
		switch c.Kind {
		case "ip", "domain", "uri", "hash":
			c.query(t)
		case "early":
			c.early(t)
		case "dnslists":
			c.dnslists(t)
		case "pattern", "subtest":
			c.match(t)
		case "name":
			c.name(t)
		case "health":
			c.health(t)
		default:
			return fmt.Errorf("unknown kind %q", c.Kind)
		}
		return nil
	})
}

func (c *rblCase) server(t *testing.T) *resolvertest.Server {
	t.Helper()
	srv, err := resolvertest.New(c.Zone...)
	if err != nil {
		t.Fatalf("zone: %v", err)
	}
	for _, f := range c.Faults {
		fault, err := resolvertest.ParseFault(f.Fault)
		if err != nil {
			t.Fatal(err)
		}
		typ := f.Type
		if typ == "ANY" {
			typ = "*"
		}
		srv.SetFault(f.Name, typ, fault)
	}
	return srv
}

// config turns the lists of the case into a Config that asks exactly what the
// case wants: no check of test points on the way, every answer waited for.
func (c *rblCase) config(t *testing.T, srv *resolvertest.Server) rbl.Config {
	t.Helper()
	cfg := rbl.Config{
		Resolver: srv.Resolver(), Block: c.Threshold, Allow: c.AllowThreshold,
		Complete: true, Verify: -1, MinTTL: time.Second, MaxTTL: 24 * time.Hour,
	}
	for _, l := range c.Lists {
		cfg.Lists = append(cfg.Lists, l.list(t, c.listKind(), c.hashSpec(t)))
	}
	if c.TwoLevel != nil || c.ThreeLevel != nil {
		cfg.Reduce = rbl.ReduceByTables(c.TwoLevel, c.ThreeLevel)
	}
	return cfg
}

func (c *rblCase) listKind() rbl.Kind {
	switch {
	case c.Kind == "domain" || c.Kind == "health" && c.Answer == "domain":
		return rbl.KindDomain
	case c.Kind == "uri":
		return rbl.KindURI
	case c.Kind == "hash":
		return rbl.KindEmail
	}
	return rbl.KindIP
}

func (l *rblList) list(t *testing.T, kind rbl.Kind, hash rbl.HashSpec) rbl.List {
	t.Helper()
	zone, err := rbl.ParseZone(l.Zone)
	if err != nil {
		t.Fatal(err)
	}
	out := rbl.List{Zone: zone, Kind: kind, Weight: l.Weight, NoIP: l.NoIP, Hash: hash}
	if l.Pattern != "" {
		out.Accept = pattern(t, l.Pattern)
	}
	for label, bits := range l.Bits {
		out.Codes = append(out.Codes, rbl.Code{Label: label, Match: rbl.Bits(bits)})
	}
	for label, p := range l.Codes {
		out.Codes = append(out.Codes, rbl.Code{Label: label, Match: pattern(t, p)})
	}
	var refused []rbl.Matcher
	for _, p := range l.ErrorCodes {
		refused = append(refused, pattern(t, p))
	}
	if refused != nil {
		out.Refused = rbl.AnyOf(refused...)
	}
	return out
}

func pattern(t *testing.T, p string) rbl.Matcher {
	t.Helper()
	m, err := rbl.ParsePattern(p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// hashSpec reads "sha1/notag/gmail". The cases use googlemail.example and
// gmail.example in place of the real domains.
func (c *rblCase) hashSpec(t *testing.T) rbl.HashSpec {
	t.Helper()
	var h rbl.HashSpec
	for i, word := range strings.Split(c.Hash, "/") {
		switch {
		case i == 0 && word == "md5":
			h.Algorithm = rbl.MD5
		case i == 0 && word == "sha256":
			h.Algorithm = rbl.SHA256
		case i == 0 && (word == "sha1" || word == ""):
		case word == "case":
			h.KeepCase = true
		case word == "notag":
			h.CutTag = true
		case word == "nodot":
			h.CutDots = true
		case word == "gmail":
			h.Aliases = map[string]string{"googlemail.example": "gmail.example", "gmail.example": "gmail.example"}
		default:
			t.Fatalf("unknown hash option %q", word)
		}
	}
	return h
}

func (c *rblCase) subject(t *testing.T) rbl.Subject {
	t.Helper()
	switch c.Kind {
	case "domain":
		return rbl.Domain(c.Domain)
	case "uri":
		return rbl.URI(c.URI)
	case "hash":
		return rbl.Email(c.Email)
	}
	addr, err := netip.ParseAddr(c.IP)
	if err != nil {
		t.Fatal(err)
	}
	return rbl.IP(addr)
}

func (c *rblCase) query(t *testing.T) {
	srv := c.server(t)
	set, err := rbl.New(c.config(t, srv))
	if err != nil {
		t.Fatal(err)
	}
	v, err := set.Query(context.Background(), c.subject(t))
	if err != nil {
		t.Fatal(err)
	}
	c.compare(t, &v)
	skipped := ""
	if len(v.Skipped) > 0 {
		skipped = string(v.Skipped[0].Reason)
	}
	if want := max(c.Expect.Skipped, c.Expect.Error); skipped != want {
		t.Errorf("skipped %q, want %q", skipped, want)
	}
	c.compareQueries(t, srv)
}

func (c *rblCase) compareQueries(t *testing.T, srv *resolvertest.Server) {
	t.Helper()
	var got []string
	for _, q := range srv.Queries() {
		if name, isA := strings.CutSuffix(q, " A"); isA {
			got = append(got, name)
		}
	}
	if want := c.Expect.Queries; !slices.Equal(sortedStrings(got), sortedStrings(want)) {
		t.Errorf("queries %q, want %q", got, want)
	}
}

func (c *rblCase) compare(t *testing.T, v *rbl.Verdict) {
	t.Helper()
	e := &c.Expect
	if v.Decision.String() != e.Verdict || v.Score != e.Score {
		t.Errorf("verdict %s with score %d, want %s with %d", v.Decision, v.Score, e.Verdict, e.Score)
	}
	if e.TTL != 0 && v.TTL != time.Duration(e.TTL)*time.Second {
		t.Errorf("TTL %v, want %d s", v.TTL, e.TTL)
	}
	var got, want []string
	for _, r := range v.Listed() {
		got = append(got, fmt.Sprintln(r.Zone().Reveal(), r.List.Accept, sortedStrings(texts(r.Matched)), r.Weight, r.Labels))
	}
	for _, l := range e.Listed {
		zone := strings.TrimSuffix(strings.ToLower(l.Zone), ".")
		want = append(want, fmt.Sprintln(zone, l.Pattern, sortedStrings(l.Answers), l.Weight, l.Labels))
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
	compareErrors(t, v, e.Errors)
}

func texts(addrs []netip.Addr) []string {
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i] = a.String()
	}
	return out
}

// compareErrors compares the errors as a set: several entries may share a zone.
func compareErrors(t *testing.T, v *rbl.Verdict, want []rblError) {
	t.Helper()
	got, expected := map[string]bool{}, map[string]bool{}
	for _, r := range v.Results {
		for _, e := range leaves(r.Err) {
			got[r.Zone().Reveal()+" "+reason(e)] = true
		}
	}
	for _, w := range want {
		expected[w.Zone+" "+w.Reason] = true
	}
	if fmt.Sprint(got) != fmt.Sprint(expected) {
		t.Errorf("errors %v, want %v", got, expected)
	}
}

func leaves(err error) []*rbl.Error {
	var e *rbl.Error
	if many, ok := err.(interface{ Unwrap() []error }); ok && !errors.As(err, &e) {
		return nil
	} else if ok && err != error(e) {
		var out []*rbl.Error
		for _, one := range many.Unwrap() {
			out = append(out, leaves(one)...)
		}
		return out
	}
	if e == nil {
		return nil
	}
	return []*rbl.Error{e}
}

func reason(e *rbl.Error) string {
	switch {
	case errors.Is(e, rbl.ErrBogus):
		return "bogus-answer:" + e.Code.String()
	case errors.Is(e, rbl.ErrRefused):
		return "list-error:" + e.Code.String()
	case errors.Is(e, resolver.ServFail):
		return "servfail"
	case errors.Is(e, resolver.Refused):
		return "refused"
	case errors.Is(e, resolver.Timeout):
		return "timeout"
	case errors.Is(e, rbl.ErrName):
		return e.Err.Error()
	}
	return e.Error()
}

// turns lets answers through in a given order: each waits until the one before
// it has been counted.
type turns struct {
	rbl.Resolver
	mu    sync.Mutex
	wake  map[string]chan struct{}
	order []string
}

func (r *turns) gate(name string) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wake[name] == nil {
		r.wake[name] = make(chan struct{})
	}
	return r.wake[name]
}

func (r *turns) next() {
	if len(r.order) > 0 {
		name := r.order[0]
		r.order = r.order[1:]
		close(r.gate(name))
	}
}

func (r *turns) LookupNetIPMeta(ctx context.Context, network, host string) ([]netip.Addr, time.Duration, bool, error) {
	for zone := range strings.SplitSeq(host, ".") {
		if strings.HasPrefix(zone, "e") && len(zone) == 2 {
			select {
			case <-r.gate(zone + ".example"):
			case <-ctx.Done():
				return nil, 0, false, ctx.Err()
			}
		}
	}
	return r.Resolver.(rbl.MetaResolver).LookupNetIPMeta(ctx, network, host)
}

func (c *rblCase) early(t *testing.T) {
	srv := c.server(t)
	cfg := c.config(t, srv)
	cfg.Complete = false
	r := &turns{Resolver: cfg.Resolver, wake: map[string]chan struct{}{}, order: c.Arrival}
	cfg.Resolver = r
	cfg.Trace = func(context.Context, rbl.Event) { r.next() }
	set, err := rbl.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.next()
	v, err := set.Query(context.Background(), c.subject(t))
	if err != nil {
		t.Fatal(err)
	}
	c.compare(t, &v)
	if v.Answered != c.Expect.DecidedAfter || v.Asked != len(c.Expect.Queries) {
		t.Errorf("decided after %d of %d answers, want %d of %d", v.Answered, v.Asked, c.Expect.DecidedAfter, len(c.Expect.Queries))
	}
}

func (c *rblCase) dnslists(t *testing.T) {
	srv := c.server(t)
	cfg := c.config(t, srv)
	cfg.FirstMatch, cfg.Complete = true, false
	var err error
	if cfg.Lists, err = rbl.ParseDNSLists(c.DNSLists); err != nil {
		t.Fatal(err)
	}
	set, err := rbl.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	v, err := set.Query(context.Background(), c.subject(t))
	if err != nil {
		t.Fatal(err)
	}
	e := &c.Expect
	result := map[rbl.Decision]string{rbl.Pass: "no", rbl.Block: "yes", rbl.Defer: "defer"}[v.Decision]
	if result != e.Result {
		t.Errorf("result %q, want %q: %v", result, e.Result, &v)
	}
	compareErrors(t, &v, e.Errors)
	if v.Decision != rbl.Block {
		return
	}
	by := v.By()
	got := []string{by.Name, strings.Join(sortedStrings(texts(by.Answers)), ", "), by.Text}
	want := []string{e.Domain, strings.Join(sortedStrings(strings.FieldsFunc(e.Value, func(c rune) bool { return c == ',' || c == ' ' })), ", "), e.Text}
	if !slices.Equal(got, want) {
		t.Errorf("domain, value and text %q, want %q", got, want)
	}
}

func (c *rblCase) match(t *testing.T) {
	var m rbl.Matcher
	var err error
	if c.Kind == "subtest" {
		m, err = rbl.ParseSubtest(c.Subtest)
	} else {
		m, err = rbl.ParsePattern(c.Lists[0].Pattern)
	}
	if (err != nil) != (c.Expect.Error != "") {
		t.Fatalf("error %v, want %q", err, c.Expect.Error)
	}
	if err == nil && m.Match(netip.MustParseAddr(c.Answer)) != *c.Expect.Match {
		t.Errorf("match %v, want %v", !*c.Expect.Match, *c.Expect.Match)
	}
}

func (c *rblCase) name(t *testing.T) {
	var got []string
	zone, err := rbl.ParseZone(c.Lists[0].Zone)
	if err == nil {
		var addr netip.Addr
		if addr, err = netip.ParseAddr(c.IP); err == nil {
			if name := rbl.AppendIPName(nil, addr, zone.Reveal()); len(name) > 0 {
				got = []string{string(name)}
			}
		}
	}
	if !slices.Equal(got, c.Expect.Queries) {
		t.Errorf("name %q (%v), want %q", got, err, c.Expect.Queries)
	}
	if (len(got) == 0) != (c.Expect.Error != "") {
		t.Errorf("name %q, want error %q", got, c.Expect.Error)
	}
}

func (c *rblCase) health(t *testing.T) {
	srv := c.server(t)
	cfg := c.config(t, srv)
	for i := range cfg.Lists {
		cfg.Lists[i].NoIPv4 = c.Answer == "v6"
		cfg.Lists[i].NoIPv6 = c.Answer == "v4"
	}
	set, err := rbl.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	report, err := set.Health(context.Background())
	if err != nil || len(report) != 1 {
		t.Fatalf("report %v, %v", report, err)
	}
	if got := report[0].Status.String(); got != c.Expect.Status {
		t.Errorf("status %q, want %q: %v", got, c.Expect.Status, report)
	}
	c.compareQueries(t, srv)
}
