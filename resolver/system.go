package resolver

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// systemFile is where the system keeps its servers (resolv.conf(5)).
const systemFile = "/etc/resolv.conf"

// Bounds that resolv.conf(5) puts on its own options, and the number of
// servers it takes.
const (
	maxSystemServers = 3
	maxSystemTimeout = 30 * time.Second
	maxSystemTries   = 5
)

// readFile completes c from the system's file. A system without the file, or
// without a server in it, has one on the loopback address.
func (c *Config) readFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		c.Servers = loopbackServers()
		return nil
	}
	defer f.Close()
	return c.ReadResolvConf(f)
}

func loopbackServers() []netip.AddrPort {
	return []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53")}
}

// ReadResolvConf sets Servers from text in the form of resolv.conf(5), and
// from its options timeout, attempts, rotate and trust-ad the fields Timeout,
// Tries, Rotate and TrustAD where c has none yet. The search list and all other
// options are ignored. A nameserver that is no address is an error that names
// the line; text without one means 127.0.0.1.
func (c *Config) ReadResolvConf(r io.Reader) error {
	var servers []netip.AddrPort
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		text, _, _ = strings.Cut(text, ";")
		f := strings.Fields(text)
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "nameserver":
			addr, err := netip.ParseAddr(f[1])
			if err != nil || addr.IsMulticast() {
				return fmt.Errorf("%w: line %d: nameserver %q is not an address", ErrConfig, n, f[1])
			}
			if addr.IsUnspecified() { // means this host
				addr = netip.MustParseAddr("127.0.0.1")
			}
			if len(servers) < maxSystemServers {
				servers = append(servers, netip.AddrPortFrom(addr, 53))
			}
		case "options":
			for _, o := range f[1:] {
				c.systemOption(o)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("resolver: reading resolv.conf: %w", err)
	}
	if c.Servers = servers; len(servers) == 0 {
		c.Servers = loopbackServers()
	}
	return nil
}

// systemOption applies one word of an options line.
func (c *Config) systemOption(word string) {
	name, value, _ := strings.Cut(word, ":")
	n, err := strconv.Atoi(value)
	number := err == nil && n > 0
	switch {
	case name == "timeout" && number && c.Timeout == 0:
		c.Timeout = min(time.Duration(min(n, 1000))*time.Second, maxSystemTimeout)
	case name == "attempts" && number && c.Tries == 0:
		c.Tries = min(n, maxSystemTries)
	case name == "rotate":
		c.Rotate = true
	case name == "trust-ad":
		c.TrustAD = true
	}
}
