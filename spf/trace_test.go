package spf

import (
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

func TestTrace(t *testing.T) {
	srv := server(t,
		`example.com. TXT "v=spf1 include:i.example.net a:no.example.com redirect=r.example.com"`,
		`i.example.net. TXT "v=spf1 ip4:198.51.100.0/24 -all"`,
		`r.example.com. TXT "v=spf1 mx ~all"`, `r.example.com. MX 10 m.example.com.`)
	srv.SetFault("m.example.com.", "A", resolvertest.ServFail)
	var tr Trace
	r := request("192.0.2.1", "user@example.com")
	r.Trace = tr.Add
	v := check(t, &Checker{Resolver: srv.Resolver()}, r)
	if v.Result != TempError {
		t.Errorf("result %s", v.Result)
	}
	want := `  ? TXT example.com.: 1
example.com: "v=spf1 include:i.example.net a:no.example.com redirect=r.example.com"
  include:i.example.net
      ? TXT i.example.net.: 1
    i.example.net: "v=spf1 ip4:198.51.100.0/24 -all"
      ip4:198.51.100.0/24: no match
      -all: match, fail
    i.example.net = fail (terms 1, voids 0)
  include:i.example.net: no match
  ? A no.example.com.: 0
  a:no.example.com: no match
  redirect=r.example.com
      ? TXT r.example.com.: 1
    r.example.com: "v=spf1 mx ~all"
      ? MX r.example.com.: 1
      ? A m.example.com.: ERR
      mx: temperror
    r.example.com = temperror (terms 4, voids 1)
example.com = temperror (terms 4, voids 1)
`
	got := tr.String()
	if i := strings.Index(got, "m.example.com.: "); i >= 0 {
		head, tail := got[:i+len("m.example.com.: ")], got[i:]
		got = head + "ERR" + tail[strings.IndexByte(tail, '\n'):]
	}
	if got != want {
		t.Errorf("trace:\n%s\nwant:\n%s", got, want)
	}
	for _, ev := range tr {
		if ev.Kind == EventLookup && ev.Name == "m.example.com." && ev.Err == nil {
			t.Error("no error in the event")
		}
	}
}

func TestTracePermError(t *testing.T) {
	srv := server(t, `example.com. TXT "v=spf1 include:no.example -all"`)
	var tr Trace
	r := request("192.0.2.1", "user@example.com")
	r.Trace = tr.Add
	check(t, &Checker{Resolver: srv.Resolver(), LocalPolicy: mustParse(t, "v=spf1 a")}, r)
	if s := tr.String(); !strings.Contains(s, "include:no.example: permerror\n") || !strings.Contains(s, "no.example = none") {
		t.Errorf("trace:\n%s", s)
	}
}
