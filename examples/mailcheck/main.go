// Command mailcheck looks at mail with the eyes of a receiver:
//
//	go run ./examples/mailcheck message -ip 192.0.2.10 -helo mail.example.com -from eve@example.com mail.eml
//	go run ./examples/mailcheck domain example.com
//	go run ./examples/mailcheck config /etc/postfix/main.cf
//	go run ./examples/mailcheck whatif -config /etc/postfix -against ./candidate sessions.jsonl
//
// message authenticates a stored message and explains the outcome; without -ip
// there is nothing for SPF to check. domain shows what a domain publishes, and
// what is wrong with it. config reads a Postfix configuration and says which of
// its restrictions don't do what they seem to. whatif plays recorded sessions
// under two configurations and shows each answer that differs, and why; the
// flag -record of examples/mx and examples/policyd makes recordings.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"

	"github.com/mailsec-go/mailsec/resolver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "mailcheck:", err)
		os.Exit(1)
	}
}

// A command is one thing that mailcheck does.
type command struct {
	usage string
	run   func(c *call) error
}

var commands = map[string]command{
	"message": {"message [flags] FILE", checkMessage},
	"domain":  {"domain [flags] NAME", checkDomain},
	"config":  {"config [flags] MAIN.CF", checkConfig},
	"whatif":  {"whatif [flags] RECORDINGS", whatIf},
}

// A call is one use of a command.
type call struct {
	ctx      context.Context
	flags    *flag.FlagSet
	args     []string
	out      io.Writer
	resolver *resolver.Resolver
}

var errUsage = errors.New("say message FILE, domain NAME, config MAIN.CF or whatif -against DIR RECORDINGS")

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	cmd, ok := commands[args[0]]
	if !ok {
		return fmt.Errorf("%q is no command: %w", args[0], errUsage)
	}
	c := &call{ctx: ctx, args: args[1:], out: stdout, flags: flag.NewFlagSet(cmd.usage, flag.ContinueOnError)}
	c.flags.SetOutput(stderr)
	if err := cmd.run(c); !errors.Is(err, flag.ErrHelp) {
		return err
	}
	return nil
}

// parse parses the flags, opens the resolver and returns the one argument that
// every command takes.
func (c *call) parse() (arg string, err error) {
	dns := c.flags.String("dns", "", "`address` of the DNS server; empty for those of the system")
	if err := c.flags.Parse(c.args); err != nil {
		return "", err
	}
	if c.flags.NArg() != 1 {
		return "", errUsage
	}
	var config resolver.Config
	if *dns != "" {
		server, err := netip.ParseAddrPort(*dns)
		if addr, addrErr := netip.ParseAddr(*dns); addrErr == nil {
			server, err = netip.AddrPortFrom(addr, 53), nil
		}
		if err != nil {
			return "", fmt.Errorf("-dns: %q is not an address such as 192.0.2.53 or [2001:db8::53]:53", *dns)
		}
		config.Servers = []netip.AddrPort{server}
	}
	c.resolver, err = resolver.New(config)
	return c.flags.Arg(0), err
}
