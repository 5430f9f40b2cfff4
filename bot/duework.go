package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/retry"
)

// DueLists keep what is to be done later, so that any replica can do it, sealed.
// Due times are moments of the bot's clock.
type DueLists interface {
	// PutDue keeps text in list, due at at, and returns it as SettleDue takes it;
	// the same text again only moves. false when the list holds most entries
	// already; 0 is no limit.
	PutDue(ctx context.Context, list string, at time.Time, text []byte, most int) (broker.DueEntry, bool, error)
	// DueBy returns up to limit entries that are due, the earliest first; they stay
	// until they are settled.
	DueBy(ctx context.Context, list string, now time.Time, limit int64) ([]broker.DueEntry, error)
	// TakeDue takes e until until, so that nobody else works on it; false when
	// another did. One that is not settled by then comes back.
	TakeDue(ctx context.Context, list string, e broker.DueEntry, until time.Time) (broker.DueEntry, bool, error)
	// SettleDue puts next in the place of e, which the caller took, or, for nil,
	// takes e off the list; false when another took it meanwhile.
	SettleDue(ctx context.Context, list string, e broker.DueEntry, at time.Time, next []byte) (bool, error)
	// SetAsideDue takes e off the list and keeps it where nobody works on it; false
	// when another did.
	SetAsideDue(ctx context.Context, list string, e broker.DueEntry) (bool, error)
}

const (
	// dueTick is how often the holder of a list's lease looks for what is due. A
	// fixed second, instead of the time to the next entry, notices entries of
	// other replicas and a clock that jumps, for two round trips a second in all.
	dueTick = time.Second
	// dueFollow is how often the other replicas look after the lease.
	dueFollow = 2 * time.Second
	dueBatch  = 20
	// dueLease is how long a replica that died holds a list up.
	dueLease   = 15 * time.Second
	dueTimeout = 20 * time.Second
	// dueHold is how long an entry is taken for: longer than working on it and
	// settling it take together.
	dueHold = dueTimeout + dueFinish + 5*time.Second
	// dueFinish bounds what is left to do with the list after SIGTERM.
	dueFinish = 5 * time.Second
	// dueTries is how often an entry is taken without anybody ever saying what
	// became of it: a store that lost the answers, or a process that died of it.
	dueTries = 20
	// duePanics is how often working on an entry may panic in one process.
	duePanics = 3
)

// A verdict says what becomes of an entry after it was worked on.
type verdict struct {
	next  []byte    // takes the entry's place; nil: the entry is done with
	at    time.Time // when next is due
	aside string    // why nobody can ever work on it; it is told and set aside
	left  bool      // it comes back by itself
}

var doneWith = verdict{}

// setAside is the verdict on an entry that cannot be what the bot put there.
func setAside(why string) verdict { return verdict{aside: why} }

// A dueWorker works one list off. One replica at a time does, unless it is shared,
// and each entry is taken before it is worked on, which fences it. An entry leaves the list only
// after it was worked on, so a replica that dies in between leaves it to be worked
// on again; only then is anything done twice.
//
// What an entry says is bounded where it is read. Whatever goes wrong with one
// harms no other: a panic is logged with its stack, and an entry that nobody can
// work on is told once and set aside.
type dueWorker struct {
	list   string
	due    DueLists
	lease  *lease.Lease                                    // not by the name of older releases, which work on another list
	serve  func(ctx context.Context, entry []byte) verdict // what it cannot do, it logs or puts off
	aside  func(ctx context.Context, list, why string)     // tells of an entry that was set aside
	now    func() time.Time
	log    *slog.Logger
	shared bool // all replicas work on it at once: taking an entry is fence enough
	atOnce int  // how many entries are worked on at once; 0: one
	mu     sync.Mutex
	panics map[string]int // by entry
	most   int            // how many entries the list may hold; 0: any number
}

func newDueWorker(d Deps, list string, serve func(context.Context, []byte) verdict, aside func(ctx context.Context, list, why string)) *dueWorker {
	log := d.Log.With("part", list)
	return &dueWorker{
		list: list, due: d.Due, lease: lease.New(d.Leases, list+":sealed", dueLease, log), serve: serve, aside: aside,
		now: d.Now, log: log, panics: map[string]int{},
	}
}

// run works until ctx ends, finishes the entries in hand and gives the lease up.
func (w *dueWorker) run(ctx context.Context) {
	if w.shared {
		w.rounds(ctx)
		return
	}
	waits := w.pace("").Waits()
	w.lease.Run(ctx, dueFollow, func(err error) time.Duration {
		d := waits.Next(err)
		w.log.Error(notWorkedOn, "error", err, "retry_in", d)
		return d
	}, func(ctx context.Context, _ *lease.Hold) error {
		waits.Reset()
		w.rounds(ctx)
		return nil
	})
}

const notWorkedOn = "due list not worked on"

// pace is how often what the store failed is tried again; each failure is logged.
func (w *dueWorker) pace(what string) retry.Pace {
	return retry.Pace{First: 500 * time.Millisecond, Longest: 30 * time.Second, Told: func(err error, wait time.Duration) {
		w.log.Error(what, "error", err, "retry_in", wait)
	}}
}

