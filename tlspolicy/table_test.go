package tlspolicy

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func compile(t *testing.T, text string) *Table {
	t.Helper()
	table, _, err := Compile(strings.NewReader(text), nil)
	if err != nil {
		t.Fatalf("Compile(%q): %v", text, err)
	}
	return table
}

// The rules of the walk, each as observed in Postfix 3.12 and 3.7.11.
func TestLookup(t *testing.T) {
	for _, tt := range []struct {
		name, table, nexthop string
		key                  string // "" for no match
		level                Level
	}{
		{"exact before parent", "a.example encrypt\n.example none", "a.example", "a.example", Encrypt},
		{"nearest parent", ".a.example none\n.b.a.example encrypt", "x.b.a.example", ".b.a.example", Encrypt},
		{"top-level parent", ".example encrypt", "a.example", ".example", Encrypt},
		{"bare parent is no parent", "example none", "a.example", "", 0},
		{"dotted key is not the name itself", ".a.example none", "a.example", "", 0},
		{"name is not its sub-domains", "a.example none", "b.a.example", "", 0},
		{"dot is no default", ". none", "a.example", "", 0},
		{"star is no default", "* none", "a.example", "", 0},
		{"brackets", "[a.example] encrypt\na.example none\n.example none", "[a.example]", "[a.example]", Encrypt},
		{"brackets do not fall back", "a.example none\n.example none", "[a.example]", "", 0},
		{"port", "[a.example]:587 encrypt\n[a.example] none", "[a.example]:587", "[a.example]:587", Encrypt},
		{"port does not fall back", "[a.example] none\n.example none", "[a.example]:587", "", 0},
		{"port without brackets", "a.example:587 encrypt\na.example none", "a.example:587", "a.example:587", Encrypt},
		{"port without brackets has no parents", ".example none", "a.example:587", "", 0},
		{"service name is not its number", "[a.example]:25 none\n[a.example]:smtp encrypt", "[a.example]:smtp", "[a.example]:smtp", Encrypt},
		{"address has no parents", "[192.0.2] none\n.2.1 none", "192.0.2.1", "", 0},
		{"address exactly", "[192.0.2.1] encrypt", "[192.0.2.1]", "[192.0.2.1]", Encrypt},
		{"underscore", "._x.example none\n.example encrypt", "_x.example", ".example", Encrypt},
		{"upper-case key", "A.Example encrypt", "a.example", "a.example", Encrypt},
		{"upper-case parent", ".EXAMPLE encrypt", "a.example", ".example", Encrypt},
		{"upper-case next hop", "a.example encrypt", "A.EXAMPLE", "a.example", Encrypt},
		{"trailing dot of the next hop", "a.example encrypt", "a.example.", "a.example", Encrypt},
		{"trailing dot of a key", "a.example. none", "a.example.", "", 0},
		{"U-label key", "b\u00fccher.example encrypt", "xn--bcher-kva.example", "xn--bcher-kva.example", Encrypt},
		{"U-label parent", ".b\u00fccher.example encrypt", "a.XN--bcher-kva.example", ".xn--bcher-kva.example", Encrypt},
		{"U-label next hop", "xn--bcher-kva.example encrypt", "B\u00dcCHER.example", "xn--bcher-kva.example", Encrypt},
		{"not a name", ".example none", "a..example", "", 0},
		{"not a name, broken UTF-8", ".example none", "\xff.example", "", 0},
		{"empty next hop", ".example none", "", "", 0},
		{"comments and blank lines", "# a.example none\n\n  \n\t# x\na.example encrypt", "a.example", "a.example", Encrypt},
		{"continuation", "a.example\n # comment\n\n  secure\n\tmatch=nexthop", "a.example", "a.example", Secure},
		{"commas", "a.example encrypt,protocols=TLSv1.2", "a.example", "a.example", Encrypt},
		{"CRLF", "a.example encrypt\r\n.example none\r\n", "a.example", "a.example", Encrypt},
		{"too long for a name", ".example none", strings.Repeat("a.", 200) + "example", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, ok := compile(t, tt.table).Lookup(tt.nexthop)
			if ok != (tt.key != "") || m.Key != tt.key {
				t.Fatalf("Lookup(%q) = %q, %v; want %q\ntable:\n%s", tt.nexthop, m.Key, ok, tt.key, tt.table)
			}
			if ok && (m.Err != nil || m.Policy.Level != tt.level) {
				t.Errorf("Lookup(%q) = %+v; want level %v", tt.nexthop, m, tt.level)
			}
		})
	}
}

