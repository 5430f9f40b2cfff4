package record

import (
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// What restricts holds if the record or the store says so: neither can be rolled back to
// lift it. An order is lifted by the Event that says so, which is recorded before the
// store is told.

// A restricted is what stands on the record of what restricts.
type restricted struct {
	pause  *Imposed
	blocks map[string]Imposed // by Slack user ID
}

// An Imposed is an order of an admin that stands on the record.
type Imposed struct {
	Entry  int64  // its number
	ID     string // of the Request that gave it
	By     event.Person
	Reason event.Text
	At     time.Time
}

func newRestricted() restricted {
	return restricted{blocks: map[string]Imposed{}}
}

// restrict is what an Event imposes or lifts.
func (r *restricted) restrict(number int64, e event.Event, _ time.Time) {
	switch d := e.Data.(type) {
	case event.BlockedData:
		r.blocks[d.Target.ID] = imposed(number, e, d.Order)
	case event.UnblockedData:
		if lifts(d.Order) {
			delete(r.blocks, d.Target.ID)
		}
	case event.PausedData:
		by := imposed(number, e, d.Order)
		r.pause = &by
	case event.ResumedData:
		if lifts(d.Order) {
			r.pause = nil
		}
	}
}

// lifts reports whether an Event about the end of an order ends it: it may tell only
// that another stood meanwhile.
func lifts(o event.Order) bool { return o.Code == "" }

func imposed(number int64, e event.Event, o event.Order) Imposed {
	return Imposed{
		Entry:  number,
		ID:     e.Request,
		By:     event.Person{ID: e.Actor.User, Name: e.Actor.Name},
		Reason: o.Reason,
		At:     e.Time.UTC(),
	}
}

// Orders returns the block of a person and the pause that stand on the record; nil where
// there is none.
func (l *Log) Orders(user string) (block, pause *Imposed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.state.blocks[user]; ok {
		block = &b
	}
	if l.state.pause != nil {
		p := *l.state.pause
		pause = &p
	}
	return block, pause
}
