package lease

import (
	"context"
	"sync"
	"time"
)

// A Hold is a lease while it is held. Its methods may be called by several
// goroutines at once.
type Hold struct {
	lease  *Lease
	turn   int64
	cancel context.CancelCauseFunc // of the work
	stop   chan struct{}           // closed when nothing is to be renewed any more
	keeper sync.WaitGroup

	mu      sync.Mutex
	asked   time.Time   // when the store was asked that granted it last
	overdue *time.Timer // ends the work when the lease was not renewed in time
	over    bool        // lost, or the work has returned
	lost    bool
}

// begin starts to renew, and returns the work's context.
func (l *Lease) begin(ctx context.Context, turn int64, asked time.Time) (context.Context, *Hold) {
	working, cancel := context.WithCancelCause(ctx)
	h := &Hold{lease: l, turn: turn, cancel: cancel, asked: asked, stop: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.overdue = time.AfterFunc(h.left(), h.lose)
	h.keeper.Go(func() { h.keep(context.WithoutCancel(ctx)) })
	return working, h
}

// Fence returns what a write carries; ErrLost when the lease is, or may be,
// another's by now. It asks nobody but the clocks.
func (h *Hold) Fence() (Fence, error) {
	h.mu.Lock()
	left, lost := h.left(), h.lost
	h.mu.Unlock()
	if lost || left <= 0 {
		h.lose()
		return Fence{}, ErrLost
	}
	return Fence{Lease: h.lease.name, Holder: h.lease.holder, Turn: h.turn}, nil
}

// left is for how long the last grant may still be relied upon.
func (h *Hold) left() time.Duration {
	return h.lease.ttl - h.lease.ttl/5 - h.lease.since(h.asked)
}

func (h *Hold) keep(ctx context.Context) {
	for wait := h.lease.together(h.lease.ttl / 3); ; wait = h.renew(ctx) {
		select {
		case <-h.stop:
			return
		case <-time.After(wait):
		}
	}
}

// renew asks the store once and returns how long to wait before the next time.
func (h *Hold) renew(ctx context.Context) time.Duration {
	l := h.lease
	h.mu.Lock()
	left := h.left()
	h.mu.Unlock()
	if left <= 0 {
		h.lose()
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	asked := l.Now()
	turn, err := l.leases.HoldLease(ctx, l.name, l.holder, l.ttl)
	switch {
	case err != nil:
		l.log.WarnContext(ctx, "lease not renewed", "error", err)
		return l.ttl / 15
	case turn != h.turn:
		h.lose()
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.over && h.overdue.Stop() {
		h.asked = asked
		h.overdue.Reset(h.left())
	}
	return l.together(l.ttl / 3)
}

// lose ends the work; nothing brings the lease back to it.
func (h *Hold) lose() {
	if h.finish(true) {
		h.cancel(ErrLost)
		h.lease.log.Warn("lease lost: what is done under it stops", "turn", h.turn)
	}
}

// end waits until nothing is renewed any more. lost says that it was before the
// work returned.
func (h *Hold) end() (lost bool) {
	h.finish(false)
	h.keeper.Wait()
	h.cancel(nil)
	return h.lost
}

// finish stops the renewals; false when they were stopped before.
func (h *Hold) finish(lost bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return false
	}
	h.over, h.lost = true, lost
	h.overdue.Stop()
	close(h.stop)
	return true
}
