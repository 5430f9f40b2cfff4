package store

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/watch"
)

// tells tells those who watch of each round trip: its command's name and how long it took.
// Keys and values stay here, and so does what Redis says of an error: it repeats them.
type tells struct{ watch watch.Watcher } // nil: only traces

func (tells) DialHook(next redis.DialHook) redis.DialHook { return next }

func (t tells) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		ctx, done := t.begin(ctx, cmd.Name())
		err := next(ctx, cmd)
		done(err)
		return err
	}
}

func (t tells) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		ctx, done := t.begin(ctx, "pipeline")
		err := next(ctx, cmds)
		done(err)
		return err
	}
}

func (t tells) begin(ctx context.Context, command string) (context.Context, func(error)) {
	began := time.Now()
	ctx, span := watch.Call(ctx, "redis "+command,
		watch.Fact{Key: watch.FactDatabase, Value: "redis"}, watch.Fact{Key: watch.FactDBCommand, Value: command})
	return ctx, func(err error) {
		result := resultOf(err)
		if t.watch != nil {
			t.watch.Asked(command, result, time.Since(began))
		}
		span.End(result != watch.OK, watch.WhyNot(result))
	}
}

// resultOf is what became of a round trip. That nothing is there is an answer like others.
func resultOf(err error) watch.Result {
	var refused redis.Error
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		return watch.OK
	case errors.As(err, &refused):
		return watch.Declined
	}
	return watch.Lost
}
