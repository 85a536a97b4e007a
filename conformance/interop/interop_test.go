package interop

import (
	"os"
	"os/exec"
	"testing"
)

// need returns the path of a program, looking in the sbin directories as well.
// A missing program skips the test, or fails it when MAILSEC_INTEROP=1.
func need(t *testing.T, program string) string {
	t.Helper()
	for _, p := range []string{program, "/usr/sbin/" + program, "/sbin/" + program, "/usr/lib/postfix/sbin/" + program} {
		if path, err := exec.LookPath(p); err == nil {
			return path
		}
	}
	if os.Getenv("MAILSEC_INTEROP") == "1" {
		t.Fatalf("%s is not installed and MAILSEC_INTEROP=1", program)
	}
	t.Skipf("%s is not installed", program)
	return ""
}
