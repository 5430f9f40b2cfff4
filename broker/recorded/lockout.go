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
	if until := s.log.LockedUntil(user); !until.IsZero() {
		left = max(left, until.Sub(s.now()))
	}
	return left, nil
}
