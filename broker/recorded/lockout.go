package recorded

import (
	"context"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
)

// counters know of lock-outs from the store and from the record.
type counters struct {
	broker.Counters
	log Log
	now func() time.Time
}

// LockedFor implements [broker.Counters]: the longer of the two.
func (s counters) LockedFor(ctx context.Context, user string) (time.Duration, error) {
	left, err := s.Counters.LockedFor(ctx, user)
	if err != nil {
		return 0, err
	}
	_, ends := s.log.LockOut(user)
	if ends.After(s.now()) && left <= 0 {
		if err := s.log.CaughtUp(ctx); err != nil {
			return 0, err
		}
		_, ends = s.log.LockOut(user)
	}
	return max(left, ends.Sub(s.now()), 0), nil
}

// A recorder names the lock-out that an Event ends.
type recorder struct {
	broker.Recorder
	log Log
}

// Record implements [broker.Recorder].
func (s recorder) Record(ctx context.Context, events ...event.Event) (event.Receipt, error) {
	events = slices.Clone(events)
	for i, e := range events {
		if d, ok := e.Data.(event.UnlockedData); ok {
			d.Ends = s.lockedOutBy(ctx, d.Target.ID)
			events[i].Data = d
		}
	}
	return s.Recorder.Record(ctx, events...)
}

// lockedOutBy is the Request that locked somebody out; "" where the record tells of none.
func (s recorder) lockedOutBy(ctx context.Context, user string) string {
	entry, ends := s.log.LockOut(user)
	if ends.IsZero() {
		return ""
	}
	e, err := s.log.Entry(ctx, entry)
	if _, is := e.Data.(event.LockedOutData); err != nil || !is || e.Actor.User != user {
		return "" // it is of a log before this one, or cannot be read now
	}
	return e.Request
}
