package dkim

import (
	"fmt"
	"strings"

	"github.com/mailsec-go/mailsec/internal/rawheader"
)

// defaultHeaders are the fields that say what a message is and where an answer
// goes (RFC 6376, section 5.4.1), and those that decide how a body is shown.
// The second part is signed only where it occurs: those are fields that a
// mailing list or a forwarder adds, which must not break the signature.
var defaultHeaders = [...]struct {
	name   string
	always bool
}{
	{"From", true}, {"To", true}, {"Cc", true}, {"Subject", true}, {"Date", true}, {"Reply-To", true},
	{"Message-ID", true}, {"In-Reply-To", true}, {"References", true},
	{"MIME-Version", true}, {"Content-Type", true}, {"Content-Transfer-Encoding", true},

	{"Sender", false}, {"Content-Disposition", false}, {"Content-ID", false},
	{"Resent-From", false}, {"Resent-Sender", false}, {"Resent-To", false}, {"Resent-Cc", false},
	{"Resent-Date", false}, {"Resent-Message-ID", false},
	{"List-Id", false}, {"List-Help", false}, {"List-Unsubscribe", false}, {"List-Unsubscribe-Post", false},
	{"List-Subscribe", false}, {"List-Post", false}, {"List-Owner", false}, {"List-Archive", false},
	{"Autocrypt", false}, {"Openpgp", false}, {"TLS-Required", false},
}

// DefaultHeaders returns the names of the fields that are signed when
// [Signature.Headers] is nil. Each is signed as often as it occurs and once
// more, so that none can be added; the list and resent fields only if the
// message has one.
func DefaultHeaders() []string {
	names := make([]string, len(defaultHeaders))
	for i, h := range defaultHeaders {
		names[i] = h.name
	}
	return names
}

// setHeaders checks Headers, or takes the default ones. Names that are listed
// several times count once: how often a field is signed follows from the
// message.
func (t *template) setHeaders() error {
	if t.Headers == nil {
		t.names = DefaultHeaders()
		t.always = make([]bool, len(t.names))
		for i, h := range defaultHeaders {
			t.always[i] = h.always
		}
		return nil
	}
	from := false
	seen := map[string]bool{}
	for _, name := range t.Headers {
		if !isFieldName(name) {
			return fmt.Errorf("header name %q", name)
		}
		key := strings.ToLower(name)
		from = from || key == "from"
		if !seen[key] {
			seen[key] = true
			t.names = append(t.names, name)
			t.always = append(t.always, true)
		}
	}
	if !from {
		return fmt.Errorf("header names lack From")
	}
	if len(t.names) > maxSignedNames/2 {
		return fmt.Errorf("more than %d fields to sign", maxSignedNames/2)
	}
	return nil
}

// selectNames appends what h= says for a message: each name as often as the
// field occurs, and once more to keep others from being added.
func (t *template) selectNames(dst []string, h *rawheader.Header) []string {
	for i, name := range t.names {
		n := h.Count([]byte(name))
		if !t.NoOversign && (n > 0 || t.always[i]) || n == 0 && strings.EqualFold(name, "From") {
			n++
		}
		for range n {
			dst = append(dst, name)
		}
	}
	return dst
}
