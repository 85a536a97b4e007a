package rbl

import (
	"strconv"
	"strings"
)

// ParsePostscreen parses the value of Postfix's postscreen_dnsbl_sites: entries
// zone[=pattern][*weight] separated by commas and blanks, as in
//
//	zen.example=127.0.0.[2..11]*3, list.example=127.0.[0..255].[1..3]*-2
//
// A weight of zero makes a list that is reported only.
func ParsePostscreen(text string) ([]List, error) {
	var out []List
	for i := 0; i < len(text); {
		if isPostfixBlank(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && !isPostfixBlank(text[i]) {
			i++
		}
		l, err := parsePostscreen(text[start:i])
		if err != nil {
			return nil, within(text, start, err)
		}
		out = append(out, l)
	}
	if len(out) == 0 {
		return nil, &Error{Kind: ErrSyntax, Text: text, Advice: "no list is named"}
	}
	return out, nil
}

func isPostfixBlank(c byte) bool { return c == ',' || c == ' ' || '\t' <= c && c <= '\r' }

func parsePostscreen(entry string) (List, error) {
	spec, weight, weighted := strings.Cut(entry, "*")
	l, err := ParsePostfix(spec)
	if err != nil || !weighted {
		return l, err
	}
	n, err := strconv.Atoi(weight)
	if err != nil || n > MaxWeight || n < -MaxWeight || strings.HasPrefix(weight, "+") {
		return List{}, &Error{Kind: ErrSyntax, Text: hideKeys(entry), Pos: len(spec) + 1, Advice: "the weight must be a whole number"}
	}
	l.Weight, l.ReportOnly = n, n == 0
	return l, nil
}

// ParsePostfix parses the argument of a Postfix restriction such as
// reject_rbl_client: zone[=pattern]. Set Kind to KindDomain for the
// reject_rhsbl restrictions, and Allow for permit_dnswl_client.
func ParsePostfix(arg string) (List, error) {
	name, pattern, filtered := strings.Cut(arg, "=")
	var l List
	var err error
	if l.Zone, err = ParseZone(name); err != nil {
		return List{}, &Error{Kind: ErrSyntax, Text: hideKeys(arg), Advice: "want the name of a zone, optionally with =pattern"}
	}
	if filtered {
		if l.Accept, err = ParsePattern(pattern); err != nil {
			return List{}, within(arg, len(name)+1, err)
		}
	}
	return l, nil
}
