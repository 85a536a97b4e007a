package spf

import (
	"context"
	"sync/atomic"
	"time"
)

// A limitContext is its parent with an earlier deadline, like the result of
// [context.WithTimeout], but without the cost of a clock and a timer until
// somebody asks: then its time begins. Answers that come from memory never ask.
type limitContext struct {
	parent  context.Context
	timeout time.Duration                // negative: none beside the parent's
	timer   atomic.Pointer[timerContext] // nil: nobody has asked
}

// A timerContext is the context that a limitContext becomes.
type timerContext struct {
	context.Context
	cancel context.CancelFunc
}

// ended takes the place of a timer that nobody asked for.
var ended = func() *timerContext {
	t := newTimer(context.Background(), -1)
	t.cancel()
	return t
}()

func newTimer(parent context.Context, timeout time.Duration) *timerContext {
	t := new(timerContext)
	if timeout < 0 {
		t.Context, t.cancel = context.WithCancel(parent)
	} else {
		t.Context, t.cancel = context.WithTimeout(parent, timeout)
	}
	return t
}

// start sets the parent and the timeout; a negative timeout means no deadline
// beside the parent's.
func (c *limitContext) start(parent context.Context, timeout time.Duration) {
	c.parent, c.timeout = parent, timeout
}

// begin starts the timer, if it has not been started.
func (c *limitContext) begin() *timerContext {
	if t := c.timer.Load(); t != nil {
		return t
	}
	t := newTimer(c.parent, c.timeout)
	if !c.timer.CompareAndSwap(nil, t) {
		t.cancel()
		t = c.timer.Load()
	}
	return t
}

// stop ends the context and releases the timer, if there is one.
func (c *limitContext) stop() {
	if !c.timer.CompareAndSwap(nil, ended) {
		c.timer.Load().cancel()
	}
}

// expired is Err, but does not begin the time.
func (c *limitContext) expired() error {
	if t := c.timer.Load(); t != nil {
		return t.Err()
	}
	return c.parent.Err()
}

// Deadline, Done, Err and Value are those of the timer. Value does not start
// it, but asks it once it runs, so that the context package recognises it as a
// cancelable parent and needs no goroutine for children.

func (c *limitContext) Deadline() (time.Time, bool) { return c.begin().Deadline() }
func (c *limitContext) Done() <-chan struct{}       { return c.begin().Done() }
func (c *limitContext) Err() error                  { return c.begin().Err() }

func (c *limitContext) Value(key any) any {
	if t := c.timer.Load(); t != nil {
		return t.Value(key)
	}
	return c.parent.Value(key)
}
