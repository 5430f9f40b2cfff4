// Package ledger is the list of answers that a process owes to people, and has what a dead
// process owed told by another.
//
// What is asked is on the ledger before anything is done about it, and off it once it was
// answered. Each process says again and again that it lives. One that has not for a while,
// by the store's clock, is dead: whoever finds that takes over what it owes, one answer each
// time going to one of those who look.
//
// What holds:
//
//   - A process knows by its own clocks whether it can be taken for dead. Only while it can
//     does it ask the store, before it tells somebody something, whether it still owes that.
//     If another has taken it over, that one tells, or has told, and it says nothing. What
//     the store has lost it tells itself: twice is better than never.
//   - Nobody takes over for a while after nobody had said that they live: the store was away,
//     and everybody looks dead then.
//   - What was taken over is on the ledger of who took it, until it is told. One that dies
//     then has it told by the next, soon: while it tells it says so again and again, within a
//     fifth of the time after which it counts as dead. Twice is better than never.
package ledger

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/ahead"
)

// An Entry is an answer that is owed.
type Entry struct {
	List   string    // that it is on, as the store names it
	At     time.Time // when it was asked for; zero of one that was taken over
	Text   []byte    // what tells it; nil: it does not open
	Sealed string    // as the store has it: it is known by that
}

// A Holding is what one process has on the ledger.
type Holding struct {
	Owner      string
	Owes, Took []Entry // what it owes itself, and what it has taken over
}

// A Store keeps what each process owes, for all of them. It does not wait behind those who
// begin something.
type Store interface {
	// Owe keeps what is owed. An error means unknown; what came of it may be settled.
	Owe(ctx context.Context, d ahead.Owed) (Entry, error)
	// OweAll is Owe of several: each has its entry, or one without Sealed where it cannot be kept.
	OweAll(ctx context.Context, all []ahead.Owed) ([]Entry, error)
	// Settle takes entries off their lists; one that is not there is no error.
	Settle(ctx context.Context, entries ...Entry) error
	// Replace puts text in the place of old, which owner owes. After an error either may stand
	// there, or both; what is returned may be settled, unless it has no Sealed.
	Replace(ctx context.Context, owner string, old Entry, text []byte) (Entry, error)
	// Owes reports whether nobody has taken e over from owner. What the store has lost is
	// still owed.
	Owes(ctx context.Context, owner string, e Entry) (bool, error)
	// Beat says that owner lives for ttl from now. It returns who does not, or tells what it took
	// over and may be silent by now, and lapsed, that owner did not live until then. Where nobody
	// has for half as long, nobody is dead for ttl.
	Beat(ctx context.Context, owner string, ttl time.Duration) (lapsed bool, dead []string, err error)
	// Leave says that owner does not live any more.
	Leave(ctx context.Context, owner string) error
	// Take moves up to most entries of dead to what by has taken over, and returns them: none if
	// dead lives, but for what it has taken over and does not go on to tell, and none if by does
	// not live. by goes on to tell them for so long from now. After an error they may have moved,
	// and Taken has them.
	Take(ctx context.Context, dead, by string, most int, tells time.Duration) ([]Entry, error)
	// Tell says that by goes on to tell what it has taken over, for so long from now.
	Tell(ctx context.Context, by string, tells time.Duration) error
	// Told says that by does not any more; what is left is its own until it is dead.
	Told(ctx context.Context, by string) error
	// Taken returns up to most entries that by has taken over, the oldest.
	Taken(ctx context.Context, by string, most int) ([]Entry, error)
}

// A Pace is how soon a process is found to be dead. Its zero value stands for usual.
type Pace struct {
	Beat time.Duration // how often a process says that it lives, and hears who does not
	TTL  time.Duration // how long it lives by that
}

// tells is how long a process tells what it took over, unless it says so again.
func (p Pace) tells() time.Duration { return p.TTL / 5 }

// tellEach is how often it says so, and others look whether it does.
func (p Pace) tellEach() time.Duration { return p.tells() / 4 }

