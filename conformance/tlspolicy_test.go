package conformance

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/tlspolicy"
)

// A tlsCase is the part of a case that the table decides.
type tlsCase struct {
	PolicyTable string            `json:"policy_table"`
	Nexthop     string            `json:"nexthop"`
	Params      map[string]string `json:"params"`
	Files       map[string]string `json:"files"`
	Headers     []string          `json:"message_headers"`
	Expect      struct {
		Outcome     string   `json:"outcome"`
		MatchedKey  string   `json:"matched_key"`
		ReasonClass string   `json:"reason_class"`
		Connections int      `json:"connections"`
		KeysTried   []string `json:"keys_tried"`
	} `json:"expect"`
}

// TestTLSPolicy runs the cases that end at the policy table: a bad entry, for
// which mail is deferred without a connection. For every other case it makes
// sure that the table finds the entry that was found, and leaves the case
// skipped, since the connection is what it is about.
func TestTLSPolicy(t *testing.T) {
	runArea(t, "tlspolicy", func(t *testing.T, raw json.RawMessage) error {
		var c tlsCase
		decode(t, raw, &c)
		table, _, err := tlspolicy.Compile(strings.NewReader(c.PolicyTable), &tlspolicy.Options{ReadFile: c.readFile})
		decided := c.Expect.ReasonClass == "config-error" && c.Expect.Connections == 0 && len(c.Params) == 0
		if err != nil {
			if !errors.Is(err, tlspolicy.ErrDuplicate) || !decided {
				t.Errorf("Compile: %v; want %+v", err, c.Expect)
			}
			return nil
		}
		m, _ := table.Lookup(c.Nexthop)
		if decided {
			if m.Err == nil || m.Policy != nil || m.Key != c.Expect.MatchedKey {
				t.Errorf("Lookup(%q) = %+v; want a bad entry with key %q", c.Nexthop, m, c.Expect.MatchedKey)
			}
			return nil
		}
		if c.Expect.MatchedKey != "" && len(c.Headers) == 0 && m.Key != c.Expect.MatchedKey && m.Key != "" {
			t.Errorf("Lookup(%q) found %q; want %q", c.Nexthop, m.Key, c.Expect.MatchedKey)
		}
		if m.Err != nil && c.Expect.Outcome == "delivered" && len(c.Headers) == 0 && len(c.Params) == 0 {
			t.Errorf("Lookup(%q): %v; Postfix delivers", c.Nexthop, m.Err)
		}
		return errNotYet
	})
}

func (c *tlsCase) readFile(name string) ([]byte, error) {
	text, ok := c.Files[path.Base(name)]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}
