package ledger

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/retry"
)

const (
	// takenAtOnce is how many answers of a dead process are taken over at once: the record is
	// read once for all of them.
	takenAtOnce = 256
	// takenMost bounds what is looked through for what may have moved here.
	takenMost = 1024
	// leaveWithin bounds what is done at the end.
	leaveWithin = 3 * time.Second
	// settledAtOnce bounds how many are taken off at once.
	settledAtOnce = 256
)

// Begin says for the first time that this process lives, so that whatever it owes from then
// on is found. A store that is away is asked again by Run.
func (l *Ledger) Begin(ctx context.Context) {
	if err := l.beatOnce(ctx); err != nil {
		l.Log.WarnContext(ctx, "this process cannot say yet that it lives", "error", err)
	}
}

// Run says that this process lives, takes off what is settled and takes over what dead
// processes owe, until ctx ends. Then it leaves: what it still owes is another's at once.
func (l *Ledger) Run(ctx context.Context) {
	var all sync.WaitGroup
	pause := func() { l.pauseBeats(ctx) }
	all.Go(func() { l.every(ctx, pause, "this process cannot say that it lives", l.beatOnce) })
	all.Go(func() { l.every(ctx, func() { l.awaitBeat(ctx) }, "what dead processes owe is not taken over", l.look) })
	all.Go(func() { l.settleAll(ctx) })
	all.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	if err := l.settleOnce(last); err != nil {
		l.Log.WarnContext(last, "answers that were told stay on the ledger, and are told again", "error", err)
	}
	if n := l.Open(); n > 0 {
		l.Log.WarnContext(last, "answers are left to another process", "owed", n)
	}
	if err := l.Store.Leave(last, l.Owner); err != nil {
		l.Log.WarnContext(last, "others learn late that this process has ended", "error", err)
	}
}

// every does one thing, and again after each pause.
func (l *Ledger) every(ctx context.Context, pause func(), failing string, do func(context.Context) error) {
	for well := true; ctx.Err() == nil; pause() {
		err := do(ctx)
		if err != nil && well && ctx.Err() == nil {
			l.Log.WarnContext(ctx, failing, "error", err)
		}
		well = err == nil
	}
}

// pauseBeats waits until the next heartbeat: for less while others are dead, or tell what they
// took over, since one that does may die too.
func (l *Ledger) pauseBeats(ctx context.Context) {
	l.mu.Lock()
	soon := slices.ContainsFunc(l.dead, func(owner string) bool { return owner != l.Owner })
	l.mu.Unlock()
	if soon {
		retry.Sleep(ctx, min(l.Pace.tellEach(), l.Pace.Beat))
		return
	}
	retry.Tick(ctx, l.Pace.Beat)
}

// awaitBeat returns once a heartbeat came through that was not awaited before.
func (l *Ledger) awaitBeat(ctx context.Context) {
	select {
	case <-l.heard:
	case <-ctx.Done():
	}
}

func (l *Ledger) beatOnce(ctx context.Context) error {
	asked := l.Now()
	ctx, cancel := context.WithTimeout(ctx, l.Pace.TTL/2)
	defer cancel()
	lapsed, dead, err := l.Store.Beat(ctx, l.Owner, l.Pace.TTL)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if lapsed || l.age(l.beat) >= l.reliable() {
		l.turn++
		clear(l.took) // others may have taken that too
	}
	l.beat, l.dead = asked, dead
	select {
	case l.heard <- struct{}{}:
	default:
	}
	return nil
}

// lives reports whether nobody takes over from this process meanwhile.
func (l *Ledger) lives() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.age(l.beat) < l.reliable()
}

