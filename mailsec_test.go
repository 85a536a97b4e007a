package mailsec

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mailsec-go/mailsec/authres"
	"github.com/mailsec-go/mailsec/dkim"
	"github.com/mailsec-go/mailsec/dmarc"
	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
	"github.com/mailsec-go/mailsec/spf"
)

var (
	_ Resolver = (*net.Resolver)(nil)
	_ Resolver = (*resolver.Resolver)(nil)
)

// zone publishes everything the sample message of RFC 8463, appendix A needs.
var zone = []string{
	`brisbane._domainkey.football.example.com. 300 IN TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="`,
	`football.example.com. 300 IN TXT "v=spf1 ip4:192.0.2.1 -all"`,
	`mail.football.example.com. 300 IN TXT "v=spf1 a -all"`,
	`mail.football.example.com. 300 IN A 192.0.2.1`,
	`1.2.0.192.in-addr.arpa. 300 IN PTR other.football.example.com.`,
	`1.2.0.192.in-addr.arpa. 300 IN PTR mail.football.example.com.`,
	`_dmarc.example.com. 300 IN TXT "v=DMARC1; p=reject; sp=quarantine; adkim=r"`,
}

var envelope = Envelope{IP: netip.MustParseAddr("::ffff:192.0.2.1"), Helo: "mail.football.example.com", MailFrom: "joe@football.example.com"}

