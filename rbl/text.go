package rbl

import (
	"strings"

	"github.com/mailsec-go/mailsec/internal/smtptext"
)

// MaxText is the longest text of one list that is kept, in octets.
const MaxText = 200

// CleanText makes the TXT records of a list fit for a reply or a log: records
// are joined with " / ", runs of blanks and line ends become one blank, every
// other octet outside printable ASCII becomes '?', and at most max octets are
// kept; max <= 0 means [MaxText]. Links survive.
func CleanText(records []string, max int) string {
	if max <= 0 {
		max = MaxText
	}
	max = min(max, 1<<16)
	var b strings.Builder
	for _, r := range records {
		r = strings.Join(strings.Fields(head(r, 4*max)), " ")
		if r == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(" / ")
		}
		b.WriteString(r)
		if b.Len() > max {
			break
		}
	}
	return strings.TrimRight(smtptext.Clean(b.String(), max), " ")
}

// head returns at most n octets of s, which bounds the work on foreign text.
func head(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
