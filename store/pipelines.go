package store

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// eachTells has every command of a pipeline tell the error of the pipeline. Where Redis
// refuses the user of a new connection, go-redis leaves the commands without an error
// (pipelineErrShouldStamp), as if Redis had nothing to answer.
type eachTells struct{}

func (eachTells) DialHook(next redis.DialHook) redis.DialHook { return next }

func (eachTells) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (eachTells) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if err == nil {
			return nil
		}
		for _, cmd := range cmds {
			if cmd.Err() != nil {
				return err // it was sent, and each has its own
			}
		}
		for _, cmd := range cmds {
			cmd.SetErr(err)
		}
		return err
	}
}
