package state

import (
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// What restricts holds if the record or the store says so: an old value put back in the
// store, or one that was lost there, lifts nothing. What lifts is recorded before the
// store is told. Everything else that is kept here was ended before its time, and is
// forgotten when it would have ended by itself.

// A restricted is what stands on the record of what restricts.
type restricted struct {
	pause    *Order
	blocks   map[string]Order // by Slack user ID
	lockOuts map[string]until // by Slack user ID
	keys     map[string]Key   // by Slack user ID
	// lifted are the Events that lifted something, so that an older restatement does not
	// impose it again.
	lifted map[lift]until
	endings
	approvals
	swept time.Time
}

// An Order is an order of an admin that stands on the record.
type Order struct {
	Entry  int64  // its number
	ID     string // of the Request that gave it
	By     event.Person
	Reason event.Text
	At     time.Time
	Until  time.Time // when it ends by itself; zero: it does not
}

// Over reports whether o has ended by itself.
func (o Order) Over(now time.Time) bool { return !o.Until.IsZero() && !now.Before(o.Until) }

// outlasts reports whether o stands longer than one that would take its place, which then
// does not: a pause with an end lifts none that an admin gave without.
func (o Order) outlasts(other Order) bool {
	return !other.Until.IsZero() && (o.Until.IsZero() || o.Until.After(other.Until))
}

// A Key is the key that somebody's credentials are encrypted to.
type Key struct {
	Entry       int64
	Fingerprint string // "": they removed it
}

// An until is something that an entry said, and that is forgotten later.
type until struct {
	entry int64
	time  time.Time
}

// A lift is what was lifted of whom.
type lift struct {
	kind event.Kind // that imposes it
	user string
	id   string // of the Request that imposed a block or pause
}

const (
	// endedFor is how long what was ended is remembered where the Event does not say
	// when it would have ended: as long as AWS issues anything for.
	endedFor = 36 * time.Hour
	// sweepEvery is how often what is over is forgotten.
	sweepEvery = time.Minute
)

func newRestricted() restricted {
	return restricted{
		blocks:    map[string]Order{},
		lockOuts:  map[string]until{},
		keys:      map[string]Key{},
		lifted:    map[lift]until{},
		endings:   newEndings(),
		approvals: approvals{},
	}
}

// restrict is what an Event imposes or lifts.
func (r *restricted) restrict(number int64, e event.Event, now time.Time) {
	r.sweep(now)
	switch d := e.Data.(type) {
	case event.BlockedData:
		r.blocks[d.Target.ID] = imposed(number, e, d.Order)
	case event.UnblockedData:
		if r.lifts(event.Blocked, number, d.Order, now) && r.blocks[d.Target.ID].ID == d.Ends {
			delete(r.blocks, d.Target.ID)
		}
	case event.PausedData:
		by := imposed(number, e, d.Order)
		by.Until = d.Until.UTC()
		if r.pause == nil || !r.pause.outlasts(by) {
			r.pause = &by
		}
	case event.ResumedData:
		if r.lifts(event.Paused, number, d.Order, now) && r.pause != nil && r.pause.ID == d.Ends {
			r.pause = nil
		}
	case event.LockedOutData:
		r.lockOuts[e.Actor.User] = until{number, d.Until.Time}
	case event.UnlockedData:
		if d.Code == "" {
			r.lifted[lift{event.LockedOut, d.Target.ID, ""}] = until{number, now.Add(endedFor)}
			delete(r.lockOuts, d.Target.ID)
		}
	case event.KeyChangedData:
		r.keys[e.Actor.User] = Key{Entry: number, Fingerprint: d.Key}
	case event.EndedData:
		r.endings.end(number, e.Actor.User, d, now)
	case event.RevokingData:
		r.endings.revoking(number, e, d, now)
	case event.RevokedData:
		r.endings.revoked(e, d, now)
	case event.ApprovalData:
		r.approvals.end(number, e.Actor, d, now)
	case event.RestatedData:
		r.restated(d)
	}
}

// lifts reports whether an Event is about the end of the order that it names: it may tell
// only that another stood meanwhile. One that names none lifts none.
func (r *restricted) lifts(kind event.Kind, number int64, o event.Order, now time.Time) bool {
	if o.Code != "" || o.Ends == "" {
		return false
	}
	r.lifted[lift{kind, o.Target.ID, o.Ends}] = until{number, now.Add(endedFor)}
	return true
}

func imposed(number int64, e event.Event, o event.Order) Order {
	return Order{
		Entry:  number,
		ID:     e.Request,
		By:     event.Person{ID: e.Actor.User, Name: e.Actor.Name},
		Reason: o.Reason,
		At:     e.Time.UTC(),
	}
}

// sweep forgets what is over by itself.
func (r *restricted) sweep(now time.Time) {
	if now.Sub(r.swept) < sweepEvery && !r.swept.After(now) {
		return
	}
	r.swept = now
	r.endPause(now)
	forget(r.lockOuts, now)
	forget(r.lifted, now)
	r.endings.sweep(now)
	r.approvals.sweep(now)
}

func (r *restricted) endPause(now time.Time) {
	if r.pause != nil && r.pause.Over(now) {
		r.pause = nil
	}
}

func (u until) over(now time.Time) bool { return u.time.Before(now) }

// forget drops what is over.
func forget[K comparable, V interface{ over(now time.Time) bool }](from map[K]V, now time.Time) {
	for k, v := range from {
		if v.over(now) {
			delete(from, k)
		}
	}
}
