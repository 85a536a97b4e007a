// Command dkimkey makes a key for DKIM, prints what to publish for it, and says
// whether it is published:
//
//	go run ./examples/dkimkey -domain example.com -selector mail
//	go run ./examples/dkimkey -domain example.com -selector mail -check
//
// The key is written to SELECTOR.DOMAIN.pem in the current directory, in a file
// that only its owner can read, and never over another file.
package main

import (
	"context"
	"crypto"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/mailsec-go/mailsec/dkim"
	"github.com/mailsec-go/mailsec/resolver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "dkimkey:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("dkimkey", flag.ContinueOnError)
	f.SetOutput(stderr)
	domain := f.String("domain", "", "the signing `domain`")
	selector := f.String("selector", "mail", "the `name` of the key in that domain")
	kind := f.String("type", "rsa", "`rsa` or ed25519; not every receiver knows the latter")
	bits := f.Int("bits", 2048, "size of an RSA key")
	dir := f.String("dir", ".", "`directory` of the key file")
	check := f.Bool("check", false, "make no key; compare the one in the file with what is published")
	dns := f.String("dns", "", "`address` of the DNS server for -check; empty for those of the system")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if *domain == "" || f.NArg() > 0 {
		return errors.New("say -domain NAME, and no other arguments")
	}
	name, err := dkim.RecordName(*selector, *domain)
	if err != nil {
		return err
	}
	file := filepath.Join(*dir, *selector+"."+*domain+".pem")
	if *check {
		if err := checkPublished(ctx, *dns, *domain, *selector, file); err != nil {
			return err
		}
		_, err := fmt.Fprintf(stdout, "%s is published and fits %s\n", name, file)
		return err
	}
	algorithm, ok := map[string]dkim.Algorithm{"rsa": dkim.RSASHA256, "ed25519": dkim.Ed25519SHA256}[*kind]
	if !ok {
		return fmt.Errorf("-type %s: neither rsa nor ed25519", *kind)
	}
	key, record, err := dkim.GenerateKey(algorithm, *bits)
	if err != nil {
		return err
	}
	if err := writeKey(file, key); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "the private key is in %s; publish this before it signs:\n", file)
	_, err = fmt.Fprintln(stdout, record.ZoneLine(name, 3600))
	return err
}

// writeKey writes a private key to a file that does not exist yet.
func writeKey(file string, key crypto.Signer) error {
	text, err := dkim.MarshalPrivateKey(key)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s holds a key that may be in use: take another -selector", file)
	} else if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// checkPublished looks the record up and compares it with the key in a file. A
// new key must not sign before it is published everywhere.
func checkPublished(ctx context.Context, dns, domain, selector, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	key, err := dkim.ParsePrivateKey(text)
	if err != nil {
		return err
	}
	var config resolver.Config
	if dns != "" {
		server, err := netip.ParseAddrPort(dns)
		if addr, addrErr := netip.ParseAddr(dns); addrErr == nil {
			server, err = netip.AddrPortFrom(addr, 53), nil
		}
		if err != nil {
			return fmt.Errorf("-dns: %q is not an address such as 192.0.2.53 or [2001:db8::53]:53", dns)
		}
		config.Servers = []netip.AddrPort{server}
	}
	r, err := resolver.New(config)
	if err != nil {
		return err
	}
	defer r.Close()
	return dkim.CheckPublished(ctx, r, domain, selector, key.Public())
}
