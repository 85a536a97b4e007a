package policyd

import (
	"bufio"
	"strings"
	"testing"
)

// FuzzReadRequest checks that what was read, written and read again is the
// same, and that the limits hold.
func FuzzReadRequest(f *testing.F) {
	f.Add("request=smtpd_access_policy\nsender=a@b\n\n")
	f.Add("a=b=c\r\n\r\n")
	f.Add("=\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		req, err := ReadRequest(bufio.NewReader(strings.NewReader(in)))
		if err != nil {
			return
		}
		if len(req.Attrs) > MaxAttrs {
			t.Fatalf("%d attributes", len(req.Attrs))
		}
		text := AppendRequest(nil, req.Attrs)
		again, err := ReadRequest(bufio.NewReader(strings.NewReader(string(text))))
		if err != nil || len(again.Attrs) != len(req.Attrs) {
			t.Fatalf("%q written as %q reads as %v, %v", in, text, again, err)
		}
		if third := AppendRequest(nil, again.Attrs); string(third) != string(text) {
			t.Errorf("not a fixed point: %q then %q", text, third)
		}
	})
}

// FuzzReadReply checks that an answer never yields more than one line.
func FuzzReadReply(f *testing.F) {
	f.Add("action=REJECT x\n\n")
	f.Add("action=\n\naction=OK\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		action, _, err := readReply(bufio.NewReader(strings.NewReader(in)))
		if err == nil && (strings.ContainsAny(action, "\n") || len(action) > MaxReply || !strings.Contains(in, "\n")) {
			t.Errorf("readReply(%q) = %q", in, action)
		}
	})
}
