package broker

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// A RegisteredKey is a public key as the store keeps it for a User.
type RegisteredKey struct {
	Text string // of a [secret.PublicKey]
	Set  time.Time
}

// ErrKeyUnreadable is of a registered key that does not open or is no key. It is never
// "none": somebody may have altered it so that credentials go out in clear.
var ErrKeyUnreadable = errors.New("the registered key cannot be read")

// sealing looks up how the Credentials of account may be shown to user, before a code
// is spent: while the store cannot say whether there is a key, nothing is issued.
func (b *sealings) sealing(ctx context.Context, r Request, user policy.User, account policy.Account) (secret.Sealing, error) {
	if r.Purpose == PurposeBuckets {
		return secret.Sealing{}, nil // a list shows none of them
	}
	if !user.AgeKey.Empty() {
		return secret.SealedTo(user.AgeKey), nil
	}
	if user.SealRequired || account.SealRequired {
		return secret.Sealing{}, b.errSealRequired(user, account)
	}
	key, _, ok, err := b.registered(ctx, user)
	switch {
	case errors.Is(err, ErrKeyUnreadable):
		return secret.Sealing{}, &Error{
			Code: CodeSealUnreadable, Err: err,
			What: prose.Say("You have a key registered to encrypt your credentials to, but it cannot be read, and they are not shown in clear instead."),
			Hint: prose.Say("Register the key again with ", prose.AssumeCmd("key"), ", or pass the reference to whoever runs the bot."),
		}
	case err != nil:
		return secret.Sealing{}, StoreAway(err, "so it cannot tell whether your credentials must be encrypted; nothing was issued")
	case !ok:
		return secret.InClear(), nil
	}
	return secret.SealedTo(key), nil
}

func (b *sealings) errSealRequired(user policy.User, account policy.Account) error {
	message := account.Name + " is issued only encrypted to a key that the config names, and it names none for you."
	if user.SealRequired {
		message = "Your credentials are issued only encrypted to a key that the config names, and it names none for you."
	}
	return newError(CodeSealRequired,
		prose.Say(message),
		prose.Sentences(b.contact(), prose.Say("A key set with ", prose.AssumeCmd("key"), " does not count here.")))
}

// registered returns the key that user registered and since when. What is there
// but is no key that we can encrypt to is [ErrKeyUnreadable].
func (b *sealings) registered(ctx context.Context, user policy.User) (secret.PublicKey, time.Time, bool, error) {
	kept, ok, err := b.sealedKeys.LoadKey(ctx, user.Slack)
	if err != nil || !ok {
		return secret.PublicKey{}, time.Time{}, false, err
	}
	key, err := b.parseKey(kept.Text)
	if err != nil {
		return secret.PublicKey{}, time.Time{}, false, errors.Join(ErrKeyUnreadable, err)
	}
	return key, kept.Set, true, nil
}

// A KeyStatus is what a User's credentials are encrypted to.
type KeyStatus struct {
	Key        secret.PublicKey // empty: none, or Unreadable
	Set        time.Time        // zero when the config sets it
	FromConfig bool
	Required   bool // the config demands a key of its own for this User
	Unreadable bool // there is a registered key that cannot be read
}

// KeyStatus tells the Caller their key. It asks nothing of AWS.
func (b *Keys) KeyStatus(ctx context.Context, r Request) (KeyStatus, error) {
	return visit(ctx, b.visits, r, b.visits.toSee(), func(ctx context.Context, r *Request) (KeyStatus, error) {
		user := r.user
		if !user.AgeKey.Empty() {
			return KeyStatus{Key: user.AgeKey, FromConfig: true, Required: user.SealRequired}, nil
		}
		key, set, _, err := b.sealings.registered(ctx, user)
		if err != nil && !errors.Is(err, ErrKeyUnreadable) {
			return KeyStatus{}, StoreAway(err, "so it cannot look for your key")
		}
		return KeyStatus{Key: key, Set: set, Required: user.SealRequired, Unreadable: err != nil}, nil
	})
}
