package resolver

import (
	"context"
	"errors"
	"fmt"
)

// A flight is one piece of work that any number of equal lookups wait for. The
// first of them does it, on its own goroutine and under its own context. If
// that context ends while others wait, a new goroutine takes over, so that a
// caller that gives up leaves the others alone; that one ends early when the
// last of them has left.
type flight struct {
	// Guarded by Resolver.mu.
	waiters int
	cancel  context.CancelCauseFunc // nil while the first caller does the work
	done    chan struct{}           // nil while nobody waits

	// Set before done is closed.
	found found
	err   error
}

// errGone is the cause for those who wait while Config.Exchange panics.
var errGone = errors.New("the lookup was abandoned")

// errZero is the cause of all failures of the zero Resolver.
var errZero = fmt.Errorf("%w: a Resolver comes from New", ErrConfig)

// join waits for the lookup of k, or does it if nobody has begun.
func (r *Resolver) join(ctx context.Context, k key) (found, error) {
	r.mu.Lock()
	if r.closed || r.flights == nil {
		err := ErrClosed
		if r.flights == nil {
			err = errZero
		}
		r.mu.Unlock()
		return found{}, r.fail(Network, k.name, k.typ, err)
	}
	f := r.flights[k]
	if f == nil {
		f = new(flight)
		r.flights[k] = f
		r.mu.Unlock()
		return r.lead(ctx, f, k)
	}
	f.waiters++
	if f.done == nil {
		f.done = make(chan struct{})
	}
	r.mu.Unlock()

	select {
	case <-f.done:
		return f.found, f.err
	case <-ctx.Done():
	}
	r.mu.Lock()
	f.waiters--
	if f.waiters == 0 && f.cancel != nil && r.flights[k] == f {
		delete(r.flights, k)
		f.cancel(context.Canceled)
	}
	r.mu.Unlock()
	return found{}, r.fail(kindOf(ctx.Err()), k.name, k.typ, context.Cause(ctx))
}

// lead does the work of f for the caller that came first, and for the others
// if ctx holds.
func (r *Resolver) lead(ctx context.Context, f *flight, k key) (found, error) {
	ended := false
	defer func() {
		if !ended { // Config.Exchange panicked
			f.err = r.fail(Network, k.name, k.typ, errGone)
			r.land(f, k)
		}
	}()
	a, fail := r.resolve(ctx, k)
	ended = true
	if fail != nil && ctx.Err() != nil {
		// The failure says something about this caller, nothing about k.
		r.handOver(f, k)
		return found{}, fail
	}
	f.found, f.err = r.settle(k, a, fail)
	r.land(f, k)
	return f.found, f.err
}

// handOver lets a new goroutine do the work of f, if anybody waits for it.
func (r *Resolver) handOver(f *flight, k key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.waiters == 0 {
		delete(r.flights, k) // before anybody joins
		return
	}
	work, cancel := context.WithCancelCause(context.Background())
	f.cancel = cancel
	go func() {
		defer cancel(nil)
		defer r.land(f, k)
		a, fail := r.resolve(work, k)
		f.found, f.err = r.settle(k, a, fail)
	}()
}

// land ends f.
func (r *Resolver) land(f *flight, k key) {
	r.mu.Lock()
	if r.flights[k] == f {
		delete(r.flights, k)
	}
	done := f.done
	r.mu.Unlock()
	if done != nil {
		close(done)
	}
}

// settle stores the outcome of a lookup in the cache and returns what its
// callers get.
func (r *Resolver) settle(k key, a *answer, fail *Error) (found, error) {
	if r.cache != nil {
		if f, ok := r.store(k, a, fail); ok {
			return f, nil
		}
	}
	if fail != nil {
		return found{}, fail
	}
	return found{answer: a, ttl: a.ttl}, nil
}
