package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
)

// Counters keeps how often something came of late: deliveries, requests, wrong codes.
type Counters struct{ *core }

var _ broker.Counters = Counters{}

// TakeRate implements [broker.Counters]. It counts limit Requests of a name at
// most, each for per. One round trip.
func (s Counters) TakeRate(ctx context.Context, name, requestID string, limit int, per time.Duration) (broker.Rate, error) {
	q := ahead.Rate{Name: name, RequestID: requestID, Limit: limit, Per: per}
	rate, err := ask(ctx, s.core, rateQuestion(q), s.sendRate(q))
	if err != nil {
		return broker.Rate{}, fmt.Errorf("take rate %s: %w", name, err)
	}
	return rate, nil
}

func (s Counters) sendRate(q ahead.Rate) func(context.Context, redis.Pipeliner) (answer[broker.Rate], error) {
	return func(ctx context.Context, p redis.Pipeliner) (answer[broker.Rate], error) {
		keys, err := rateKeys(q.Name)
		switch {
		case err != nil:
			return nil, err
		case q.RequestID == "":
			return nil, errors.New("it needs a request")
		case q.Limit < 1 || q.Per < time.Millisecond:
			return nil, errors.New("it needs a limit and a time")
		}
		said := s.scripts.takeRate.EvalSha(ctx, p, keys, q.RequestID, q.Limit, milliseconds(q.Per))
		return func() (broker.Rate, error) {
			parts, err := said.Int64Slice()
			if err == nil && len(parts) != 3 {
				err = errors.New("the script answered something else")
			}
			if err != nil {
				return broker.Rate{}, err
			}
			return broker.Rate{
				Taken: parts[0] == 1, Wait: min(max(time.Duration(parts[1])*time.Microsecond, 0), q.Per), First: parts[2] == 1,
			}, nil
		}, nil
	}
}

// KEYS: the Requests that were taken, the first that was not. ARGV: request ID,
// how many are taken within a time, that time in ms. Scores are Redis's own time
// in µs. It answers whether the Request is taken, how long until one would be (µs),
// and whether it is the first that was refused. A new one is taken once fewer than
// the limit are left. Where Redis's clock was set back, the TTL ends it all.
const takeRateScript = `
local now = redis.call('TIME')
now = tonumber(now[1]) * 1000000 + tonumber(now[2])
local per = tonumber(ARGV[3]) * 1000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - per))
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {1, 0, 0} end
local oldest = redis.call('ZRANGE', KEYS[1], '-' .. ARGV[2], '-' .. ARGV[2], 'WITHSCORES')
if #oldest == 0 then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return {1, 0, 0}
end
redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[3])
local first = redis.call('GET', KEYS[2]) == ARGV[1] and 1 or 0
return {0, tonumber(oldest[2]) + per - now, first}`
