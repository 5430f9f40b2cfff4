package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/assumebot/assumebot/broker/record"
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

// openStore reaches Redis, for which it waits, and notes there what this release writes.
func openStore(ctx context.Context, o store.Options) (st *store.Store, err error) {
	err = untilAnswered(ctx, o.Log, func() (err error) {
		st, err = store.Open(ctx, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := untilAnswered(ctx, o.Log, func() error { return st.Schema.Enter(ctx) }); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// untilAnswered waits for Redis as the bot waits for Slack: it calls try until that
// succeeds, ctx ends, or it says what waiting cannot mend.
func untilAnswered(ctx context.Context, log *slog.Logger, try func() error) error {
	pace := retry.Pace{First: 500 * time.Millisecond, Longest: 15 * time.Second}
	pace.Report = func(err error, wait time.Duration) {
		log.WarnContext(ctx, "waiting for Redis: nothing is served before it answers", "error", err, "retry_in", wait)
	}
	return pace.Do(ctx, func() error {
		err := try()
		var setup *SetupError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &setup), errors.Is(err, record.ErrStopped):
			return retry.Final(err)
		case store.NeedsPerson(err):
			return retry.Final(NeedsPerson(err))
		}
		return err
	})
}
