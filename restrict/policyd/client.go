package policyd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/mailsec-go/mailsec/restrict"
)

// Limits of the protocol, and the defaults of Postfix's
// smtpd_policy_service_* parameters.
const (
	MaxReply   = 8 << 10
	MaxRequest = 64 << 10
	MaxAttrs   = 200

	DefaultTimeout    = 100 * time.Second
	DefaultTries      = 2
	DefaultRetryDelay = time.Second
	DefaultMaxIdle    = 300 * time.Second
	DefaultMaxTTL     = 1000 * time.Second
	DefaultKeep       = 16
)

// Kinds of [Error], for [errors.Is].
var (
	ErrDial     = errors.New("cannot connect to the policy server")
	ErrIO       = errors.New("the policy server broke off")
	ErrProtocol = errors.New("the policy server does not speak the protocol")
)

// An Error says why a policy server gave no action.
type Error struct {
	Server string // network and address
	Kind   error  // one of the sentinels
	Err    error  // the cause, may be nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("policyd: %s: %v", e.Server, e.Kind)
	}
	return fmt.Sprintf("policyd: %s: %v: %v", e.Server, e.Kind, e.Err)
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// A Client asks one policy server. Network and Address are required; the
// fields must not be changed after the first use. It is safe for concurrent
// use.
type Client struct {
	Network string // "tcp" or "unix"
	Address string // "host:port" or a path

	// Timeout bounds one try, connecting included. 0 is [DefaultTimeout].
	Timeout time.Duration
	// Tries is how often a request is tried. 0 is [DefaultTries].
	Tries int
	// RetryDelay is the time between two tries. 0 is [DefaultRetryDelay],
	// negative is none.
	RetryDelay time.Duration
	// RequestLimit is the number of requests after which a connection is
	// closed. 0 is no limit.
	RequestLimit int
	// MaxIdle and MaxTTL are how long a connection may be idle, and how old it
	// may get. 0 is the default, negative keeps no connection.
	MaxIdle, MaxTTL time.Duration
	// Keep is the number of idle connections kept. 0 is [DefaultKeep].
	Keep int
	// Dial connects to the server; nil is a [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Now is the clock for MaxIdle and MaxTTL; nil is [time.Now].
	Now func() time.Time

	mu   sync.Mutex
	idle []*conn // the last one was used last
}

// conn is a connection between two requests.
type conn struct {
	net.Conn
	r       *bufio.Reader
	born    time.Time
	used    time.Time
	queries int
}

// Query sends a request and returns the action of the answer, without the
// white space around it. The error is an [*Error], or that of ctx.
func (c *Client) Query(ctx context.Context, attrs []restrict.Attr) (action string, err error) {
	request := AppendRequest(nil, attrs)
	tries := or(c.Tries, DefaultTries)
	for try := 1; ; try++ {
		if action, err = c.try(ctx, request); err == nil {
			return action, nil
		}
		if err := ended(ctx); err != nil {
			return "", err
		}
		if try >= tries {
			return "", err
		}
		if err := wait(ctx, or(c.RetryDelay, DefaultRetryDelay)); err != nil {
			return "", err
		}
	}
}

