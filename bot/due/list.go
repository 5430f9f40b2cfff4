package due

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/secret"
)

// Lists keep what is to be done later, so that any replica can do it, sealed.
// Due times are moments of the bot's clock.
type Lists interface {
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
	// Tick is how often the holder of a list's lease looks for what is due. A
	// fixed second, instead of the time to the next entry, notices entries of
	// other replicas and a clock that jumps. All lists are looked at in the same
	// moments, which costs a round trip or two in all.
	Tick = time.Second
	// lookEvery is how often the other replicas look after the lease.
	lookEvery = 2 * time.Second
	batch     = 20
	// leaseTTL is how long a replica that died holds a list up.
	leaseTTL = 15 * time.Second
	timeout  = 20 * time.Second
	// hold is how long an entry is taken for: longer than working on it and
	// settling it take together.
	hold = timeout + Finish + 5*time.Second
	// Finish bounds what is left to do with the list after SIGTERM.
	Finish = 5 * time.Second
	// MaxTries is how often an entry is taken without anybody ever saying what
	// became of it: a store that lost the answers, or a process that died of it.
	MaxTries = 20
	// maxPanics is how often working on an entry may panic in one process.
	maxPanics = 3
)

// A Result says what becomes of an entry after it was worked on.
type Result struct {
	Next  []byte    // takes the entry's place; nil: the entry is done with
	At    time.Time // when next is due
	Aside string    // why nobody can ever work on it, in one word; it is reported and set aside
	Left  bool      // it comes back by itself
}

// Done is the result for what there is nothing more to do about.
func Done() Result { return Result{} }

// SetAside is the result for an entry that cannot be what the bot put there.
func SetAside(why string) Result { return Result{Aside: why} }

// A List is one list, and works it off.
type List struct {
	Deps
	lease *lease.Lease

	mu     sync.Mutex
	panics map[string]int // by entry
}

// Deps is what a List is made of.
type Deps struct {
	List   string // its name
	Lists  Lists
	Leases lease.Leases
	Serve  func(ctx context.Context, entry []byte) Result // what it cannot do, it logs or puts off
	Aside  func(ctx context.Context, list, why string)    // tells of an entry that was set aside
	Now    func() time.Time
	Log    *slog.Logger
	Shared bool // all replicas work on it at once: taking an entry is fence enough
	AtOnce int  // how many entries are worked on at once; 0: one
	Most   int  // how many entries the list may hold; 0: any number
}

// New returns a List; it does nothing yet. Its lease has not the name of older
// releases, which work on another list.
func New(d Deps) *List {
	d.Log = d.Log.With("part", d.List)
	return &List{Deps: d, lease: lease.New(d.Leases, d.List+":sealed", leaseTTL, d.Log), panics: map[string]int{}}
}

// Run works until ctx ends, finishes the entries in hand and gives the lease up.
func (w *List) Run(ctx context.Context) {
	if w.Shared {
		w.rounds(ctx)
		return
	}
	waits := w.pace("").Waits()
	w.lease.Run(ctx, lookEvery, func(err error) time.Duration {
		d := waits.Next(err)
		w.Log.Error(notWorkedOn, "error", err, "retry_in", d)
		return d
	}, func(ctx context.Context, _ *lease.Hold) error {
		waits.Reset()
		w.rounds(ctx)
		return nil
	})
}

const notWorkedOn = "due list not worked on"

// pace is how often what the store failed is tried again; each failure is logged.
func (w *List) pace(what string) retry.Pace {
	return retry.Pace{First: 500 * time.Millisecond, Longest: 30 * time.Second, Report: func(err error, wait time.Duration) {
		w.Log.Error(what, "error", err, "retry_in", wait)
	}}
}

// rounds looks for what is due until ctx ends: the process's, or the lease's.
func (w *List) rounds(ctx context.Context) {
	for ctx.Err() == nil {
		_ = w.pace(notWorkedOn).Do(ctx, func() error { return w.round(ctx) }) // fails only with ctx
		retry.Tick(ctx, Tick)
	}
}

