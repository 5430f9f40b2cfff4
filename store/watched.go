package store

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/watch"
)

// tells tells those who watch of each round trip: its command's name and how long it took.
// Keys and values stay here.
type tells struct{ watch watch.Watcher }

func (tells) DialHook(next redis.DialHook) redis.DialHook { return next }

func (t tells) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		began := time.Now()
		err := next(ctx, cmd)
		t.watch.Asked(cmd.Name(), resultOf(err), time.Since(began))
		return err
	}
}

func (t tells) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		began := time.Now()
		err := next(ctx, cmds)
		t.watch.Asked("pipeline", resultOf(err), time.Since(began))
		return err
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