// ended is ctx.Err, without waiting for the timer of ctx: a connection may
// notice the same deadline first.
func ended(ctx context.Context) error {
	if d, ok := ctx.Deadline(); ok && !time.Now().Before(d) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// or returns v, or def when v is 0.
func or[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// try sends the request once; twice when the first connection had been idle
// and the server closed it meanwhile.
func (c *Client) try(ctx context.Context, request []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, or(c.Timeout, DefaultTimeout))
	defer cancel()
	if cn := c.take(); cn != nil {
		action, stale, err := c.exchange(ctx, cn, request)
		if !stale {
			return action, err
		}
	}
	cn, err := c.dial(ctx)
	if err != nil {
		return "", c.error(ErrDial, err)
	}
	action, _, err := c.exchange(ctx, cn, request)
	return action, err
}

func (c *Client) dial(ctx context.Context) (*conn, error) {
	dial := c.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	nc, err := dial(ctx, c.Network, c.Address)
	if err != nil {
		return nil, err
	}
	now := c.now()
	return &conn{Conn: nc, r: bufio.NewReaderSize(nc, 512), born: now, used: now}, nil
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

func (c *Client) error(kind, err error) error {
	return &Error{Server: c.Network + ":" + c.Address, Kind: kind, Err: err}
}

// exchange sends the request and reads the answer. stale says that nothing
// came back and the connection was not fresh. The connection is kept or closed.
func (c *Client) exchange(ctx context.Context, cn *conn, request []byte) (action string, stale bool, err error) {
	fresh := cn.queries == 0
	deadline, _ := ctx.Deadline()
	cn.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { cn.SetDeadline(time.Unix(1, 0)) })
	_, err = cn.Write(request)
	var answered bool
	if err == nil {
		action, answered, err = readReply(cn.r)
	}
	inTime := stop()
	switch {
	case errors.Is(err, ErrProtocol):
		cn.Close()
		return "", false, c.error(ErrProtocol, nil)
	case err != nil:
		cn.Close()
		return "", !fresh && !answered && ended(ctx) == nil, c.error(ErrIO, err)
	}
	cn.queries++
	if inTime {
		c.give(cn)
	} else {
		cn.Close()
	}
	return action, false, nil
}

// readReply reads "action=..." and an empty line. answered says that something
// came back.
func readReply(r *bufio.Reader) (action string, answered bool, err error) {
	left := MaxReply
	line, err := readLine(r, &left)
	if err != nil {
		return "", left < MaxReply, err
	}
	action, ok := strings.CutPrefix(line, "action=")
	if !ok {
		return "", true, ErrProtocol
	}
	if line, err = readLine(r, &left); err == nil && line != "" {
		err = ErrProtocol
	}
	return strings.TrimSpace(action), true, err
}

// readLine reads one line without its end, taking its length off *left.
func readLine(r *bufio.Reader, left *int) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if *left -= len(part); *left < 0 {
			return "", ErrProtocol
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return "", err
		}
		return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
	}
}

// take returns an idle connection, nil when there is none that is young
// enough.
func (c *Client) take() *conn {
	now := c.now()
	idle, ttl := or(c.MaxIdle, DefaultMaxIdle), or(c.MaxTTL, DefaultMaxTTL)
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := len(c.idle); n > 0; n = len(c.idle) {
		cn := c.idle[n-1]
		c.idle = c.idle[:n-1]
		if now.Sub(cn.used) < idle && now.Sub(cn.born) < ttl && cn.r.Buffered() == 0 {
			return cn
		}
		cn.Close()
	}
	return nil
}

// give keeps a connection for the next request, or closes it.
func (c *Client) give(cn *conn) {
	cn.used = c.now()
	cn.SetDeadline(time.Time{})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.MaxIdle < 0 || c.MaxTTL < 0 || len(c.idle) >= or(c.Keep, DefaultKeep) || c.RequestLimit > 0 && cn.queries >= c.RequestLimit {
		cn.Close()
		return
	}
	c.idle = append(c.idle, cn)
}

// Close closes the idle connections. The Client may be used again.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cn := range c.idle {
		cn.Close()
	}
	c.idle = nil
	return nil
}

// AppendRequest appends a request to dst. Control characters, and '=' in
// names, become '?'.
func AppendRequest(dst []byte, attrs []restrict.Attr) []byte {
	for _, a := range attrs {
		dst = appendSafe(dst, a.Name, '=')
		dst = append(dst, '=')
		dst = appendSafe(dst, a.Value, '\n')
		dst = append(dst, '\n')
	}
	return append(dst, '\n')
}

func appendSafe(dst []byte, s string, bad byte) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' && c != '\t' || c == 0x7f || c == bad {
			c = '?'
		}
		dst = append(dst, c)
	}
	return dst
}
