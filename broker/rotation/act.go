package rotation

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/secret"
)

// cleanUp bounds what is done when it turns out that another process went on meanwhile.
const cleanUp = 10 * time.Second

// keeping bounds the storing of a key that was created, also when this process is told to stop.
const keeping = 20 * time.Second

// act does what was planned. It changes p where that leads to a wait.
func (t *turn) act(ctx context.Context, p *plan) error {
	switch p.step {
	case event.RotationUnknown:
		return t.closeUnknown(ctx)
	case event.RotateCreate:
		return t.create(ctx, p)
	case event.RotateTest:
		return t.test(ctx, p)
	case event.RotateSwitch:
		return t.switchTo(ctx, t.pending())
	case event.RotateDeactivate:
		return t.takeAway(ctx, p, t.Keys.DeactivateKey)
	case event.RotateDelete:
		return t.takeAway(ctx, p, t.Keys.DeleteKey)
	case event.RotateDiscard:
		t.note.Doomed = p.key
		return t.takeAway(ctx, p, t.Keys.DeleteKey)
	case event.RotateDrop:
		return t.drop(ctx, p)
	}
	return nil
}

// said is an Event about a step.
func (t *turn) said(state, step string, change func(*event.RotationData)) event.Event {
	d := event.RotationData{
		State: state, Step: step, Target: t.Who, IAMUser: t.owner.ARN, StoredIn: t.Secret, AtOnce: t.order.AtOnce, RunBy: t.order.By,
	}
	if change != nil {
		change(&d)
	}
	return event.Event{ID: rand.Text(), Time: t.Now().UTC(), Kind: d.Kind(), Data: d}
}

// begin notes an act, puts its intent on the record, and sees that the lease is still held.
func (t *turn) begin(ctx context.Context, step, key, from string) error {
	t.note.Doing = &doing{ID: rand.Text(), Step: step, Key: key, From: from}
	if err := t.save(ctx); err != nil {
		return err
	}
	if err := t.tell(ctx, event.RotationIntent, nil); err != nil {
		return err
	}
	if err := t.fence(); err != nil {
		return problem(Overtaken, "", err)
	}
	return nil
}

// tell records how far the act that was begun is.
func (t *turn) tell(ctx context.Context, state string, failed *Problem) error {
	d := t.note.Doing
	e := t.said(state, d.Step, func(to *event.RotationData) {
		to.Attempt, to.AccessKeyID, to.PreviousKey = d.ID, d.Key, d.From
		if failed != nil {
			to.Code, to.AWSCode = failed.Code, failed.AWSCode
		}
	})
	if _, err := t.Recorder.Record(ctx, e); err != nil {
		return problem(NotRecorded, "", err)
	}
	return nil
}

// end records what came of an act, also when this process is told to stop. Where AWS refused, or nobody knows, it returns why.
func (t *turn) end(ctx context.Context, failed error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	var p *Problem
	state := event.RotationDone
	if failed != nil {
		p = ofAWS(t.note.Doing.Key, failed)
		state = event.RotationFailed
		if p.Code == NotAnswered {
			state = event.RotationUnknown
		}
		t.note.Failed, t.note.FailAt = p.Code+p.Key, t.Now()
	}
	if err := t.tell(ctx, state, p); err != nil {
		return err
	}
	t.note.Doing = nil
	if err := t.save(ctx); err != nil || p == nil {
		return err
	}
	return p
}

// closeUnknown records of an act whose process ended that nobody knows what came of it. What did is read from AWS.
func (t *turn) closeUnknown(ctx context.Context) error {
	t.owner = t.note.Owner
	if err := t.tell(ctx, event.RotationUnknown, nil); err != nil {
		return err
	}
	t.note.Doing = nil
	return t.save(ctx)
}

// create makes a key and stores it, in one go: its secret is in this process alone.
func (t *turn) create(ctx context.Context, p *plan) error {
	t.note.Window, t.note.Doomed, t.note.New = t.Now(), "", ""
	t.note.Tested, t.note.Passed = time.Time{}, 0
	if err := t.begin(ctx, event.RotateCreate, "", ""); err != nil {
		return err
	}
	key, err := t.Keys.CreateKey(ctx, t.owner.Name)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keeping)
	defer cancel()
	if err != nil {
		if notMade[awsCode(err)] {
			t.note.Window = time.Time{}
		}
		return t.end(ctx, err)
	}
	p.key, t.note.New, t.note.Doing.Key = key.AccessKeyID, key.AccessKeyID, key.AccessKeyID
	if err := t.save(ctx); err != nil {
		return errors.Join(err, t.undo(ctx, key, err))
	}
	err = t.end(ctx, nil)
	version := VersionOf(key.AccessKeyID)
	if err == nil {
		err = t.begin(ctx, event.RotateStore, key.AccessKeyID, "")
	}
	if err != nil {
		return errors.Join(err, t.undo(ctx, key, err))
	}
	return t.end(ctx, t.Secrets.StorePending(ctx, t.Secret, version, key))
}

// notMade are refusals after which no key exists that did not before.
var notMade = map[string]bool{"AccessDenied": true, "LimitExceeded": true, "NoSuchEntity": true, "InvalidClientTokenId": true}

