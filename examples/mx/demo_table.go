package main

import (
	"fmt"
	"io"
	"strings"
)

// printScene prints one row of the table.
func printScene(out io.Writer, n int, s scene, d *decision) {
	fmt.Fprintf(out, "%2d  %s\n", n, s.name)
	fmt.Fprintf(out, "    %s\n", d.Reply)
	fmt.Fprintf(out, "    SPF %-10s DKIM %-10s DMARC %-10s RBL %s\n", dash(d.SPF), dash(d.DKIM), dash(d.DMARC), dash(d.RBL))
	fmt.Fprintf(out, "    decided by %s\n", d.Rule)
	if d.Why != "" {
		fmt.Fprintf(out, "    because %s\n", d.Why)
	}
	if d.Field != "" {
		fmt.Fprintln(out, indent(strings.Split(strings.TrimSpace(d.Field), "\r\n")))
	}
}

// dash stands for a result that the session did not come to.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func indent(lines []string) string {
	return "      " + strings.ReplaceAll(strings.Join(lines, "\n"), "\n", "\n      ")
}
