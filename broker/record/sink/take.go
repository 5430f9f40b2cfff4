package sink

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/secret"
)

// A Sink may not come back: a disk that is gone, a pipe that nobody reads. It hangs by itself
// then. Nobody waits for it longer than for others, it is told nothing else meanwhile, and it is
// told all of it again once it has come back.

const (
	// takeWithin is how long a Sink may take over what it is told.
	takeWithin = 2 * time.Minute
	// leaveWithin is how long it is waited for once its context has ended.
	leaveWithin = 2 * time.Second
)

var (
	errHangs = errors.New("the sink does not come back from what it was told")
	errLate  = errors.New("the sink came back too late: it is told the same again")
)

// An outcome is what came of telling a Sink something.
type outcome struct {
	taken Taken
	err   error
}

// take has the Sink take entries, or says that it hangs.
func (f *Follower) take(ctx context.Context, entries []record.Followed) (Taken, error) {
	late := f.under != nil
	ctx, cancel := context.WithTimeout(ctx, takeWithin)
	if !late {
		under := make(chan outcome, 1)
		f.under = under
		go func() { // it ends when the Sink comes back
			defer cancel()
			taken, err := f.guarded(ctx, entries)
			under <- outcome{taken, err}
		}()
	} else {
		defer cancel()
	}
	got, err := f.comes(ctx)
	switch {
	case err != nil:
		return Taken{}, err
	case late:
		return Taken{}, errLate
	}
	return got.taken, got.err
}

// comes waits for the Sink.
func (f *Follower) comes(ctx context.Context) (outcome, error) {
	select {
	case got := <-f.under:
		f.under = nil
		return got, nil
	case <-ctx.Done():
	}
	leave := time.NewTimer(leaveWithin)
	defer leave.Stop()
	select {
	case got := <-f.under:
		f.under = nil
		return got, nil
	case <-leave.C:
		return outcome{}, errHangs
	}
}

// guarded is Take. A panic over an entry would come again on every replica, and end them all.
func (f *Follower) guarded(ctx context.Context, entries []record.Followed) (taken Taken, err error) {
	defer func() {
		if what := recover(); what != nil {
			taken, err = Taken{}, fmt.Errorf("panic over the entries from %d on: %s", entries[0].Number, secret.PanicText(what))
			f.Log.Error("panic in a sink", "first", entries[0].Number, "panic", secret.PanicText(what), "stack", string(debug.Stack()))
		}
	}()
	return f.Sink.Take(ctx, entries)
}
