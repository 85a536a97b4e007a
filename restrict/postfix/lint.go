package postfix

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postconf"
	"github.com/mailsec-go/mailsec/restrict"
)

// A Level says how bad a finding is.
type Level uint8

// The levels.
const (
	Note    Level = iota // worth knowing
	Warning              // not what was meant, or refuses mail that should pass
	Danger               // an open relay, mail refused for everybody, or a server that does not start
)

// String returns "note", "warning" or "danger".
func (l Level) String() string { return [...]string{"note", "warning", "danger"}[min(l, Danger)] }

// A Finding is one mistake, or likely mistake, in a configuration.
type Finding struct {
	Rule    string // the class of the mistake, such as "open-relay"; stable
	Level   Level
	File    string
	Line    int    // 0 for a parameter that is not set
	Service string // the service of master.cf whose options matter, "" for all
	Param   string // the parameter
	Text    string // the words at fault
	Message string // what happens
	Advice  string // what to write instead
}

// String returns the finding as one line.
func (f Finding) String() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File)
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		b.WriteString(": ")
	}
	fmt.Fprintf(&b, "%v: %s: ", f.Level, f.Rule)
	if f.Service != "" {
		b.WriteString(f.Service + ": ")
	}
	if f.Param != "" {
		b.WriteString(f.Param + ": ")
	}
	if f.Text != "" {
		fmt.Fprintf(&b, "%q: ", f.Text)
	}
	b.WriteString(f.Message)
	if f.Advice != "" {
		b.WriteString("; " + f.Advice)
	}
	return b.String()
}

// Lint looks for what people get wrong in restriction lists: lists that relay
// for strangers, that refuse their own users, rules that cannot be reached,
// names and table results that are none, and more. It never asks the network.
// Lookup tables are read with cfg.ReadFile where that works.
//
// With cfg.Service set, that service is looked at. Otherwise Lint looks at the
// parameters of main.cf and at each smtpd service of cfg.Master that overrides
// them. Findings are ordered by file and line; a mistake that several services
// share is reported once.
func Lint(cfg Config) []Finding {
	if cfg.ReadFile == nil {
		cfg.ReadFile = os.ReadFile
	}
	l := &linter{seen: map[Finding]bool{}}
	services, err := postconf.ParseMaster("master.cf", cfg.Master)
	l.master(services, err)
	l.pass(cfg, services)
	if cfg.Service == "" {
		for _, s := range services {
			if s.Type == "inet" && s.Command == "smtpd" && len(s.Overrides) > 0 && services.Find(s.Name, "inet").Pos == s.Pos {
				one := cfg
				one.Service = s.Name
				l.pass(one, services)
			}
		}
	}
	slices.SortStableFunc(l.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(b.Level, a.Level), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Text, b.Text))
	})
	return l.found
}

// linter collects findings, one pass for each service.
type linter struct {
	found    []Finding
	seen     map[Finding]bool
	c        *compiler
	service  string
	services postconf.Services
	elements map[string][]element // by parameter, classes included in place
	openings map[string]string    // by table, what firstPermit returned
	used     map[string]bool      // classes that were seen in a list or table
}

// element is one restriction of a list.
type element struct {
	name string // in lower case, old names kept
	text string // as written, with its argument
	arg  string
	warn bool // after warn_if_reject
	list string
	pos  restrict.Pos
	via  string // the class it comes from
}

// report adds a finding once.
func (l *linter) report(f Finding) {
	f.Service = l.service
	if f.File == "" {
		f.File = l.c.fileName()
	}
	f.Text, f.Message, f.Advice = hideKeys(f.Text), hideKeys(f.Message), hideKeys(f.Advice)
	key := f
	key.Service = ""
	if !l.seen[key] {
		l.seen[key] = true
		l.found = append(l.found, f)
	}
}

// at reports a finding about an element.
func (l *linter) at(e *element, rule string, level Level, message, advice string) {
	l.report(Finding{Rule: rule, Level: level, File: e.pos.File, Line: e.pos.Line, Param: e.list, Text: e.text, Message: message, Advice: advice})
}

// param reports a finding about a parameter.
func (l *linter) param(name, rule string, level Level, message, advice string) {
	f := Finding{Rule: rule, Level: level, Param: name, Message: message, Advice: advice}
	if p, ok := l.c.conf.Lookup(name); ok {
		f.File, f.Line, f.Text = p.Pos.File, p.Pos.Line, p.Value
	}
	l.report(f)
}

func (c *compiler) fileName() string { return orDefault(c.cfg.File, "main.cf") }

