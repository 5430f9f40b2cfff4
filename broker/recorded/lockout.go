package recorded

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker"
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
	on := s.log.LockedUntil(user).Sub(s.now())
	if on > 0 && left <= 0 {
		if err := s.log.CaughtUp(ctx); err != nil {
			return 0, err
		}
		on = s.log.LockedUntil(user).Sub(s.now())
	}
	return max(left, on, 0), nil
}
