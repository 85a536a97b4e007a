package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/mailsec-go/mailsec/dkim"
	"github.com/mailsec-go/mailsec/examples/internal/record"
	"github.com/mailsec-go/mailsec/rbl"
	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// A session is one client. Its methods are called by go-smtp for the commands of
// the client; an *smtp.SMTPError that they return is the reply, word for word.
// What the lists say is in lists.go, what happens to a message in message.go.
type session struct {
	server *server
	port   *portServer
	smtp   *smtp.Conn
	conn   *conn
	lists  *postfix.Session
	trace  restrict.Trace // how the lists came to their last verdict

	recording *record.Session // nil without -record

	client    netip.AddrPort
	helo      string
	encrypted bool
	login     string
	logins    int // failed ones

	// A client that sends its message with BDAT may send other commands before
	// the last chunk, while Data runs in a goroutine of go-smtp. mu is held by
	// Data and by Reset, which is called when a message is given up.
	mu        sync.Mutex
	inMessage atomic.Bool

	inMail     bool // a MAIL command was taken
	sender     string
	recipients []string
	rule       string // that let the last recipient pass
	rbl        string // what the lists of the file dnslists say, "" before they were asked
}

// newSession is called for the first HELO or EHLO, and again for the first one
// after STARTTLS.
func newSession(s *server, p *portServer, c *smtp.Conn) (smtp.Session, error) {
	n := &session{server: s, port: p, smtp: c, client: addrPort(c.Conn().RemoteAddr())}
	_, n.encrypted = c.TLSConnectionState()
	n.conn = unwrap(c.Conn())
	if !n.client.IsValid() {
		// A proxy passed something on that is no TCP connection: there is no
		// address to judge.
		n.conn.closeAfterReply()
		return nil, n.report(&decision{Rule: "PROXY", Why: "no client address"}, errNoAddress)
	}
	ctx, cancel := n.context()
	defer cancel()
	err := n.connect(ctx)
	if err == nil {
		err = n.hello(ctx)
	}
	if err != nil {
		n.endRecording()
		return nil, err
	}
	return n, nil
}

var errNoAddress = &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "No client address"}

// unwrap returns the connection of the listener below TLS.
func unwrap(c net.Conn) *conn {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	return c.(*conn)
}

// context returns the context for the checks of one command.
func (s *session) context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), s.server.limits.checkTimeout)
}

// decision begins the report about a command.
func (s *session) decision() *decision {
	return &decision{
		Client: s.client.Addr(), Helo: s.helo, Login: s.login, Encrypted: s.encrypted,
		Sender: s.sender, RBL: s.rbl, Rule: s.rule,
	}
}

// report completes a decision with the reply, logs it and passes the reply on.
func (s *session) report(d *decision, reply error) error {
	if s.conn.countRefusal(reply) {
		d.Why, reply = fmt.Sprintf("%s, after %d refusals", d.Why, maxRefused), errManyErrors
	}
	d.Reply = replyText(reply)
	s.server.log.Info("decided", "port", s.port.name, "decision", d)
	if s.server.decided != nil {
		s.server.decided(d)
	}
	return reply
}

// maxRefused is how many commands of a session may be refused, as in Postfix
// (smtpd_hard_error_limit). Who guesses addresses has to connect again.
const maxRefused = 20

var errManyErrors = &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "Error: too many errors"}

// Mail is MAIL FROM.
func (s *session) Mail(from string, opts *smtp.MailOptions) error {
	ctx, cancel := s.context()
	defer cancel()
	// A client may say hello again, in other words.
	if s.smtp.Hostname() != s.helo {
		if err := s.hello(ctx); err != nil {
			return err
		}
	}
	d := s.decision()
	if s.mustEncrypt() {
		return s.report(needTLS(d), errNeedTLS)
	}
	d.Sender = from
	if err := s.mail(ctx, from, opts, d); err != nil {
		return err
	}
	s.inMail, s.sender = true, from
	return nil
}

// Rcpt is RCPT TO.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.inMessage.Load() {
		return errSequence
	}
	ctx, cancel := s.context()
	defer cancel()
	s.askLists(ctx)
	d := s.decision()
	d.Recipient = to
	if err := s.rcpt(ctx, to, d); err != nil {
		return err
	}
	// The lists decide who gets mail here. That nothing leaves this server is no
	// matter of lists: whatever they say, it has no way to send.
	if !s.isLocal(to) {
		d.Rule, d.Why = "no relaying", "the recipient's domain is not one of ours"
		return s.report(d, errRelay)
	}
	s.recipients = append(s.recipients, to)
	s.rule = d.Rule
	return nil
}

var errRelay = &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1},
	Message: "Relay access denied: this server only stores mail"}

