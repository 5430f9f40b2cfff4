package broker

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// A KeyChange is what became of a User's registered key.
type KeyChange string

// The changes.
const (
	KeySet      KeyChange = "set"
	KeyReplaced KeyChange = "replaced"
	KeyRemoved  KeyChange = "removed"
)

// A ChangedKey is what ChangeKey answers.
type ChangedKey struct {
	Change   KeyChange
	Key      secret.PublicKey // empty once removed
	Previous secret.PublicKey // empty when there was none, or none that could be read
	At       time.Time
}

// ChangeKey registers key for the Caller, or removes theirs when key is empty. Whoever
// sits at an unlocked Slack must not be able to, so it takes a fresh code, which STS
// checks by GetSessionToken, whose result nobody keeps. The change is on the record
// before it counts.
func (b *Keys) ChangeKey(ctx context.Context, r Request, key secret.PublicKey) (ChangedKey, error) {
	r.Purpose, r.Account = PurposeKey, ""
	return visit(ctx, b.visits, r, b.visits.toBring(), func(ctx context.Context, r *Request) (ChangedKey, error) {
		change, err := b.planKeyChange(ctx, *r, r.user, key)
		if err != nil {
			return ChangedKey{}, err
		}
		return b.changeKey(ctx, *r, change)
	})
}

func (b *Keys) changeKey(ctx context.Context, r Request, change ChangedKey) (ChangedKey, error) {
	user := r.user
	p := Plan{Method: MethodGetSessionToken, MFA: true, Duration: policy.MinDuration}
	long, err := b.aws.LongTermKey(ctx, user, p)
	if err != nil {
		return ChangedKey{}, err
	}
	act := actOf(r, p)
	act.KeyChange, act.Key, act.PreviousKey = string(change.Change), change.Key.Fingerprint, change.Previous.Fingerprint
	_, err = b.attempts.perform(ctx, &attempt{
		request: r,
		claims:  []claim{b.usage.codeClaim(r, user)},
		act:     act,
		code:    true,
		undone:  "your key was not changed",
		did:     "AWS accepted your code",
		dropped: "your key was not changed",
		ask: func(ctx context.Context) (Issued, error) {
			return b.attempts.askSTS(ctx, Call{Request: r, User: user, Plan: p, Signer: long})
		},
		keep: func(ctx context.Context, issued Issued, at time.Time) (Issued, error) {
			change.At = at
			return issued, b.keepKey(ctx, r, act, issued, change)
		},
	})
	if err != nil {
		return ChangedKey{}, err
	}
	return change, nil
}

// planKeyChange says, before a code is spent, what the change would be or why not.
func (b *Keys) planKeyChange(ctx context.Context, r Request, user policy.User, key secret.PublicKey) (ChangedKey, error) {
	switch {
	case !user.AgeKey.Empty():
		return ChangedKey{}, newError(CodeKeyFixed, prose.Say("Your key is set by the config and cannot be changed from Slack."), b.contact())
	case user.MFASerial == "":
		return ChangedKey{}, newError(CodeKeyFixed,
			prose.Say("The config names no MFA device for you, so no code of yours can be checked, and a key cannot be changed without."),
			b.contact()).detailed("no_device")
	}
	previous, _, ok, err := b.sealings.registered(ctx, user)
	if errors.Is(err, ErrKeyUnreadable) {
		// A fresh code is the way out of it, for whoever holds the device.
		previous, ok, err = secret.PublicKey{}, true, nil
	}
	switch {
	case err != nil:
		return ChangedKey{}, StoreAway(err, "so your key was not changed")
	case key.Empty() && !ok:
		return ChangedKey{}, newError(CodeKeyUnchanged,
			prose.Say("You have no key registered, so there is none to remove."),
			prose.Say(prose.AssumeCmd("key"), " shows what you have.")).detailed("none")
	case ok && key == previous:
		return ChangedKey{}, newError(CodeKeyUnchanged, prose.Say("That is your registered key already."), prose.Say(prose.AssumeCmd("key"), " shows it."))
	case r.Code.Empty():
		return ChangedKey{}, errKeyNeedsCode(key)
	}
	change := ChangedKey{Change: KeySet, Key: key, Previous: previous}
	switch {
	case key.Empty():
		change.Change = KeyRemoved
	case ok:
		change.Change = KeyReplaced
	}
	return change, nil
}

func errKeyNeedsCode(key secret.PublicKey) error {
	example := prose.AssumeCmd("key remove 123456")
	switch {
	case key.Empty():
	case key.Text[0] == 'a':
		example = prose.AssumeCmd("key age1… 123456")
	default:
		example = prose.AssumeCmd("key", key.Type, "AAAA… 123456")
	}
	return newError(CodeNeedsCode,
		prose.Say("To change your key takes a fresh code of your MFA device. Nothing was changed."),
		prose.Say("Send ", example, ": the same again, with the six digits at its end."))
}

// keepKey has the store do what is on the record. If it fails, a second outcome says so.
func (b *Keys) keepKey(ctx context.Context, r Request, act event.Act, issued Issued, change ChangedKey) error {
	var err error
	if change.Key.Empty() {
		err = b.sealedKeys.RemoveKey(ctx, r.user.Slack)
	} else {
		err = b.sealedKeys.SaveKey(ctx, r.user.Slack, RegisteredKey{Text: change.Key.Text, Set: change.At})
	}
	if err == nil {
		return nil
	}
	const what = "AWS accepted your code, but the bot's own store did not answer, so nobody knows whether your key was changed."
	e := b.asError(r, unstored(err, what)).detailed("key_unsure")
	e.Hint = prose.Say("Look with ", prose.AssumeCmd("key"), "; if it was not, try again with a new code.")
	b.note(ctx, b.event(r, event.FailedData{Act: act, Issued: event.Issued{STSRequestID: issued.Grant.STSRequestID}, Failure: e.failure()}))
	return e
}
