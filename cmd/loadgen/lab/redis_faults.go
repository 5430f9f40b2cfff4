package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// What can happen to the Redis of a Lab, by what a real one does.

// A Trouble begins and ends. End is nil where it passes by itself.
type Trouble struct {
	Begin, End func(context.Context) error
}

// Frozen is a Redis that stands still: it keeps its connections and answers nothing.
func (r *Redis) Frozen() Trouble {
	return Trouble{
		Begin: func(context.Context) error { r.Process.Signal(syscall.SIGSTOP); return nil },
		End:   func(context.Context) error { r.Process.Signal(syscall.SIGCONT); return nil },
	}
}

// CutOff has all connections of the bot be closed.
func (r *Redis) CutOff() Trouble {
	return Trouble{Begin: func(ctx context.Context) error {
		return r.client.Do(ctx, "client", "kill", "type", "normal", "skipme", "yes").Err()
	}}
}

// Full has Redis refuse what needs memory, by OOM.
func (r *Redis) Full() Trouble {
	return Trouble{
		Begin: func(ctx context.Context) error { return r.client.ConfigSet(ctx, "maxmemory", "1").Err() },
		End:   func(ctx context.Context) error { return r.client.ConfigSet(ctx, "maxmemory", "0").Err() },
	}
}

// Follower makes Redis a replica of nobody that there is, which refuses writes by READONLY.
func (r *Redis) Follower() Trouble {
	return Trouble{
		Begin: func(ctx context.Context) error { return r.client.ReplicaOf(ctx, "127.0.0.1", "1").Err() },
		End:   func(ctx context.Context) error { return r.client.ReplicaOf(ctx, "NO", "ONE").Err() },
	}
}

// Loading has Redis read its data from disk, slowly, and refuse by LOADING meanwhile.
func (r *Redis) Loading() Trouble {
	return Trouble{
		Begin: func(ctx context.Context) error {
			for _, command := range [][]any{{"debug", "populate", 4000, "load", 100}, {"config", "set", "key-load-delay", 5000}} {
				if err := r.client.Do(ctx, command...).Err(); err != nil {
					return fmt.Errorf("this redis-server cannot be slowed down: %w", err)
				}
			}
			// It answers when all is read; sent again meanwhile, it would save what was read so far.
			go r.client.WithTimeout(startWithin).Do(context.WithoutCancel(ctx), "debug", "reload")
			return r.awaits(ctx, func(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "LOADING") })
		},
		End: func(ctx context.Context) error {
			return errors.Join(r.client.ConfigSet(ctx, "key-load-delay", "0").Err(), r.await(ctx))
		},
	}
}

// Flushed has Redis lose all that it holds.
func (r *Redis) Flushed() Trouble {
	return Trouble{Begin: func(ctx context.Context) error { return r.client.FlushAll(ctx).Err() }}
}

// Killed ends Redis at once. It starts again with all that it acknowledged, or with nothing.
func (r *Redis) Killed(empty bool) Trouble {
	return Trouble{
		Begin: func(context.Context) error { r.Process.Kill(); return nil },
		End: func(ctx context.Context) (err error) {
			if empty {
				if err := os.RemoveAll(filepath.Join(r.dir, appendDir)); err != nil {
					return err
				}
			}
			if err := r.start(); err != nil {
				return err
			}
			return r.await(ctx)
		},
	}
}

// FailedOver kills the primary, and is over once the Sentinel has its replica in its place.
// It needs [Options.Sentinel], and happens once.
func (r *Redis) FailedOver() Trouble {
	return Trouble{
		Begin: func(context.Context) error { r.Process.Kill(); return nil },
		End: func(ctx context.Context) error {
			return r.sentinel.awaitPrimary(ctx, r.sentinel.replicaAddr)
		},
	}
}

// awaits waits until an ordinary command is answered so.
func (r *Redis) awaits(ctx context.Context, so func(error) bool) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		err := r.client.Exists(ctx, "x").Err()
		if so(err) {
			return nil
		}
		if !pause(ctx, 20*time.Millisecond) {
			return fmt.Errorf("what Redis answers: %w", cmpErr(err))
		}
	}
}

func (r *Redis) await(ctx context.Context) error {
	return r.awaits(ctx, func(err error) bool { return err == nil })
}
