package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/mailsec-go/mailsec"
	"github.com/mailsec-go/mailsec/examples/internal/record"
	"github.com/mailsec-go/mailsec/rbl"
	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/restrict/postfix"
	"github.com/mailsec-go/mailsec/spf"
)

// options are what a server is made from.
type options struct {
	listen     string         // address of the SMTP port
	submission string         // address of the submission port, "" for none
	proxies    []netip.Prefix // whose PROXY headers are believed
	config     fs.FS          // the configuration directory
	maildir    string
	resolver   *resolver.Resolver
	limits     limits
	recordings *record.File // where sessions are recorded, nil for nowhere
	log        *slog.Logger
	decided    func(*decision) // called for each decision; may be nil
}

// limits bound what clients may ask for.
type limits struct {
	messageBytes      int64         // of one message
	recipients        int           // of one message
	connections       int           // at the same time, on each port
	clientConnections int           // of one client at the same time, on each port
	commandTimeout    time.Duration // for the client to send a command
	messageTimeout    time.Duration // for the client to send a message
	checkTimeout      time.Duration // for the checks of one command
}

// defaultLimits are fit for a small server. The timeouts are those of RFC 5321,
// section 4.5.3.2, except for the last.
var defaultLimits = limits{
	messageBytes:      25 << 20,
	recipients:        100,
	connections:       200,
	clientConnections: 50,
	commandTimeout:    5 * time.Minute,
	messageTimeout:    10 * time.Minute,
	checkTimeout:      30 * time.Second,
}

// check says which limit is none: zero would mean no limit at all for some, and
// no mail for others.
func (l limits) check() error {
	for name, n := range map[string]int64{
		"max-size": l.messageBytes, "max-recipients": int64(l.recipients),
		"max-connections": int64(l.connections), "max-client-connections": int64(l.clientConnections),
		"command-timeout": int64(l.commandTimeout), "message-timeout": int64(l.messageTimeout), "check-timeout": int64(l.checkTimeout),
	} {
		if n <= 0 {
			return fmt.Errorf("-%s: must be more than 0", name)
		}
	}
	return nil
}

// A server receives mail on one or two ports.
type server struct {
	options
	hostname    string
	tls         *tls.Config
	auth        *mailsec.Authenticator
	spf         *spf.Checker // for the lists, which check SPF before the message comes
	domains     []string     // whose mail is for us
	dnslists    *rbl.Set     // nil without the file
	users       users
	inbox, junk maildir
	ports       []*portServer
	wait        sync.WaitGroup
	failed      chan error
}

// A portServer is one port: its restriction lists, and what is behind it.
type portServer struct {
	name     string // of the service in master.cf
	address  string
	policy   *postfix.Policy
	listener *listener
	smtp     *smtp.Server
}

// newServer reads the configuration and opens the ports. Clients are served as
// soon as it returns.
func newServer(o options) (*server, error) {
	s := &server{options: o, failed: make(chan error, 2)}
	if err := s.configure(); err != nil {
		return nil, err
	}
	for _, p := range s.ports {
		if err := s.open(p); err != nil {
			s.stop(context.Background())
			return nil, err
		}
	}
	return s, nil
}

// configure reads the configuration: everything that can be wrong with it is
// found here, before a client is served.
func (s *server) configure() error {
	s.spf = &spf.Checker{Resolver: s.resolver, Explain: true}
	s.ports = []*portServer{{name: "smtp", address: s.listen}}
	if s.submission != "" {
		s.ports = append(s.ports, &portServer{name: "submission", address: s.submission})
	}
	for _, p := range s.ports {
		var err error
		if p.policy, err = s.compile(p.name); err != nil {
			return err
		}
	}
	main := s.ports[0].policy
	s.warnAboutDomains(main)
	s.hostname = main.Param("myhostname")
	s.domains = strings.FieldsFunc(strings.ToLower(main.Param("mydestination")), func(r rune) bool { return r == ',' || r == ' ' })
	s.spf.Hostname = s.hostname
	s.auth = &mailsec.Authenticator{ID: s.hostname, Resolver: s.resolver, SPF: *s.spf}
	certificate, err := selfSigned(s.hostname)
	if err != nil {
		return err
	}
	s.tls = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	return errors.Join(s.readUsers(), s.readLists(), s.openMailboxes())
}

