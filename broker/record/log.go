package record

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/state"
	"github.com/assumebot/assumebot/broker/retry"
)

// A Log is what one replica does with the record. Its parts know one another in this order, each
// those before it alone:
//
//	reading   what was read, in order and checked, and why the Log has stopped
//	held      why nothing that gives somebody something is taken for now
//	queue     what waits to be written
//	disowned  the intents that were given up
//	mending   puts back what the store has lost
//	marks     tells other replicas why this one has stopped, and heeds what they tell
//	writer    writes what waits, a batch at a time
//
// It has two goroutines: one writes what waits, one reads what others wrote (follow.go). Both
// hand what the store answers to the reading.
//
// What does not check out stops the Log for good: nothing is written any more, so
// nothing is issued, until a person has looked at it. A store that is only away does
// not; it is asked again.
type Log struct {
	Deps
	state.Standing
	*reading
	held     *held
	queue    *queue
	disowned *disowned
	mending  *mending
	marks    *marks
	writer   *writer
	decoded  decoded
	awaitFor time.Duration // a test waits less
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
	l := &Log{
		Deps:     d,
		Standing: now.Standing(),
		reading:  newReading(d, now),
		held:     &held{state: now, out: d.Log, why: map[string]error{}},
		queue:    &queue{some: make(chan struct{}, 1)},
		awaitFor: awaitFor,
	}
	l.disowned = &disowned{state: now, now: d.Now, write: l.recordLater, since: map[string]time.Time{}}
	l.mending = newMending(l.reading, d, l.alarm)
	l.marks = newMarks(l.mending, d)
	l.writer = newWriter(l.marks, l.queue)
	l.took = func(e entry.Entry, ev event.Event) {
		l.mending.recall.add(e)
		l.decoded.keep(e, ev)
		if ev.Kind == event.Intent {
			l.disowned.close(ev)
		}
	}
	return l
}

// Why the Log takes no Event.
var (
	// ErrStopped says that the record does not check out. Only a person goes on from it.
	ErrStopped = errors.New("the record does not check out")
	// ErrInterrupted says that the Request was interrupted before: its process was taken for
	// dead, and another has told whoever asked.
	ErrInterrupted = errors.New("another process has told already that the request was interrupted")
	// ErrUnsure says that nobody knows whether the store took the Events; beside ErrStopped, nor will.
	ErrUnsure = errors.New("the store did not say whether it took an entry of the record")
)

// Run reads and writes until ctx ends. What waited to be written then is written, if the
// store answers in time.
func (l *Log) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { l.follow(ctx) })
	all.Go(func() { l.writer.writeAll(ctx) })
	all.Go(func() { l.marks.afterStop(ctx, l.awaitFor) })
	all.Wait()
}

// retryIn is how long whoever fails with err waits, after it has said so; a Log that has stopped
// says so itself.
func retryIn(out *slog.Logger, waits retry.Waits, what string, err error) time.Duration {
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