func sample(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/rfc8463.eml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func newAuthenticator(srv *resolvertest.Server) *Authenticator {
	return &Authenticator{ID: "mx.example.net", Resolver: srv.Resolver()}
}

func TestCheck(t *testing.T) {
	a := newAuthenticator(resolvertest.Must(zone...))
	a.CheckHelo = true
	res, err := a.Check(context.Background(), envelope, strings.NewReader(sample(t)))
	if err != nil {
		t.Fatal(err)
	}
	field, err := res.AppendField(nil, authres.Auth(authres.Pass, "joe"))
	if err != nil {
		t.Fatal(err)
	}
	want := "Authentication-Results: mx.example.net;\r\n" +
		" iprev=pass (mail.football.example.com) policy.iprev=192.0.2.1;\r\n" +
		" spf=pass smtp.mailfrom=football.example.com;\r\n" +
		" spf=pass smtp.helo=mail.football.example.com;\r\n" +
		" dkim=pass (256-bit key) header.d=football.example.com\r\n" +
		" header.a=ed25519-sha256 header.s=brisbane header.b=\"/gCrinpc\";\r\n"
	if !strings.HasPrefix(string(field), want) {
		t.Errorf("field = %q, want the prefix %q", field, want)
	}
	if !strings.HasSuffix(string(field), "\r\n dmarc=pass (p=quarantine dis=none) header.from=football.example.com\r\n policy.dmarc=quarantine;\r\n auth=pass smtp.auth=joe\r\n") {
		t.Errorf("field = %q", field)
	}
	if res.DMARC.Result != dmarc.Pass || !res.DMARC.SPFAligned || !res.DMARC.DKIMAligned || res.DMARC.RecordDomain != "example.com" {
		t.Errorf("DMARC = %+v", res.DMARC)
	}
	if len(res.From) != 1 || !strings.Contains(res.From[0], "joe@football.example.com") {
		t.Errorf("From = %q", res.From)
	}
	spfField := string(res.AppendReceivedSPF(nil))
	if !strings.HasPrefix(spfField, "Received-SPF: pass") || !strings.HasSuffix(spfField, "\r\n") || !strings.Contains(spfField, "mx.example.net") {
		t.Errorf("Received-SPF = %q", spfField)
	}
}

func feedOctets(w *Writer, msg string) error {
	for i := range len(msg) {
		if _, err := w.Write([]byte{msg[i]}); err != nil {
			return err
		}
	}
	return nil
}

func feedMilter(w *Writer, msg string) error {
	head, body, _ := strings.Cut(msg, "\r\n\r\n")
	head = strings.ReplaceAll(head, "\r\n ", "\x00")
	for _, f := range strings.Split(head, "\r\n") {
		name, value, _ := strings.Cut(f, ":")
		if err := w.WriteField(name, strings.ReplaceAll(value, "\x00", "\n ")); err != nil {
			return err
		}
	}
	if err := errors.Join(w.EndHeader(), w.EndHeader()); err != nil {
		return err
	}
	for len(body) > 0 {
		n := min(7, len(body))
		if _, err := w.Write([]byte(body[:n])); err != nil {
			return err
		}
		body = body[n:]
	}
	return nil
}

// TestPieces feeds the message in every manner a server or filter may have it.
func TestPieces(t *testing.T) {
	a := newAuthenticator(resolvertest.Must(zone...))
	msg := sample(t)
	ctx := context.Background()
	want, err := a.Check(ctx, envelope, strings.NewReader(msg))
	if err != nil {
		t.Fatal(err)
	}
	feeds := map[string]func(w *Writer, msg string) error{"octets": feedOctets, "milter": feedMilter}
	for name, feed := range feeds {
		t.Run(name, func(t *testing.T) {
			w, err := a.NewWriter(ctx, envelope)
			if err != nil {
				t.Fatal(err)
			}
			if err := feed(w, msg); err != nil {
				t.Fatal(err)
			}
			if w.Result() != nil {
				t.Error("Result before Close")
			}
			if err := errors.Join(w.Close(), w.Close()); err != nil {
				t.Fatal(err)
			}
			w.Abort() // does nothing now
			if got := w.Result(); got.Header().String() != want.Header().String() {
				t.Errorf("got %s\nwant %s", got.Header(), want.Header())
			}
			if _, err := w.Write([]byte("x")); err != ErrClosed {
				t.Errorf("Write after Close: %v", err)
			}
		})
	}
}

func TestOutcomes(t *testing.T) {
	plain := "From: joe@football.example.com\r\nSubject: x\r\n\r\nHi.\r\n"
	tests := []struct {
		name   string
		msg    string
		env    func(*Envelope)
		auth   func(*Authenticator)
		faults map[string]string
		want   string // the methods with their results
		dmarc  string // disposition
	}{
		{name: "nothing aligns", msg: plain, env: func(e *Envelope) { e.IP = netip.MustParseAddr("192.0.2.9") },
			want: "iprev=permerror spf=fail dkim=none dmarc=fail", dmarc: "quarantine"},
		{name: "null reverse-path", msg: plain, env: func(e *Envelope) { e.MailFrom = "" },
			want: "iprev=pass spf=pass dkim=none dmarc=pass", dmarc: "none"},
		{name: "no address to check", msg: plain, env: func(e *Envelope) { e.IP = netip.Addr{} },
			want: "dkim=none dmarc=fail", dmarc: "quarantine"},
		{name: "iprev off", msg: plain, auth: func(a *Authenticator) { a.NoIPRev = true },
			want: "spf=pass dkim=none dmarc=pass", dmarc: "none"},
		{name: "trusted relay", msg: plain, env: func(e *Envelope) { e.MailFrom = "x@other.example" },
			auth: func(a *Authenticator) { a.SPF.Trusted = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} },
			want: "iprev=pass spf=none dkim=none dmarc=fail", dmarc: "none"},
		{name: "trusted relay, override", msg: plain,
			auth: func(a *Authenticator) {
				a.SPF.Trusted = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
				a.DMARC.Override = func(*dmarc.Evaluation) (dmarc.Override, bool) {
					return dmarc.Override{Disposition: dmarc.PolicyReject, Reason: dmarc.Reason{Type: dmarc.ReasonLocalPolicy}}, true
				}
			},
			want: "iprev=pass spf=none dkim=none dmarc=fail", dmarc: "reject"},
		{name: "pass by local policy", msg: plain, env: func(e *Envelope) { e.IP = netip.MustParseAddr("192.0.2.9") },
			auth: func(a *Authenticator) { a.SPF.LocalPolicy = mustSPF("v=spf1 ip4:192.0.2.9") },
			want: "iprev=permerror spf=pass dkim=none dmarc=fail", dmarc: "none"},
		{name: "fail by local policy", msg: plain, env: func(e *Envelope) { e.IP = netip.MustParseAddr("192.0.2.9") },
			auth: func(a *Authenticator) { a.SPF.LocalPolicy = mustSPF("v=spf1 -ip4:192.0.2.9") },
			want: "iprev=permerror spf=fail dkim=none dmarc=fail", dmarc: "quarantine"},
		{name: "From behind a bare LF", msg: "Subject: x\nFrom : a@bank.example\r\n" + plain,
			want: "iprev=pass spf=pass dkim=none dmarc=permerror", dmarc: "none"},
		{name: "From behind a bare CR", msg: "Subject: x\rfrom: a@bank.example\rTo: b\r\n" + plain,
			want: "iprev=pass spf=pass dkim=none dmarc=permerror", dmarc: "none"},
		{name: "From behind LF at the top", msg: "\nFrom: a@bank.example\r\n" + plain,
			want: "iprev=pass spf=pass dkim=none dmarc=permerror", dmarc: "none"},
		{name: "bare line ends without From", msg: "Subject: x\nTo: a\rX-From: b\r\n From: c\r\n" + plain,
			want: "iprev=pass spf=pass dkim=none dmarc=pass", dmarc: "none"},
		{name: "only a hidden From", msg: "Subject: x\nFrom: joe@football.example.com\r\n\r\n",
			want: "iprev=pass spf=pass dkim=none dmarc=permerror", dmarc: "none"},
		{name: "no From", msg: "Subject: x\r\n\r\n", want: "iprev=pass spf=pass dkim=none dmarc=permerror", dmarc: "none"},
		{name: "no header", msg: "", want: "iprev=pass spf=pass dkim=none dmarc=permerror", dmarc: "none"},
		{name: "header only", msg: "From: joe@football.example.com\r\n", want: "iprev=pass spf=pass dkim=none dmarc=pass", dmarc: "none"},
		{name: "DNS trouble", msg: plain, faults: map[string]string{"_dmarc.football.example.com.": "TXT", "football.example.com.": "TXT", "1.2.0.192.in-addr.arpa.": "PTR"},
			want: "iprev=temperror spf=temperror dkim=none dmarc=temperror", dmarc: "none"},
		{name: "iprev forward trouble", msg: plain, faults: map[string]string{"mail.football.example.com.": "A"},
			want: "iprev=temperror spf=pass dkim=none dmarc=pass", dmarc: "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := resolvertest.Must(zone...)
			for name, typ := range tt.faults {
				srv.SetFault(name, typ, resolvertest.ServFail)
			}
			a, env := newAuthenticator(srv), envelope
			if tt.env != nil {
				tt.env(&env)
			}
			if tt.auth != nil {
				tt.auth(a)
			}
			res, err := a.Check(context.Background(), env, strings.NewReader(tt.msg))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range res.Methods() {
				got = append(got, m.Name+"="+m.Result)
			}
			if s := strings.Join(got, " "); s != tt.want || res.DMARC.Disposition.String() != tt.dmarc {
				t.Errorf("got %s, disposition %v; want %s, %s", s, res.DMARC.Disposition, tt.want, tt.dmarc)
			}
			if env.IP.IsValid() == (len(res.AppendReceivedSPF(nil)) == 0) {
				t.Errorf("Received-SPF = %q", res.AppendReceivedSPF(nil))
			}
		})
	}
}

