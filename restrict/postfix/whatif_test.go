package postfix

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/restrict"
)

// whatIfPolicy compiles a policy with the given recipient list.
func whatIfPolicy(t testing.TB, params map[string]string) *Policy {
	t.Helper()
	all := map[string]string{"compatibility_level": "3.6", "myhostname": "mx.example.com", "mydestination": "example.com", "mynetworks": "127.0.0.0/8",
		"smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination", "smtpd_sasl_auth_enable": "yes"}
	for k, v := range params {
		all[k] = v
	}
	p, err := Compile(Config{Params: all})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const recordedText = `{"id":"a","client":{"addr":"198.51.100.7","names":true,"name":"mail.client.example","reverse_name":"mail.client.example"},"steps":[{"cmd":"EHLO mail.client.example"},{"cmd":"MAIL FROM:<s@sender.example>"},{"cmd":"RCPT TO:<alice@example.com>","reply":"250 2.1.5 Ok"},{"cmd":"DATA"},{"data":100},{"cmd":"QUIT"}]}

{"id":"b","client":{"addr":"203.0.113.9","names":true,"name_status":"temp"},"steps":[{"cmd":"EHLO laptop"},{"tls":{"protocol":"TLSv1.3","starttls":true}},{"cmd":"EHLO laptop"},{"login":{"mech":"PLAIN","user":"bob"}},{"cmd":"MAIL FROM:<bob@example.com>","spf":"fail","dmarc":"fail"},{"cmd":"RCPT TO:<x@far.example>","reply":"250 2.1.5 Ok"},{"cmd":"NOOP"}]}
`

func changes(t *testing.T, current, candidate *Policy, text string) (out []Change) {
	t.Helper()
	err := WhatIf(t.Context(), current, candidate, ReadRecordings(strings.NewReader(text)), func(c Change) { out = append(out, c) })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatIf(t *testing.T) {
	now := whatIfPolicy(t, nil)
	if got := changes(t, now, now, recordedText); len(got) != 0 {
		t.Errorf("the same policy changes %v", got)
	}
	stricter := whatIfPolicy(t, map[string]string{"smtpd_recipient_restrictions": "permit_mynetworks, reject_unknown_client_hostname, permit_sasl_authenticated, check_sender_access inline:{{sender.example=REJECT no more}}"})
	got := changes(t, now, stricter, recordedText)
	want := []struct{ id, command, is string }{
		{"a", "RCPT TO:<alice@example.com>", "554 5.7.1 <s@sender.example>: Sender address rejected: no more"},
		{"a", "DATA", "554 5.5.1 Error: no valid recipients"},
		{"b", "RCPT TO:<x@far.example>", "450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.9]"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d changes, want %d: %v", len(got), len(want), got)
	}
	for i, w := range want {
		g := got[i]
		if g.ID != w.id || g.Command != w.command || g.Is.String() != w.is || !g.Was.OK() {
			t.Errorf("change %d: %v, want %v", i, g, w)
		}
		if i != 1 && (g.WasTrace == "" || !strings.Contains(g.IsTrace, "smtpd_recipient_restrictions")) {
			t.Errorf("change %d: traces %q and %q", i, g.WasTrace, g.IsTrace)
		}
		if !strings.Contains(g.String(), w.command) {
			t.Errorf("String() = %q", g)
		}
	}
}

func TestWhatIfRecordedReplies(t *testing.T) {
	same := whatIfPolicy(t, nil)
	if got := changes(t, nil, same, recordedText); len(got) != 0 {
		t.Errorf("recorded replies: %v", got)
	}
	closed := whatIfPolicy(t, map[string]string{"smtpd_delay_reject": "no", "smtpd_client_restrictions": "check_client_access static:{421 4.7.0 bye}"})
	got := changes(t, nil, closed, strings.Replace(recordedText, `"steps":[`, `"steps":[{"cmd":"NOOP","reply":"odd"},`, 1))
	if len(got) == 0 {
		t.Error("a policy that refuses at connect changes nothing")
	}
	got = changes(t, same, closed, recordedText)
	if len(got) == 0 || got[0].Command != "CONNECT" || got[0].Step != -1 {
		t.Errorf("changes at connect: %v", got)
	}
}

func TestReadRecordings(t *testing.T) {
	tests := []struct {
		text string
		n    int
		line int // of the error, 0 for none
	}{
		{recordedText, 2, 0}, {"", 0, 0}, {"{}\n", 0, 1}, {recordedText + "x\n", 2, 4},
		{`{"client":{"addr":"1.2.3.4"},"steps":[` + strings.Repeat(`{"cmd":"NOOP"},`, MaxRecordingSteps) + `{"cmd":"QUIT"}]}`, 0, 1},
		{recordedText + strings.Repeat("x", MaxRecording+1), 2, 4},
	}
	for i, tt := range tests {
		n, line := 0, 0
		for rec, err := range ReadRecordings(strings.NewReader(tt.text)) {
			var e *Error
			if errors.As(err, &e) && errors.Is(err, ErrRecording) {
				line = e.Line
			} else if err != nil {
				t.Errorf("%d: %v", i, err)
			} else if rec != nil {
				n++
			}
		}
		if n != tt.n || line != tt.line {
			t.Errorf("%d: %d recordings, error at line %d; want %d and %d", i, n, line, tt.n, tt.line)
		}
	}
	for range ReadRecordings(strings.NewReader(recordedText)) {
		break // must stop
	}
	bad := ReadRecordings(strings.NewReader("x"))
	if err := WhatIf(t.Context(), nil, whatIfPolicy(t, nil), bad, nil); !errors.Is(err, ErrRecording) {
		t.Errorf("WhatIf: %v, want ErrRecording", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := WhatIf(ctx, nil, whatIfPolicy(t, nil), ReadRecordings(strings.NewReader(recordedText)), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("WhatIf: %v, want Canceled", err)
	}
}

func TestRecord(t *testing.T) {
	c := Client{Addr: netip.MustParseAddr("198.51.100.7"), Port: 4711, KnownNames: true, Name: "mail.client.example", NameStatus: restrict.NameForged, ReverseStatus: restrict.NamePerm}
	s := whatIfPolicy(t, nil).NewSession(c)
	want := RecordedClient{Addr: c.Addr, Port: 4711, Names: true, Name: c.Name, NameStatus: "forged", ReverseStatus: "perm"}
	if got := c.Record(nil); got != want {
		t.Errorf("Record(nil) = %+v, want %+v", got, want)
	}
	s.Connect(t.Context())
	if got := c.Record(s); got != want {
		t.Errorf("Record = %+v, want %+v", got, want)
	}
	if statusText(99) != "perm" || parseStatus("", "") != restrict.NamePerm || parseStatus("x", "") != restrict.NameOK || parseStatus("x", "temp") != restrict.NameTemp {
		t.Error("status texts")
	}
}

// FuzzRecording checks that the written form of what was read reads the same,
// and that a session of any kind can be played.
func FuzzRecording(f *testing.F) {
	f.Add(recordedText)
	f.Add(`{"client":{"addr":"::1"},"steps":[{"data":1},{"cmd":"DATA"},{"cmd":"BDAT 1 LAST"}]}`)
	p := whatIfPolicy(f, map[string]string{"smtpd_peername_lookup": "no"})
	f.Fuzz(func(t *testing.T, text string) {
		for rec, err := range ReadRecordings(strings.NewReader(text)) {
			if err != nil {
				return
			}
			line, err := rec.AppendLine(nil)
			if err != nil {
				t.Fatal(err)
			}
			for again, err := range ReadRecordings(strings.NewReader(string(line))) {
				if err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				second, _ := again.AppendLine(nil)
				if string(second) != string(line) || !reflect.DeepEqual(again.Client, rec.Client) {
					t.Errorf("not a fixed point: %s then %s", line, second)
				}
			}
			one := func(yield func(*Recording, error) bool) { yield(rec, nil) }
			if err := WhatIf(t.Context(), p, p, one, func(c Change) { t.Errorf("the same policy: %v", c) }); err != nil {
				t.Error(err)
			}
		}
	})
}
