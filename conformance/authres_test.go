package conformance

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/authres"
)

// authresCase is one recorded case: a value to parse or a header to format.
type authresCase struct {
	Op       string          `json:"op"`
	In       string          `json:"in"`
	Tolerant bool            `json:"tolerant"`
	IDIn     string          `json:"id_in"`
	IDOut    string          `json:"id_out"`
	Methods  []authresMethod `json:"methods"`
	Error    bool            `json:"error"`
	Out      *string         `json:"out"`
	Expect   string          `json:"expect"`
}

// authresMethod is [name, result, reason, [[ptype, property, value], ...]].
type authresMethod struct{ authres.Method }

func (m *authresMethod) UnmarshalJSON(b []byte) error {
	var props [][3]string
	if err := json.Unmarshal(b, &[]any{&m.Name, &m.Result, &m.Reason, &props}); err != nil {
		return err
	}
	for _, p := range props {
		m.Props = append(m.Props, authres.Prop{Type: p[0], Name: p[1], Value: p[2]})
	}
	return nil
}

func TestAuthRes(t *testing.T) {
	runArea(t, "authres", func(t *testing.T, raw json.RawMessage) error {
		var c authresCase
		decode(t, raw, &c)
		switch c.Op {
		case "parse":
			authresParse(t, c)
		case "format":
			authresFormat(t, c)
		default:
			return fmt.Errorf("unknown op %q", c.Op)
		}
		return nil
	})
}

func authresMethods(in []authresMethod) (out []authres.Method) {
	for _, m := range in {
		out = append(out, m.Method)
	}
	return out
}

// noComments drops what the recorded cases do not state.
func noComments(in []authres.Method) (out []authres.Method) {
	for _, m := range in {
		m.Comment, m.Version = "", 0
		out = append(out, m)
	}
	return out
}

func authresParse(t *testing.T, c authresCase) {
	h, err := authres.Parser{Tolerant: c.Tolerant}.Parse(c.In)
	if c.Error {
		if err == nil {
			t.Errorf("Parse(%q) = %+v, want an error", c.In, h)
		}
		return
	}
	got, want := noComments(h.Methods), authresMethods(c.Methods)
	if err != nil || h.ID != c.IDOut || !reflect.DeepEqual(got, want) {
		t.Errorf("Parse(%q) = %q %+v, %v; want %q %+v", c.In, h.ID, got, err, c.IDOut, want)
	}
}

func authresFormat(t *testing.T, c authresCase) {
	h := authres.Header{ID: c.IDIn, Methods: authresMethods(c.Methods)}
	line, err := h.AppendTo(nil)
	field, ferr := h.AppendField(nil)
	if (err == nil) != (ferr == nil) {
		t.Fatalf("AppendTo: %v, AppendField: %v", err, ferr)
	}
	known := false
	if c.Out != nil {
		known = true
		if err != nil || string(line) != *c.Out {
			t.Errorf("AppendTo = %q, %v; want %q", line, err, *c.Out)
		}
	}
	if strings.Contains(c.Expect, "no CR or LF") {
		known = true
		if s := strings.ReplaceAll(string(field), "\r\n ", ""); err == nil && strings.ContainsAny(strings.TrimSuffix(s, "\r\n"), "\r\n") {
			t.Errorf("AppendField = %q: line end outside folding", field)
		}
		if strings.ContainsAny(string(line), "\r\n") {
			t.Errorf("AppendTo = %q: line end", line)
		}
	}
	if strings.Contains(c.Expect, "parsing the output") {
		known = true
		for _, text := range []string{string(line), strings.TrimPrefix(string(field), "Authentication-Results:")} {
			back, perr := authres.Parse(text)
			if err != nil || perr != nil || !reflect.DeepEqual(back, h) {
				t.Errorf("Parse(%q) = %+v, %v; want %+v", text, back, perr, h)
			}
		}
	}
	if !known {
		t.Errorf("case states no expectation this test knows: %q", c.Expect)
	}
}
