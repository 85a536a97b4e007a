package postfix

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/mailsec-go/mailsec/restrict"
)

// A Client is what a server knows about a connection.
type Client struct {
	Addr netip.Addr
	Port uint16
	// Name and ReverseName are the verified and the claimed name of the
	// client; with KnownNames unset the driver looks both up.
	Name, ReverseName         string
	NameStatus, ReverseStatus restrict.NameStatus
	KnownNames                bool
	// Local is the address the client connected to; Socket is the address of
	// the peer when a proxy speaks for the client, else it is Addr.
	Local  netip.AddrPort
	Socket netip.Addr
	// Instance identifies the transaction in policy requests.
	Instance string
	// Extensions are the capability lines of the EHLO reply.
	Extensions []string
	// QueueID names a message when its first recipient is accepted; nil for
	// no name.
	QueueID func() string
	// Log receives what Postfix would log about refusals and actions; nil for
	// nothing.
	Log func(line string)
	// Trace, if set, records how each verdict came about.
	Trace *restrict.Trace
}

// A Reply is the answer to a command.
type Reply struct {
	Code     int
	Enhanced string   // enhanced status code such as "5.7.1", or ""
	Lines    []string // text, one element for each line; nil when Silent
	Close    bool     // close the connection after the reply
	Silent   bool     // close it without a reply
}

// OK reports whether the command was accepted.
func (r Reply) OK() bool { return r.Code >= 200 && r.Code < 400 }

// Append appends the reply as it goes over the wire, with line ends.
func (r Reply) Append(dst []byte) []byte {
	for i, line := range r.Lines {
		dst = strconv.AppendInt(dst, int64(r.Code), 10)
		if i+1 < len(r.Lines) {
			dst = append(dst, '-')
		} else {
			dst = append(dst, ' ')
		}
		if r.Enhanced != "" {
			dst = append(append(dst, r.Enhanced...), ' ')
		}
		dst = append(append(dst, line...), "\r\n"...)
	}
	return dst
}

// String returns the reply as one line.
func (r Reply) String() string {
	if r.Silent {
		return "connection closed"
	}
	s := strconv.Itoa(r.Code) + " "
	if r.Enhanced != "" {
		s += r.Enhanced + " "
	}
	return s + strings.Join(r.Lines, " / ")
}

// A Session drives the restrictions of one SMTP connection. Call a method for
// each command of the client and send what it answers. One goroutine at a time
// may use it.
type Session struct {
	p      *Policy
	c      Client
	facts  restrict.Session
	ev     restrict.Eval
	socket netip.Addr
	addr   string // the client's address as text
	// reversed is the address as DNS lists have it, once it was needed.
	reversed string
	// queryNames are names that DNS lists were asked for.
	queryNames []string
	words      []smtpWord // scratch memory
	where      string     // the running command, as logged
	sni        string

	connected   bool
	denied      *Reply // the refusal at connect
	closed      bool
	queued      bool
	firstRcpt   restrict.Address
	rcptChecked bool

	senderChecked bool
	logged        int // effects logged so far
	memo          [4]memoEntry
	memoNext      int
}

// memoEntry remembers one resolved address.
type memoEntry struct {
	text string
	ok   bool
	r    resolved
}

// NewSession makes the driver of one connection.
func (p *Policy) NewSession(c Client) *Session {
	s := &Session{p: p, c: c, socket: c.Socket}
	if !s.socket.IsValid() {
		s.socket = c.Addr
	}
	s.socket, c.Addr = s.socket.Unmap(), c.Addr.Unmap()
	s.addr = addrText(c.Addr)
	s.ev.State = s
	s.ev.Trace = c.Trace
	s.facts = restrict.Session{
		Has: restrict.HasClient, Client: c.Addr, ClientPort: c.Port,
		ClientName: orDefault(c.Name, "unknown"), ClientStatus: c.NameStatus,
		ReverseName: orDefault(c.ReverseName, "unknown"), ReverseStatus: c.ReverseStatus,
		Server: c.Local, Protocol: "SMTP", Instance: c.Instance,
	}
	s.facts.Display = s.facts.ClientName + "[" + s.addr + "]"
	return s
}

// Facts returns the facts of the session. The server may set what it learns
// by itself, such as the results of authentication checks, between commands.
func (s *Session) Facts() *restrict.Session { return &s.facts }

