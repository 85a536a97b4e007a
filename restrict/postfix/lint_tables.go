package postfix

import (
	"errors"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postmap"
	"github.com/mailsec-go/mailsec/restrict"
)

// maxTableFindings bounds the findings about one table.
const maxTableFindings = 20

// table looks at the access table of an element.
func (l *linter) table(e *element) {
	if !isAccess(e.name) || !strings.Contains(e.arg, ":") || strings.HasPrefix(e.arg, "{") {
		return
	}
	t := l.c.tables.get(e.arg)
	if errors.Is(t.err, postmap.ErrType) && foreign(e.arg) {
		return // Postfix can, this program cannot without help
	}
	if t.err != nil {
		l.at(e, "table-unusable", Danger, "the table cannot be used, so every mail that gets here is refused with 451 4.3.5: "+t.err.Error(), "name a table that can be read")
		return
	}
	if t.local == nil {
		return
	}
	left := maxTableFindings
	for _, w := range postmap.Warnings(t.local) {
		if left--; left < 0 {
			return
		}
		l.report(Finding{Rule: "table-line", Level: Warning, File: e.arg, Line: w.Line, Param: e.list, Text: w.Text, Message: w.Err.Error(), Advice: w.Advice})
	}
	for _, en := range l.entries(e.arg) {
		for _, f := range append(l.result(e, en), l.key(e, t, en)...) {
			if left--; left < 0 {
				return
			}
			f.File, f.Line, f.Param = e.arg, en.Line, e.list
			if en.Line == 0 {
				f.File, f.Line = e.pos.File, e.pos.Line
			}
			l.report(f)
		}
	}
}

// foreign reports whether a table is of a type that asks another program.
func foreign(spec string) bool {
	typ, _, _ := postmap.Split(strings.TrimPrefix(spec, "proxy:"))
	switch typ {
	case "mysql", "pgsql", "sqlite", "ldap", "mongodb", "memcache", "tcp", "socketmap", "nis", "nisplus", "netgroup", "sdbm", "unix", "environ":
		return true
	}
	return false
}

// result looks at the right-hand side of an entry.
func (l *linter) result(e *element, en postmap.Entry) []Finding {
	find := func(rule string, level Level, message, advice string) []Finding {
		return []Finding{{Rule: rule, Level: level, Text: en.Key + " " + en.Value, Message: message, Advice: advice}}
	}
	value := strings.TrimSpace(en.Value)
	word, rest := value, ""
	if i := strings.IndexAny(value, " \t"); i >= 0 {
		word, rest = value[:i], strings.TrimSpace(value[i:])
	}
	forbidden := asksServers(e.name) || strings.HasPrefix(e.name, "check_reverse_client_hostname")
	digits := word != "" && strings.Trim(word, "0123456789") == ""
	switch name := lower(word); {
	case value == "":
		return find("table-result", Warning, "an empty result accepts", "write OK, DUNNO or REJECT")
	case digits && rest == "":
		return find("number-means-ok", Danger, "a number alone means OK, not a refusal", "write "+word+" and a text, or REJECT")
	case digits && (len(word) != 3 || word[0] != '4' && word[0] != '5'):
		return find("table-result", Danger, "only 4NN and 5NN are reply codes; this is no result, and mail is refused with 451 4.3.5", "write 4NN or 5NN and a text")
	case digits:
		return l.statusCode(en, rest, find)
	case forbidden && l.permits(e, value):
		return find("ok-forbidden", Danger, "OK is forbidden in "+e.name+", and mail is refused with 451 4.3.5", "write DUNNO")
	case name == "ok" || name == "relay":
	case name == "reject" || name == "defer" || name == "defer_if_permit" || name == "defer_if_reject":
		return l.statusCode(en, rest, find)
	case name == "filter" && !strings.Contains(rest, ":"):
		return find("table-result", Warning, "FILTER without transport:destination is ignored", "write FILTER transport:host")
	case name == "redirect" && !strings.Contains(rest, "@"), name == "bcc" && !strings.Contains(rest, "@"):
		return find("table-result", Warning, "this action needs an address and is ignored", "write "+word+" user@domain")
	case name == "prepend" && !strings.Contains(rest, ":"):
		return find("table-result", Warning, "PREPEND without a header is ignored", "write PREPEND Name: value")
	case accessWords[name]:
	case strings.Contains(value, ":"):
		return find("table-result", Danger, "a colon makes this a table, and tables may not name tables: mail is refused with 451 4.3.5",
			"write the action without a colon, such as REJECT text")
	default:
		return l.listResult(e, en)
	}
	return nil
}

// accessWords are the actions that need no further look.
var accessWords = map[string]bool{"dunno": true, "hold": true, "discard": true, "info": true, "warn": true,
	"filter": true, "redirect": true, "bcc": true, "prepend": true}

// statusCode looks for an enhanced status code that is not complete.
func (l *linter) statusCode(en postmap.Entry, text string, find func(string, Level, string, string) []Finding) []Finding {
	word, _, _ := strings.Cut(text, " ")
	if word == "" || word[0] != '4' && word[0] != '5' || strings.Trim(word, "0123456789.") != "" || !strings.Contains(word, ".") {
		return nil
	}
	if _, n := restrict.ParseEnhanced(word); n != len(word) {
		return find("enhanced-code", Note, word+" is no enhanced status code and becomes part of the text", "write three numbers, such as 5.7.1")
	}
	return nil
}

// listResult looks at a result that is a list of restrictions.
func (l *linter) listResult(e *element, en postmap.Entry) []Finding {
	var out []Finding
	els := l.parse(nil, e.list, fields(en.Value), e.pos, nil, "", 0)
	for i := range els {
		n := &els[i]
		if n.name == "warn_if_reject" || l.c.builders[n.name].build != nil || l.c.p.classes[n.text] != "" {
			continue
		}
		advice := "the actions are OK, DUNNO, REJECT, DEFER, HOLD, DISCARD, FILTER, REDIRECT, BCC, PREPEND, INFO, WARN and 4NN or 5NN with a text"
		if near := l.nearest(n.name); near != "" {
			advice = "did you mean " + near + "? " + advice
		}
		out = append(out, Finding{Rule: "table-result", Level: Danger, Text: en.Key + " " + en.Value,
			Message: n.text + " is neither an action nor a restriction; mail is refused with 451 4.3.5", Advice: advice})
		break
	}
	return out
}
