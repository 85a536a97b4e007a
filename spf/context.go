package spf

import (
	"context"
	"sync"
	"time"
)

// A limitContext is its parent with an earlier deadline, like the result of
// [context.WithTimeout], but without the cost of a clock and a timer until
// somebody asks: then its time begins. Answers that come from memory never ask.
type limitContext struct {
	parent  context.Context
	timeout time.Duration // negative: none beside the parent's

	mu       sync.Mutex
	begun    bool
	deadline time.Time       // set by begin, zero: none of its own
	inner    context.Context // set by the first Done
	cancel   context.CancelFunc
	closed   bool
}

// start sets the parent and the timeout; a negative timeout means no deadline
// beside the parent's.
func (c *limitContext) start(parent context.Context, timeout time.Duration) {
	c.parent, c.timeout = parent, timeout
}

// begin sets the deadline. The caller holds the lock.
func (c *limitContext) begin() {
	if c.begun {
		return
	}
	c.begun = true
	if c.timeout < 0 {
		return
	}
	d := time.Now().Add(c.timeout)
	if pd, ok := c.parent.Deadline(); !ok || d.Before(pd) {
		c.deadline = d
	}
}

// stop releases the timer, if there is one. The context is ended then.
func (c *limitContext) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.cancel != nil {
		c.cancel()
	}
}

func (c *limitContext) Deadline() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin()
	if c.deadline.IsZero() {
		return c.parent.Deadline()
	}
	return c.deadline, true
}

func (c *limitContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inner == nil {
		c.begin()
		if c.deadline.IsZero() {
			c.inner, c.cancel = context.WithCancel(c.parent)
		} else {
			c.inner, c.cancel = context.WithDeadline(c.parent, c.deadline)
		}
		if c.closed {
			c.cancel()
		}
	}
	return c.inner.Done()
}

func (c *limitContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inner != nil {
		return c.inner.Err()
	}
	if err := c.parent.Err(); err != nil {
		return err
	}
	if c.closed {
		return context.Canceled
	}
	c.begin()
	if !c.deadline.IsZero() && !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// expired is Err, but does not begin the time.
func (c *limitContext) expired() error {
	c.mu.Lock()
	begun := c.begun
	c.mu.Unlock()
	if begun {
		return c.Err()
	}
	return c.parent.Err()
}

// Value asks the inner context once there is one, so that the context package
// recognises it as a cancelable parent and needs no goroutine for children.
func (c *limitContext) Value(key any) any {
	c.mu.Lock()
	inner := c.inner
	c.mu.Unlock()
	if inner != nil {
		return inner.Value(key)
	}
	return c.parent.Value(key)
}