// Effects returns what the lists want done with the current message, besides
// their verdicts. They are forgotten when the transaction ends.
func (s *Session) Effects() []restrict.Effect { return s.ev.Effects() }

// SetAuth says that the client has logged in; user "" says that it has not.
func (s *Session) SetAuth(mech, user string) {
	s.facts.AuthMech, s.facts.AuthID = mech, user
	s.facts.Has &^= restrict.HasAuth
	if user != "" {
		s.facts.Has |= restrict.HasAuth
	}
}

// SetTLS says that the connection is encrypted. The server name is that of
// the TLS handshake.
func (s *Session) SetTLS(t restrict.TLS, serverName string) {
	s.facts.TLS, s.sni = t, serverName
	s.facts.Has |= restrict.HasTLS
}

// StartTLS forgets what the client said before the encryption began (RFC 3207,
// section 4.2).
func (s *Session) StartTLS(t restrict.TLS, serverName string) {
	s.SetTLS(t, serverName)
	s.resetHelo()
	s.SetAuth("", "")
}

// resolve resolves an address, remembering the last few.
func (s *Session) resolve(ctx context.Context, text string) *resolved {
	for i := range s.memo {
		if m := &s.memo[i]; m.ok && m.text == text {
			return &m.r
		}
	}
	m := &s.memo[s.memoNext]
	s.memoNext = (s.memoNext + 1) % len(s.memo)
	*m = memoEntry{text: text, r: s.p.resolve(ctx, text)}
	m.ok = m.r.err == nil
	return &m.r
}

// run evaluates a stage. ok is false when the request is refused.
func (s *Session) run(ctx context.Context, st restrict.Stage) (Reply, bool) {
	if s.ev.Trace != nil {
		s.ev.Trace.Reset()
	}
	v := s.p.rules.Run(ctx, st, &s.facts, &s.ev)
	s.logEffects()
	if v.Silent {
		s.closed = true
		return Reply{Silent: true, Close: true}, false
	}
	if !v.Kind.Refused() {
		return Reply{}, true
	}
	r := Reply{Code: int(v.Code), Enhanced: v.Enh.String(), Lines: []string{string(v.Text)}}
	s.logLine("reject", string(v.AppendReply(nil)))
	return r, false
}

// Connect answers the connection with a banner or a refusal.
func (s *Session) Connect(ctx context.Context) Reply {
	ctx = background(ctx)
	s.where = "CONNECT"
	if !s.c.KnownNames {
		s.peerNames(ctx)
	}
	s.connected = true
	if !s.p.delay {
		if r, ok := s.run(ctx, restrict.Connect); !ok {
			r = s.finish(r)
			s.denied = &r
			return r
		}
	}
	return s.finish(Reply{Code: 220, Lines: []string{s.p.hostname + " ESMTP"}})
}

// ready returns the refusal that every command of a refused client gets, or of
// one that has to encrypt first.
func (s *Session) ready() (Reply, bool) {
	switch {
	case s.closed:
		return Reply{Silent: true, Close: true}, false
	case s.denied == nil && s.p.enforceTLS && !s.facts.Knows(restrict.HasTLS) && !beforeTLS[s.where]:
		return s.finish(simple(530, "5.7.0", "Must issue a STARTTLS command first")), false
	case s.denied == nil:
		return Reply{}, true
	case s.denied.Code == 421 || s.denied.Code == 521:
		return *s.denied, false
	}
	return s.finish(simple(503, "5.7.0", "Error: access denied for "+s.facts.Display)), false
}

// beforeTLS are the commands that a client may send before STARTTLS even when
// encryption is required.
var beforeTLS = map[string]bool{"HELO": true, "EHLO": true, "NOOP": true, "QUIT": true, "STARTTLS": true}

// Helo answers HELO, or EHLO when extended is set.
func (s *Session) Helo(ctx context.Context, name string, extended bool) Reply {
	ctx, name = background(ctx), cut(name)
	s.where = "HELO"
	if extended {
		s.where = "EHLO"
	}
	if r, ok := s.ready(); !ok {
		return r
	}
	if name == "" {
		return s.finish(Reply{Code: 501, Lines: []string{"Syntax: " + s.where + " hostname"}})
	}
	if !s.p.delay {
		helo, has := s.facts.Helo, s.facts.Has
		s.facts.Helo, s.facts.Has = name, has|restrict.HasHelo
		r, ok := s.run(ctx, restrict.Helo)
		if !ok {
			s.facts.Helo, s.facts.Has = helo, has
			return s.finish(r)
		}
	}
	s.resetMail()
	s.facts.Helo, s.facts.Has = neuter(name), s.facts.Has|restrict.HasHelo
	s.facts.Protocol = "SMTP"
	lines := []string{s.p.hostname}
	if extended {
		s.facts.Protocol = "ESMTP"
		lines = append(lines, s.c.Extensions...)
	}
	return s.finish(Reply{Code: 250, Lines: lines})
}

