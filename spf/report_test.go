package spf

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/authres"
	"github.com/mailsec-go/mailsec/internal/smtptext"
)

func TestReceivedSPF(t *testing.T) {
	for _, tt := range []struct {
		name string
		v    Verdict
		recv string
		want string
	}{
		{"pass", Verdict{Result: Pass, Identity: MailFrom, Domain: "example.com", Sender: "user@example.com", Helo: "mx.example.com",
			IP: netip.MustParseAddr("192.0.2.1"), Term: "ip4:192.0.2.0/24"}, "mx.receiver.example",
			"pass\r\n\t(mx.receiver.example: domain of example.com designates 192.0.2.1 as permitted sender)" +
				"\r\n\treceiver=mx.receiver.example;\r\n\tclient-ip=192.0.2.1;\r\n\tenvelope-from=\"user@example.com\";" +
				"\r\n\thelo=mx.example.com;\r\n\tidentity=mailfrom;\r\n\tmechanism=\"ip4:192.0.2.0/24\""},
		{"helo fail", Verdict{Result: Fail, Identity: Helo, Domain: "mx.example.com", Sender: "postmaster@mx.example.com", Helo: "mx.example.com",
			IP: netip.MustParseAddr("2001:db8::1"), Term: "-all"}, "",
			"fail\r\n\t(domain of mx.example.com does not designate 2001:db8::1 as permitted sender)" +
				"\r\n\tclient-ip=\"2001:db8::1\";\r\n\thelo=mx.example.com;\r\n\tidentity=helo;\r\n\tmechanism=-all"},
		{"neutral by default", Verdict{Result: Neutral, Identity: MailFrom, Domain: "example.com", Sender: "u@example.com", IP: netip.MustParseAddr("192.0.2.1")}, "",
			"neutral\r\n\t(domain of example.com says nothing about 192.0.2.1)\r\n\tclient-ip=192.0.2.1;" +
				"\r\n\tenvelope-from=\"u@example.com\";\r\n\tidentity=mailfrom;\r\n\tmechanism=default"},
		{"permerror", Verdict{Result: PermError, Identity: MailFrom, Domain: "example.com", Sender: "u@example.com", IP: netip.MustParseAddr("192.0.2.1"), Term: "foo",
			Cause: &Error{Domain: "example.com", Term: "foo", Pos: 7, Kind: ErrSyntax, Detail: "unknown mechanism"}}, "",
			"permerror\r\n\t(error in processing the policy of example.com for 192.0.2.1)\r\n\tclient-ip=192.0.2.1;" +
				"\r\n\tenvelope-from=\"u@example.com\";\r\n\tidentity=mailfrom;\r\n\tmechanism=foo;" +
				"\r\n\tproblem=\"example.com: \\\"foo\\\" at 7: syntax error: unknown mechanism\""},
		{"none", Verdict{Result: None, Identity: MailFrom, Sender: "u@(x)\\", IP: netip.MustParseAddr("192.0.2.1")}, "a\r\nb",
			"none\r\n\t(a??b: domain of \\(x\\)\\\\ publishes nothing about 192.0.2.1)\r\n\treceiver=a??b;\r\n\tclient-ip=192.0.2.1;" +
				"\r\n\tenvelope-from=\"u@(x)\\\\\";\r\n\tidentity=mailfrom;\r\n\tmechanism=default"},
	} {
		got := tt.v.ReceivedSPF(tt.recv)
		if got != tt.want {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.name, got, tt.want)
		}
		checkReceived(t, got)
	}
}

