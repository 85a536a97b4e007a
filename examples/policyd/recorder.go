package main

import (
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/mailsec-go/mailsec/examples/internal/record"
	"github.com/mailsec-go/mailsec/restrict/policyd"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// A recorder makes recordings of what policy requests tell about sessions.
//
// The requests about one message have the same attribute "instance"; each gets
// a recording, with the recipients that the service was asked about. What the
// client was told in the end the requests don't say, nor what happened before
// or beside them: a recipient that was refused earlier in the list is missing,
// and so is a name of the client that was not found for now only. The replies
// have to come from running the current configuration too.
//
// It is safe for concurrent use; a nil *recorder does nothing.
type recorder struct {
	file *record.File
	log  *slog.Logger
	idle time.Duration // after which a message is taken to be over

	mu   sync.Mutex
	open map[string]*message // by instance
}

// A message is a recording that may go on.
type message struct {
	*record.Session
	timer *time.Timer

	helo, sender, login string // what the recording has so far
	tls, mail, data     bool
	recipients          map[string]bool
}

const (
	// idleTime is how long Postfix waits for a command (smtpd_timeout).
	idleTime = 300 * time.Second
	// maxOpen bounds the messages under way.
	maxOpen = 10_000
)

func newRecorder(file *record.File, log *slog.Logger) *recorder {
	return &recorder{file: file, log: log, idle: idleTime, open: make(map[string]*message)}
}

// add records what is new in a request.
func (rec *recorder) add(r *policyd.Request) {
	if rec == nil {
		return
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	instance := r.Get("instance")
	m := rec.open[instance]
	if m == nil {
		addr, err := netip.ParseAddr(r.Get("client_address"))
		if err != nil || len(rec.open) >= maxOpen {
			return
		}
		m = &message{Session: rec.file.Begin(instance, client(addr, r), postfix.Reply{}), recipients: make(map[string]bool)}
		m.timer = time.AfterFunc(rec.idle, func() { rec.end(instance, m) })
		rec.open[instance] = m
	}
	m.timer.Reset(rec.idle)
	m.add(r)
	if r.Get("protocol_state") == "END-OF-MESSAGE" || instance == "" {
		rec.finish(instance, m)
	}
}

// end ends a message that is still open.
func (rec *recorder) end(instance string, m *message) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.open[instance] == m {
		rec.finish(instance, m)
	}
}

// endAll ends all messages.
func (rec *recorder) endAll() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	for instance, m := range rec.open {
		rec.finish(instance, m)
	}
}

// finish writes a recording. rec.mu is held.
func (rec *recorder) finish(instance string, m *message) {
	m.timer.Stop()
	delete(rec.open, instance)
	if err := m.End(); err != nil {
		rec.log.Error("recording", "err", err)
	}
}

// client is what a request says about the client.
func client(addr netip.Addr, r *policyd.Request) postfix.RecordedClient {
	c := postfix.RecordedClient{Addr: addr, Port: uint16(number(r, "client_port")), Names: true,
		Name: known(r.Get("client_name")), ReverseName: known(r.Get("reverse_client_name"))}
	if c.Name == "" && c.ReverseName != "" {
		c.NameStatus = "forged" // the name is claimed, and not confirmed
	}
	if local, err := netip.ParseAddr(r.Get("server_address")); err == nil {
		c.Local = netip.AddrPortFrom(local, uint16(number(r, "server_port")))
	}
	return c
}

func known(name string) string {
	if name == "unknown" {
		return ""
	}
	return name
}

// number returns the value of an attribute, 0 if it is none.
func number(r *policyd.Request, name string) int64 {
	n, err := strconv.ParseInt(r.Get(name), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}
