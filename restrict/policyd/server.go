package policyd

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/mailsec-go/mailsec/restrict"
)

// A Request is what a mail server asks.
type Request struct {
	Attrs []restrict.Attr // in the order they came
}

// Get returns the value of the first attribute with this name, "" when there
// is none.
func (r *Request) Get(name string) string {
	for _, a := range r.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// A Handler answers requests. It must be safe for concurrent use.
type Handler interface {
	// ServePolicy returns an access(5) action, such as "DUNNO" or
	// "REJECT go away". Line ends in it are sent as blanks; an empty action is
	// sent as DUNNO.
	ServePolicy(ctx context.Context, r *Request) (action string)
}

// HandlerFunc is a function that is a [Handler].
type HandlerFunc func(ctx context.Context, r *Request) (action string)

// ServePolicy calls f.
func (f HandlerFunc) ServePolicy(ctx context.Context, r *Request) string { return f(ctx, r) }

// IdleTimeout is how long Serve waits for the next request on a connection.
// It is longer than Postfix keeps an idle connection.
const IdleTimeout = 2 * DefaultMaxTTL

// Serve answers the requests that come in on l until ctx ends, then closes l
// and every connection, waits for the handlers and returns nil. An error of l
// ends it earlier and is returned.
func Serve(ctx context.Context, l net.Listener, h Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel() // before waiting
	for {
		nc, err := l.Accept()
		if err != nil {
			var ne net.Error
			switch {
			case ctx.Err() != nil:
				return nil
			case errors.As(err, &ne) && ne.Timeout():
				continue
			}
			l.Close()
			return err
		}
		wg.Go(func() {
			defer nc.Close()
			stop := context.AfterFunc(ctx, func() { nc.Close() })
			defer stop()
			serveConn(ctx, nc, h)
		})
	}
}

// serveConn answers the requests of one connection.
func serveConn(ctx context.Context, nc net.Conn, h Handler) {
	r := bufio.NewReaderSize(nc, 4096)
	for {
		nc.SetDeadline(time.Now().Add(IdleTimeout))
		req, err := ReadRequest(r)
		if err != nil {
			return
		}
		action := strings.Join(strings.FieldsFunc(h.ServePolicy(ctx, req), func(c rune) bool { return c == '\n' || c == '\r' || c == 0 }), " ")
		if strings.TrimSpace(action) == "" {
			action = "DUNNO"
		}
		if len(action) > MaxReply-16 {
			action = action[:MaxReply-16]
		}
		if _, err := io.WriteString(nc, "action="+action+"\n\n"); err != nil {
			return
		}
	}
}

// ReadRequest reads one request. It returns io.EOF when there is none, and an
// error that is [ErrProtocol] for text that is no request or exceeds the
// limits.
func ReadRequest(r *bufio.Reader) (*Request, error) {
	req := &Request{}
	left := MaxRequest
	for {
		line, err := readLine(r, &left)
		switch {
		case err == io.EOF && left < MaxRequest:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case line == "":
			return req, nil
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok || name == "" || len(req.Attrs) >= MaxAttrs {
			return nil, ErrProtocol
		}
		req.Attrs = append(req.Attrs, restrict.Attr{Name: name, Value: value})
	}
}
