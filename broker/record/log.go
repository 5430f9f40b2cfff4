package record

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/state"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/retry"
)

// A Log is what one replica does with the record. It has two goroutines: one writes
// what waits, a batch at a time (write.go), one reads what others wrote (follow.go).
// Both hand what the store answers to the same view, which takes entries in their
// order, each once, and checks them.
//
// What does not check out stops the Log for good: nothing is written any more, so
// nothing is issued, until a person has looked at it. A store that is only away does
// not; it is asked again.
type Log struct {
	Deps
	state.Standing
	mu    sync.Mutex
	view  *entry.View
	state *state.State
	// broken is why the Log has stopped; nil while it goes on.
	broken error
	// held is why nothing that gives somebody something is taken for now, by reason.
	held map[string]error
	// read is closed, and replaced, whenever the view has moved or the Log has stopped.
	read chan struct{}
	// upToDate is when the newest answer was asked for that had nothing more to read.
	upToDate time.Time

	// recall is what can be put back into the store. oldest is the number of the oldest entry
	// that it had, when it was last whole.
	recall  recall
	oldest  int64
	mending turn

	// signed is the newest tree that was signed of what was read, and tiles has its hashes.
	signed tlog.Tree
	tiles  tree.GetTiles

	passed    []byte // the mark of another replica that this one does not stop for
	sawForged bool

	queue    []*write
	ended    bool          // nobody writes what is queued any more
	queued   chan struct{} // holds one signal that something waits
	disowned map[string]time.Time

	writeWithin, settleFor, awaitFor time.Duration // a test waits less
}

// Deps is what a Log is made of. All but the archive is needed.
type Deps struct {
	Entries entry.Store
	Archive *archive.Archive // which has what the store lost or let go; nil where there is none
	Keys    entry.Keys
	Origin  string // names the log
	Replica string // names this process, as no other one ever was
	Now     func() time.Time
	Log     *slog.Logger
}

// New returns a Log that has read nothing; Run makes it read and write.
func New(d Deps) *Log {
	d.Log = d.Log.With("part", "record")
	now := state.New()
	return &Log{
		Deps:     d,
		Standing: now.Standing(),
		view:     entry.NewView(d.Keys, d.Origin),
		state:    now,
		read:     make(chan struct{}),
		queued:   make(chan struct{}, 1),
		disowned: map[string]time.Time{},
		held:     map[string]error{},
		mending:  make(turn, 1),

		writeWithin: writeWithin,
		settleFor:   settleFor,
		awaitFor:    awaitFor,
	}
}

// Why the Log takes no Event.
var (
	// ErrStopped says that the record does not check out. Only a person goes on from it.
	ErrStopped = errors.New("the record does not check out")
	// ErrUnsure says that nobody knows whether the store took the Events; beside ErrStopped, nor will.
	ErrUnsure = errors.New("the store did not say whether it took an entry of the record")
)

// Run reads and writes until ctx ends. What waited to be written then is written, if the
// store answers in time.
func (l *Log) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { l.follow(ctx) })
	all.Go(func() { l.writeAll(ctx) })
	all.Go(func() { l.afterStop(ctx) })
	all.Wait()
}

// Err is why the Log has stopped; nil while it goes on.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// Size is how many entries were read.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.view.Size()
}

// tree is what was read.
func (l *Log) tree() tlog.Tree {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.view.Edge.Tree()
}

// stop stops the Log, for the first reason that there is.
func (l *Log) stop(why error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stopLocked(why)
}

func (l *Log) stopLocked(why error) error {
	var d *entry.Disagreement
	if errors.As(why, &d) && d.Tree.N == 0 {
		d.Tree = l.view.Edge.Tree()
	}
	if l.broken == nil {
		l.broken = fmt.Errorf("%w: %w", ErrStopped, why)
		l.Log.Error("the record does not check out: nothing is issued until somebody has looked at it", "error", why, "entry", l.view.Size())
		l.moved()
	}
	return l.broken
}

// moved wakes whoever waits for the view; it is called under mu.
func (l *Log) moved() {
	close(l.read)
	l.read = make(chan struct{})
}

// advance takes entries that the store gave. Those that were taken before are passed
// over, if they are the same ones. asked is when the store was asked; end says that
// it had no more.
func (l *Log) advance(entries []entry.Entry, asked time.Time, end bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	before := l.view.Size()
	for _, e := range entries {
		taken, ev, err := l.view.Take(e)
		if err != nil {
			return l.stopLocked(fmt.Errorf("entry %d: %w", e.Number, err))
		}
		if taken {
			l.recall.add(e)
			l.follows(e.Number, ev)
		}
	}
	if end && asked.After(l.upToDate) {
		l.upToDate = asked
	}
	if l.view.Size() != before {
		l.moved()
	}
	return nil
}

// follows is what the Log does about an Event that it has read.
func (l *Log) follows(number int64, e event.Event) {
	first := l.state.Apply(number, e, l.Now())
	if event.Closes(e.Kind) && e.Attempt() != "" && !first {
		l.view.Late(number)
	}
	if e.Kind == event.Intent {
		l.closeDisowned(e)
	}
}

// await returns once the view has size entries, or the Log has stopped.
func (l *Log) await(ctx context.Context, size int64) error {
	for {
		l.mu.Lock()
		have, broken, read := l.view.Size(), l.broken, l.read
		l.mu.Unlock()
		switch {
		case broken != nil:
			return broken
		case have >= size:
			return nil
		}
		select {
		case <-read:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Await returns nil once there is an entry of that number among those that were read, or
// wait has passed.
func (l *Log) Await(ctx context.Context, number int64, wait time.Duration) error {
	bounded, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if err := l.await(bounded, number+1); err != nil && bounded.Err() == nil {
		return err
	}
	return ctx.Err()
}

// CaughtUp returns once everything was read that was there when it was called.
func (l *Log) CaughtUp(ctx context.Context) error {
	_, next, err := l.Entries.Bounds(ctx)
	if err != nil {
		return err
	}
	return l.await(ctx, next)
}

// awaitFrom returns once size entries were read, or within has passed.
func (l *Log) awaitFrom(ctx context.Context, size int64, within time.Duration) {
	waiting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if l.await(waiting, size) != nil {
		<-waiting.Done() // also when the Log has stopped
	}
}

// retryIn is how long whoever fails with err waits, after it has said so; a Log that has stopped
// says so itself.
func (l *Log) retryIn(out *slog.Logger, waits retry.Waits, what string, err error) time.Duration {
	if errors.Is(err, ErrStopped) {
		return remindEvery
	}
	wait := waits.Next(err)
	out.Warn(what, "error", err, "retry_in", wait)
	return wait
}

// storePace is how the store is asked again.
func storePace() retry.Pace {
	return retry.Pace{First: 100 * time.Millisecond, Longest: 5 * time.Second}
}
