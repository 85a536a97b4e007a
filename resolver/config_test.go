package resolver_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailsec-go/mailsec/resolver"
)

func TestConfigErrors(t *testing.T) {
	server := netip.MustParseAddrPort("127.0.0.1:53")
	tests := []struct {
		name   string
		change func(*resolver.Config)
		want   string
	}{
		{"no server address", func(c *resolver.Config) { c.Servers = []netip.AddrPort{{}} }, "Servers"},
		{"port 0", func(c *resolver.Config) { c.Servers = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")} }, "Servers"},
		{"unspecified", func(c *resolver.Config) { c.Servers = []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:53")} }, "Servers"},
		{"multicast", func(c *resolver.Config) { c.Servers = []netip.AddrPort{netip.MustParseAddrPort("[ff02::fb]:53")} }, "Servers"},
		{"Timeout", func(c *resolver.Config) { c.Timeout = -1 }, "Timeout"},
		{"Deadline", func(c *resolver.Config) { c.Deadline = -1 }, "Deadline"},
		{"Tries", func(c *resolver.Config) { c.Tries = -1 }, "Tries"},
		{"many Tries", func(c *resolver.Config) { c.Tries = 101 }, "Tries"},
		{"MaxInflight", func(c *resolver.Config) { c.MaxInflight = -1 }, "MaxInflight"},
		{"small UDPSize", func(c *resolver.Config) { c.UDPSize = 511 }, "UDPSize"},
		{"large UDPSize", func(c *resolver.Config) { c.UDPSize = 4097 }, "UDPSize"},
		{"MinTTL", func(c *resolver.Config) { c.MinTTL = -1 }, "MinTTL"},
		{"MaxTTL below MinTTL", func(c *resolver.Config) { c.MinTTL, c.MaxTTL = 2*time.Hour, time.Hour }, "MaxTTL"},
		{"FailTTL", func(c *resolver.Config) { c.FailTTL = 6 * time.Minute }, "FailTTL"},
		{"ServeStale", func(c *resolver.Config) { c.ServeStale = -1 }, "ServeStale"},
		{"CacheBytes", func(c *resolver.Config) { c.CacheBytes = -1 }, "CacheBytes"},
	}
	for _, tt := range tests {
		c := resolver.Config{Servers: []netip.AddrPort{server}}
		tt.change(&c)
		r, err := resolver.New(c)
		if r != nil || !errors.Is(err, resolver.ErrConfig) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: New = %v, %v; want an error about %s", tt.name, r, err, tt.want)
		}
	}
}

// TestSystem checks that the zero Config works, whatever the system has.
func TestSystem(t *testing.T) {
	r, err := resolver.New(resolver.Config{})
	if err != nil {
		t.Skip(err)
	}
	r.Close()
}

func TestReadResolvConf(t *testing.T) {
	tests := []struct {
		name, text string
		servers    string
		want       resolver.Config
	}{
		{name: "empty", servers: "127.0.0.1:53"},
		{
			name:    "usual",
			text:    "# by hand\nnameserver 192.0.2.1\nnameserver 2001:db8::1 ; second\nsearch example.org\noptions edns0 timeout:3 attempts:4 rotate trust-ad ndots:5\n",
			servers: "192.0.2.1:53 [2001:db8::1]:53",
			want:    resolver.Config{Timeout: 3 * time.Second, Tries: 4, Rotate: true, TrustAD: true},
		},
		{
			name:    "more than three servers",
			text:    "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n",
			servers: "192.0.2.1:53 192.0.2.2:53 192.0.2.3:53",
		},
		{
			name:    "zone, no final newline",
			text:    "nameserver fe80::1%eth0",
			servers: "[fe80::1%eth0]:53",
		},
		{
			name:    "bounds",
			text:    "nameserver 0.0.0.0\noptions timeout:99999999999999999999 attempts:100\noptions timeout:9999\noptions attempts:x",
			servers: "127.0.0.1:53",
			want:    resolver.Config{Timeout: 30 * time.Second, Tries: 5},
		},
	}
	for _, tt := range tests {
		var c resolver.Config
		if err := c.ReadResolvConf(strings.NewReader(tt.text)); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		var servers []string
		for _, s := range c.Servers {
			servers = append(servers, s.String())
		}
		if !slices.Equal(servers, strings.Fields(tt.servers)) {
			t.Errorf("%s: servers %q, want %q", tt.name, servers, tt.servers)
		}
		if c.Timeout != tt.want.Timeout || c.Tries != tt.want.Tries || c.Rotate != tt.want.Rotate || c.TrustAD != tt.want.TrustAD {
			t.Errorf("%s: %+v, want %+v", tt.name, c, tt.want)
		}
	}
	for _, text := range []string{"nameserver example.org", "nameserver 192.0.2", "nameserver ff02::1", strings.Repeat("x", 1<<17)} {
		var c resolver.Config
		err := c.ReadResolvConf(strings.NewReader("\n" + text))
		if err == nil || len(text) < 100 && !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	c := resolver.Config{Timeout: time.Second, Tries: 1}
	c.ReadResolvConf(strings.NewReader("options timeout:9 attempts:3"))
	if c.Timeout != time.Second || c.Tries != 1 {
		t.Errorf("options of the caller were overwritten: %+v", c)
	}
}

// TestZeroResolver checks that a Resolver that New did not make says so.
func TestZeroResolver(t *testing.T) {
	var r resolver.Resolver
	for range 2 {
		_, err := r.LookupTXT(t.Context(), "a.example.")
		if !errors.Is(err, resolver.ErrConfig) || !errors.Is(err, resolver.Network) {
			t.Errorf("LookupTXT: %v", err)
		}
	}
	if err := r.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
