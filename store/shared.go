package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// What Visits ask ahead they ask at once when they are many, and then share trips: while
// tripsAtOnce are under way, who comes waits for the next, which takes all who wait. A
// crowd so costs Redis and this process a few writes and reads instead of one each, and
// who is alone waits for nobody. Each command still has its own answer; only a connection
// that breaks is that of all who share it.
const (
	tripsAtOnce = 4
	// mostSharing bounds a trip, so that its first answer is not long in coming.
	mostSharing = 64
)

// shared are the trips to one Redis.
type shared struct {
	rdb redis.UniversalClient

	mu       sync.Mutex
	underway int
	waiting  []*rider
}

// A rider is whoever has something to ask.
type rider struct {
	cmds []redis.Cmder
	ends time.Time
	// next receives those with whom the rider, who is the first of them, goes next; it is
	// closed when the rider has been taken along.
	next chan []*rider
}

// send sends cmds, each of which then has its answer or why it has none. ctx has a deadline.
func (s *shared) send(ctx context.Context, cmds []redis.Cmder) {
	r := &rider{cmds: cmds, next: make(chan []*rider, 1)}
	r.ends, _ = ctx.Deadline()
	s.mu.Lock()
	if s.underway < tripsAtOnce {
		s.underway++
		s.mu.Unlock()
		s.ride(ctx, []*rider{r})
		return
	}
	s.waiting = append(s.waiting, r)
	s.mu.Unlock()
	select {
	case with := <-r.next:
		s.ride(ctx, with)
	case <-ctx.Done():
		if !s.leave(r) { // it goes already
			s.ride(ctx, <-r.next)
			return
		}
		for _, cmd := range cmds {
			cmd.SetErr(ctx.Err())
		}
	}
}

// leave reports whether r still waited, and has it wait no more.
func (s *shared) leave(r *rider) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.waiting, r)
	if i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	return i >= 0
}

// ride makes one trip for all of with, which ends when the last of them has no more time,
// and then has the next go; with none somebody else has made it.
func (s *shared) ride(ctx context.Context, with []*rider) {
	if len(with) == 0 {
		return
	}
	p, ends := s.rdb.Pipeline(), with[0].ends
	for _, r := range with {
		_ = p.BatchProcess(ctx, r.cmds...) // it only queues
		if r.ends.After(ends) {
			ends = r.ends
		}
	}
	defer s.arrived(with[1:])
	if len(with) > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(context.WithoutCancel(ctx), ends)
		defer cancel()
	}
	_, _ = p.Exec(ctx) // each command has its own error
}

// arrived tells those who were taken along, and has the next go.
func (s *shared) arrived(others []*rider) {
	for _, r := range others {
		close(r.next)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		s.underway--
		return
	}
	n := min(len(s.waiting), mostSharing)
	next := slices.Clone(s.waiting[:n])
	s.waiting = slices.Delete(s.waiting, 0, n)
	next[0].next <- next
}
