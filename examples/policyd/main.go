// Command policyd is a policy service for Postfix that answers with SPF:
//
//	go run ./examples/policyd -listen inet:127.0.0.1:10023
//
// with this in main.cf, behind the relay check:
//
//	smtpd_recipient_restrictions =
//	    reject_unauth_destination
//	    check_policy_service inet:127.0.0.1:10023
//
// It refuses what fails, asks to try again when DNS does not answer, and lets
// everything else pass with a Received-SPF field on top. Clients in networks of
// -trust and users who logged in are not asked about. With -listen unix:PATH it
// listens on a socket in the file system.
//
// -record FILE keeps what the requests tell about the sessions, in the form that
// "mailcheck whatif" reads: who wrote to whom, but nothing of the messages.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/mailsec-go/mailsec/examples/internal/record"
	"github.com/mailsec-go/mailsec/restrict/policyd"
	"github.com/mailsec-go/mailsec/spf"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "policyd:", err)
		os.Exit(1)
	}
}

// run is the program: it answers until ctx ends. Requests that are being
// answered then are cut off; Postfix asks again.
func run(ctx context.Context, args []string, stderr io.Writer) error {
	f := flag.NewFlagSet("policyd", flag.ContinueOnError)
	f.SetOutput(stderr)
	address := f.String("listen", "inet:127.0.0.1:10023", "inet:HOST:PORT or unix:PATH to listen on")
	mode := f.String("mode", "0660", "`permissions` of the unix socket")
	trust := f.String("trust", "127.0.0.0/8,::1", "`networks`, separated by commas, whose mail is not checked")
	dns := f.String("dns", "", "`address` and port of the DNS server to ask; empty for those of the system")
	hostname := f.String("hostname", "", "`name` of this host for the Received-SPF field; empty for that of the system")
	recordTo := f.String("record", "", "record sessions, as far as the requests tell, in this `file`")
	if err := f.Parse(args); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))

	s := &service{checker: spf.Checker{Explain: true, Hostname: *hostname}, log: log}
	if s.checker.Hostname == "" {
		s.checker.Hostname, _ = os.Hostname()
	}
	var err error
	if s.checker.Trusted, err = parseNetworks(*trust); err != nil {
		return fmt.Errorf("-trust: %w", err)
	}
	r, err := newResolver(*dns)
	if err != nil {
		return fmt.Errorf("-dns: %w", err)
	}
	defer r.Close()
	s.checker.Resolver = r
	if *recordTo != "" {
		file, err := record.Open(*recordTo)
		if err != nil {
			return fmt.Errorf("-record: %w", err)
		}
		defer file.Close()
		s.recorder = newRecorder(file, log)
		defer s.recorder.endAll()
	}
	permissions, err := strconv.ParseUint(*mode, 8, 9)
	if err != nil {
		return fmt.Errorf("-mode: %w", err)
	}
	l, err := listen(*address, os.FileMode(permissions))
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	log.Info("listening", "address", l.Addr().String())
	defer log.Info("stopped")
	return policyd.Serve(ctx, l, s)
}
