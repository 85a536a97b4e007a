package spf

import (
	"context"
	"sync"
	"time"
)

// A limitContext is its parent with an earlier deadline, like the result of
// [context.WithDeadline], but without the cost of a timer until somebody asks
// for Done. Answers that come from memory never do.
type limitContext struct {
	parent   context.Context
	deadline time.Time // zero: no deadline of its own

	mu     sync.Mutex
	inner  context.Context // set by the first Done
	cancel context.CancelFunc
	closed bool
}

// start sets the parent and the deadline, timeout from now; timeout < 0 means
// no deadline beside the parent's.
func (c *limitContext) start(parent context.Context, timeout time.Duration) {
	c.parent = parent
	if timeout < 0 {
		return
	}
	d := time.Now().Add(timeout)
	if pd, ok := parent.Deadline(); ok && pd.Before(d) {
		return
	}
	c.deadline = d
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
	if c.deadline.IsZero() {
		return c.parent.Deadline()
	}
	return c.deadline, true
}

func (c *limitContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inner == nil {
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
	if !c.deadline.IsZero() && !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return nil
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
