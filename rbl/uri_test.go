package rbl

import (
	"net/netip"
	"strings"
	"testing"
)

func TestHost(t *testing.T) {
	tests := []struct {
		link, host, addr string
	}{
		{"http://spam.test/x", "spam.test", ""},
		{"HTTP://WWW.SPAM.TEST/", "www.spam.test", ""},
		{"www.spam.test/p", "www.spam.test", ""},
		{"spam.test:8080/x", "spam.test", ""},
		{"//spam.test/x", "spam.test", ""},
		{"http:/spam.test", "spam.test", ""},
		{"http:spam.test", "spam.test", ""},
		{`http:\\spam.test\x`, "spam.test", ""},
		{"  http://spam.test  ", "spam.test", ""},
		{"ht\ttp://sp\nam.test/", "spam.test", ""},
		{"http://good.test@spam.test/", "spam.test", ""},
		{"http://good.test:pw@x@spam.test:80/", "spam.test", ""},
		{`http://spam.test\@good.test/`, "spam.test", ""},
		{"http://spam.test?@good.test", "spam.test", ""},
		{"http://spam.test#@good.test", "spam.test", ""},
		{"http://spam.test.../", "spam.test", ""},
		{"http://%73pam%2etest/", "spam.test", ""},
		{"http://ｓｐａｍ．test/", "spam.test", ""},
		{"http://bücher.test/", "xn--bcher-kva.test", ""},
		{"http://foo_bar.spam.test/", "spam.test", ""},
		{"http://a.foo_bar.www.spam.test/", "www.spam.test", ""},
		{"mailto:user@spam.test", "spam.test", ""},
		{"http://192.0.2.256/", "192.0.2.256", ""},
		{"http://1.2.3.4.5/", "1.2.3.4.5", ""},
		{"http://0800.test/", "0800.test", ""},
		{"http://" + strings.Repeat("u", 10000) + "@spam.test/", "spam.test", ""},
		{"http://192.0.2.44/p", "", "192.0.2.44"},
		{"http://3221226028/", "", "192.0.2.44"},
		{"http://0xC000022C/", "", "192.0.2.44"},
		{"http://0xC0.0x0.0x2.0x2c/", "", "192.0.2.44"},
		{"http://0300.0.02.054/", "", "192.0.2.44"},
		{"http://192.556/", "", "192.0.2.44"},
		{"http://192.0.556/", "", "192.0.2.44"},
		{"http://192.0.2.44./", "", "192.0.2.44"},
		{"http://0x.0/", "", "0.0.0.0"},
		{"http://１９２.0.2.44/", "", "192.0.2.44"},
		{"http://%31%39%32.0.2.44/", "", "192.0.2.44"},
		{"http://[2001:db8::44]:80/", "", "2001:db8::44"},
		{"http://[::ffff:192.0.2.44]/", "", "192.0.2.44"},
		{"http://[fe80::1%25eth0]/", "", "fe80::1"},
		{"", "", ""},
		{"http:///path", "", ""},
		{"http://spam..test/", "", ""},
		{"http://sp am.test/", "", ""},
		{"http://spam.test%00.good.test/", "", ""},
		{"http://%zz.test/", "", ""},
		{"http://spam.tes%7/", "", ""},
		{"http://[2001:db8::44/", "", ""},
		{"http://[192.0.2.44]/", "", ""},
		{"http://bad_label.test/", "", ""},
		{"http://bad_label/", "", ""},
		{"http://%ff.test/", "", ""},
		{"http://" + strings.Repeat("a", 64) + ".test/", "", ""},
		{"http://" + strings.Repeat("a.", 130) + "test/", "", ""},
		{"http://" + strings.Repeat("a", 5000), "", ""},
	}
	for _, tt := range tests {
		host, addr, skip := Host(tt.link)
		shown := ""
		if addr.IsValid() {
			shown = addr.String()
		}
		if host != tt.host || shown != tt.addr || (skip == "") != (tt.host != "" || tt.addr != "") {
			t.Errorf("Host(%.60q) = %q, %q, %q; want %q, %q", tt.link, host, shown, skip, tt.host, tt.addr)
		}
	}
}

func TestReduceByTables(t *testing.T) {
	reduce := ReduceByTables([]string{"co.test", "Hosting.test."}, []string{"blog.hosting.test"})
	for host, want := range map[string]string{
		"spam.test": "spam.test", "www.spam.test": "spam.test", "a.b.spam.co.test": "spam.co.test",
		"co.test": "", "test": "", "me.blog.hosting.test": "me.blog.hosting.test", "x.me.blog.hosting.test": "me.blog.hosting.test",
		"blog.hosting.test": "", "user.hosting.test": "user.hosting.test",
	} {
		if got := reduce(host); got != want {
			t.Errorf("reduce(%q) = %q, want %q", host, got, want)
		}
	}
}

func TestReduceIsChecked(t *testing.T) {
	for _, bad := range []string{"", ".", "a..b", "a b", "a\nb.test", "ü.test"} {
		s := mustSet(t, Config{
			Resolver: &fake{}, Lists: []List{{Zone: MustZone("dbl.example"), Kind: KindURI}},
			Reduce: func(string) string { return bad },
		})
		v := mustQuery(t, s, URI("http://spam.test/"))
		if len(v.Skipped) != 1 || v.Skipped[0].Reason != SkipHost || v.Asked != 0 {
			t.Errorf("Reduce returning %q: asked %d, skipped %v", bad, v.Asked, v.Skipped)
		}
	}
}

func TestURIOfPrivateAddress(t *testing.T) {
	s := mustSet(t, Config{Resolver: &fake{}, Lists: []List{{Zone: MustZone("dbl.example"), Kind: KindURI}}})
	v := mustQuery(t, s, URI("http://10.1/"), URI("http://192.0.2.1/"))
	if v.Asked != 1 || len(v.Skipped) != 1 || v.Skipped[0].Reason != SkipPrivate {
		t.Errorf("asked %d, skipped %v", v.Asked, v.Skipped)
	}
	if got := v.Results[0].Subject.Addr(); got != (netip.Addr{}) {
		t.Errorf("a link has the address %v", got)
	}
}
