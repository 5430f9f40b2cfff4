package record

import (
	"cmp"
	"crypto/rand"
	"slices"

	"github.com/assumebot/assumebot/broker/event"
)

// What still restricts is restated from time to time, so that a replica which starts needs
// nothing older, and the store need not keep it. A restatement says as of which entry
// it is. Whoever reads it has read everything from there on, and so passes over what
// was lifted since.

// Kinds of what was ended, as a restatement names them.
const endedApproval = "approval"

// restatement returns Events that restate what restricts now, side by side.
func (l *Log) restatement() ([]event.Event, error) {
	l.mu.Lock()
	data := l.state.restatement(l.view.size() - 1)
	data.ImportOver = l.state.importOver
	l.mu.Unlock()
	return event.Split(event.Event{ID: rand.Text(), Time: l.Now(), Data: data})
}

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
	for id, e := range r.ended {
		d.Ended = append(d.Ended, event.RestatedEnd{Entry: e.entry, ID: id, What: e.what, Until: event.Time{Time: e.time}})
	}
	for id, u := range r.used {
		d.Ended = append(d.Ended, event.RestatedEnd{Entry: u.Entry, ID: id, What: endedApproval, Until: event.Time{Time: u.until}})
	}
	// In the order of the entries, so that the same state is the same Event.
	slices.SortFunc(d.Blocks, func(a, b event.RestatedOrder) int { return cmp.Compare(a.Entry, b.Entry) })
	slices.SortFunc(d.LockOuts, func(a, b event.RestatedLockOut) int { return cmp.Compare(a.Entry, b.Entry) })
	slices.SortFunc(d.Keys, func(a, b event.RestatedKey) int { return cmp.Compare(a.Entry, b.Entry) })
	slices.SortFunc(d.Ended, func(a, b event.RestatedEnd) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.ID, b.ID))
	})
	return d
}

func restated(user string, o Imposed) event.RestatedOrder {
	return event.RestatedOrder{
		Entry:  o.Entry,
		ID:     o.ID,
		Target: event.Person{ID: user},
		By:     o.By,
		At:     event.Time{Time: o.At},
		Reason: o.Reason,
	}
}

// restated takes a restatement in.
func (r *restricted) restated(d event.RestatedData) {
	stands := func(kind event.Kind, user string) bool {
		at, ok := r.lifted[lift{kind, user}]
		return !ok || at <= d.Since
	}
	if d.Pause != nil && r.pause == nil && stands(event.Paused, "") {
		pause := fromRestated(*d.Pause)
		r.pause = &pause
	}
	for _, b := range d.Blocks {
		if _, newer := r.blocks[b.Target.ID]; !newer && stands(event.Blocked, b.Target.ID) {
			r.blocks[b.Target.ID] = fromRestated(b)
		}
	}
	for _, l := range d.LockOuts {
		if _, newer := r.lockOuts[l.User]; !newer && stands(event.LockedOut, l.User) {
			r.lockOuts[l.User] = until{l.Entry, "", l.Until.Time}
		}
	}
	for _, k := range d.Keys {
		if _, newer := r.keys[k.User]; !newer && stands(event.KeyChanged, k.User) {
			r.keys[k.User] = Key{Entry: k.Entry, Fingerprint: k.Key}
		}
	}
	for _, e := range d.Ended {
		_, usedKnown := r.used[e.ID]
		_, endedKnown := r.ended[e.ID]
		switch {
		case e.What == endedApproval && !usedKnown:
			r.used[e.ID] = Use{Entry: e.Entry, until: e.Until.Time}
		case e.What != endedApproval && !endedKnown:
			r.ended[e.ID] = until{e.Entry, e.What, e.Until.Time}
		}
	}
}

func fromRestated(o event.RestatedOrder) Imposed {
	return Imposed{Entry: o.Entry, ID: o.ID, By: o.By, Reason: o.Reason, At: o.At.UTC()}
}
