package rbl

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// slowPattern is a second reading of the Postfix pattern grammar: it expands
// each field to a list of numbers by cutting strings.
func slowPattern(p string) (fields [4][]int, ok bool) {
	if len(p) > 1 && p[0] == '[' && closing(p) == len(p)-1 {
		p = p[1 : len(p)-1]
	}
	for i := range fields {
		var field string
		if strings.HasPrefix(p, "[") {
			end := strings.IndexByte(p, ']')
			if end < 0 {
				return fields, false
			}
			field, p = p[1:end], p[end+1:]
			for part := range strings.SplitSeq(field, ";") {
				lo, hi, isRange := strings.Cut(part, "..")
				if !isRange {
					hi = lo
				}
				a, ok1 := slowNumber(lo)
				b, ok2 := slowNumber(hi)
				if !ok1 || !ok2 || a > b {
					return fields, false
				}
				for n := a; n <= b; n++ {
					fields[i] = append(fields[i], n)
				}
			}
		} else {
			end := strings.IndexFunc(p, func(c rune) bool { return c < '0' || c > '9' })
			if end < 0 {
				end = len(p)
			}
			n, ok := slowNumber(p[:end])
			if !ok {
				return fields, false
			}
			fields[i], p = []int{n}, p[end:]
		}
		if i < 3 {
			rest, dot := strings.CutPrefix(p, ".")
			if !dot {
				return fields, false
			}
			p = rest
		}
	}
	return fields, p == ""
}

func closing(p string) int {
	level := 0
	for i, c := range p {
		switch c {
		case '[':
			level++
		case ']':
			if level--; level == 0 {
				return i
			}
		}
	}
	return -1
}

func slowNumber(s string) (int, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	s = strings.TrimLeft(s, "0")
	if s == "" {
		return 0, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= 255
}

func FuzzParsePattern(f *testing.F) {
	for _, p := range []string{"127.0.0.2", "127.0.0.[2;4..6;9]", "[127.0.0.[2]]", "[127].[0].[0].[2]", "127.0.0.[5..1]", "127.0.0.[2", "1.2.3.256", "0.0.0.00000000000000000000000"} {
		f.Add(p, byte(127), byte(0), byte(0), byte(2))
	}
	f.Fuzz(func(t *testing.T, p string, a, b, c, d byte) {
		m, err := ParsePattern(p)
		fields, ok := slowPattern(p)
		if (err == nil) != ok {
			t.Fatalf("ParsePattern(%q) = %v; the reference says %v", p, err, ok)
		}
		if err != nil {
			return
		}
		want := true
		for i, v := range []byte{a, b, c, d} {
			want = want && slices.Contains(fields[i], int(v))
		}
		addr := netip.AddrFrom4([4]byte{a, b, c, d})
		if got := m.Match(addr); got != want {
			t.Errorf("%q matches %s = %v, want %v", p, addr, got, want)
		}
		if again, err := ParsePattern(m.String()); err != nil || again.Match(addr) != want {
			t.Errorf("%q read again as %q differs: %v", p, m, err)
		}
	})
}

// slowSubtest is a second reading of the SpamAssassin forms.
func slowSubtest(test string, v uint32) (match, ok bool) {
	num := func(s string) (uint64, bool) {
		if q := strings.Split(s, "."); len(q) > 1 {
			var n uint64
			for _, part := range q {
				o, err := strconv.ParseUint(part, 10, 8)
				if err != nil || len(q) != 4 || part != fmt.Sprint(o) {
					return 0, false
				}
				n = n<<8 | o
			}
			return n, true
		}
		if strings.Contains(s, "_") || strings.HasPrefix(s, "+") {
			return 0, false
		}
		if len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") {
			n, err := strconv.ParseUint(s[2:], 16, 32)
			return n, err == nil && s[2] != '+'
		}
		n, err := strconv.ParseUint(s, 10, 32)
		return n, err == nil
	}
	i := strings.IndexAny(test, "-/")
	if i < 0 {
		n, ok := num(test)
		if strings.Contains(test, ".") {
			return v == uint32(n), ok
		}
		return v>>24 == 127 && v&uint32(n) != 0, ok
	}
	a, ok1 := num(test[:i])
	b, ok2 := num(test[i+1:])
	if !ok1 || !ok2 {
		return false, false
	}
	if test[i] == '/' {
		return uint64(v)&b == a&b, true
	}
	return a <= uint64(v) && uint64(v) <= b, a <= b
}

func FuzzParseSubtest(f *testing.F) {
	for _, s := range []string{"127.0.0.2", "16", "0x10", "127.0.1.20-127.0.1.39", "0x10/0x10", "abc", "1-2-3", "0x"} {
		f.Add(s, uint32(listedCode))
	}
	f.Fuzz(func(t *testing.T, s string, v uint32) {
		m, err := ParseSubtest(s)
		want, ok := slowSubtest(s, v)
		if (err == nil) != ok {
			t.Fatalf("ParseSubtest(%q) = %v; the reference says %v", s, err, ok)
		}
		if err == nil && m.Match(addrOf(v)) != want {
			t.Errorf("%q matches %s = %v, want %v", s, addrOf(v), !want, want)
		}
	})
}