// round works on what is due.
func (w *List) round(ctx context.Context) error {
	entries, err := w.Lists.DueBy(ctx, w.List, w.Now(), batch)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(entries, max(w.AtOnce, 1)) {
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
func (w *List) handle(ctx context.Context, e broker.DueEntry) error {
	switch {
	case e.Broken != "":
		// For the log alone: the rest may be written by anybody.
		w.Log.Error("an entry of the due list cannot be read", "entry", fmt.Sprintf("%.100q", e.ID), "why", e.Broken, "holds", fmt.Sprintf("%.500q", e.Sealed))
		return w.putAside(ctx, e, "unreadable")
	case e.Tries >= MaxTries:
		return w.putAside(ctx, e, "too_often")
	}
	e, taken, err := w.Lists.TakeDue(ctx, w.List, e, w.Now().Add(hold))
	if err != nil || !taken {
		return err
	}
	v := w.work(ctx, e)
	switch {
	case v.Left:
		return nil
	case v.Aside != "":
		return w.putAside(ctx, e, v.Aside)
	}
	return w.settle(ctx, e, v)
}

// work does not stop in the middle because the process does.
func (w *List) work(ctx context.Context, e broker.DueEntry) (v Result) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			tries := w.panicked(e.ID)
			w.Log.Error("working on an entry of the due list panicked", "entry", e.ID, "panic", secret.PanicText(r), "stack", string(debug.Stack()))
			if v = (Result{Left: true}); tries >= maxPanics {
				v = SetAside("panics")
			}
		}
	}()
	return w.Serve(ctx, e.Text)
}

// panicked counts how often working on an entry did, and forgets the count at the
// last.
func (w *List) panicked(id string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.panics[id]++
	tries := w.panics[id]
	if tries >= maxPanics {
		delete(w.panics, id)
	}
	return tries
}

// putAside takes an entry out of everybody's way and tells of it once.
func (w *List) putAside(ctx context.Context, e broker.DueEntry, why string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Finish)
	defer cancel()
	aside, err := w.Lists.SetAsideDue(ctx, w.List, e)
	if err != nil || !aside {
		return err
	}
	w.Log.Error("an entry of the due list is set aside: nobody works on it any more", "entry", fmt.Sprintf("%.100q", e.ID), "due", e.At, "why", why)
	w.Aside(ctx, w.List, why)
	return nil
}

// settle keeps trying while the store is away: the next holder would do again
// what was done already.
func (w *List) settle(ctx context.Context, e broker.DueEntry, v Result) error {
	trying, cancel := context.WithTimeout(context.WithoutCancel(ctx), Finish)
	defer cancel()
	return w.pace("an entry of the due list was worked on and is still there").Do(ctx, func() error {
		err := w.SettleNow(trying, e, v)
		trying = ctx // the first try is made also after ctx has ended
		return err
	})
}

// SettleNow tries once.
func (w *List) SettleNow(ctx context.Context, e broker.DueEntry, v Result) error {
	_, err := w.Lists.SettleDue(ctx, w.List, e, v.At, v.Next)
	return err
}

// Put keeps an entry for whichever replica holds the list by then.
func (w *List) Put(ctx context.Context, at time.Time, text []byte) (broker.DueEntry, error) {
	// What is to be done later must be kept, whether or not whoever asked is
	// still there.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Finish)
	defer cancel()
	e, put, err := w.Lists.PutDue(ctx, w.List, at, text, w.Most)
	if err == nil && !put {
		err = fmt.Errorf("it holds %d entries already", w.Most)
	}
	if err != nil {
		return broker.DueEntry{}, fmt.Errorf("due list %s: %w", w.List, err)
	}
	return e, nil
}

// Text is what Put puts, for whoever puts it with something else.
func (w *List) Text(at time.Time, text []byte) broker.DueText {
	return broker.DueText{List: w.List, At: at, Text: text, Most: w.Most}
}

// Count is how many entries are due and not done yet, up to some.
func (w *List) Count(ctx context.Context) (int, error) {
	entries, err := w.Lists.DueBy(ctx, w.List, w.Now(), batch)
	return len(entries), err
}