// look takes over what dead processes owe.
func (l *Ledger) look(ctx context.Context) error {
	if !l.lives() {
		return nil
	}
	if err := l.findLost(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	dead := l.dead
	l.mu.Unlock()
	for _, owner := range dead {
		if owner != l.Owner {
			if err := l.takeFrom(ctx, owner); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeFrom takes over all that owner has left, and has it told.
func (l *Ledger) takeFrom(ctx context.Context, owner string) error {
	if !l.able(ctx) {
		return nil // it is found again
	}
	for ctx.Err() == nil && l.lives() {
		taken, err := l.Store.Take(ctx, owner, l.Owner, takenAtOnce, l.Pace.tells())
		if err != nil {
			l.mu.Lock()
			l.lost = true
			l.mu.Unlock()
			return err
		}
		if len(taken) == 0 {
			return nil
		}
		l.Log.WarnContext(ctx, "a process has died: what it owed is told now", "process", owner, "answers", len(taken))
		l.serve(ctx, taken)
	}
	return nil
}

// able waits a while until this process can tell what it takes over.
func (l *Ledger) able(ctx context.Context) bool {
	if l.Able == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, l.Pace.TTL)
	defer cancel()
	return l.Able(ctx) == nil
}

// findLost serves what moved here without an answer of the store that said so.
func (l *Ledger) findLost(ctx context.Context) error {
	l.mu.Lock()
	lost := l.lost
	l.mu.Unlock()
	if !lost {
		return nil
	}
	all, err := l.Store.Taken(ctx, l.Owner, takenMost)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.lost = false
	l.mu.Unlock()
	l.serve(ctx, all)
	return nil
}

// telling says that this process goes on to tell what it took over, until do returns. Where
// it cannot say so another tells that, and finds that this one has not yet, or tells it too.
func (l *Ledger) telling(ctx context.Context, do func()) {
	saying, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() {
		pause := func() { retry.Sleep(saying, l.Pace.tellEach()) }
		l.every(saying, pause, "this process cannot say that it tells what it took over", func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, l.Pace.tells())
			defer cancel()
			return l.Store.Tell(ctx, l.Owner, l.Pace.tells())
		})
	})
	do()
	stop()
	all.Wait()
	if ctx.Err() == nil {
		_ = l.Store.Told(ctx, l.Owner) // else another looks for what is left, and finds it told
	}
}

// serve has what was taken told, unless it was before. What does not open stays on the ledger of this process:
// the next one may have the key.
func (l *Ledger) serve(ctx context.Context, taken []Entry) {
	var owed []*Debt
	for _, e := range taken {
		if !l.isNew(e) {
			continue
		}
		if e.Text == nil {
			l.Log.ErrorContext(ctx, "an answer that a dead process owed does not open; whoever has its seal key tells it when this process has ended")
			continue
		}
		d := l.hold(e, never) // another may have taken it from here before any clock shows it
		d.taken = true
		owed = append(owed, d)
	}
	l.telling(ctx, func() {
		if len(owed) > 0 {
			l.Serve(ctx, owed)
		}
	})
}

// isNew notes that e was taken over, and reports whether it was the first time.
func (l *Ledger) isNew(e Entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.took[nameOf(e)]
	l.took[nameOf(e)] = struct{}{}
	return !known
}

// nameOf is by what an entry is known that was taken over.
func nameOf(e Entry) [sha256.Size]byte { return sha256.Sum256([]byte(e.Sealed)) }

// settleAll takes off what is settled, as soon as it is.
func (l *Ledger) settleAll(ctx context.Context) {
	waits := retry.Pace{First: 100 * time.Millisecond, Longest: 5 * time.Second}.Waits()
	for {
		select {
		case <-l.some:
		case <-ctx.Done():
			return
		}
		for err := l.settleOnce(ctx); err != nil && ctx.Err() == nil; err = l.settleOnce(ctx) {
			wait := waits.Next(err)
			l.Log.WarnContext(ctx, "answers that were told stay on the ledger", "error", err, "retry_in", wait)
			retry.Sleep(ctx, wait)
		}
		waits.Reset()
	}
}

// settleOnce takes off all that is settled now.
func (l *Ledger) settleOnce(ctx context.Context) error {
	for {
		l.mu.Lock()
		some := l.done[:min(len(l.done), settledAtOnce)]
		l.mu.Unlock()
		if len(some) == 0 {
			return nil
		}
		if err := l.Store.Settle(ctx, some...); err != nil {
			return err
		}
		l.mu.Lock()
		if l.done = l.done[len(some):]; len(l.done) == 0 {
			l.done = nil
		}
		l.mu.Unlock()
	}
}