// usual has somebody know of a dead process within six seconds, and of one that dies while it
// tells what that one owed within 1.3 s more.
var usual = Pace{Beat: time.Second, TTL: 5 * time.Second}

// Deps is what a Ledger is made of. All but Pace and Able is needed.
type Deps struct {
	Store Store
	Owner string // names this process, as no other one ever was
	// Serve tells what a dead process owed, and settles it.
	Serve func(ctx context.Context, owed []*Debt)
	// Able returns nil once this process can tell what came of a request. Until then another
	// that can may take it over. nil: it can from the start.
	Able func(ctx context.Context) error
	Pace Pace
	Now  func() time.Time // of this machine
	Log  *slog.Logger
}

// A Ledger is what one process owes, and takes over.
type Ledger struct {
	Deps
	some  chan struct{} // holds one signal that something is settled
	heard chan struct{} // and one that a heartbeat came through

	mu     sync.Mutex
	beat   time.Time // when the last heartbeat was sent that came through
	silent time.Time // when the store last did not say whether something is owed
	turn   int       // grows whenever this process may have been taken for dead
	dead   []string  // who did not live then
	owed   map[string]*Debt
	done   []Entry                        // to be taken off the list
	lost   bool                           // something may have moved here of which nothing is known
	took   map[[sha256.Size]byte]struct{} // what was taken over, ever
}

// New returns a Ledger; it does nothing yet.
func New(d Deps) *Ledger {
	if d.Pace == (Pace{}) {
		d.Pace = usual
	}
	d.Log = d.Log.With("part", "answers owed")
	return &Ledger{
		Deps:  d,
		some:  make(chan struct{}, 1),
		heard: make(chan struct{}, 1),
		owed:  map[string]*Debt{},
		took:  map[[sha256.Size]byte]struct{}{},
	}
}

// Owed is what Owe keeps, for who asks the store something else with it.
func (l *Ledger) Owed(id string, at time.Time, text []byte) *ahead.Owed {
	return &ahead.Owed{Owner: l.Owner, ID: id, At: at, Text: text, Turn: l.turnNow()}
}

// Owe notes that an answer is owed. That it may not be kept is logged.
func (l *Ledger) Owe(ctx context.Context, d *ahead.Owed) *Debt {
	e, err := l.Store.Owe(ctx, *d)
	if err != nil {
		l.Log.WarnContext(ctx, "an answer is not on the ledger; if this process dies now, nobody tells it", "request", d.ID, "error", err)
	}
	if e.Sealed == "" {
		return nil
	}
	return l.hold(e, d.Turn)
}

// OweAll is Owe of several; a Debt is nil where it is on no ledger.
func (l *Ledger) OweAll(ctx context.Context, all []ahead.Owed) []*Debt {
	entries, err := l.Store.OweAll(ctx, all)
	if err != nil {
		l.Log.WarnContext(ctx, "answers are not on the ledger; if this process dies now, nobody tells them", "answers", len(all), "error", err)
	}
	debts := make([]*Debt, len(all))
	for i, e := range entries {
		if e.Sealed != "" {
			debts[i] = l.hold(e, all[i].Turn)
		}
	}
	return debts
}

// turnNow is which turn it is.
func (l *Ledger) turnNow() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turn
}

// hold has what was put on the ledger at a turn, or after it, owed here.
func (l *Ledger) hold(e Entry, turn int) *Debt {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := &Debt{ledger: l, Entry: e, turn: turn, holds: 1}
	l.owed[e.Sealed] = d
	return d
}

// Open is how many answers this process owes.
func (l *Ledger) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.owed)
}

// age is how long ago then was, by the clock that shows more: one of them stands still
// while a machine sleeps.
func (l *Ledger) age(then time.Time) time.Duration {
	now := l.Now()
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}

// sure reports whether nobody can have taken this process for dead since a turn.
func (l *Ledger) sure(turn int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return turn == l.turn && l.age(l.beat) < l.reliable()
}

// reliable is how long a heartbeat counts here; in the store it does for longer.
func (l *Ledger) reliable() time.Duration { return l.Pace.TTL * 4 / 5 }