// readOptional reads a file of the configuration directory; it is empty where it
// is missing.
func (s *server) readOptional(name string) ([]byte, error) {
	text, err := fs.ReadFile(s.config, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

func (s *server) readUsers() error {
	text, err := s.readOptional("users")
	if err != nil {
		return err
	}
	s.users, err = parseUsers("users", bytes.NewReader(text))
	return err
}

// readLists makes a set of the lists in the file dnslists.
func (s *server) readLists() error {
	text, err := s.readOptional("dnslists")
	if err != nil {
		return err
	}
	if text == nil {
		return nil
	}
	lists, err := rbl.ParsePostscreen(withoutComments(text))
	if err != nil {
		return fmt.Errorf("dnslists: %w", err)
	}
	s.dnslists, err = rbl.New(rbl.Config{Lists: lists, Resolver: s.resolver, Allow: -1, Complete: true})
	return err
}

func (s *server) openMailboxes() (err error) {
	if s.inbox, err = openMaildir(s.maildir); err == nil {
		s.junk, err = openMaildir(filepath.Join(s.maildir, ".Junk"))
	}
	if err != nil {
		return fmt.Errorf("-maildir %s: %w; it must be a directory in which this user may write", s.maildir, err)
	}
	return nil
}

// compile reads main.cf and master.cf as they apply to one service of
// master.cf, and logs what looks like a mistake in them.
func (s *server) compile(service string) (*postfix.Policy, error) {
	main, err := fs.ReadFile(s.config, "main.cf")
	if err != nil {
		return nil, err
	}
	master, err := s.readOptional("master.cf")
	if err != nil {
		return nil, err
	}
	inMaster := service
	if master == nil {
		if service != "smtp" {
			return nil, fmt.Errorf("-%s: there is no master.cf in the configuration; -print-config shows one", service)
		}
		inMaster = "" // main.cf alone
	}
	config := postfix.Config{
		Main:     main,
		Master:   master,
		Service:  inMaster,
		ReadFile: func(name string) ([]byte, error) { return fs.ReadFile(s.config, name) },
		Resolver: s.resolver,
		Policy:   s.policyService,
	}
	policy, err := postfix.Compile(config)
	if err != nil {
		return nil, fmt.Errorf("service %s: %w", service, err)
	}
	for _, f := range postfix.Lint(config) {
		level := slog.LevelWarn
		if f.Level == postfix.Note {
			level = slog.LevelDebug
		}
		s.log.Log(context.Background(), level, "configuration", "service", service, "finding", f.String())
	}
	return policy, nil
}

// policyService returns what answers for a policy service. The only one that this
// server has is SPF; for any other it says so and stands in for it.
func (s *server) policyService(p postfix.PolicyService) postfix.PolicyClient {
	if !strings.Contains(strings.ToLower(p.Address), "spf") {
		s.log.Warn("configuration: this server asks no policy services; SPF answers in its place", "service", p.Address)
	}
	return &spfService{s.spf}
}

// warnAboutDomains names the parameters by which Postfix takes mail for more
// domains than this server does.
func (s *server) warnAboutDomains(policy *postfix.Policy) {
	for name, usual := range map[string]string{
		"virtual_mailbox_domains": "virtual_mailbox_maps", "virtual_alias_domains": "virtual_alias_maps", "relay_domains": "mydestination",
	} {
		if domains := policy.Param(name); domains != "" && domains != policy.Param(usual) {
			s.log.Warn("configuration: this server stores mail for the domains of mydestination only", "ignored", name)
		}
	}
	for _, domain := range strings.FieldsFunc(policy.Param("mydestination"), func(r rune) bool { return r == ',' || r == ' ' }) {
		if strings.ContainsAny(domain, ":/") {
			s.log.Warn("configuration: this server reads no tables in mydestination: name the domains", "ignored", domain)
		}
	}
}

// open starts to serve a port.
func (s *server) open(p *portServer) error {
	flag := "-listen"
	if p.name == "submission" {
		flag = "-submission"
	}
	l, err := listen(p.address, s.proxies, s.limits.connections, s.limits.clientConnections)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s %s: %w; ports below 1024 are for root, try 127.0.0.1:2525", flag, p.address, err)
	case err != nil:
		return fmt.Errorf("%s %s: %w", flag, p.address, err)
	}
	p.listener = l
	p.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return newSession(s, p, c) }))
	p.smtp.Domain = s.hostname
	p.smtp.TLSConfig = s.tls
	p.smtp.AllowInsecureAuth = true // the session refuses it, in the words of the configuration
	p.smtp.MaxMessageBytes = s.limits.messageBytes
	p.smtp.MaxRecipients = s.limits.recipients
	p.smtp.ReadTimeout = s.limits.commandTimeout
	p.smtp.WriteTimeout = s.limits.commandTimeout
	p.smtp.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)
	s.wait.Go(func() {
		if err := p.smtp.Serve(l); err != nil {
			s.failed <- fmt.Errorf("%s: %w", p.name, err)
		}
	})
	s.log.Info("listening", "port", p.name, "address", l.Addr().String())
	return nil
}

// address returns where a port listens.
func (s *server) address(p port) netip.AddrPort { return addrPort(s.ports[p].listener.Addr()) }

// stop ends all sessions, each after the command or message it is in, and waits
// for them until ctx ends; then they are cut off.
func (s *server) stop(ctx context.Context) error {
	open := slices.DeleteFunc(slices.Clone(s.ports), func(p *portServer) bool { return p.listener == nil })
	for _, p := range open {
		p.listener.stop()
	}
	var errs []error
	for _, p := range open {
		if err := p.smtp.Shutdown(ctx); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err, closeAll(p.listener))
		}
		p.listener.Listener.Close() // in case that Serve had not begun: Shutdown does not know it then
	}
	s.wait.Wait()
	return errors.Join(errs...)
}

func closeAll(l *listener) error {
	l.mu.Lock()
	var conns []io.Closer
	for c := range l.open {
		conns = append(conns, c.Conn)
	}
	l.mu.Unlock()
	var errs []error
	for _, c := range conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// withoutComments returns the lines of text that do not begin with '#'.
func withoutComments(text []byte) string {
	var b bytes.Buffer
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("#")) {
			b.Write(line)
		}
	}
	return b.String()
}