func TestReply(t *testing.T) {
	ip := netip.MustParseAddr("192.0.2.1")
	for _, tt := range []struct {
		v        Verdict
		code     int
		enhanced string
		text     string
	}{
		{Verdict{Result: Fail, Identity: MailFrom, Domain: "example.com", IP: ip}, 550, "5.7.23",
			"SPF MAIL FROM check failed: example.com does not designate 192.0.2.1 as permitted sender"},
		{Verdict{Result: Fail, Identity: Helo, Domain: "example.com", IP: ip, Explanation: "go away"}, 550, "5.7.23",
			"SPF HELO check failed: the domain example.com explains: go away"},
		{Verdict{Result: PermError, Identity: MailFrom, Domain: "example.com", Cause: &Error{Kind: ErrTermLimit}}, 550, "5.7.24",
			"SPF MAIL FROM check error: the policy of example.com cannot be interpreted: too many terms with DNS lookups"},
		{Verdict{Result: TempError, Identity: MailFrom, Domain: "example.com", Cause: &Error{Kind: ErrDNS, Err: errors.New("x\r\n")}}, 451, "4.7.24",
			"SPF MAIL FROM check error: the policy of example.com cannot be evaluated at the moment: DNS lookup failed"},
		{Verdict{Result: Pass, Domain: "example.com"}, 0, "", ""},
		{Verdict{Result: SoftFail, Domain: "example.com"}, 0, "", ""},
		{Verdict{Result: Neutral, Domain: "example.com"}, 0, "", ""},
		{Verdict{Result: None}, 0, "", ""},
	} {
		code, enhanced, text := tt.v.Reply()
		if code != tt.code || enhanced != tt.enhanced || text != tt.text {
			t.Errorf("%s: %d %s %q, want %d %s %q", tt.v.Result, code, enhanced, text, tt.code, tt.enhanced, tt.text)
		}
	}
	v := Verdict{Result: Fail, Domain: strings.Repeat("a.", 126) + "b", Explanation: strings.Repeat("x", MaxExplanation), IP: ip}
	if _, enhanced, text := v.Reply(); len(enhanced)+1+len(text) != smtptext.MaxReplyText {
		t.Errorf("long reply has %d octets, want %d", len(enhanced)+1+len(text), smtptext.MaxReplyText)
	}
}

