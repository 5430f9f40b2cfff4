// Package retry tries again. It is the one place that waits between tries: at
// first a Pace's First, each time twice as long, at most its Longest, all of it
// give or take a half, so that replicas do not come all at once.
//
// It tries until try succeeds, says that trying again cannot help (Final), all
// Tries are used or ctx ends; what the other side says about when to come back
// (After) goes before the Pace. Time is that of the process: only waits hang on
// it, never whether something is still valid.
package retry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// A Pace is how long to wait between tries.
type Pace struct {
	First, Longest time.Duration
	Tries          int                        // 0: until ctx ends
	Report         func(error, time.Duration) // before each wait; may be nil
}

// Do calls try until it returns nil. It returns what the last try did, and, where
// ctx ended before, why that did too.
func (p Pace) Do(ctx context.Context, try func() error) error {
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		last = try()
		return struct{}{}, last
	}, backoff.WithBackOff(p.exponential()), backoff.WithMaxElapsedTime(0), backoff.WithMaxTries(uint(max(p.Tries, 0))), backoff.WithNotify(p.report))
	if cause := context.Cause(ctx); err != nil && err == cause && last != cause { //nolint:errorlint // the very error that backoff took from ctx
		return fmt.Errorf("%w; before that: %w", err, last)
	}
	return err
}

func (p Pace) report(err error, wait time.Duration) {
	if p.Report != nil {
		p.Report(err, wait)
	}
}

func (p Pace) exponential() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: p.First, MaxInterval: max(p.First, p.Longest), Multiplier: 2, RandomizationFactor: 0.5}
}

// Waits are the waits of one who counts failures and successes, instead of
// calling Do. They are of one goroutine.
type Waits struct{ next *backoff.ExponentialBackOff }

// Waits begin at p.First.
func (p Pace) Waits() Waits { return Waits{p.exponential()} }

// Next is how long to wait after err before the next try.
func (w Waits) Next(err error) time.Duration {
	var after *backoff.RetryAfterError
	if errors.As(err, &after) {
		return after.Duration
	}
	return w.next.NextBackOff()
}

// Reset begins at the first wait again.
func (w Waits) Reset() { w.next.Reset() }

// Sleep returns after d, or when ctx ends.
func Sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Tick returns at the next moment that is a multiple of every by the clock of this machine,
// or when ctx ends. What a process does again and again it so does at the same moments: it
// wakes up once for all of that.
func Tick(ctx context.Context, every time.Duration) {
	now := time.Now()
	Sleep(ctx, now.Truncate(every).Add(every).Sub(now))
}

// Final is err, which trying again cannot mend. Do returns it without the mark.
func Final(err error) error { return backoff.Permanent(err) }

// After is err with how long to wait before the next try.
func After(err error, d time.Duration) error { return &afterError{err, d} }

type afterError struct {
	err  error
	wait time.Duration
}

func (e *afterError) Error() string { return e.err.Error() }

func (e *afterError) Unwrap() []error {
	return []error{e.err, &backoff.RetryAfterError{Duration: e.wait}}
}