// undo deletes the key that this process has just created and that nobody else can know of, since another process went
// on. Whatever else went wrong, the note has the key, and the next Step deletes it.
func (t *turn) undo(ctx context.Context, key secret.Credentials, why error) error {
	if p := (*Problem)(nil); !errors.As(why, &p) || p.Code != Overtaken {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	tell := func(state string) error {
		_, err := t.Recorder.Record(ctx, t.said(state, event.RotateDiscard, func(d *event.RotationData) { d.AccessKeyID = key.AccessKeyID }))
		return err
	}
	if err := tell(event.RotationIntent); err != nil {
		return err
	}
	if err := t.Keys.DeleteKey(ctx, t.owner.Name, key.AccessKeyID); err != nil && !gone(err) {
		return ofAWS(key.AccessKeyID, err)
	}
	return tell(event.RotationDone)
}

// test asks STS whose the new key is. It changes nothing, so it has no intent.
func (t *turn) test(ctx context.Context, p *plan) error {
	n, key := &t.note, t.pending().Key
	if n.Tested.IsZero() || n.Tested.After(t.Now().Add(skew)) {
		n.Tested = t.Now()
	}
	who, err := t.Owners.Owner(ctx, key)
	switch {
	case err == nil && (who.Account != t.owner.Account || who.Name != t.owner.Name):
		return t.broken(ctx, key.AccessKeyID, nil)
	case err == nil:
		n.Passed++
		if t.owner.ARN == "" {
			t.owner = who
		}
	case !unknownKey(err):
		return ofAWS(key.AccessKeyID, err)
	case t.Now().Sub(n.Tested) >= Patience:
		return t.broken(ctx, key.AccessKeyID, err)
	default:
		n.Passed = 0
	}
	if n.Passed < testsPassed {
		p.wait, p.waiting = testPause, WaitTest
		return nil
	}
	_, err = t.Recorder.Record(ctx, t.said(event.RotationDone, event.RotateTest, func(d *event.RotationData) { d.AccessKeyID = key.AccessKeyID }))
	if err != nil {
		n.Passed = 0
		return problem(NotRecorded, "", err)
	}
	return nil
}

// broken is of a new key that does not work. It is taken out of the secret first, so that nobody switches to it, and then
// deleted.
func (t *turn) broken(ctx context.Context, key string, err error) error {
	t.note.Doomed, t.note.Broken, t.note.Passed = key, t.Now(), 0
	if err := t.save(ctx); err != nil {
		return err
	}
	return problem(NewKeyBroken, key, err)
}

func (t *turn) switchTo(ctx context.Context, v Version) error {
	former, key := t.stored.Current, v.Key.AccessKeyID
	if err := t.begin(ctx, event.RotateSwitch, key, former.Key.AccessKeyID); err != nil {
		return err
	}
	err := t.Secrets.Switch(ctx, t.Secret, former.ID, v.ID)
	if err == nil {
		n := &t.note
		n.Current, n.Former, n.Since, n.New = key, former.Key.AccessKeyID, t.Now(), ""
		n.Window, n.Tested, n.Passed, n.Broken = time.Time{}, time.Time{}, 0, time.Time{}
	}
	return t.end(ctx, err)
}

// takeAway deactivates or deletes a key that is not current. That it is not there any more is as good.
func (t *turn) takeAway(ctx context.Context, p *plan, how func(ctx context.Context, user, id string) error) error {
	if p.key == t.stored.Current.Key.AccessKeyID {
		return problem(Overtaken, p.key, nil)
	}
	if err := t.begin(ctx, p.step, p.key, ""); err != nil {
		return err
	}
	err := how(ctx, t.owner.Name, p.key)
	if gone(err) {
		err = nil
	}
	if err == nil {
		t.note.forget(p.step, p.key, t.Now())
	}
	return t.end(ctx, err)
}

// forget notes that a key is deactivated, or is no more.
func (n *note) forget(step, key string, now time.Time) {
	if step == event.RotateDeactivate {
		n.Idle, n.IdleAt = key, now
		return
	}
	if n.New == key {
		n.New = ""
	}
	n.Window = time.Time{}
}

// drop takes a version off the secret's pending label.
func (t *turn) drop(ctx context.Context, p *plan) error {
	t.note.Doomed = p.key
	if err := t.begin(ctx, event.RotateDrop, p.key, ""); err != nil {
		return err
	}
	t.note.Tested, t.note.Passed = time.Time{}, 0
	return t.end(ctx, t.Secrets.DropPending(ctx, t.Secret, t.stored.Pending.ID))
}

// failed records why nothing can be done, once for each reason and again after a day, and returns it.
func (t *turn) failed(ctx context.Context, err error) error {
	var p *Problem
	if !errors.As(err, &p) || ctx.Err() != nil {
		return err
	}
	switch p.Code {
	case NotRecorded, StoreNotThere, Overtaken, NoteBroken:
		return err
	}
	what := p.Code + p.Key
	if t.note.Failed == what && t.Now().Sub(t.note.FailAt) < tellAgain {
		return err
	}
	e := t.said(event.RotationFailed, "", func(d *event.RotationData) {
		d.AccessKeyID, d.Code, d.AWSCode = p.Key, p.Code, p.AWSCode
	})
	if _, recErr := t.Recorder.Record(ctx, e); recErr != nil {
		return err
	}
	t.note.Failed, t.note.FailAt = what, t.Now()
	return errors.Join(err, t.save(ctx))
}
