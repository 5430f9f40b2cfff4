package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/watch"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

const (
	// pollEvery is how often the config file is looked at. Looking, rather than
	// being told by the kernel, also sees what a symlink, NFS or a bind mount
	// changes.
	pollEvery = 2 * time.Second
	// startPatience is how long a start waits for another replica that announces:
	// one that died within it is waited for as well.
	startPatience = announceLease + 5*time.Second
	startPause    = 100 * time.Millisecond
)

// ticks is told of each tick of retry.Tick until stop, which waits for the end of that; one
// that nobody has taken by then is not told twice.
func ticks(ctx context.Context, every time.Duration) (told <-chan time.Time, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	tick := make(chan time.Time, 1)
	var telling sync.WaitGroup
	telling.Go(func() {
		for retry.Tick(ctx, every); ctx.Err() == nil; retry.Tick(ctx, every) {
			select {
			case tick <- time.Now():
			default:
			}
		}
	})
	return tick, func() { cancel(); telling.Wait() }
}

// A watcher has the bot go by another config when the file says something else.
// What cannot be used is refused whole, and what is not on the record does not
// count: then the bot keeps the config that it had, and it is tried again.
type watcher struct {
	path     string // "" when it cannot be read again
	look     <-chan time.Time
	reload   <-chan os.Signal
	check    func(config.Config) error
	serve    func(config.Config)
	announce *announcer
	log      *slog.Logger

	served   config.Summary // what this process goes by
	done     config.Reading // the last one that was dealt with
	seen     string         // digest of one that was seen once
	lamented string         // digest of one that could not be dealt with, which was logged

	goesBy atomic.Pointer[watch.Config] // nil before it began
}

// goBy notes that what has this digest is served from now on.
func (w *watcher) goBy(digest string) {
	w.goesBy.Store(&watch.Config{Digest: digest, At: w.announce.now()})
}

// refused notes whether what the file says by now cannot be used.
func (w *watcher) refused(is bool) {
	now := w.config()
	now.Refused = is
	w.goesBy.Store(&now)
}

// config is the one that this process goes by.
func (w *watcher) config() watch.Config {
	if w == nil || w.goesBy.Load() == nil {
		return watch.Config{}
	}
	return *w.goesBy.Load()
}

// start announces what changed since any replica announced something. It is over
// before anything is served.
func (w *watcher) start(ctx context.Context, c config.Config) error {
	w.served = c.Summary
	if w.done.Err() != nil || !reflect.DeepEqual(w.done.Config.Summary, w.served) {
		w.done = config.Reading{} // what is served came from elsewhere
	}
	err := untilAnswered(ctx, w.log, func() error { return w.announceStart(ctx) })
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("what changed of the config is not on the record, so nothing is served: %w", err)
	}
	return nil
}

// announceStart waits for another replica that announces.
func (w *watcher) announceStart(ctx context.Context) error {
	waiting, done := context.WithTimeout(ctx, startPatience)
	defer done()
	return retry.Pace{First: startPause}.Do(waiting, func() error {
		lines, err := w.announce.accept(ctx, w.served, nil)
		switch {
		case err == nil:
			w.logAnnounced(ctx, lines)
		case !errors.Is(err, errAnnouncing):
			err = retry.Final(err)
		}
		return err
	})
}

// run looks after the file until ctx ends, and calls beside at each look.
func (w *watcher) run(ctx context.Context, beside func(context.Context)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.look:
			beside(ctx)
			w.poll(ctx)
		case <-w.reload:
			w.log.InfoContext(ctx, "SIGHUP: reading the config file", "file", w.path)
			w.take(ctx, config.Read(w.path))
		}
	}
}

// poll takes what was the same twice in a row: a file that is being written is
// not read half.
func (w *watcher) poll(ctx context.Context) {
	if w.done.Digest != "" && !w.done.Stale() {
		w.seen = ""
		return
	}
	next := config.Read(w.path)
	if next.Digest != w.seen {
		w.seen = next.Digest
		return
	}
	w.take(ctx, next)
}

// take deals with a reading, or leaves it to the next look.
func (w *watcher) take(ctx context.Context, next config.Reading) {
	if next.Err() == nil {
		next.Refuse(w.check(next.Config))
	}
	var err error
	if next.Err() != nil {
		w.refused(true)
		err = w.refuse(ctx, next)
	} else if err = w.accept(ctx, next.Config); err == nil {
		w.goBy(next.Digest)
	}
	w.seen = next.Digest
	switch {
	case err == nil:
		w.done, w.lamented = next, ""
	case ctx.Err() != nil || errors.Is(err, errAnnouncing):
	case w.lamented != next.Digest:
		w.lamented = next.Digest
		w.log.ErrorContext(ctx, "the config file is not used yet, since that cannot be put on the record; the bot keeps the config that it had", "error", err)
	}
}

func (w *watcher) refuse(ctx context.Context, r config.Reading) error {
	if w.lamented != r.Digest {
		w.log.ErrorContext(ctx, "the config file is refused; the bot keeps the config that it had", "problems", r.Problems.Lines())
	}
	return w.announce.refuse(ctx, r.Digest, r.Problems, w.served)
}

func (w *watcher) accept(ctx context.Context, c config.Config) error {
	next := c.Summary
	lines, err := w.announce.accept(ctx, next, w.served)
	if err != nil {
		return err
	}
	w.serve(c)
	own := config.Changes(w.served, next, true)
	w.served = next.WithFixed(w.served)
	w.logAnnounced(ctx, lines)
	warn(ctx, c, nil, w.log)
	w.log.InfoContext(ctx, "config file read", "changes", own)
	return nil
}

// logAnnounced logs what this replica announced.
func (w *watcher) logAnnounced(ctx context.Context, lines []string) {
	if len(lines) > 0 {
		w.log.InfoContext(ctx, "a change of the config was announced", "changes", lines)
	}
}
