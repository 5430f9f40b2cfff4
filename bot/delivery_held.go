package bot

import (
	"context"
	"sync"
	"time"

	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/retry"
)

// An answer that Slack does not take, while the store does not take it for later either, is
// held by this process. It goes to whichever of the two is there first. What was on the ledger
// stays there until then: should this process end before, another tells it.

const (
	// heldMost and heldBytes bound what is held. Beyond, what is on the ledger is told by the
	// next process.
	heldMost  = 10_000
	heldBytes = 32 << 20
	// lastPlaceWithin bounds the last try, once the bot stops.
	lastPlaceWithin = 2 * time.Second
	// placedWithin is how long the end of the process waits for that.
	placedWithin = 3 * time.Second
)

// heldPace is how often the store and Slack are asked whether they take again what is held.
var heldPace = retry.Pace{First: time.Second, Longest: 15 * time.Second}

// A held is an answer that nobody takes.
type held struct {
	owed
	text []byte // as it is put on the list
	at   time.Time
	debt *ledger.Debt
}

// holding is what is held, the oldest first.
type holding struct {
	mu    sync.Mutex
	all   []held
	bytes int
	some  chan struct{} // holds one signal that there is something
}

func newHolding() *holding { return &holding{some: make(chan struct{}, 1)} }

// add reports whether there was room.
func (h *holding) add(x held) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.all) >= heldMost || h.bytes+len(x.text) > heldBytes {
		return false
	}
	h.all, h.bytes = append(h.all, x), h.bytes+len(x.text)
	select {
	case h.some <- struct{}{}:
	default:
	}
	return true
}

// each does with all that is held now, and holds on to what placed does not report. One goroutine
// calls it.
func (h *holding) each(placed func(*held) bool) (left int) {
	h.mu.Lock()
	all := h.all[:len(h.all):len(h.all)]
	h.mu.Unlock()
	var kept []held
	for _, x := range all {
		if !placed(&x) {
			kept = append(kept, x)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all, h.bytes = append(kept, h.all[len(all):]...), 0
	for _, x := range h.all {
		h.bytes += len(x.text)
	}
	return len(kept)
}

// hold holds an answer that the store does not take, because of why.
func (b *delivery) hold(ctx context.Context, x held, why error) {
	x.debt.Keep()
	x.Text, x.Blocks = "", nil // text has them
	log := b.log.With("request", x.Request, "user", x.User)
	if !b.held.add(x) {
		what := "an answer waits for the next process: neither Slack nor the store takes it, and too many are held"
		if x.debt == nil {
			what = "an answer is lost: neither Slack nor the store takes it, and too many are held"
		}
		log.ErrorContext(ctx, what, "error", why)
		return
	}
	log.WarnContext(ctx, "neither Slack nor the store takes an answer: this process holds it until one of them does", "error", why)
}

// placeHeld places what is held, until ctx ends.
func (b *delivery) placeHeld(ctx context.Context) {
	waits := heldPace.Waits()
	for ctx.Err() == nil {
		select {
		case <-b.held.some:
		case <-ctx.Done():
		}
		for left := true; left && ctx.Err() == nil; {
			retry.Sleep(ctx, waits.Next(nil))
			if ctx.Err() == nil {
				left = b.placeOnce(ctx)
			}
		}
		waits.Reset()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastPlaceWithin)
	defer cancel()
	b.handOver(last)
}

// placeOnce offers what is held to the store, and to Slack what that does not take. Either is
// left alone from its first failure on. It reports whether anything is left.
func (b *delivery) placeOnce(ctx context.Context) (left bool) {
	r := round{delivery: b, slack: true, store: true}
	return b.held.each(func(x *held) bool { return r.place(ctx, x) }) > 0
}

// A round is one time that all that is held is offered.
type round struct {
	*delivery
	slack, store bool // it may be asked
}

// place reports whether x is held no longer.
func (r *round) place(ctx context.Context, x *held) (placed bool) {
	if ctx.Err() != nil {
		return false
	}
	if r.store && (!x.debt.Still(ctx) || r.put(ctx, x)) || r.slack && r.tell(ctx, x) {
		x.debt.Settle()
		return true
	}
	return false
}

func (r *round) put(ctx context.Context, x *held) bool {
	_, err := r.dueOwed.Put(ctx, x.at, x.text)
	r.store = err == nil
	return r.store
}

// tell leaves to the store what Slack cannot be told without it.
func (r *round) tell(ctx context.Context, x *held) bool {
	if x.at.After(r.now()) || x.Grant != nil && x.Kept {
		return false
	}
	came := r.serveHeld(ctx, x.text)
	if came.Next != nil {
		x.text, x.at, r.slack = came.Next, came.At, false
	}
	return came.Next == nil
}

// serveHeld is serveOwed of what is held. A panic there ends what is owed, as it would end it
// on the list.
func (b *delivery) serveHeld(ctx context.Context, text []byte) due.Result {
	defer b.rescue(ctx, conversation{}, nil)
	return b.serveOwed(ctx, text)
}

// handOver gives what is held to the store, if that takes it now: the bot stops.
func (b *delivery) handOver(ctx context.Context) {
	r := round{delivery: b, store: true}
	b.held.each(func(x *held) bool {
		switch {
		case r.place(ctx, x):
			return true
		case x.debt != nil:
			b.log.WarnContext(ctx, "an answer was held until the bot stopped; another process tells it", "request", x.Request, "user", x.User)
		default:
			b.log.ErrorContext(ctx, "an answer is lost: neither Slack nor the store took it until the bot stopped", "request", x.Request, "user", x.User)
		}
		return false
	})
}
