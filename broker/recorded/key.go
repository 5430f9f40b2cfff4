package recorded

import (
	"context"
	"fmt"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

// keys are what the store has, if it is what the record says. Which of two differing ones
// is the person's nobody knows then, so that the bot neither shows anything in clear nor
// encrypts to either: the person registers theirs again. A key of which the record tells
// nothing was registered before there was a record, and counts.
type keys struct {
	broker.SealedKeys
	log   Log
	parse func(text string) (secret.PublicKey, error)
}

// LoadKey implements [broker.SealedKeys].
func (s keys) LoadKey(ctx context.Context, user string) (broker.RegisteredKey, bool, error) {
	kept, ok, err := s.SealedKeys.LoadKey(ctx, user)
	if err != nil {
		return broker.RegisteredKey{}, false, err
	}
	var fingerprint string
	if ok {
		key, err := s.parse(kept.Text)
		if err != nil {
			return broker.RegisteredKey{}, false, fmt.Errorf("%w: %w", broker.ErrKeyUnreadable, err)
		}
		fingerprint = key.Fingerprint
	}
	on, told := s.log.Key(user)
	if told && fingerprint != on.Fingerprint {
		if err := s.log.CaughtUp(ctx); err != nil {
			return broker.RegisteredKey{}, false, err
		}
		on, _ = s.log.Key(user)
	}
	if told && fingerprint != on.Fingerprint {
		return broker.RegisteredKey{}, false, fmt.Errorf("%w: the store has %s, and entry %d of the record says %s",
			broker.ErrKeyUnreadable, orNone(fingerprint), on.Entry, orNone(on.Fingerprint))
	}
	return kept, ok, nil
}

func orNone(fingerprint string) string {
	if fingerprint == "" {
		return "none"
	}
	return fingerprint
}
