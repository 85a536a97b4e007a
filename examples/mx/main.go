// Command mx is a receiving mail server made of mailsec, to read and to run.
//
//	go run ./examples/mx -demo
//
// plays some twenty sessions against itself, with a DNS server of its own, and
// prints what became of each and why.
//
//	go run ./examples/mx -listen 127.0.0.1:2525 -maildir ./Maildir
//
// receives mail for real. It stores what it accepts and never relays. The
// configuration directory, main.cf and its tables, is embedded; -print-config
// writes it out, to be changed and used with -config.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/mailsec-go/mailsec/examples/internal/record"
	"github.com/mailsec-go/mailsec/resolver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "mx:", err)
		os.Exit(1)
	}
}

// graceTime is how long sessions may go on after a signal to stop.
const graceTime = 30 * time.Second

// run is the program: it does what the arguments say until ctx ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("mx", flag.ContinueOnError)
	f.SetOutput(stderr)
	demo := f.Bool("demo", false, "play the demonstration and exit")
	verbose := f.Bool("v", false, "with -demo, print the dialogues; otherwise log more")
	o := options{limits: defaultLimits}
	f.StringVar(&o.listen, "listen", "", "receive mail on this `address`, such as 127.0.0.1:2525")
	f.StringVar(&o.submission, "submission", "", "also accept mail from our users on this `address`")
	f.StringVar(&o.maildir, "maildir", "Maildir", "`directory` for accepted mail")
	config := f.String("config", "", "configuration `directory`; empty for the embedded one")
	printTo := f.String("print-config", "", "write the embedded configuration into a `directory` and exit")
	dns := f.String("dns", "", "`address` of the DNS server to ask; empty for those of the system")
	proxies := f.String("proxy", "", "`networks`, separated by commas, whose PROXY headers are believed")
	recordTo := f.String("record", "", "record sessions, without the messages, in this `file`; \"mailcheck whatif\" plays them again")
	addUser := f.String("adduser", "", "print the line for `name` in the file users; the password is read from standard input")
	f.Int64Var(&o.limits.messageBytes, "max-size", o.limits.messageBytes, "octets of a message")
	f.IntVar(&o.limits.recipients, "max-recipients", o.limits.recipients, "recipients of a message")
	f.IntVar(&o.limits.connections, "max-connections", o.limits.connections, "connections at the same time, on each port")
	f.IntVar(&o.limits.clientConnections, "max-client-connections", o.limits.clientConnections, "connections of one client at the same time, on each port")
	f.DurationVar(&o.limits.commandTimeout, "command-timeout", o.limits.commandTimeout, "wait for a command")
	f.DurationVar(&o.limits.messageTimeout, "message-timeout", o.limits.messageTimeout, "wait for a message")
	f.DurationVar(&o.limits.checkTimeout, "check-timeout", o.limits.checkTimeout, "time for the checks of a command")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%q is no flag, and there are no arguments", f.Arg(0))
	}

	level := slog.LevelInfo
	if *verbose {
		level = slog.LevelDebug
	}
	o.log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	var err error
	switch {
	case *printTo != "":
		return printConfig(*printTo)
	case *addUser != "":
		return printUser(*addUser, stdin, stdout)
	case *demo:
		return runDemo(ctx, scenes, stdout, *verbose)
	case o.listen == "":
		f.Usage()
		return fmt.Errorf("say -demo or -listen ADDRESS")
	}
	if err := o.limits.check(); err != nil {
		return err
	}
	if o.config, err = openConfig(*config); err != nil {
		return err
	}
	if *recordTo != "" {
		if o.recordings, err = record.Open(*recordTo); err != nil {
			return fmt.Errorf("-record: %w", err)
		}
		defer o.recordings.Close()
	}
	if o.proxies, err = parseNetworks(*proxies); err != nil {
		return fmt.Errorf("-proxy: %w", err)
	}
	if o.resolver, err = newResolver(*dns); err != nil {
		return fmt.Errorf("-dns: %w", err)
	}
	defer o.resolver.Close()
	return serve(ctx, o)
}

// serve receives mail until ctx ends, then stops gracefully.
func serve(ctx context.Context, o options) error {
	s, err := newServer(o)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		o.log.Info("stopping")
	case err = <-s.failed:
		o.log.Error("cannot go on", "err", err)
	}
	grace, cancel := context.WithTimeout(context.Background(), graceTime)
	defer cancel()
	if stopErr := s.stop(grace); err == nil {
		err = stopErr
	}
	return err
}

// newResolver returns a resolver that asks the server at address, which has port
// 53 unless it says otherwise.
func newResolver(address string) (*resolver.Resolver, error) {
	if address == "" {
		return resolver.New(resolver.Config{})
	}
	server, err := netip.ParseAddrPort(address)
	if err != nil {
		addr, addrErr := netip.ParseAddr(address)
		if addrErr != nil {
			return nil, fmt.Errorf("%q is not an address such as 192.0.2.53 or [2001:db8::53]:53", address)
		}
		server = netip.AddrPortFrom(addr, 53)
	}
	return resolver.New(resolver.Config{Servers: []netip.AddrPort{server}})
}

func parseNetworks(list string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for s := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			addr, addrErr := netip.ParseAddr(s)
			if addrErr != nil {
				return nil, fmt.Errorf("%q is not a network such as 192.0.2.0/24 or an address", s)
			}
			p = netip.PrefixFrom(addr, addr.BitLen())
		}
		networks = append(networks, p)
	}
	return networks, nil
}

// printUser prints a line for the file users.
func printUser(name string, stdin io.Reader, stdout io.Writer) error {
	if name != strings.Join(strings.Fields(name), "") || strings.HasPrefix(name, "#") {
		return fmt.Errorf("-adduser: %q is not usable as a name", name)
	}
	password, err := bufio.NewReader(stdin).ReadString('\n')
	if password = strings.TrimRight(password, "\r\n"); password == "" {
		return errors.Join(errors.New("-adduser: type the password as a line on standard input"), err)
	}
	h, err := hashPassword(password, hashIterations)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, name, h)
	return err
}