func TestBadEntryKeepsItsKey(t *testing.T) {
	table, problems, err := Compile(strings.NewReader(".example none\na.example mandatory\n"), &Options{File: "policy"})
	if err != nil {
		t.Fatal(err)
	}
	m, ok := table.Lookup("a.example")
	if !ok || m.Policy != nil || !errors.Is(m.Err, ErrBadEntry) {
		t.Fatalf("Lookup = %+v, %v; want a bad entry, not the parent's policy", m, ok)
	}
	if m, ok := table.Lookup("b.example"); !ok || m.Err != nil || m.Policy.Level != None {
		t.Errorf("Lookup(b.example) = %+v, %v; want the good entry", m, ok)
	}
	if len(problems) != 1 || problems[0] != m.Err {
		t.Fatalf("problems = %v", problems)
	}
	want := `tlspolicy: policy:2: "a.example": "mandatory": bad entry: unknown security level; one of none, may, encrypt, dane, dane-only, fingerprint, verify, secure`
	if got := m.Err.Error(); got != want {
		t.Errorf("error\n got %s\nwant %s", got, want)
	}
}

func TestDuplicateKey(t *testing.T) {
	const text = "a.example encrypt\nb.example may\nA.example none\n"
	table, problems, err := Compile(strings.NewReader(text), nil)
	var e *Error
	if table != nil || !errors.As(err, &e) || !errors.Is(err, ErrDuplicate) || e.Line != 3 || len(problems) != 1 {
		t.Errorf("Compile = %v, %v, %v; want a duplicate key on line 3", table, problems, err)
	}
	table, problems, err = Compile(strings.NewReader(text), &Options{LastWins: true})
	if err != nil || len(problems) != 1 {
		t.Fatalf("LastWins: %v, %v", problems, err)
	}
	if m, _ := table.Lookup("a.example"); m.Policy.Level != None || m.Line != 3 {
		t.Errorf("LastWins: %+v", m)
	}
}

func TestCompileReports(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		kind       error
		line       int
		reason     string
	}{
		{"key alone", "\na.example\n", ErrIgnored, 2, "without a policy"},
		{"star", "* encrypt", ErrIgnored, 1, "default level"},
		{"star label", "*.example encrypt", ErrIgnored, 1, "write .example"},
		{"dot at the end", "a.example. encrypt", ErrIgnored, 1, "ends in a dot"},
		{"colon", "a.example: encrypt", ErrIgnored, 1, "colon"},
		{"attribute at none", "a.example none\n junk", ErrIgnored, 1, "TLS is off"},
		{"raw keys", "x may\na.example encrypt enable_rpk=yes", ErrUnsupported, 2, "RFC 7250"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems, err := Compile(strings.NewReader(tt.text), nil)
			if err != nil || len(problems) != 1 {
				t.Fatalf("Compile(%q) = %v, %v; want one report", tt.text, problems, err)
			}
			p := problems[0]
			if !errors.Is(p, tt.kind) || p.Line != tt.line || !strings.Contains(p.Error(), tt.reason) {
				t.Errorf("Compile(%q): %v; want %v on line %d with %q", tt.text, p, tt.kind, tt.line, tt.reason)
			}
		})
	}
}

func TestCompileFails(t *testing.T) {
	broken := errors.New("broken")
	if _, _, err := Compile(iotest.ErrReader(broken), nil); !errors.Is(err, broken) {
		t.Errorf("reader error: %v", err)
	}
	if _, _, err := Compile(io.LimitReader(zeros{}, MaxTable+1), nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("huge table: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Every key is tried in all tables before the next key is.
func TestTables(t *testing.T) {
	ts := Tables{
		compile(t, ".a.example none\n"),
		compile(t, "x.a.example encrypt\n.a.example may\n"),
	}
	if m, ok := ts.Lookup("x.a.example"); !ok || m.Policy.Level != Encrypt {
		t.Errorf("exact key of the second table: %+v, %v", m, ok)
	}
	if m, ok := ts.Lookup("y.a.example"); !ok || m.Policy.Level != None {
		t.Errorf("parent key of the first table: %+v, %v", m, ok)
	}
	if m, ok := (Tables{}).Lookup("y.a.example"); ok {
		t.Errorf("no tables: %+v", m)
	}
}

func TestAll(t *testing.T) {
	table := compile(t, "b.example may\na.example bogus\n")
	var keys []string
	for m := range table.All() {
		keys = append(keys, m.Key)
	}
	slices.Sort(keys)
	if want := []string{"a.example", "b.example"}; !slices.Equal(keys, want) || table.Len() != 2 {
		t.Errorf("All = %q, Len = %d; want %q", keys, table.Len(), want)
	}
	for range table.All() {
		break
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	table := compile(t, ".example encrypt\nMx.Example.net secure\n[relay.example]:587 verify\nbad.example junk\n")
	for _, nexthop := range []string{
		"MX.example.NET", "[relay.example]:587", "bad.example", "none.test",
		"a-rather-long-first-label.and-a-second-one.department.of.a.example",
	} {
		if n := testing.AllocsPerRun(100, func() { table.Lookup(nexthop) }); n != 0 {
			t.Errorf("Lookup(%q) allocates %v times; want 0", nexthop, n)
		}
	}
}
