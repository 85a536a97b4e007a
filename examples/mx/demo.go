package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mailsec-go/mailsec/resolver"
	"github.com/mailsec-go/mailsec/resolver/resolvertest"
)

// demoZone is what the DNS server of the demonstration answers from.
//
//go:embed demo/zone.db
var demoZone string

// demoPassword is that of every user of the demonstration.
const demoPassword = "correct horse battery staple"

// A world is what the scenes play in: a DNS server, the senders' keys, and the
// server under test.
type world struct {
	zone   []string
	dns    *resolvertest.Server
	port   *resolvertest.Listener
	keys   keyring
	server *server
	dir    string

	overUDP, overTCP atomic.Int64 // DNS queries

	mu        sync.Mutex
	decisions []*decision
}

// newWorld starts everything. Nothing of it reaches beyond the loopback
// interface.
func newWorld() (w *world, err error) {
	w = &world{zone: []string{demoZone}, keys: keyring{}}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	for _, k := range keys {
		line, err := w.keys.add(k.domain, k.selector, k.alg)
		if err != nil {
			return nil, err
		}
		w.zone = append(w.zone, line)
	}
	if w.dns, err = resolvertest.New(w.zone...); err != nil {
		return nil, err
	}
	w.dns.SetFault("broken.example.", "TXT", resolvertest.ServFail)
	if w.port, err = w.dns.Listen("127.0.0.1:0"); err != nil {
		return nil, err
	}
	if w.dir, err = os.MkdirTemp("", "mx-demo-"); err != nil {
		return nil, err
	}
	r, err := resolver.New(resolver.Config{
		Servers:   []netip.AddrPort{w.port.Addr()},
		MaxNegTTL: -1, // the scenes change the zone
		OnEvent:   w.count,
	})
	if err != nil {
		return nil, err
	}
	config, err := openConfig("")
	if err != nil {
		return nil, err
	}
	w.server, err = newServer(options{
		listen:     "127.0.0.1:0",
		submission: "127.0.0.1:0",
		proxies:    []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		config:     config,
		maildir:    w.dir,
		resolver:   r,
		limits:     defaultLimits,
		log:        slog.New(slog.DiscardHandler),
		decided:    w.remember,
	})
	if err != nil {
		return nil, err
	}
	return w, w.addUser("bob")
}

func (w *world) close() {
	if w.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		w.server.stop(ctx)
		w.server.resolver.Close()
	}
	if w.port != nil {
		w.port.Close()
	}
	if w.dir != "" {
		os.RemoveAll(w.dir)
	}
}

// addUser lets somebody log in. The embedded file of users has nobody in it.
func (w *world) addUser(name string) error {
	h, err := hashPassword(demoPassword, 1000)
	w.server.users[name] = h
	return err
}

// publish adds a record to the zone.
func (w *world) publish(line string) error {
	w.zone = append(w.zone, line)
	return w.dns.SetZone(w.zone...)
}

func (w *world) count(e resolver.Event) {
	switch {
	case e.Cached:
	case e.TCP:
		w.overTCP.Add(1)
	default:
		w.overUDP.Add(1)
	}
}

func (w *world) remember(d *decision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.decisions = append(w.decisions, d)
}

// forget returns the last decision and empties the memory.
func (w *world) forget() *decision {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := &decision{}
	if n := len(w.decisions); n > 0 {
		last = w.decisions[n-1]
	}
	w.decisions = nil
	return last
}

// runDemo plays scenes and prints what came of them. The error says which
// did not come out as they should.
func runDemo(ctx context.Context, scenes []scene, out io.Writer, verbose bool) error {
	w, err := newWorld()
	if err != nil {
		return err
	}
	defer w.close()
	fmt.Fprintf(out, "SMTP on %s, submission on %s, DNS on %s (UDP and TCP)\n\n",
		w.server.address(smtpPort), w.server.address(submissionPort), w.port.Addr())
	printHead(out)
	var wrong []error
	for i, s := range scenes {
		if err := ctx.Err(); err != nil {
			return err
		}
		got, said, err := w.play(s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if verbose {
			fmt.Fprintf(out, "%s\n\n", indent(said))
		}
		printScene(out, i+1, s, got)
		if err := s.check(got); err != nil {
			fmt.Fprintf(out, "      UNEXPECTED: %v\n", err)
			wrong = append(wrong, err)
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "%d sessions, %d DNS queries over UDP, %d over TCP\n",
		len(scenes), w.overUDP.Load(), w.overTCP.Load())
	return errors.Join(wrong...)
}

// play plays one scene.
func (w *world) play(s scene) (got *decision, said []string, err error) {
	if s.before != nil {
		if err := s.before(w); err != nil {
			return nil, nil, err
		}
	}
	w.forget()
	c, greeting, err := dial(w.server.address(s.port), netip.MustParseAddr(s.client))
	if err != nil {
		return nil, nil, err
	}
	defer c.close()
	last, err := greeting, error(nil)
	if !greeting.refused() {
		last, err = w.talk(c, s)
	}
	if err != nil {
		return nil, c.said, err
	}
	got = w.forget()
	if got.Reply != last.String() {
		err = fmt.Errorf("the client got %q, the server reports %q", last, got.Reply)
	}
	c.command("QUIT")
	return got, c.said, err
}

// talk goes through the session until the server refuses something or has taken
// the message. It returns the reply that decided.
func (w *world) talk(c *client, s scene) (last reply, err error) {
	do := func(r reply, e error) bool {
		last, err = r, e
		return err == nil && !r.refused()
	}
	if !do(c.command("EHLO %s", s.helo)) {
		return last, err
	}
	if s.tls && !(do(c.startTLS()) && do(c.command("EHLO %s", s.helo))) {
		return last, err
	}
	if s.login != "" && !do(c.login(s.login, demoPassword)) {
		return last, err
	}
	if !do(c.command("MAIL FROM:<%s>", s.from)) || !do(c.command("RCPT TO:<%s>", s.to)) || !do(c.command("DATA")) {
		return last, err
	}
	message, err := s.mail.compose(w.keys, time.Now())
	if err != nil {
		return last, err
	}
	do(c.send(message))
	return last, err
}

// check compares what came of a scene with what must come of it.
func (s scene) check(got *decision) error {
	var errs []error
	differs := func(what, got, want string, ok bool) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s is %q, want %q", s.name, what, got, want))
		}
	}
	w := s.want
	differs("reply", got.Reply, w.reply, strings.HasPrefix(got.Reply, w.reply))
	differs("rule", got.Rule, w.rule, strings.Contains(got.Rule, w.rule))
	differs("SPF", got.SPF, w.spf, got.SPF == w.spf)
	differs("DKIM", got.DKIM, w.dkim, got.DKIM == w.dkim)
	differs("DMARC", got.DMARC, w.dmarc, got.DMARC == w.dmarc)
	differs("RBL", got.RBL, w.rbl, w.rbl == "" || got.RBL == w.rbl)
	if taken := strings.HasPrefix(got.Reply, "250"); taken != (got.Field != "") {
		errs = append(errs, fmt.Errorf("%s: reply %q with Authentication-Results %q", s.name, got.Reply, got.Field))
	}
	return errors.Join(errs...)
}
