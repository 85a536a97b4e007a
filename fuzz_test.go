package mailsec

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/authres"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// FuzzCheck checks that the pieces in which a message and its envelope arrive
// do not matter, and that the field is one header field that reads back,
// whatever they hold.
func FuzzCheck(f *testing.F) {
	f.Add("joe@football.example.com", "mail.football.example.com", []byte("From: joe@football.example.com\r\n\r\nHi\r\n"), byte(3))
	f.Add("\"a\r\nX: y\"@football.example.com", "[192.0.2.1]", []byte("From: a@b\nX\r\n\r\n\r\n"), byte(0))
	f.Add("a\\\"; dkim=pass@x", "(", []byte("DKIM-Signature: v=1; a=rsa-sha256; d=a\"b; s=\\; bh=; b=; h=from\r\nFrom: a@[1.2.3.4]\r\n"), byte(1))
	a := &Authenticator{ID: "mx.example.net", Resolver: resolvertest.Must(zone...).Resolver(), CheckHelo: true}
	f.Fuzz(func(t *testing.T, from, helo string, msg []byte, piece byte) {
		env := envelope
		env.MailFrom, env.Helo = from, helo
		res, err := a.Check(context.Background(), env, bytes.NewReader(msg))
		if err != nil {
			return // a header that is too large
		}
		w, err := a.NewWriter(context.Background(), env)
		if err != nil {
			t.Fatal(err)
		}
		for rest := msg; len(rest) > 0; {
			n := min(len(rest), int(piece)+1)
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		field, err := res.AppendField(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.Result().AppendField(nil)
		if err != nil || !bytes.Equal(field, again) {
			t.Fatalf("in one piece %q, in pieces of %d %q, %v", field, piece, again, err)
		}
		lines := strings.Split(strings.TrimSuffix(string(field), "\r\n"), "\r\n")
		for i, l := range lines {
			if strings.ContainsAny(l, "\r\n\x00") || len(l) > 998 || i > 0 && l[0] != ' ' {
				t.Fatalf("field %q", field)
			}
		}
		h, err := authres.Parse(string(field[len(authres.DefaultName)+1:]))
		if err != nil || h.ID != a.ID || len(h.Methods) != len(res.Methods()) {
			t.Fatalf("Parse(%q) = %+v, %v", field, h, err)
		}
		for i, l := range strings.Split(strings.TrimSuffix(string(res.AppendReceivedSPF(nil)), "\r\n"), "\r\n") {
			if strings.ContainsAny(l, "\r\n\x00") || i > 0 && l[0] != ' ' && l[0] != '\t' {
				t.Fatalf("Received-SPF %q", res.AppendReceivedSPF(nil))
			}
		}
	})
}