// rounds looks for what is due until ctx ends: the process's, or the lease's.
func (w *dueWorker) rounds(ctx context.Context) {
	for ctx.Err() == nil {
		_ = w.pace(notWorkedOn).Do(ctx, func() error { return w.round(ctx) }) // fails only with ctx
		retry.Sleep(ctx, dueTick)
	}
}

// round works on what is due.
func (w *dueWorker) round(ctx context.Context) error {
	entries, err := w.due.DueBy(ctx, w.list, w.now(), dueBatch)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(entries, max(w.atOnce, 1)) {
		if ctx.Err() != nil {
			return nil
		}
		failed := make([]error, len(some))
		var all sync.WaitGroup
		for i, entry := range some {
			all.Go(func() { failed[i] = w.handle(ctx, entry) })
		}
		all.Wait()
		if err := errors.Join(failed...); err != nil {
			return err
		}
	}
	return nil
}

// handle works on one entry, if it is nobody else's.
func (w *dueWorker) handle(ctx context.Context, e broker.DueEntry) error {
	switch {
	case e.Broken != "":
		// For the log alone: the rest may be written by anybody.
		w.log.Error("an entry of the due list cannot be read", "entry", fmt.Sprintf("%.100q", e.ID), "why", e.Broken, "holds", fmt.Sprintf("%.500q", e.Kept))
		return w.putAside(ctx, e, "it does not open, since it was changed, an older release wrote it, or its seal key is gone")
	case e.Tries >= dueTries:
		return w.putAside(ctx, e, fmt.Sprintf("it was worked on %d times, and no time ended", e.Tries))
	}
	e, taken, err := w.due.TakeDue(ctx, w.list, e, w.now().Add(dueHold))
	if err != nil || !taken {
		return err
	}
	v := w.work(ctx, e)
	switch {
	case v.left:
		return nil
	case v.aside != "":
		return w.putAside(ctx, e, v.aside)
	}
	return w.settle(ctx, e, v)
}

// work does not stop in the middle because the process does.
func (w *dueWorker) work(ctx context.Context, e broker.DueEntry) (v verdict) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dueTimeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			tries := w.panicked(e.ID)
			w.log.Error("working on an entry of the due list panicked", "entry", e.ID, "panic", broker.PanicText(r), "stack", string(debug.Stack()))
			if v = (verdict{left: true}); tries >= duePanics {
				v = setAside("working on it panics")
			}
		}
	}()
	return w.serve(ctx, e.Text)
}

// panicked counts how often working on an entry did, and forgets the count at the
// last.
func (w *dueWorker) panicked(id string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.panics[id]++
	tries := w.panics[id]
	if tries >= duePanics {
		delete(w.panics, id)
	}
	return tries
}

// putAside takes an entry out of everybody's way and tells of it once.
func (w *dueWorker) putAside(ctx context.Context, e broker.DueEntry, why string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dueFinish)
	defer cancel()
	aside, err := w.due.SetAsideDue(ctx, w.list, e)
	if err != nil || !aside {
		return err
	}
	w.log.Error("an entry of the due list is set aside: nobody works on it any more", "entry", fmt.Sprintf("%.100q", e.ID), "due", e.At, "why", why)
	w.aside(ctx, w.list, why)
	return nil
}

// settle keeps trying while the store is away: the next holder would do again
// what was done already.
func (w *dueWorker) settle(ctx context.Context, e broker.DueEntry, v verdict) error {
	trying, cancel := context.WithTimeout(context.WithoutCancel(ctx), dueFinish)
	defer cancel()
	return w.pace("an entry of the due list was worked on and is still there").Do(ctx, func() error {
		err := w.settleOnce(trying, e, v)
		trying = ctx // the first try is made also after ctx has ended
		return err
	})
}

func (w *dueWorker) settleOnce(ctx context.Context, e broker.DueEntry, v verdict) error {
	_, err := w.due.SettleDue(ctx, w.list, e, v.at, v.next)
	return err
}

// put keeps an entry for whichever replica holds the list by then.
func (w *dueWorker) put(ctx context.Context, at time.Time, text []byte) (broker.DueEntry, error) {
	// What is to be done later must be kept, whether or not whoever asked is
	// still there.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dueFinish)
	defer cancel()
	e, put, err := w.due.PutDue(ctx, w.list, at, text, w.most)
	if err == nil && !put {
		err = fmt.Errorf("it holds %d entries already", w.most)
	}
	if err != nil {
		return broker.DueEntry{}, fmt.Errorf("due list %s: %w", w.list, err)
	}
	return e, nil
}

// What an entry may name: a Slack ID, an ID of the bot's own, a message's name.
var (
	slackIDShape = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,30}$`)
	entryIDShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	tsShape      = regexp.MustCompile(`^[0-9]{1,12}\.[0-9]{1,9}$`)
)

func isSlackID(s string) bool   { return slackIDShape.MatchString(s) }
func isEntryID(s string) bool   { return entryIDShape.MatchString(s) }
func isTimestamp(s string) bool { return tsShape.MatchString(s) }

// tellAside puts on the record that an entry was set aside.
func (b *Bot) tellAside(ctx context.Context, list, why string) {
	b.broker().Holding.SetAside(ctx, list, why)
}
