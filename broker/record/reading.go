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
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/state"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A reading is what one replica has read of the record: entries in their order, each once, and
// checked. What does not check out stops it for good.
type reading struct {
	kept kept
	now  func() time.Time
	out  *slog.Logger
	// took hears of each entry once it is read. It may not ask the reading anything.
	took func(entry.Entry, event.Event)

	mu    sync.Mutex
	view  *entry.View
	state *state.State
	// broken is why the Log has stopped; nil while it goes on.
	broken error
	// read is closed, and replaced, whenever the view has moved or the Log has stopped.
	read chan struct{}
	// upToDate is when the newest answer was asked for that had nothing more to read.
	upToDate time.Time
	// signed is the newest tree that was signed of what was read.
	signed tlog.Tree
	// signedAt is when this replica saw that it was; zero for one from before it began.
	signedAt time.Time
	// unsigned is since when something waits to be signed and nothing was, by the clock of this
	// machine, which signing goes by; zero: nothing waits.
	unsigned time.Time
}

func newReading(d Deps, now *state.State) *reading {
	return &reading{
		kept:  kept{d.Entries, d.Archive},
		now:   d.Now,
		out:   d.Log,
		view:  entry.NewView(d.Keys, d.Origin),
		state: now,
		read:  make(chan struct{}),
	}
}

// begin begins after the tree that at is the edge of, with the IDs of its last entries; signed
// is one that has to be met from there on.
func (r *reading) begin(at tree.Edge, ids map[string]int64, signed tlog.Tree) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view.BeginAt(at, signed)
	r.view.IDs = ids
	r.state.BeginAt(at.Size())
	r.signed = signed
}

// Err is why the Log has stopped; nil while it goes on.
func (r *reading) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.broken
}

// Size is how many entries were read.
func (r *reading) Size() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view.Size()
}

// tree is what was read.
func (r *reading) tree() tlog.Tree {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view.Edge.Tree()
}

// newestSigned is the newest tree that was signed of what was read.
func (r *reading) newestSigned() tlog.Tree {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.signed
}

// readUpTo is as of when everything was read.
func (r *reading) readUpTo() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.upToDate
}

// last, expect, idAt and rootAfter are those of the view.
func (r *reading) last() (number int64, id string, root tlog.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view.Last()
}

func (r *reading) expect(read map[string]entry.Read) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view.Expected = read
}

func (r *reading) idAt(number int64) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view.IDAt(number)
}

func (r *reading) rootAfter(number int64) (root tlog.Hash, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view.RootAfter(number)
}

// isLate reports whether one of some entries comes second.
func (r *reading) isLate(first int64, count int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range int64(count) {
		if r.view.IsLate(first + n) {
			return true
		}
	}
	return false
}

// find returns where entries stand of which some were read, and how many were: another replica
// may have put them back where the store had lost them, and lost that they were the last batch of
// their writer.
func (r *reading) find(entries []entry.Sealed) (first int64, count int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range entries {
		if at, ok := r.view.IDs[e.ID]; ok {
			first, count = at-int64(count), count+1
		}
	}
	return first, count
}

// confirm stops the Log unless entries stand from a number on.
func (r *reading) confirm(entries []entry.Sealed, first int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, s := range entries {
		at := first + int64(i)
		if id := r.view.IDAt(at); id != s.ID {
			return r.stopLocked(fmt.Errorf("entry %d: the store took %s there, and it is %s", at, entry.Shown(s.ID), entry.Shown(id)))
		}
	}
	return nil
}

// stop stops the Log, for the first reason that there is.
func (r *reading) stop(why error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopLocked(why)
}

func (r *reading) stopLocked(why error) error {
	var d *entry.Disagreement
	if errors.As(why, &d) && d.Tree.N == 0 {
		d.Tree = r.view.Edge.Tree()
	}
	if r.broken == nil {
		r.broken = fmt.Errorf("%w: %w", ErrStopped, why)
		r.out.Error("the record does not check out: nothing is issued until somebody has looked at it", "error", why, "entry", r.view.Size())
		r.moved()
	}
	return r.broken
}

// moved wakes whoever waits for the view; it is called under mu.
func (r *reading) moved() {
	close(r.read)
	r.read = make(chan struct{})
}

// readOn reads what is there and was not read.
func (r *reading) readOn(ctx context.Context) error {
	for {
		asked, had := r.now(), r.Size()
		entries, more, err := r.kept.read(ctx, had, entry.PageMost)
		if err != nil {
			return err
		}
		if err := r.advance(entries, asked, !more); err != nil || !more {
			return err
		}
		if r.Size() == had {
			return fmt.Errorf("the store has more than %d entries, and shows none of them", had)
		}
	}
}

// advance takes entries that the store gave. Those that were taken before are passed
// over, if they are the same ones. asked is when the store was asked; end says that
// it had no more.
func (r *reading) advance(entries []entry.Entry, asked time.Time, end bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		return r.broken
	}
	before := r.view.Size()
	for _, e := range entries {
		taken, ev, err := r.view.Take(e)
		if err != nil {
			return r.stopLocked(fmt.Errorf("entry %d: %w", e.Number, err))
		}
		if !taken {
			continue
		}
		if r.state.Apply(e.Number, ev, r.now()) {
			r.view.Late(e.Number)
		}
		if r.took != nil {
			r.took(e, ev)
		}
	}
	if end && asked.After(r.upToDate) {
		r.upToDate = asked
	}
	if r.view.Size() != before {
		if r.unsigned.IsZero() {
			r.unsigned = time.Now()
		}
		r.moved()
	}
	return nil
}

// checkTree compares a tree that was signed with what was read.
func (r *reading) checkTree(ctx context.Context, signed tlog.Tree) error {
	if r.Size() < signed.N {
		if err := r.readOn(ctx); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if have := r.view.Size(); have < signed.N {
		err := fmt.Errorf("%w: %d entries were signed, and there are %d", tree.ErrRewound, signed.N, have)
		return r.stopLocked(&entry.Disagreement{Err: err, Tree: signed, First: have, Lost: true})
	}
	root, known := r.view.RootAfter(signed.N - 1)
	if known && root != signed.Hash {
		return r.stopLocked(entry.Disagrees(fmt.Errorf("%w: other %d entries were signed than this replica has read", tree.ErrForked, signed.N)))
	}
	if known && signed.N > r.signed.N {
		r.signed, r.signedAt, r.unsigned = signed, r.now(), time.Time{}
		if r.view.Size() > signed.N {
			r.unsigned = time.Now()
		}
	}
	return nil
}

// restatement is what restates all that restricts now, as of the last entry that was read.
func (r *reading) restatement() event.RestatedData {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.Restatement(r.view.Size()-1, r.now())
}
