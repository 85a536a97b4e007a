package main

import (
	"fmt"
	"io"
	"strings"
)

const rowFormat = "%2v  %-44s %-10s %-10s %-10s %-10s %s\n"

func printHead(out io.Writer) {
	fmt.Fprintf(out, rowFormat, "#", "SESSION", "REPLY", "SPF", "DKIM", "DMARC", "RBL")
}

// printScene prints one row of the table, and below it the whole reply, the
// rule that decided, and what it found.
func printScene(out io.Writer, n int, s scene, d *decision) {
	code, text := d.Reply, ""
	if f := strings.SplitN(d.Reply, " ", 3); len(f) == 3 {
		code, text = f[0]+" "+f[1], f[2]
	}
	fmt.Fprintf(out, rowFormat, n, s.name, code, dash(d.SPF), dash(d.DKIM), dash(d.DMARC), dash(d.RBL))
	fmt.Fprintf(out, "      reply: %s\n", text)
	fmt.Fprintf(out, "      rule:  %s\n", d.Rule)
	fmt.Fprintf(out, "      why:   %s\n", d.Why)
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

func indent(lines []string) string { return "      " + strings.Join(lines, "\n      ") }
