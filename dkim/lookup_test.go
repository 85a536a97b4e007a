package dkim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// slow is a resolver that blocks until released or until its context ends, and
// counts how many look-ups are under way.
type slow struct {
	mu      sync.Mutex
	running int
	most    int
	names   []string
	release chan struct{}
}

func (s *slow) LookupTXT(ctx context.Context, name string) ([]string, error) {
	s.mu.Lock()
	s.running++
	s.most = max(s.most, s.running)
	s.names = append(s.names, name)
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.running--; s.mu.Unlock() }()
	select {
	case <-s.release:
		return testZone().LookupTXT(ctx, name)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestLookupsOverlap(t *testing.T) {
	msg := mustSign(t, &SignerOptions{AllowShortRSA: true}, simpleMessage,
		testSignature("ed"), testSignature("rsa"), testSignature("rsa1024"), testSignature("ed"))
	s := &slow{release: make(chan struct{})}
	v := Verifier{Resolver: s, Now: testClock}
	w := v.NewWriter(context.Background())
	header, body, _ := strings.Cut(msg, "\r\n\r\n")
	if _, complete := w.Fields("From"); complete {
		t.Error("the header is complete before it was written")
	}
	w.Write([]byte(header + "\r\n\r\n"))
	values, complete := w.Fields("From")
	if !complete || len(values) != 1 {
		t.Errorf("Fields = %q, %v", values, complete)
	}
	for { // the look-ups are on their way before the body
		s.mu.Lock()
		n := s.running
		s.mu.Unlock()
		if n == 3 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	w.Write([]byte(body))
	close(s.release)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := outcome(w.Report()); got != "pass/ok pass/ok pass/ok pass/ok" || len(s.names) != 3 {
		t.Errorf("%s after look-ups %q", got, s.names)
	}
}

func TestCancelLookups(t *testing.T) {
	msg := mustSign(t, nil, simpleMessage, testSignature("ed"))
	s := &slow{}
	v := Verifier{Resolver: s, Now: testClock}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := v.Verify(ctx, strings.NewReader(msg)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("timeout: %v", err)
	}
	boom := errors.New("boom")
	if _, err := v.Verify(context.Background(), io.MultiReader(strings.NewReader(msg), iotest.ErrReader(boom))); !errors.Is(err, boom) {
		t.Errorf("failing reader: %v", err)
	}
	if s.running != 0 {
		t.Errorf("%d look-ups still run", s.running)
	}
}

// TestContextAfterLookups: a context that ends when the keys are there, or when
// none is needed, does not take the answer away.
func TestContextAfterLookups(t *testing.T) {
	for _, tt := range []struct {
		msg, want string
		err       error
	}{
		{mustSign(t, nil, simpleMessage, testSignature("ed")), "pass/ok", nil},
		{"DKIM-Signature: junk\r\n" + simpleMessage, "permerror/syntax", nil},
		{mustSign(t, nil, simpleMessage, testSignature("rsa")), "", context.Canceled},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		looked := make(chan struct{}, 1)
		v := Verifier{Now: testClock, Resolver: testZone(), Trace: func(e Event) {
			if e.Kind == LookupDone {
				looked <- struct{}{}
			}
		}}
		if tt.err != nil {
			v.Resolver = &slow{}
		}
		header, body, _ := strings.Cut(tt.msg, "\r\n\r\n")
		w := v.NewWriter(ctx)
		if _, err := io.WriteString(w, header+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if tt.want == "pass/ok" {
			<-looked
		}
		cancel()
		if _, err := io.WriteString(w, body); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != tt.err || err == nil && outcome(w.Report()) != tt.want || err != nil && w.Report() != nil {
			t.Errorf("want %s, %v: %v, %+v", tt.want, tt.err, err, w.Report())
		}
	}
}

// counting counts questions.
type counting struct {
	meta
	n int
}

func (c *counting) LookupTXTMeta(ctx context.Context, name string) ([]string, time.Duration, bool, error) {
	c.n++
	return c.meta.LookupTXTMeta(ctx, name)
}

func TestKeyCache(t *testing.T) {
	msg := mustSign(t, nil, simpleMessage, testSignature("ed"))
	r := &counting{meta: meta{testZone()}}
	now := testNow
	var events []string
	v := Verifier{Resolver: r, KeyCache: new(KeyCache), Now: func() time.Time { return now }}
	v.Trace = func(e Event) {
		if e.Kind == LookupDone {
			events = append(events, fmt.Sprint(e.Cached))
		}
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {59 * time.Second, 1}, {time.Second, 2}, {0, 2}} {
		now = now.Add(step.after)
		if got := outcome(mustVerify(t, &v, msg)); got != "pass/ok" || r.n != step.want {
			t.Errorf("after %v: %s, %d questions, want %d", step.after, got, r.n, step.want)
		}
	}
	if got := strings.Join(events, " "); got != "false true false true" {
		t.Errorf("cached: %s", got)
	}
	if n := v.KeyCache.Len(); n != 1 {
		t.Errorf("Len = %d, want 1", n)
	}
	// A plain resolver tells no TTL: the text is parsed once, but always asked for.
	plain := Verifier{Resolver: zone(testZone()), KeyCache: new(KeyCache)}
	for range 2 {
		mustVerify(t, &plain, msg)
	}
	if n := plain.KeyCache.Len(); n != 1 {
		t.Errorf("Len = %d, want 1", n)
	}
}

func TestTrace(t *testing.T) {
	msg := "DKIM-Signature: junk\r\n" + mustSign(t, nil, simpleMessage, testSignature("ed"))
	var mu sync.Mutex
	var got []string
	v := Verifier{Trace: func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprintf("%v %d %q %d %v", e.Kind, e.Signature, e.Name, e.Count, e.Err != nil))
	}}
	mustVerify(t, &v, msg)
	want := []string{
		`header-done -1 "" 2 false`, `signature-parsed 0 "" 0 true`, `signature-parsed 1 "example.com" 0 false`,
		`lookup-start -1 "ed._domainkey.example.com." 0 false`, `lookup-done -1 "ed._domainkey.example.com." 0 false`,
		`signature-done 0 "" 0 true`, `signature-done 1 "example.com" 0 false`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestResolverErrors(t *testing.T) {
	// A name error of net.Resolver, and one that is not.
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&net.DNSError{IsNotFound: true}, "permerror/key-missing"},
		{fmt.Errorf("wrapped: %w", &net.DNSError{IsNotFound: true}), "permerror/key-missing"},
		{&net.DNSError{IsTemporary: true}, "temperror/key-unavailable"},
		{&net.DNSError{IsTimeout: true}, "temperror/key-unavailable"},
	} {
		msg := mustSign(t, nil, simpleMessage, testSignature("ed"))
		r := mustVerify(t, &Verifier{Resolver: failing{tt.err}}, msg)
		if got := outcome(r); got != tt.want || !errors.Is(r.Results[0].Err, tt.err) {
			t.Errorf("%v: %s (%v), want %s", tt.err, got, r.Results[0].Err, tt.want)
		}
	}
}

// TestDNS looks up keys in zones, with faults, through the resolver of this
// module.
func TestDNS(t *testing.T) {
	record := &Record{Key: testKey("ed").Public()}
	line := record.ZoneLine("ed._domainkey.example.com.", 300)
	msg := mustSign(t, nil, simpleMessage, testSignature("ed"))
	for _, tt := range []struct {
		name  string
		zone  []string
		fault resolvertest.Fault
		want  string
	}{
		{name: "there", zone: []string{line}, want: "pass/ok"},
		{name: "an alias", zone: []string{"ed._domainkey.example.com. 300 IN CNAME k.example.net.",
			record.ZoneLine("k.example.net.", 300)}, want: "pass/ok"},
		{name: "a wildcard", zone: []string{record.ZoneLine("*._domainkey.example.com.", 300)}, want: "pass/ok"},
		{name: "no such name", zone: []string{"example.com. 300 IN A 192.0.2.1"}, want: "permerror/key-missing"},
		{name: "no such type", zone: []string{"ed._domainkey.example.com. 300 IN A 192.0.2.1"}, want: "permerror/key-missing"},
		{name: "twice", zone: []string{line, "ed._domainkey.example.com. 300 IN TXT \"p=\""}, want: "permerror/key-multiple"},
		{name: "SERVFAIL", zone: []string{line}, fault: resolvertest.ServFail, want: "temperror/key-unavailable"},
		{name: "timeout", zone: []string{line}, fault: resolvertest.Timeout, want: "temperror/key-unavailable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := resolvertest.Must(tt.zone...)
			if tt.fault != 0 {
				srv.SetFault("ed._domainkey.example.com.", "TXT", tt.fault)
			}
			r := mustVerify(t, &Verifier{Resolver: srv.Resolver(), KeyCache: new(KeyCache)}, msg)
			if got := outcome(r); got != tt.want {
				t.Errorf("got %s, want %s (%v)", got, tt.want, r.Results[0].Err)
			}
			if r.Results[0].Authentic {
				t.Error("authentic without DNSSEC")
			}
		})
	}
}
