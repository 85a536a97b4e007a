package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/mailsec-go/mailsec/resolver"
)

// listen opens a socket that is named as in check_policy_service.
func listen(address string, mode fs.FileMode) (net.Listener, error) {
	kind, where, _ := strings.Cut(address, ":")
	switch kind {
	case "inet":
		return net.Listen("tcp", where)
	case "unix":
		return listenUnix(where, mode)
	}
	return nil, fmt.Errorf("%q is neither inet:HOST:PORT nor unix:PATH", address)
}

// listenUnix opens a socket in the file system. One that a crash has left there
// is removed; one that somebody listens on is not.
func listenUnix(path string, mode fs.FileMode) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
		c, err := net.Dial("unix", path)
		if err == nil {
			c.Close()
			return nil, fmt.Errorf("%s is in use", path)
		}
		os.Remove(path)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// newResolver returns a resolver that asks the server at address, those of the
// system for "".
func newResolver(address string) (*resolver.Resolver, error) {
	var config resolver.Config
	if address != "" {
		server, err := netip.ParseAddrPort(address)
		if err != nil {
			return nil, err
		}
		config.Servers = []netip.AddrPort{server}
	}
	return resolver.New(config)
}

// parseNetworks reads networks and addresses, separated by commas.
func parseNetworks(list string) (networks []netip.Prefix, err error) {
	for text := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		var p netip.Prefix
		if strings.Contains(text, "/") {
			p, err = netip.ParsePrefix(text)
		} else {
			var addr netip.Addr
			addr, err = netip.ParseAddr(text)
			p = netip.PrefixFrom(addr, addr.BitLen())
		}
		if err != nil {
			return nil, err
		}
		networks = append(networks, p)
	}
	return networks, nil
}
