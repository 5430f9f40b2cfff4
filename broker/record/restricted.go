package record

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
	pause    *Imposed
	blocks   map[string]Imposed // by Slack user ID
	lockOuts map[string]until   // by Slack user ID
	keys     map[string]Key     // by Slack user ID
	ended    map[string]until   // Grants and MFA sessions, by ID
	used     map[string]Use     // Approvals, by ID
	// lifted are the numbers of the Events that lifted something last, so that an older
	// restatement does not impose it again.
	lifted map[lift]int64
	swept  time.Time
}

// An Imposed is an order of an admin that stands on the record.
type Imposed struct {
	Entry  int64  // its number
	ID     string // of the Request that gave it
	By     event.Person
	Reason event.Text
	At     time.Time
}

// A Key is the key that somebody's credentials are encrypted to.
type Key struct {
	Entry       int64
	Fingerprint string
}

// A Use is what an Approval was used for, or claimed, or why it cannot be used.
type Use struct {
	Entry   int64
	Request string // that uses it; "" when it was ended otherwise
	attempt string // while it is open, and may give it back
	until   time.Time
}

type until struct {
	entry int64
	what  string
	time  time.Time
}

// A lift is what was lifted of whom.
type lift struct {
	kind event.Kind // that imposes it
	user string
}

const (
	// endedFor is how long what was ended is remembered where the Event does not say
	// when it would have ended: as long as AWS issues anything for.
	endedFor = 36 * time.Hour
	// usedFor is how long an Approval that was used or ended is remembered: longer than
	// one can wait, and then be used.
	usedFor = 72 * time.Hour
	// sweepEvery is how often what is over is forgotten.
	sweepEvery = time.Minute
)

func newRestricted() restricted {
	return restricted{
		blocks:   map[string]Imposed{},
		lockOuts: map[string]until{},
		keys:     map[string]Key{},
		ended:    map[string]until{},
		used:     map[string]Use{},
		lifted:   map[lift]int64{},
	}
}

// restrict is what an Event imposes or lifts.
func (r *restricted) restrict(number int64, e event.Event, now time.Time) {
	r.sweep(now)
	switch d := e.Data.(type) {
	case event.BlockedData:
		r.blocks[d.Target.ID] = imposed(number, e, d.Order)
	case event.UnblockedData:
		if r.lifts(event.Blocked, d.Order, number) {
			delete(r.blocks, d.Target.ID)
		}
	case event.PausedData:
		by := imposed(number, e, d.Order)
		r.pause = &by
	case event.ResumedData:
		if r.lifts(event.Paused, d.Order, number) {
			r.pause = nil
		}
	case event.LockedOutData:
		r.lockOuts[e.Actor.User] = until{number, "", d.Until.Time}
	case event.UnlockedData:
		if r.lifts(event.LockedOut, d.Order, number) {
			delete(r.lockOuts, d.Target.ID)
		}
	case event.KeyChangedData:
		r.keyChanged(number, e.Actor.User, d.Key)
	case event.EndedData:
		r.end(number, d.Grant, d.Purpose, d.Expires.Time, now)
	case event.ApprovalData:
		r.approvalEnded(number, d, now)
	case event.RestatedData:
		r.restated(d)
	}
}

// lifts reports whether an Event about the end of an order ends it: it may tell only
// that another stood meanwhile.
func (r *restricted) lifts(kind event.Kind, o event.Order, number int64) bool {
	if o.Code != "" {
		return false
	}
	r.lifted[lift{kind, o.Target.ID}] = number
	return true
}

func imposed(number int64, e event.Event, o event.Order) Imposed {
	return Imposed{
		Entry:  number,
		ID:     e.Request,
		By:     event.Person{ID: e.Actor.User, Name: e.Actor.Name},
		Reason: o.Reason,
		At:     e.Time.UTC(),
	}
}

func (r *restricted) keyChanged(number int64, user, fingerprint string) {
	if fingerprint == "" {
		delete(r.keys, user)
		r.lifted[lift{event.KeyChanged, user}] = number
		return
	}
	r.keys[user] = Key{Entry: number, Fingerprint: fingerprint}
}

func (r *restricted) end(number int64, id, what string, at, now time.Time) {
	if id == "" {
		return
	}
	if at.IsZero() || at.After(now.Add(endedFor)) {
		at = now.Add(endedFor)
	}
	r.ended[id] = until{number, what, at}
}

// An Approval is used by the intent that names it. What closes the intent may give it
// back: where AWS certainly issued nothing.
func (r *restricted) approvalClaimed(number int64, e event.Event, now time.Time) {
	d := e.Data.(event.IntentData)
	if d.Approval == "" {
		return
	}
	if use, ok := r.used[d.Approval]; !ok || use.Request == e.Request {
		r.used[d.Approval] = Use{Entry: number, Request: e.Request, attempt: d.Attempt, until: now.Add(usedFor)}
	}
}

func (r *restricted) approvalGivenBack(intent event.IntentData, closing event.Event) {
	use, ok := r.used[intent.Approval]
	if !ok || use.attempt != intent.Attempt {
		return
	}
	issued := true
	switch d := closing.Data.(type) {
	case event.FailedData:
		issued = d.AccessKeyID != "" || d.Code == codeOutcomeUnknown || d.Code == codeInternal
	case event.NotActedData:
		issued = false
	}
	if !issued {
		delete(r.used, intent.Approval)
	}
}

// broker's Codes of failures of which nobody knows whether AWS issued something.
const (
	codeOutcomeUnknown = "outcome_unknown"
	codeInternal       = "internal"
)

func (r *restricted) approvalEnded(number int64, d event.ApprovalData, now time.Time) {
	switch d.State {
	case "denied", "cancelled", "expired":
		r.used[d.Approval] = Use{Entry: number, until: now.Add(usedFor)}
	}
}

// sweep forgets what is over by itself.
func (r *restricted) sweep(now time.Time) {
	if now.Sub(r.swept) < sweepEvery && !r.swept.After(now) {
		return
	}
	r.swept = now
	for user, l := range r.lockOuts {
		if l.time.Before(now) {
			delete(r.lockOuts, user)
		}
	}
	for id, e := range r.ended {
		if e.time.Before(now) {
			delete(r.ended, id)
		}
	}
	for id, u := range r.used {
		if u.until.Before(now) {
			delete(r.used, id)
		}
	}
}
