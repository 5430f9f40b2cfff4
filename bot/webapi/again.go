package webapi

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/retry"
)

const (
	tries = 3 // of the five posts that a response_url takes
	// longestPause is how long somebody who waits waits for Slack's Retry-After; a
	// longer one is left to the list of answers owed.
	longestPause = 3 * time.Second
)

// once does f again only while Slack certainly did not take it: what it may have
// shown is not shown twice.
func once(ctx context.Context, f func() error) error {
	return pace().Do(ctx, func() error {
		err := f()
		if err == nil || !NotTaken(err) || !mayHelp(err) {
			return retry.Final(err)
		}
		return afterPause(err)
	})
}

// Repeat does f, which may be done twice, as long as that may help. When one try
// may have been taken after all, its error is what is returned.
func Repeat(ctx context.Context, f func() error) error {
	var open error
	last := pace().Do(ctx, func() error {
		err := f()
		if open == nil && err != nil && !NotTaken(err) {
			open = err
		}
		if err == nil || !mayHelp(err) {
			return retry.Final(err)
		}
		return afterPause(err)
	})
	if last == nil {
		return nil
	}
	return cmp.Or(open, last)
}

// PostOnce posts m, and again only while nothing can have been posted: a second
// one would ask twice, or stay for good.
func (c *Client) PostOnce(ctx context.Context, channel string, m blockkit.Message) (ts string, err error) {
	err = pace().Do(ctx, func() (err error) {
		if ts, err = c.Post(ctx, channel, m); err == nil || !NotTaken(err) || RefusedForGood(err) {
			return retry.Final(err)
		}
		return afterPause(err)
	})
	return ts, err
}

func pace() retry.Pace { return retry.Pace{First: 300 * time.Millisecond, Tries: tries} }

// afterPause has what failed with err tried again when Slack takes that, and not at
// all when that is too long for somebody who waits.
func afterPause(err error) error {
	var limited *slack.RateLimitedError
	switch {
	case !errors.As(err, &limited):
		return err
	case limited.RetryAfter > longestPause:
		return retry.Final(err)
	}
	return retry.After(err, limited.RetryAfter)
}

// LongestWait is the longest wait of [Patience].
const LongestWait = 30 * time.Second

// Patience is how a Slack that does not answer is waited for.
func Patience() retry.Pace { return retry.Pace{First: 500 * time.Millisecond, Longest: LongestWait} }

// AsTold has err wait as long as Slack says, give or take a second.
func AsTold(err error) error {
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		return retry.After(err, limited.RetryAfter+rand.N(time.Second))
	}
	return err
}

// PutOff is when to try again after err: when Slack says so, or by backing off.
// ok is false when Slack refused for good.
func PutOff(now time.Time, err error, tries int) (at time.Time, ok bool) {
	var limited *slack.RateLimitedError
	switch {
	case errors.As(err, &limited):
		return now.Add(min(max(limited.RetryAfter, time.Second), time.Hour)), true
	case RefusedForGood(err):
		return time.Time{}, false
	}
	return now.Add(min(time.Minute, time.Second<<min(max(tries, 0), 10))), true
}