func TestAuthResult(t *testing.T) {
	for _, tt := range []struct {
		name string
		v    Verdict
		want authres.Method
	}{
		{"domain only", Verdict{Result: Pass, Identity: MailFrom, Domain: "example.com", Sender: "user@example.com"},
			authres.Method{Name: "spf", Result: "pass", Props: []authres.Prop{{Type: "smtp", Name: "mailfrom", Value: "example.com"}}}},
		{"local-part used", Verdict{Result: Fail, Identity: MailFrom, Domain: "example.com", Sender: "us\r\ner@example.com", LocalPartUsed: true},
			authres.Method{Name: "spf", Result: "fail", Props: []authres.Prop{{Type: "smtp", Name: "mailfrom", Value: "us??er@example.com"}}}},
		{"helo", Verdict{Result: Pass, Identity: Helo, Domain: "mx.example.com", Sender: "postmaster@mx.example.com", LocalPartUsed: true},
			authres.Method{Name: "spf", Result: "pass", Props: []authres.Prop{{Type: "smtp", Name: "helo", Value: "mx.example.com"}}}},
		{"malformed", Verdict{Result: None, Identity: MailFrom, Sender: "u@bad\x00", Cause: &Error{Kind: ErrNoRecord}},
			authres.Method{Name: "spf", Result: "none", Props: []authres.Prop{{Type: "smtp", Name: "mailfrom", Value: "bad?"}}}},
		{"temperror", Verdict{Result: TempError, Identity: MailFrom, Domain: "example.com", Cause: &Error{Kind: ErrDNS}},
			authres.Method{Name: "spf", Result: "temperror", Reason: "DNS lookup failed", Props: []authres.Prop{{Type: "smtp", Name: "mailfrom", Value: "example.com"}}}},
		{"local policy", Verdict{Result: Pass, Identity: MailFrom, Domain: "example.com", Local: true},
			authres.Method{Name: "spf", Result: "pass", Reason: "local policy", Props: []authres.Prop{{Type: "smtp", Name: "mailfrom", Value: "example.com"}}}},
	} {
		if got := tt.v.AuthResult(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestVerdictString(t *testing.T) {
	ip := netip.MustParseAddr("192.0.2.1")
	for _, tt := range []struct {
		v    Verdict
		want string
	}{
		{Verdict{Result: Fail, Identity: MailFrom, Domain: "example.com", IP: ip, Terms: 2, Voids: 1, Path: []Step{{"example.com", "redirect=r.example"}, {"r.example", "-all"}}},
			`fail mailfrom="example.com" client=192.0.2.1 term="redirect=r.example"@example.com term="-all"@r.example terms=2 voids=1`},
		{Verdict{Result: None, Identity: Helo, Sender: "x\r\ny", IP: ip, Cause: &Error{Kind: ErrNoRecord}},
			`none helo="x??y" client=192.0.2.1 terms=0 voids=0 cause="spf: no SPF record"`},
		{Verdict{Result: None, Identity: MailFrom, Domain: "example.com", IP: ip, Trusted: true}, `none mailfrom="example.com" client=192.0.2.1 trusted`},
		{Verdict{Result: Neutral, Identity: MailFrom, Domain: "example.com", IP: ip, Path: []Step{{"example.com", ""}}}, `neutral mailfrom="example.com" client=192.0.2.1 terms=0 voids=0`},
	} {
		if got := tt.v.String(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// TestHostileInput: nothing that a client or a domain chooses leaves its place.
func TestHostileInput(t *testing.T) {
	evil := []string{
		"\r\nX-Evil: 1", "a\x00b", `"a b"`, `\"`, "(", ")", ";", "ü", "\xff\xfe", "a@b@c", strings.Repeat("x", 70000),
		"", "@", "%{s}", "<>", "=?utf-8?q?x?=", "\u2028", ".", "..", "\r", "\n", "\t",
	}
	srv := server(t, `example.com. TXT "v=spf1 a:%{l}.l.example.com exists:%{h}.h.example.com exists:%{S}.s.example.com -all exp=%{l}.e.example.com"`,
		`*.e.example.com. TXT "%{s} %{h} %{l} %{L} %{H}"`, `*.l.example.com. A 198.51.100.1`)
	c := &Checker{Resolver: srv.Resolver(), MaxVoids: -1, Explain: true}
	for _, e := range evil {
		for _, r := range []Request{
			{MailFrom: e + "@example.com", Helo: "mx.example.org"},
			{MailFrom: "u@example.com", Helo: e},
			{MailFrom: "u@" + e, Helo: e},
			{MailFrom: "u@" + e + ".example.com", Helo: e},
			{MailFrom: "", Helo: e + ".example.com"},
			{MailFrom: e, Helo: e, Identity: MailFrom},
		} {
			r.IP = netip.MustParseAddr("192.0.2.1")
			var tr Trace
			r.Trace = tr.Add
			v, err := c.Check(context.Background(), r)
			if err != nil {
				t.Fatal(err)
			}
			if v.Result == Pass {
				t.Errorf("%.40q %.40q passes", r.MailFrom, r.Helo)
			}
			checkOutputs(t, v)
			for line := range strings.Lines(tr.String()) {
				if !smtptext.IsSafe(strings.TrimSuffix(line, "\n")) {
					t.Errorf("trace line %q", line)
				}
			}
		}
	}
}

// TestLabelStructure: the octets of a local-part stay inside their label.
func TestLabelStructure(t *testing.T) {
	var asked []string
	res := stub{txt: text("v=spf1 a:%{l}.x.example -all"), ip: nil}
	for _, local := range []string{`a\.b`, "a\\046b", "a(b", "a;b", "a b", "a\x00b", `"a"`} {
		asked = asked[:0]
		res.ip = func(_, name string) ([]netip.Addr, error) {
			asked = append(asked, name)
			return nil, errNotFound
		}
		check(t, &Checker{Resolver: res}, request("192.0.2.1", local+"@example.com"))
		if want := local + ".x.example."; len(asked) != 1 || asked[0] != want {
			t.Errorf("local-part %q: asked for %q, want %q", local, asked, want)
		}
	}
}

// TestLongSender checks that no cut makes another domain of a sender.
func TestLongSender(t *testing.T) {
	srv := server(t, `evil.test. TXT "v=spf1 ip4:192.0.2.1 -exists:%{l}.evil.test -all"`, `use.evil.test. TXT "v=spf1 -exists:%{l}.evil.test ip4:192.0.2.1"`)
	const bank = "@bank.test"
	local := strings.Repeat("a", maxShown-len(bank)) + bank + "x"
	for _, domain := range []string{"evil.test", "use.evil.test"} {
		v := check(t, &Checker{Resolver: srv.Resolver()}, request("192.0.2.1", local+"@"+domain))
		if got, _ := v.AuthResult().Value("smtp", "mailfrom"); v.Result != Pass || got != domain {
			t.Errorf("%s: smtp.mailfrom %q", v.Result, got)
		}
		if got := v.ReceivedSPF(""); !strings.Contains(got, "envelope-from="+domain+";") {
			t.Errorf("Received-SPF: %s", got)
		}
	}
}