// Data is DATA with all that follows up to the final dot.
func (s *session) Data(r io.Reader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.recipients) == 0 { // given up before it began
		return errTryAgain
	}
	s.inMessage.Store(true)
	defer s.inMessage.Store(false)
	done := s.conn.message(time.Now().Add(s.server.limits.messageTimeout))
	defer done()
	ctx, cancel := context.WithTimeout(context.Background(), s.server.limits.messageTimeout+s.server.limits.checkTimeout)
	defer cancel()
	d := s.decision()
	d.Recipient = s.recipients[len(s.recipients)-1]
	if err := s.data(ctx, d); err != nil {
		return err
	}
	err := s.receive(ctx, r, d)
	var reply *smtp.SMTPError
	switch {
	case err == nil:
		return s.report(d, &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: "Ok: stored as " + d.QueueID})
	case errors.Is(err, dkim.ErrHeaderTooLarge):
		d.Rule, d.Why = "header size", err.Error()
		return s.report(d, errLongHeader)
	case errors.Is(err, smtp.ErrDataTooLarge):
		d.Rule, d.Why = "message size", fmt.Sprintf("more than %d octets", s.server.limits.messageBytes)
		return s.report(d, smtp.ErrDataTooLarge)
	case errors.As(err, &reply):
		return s.report(d, reply)
	case errors.Is(err, smtp.ErrTooLongLine):
		d.Rule, d.Why = "line length", err.Error()
		return s.report(d, errLongLine)
	}
	// Nobody's fault but ours, or the connection broke: the client may try
	// again. What went wrong is for the log only.
	d.Rule, d.Why = "error", err.Error()
	return s.report(d, errTryAgain)
}

var (
	errTryAgain   = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Try again later"}
	errLongHeader = &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: "Message header too large"}
	errLongLine   = &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "Line too long"}
)

// Reset forgets the sender and the recipients.
func (s *session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inMail, s.sender, s.recipients, s.rule = false, "", nil, ""
	s.recording.Command("RSET", s.lists.Rset())
}

// Logout ends the session.
func (s *session) Logout() error {
	s.endRecording()
	return nil
}

// maxLogins is how many wrong passwords a client may try.
const maxLogins = 3

var (
	errSequence   = &smtp.SMTPError{Code: 503, EnhancedCode: smtp.EnhancedCode{5, 5, 1}, Message: "Error: message transfer in progress"}
	errInMail     = &smtp.SMTPError{Code: 503, EnhancedCode: smtp.EnhancedCode{5, 5, 1}, Message: "Error: MAIL transaction in progress"}
	errNeedTLS    = &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Must issue a STARTTLS command first"}
	errNoLogin    = &smtp.SMTPError{Code: 503, EnhancedCode: smtp.EnhancedCode{5, 5, 1}, Message: "Error: authentication not enabled"}
	errMechanism  = &smtp.SMTPError{Code: 504, EnhancedCode: smtp.EnhancedCode{5, 5, 4}, Message: "Unrecognized authentication mechanism"}
	errWrongLogin = &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "Error: authentication failed"}
	errManyLogins = &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "Error: too many failed logins"}
)

// AuthMechanisms returns what EHLO offers: nothing where a password would go
// over the wire in clear.
func (s *session) AuthMechanisms() []string {
	if !s.mayLogin() || s.needsTLSForLogin() {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth is AUTH. Within a transaction there is none (RFC 4954, section 4): the
// lists have already judged the sender, as one without a login.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if s.inMail {
		return nil, errInMail
	}
	d := s.decision()
	switch {
	case s.needsTLSForLogin():
		return nil, s.report(needTLS(d), errNeedTLS)
	case !s.mayLogin():
		d.Rule = "smtpd_sasl_auth_enable"
		return nil, s.report(d, errNoLogin)
	case mechanism != sasl.Plain:
		return nil, errMechanism
	}
	return sasl.NewPlainServer(s.plain), nil
}

// plain checks a name and password.
func (s *session) plain(identity, name, password string) error {
	d := s.decision()
	d.Login, d.Rule = name, "password"
	if (identity == "" || identity == name) && s.server.users.check(name, password) {
		s.login = name
		s.lists.SetAuth(sasl.Plain, name)
		s.recording.Add(postfix.RecordedStep{Login: &postfix.RecordedLogin{Mech: sasl.Plain, User: name}})
		return nil
	}
	if s.logins++; s.logins >= maxLogins {
		s.conn.closeAfterReply()
		return s.report(d, errManyLogins)
	}
	return s.report(d, errWrongLogin)
}

// askLists asks the lists of the file dnslists about the client, once.
func (s *session) askLists(ctx context.Context) {
	if s.server.dnslists == nil || s.rbl != "" || s.login != "" {
		return
	}
	s.rbl = rbl.Defer.String()
	if v, err := s.server.dnslists.Query(ctx, rbl.IP(s.client.Addr())); err == nil {
		s.rbl = v.Decision.String()
	}
}

// isLocal reports whether an address is in one of our domains. One without a
// domain is.
func (s *session) isLocal(address string) bool {
	_, domain, _ := cutLast(strings.ToLower(address), "@")
	return domain == "" || slices.Contains(s.server.domains, domain)
}

// cutLast is strings.Cut around the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