func mustSPF(txt string) *spf.Record {
	r, err := spf.Parse(txt)
	if err != nil {
		panic(err)
	}
	return r
}

// TestIPRevResolver checks that iprev asks the common resolver if there is one.
func TestIPRevResolver(t *testing.T) {
	srv, other := resolvertest.Must(zone...), resolvertest.Must()
	a := newAuthenticator(srv)
	a.SPF.Resolver = other.Resolver()
	res, err := a.Check(context.Background(), envelope, strings.NewReader(sample(t)))
	if err != nil || res.IPRev.Result != "pass" || res.SPF.Result != spf.None {
		t.Fatalf("%+v, %v", res, err)
	}
	a = &Authenticator{ID: "mx.example.net"}
	a.SPF.Resolver, a.DKIM.Resolver, a.DMARC.Resolver = srv.Resolver(), other.Resolver(), other.Resolver()
	res, err = a.Check(context.Background(), envelope, strings.NewReader(sample(t)))
	if err != nil || res.IPRev.Result != "pass" || res.SPF.Result != spf.Pass {
		t.Fatalf("%+v, %v", res, err)
	}
}

func TestMultipleAuthorsBehindRelay(t *testing.T) {
	srv := resolvertest.Must(append(zone, `_dmarc.other.example. 300 IN TXT "v=DMARC1; p=reject"`)...)
	a := newAuthenticator(srv)
	a.DMARC.MaxAuthors = 4
	a.SPF.Trusted = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	res, err := a.Check(context.Background(), envelope, strings.NewReader("From: a@football.example.com, b@other.example\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if res.DMARC.AuthorDomain != "other.example" || len(res.DMARC.Others) != 1 ||
		res.DMARC.Disposition != dmarc.PolicyNone || res.DMARC.Others[0].Disposition != dmarc.PolicyNone {
		t.Errorf("DMARC = %+v", res.DMARC)
	}
	res, err = a.Check(context.Background(), envelope, strings.NewReader("Subject: x\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if code, _, _ := res.DMARC.Reply(); code != 0 || res.DMARC.Result != dmarc.PermError {
		t.Errorf("without From: reply %d, %v", code, res.DMARC.Result)
	}
}

func TestTrace(t *testing.T) {
	a := newAuthenticator(resolvertest.Must(zone...))
	a.CheckHelo = true
	steps := map[string]int{} // without a lock: calls must not overlap
	env := envelope
	env.Trace = &Trace{
		SPF:   func(spf.Event) { steps["spf"]++ },
		DKIM:  func(dkim.Event) { steps["dkim"]++ },
		DMARC: func(dmarc.Event) { steps["dmarc"]++ },
	}
	want, err := a.Check(context.Background(), envelope, strings.NewReader(sample(t)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Check(context.Background(), env, iotest.OneByteReader(strings.NewReader(sample(t))))
	if err != nil || got.Header().String() != want.Header().String() {
		t.Errorf("traced: %v, %v", got, err)
	}
	if len(steps) != 3 {
		t.Errorf("steps = %v", steps)
	}
	env.Trace = &Trace{}
	if _, err := a.Check(context.Background(), env, strings.NewReader(sample(t))); err != nil || len(steps) != 3 {
		t.Errorf("empty Trace: %v, %v", steps, err)
	}
}

func TestErrors(t *testing.T) {
	srv := resolvertest.Must(zone...)
	ctx := context.Background()
	for _, a := range []*Authenticator{
		{ID: "mx.example.net"},
		{ID: "mx.example.net", SPF: spf.Checker{Resolver: srv.Resolver()}, DKIM: dkim.Verifier{Resolver: srv.Resolver()}},
	} {
		if _, err := a.Check(ctx, envelope, strings.NewReader("")); err != ErrNoResolver {
			t.Errorf("without a resolver: %v", err)
		}
	}
	for _, id := range []string{"", "mx\r\nX: y"} {
		a := &Authenticator{ID: id, Resolver: srv.Resolver()}
		if _, err := a.Check(ctx, envelope, strings.NewReader("")); err != ErrID {
			t.Errorf("ID %q: %v", id, err)
		}
	}
	a := newAuthenticator(srv)
	broken := errors.New("broken")
	if _, err := a.Check(ctx, envelope, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("broken reader: %v", err)
	}
	b := newAuthenticator(srv)
	b.DKIM.MaxHeaderBytes = 100
	if _, err := b.Check(ctx, envelope, strings.NewReader("X: "+strings.Repeat("y", 200)+"\r\n\r\n")); !errors.Is(err, dkim.ErrHeaderTooLarge) {
		t.Errorf("large header: %v", err)
	}
	w, err := b.NewWriter(ctx, envelope)
	if err != nil {
		t.Fatal(err)
	}
	werr := w.WriteField("X", strings.Repeat("y", 200))
	if cerr := w.Close(); werr == nil || cerr == nil || w.Result() != nil {
		t.Errorf("large field: %v, %v, %v", werr, cerr, w.Result())
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := a.Check(ended, envelope, strings.NewReader("From: a@example.com\r\n\r\n")); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}

// TestAbort checks that nothing runs on after Abort.
func TestAbort(t *testing.T) {
	srv := resolvertest.Must(zone...)
	srv.SetFault("football.example.com.", "*", resolvertest.Timeout)
	a := newAuthenticator(srv)
	before := runtime.NumGoroutine()
	for range 20 {
		w, err := a.NewWriter(context.Background(), envelope)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(sample(t)[:1050])); err != nil {
			t.Fatal(err)
		}
		w.Abort()
		w.Abort()
		if w.Result() != nil || w.Close() != ErrClosed {
			t.Error("an aborted Writer has a result")
		}
	}
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 2000 {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestManySignatures(t *testing.T) {
	a := newAuthenticator(resolvertest.Must(zone...))
	a.DKIM.MaxSignatures = 100
	msg := strings.Repeat("DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s; h=from; bh=; b=\r\n", 200) + "From: joe@football.example.com\r\n\r\n"
	res, err := a.Check(context.Background(), envelope, strings.NewReader(msg))
	if err != nil {
		t.Fatal(err)
	}
	field, err := res.AppendField(nil)
	if err != nil || len(res.Methods()) != authres.MaxMethods {
		t.Fatalf("%d methods, %v", len(res.Methods()), err)
	}
	if h, err := authres.Parse(string(field[len(authres.DefaultName)+1:])); err != nil || h.Methods[len(h.Methods)-1].Name != "dmarc" {
		t.Errorf("Parse(%q): %v", field, err)
	}
}

// fakeClient answers for iprev only.
type fakeClient struct {
	names []string
	err   error
	addrs map[string]string
}

func (f fakeClient) LookupAddr(context.Context, string) ([]string, error) { return f.names, f.err }

func (f fakeClient) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	if a, ok := f.addrs[network+" "+host]; ok {
		return []netip.Addr{netip.MustParseAddr(a)}, nil
	}
	return nil, &net.DNSError{IsNotFound: true}
}

func TestIPRev(t *testing.T) {
	six := netip.MustParseAddr("2001:db8::1")
	many := make([]string, 30)
	for i := range many {
		many[i] = "n.example."
	}
	many[MaxNames] = "late.example."
	tests := []struct {
		name string
		f    fakeClient
		want IPRev
	}{
		{"none", fakeClient{}, IPRev{Result: "permerror", IP: six}},
		{"not found", fakeClient{err: &net.DNSError{IsNotFound: true}}, IPRev{Result: "permerror", IP: six}},
		{"bad names", fakeClient{names: []string{"a..b."}}, IPRev{Result: "permerror", IP: six}},
		{"no way back", fakeClient{names: []string{"A.example."}}, IPRev{Result: "fail", IP: six, Name: "a.example"}},
		{"other family", fakeClient{names: []string{"a.example."}, addrs: map[string]string{"ip4 a.example.": "192.0.2.1"}}, IPRev{Result: "fail", IP: six, Name: "a.example"}},
		{"pass", fakeClient{names: []string{"b.example.", "a.example."}, addrs: map[string]string{"ip6 a.example.": "2001:db8::1"}}, IPRev{Result: "pass", IP: six, Name: "a.example"}},
		{"beyond the limit", fakeClient{names: many, addrs: map[string]string{"ip6 late.example.": "2001:db8::1"}}, IPRev{Result: "fail", IP: six, Name: "n.example"}},
	}
	for _, tt := range tests {
		if got := checkIPRev(context.Background(), tt.f, six); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
