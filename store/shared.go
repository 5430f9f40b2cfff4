package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// What Visits ask ahead they ask at once when they are many, and then share trips: while
// some are under way, who comes waits for the next, which takes all who wait. A
// crowd so costs Redis and this process a few writes and reads instead of one each, and
// who is alone waits for nobody. Each command still has its own answer; only a connection
// that breaks is that of all who share it.
const (
	tripsAtOnce = 4
	// choresAtOnce is that of what a process does every so often: a connection that does not
	// answer holds up nobody but those who share it.
	choresAtOnce = 4
	// mostSharing bounds a trip, so that its first answer is not long in coming.
	mostSharing = 64
)

// shared are the trips to one Redis.
type shared struct {
	rdb    redis.UniversalClient
	atOnce int // how many may be under way
	// gathers lets those who woke up at the same moment come: whoever goes takes them along.
	// nil: whoever goes waits for nobody.
	gathers func()

	mu        sync.Mutex
	underway  int
	gathering bool // somebody is about to go, and takes along who waits
	waiting   []*rider
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
	if s.underway < s.atOnce && !s.gathering {
		s.underway++
		s.gathering = s.gathers != nil
		s.mu.Unlock()
		s.ride(ctx, s.gather(r))
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

// gather returns with whom r goes.
func (s *shared) gather(r *rider) []*rider {
	if s.gathers == nil {
		return []*rider{r}
	}
	s.gathers()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gathering = false
	return append([]*rider{r}, s.some(mostSharing-1)...)
}

// some has up to most wait no more; it is called under mu.
func (s *shared) some(most int) []*rider {
	n := min(len(s.waiting), most)
	next := slices.Clone(s.waiting[:n])
	s.waiting = slices.Delete(s.waiting, 0, n)
	return next
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
	next := s.some(mostSharing)
	next[0].next <- next
}
