package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// DueLists keep what is to be done later, so that any replica can do it. Due
// times are moments of the bot's clock.
type DueLists interface {
	// PutDue keeps entry in list, due at at, in place of old if that is not nil;
	// false when old is no longer there, and then nothing changed.
	PutDue(ctx context.Context, list string, at time.Time, entry, old []byte) (bool, error)
	// DueBy returns up to limit entries that are due, the earliest first; they
	// stay until they are dropped.
	DueBy(ctx context.Context, list string, now time.Time, limit int64) ([][]byte, error)
	// DropDue takes entry off list; one that is not there is no error.
	DropDue(ctx context.Context, list string, entry []byte) error
}

const (
	// dueTick is how often the holder of a list's lease looks for what is due. A
	// fixed second, instead of the time to the next entry, notices entries of
	// other replicas and a clock that jumps, for two round trips a second in all.
	dueTick = time.Second
	// dueFollow is how often the other replicas look after the lease.
	dueFollow = 2 * time.Second
	dueBatch  = 20
	// dueLeaseTTL leaves room for one entry, so that nobody else begins the same.
	dueLeaseTTL = 30 * time.Second
	dueTimeout  = 20 * time.Second
	// dueFinish bounds what is left to do with the list after SIGTERM.
	dueFinish = 5 * time.Second
)

// A verdict says what becomes of an entry after it was worked on.
type verdict struct {
	next []byte    // takes the entry's place; nil: the entry is done with
	at   time.Time // when next is due
}

var doneWith = verdict{}

// A dueWorker works one list off, from one replica at a time. An entry leaves
// the list only after it was worked on, so a replica that dies in between leaves
// it to be worked on again; only then is anything done twice.
type dueWorker struct {
	list   string
	due    DueLists
	leases Leases
	serve  func(ctx context.Context, entry []byte) verdict // what it cannot do, it logs or puts off
	holder string
	now    func() time.Time
	log    *slog.Logger
}

func newDueWorker(d Deps, list string, serve func(context.Context, []byte) verdict) *dueWorker {
	return &dueWorker{
		list: list, due: d.Due, leases: d.Leases, serve: serve,
		holder: broker.NewID(), now: d.Now, log: d.Log.With("part", list),
	}
}

// run works until ctx ends, finishes the entry in hand and gives the lease up.
func (w *dueWorker) run(ctx context.Context) {
	wait := backoff{}
	for ctx.Err() == nil {
		held, err := w.round(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			d := wait.next(err)
			w.log.Error("due list not worked on", "error", err, "retry_in", d)
			sleep(ctx, d)
		default:
			wait = backoff{}
			if held {
				sleep(ctx, dueTick)
			} else {
				sleep(ctx, dueFollow)
			}
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), dueFinish)
	defer cancel()
	if err := w.leases.ReleaseLease(last, w.list, w.holder); err != nil {
		w.log.Warn("lease not given up; another replica takes it when it ends", "error", err)
	}
}

// round works on what is due if the lease is ours.
func (w *dueWorker) round(ctx context.Context) (held bool, err error) {
	if held, err = w.lease(ctx); err != nil || !held {
		return held, err
	}
	entries, err := w.due.DueBy(ctx, w.list, w.now(), dueBatch)
	if err != nil {
		return true, err
	}
	for _, entry := range entries {
		if held, err = w.lease(ctx); err != nil || !held || ctx.Err() != nil {
			return held, err
		}
		if err := w.settle(ctx, entry, w.work(ctx, entry)); err != nil {
			return true, err
		}
	}
	return true, nil
}

func (w *dueWorker) lease(ctx context.Context) (bool, error) {
	return w.leases.Lease(ctx, w.list, w.holder, dueLeaseTTL)
}

// work does not stop in the middle because the process does.
func (w *dueWorker) work(ctx context.Context, entry []byte) verdict {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dueTimeout)
	defer cancel()
	return w.serve(ctx, entry)
}

// settle keeps trying while the store is away: the next holder would do again
// what was done already.
func (w *dueWorker) settle(ctx context.Context, entry []byte, v verdict) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), dueFinish)
	defer cancel()
	err := w.settleOnce(last, entry, v)
	for wait := (backoff{}); err != nil && ctx.Err() == nil; err = w.settleOnce(ctx, entry, v) {
		d := wait.next(err)
		w.log.Error("an entry of the due list was worked on and is still there", "error", err, "retry_in", d)
		sleep(ctx, d)
	}
	return err
}

func (w *dueWorker) settleOnce(ctx context.Context, entry []byte, v verdict) error {
	if v.next == nil {
		return w.due.DropDue(ctx, w.list, entry)
	}
	_, err := w.due.PutDue(ctx, w.list, v.at, v.next, entry)
	return err
}

// put keeps an entry for whichever replica holds the list by then.
func (w *dueWorker) put(ctx context.Context, at time.Time, entry []byte) error {
	// What is to be done later must be kept, whether or not whoever asked is
	// still there.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dueFinish)
	defer cancel()
	if _, err := w.due.PutDue(ctx, w.list, at, entry, nil); err != nil {
		return fmt.Errorf("due list %s: %w", w.list, err)
	}
	return nil
}

// putOff is when to try again after err: when Slack says so, or by backing off.
// ok is false when Slack refused for good.
func putOff(now time.Time, err error, tries int) (at time.Time, ok bool) {
	var limited *slack.RateLimitedError
	switch {
	case errors.As(err, &limited):
		return now.Add(max(limited.RetryAfter, time.Second)), true
	case refusedBySlack(err):
		return time.Time{}, false
	}
	return now.Add(min(time.Minute, time.Second<<min(tries, 10))), true
}

// refusedBySlack reports whether Slack answered and will not answer otherwise:
// neither its own failure nor a limit.
func refusedBySlack(err error) bool {
	var (
		refused slack.SlackErrorResponse
		status  slack.StatusCodeError
	)
	switch {
	case errors.As(err, &refused):
		switch refused.Err {
		case "internal_error", "fatal_error", "ratelimited", "request_timeout", "service_unavailable", "team_added_to_org":
			return false
		}
		return true
	case errors.As(err, &status):
		return status.Code < http.StatusInternalServerError && status.Code != http.StatusTooManyRequests
	}
	return false
}
