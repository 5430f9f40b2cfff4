package ledger

import (
	"context"
	"time"
)

const (
	// askWithin bounds asking whether an answer is still owed, and soonWithin where it must not
	// be late.
	askWithin  = 2 * time.Second
	soonWithin = 200 * time.Millisecond
	// silentFor is how long a store that did not say is not asked by who must not be late.
	silentFor = time.Second
)

// never is no turn: whoever has it asks.
const never = -1

// A Debt is an answer that this process owes. A nil one is on no ledger.
type Debt struct {
	Entry
	ledger  *Ledger
	turn    int
	perhaps []Entry // that may stand there too
	holds   int     // who has yet to settle it; under the ledger's mu
	taken   bool    // over from a dead process
	moved   bool    // from here to another, which had taken this one for dead; under the ledger's mu
}

// Still reports whether this process owes the answer: false where another tells it, and
// this one says nothing. Where the store cannot say it does.
func (d *Debt) Still(ctx context.Context) bool { return d.still(ctx, askWithin, false) }

// StillSoon is Still for an answer that may be told twice and must not be late: it takes 0.2 s at
// most, and nothing while the store has just not answered.
func (d *Debt) StillSoon(ctx context.Context) bool { return d.still(ctx, soonWithin, true) }

func (d *Debt) still(ctx context.Context, within time.Duration, soon bool) bool {
	if d == nil {
		return true
	}
	l := d.ledger
	l.mu.Lock()
	e, turn, silent := d.Entry, d.turn, l.age(l.silent) < silentFor
	l.mu.Unlock()
	if l.sure(turn) || soon && silent {
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	owes, err := l.Store.Owes(ctx, l.Owner, e)
	if err != nil {
		l.mu.Lock()
		l.silent = l.Now()
		l.mu.Unlock()
		l.Log.WarnContext(ctx, "nobody knows whether another process tells an answer too", "error", err)
		return true
	}
	if !owes {
		l.moved(d)
		l.Log.WarnContext(ctx, "this process stood still, and another tells what it was about to tell")
	}
	return owes
}

// moved has d stay with whom it moved to, and be told here should it ever come back.
func (l *Ledger) moved(d *Debt) {
	if !d.taken {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	d.moved = true
	delete(l.took, nameOf(d.Entry))
}

// Doubt says that another process may have taken the answer over, whatever the clocks of this
// one show: Still asks the store from now on.
func (d *Debt) Doubt() {
	if d == nil {
		return
	}
	d.ledger.mu.Lock()
	defer d.ledger.mu.Unlock()
	d.turn = never
}

// Keep has the answer owed until Settle was called once more.
func (d *Debt) Keep() {
	if d == nil {
		return
	}
	d.ledger.mu.Lock()
	defer d.ledger.mu.Unlock()
	d.holds++
}

// Settle says that it is answered. It does not block.
func (d *Debt) Settle() {
	if d == nil {
		return
	}
	l := d.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if d.holds--; d.holds != 0 {
		return
	}
	delete(l.owed, d.Sealed)
	if d.moved {
		return
	}
	for _, e := range append(d.perhaps, d.Entry) {
		e.Text = nil // a store that is away is waited for, and there may be many by then
		l.done = append(l.done, e)
	}
	select {
	case l.some <- struct{}{}:
	default:
	}
}

// Becomes has text tell it from now on. After an error both may stand there, or the one
// before alone.
func (d *Debt) Becomes(ctx context.Context, text []byte) error {
	if d == nil {
		return nil
	}
	l := d.ledger
	next, err := l.Store.Replace(ctx, l.Owner, d.Entry, text)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if next.Sealed != "" {
			d.perhaps = append(d.perhaps, next)
		}
		return err
	}
	delete(l.owed, d.Sealed)
	d.Entry = next
	l.owed[d.Sealed] = d
	return nil
}
