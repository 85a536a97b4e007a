package resolver

import (
	"context"
)

// A flight is one piece of work that any number of equal lookups wait for. It
// has a context of its own: a caller that gives up leaves the others alone,
// and the work ends early only when the last one has left.
type flight struct {
	cancel  context.CancelCauseFunc
	waiters int // guarded by Resolver.mu
	done    chan struct{}

	// Set before done is closed.
	found found
	err   error
}

// join waits for the lookup of k, and starts it if nobody has.
func (r *Resolver) join(ctx context.Context, k key) (found, error) {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return found{}, r.fail(Network, k.name, k.typ, ErrClosed)
	}
	f := r.flights[k]
	if f == nil {
		work, cancel := context.WithCancelCause(context.Background())
		f = &flight{cancel: cancel, done: make(chan struct{})}
		r.flights[k] = f
		go r.fly(work, f, k)
	}
	f.waiters++
	r.mu.Unlock()

	select {
	case <-f.done:
		return f.found, f.err
	case <-ctx.Done():
	}
	r.mu.Lock()
	f.waiters--
	if f.waiters == 0 && r.flights[k] == f {
		delete(r.flights, k)
		f.cancel(context.Canceled)
	}
	r.mu.Unlock()
	err := context.Cause(ctx)
	return found{}, r.fail(kindOf(ctx.Err()), k.name, k.typ, err)
}

// fly does the work of f.
func (r *Resolver) fly(ctx context.Context, f *flight, k key) {
	ctx, stop := context.WithTimeout(ctx, r.cfg.Deadline)
	a, fail := r.resolve(ctx, k)
	stop()
	f.found, f.err = r.settle(k, a, fail)

	r.mu.Lock()
	if r.flights[k] == f {
		delete(r.flights, k)
	}
	r.mu.Unlock()
	f.cancel(nil)
	close(f.done)
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
