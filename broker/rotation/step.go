package rotation

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// brokenRest is how long no other key is created after one that did not work.
const brokenRest = time.Hour

// A turn is one Step: what it has found, and what it decides on.
type turn struct {
	*Rotation
	Subject
	order Order
	fence func() error

	note   note
	sealed []byte // as the store has it
	kept   []byte // the same, open
	stored Stored
	owner  Owner
	works  bool // the current key does, as STS has just said
	keys   []Key
}

// A plan is what a turn does next.
type plan struct {
	step    string // of the Event; "" for none
	key     string
	wait    time.Duration
	waiting string
}

// Step looks how far the rotation of one key is, and does the next act, if it is time. fence says, right before each,
// that the lease is still held. The error is a [*Problem], or that of ctx.
func (r *Rotation) Step(ctx context.Context, fence func() error, s Subject, o Order) (Progress, error) {
	t := &turn{Rotation: r, Subject: s, order: o, fence: fence}
	p, err := t.plan(ctx)
	if err == nil && p.step != "" {
		err = t.act(ctx, &p)
	}
	if err != nil {
		return t.progress(plan{}), t.failed(ctx, err)
	}
	t.note.Failed = ""
	if err := t.save(ctx); err != nil {
		return t.progress(plan{}), err
	}
	out := t.progress(p)
	out.Did, out.Key = p.step, p.key
	return out, nil
}

// Look says what [Rotation.Step] would do next, and does nothing.
func (r *Rotation) Look(ctx context.Context, s Subject, o Order) (Progress, error) {
	t := &turn{Rotation: r, Subject: s, order: o}
	p, err := t.plan(ctx)
	out := t.progress(p)
	out.Next, out.Key = p.step, p.key
	return out, err
}

func (t *turn) progress(p plan) Progress {
	out := Progress{Wait: p.wait, Waiting: p.waiting, Owner: t.owner, Current: Key{ID: t.stored.Current.Key.AccessKeyID, Active: t.works}}
	for _, k := range t.keys {
		if k.ID == out.Current.ID {
			out.Current = k
		}
	}
	return out
}

// plan finds out how things are, and decides.
func (t *turn) plan(ctx context.Context) (plan, error) {
	if err := t.load(ctx); err != nil {
		return plan{}, err
	}
	if d := t.note.Doing; d != nil {
		return plan{step: event.RotationUnknown, key: d.Key}, nil
	}
	if err := t.find(ctx); err != nil {
		return plan{}, err
	}
	t.observe()
	return t.decide(ctx)
}

// find asks AWS.
func (t *turn) find(ctx context.Context) error {
	var err error
	if t.stored, err = t.Secrets.Stored(ctx, t.Secret); err != nil {
		return ofAWS("", err)
	}
	current := t.stored.Current.Key
	switch {
	case t.stored.Elsewhere:
		return problem(Elsewhere, "", nil)
	case current.AccessKeyID == "":
		return problem(Unreadable, "", nil)
	}
	if err := t.findOwner(ctx); err != nil {
		return err
	}
	if t.keys, err = t.Keys.Keys(ctx, t.owner.Name); err != nil {
		return ofAWS("", err)
	}
	return nil
}

// findOwner asks STS whose the current key is. Where it works no more, the note tells, or who gave the order.
func (t *turn) findOwner(ctx context.Context) error {
	current := t.stored.Current.Key
	account, err := t.Owners.Own(ctx)
	if err != nil {
		return ofAWS("", err)
	}
	t.owner, err = t.Owners.Owner(ctx, current)
	t.works = err == nil
	switch {
	case unknownKey(err) && t.order.Replace != current.AccessKeyID:
		return problem(KeyDead, current.AccessKeyID, err)
	case unknownKey(err) && t.note.Owner.Name != "":
		t.owner = t.note.Owner
	case unknownKey(err) && t.order.IAMUser != "":
		t.owner = Owner{Account: account, Name: t.order.IAMUser}
	case err != nil:
		return ofAWS(current.AccessKeyID, err)
	case t.owner.Name == "":
		return problem(NotOfUser, current.AccessKeyID, nil)
	}
	if t.owner.Account != account {
		return problem(OtherAccount, current.AccessKeyID, nil)
	}
	return nil
}

