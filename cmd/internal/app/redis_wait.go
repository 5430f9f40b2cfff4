package app

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/retry"
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

// openStore reaches Redis and waits for it as the bot waits for Slack: until it
// is there, ctx ends, or it says what only a person can mend.
func openStore(ctx context.Context, o store.Options) (st *store.Store, err error) {
	pace := retry.Pace{First: 500 * time.Millisecond, Longest: 15 * time.Second}
	pace.Report = func(err error, wait time.Duration) {
		o.Log.WarnContext(ctx, "waiting for Redis: nothing is served before it answers", "error", err, "retry_in", wait)
	}
	err = pace.Do(ctx, func() (err error) {
		st, err = store.Open(ctx, o)
		var setup *store.SetupError
		if errors.As(err, &setup) {
			err = retry.Final(NeedsPerson(err))
		}
		return err
	})
	return st, err
}