// neuter makes a HELO argument safe to repeat.
func neuter(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c <= ' ' || c == 0x7f || strings.IndexByte("<>()\\\";@", c) >= 0 {
			b[i] = '?'
		}
	}
	return strings.ToValidUTF8(string(b), "?")
}

// Rset answers RSET.
func (s *Session) Rset() Reply {
	s.where = "RSET"
	if r, ok := s.ready(); !ok {
		return r
	}
	s.resetMail()
	return s.finish(simple(250, "2.0.0", "Ok"))
}

// Noop answers NOOP.
func (s *Session) Noop() Reply {
	s.where = "NOOP"
	if r, ok := s.ready(); !ok {
		return r
	}
	return s.finish(simple(250, "2.0.0", "Ok"))
}

// Quit answers QUIT.
func (s *Session) Quit() Reply {
	s.where, s.closed = "QUIT", true
	r := s.finish(simple(221, "2.0.0", "Bye"))
	r.Close = true
	return r
}

// resetMail ends the mail transaction.
func (s *Session) resetMail() {
	s.facts.Has &^= restrict.HasSender | restrict.HasRecipient | restrict.HasSPF | restrict.HasDKIM | restrict.HasDMARC
	s.facts.Sender, s.facts.Recipient, s.firstRcpt = restrict.Address{}, restrict.Address{}, restrict.Address{}
	s.facts.RcptCount, s.facts.Size, s.facts.QueueID, s.facts.AuthSender = 0, 0, "", ""
	s.facts.SPF, s.facts.SPFHelo, s.facts.DKIM, s.facts.DMARC, s.facts.DMARCPolicy = "", "", nil, "", ""
	s.queued = false
	s.ev.ResetMessage()
	s.ev.Forget(restrict.Mail)
	s.logged = len(s.ev.Effects())
}

// resetHelo forgets HELO.
func (s *Session) resetHelo() {
	s.resetMail()
	s.facts.Helo, s.facts.Has = "", s.facts.Has&^restrict.HasHelo
	s.ev.Forget(restrict.Helo)
}

// Data answers the DATA command: 354 when the message may follow.
func (s *Session) Data(ctx context.Context) Reply {
	ctx = background(ctx)
	s.where = "DATA"
	if r, ok := s.ready(); !ok {
		return r
	}
	if s.facts.RcptCount == 0 {
		if !s.facts.Knows(restrict.HasSender) {
			return s.finish(simple(503, "5.5.1", "Error: need RCPT command"))
		}
		return s.finish(simple(554, "5.5.1", "Error: no valid recipients"))
	}
	s.onlyRecipient()
	if r, ok := s.run(ctx, restrict.Data); !ok {
		s.noRecipient()
		return s.finish(r)
	}
	s.noRecipient()
	return s.finish(Reply{Code: 354, Lines: []string{"End data with <CR><LF>.<CR><LF>"}})
}

// onlyRecipient makes the recipient of the message known if it is the only one.
func (s *Session) onlyRecipient() {
	s.noRecipient()
	if s.facts.RcptCount == 1 {
		s.facts.Recipient, s.facts.Has = s.firstRcpt, s.facts.Has|restrict.HasRecipient
	}
}

func (s *Session) noRecipient() {
	s.facts.Recipient, s.facts.Has = restrict.Address{}, s.facts.Has&^restrict.HasRecipient
}

// EndOfData answers the end of the message, of the given size in octets. When
// it is accepted the transaction is over, with what Effects returned; when the
// restrictions refuse it the transaction goes on, as in Postfix.
func (s *Session) EndOfData(ctx context.Context, size int64) Reply {
	r, ok := s.CheckMessage(ctx, size)
	if !ok {
		return r
	}
	id := s.facts.QueueID
	s.resetMail()
	text := "Ok"
	if id != "" {
		text += ": queued as " + id
	}
	return s.finish(simple(250, "2.0.0", text))
}