// pending is the new key that is stored beside the current one; without an ID there is none. The label stays on a
// version that has become current.
func (t *turn) pending() Version {
	if t.stored.Pending.ID == t.stored.Current.ID {
		return Version{}
	}
	return t.stored.Pending
}

// others are the keys that IAM lists beside the current one and the pending one.
func (t *turn) others() []Key {
	var all []Key
	for _, k := range t.keys {
		if k.ID != t.stored.Current.Key.AccessKeyID && (k.ID != t.pending().Key.AccessKeyID || t.pending().ID == "") {
			all = append(all, k)
		}
	}
	return all
}

// decide says what comes next.
func (t *turn) decide(ctx context.Context) (plan, error) {
	if v := t.pending(); v.ID != "" {
		switch key := v.Key.AccessKeyID; {
		case key == "" || key == t.note.Doomed || key == t.stored.Current.Key.AccessKeyID:
			return plan{step: event.RotateDrop, key: key}, nil
		case t.note.Passed < testsPassed:
			return plan{step: event.RotateTest, key: key}, nil
		default:
			return plan{step: event.RotateSwitch, key: key}, nil
		}
	}
	if others := t.others(); len(others) > 0 {
		return t.leftOver(ctx, others[0])
	}
	return t.due(), nil
}

// leftOver is of a key that is neither current nor about to be.
func (t *turn) leftOver(ctx context.Context, k Key) (plan, error) {
	switch k.ID {
	case t.note.New, t.note.Doomed:
		return plan{step: event.RotateDiscard, key: k.ID}, nil
	case t.note.Former, t.stored.Previous.Key.AccessKeyID:
		return t.retire(k)
	}
	if w := t.note.Window; w.IsZero() || k.Created.Before(w.Add(-skew)) || k.Created.After(w.Add(2*skew)) {
		return plan{}, problem(ForeignKey, k.ID, nil)
	}
	switch used, err := t.Keys.KeyLastUsed(ctx, k.ID); {
	case err != nil:
		return plan{}, ofAWS(k.ID, err)
	case !used.IsZero():
		return plan{}, problem(ForeignKey, k.ID, nil)
	}
	return plan{step: event.RotateDiscard, key: k.ID}, nil
}

// retire takes a former key away, once nobody can still need it.
func (t *turn) retire(k Key) (plan, error) {
	if !t.works {
		return plan{}, problem(KeyDead, t.stored.Current.Key.AccessKeyID, nil)
	}
	step, waiting, since := event.RotateDeactivate, WaitDeactivate, t.note.Since
	if !k.Active {
		step, waiting, since = event.RotateDelete, WaitDelete, t.note.IdleAt
	}
	if left := Settle - t.Now().Sub(since); left > 0 && !t.order.AtOnce {
		return plan{wait: left, waiting: waiting, key: k.ID}, nil
	}
	return plan{step: step, key: k.ID}, nil
}

// due says whether another key is to be created.
func (t *turn) due() plan {
	create := plan{step: event.RotateCreate}
	if t.order.Replace == t.stored.Current.Key.AccessKeyID {
		return create
	}
	if t.order.Every <= 0 {
		return plan{wait: time.Hour, waiting: WaitAge}
	}
	// By both clocks, so that one that is wrong does not have keys replaced all the time.
	since := t.note.Since
	for _, k := range t.keys {
		if k.ID == t.stored.Current.Key.AccessKeyID && (t.note.Former == "" || k.Created.After(since)) {
			since = k.Created // made before it was seen first; of one that was not switched to by the bot
		}
	}
	left := t.order.Every - t.Now().Sub(since)
	if rest := brokenRest - t.Now().Sub(t.note.Broken); !t.note.Broken.IsZero() && rest > 0 {
		left = max(left, rest)
	}
	if left > 0 {
		return plan{wait: left, waiting: WaitAge}
	}
	return create
}
