package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The configuration of somebody whose own laptop is refused with "cannot find
// your reverse hostname".
const roamingUser = `
myhostname = mail.example.com
mydestination = example.com
smtpd_sasl_auth_enable = yes
smtpd_client_restrictions = permit_mynetworks, permit_sasl_authenticated,
    reject_unknown_reverse_client_hostname, reject_unknown_client_hostname
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
`

func TestConfigFindings(t *testing.T) {
	for _, tt := range []struct{ name, main, want string }{
		{"roaming user", roamingUser, "main.cf:6: warning: roaming-users: smtpd_client_restrictions"},
		{"misspelled", "smtpd_recipient_restrictions = reject_unauth_destinations, reject\n", "reject_unauth_destinations"},
		{"not a main.cf", "  x = y\n", "main.cf:1"},
		{"retired list", "smtpd_recipient_restrictions = reject_unauth_destination, reject_rbl_client cbl.abuseat.org\n", "cbl.abuseat.org"},
		{"missing table", "smtpd_recipient_restrictions = reject_unauth_destination, check_client_access hash:nowhere\n", "nowhere"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "main.cf")
			if err := os.WriteFile(file, []byte(tt.main), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			err := run(t.Context(), []string{"config", file}, &out, io.Discard)
			if err == nil || !strings.Contains(out.String(), tt.want) {
				t.Errorf("error %v, printed\n%s\nwant %q", err, out.String(), tt.want)
			}
		})
	}
}

// The configuration that the example server comes with.
func TestConfigOfTheExample(t *testing.T) {
	check(t, []string{"config", "../mx/config/main.cf"}, "no mistakes found")
}
