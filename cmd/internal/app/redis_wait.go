package app

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/assumebot/assumebot/store"
)

// A SetupError is what only a person can mend: settings, the config file, a token
// that Slack does not take. To start again by itself would not help.
type SetupError struct{ err error }

// NeedsPerson makes err a SetupError; nil stays nil.
func NeedsPerson(err error) error {
	if err == nil {
		return nil
	}
	return &SetupError{err}
}

// Error implements error.
func (e *SetupError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *SetupError) Unwrap() error { return e.err }

// The pause between two tries to reach Redis doubles from the first to the last.
const (
	firstRedisPause = 500 * time.Millisecond
	lastRedisPause  = 15 * time.Second
)

// openStore reaches Redis and waits for it as the bot waits for Slack: until it
// is there, ctx ends, or it says what only a person can mend.
func openStore(ctx context.Context, o store.Options) (*store.Store, error) {
	for pause := firstRedisPause; ; pause = min(2*pause, lastRedisPause) {
		st, err := store.Open(ctx, o)
		var setup *store.SetupError
		switch {
		case err == nil:
			return st, nil
		case errors.As(err, &setup):
			return nil, NeedsPerson(err)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		wait := pause/2 + rand.N(pause/2) // so that replicas do not come all at once
		o.Log.WarnContext(ctx, "waiting for Redis: nothing is served before it answers", "error", err, "retry_in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