// pass looks at one service.
func (l *linter) pass(cfg Config, services postconf.Services) {
	l.c = &compiler{cfg: &cfg, p: &Policy{version: cfg.Version}, lists: map[string]*restrict.List{}, builders: restrictions()}
	l.c.tables = newTables(&cfg)
	l.service, l.services = cfg.Service, services
	l.used, l.openings = map[string]bool{}, map[string]string{}
	l.c.read()
	l.c.settings()
	l.c.domains()
	l.c.compileLists()
	for _, err := range l.c.errs {
		l.fatal(err)
	}
	l.collect()
	l.classes()
	l.params()
	for _, list := range listOrder {
		l.list(list, l.elements[list])
		l.order(list, l.elements[list])
	}
	l.together()
	l.relay()
	l.users()
	l.repeated()
	for _, list := range listOrder {
		for i := range l.elements[list] {
			l.table(&l.elements[list][i])
		}
	}
	l.unusedClasses()
}

// fatal reports what keeps the configuration from working at all.
func (l *linter) fatal(err error) {
	var e *Error
	if !errors.As(err, &e) || errors.Is(err, ErrNeed) {
		return
	}
	l.report(Finding{Rule: "fatal", Level: Danger, File: e.File, Line: e.Line, Param: e.Param, Text: e.Text,
		Message: e.Err.Error(), Advice: e.Advice})
}

// listOrder are the lists in the order of their evaluation.
var listOrder = []string{
	"smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions",
	"smtpd_relay_restrictions", "smtpd_recipient_restrictions", "smtpd_data_restrictions",
	"smtpd_end_of_data_restrictions", "smtpd_etrn_restrictions",
}

// collect reads the elements of all lists.
func (l *linter) collect() {
	l.elements = map[string][]element{}
	for _, list := range listOrder {
		pos := restrict.Pos{File: l.c.fileName()}
		lines := []int(nil)
		if p, ok := l.c.conf.Lookup(list); ok {
			pos.File, pos.Line = p.Pos.File, p.Pos.Line
			lines = l.tokenLines(p)
		}
		l.elements[list] = l.parse(nil, list, fields(l.c.get(list)), pos, lines, "", 0)
	}
}

// tokenLines returns the line of each token of a parameter that stands in
// main.cf without expansions; nil otherwise.
func (l *linter) tokenLines(p postconf.Param) []int {
	if p.Pos.File != l.c.fileName() || p.Pos.Line == 0 || strings.ContainsAny(p.Value, "${") {
		return nil
	}
	var lines []int
	want := len(postconf.Fields(p.Value))
	for i, text := range strings.Split(string(l.c.cfg.Main), "\n") {
		if i+1 < p.Pos.Line || len(lines) >= want || strings.HasPrefix(strings.TrimSpace(text), "#") {
			continue
		}
		if i+1 == p.Pos.Line {
			_, text, _ = strings.Cut(text, "=")
		}
		for range postconf.Fields(text) {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// Limits of a list with its classes.
const (
	maxLint      = 10_000 // elements
	maxLintDepth = 10     // nesting
)

// parse turns tokens into elements. Classes are taken in place.
func (l *linter) parse(dst []element, list string, toks []string, pos restrict.Pos, lines []int, via string, depth int) []element {
	warn := false
	for i := 0; i < len(toks) && len(dst) < maxLint; i++ {
		e := element{name: lower(toks[i]), text: toks[i], list: list, pos: pos, via: via, warn: warn}
		if i < len(lines) {
			e.pos.Line = lines[i]
		}
		warn = e.name == "warn_if_reject"
		switch {
		case takesArgument(e.name) && i+1 < len(toks):
			i++
			e.arg = toks[i]
			e.text += " " + e.arg
		case takesArgument(e.name):
		case strings.Contains(e.text, ":"):
			e.name, e.arg = implicitCheck(list), e.text
		case l.c.p.classes[e.text] != "" && l.c.builders[e.name].build == nil && depth < maxLintDepth:
			l.used[e.text] = true
			dst = l.parse(dst, list, fields(l.c.p.classes[e.text]), e.pos, nil, e.text, depth+1)
			continue
		}
		dst = append(dst, e)
	}
	return dst
}

func implicitCheck(list string) string {
	for _, sp := range spots {
		if sp.param == list {
			return sp.implicit
		}
	}
	return ""
}

// takesArgument reports whether a restriction consumes the next token.
func takesArgument(name string) bool {
	switch {
	case name == "check_policy_service" || name == "sleep" || name == "check_result":
		return true
	case strings.HasPrefix(name, "check_") && strings.HasSuffix(name, "_access"):
		return true
	}
	return isListCheck(name)
}

// isListCheck reports whether a restriction asks a DNS list.
func isListCheck(name string) bool {
	return name == "reject_rbl" || strings.HasPrefix(name, "reject_rbl_") || strings.HasPrefix(name, "reject_rhsbl_") ||
		name == "permit_dnswl_client" || name == "permit_rhswl_client"
}
