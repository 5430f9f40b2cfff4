package state

import (
	"cmp"
	"slices"

	"github.com/assumebot/assumebot/broker/event"
)

// What still restricts is restated from time to time, so that a replica which starts needs
// nothing older, and the store need not keep it. A restatement says as of which entry
// it is. Whoever reads it has read everything from there on, and so passes over what
// was lifted since.

// What was ended, as a restatement names it.
const (
	restatedGrant    = "grant"
	restatedSession  = "mfa_session"
	restatedApproval = "approval"
)

func (r *restricted) restatement(since int64) event.RestatedData {
	d := event.RestatedData{Since: since}
	if r.pause != nil {
		pause := restated("", *r.pause)
		d.Pause = &pause
	}
	for user, b := range r.blocks {
		d.Blocks = append(d.Blocks, restated(user, b))
	}
	for user, l := range r.lockOuts {
		d.LockOuts = append(d.LockOuts, event.RestatedLockOut{Entry: l.entry, User: user, Until: event.Time{Time: l.time}})
	}
	for user, k := range r.keys {
		d.Keys = append(d.Keys, event.RestatedKey{Entry: k.Entry, User: user, Key: k.Fingerprint})
	}
	r.endings.restate(&d)
	for id, u := range r.approvals {
		d.Ended = append(d.Ended, event.RestatedEnd{Entry: u.entry, ID: id, What: restatedApproval, State: u.State, Until: event.Time{Time: u.time}})
	}
	// In the order of the entries, so that the same state is the same Event.
	slices.SortFunc(d.Blocks, func(a, b event.RestatedOrder) int { return cmp.Compare(a.Entry, b.Entry) })
	slices.SortFunc(d.LockOuts, func(a, b event.RestatedLockOut) int { return cmp.Compare(a.Entry, b.Entry) })
	slices.SortFunc(d.Keys, func(a, b event.RestatedKey) int { return cmp.Compare(a.Entry, b.Entry) })
	slices.SortFunc(d.Ended, func(a, b event.RestatedEnd) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(d.Taken, func(a, b event.RestatedTaken) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.User, b.User), cmp.Compare(a.What, b.What), cmp.Compare(a.Of, b.Of))
	})
	return d
}

// restate adds to d what was ended.
func (s *endings) restate(d *event.RestatedData) {
	end := func(what string, from map[string]until) {
		for id, e := range from {
			d.Ended = append(d.Ended, event.RestatedEnd{Entry: e.entry, ID: id, What: what, Until: event.Time{Time: e.time}})
		}
	}
	end(restatedGrant, s.ended)
	end(restatedSession, s.unbegun)
	for user, at := range s.sessions {
		d.Taken = append(d.Taken, event.RestatedTaken{Entry: at.entry, User: user, What: restatedSession, Until: event.Time{Time: at.time}})
	}
	for at, t := range s.taken {
		d.Taken = append(d.Taken, event.RestatedTaken{
			Entry: t.entry, User: at.user, What: restatedGrant, Of: at.of, Gone: t.gone, Until: event.Time{Time: t.time},
		})
	}
}

func restated(user string, o Order) event.RestatedOrder {
	return event.RestatedOrder{
		Entry:  o.Entry,
		ID:     o.ID,
		Target: event.Person{ID: user},
		By:     o.By,
		At:     event.Time{Time: o.At},
		Reason: o.Reason,
		Until:  event.Time{Time: o.Until},
	}
}

// restated takes a restatement in.
func (r *restricted) restated(d event.RestatedData) {
	stands := func(kind event.Kind, user, id string) bool {
		at, ok := r.lifted[lift{kind, user, id}]
		return !ok || at.entry <= d.Since
	}
	if d.Pause != nil && stands(event.Paused, "", d.Pause.ID) {
		if pause := fromRestated(*d.Pause); r.pause == nil || pause.ID != r.pause.ID && pause.outlasts(*r.pause) {
			r.pause = &pause
		}
	}
	for _, b := range d.Blocks {
		if _, newer := r.blocks[b.Target.ID]; !newer && stands(event.Blocked, b.Target.ID, b.ID) {
			r.blocks[b.Target.ID] = fromRestated(b)
		}
	}
	for _, l := range d.LockOuts {
		if _, newer := r.lockOuts[l.User]; !newer && stands(event.LockedOut, l.User, "") {
			r.lockOuts[l.User] = until{l.Entry, l.Until.Time}
		}
	}
	for _, k := range d.Keys {
		if _, newer := r.keys[k.User]; !newer {
			r.keys[k.User] = Key{Entry: k.Entry, Fingerprint: k.Key}
		}
	}
	for _, e := range d.Ended {
		at := until{e.Entry, e.Until.Time}
		switch e.What {
		case restatedGrant:
			keepNewer(r.ended, e.ID, at)
		case restatedSession:
			keepNewer(r.unbegun, e.ID, at)
		case restatedApproval:
			if _, known := r.approvals[e.ID]; !known {
				r.approvals[e.ID] = Use{State: e.State, until: at}
			}
		}
	}
	for _, t := range d.Taken {
		at := until{t.Entry, t.Until.Time}
		if t.What == restatedSession {
			keepNewer(r.sessions, t.User, at)
			continue
		}
		was := taking{t.User, t.Of}
		known := r.taken[was]
		if t.Entry > known.entry {
			known.until = at
		}
		known.gone = max(known.gone, t.Gone)
		r.taken[was] = known
	}
}

func keepNewer(in map[string]until, id string, at until) {
	if known, ok := in[id]; !ok || known.entry < at.entry {
		in[id] = at
	}
}

func fromRestated(o event.RestatedOrder) Order {
	return Order{Entry: o.Entry, ID: o.ID, By: o.By, Reason: o.Reason, At: o.At.UTC(), Until: o.Until.UTC()}
}