// A host has letters, digits, hyphens and dots only and is a fixed point; it
// fits a query name.
func FuzzHost(f *testing.F) {
	for _, s := range []string{
		"http://spam.test/x", "http://a@b:80@spam.test:1/?#", `http:\\spam.test\`, "http://[::ffff:192.0.2.1%25x]:1/", "0x7f.1",
		"http://ｓｐａｍ．test/", "http://%73pam%2etest", "http://a_b.c.test", "http://xn--0.test", "bücher.test。", "http://\u00ad.test",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, addr, skip := Host(s)
		switch {
		case skip != "":
			if host != "" || addr.IsValid() {
				t.Errorf("Host(%q) = %q, %v beside %q", s, host, addr, skip)
			}
			return
		case addr.IsValid():
			if host != "" || addr.Zone() != "" {
				t.Errorf("Host(%q) = %q beside %v", s, host, addr)
			}
			return
		}
		if strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || host == "" {
			t.Errorf("Host(%q) = %q", s, host)
		}
		if name := AppendDomainName(nil, host, "z"); len(host) < 250 && len(name) == 0 {
			t.Errorf("Host(%q) = %q cannot be asked about", s, host)
		}
		if again, _, _ := Host("http://" + host + "/"); again != host {
			t.Errorf("Host(%q) = %q, of that %q", s, host, again)
		}
	})
}

// Whatever is asked about, the names are valid, distinct and below the zone.
func FuzzPrepare(f *testing.F) {
	f.Add("spam.test", "http://spam.test/", "a+b@spam.test", []byte{192, 0, 2, 1})
	f.Add("bücher。test", "http://0x7f.1/", "@", []byte{0: 0x20, 15: 1})
	s := mustSet(f, Config{Resolver: &fake{}, Lists: []List{
		{Zone: MustZone("z.example"), Kind: KindIP | KindDomain | KindURI},
		{Zone: MustZone("y.example"), Kind: KindEmail | KindURL, Hash: HashSpec{Algorithm: SHA256, CutTag: true}},
		{Zone: MustZone("z.example"), Accept: MustPattern("127.0.0.2")},
	}})
	f.Fuzz(func(t *testing.T, domain, link, mail string, raw []byte) {
		addr, _ := netip.AddrFromSlice(raw)
		var p Prepared
		s.Prepare(&p, IP(addr), Domain(domain), URI(link), Email(mail))
		seen := map[string]bool{}
		for i := range p.Len() {
			name := string(p.Name(i))
			if name == "" {
				continue
			}
			if seen[name] {
				t.Errorf("%q is asked twice", name)
			}
			seen[name] = true
			if !strings.HasSuffix(name, ".z.example.") && !strings.HasSuffix(name, ".y.example.") {
				t.Errorf("%q lies outside the zones", name)
			}
			if len(name) > 254 || !labelsFit([]byte(name[:len(name)-1])) || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
				t.Errorf("bad name %q", name)
			}
		}
	})
}

// The parsers agree with what they print, and never show a key.
func FuzzParseLists(f *testing.F) {
	for _, s := range []string{
		"zen.example=127.0.0.[2..11]*3, wl.example*-2", "a.example : <; b.example/x", "<; a.example=127.0.0.2/2001:db8::1;+defer_unknown;c.example!&0.0.0.2",
		testKey + ".zen.dq.example=127.0.0.x", "t.example,m.example==127.0.0.2",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		one, err1 := ParsePostscreen(s)
		two, err2 := ParseDNSLists(s)
		for _, l := range append(one, two...) {
			if err := l.check(); err != nil {
				t.Errorf("%q gives a list that does not pass: %v", s, err)
			}
		}
		for _, err := range []error{err1, err2} {
			if err != nil && strings.Contains(strings.ToLower(err.Error()), testKey) {
				t.Errorf("%q: the error shows the key: %v", s, err)
			}
		}
	})
}

func FuzzCleanText(f *testing.F) {
	f.Add("listed, see https://bl.example/", "a\r\nb", 40)
	f.Fuzz(func(t *testing.T, a, b string, n int) {
		got := CleanText([]string{a, b}, n)
		if n <= 0 {
			n = MaxText
		}
		for i := range len(got) {
			if got[i] < ' ' || got[i] > '~' {
				t.Errorf("%q", got)
			}
		}
		if len(got) > n || strings.Contains(got, "  ") {
			t.Errorf("CleanText(%q, %q, %d) = %q", a, b, n, got)
		}
		if again := CleanText([]string{got}, n); again != got {
			t.Errorf("%q cleaned again is %q", got, again)
		}
	})
}
