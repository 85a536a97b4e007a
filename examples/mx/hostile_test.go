package main

import (
	"strings"
	"testing"
)

// The first line of a message would continue our own Authentication-Results
// field if it began with a blank.
func TestMessageBeginsFolded(t *testing.T) {
	s := testServer(t, nil)
	for _, first := range []string{" ; dkim=pass header.d=bank.example\r\n", "\t; dmarc=pass\r\n"} {
		c := connect(t, s)
		begin(t, c)
		if r, err := c.send([]byte(first + testMessage)); err != nil || r.code != 550 {
			t.Errorf("%q in front: %v, %v; want 550", first, r, err)
		}
	}
	c := connect(t, s)
	begin(t, c)
	if r, err := c.send([]byte("\r\n ; dkim=pass header.d=bank.example\r\n")); err != nil || r.code != 250 {
		t.Errorf("no header at all: %v, %v; want 250", r, err)
	}
	for _, m := range messages(t, s.inbox) {
		if header, _, _ := strings.Cut(m, "\r\n\r\n"); strings.Contains(header, "bank.example") {
			t.Errorf("the sender has written into our field:\n%s", m)
		}
	}
}
