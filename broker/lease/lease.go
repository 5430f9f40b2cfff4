// Package lease lets one replica at a time do a thing.
//
// A Lease is a name in the store that is one holder's for a time (its TTL) and
// is another's only after it was given up or ran out. Do takes it, if it is free,
// and works; Run does so again and again, for what one replica always does.
//
// What holds:
//
//   - Who holds the lease works. It is renewed at a third of its TTL, or a
//     little sooner, until the work has returned, whether or not the caller's context ended before.
//   - It is given up when the work has returned: nobody else waits for its end.
//   - When it cannot be renewed (the store is away, its answer is late, it lost
//     the lease), the work's context ends with ErrLost at four fifths of the TTL,
//     counted from before the store was last asked. So the work has the last fifth
//     to stop before another can begin. A store that says that it is another's ends
//     it at once.
//   - Time is counted by the holder's own clocks, and by whichever shows more: the
//     monotonic clock stands still while a machine sleeps, and the wall clock may be
//     set back. One that is set forward loses the lease once, and it is taken again.
//   - Work that does not stop, or a process that was paused at the wrong moment and
//     knows nothing yet, is made harmless by the Fence: it names the holder's turn,
//     which grows with each new holder, and the store refuses a write that carries an
//     older one. Where a write goes elsewhere, ask for the Fence right before it, and
//     bound the write by the work's context: what is left is a pause between the two.
//   - A store that forgot everything starts to count turns anew. A Fence holds the
//     holder's name too, so one from before is still refused.
//
// Do and Run return only when the work has returned.
package lease

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

var (
	// ErrTaken says that another holds the lease; nothing was begun.
	ErrTaken = errors.New("another holds the lease")
	// ErrLost says that the lease may be another's, or is about to be.
	ErrLost = errors.New("the lease was lost")
)

// Leases keep who holds what, for all replicas.
type Leases interface {
	// HoldLease takes the lease name for holder, or renews it, for ttl from now by
	// the store's clock. turn is above 0, the same for each renewal and greater for
	// each new holder; 0 when another holds it. After an error it may be held or not.
	HoldLease(ctx context.Context, name, holder string, ttl time.Duration) (turn int64, err error)
	// ReleaseLease gives the lease up if it is holder's.
	ReleaseLease(ctx context.Context, name, holder string) error
}

// A Fence is one holder's turn.
type Fence struct {
	Lease  string
	Holder string
	Turn   int64
}

// Work is what the holder does. It returns soon after ctx ended.
type Work func(ctx context.Context, h *Hold) error

// givingUp bounds the release: one that fails costs others the rest of the TTL.
const givingUp = 2 * time.Second

// A Lease is one would-be holder of a name.
type Lease struct {
	// Rest is for how long nobody else may begin after the work failed.
	Rest time.Duration
	// Now is the holder's clock; time.Now, unless a test says otherwise.
	Now func() time.Time

	leases Leases
	name   string
	holder string
	ttl    time.Duration
	log    *slog.Logger
	busy   sync.Mutex
}

// New returns a Lease that nobody holds yet. Two of them never share a holder,
// not even in one process.
func New(leases Leases, name string, ttl time.Duration, log *slog.Logger) *Lease {
	return &Lease{Now: time.Now, leases: leases, name: name, holder: rand.Text(), ttl: ttl, log: log.With("lease", name)}
}

// Do works if the lease is free, and returns ErrTaken if it is not. ErrLost is
// joined to what the work returned when the lease was lost before it did: what it
// wrote without a Fence may have been overwritten. Any other error is the work's
// own, or the store's when it was asked for the lease; then nothing was begun.
func (l *Lease) Do(ctx context.Context, work Work) (err error) {
	if !l.busy.TryLock() {
		return ErrTaken
	}
	defer l.busy.Unlock()
	asked := l.Now()
	turn, err := l.leases.HoldLease(ctx, l.name, l.holder, l.ttl)
	switch {
	case err != nil:
		return fmt.Errorf("take lease %s: %w", l.name, err)
	case turn == 0:
		return ErrTaken
	}
	working, h := l.begin(ctx, turn, asked)
	defer func() {
		if h.end() {
			err = errors.Join(ErrLost, err)
		}
		l.giveUp(ctx, err)
	}()
	return work(working, h)
}

// Run works whenever the lease is free, until ctx ends. It looks again after
// follow, or, when the work or the store failed, after what failed says.
func (l *Lease) Run(ctx context.Context, follow time.Duration, failed func(error) time.Duration, work Work) {
	for ctx.Err() == nil {
		err := l.Do(ctx, work)
		wait := l.together(follow)
		if err != nil && !errors.Is(err, ErrTaken) && ctx.Err() == nil {
			wait = failed(err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// giveUp ends the hold, or, after work that failed, has others wait for l.Rest.
func (l *Lease) giveUp(ctx context.Context, failed error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), givingUp)
	defer cancel()
	var err error
	if failed != nil && l.Rest > 0 && !errors.Is(failed, ErrLost) {
		_, err = l.leases.HoldLease(ctx, l.name, l.holder, l.Rest)
	} else {
		err = l.leases.ReleaseLease(ctx, l.name, l.holder)
	}
	if err != nil {
		l.log.WarnContext(ctx, "lease not given up; another takes it when it ends", "error", err)
	}
}

// together is how long to wait for about d, and not longer: until the clock shows a full second,
// or less where d is short. So a process looks after all its leases at the same moments, and
// Leases may ask for them at once.
func (l *Lease) together(d time.Duration) time.Duration {
	full := min(time.Second, max(d/2, 1))
	now := l.Now()
	return now.Add(d).Truncate(full).Sub(now)
}

// since is how long ago then was, by the clock that shows more.
func (l *Lease) since(then time.Time) time.Duration {
	now := l.Now()
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}
