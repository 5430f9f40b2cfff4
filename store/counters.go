package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker"
)

// Counters keeps how often something came of late: deliveries, requests, wrong codes.
type Counters struct{ *core }

var _ broker.Counters = Counters{}

// TakeRate implements [broker.Counters]. It keeps limit Requests of a name at most,
// none longer than per. One round trip.
func (s Counters) TakeRate(ctx context.Context, name, requestID string, limit int, per time.Duration) (broker.Rate, error) {
	keys, err := rateKeys(name)
	switch {
	case err != nil:
	case requestID == "":
		err = errors.New("it needs a request")
	case limit < 1 || per < time.Millisecond:
		err = errors.New("it needs a limit and a time")
	}
	if err != nil {
		return broker.Rate{}, fmt.Errorf("take rate: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	answer, err := s.scripts.rate.Run(ctx, s.rdb, keys, requestID, limit, milliseconds(per)).Int64Slice()
	if err == nil && len(answer) != 3 {
		err = errors.New("the script answered something else")
	}
	if err != nil {
		return broker.Rate{}, fmt.Errorf("take rate %s: %w", name, err)
	}
	return broker.Rate{
		Taken: answer[0] == 1, Wait: min(max(time.Duration(answer[1])*time.Microsecond, 0), per), First: answer[2] == 1,
	}, nil
}