// CheckMessage runs the restrictions for the end of the message without ending
// the transaction, for servers that deliver the message before they answer. ok
// is false when the message is refused with the reply.
func (s *Session) CheckMessage(ctx context.Context, size int64) (r Reply, ok bool) {
	ctx = background(ctx)
	s.where = "END-OF-MESSAGE"
	if r, ok := s.ready(); !ok {
		return r, false
	}
	if s.p.sizeLimit > 0 && size > s.p.sizeLimit {
		s.resetMail()
		return s.finish(simple(552, "5.3.4", "Error: message file too big")), false
	}
	s.facts.Size = size
	s.onlyRecipient()
	r, ok = s.run(ctx, restrict.Message)
	s.noRecipient()
	if !ok {
		return s.finish(r), false
	}
	return Reply{}, true
}

// Vrfy answers VRFY.
func (s *Session) Vrfy(ctx context.Context, arg string) Reply {
	ctx, arg = background(ctx), cut(arg)
	s.where = "VRFY"
	if r, ok := s.ready(); !ok {
		return r
	}
	switch {
	case s.p.vrfyOff:
		return s.finish(simple(502, "5.5.1", "VRFY command is disabled"))
	case strings.TrimSpace(arg) == "":
		text := "Syntax: VRFY address"
		if s.p.utf8 {
			text += " [SMTPUTF8]"
		}
		return s.finish(simple(501, "5.5.4", text))
	}
	addr, ok := s.extract(ctx, arg, false, false)
	if !ok {
		return s.finish(simple(501, "5.1.3", "Bad recipient address syntax"))
	}
	if r, ok := s.recipient(ctx, restrict.Vrfy, addr); !ok {
		return s.finish(r)
	}
	return s.finish(simple(252, "2.0.0", arg))
}

func (s *Session) needHelo() bool { return s.p.heloRequired && !s.facts.Knows(restrict.HasHelo) }

// Etrn answers ETRN.
func (s *Session) Etrn(ctx context.Context, arg string) Reply {
	ctx, arg = background(ctx), cut(arg)
	s.where = "ETRN"
	if r, ok := s.ready(); !ok {
		return r
	}
	switch {
	case s.needHelo():
		return s.finish(Reply{Code: 503, Lines: []string{"Error: send HELO/EHLO first"}})
	case s.facts.Knows(restrict.HasSender):
		return s.finish(Reply{Code: 503, Lines: []string{"Error: MAIL transaction in progress"}})
	case arg == "" || strings.ContainsAny(arg, " \t"):
		return s.finish(Reply{Code: 500, Lines: []string{"Syntax: ETRN domain"}})
	}
	domain := strings.TrimPrefix(arg, "@")
	if domain == arg {
		domain = strings.TrimPrefix(arg, "#")
	}
	if _, literal := mailLiteral(domain); !literal && !validHostname(domain) {
		return s.finish(Reply{Code: 501, Lines: []string{"Error: invalid parameter syntax"}})
	}
	s.facts.Etrn, s.facts.Has = domain, s.facts.Has|restrict.HasEtrn
	r, ok := s.run(ctx, restrict.Etrn)
	s.facts.Etrn, s.facts.Has = "", s.facts.Has&^restrict.HasEtrn
	if !ok {
		return s.finish(r)
	}
	ours, err := s.p.etrnDomains.name(ctx, domain, true)
	switch {
	case err != nil:
		return s.finish(Reply{Code: 458, Lines: []string{"Unable to queue messages"}})
	case !ours:
		return s.finish(Reply{Code: 459, Lines: []string{"<" + domain + ">: service unavailable"}})
	}
	return s.finish(Reply{Code: 250, Lines: []string{"Queuing started"}})
}

// maxLine is the length to which command lines are cut, that of Postfix's
// line_length_limit. It bounds the time an argument takes.
const maxLine = 2048

func cut(line string) string { return line[:min(len(line), maxLine)] }

// background is ctx, or a context that does not end for callers without one.
func background(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// simple makes a reply of one line.
func simple(code int, enhanced, text string) Reply {
	return Reply{Code: code, Enhanced: enhanced, Lines: []string{text}}
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return "unknown"
	}
	return a.String()
}

func itoa(n int) string { return strconv.Itoa(n) }
