package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

// A key of either ring may stand in its variable as KMS has wrapped it, and then only KMS opens it. What it is for
// is bound to it: its purpose and the name of the record, so that none serves as the other kind, or for another
// bot. Settings have it as it was written until they are [Settings.Unwrapped], and such a text is no key for
// whatever takes keys: nothing can run without it by mistake.
const (
	contextPurpose = "assumebot:purpose"
	contextOrigin  = "assumebot:origin"
	purposeSeal    = "seal"
	purposeRecord  = "record"
)

// wrapContext is what KMS binds to a wrapped key of the record called origin.
func wrapContext(purpose, origin string) map[string]string {
	return map[string]string{contextPurpose: purpose, contextOrigin: origin}
}

// wrapped reads an entry that is meant as wrapped, for that purpose.
func wrapped(entry, purpose string) (k awsapi.WrappedKey, err error) {
	if k, err = awsapi.ParseWrappedKey(entry); err != nil {
		return k, err
	}
	origin := k.Context[contextOrigin]
	switch said := k.Context[contextPurpose]; {
	case len(k.Context) != 2 || origin == "" || said != purposeSeal && said != purposeRecord:
		err = errors.New("is not bound to its purpose and its record: take the whole line that assumebot keygen --kms prints")
	case said != purpose:
		does := map[string]string{purposeSeal: "seal", purposeRecord: "sign the record"}[said]
		err = fmt.Errorf("was wrapped as a key to %s with: put it into the other variable", does)
	case tree.CheckOrigin(origin) != nil:
		err = errors.New("is bound to what is no name of a record: take the whole line that assumebot keygen --kms prints")
	}
	return k, err
}

// An unwrapper has KMS open keys, each once: what was opened stays in memory until keep drops it.
type unwrapper struct {
	kms interface {
		Unwrap(ctx context.Context, k awsapi.WrappedKey) (secret.Text, error)
	}
	mu     sync.Mutex
	opened map[digest]secret.Text // by the entry
}

func newUnwrapper(aws *awsapi.Client) *unwrapper {
	return &unwrapper{kms: aws, opened: map[digest]secret.Text{}}
}

// checked is a key as a ring has it, of what KMS has opened; or what is wrong with that.
type checked func(k awsapi.WrappedKey, held secret.Text) (secret.Text, error)

// keys returns a ring of variable name in clear; check says what is wrong with one that was opened. Nothing is
// opened in part: an error is of the whole ring.
func (u *unwrapper) keys(ctx context.Context, name, purpose string, ring []secret.Text, check checked) ([]secret.Text, error) {
	var out []secret.Text
	for i, entry := range ring {
		key := entry
		if awsapi.IsWrappedKey(entry.Reveal()) {
			k, err := wrapped(entry.Reveal(), purpose)
			if err == nil {
				key, err = u.open(ctx, entry, k, check)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: key %d: %w", name, i+1, err)
			}
		}
		if slices.ContainsFunc(out, func(other secret.Text) bool { return other.Reveal() == key.Reveal() }) {
			return nil, fmt.Errorf("%s: key %d came before already: remove one of the two", name, i+1)
		}
		out = append(out, key)
	}
	return out, nil
}

func (u *unwrapper) open(ctx context.Context, entry secret.Text, k awsapi.WrappedKey, check checked) (secret.Text, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if key, ok := u.opened[digestOf(entry)]; ok {
		return key, nil
	}
	held, err := u.kms.Unwrap(ctx, k)
	if err == nil {
		held, err = check(k, held)
	}
	if err != nil {
		return secret.Text{}, err
	}
	u.opened[digestOf(entry)] = held
	return held, nil
}

// keep forgets what was opened of all but these entries.
func (u *unwrapper) keep(entries []secret.Text) {
	kept := map[digest]bool{}
	for _, e := range entries {
		kept[digestOf(e)] = true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.DeleteFunc(u.opened, func(d digest, _ secret.Text) bool { return !kept[d] })
}

// sealKeys opens a ring of seal keys. With an origin, those that are wrapped must be of that record.
func (u *unwrapper) sealKeys(ctx context.Context, ring []secret.Text, origin string) ([]secret.Text, error) {
	if err := sealsFor(origin, ring); err != nil { // KMS is not asked for what is refused anyhow
		return nil, err
	}
	return u.keys(ctx, "ASSUMEBOT_SEAL_KEYS", purposeSeal, ring, func(_ awsapi.WrappedKey, held secret.Text) (secret.Text, error) {
		raw := []byte(held.Reveal())
		defer clear(raw)
		if len(raw) != sealKeyBytes || store.WeakSealKey(raw) {
			return secret.Text{}, errors.New("what KMS has wrapped is no seal key of 32 random bytes: `assumebot keygen --kms` makes one")
		}
		return secret.New(base64.StdEncoding.EncodeToString(raw)), nil
	})
}

// sealsFor says so when a key was wrapped for another record than the one called origin; "": any may be.
func sealsFor(origin string, ring []secret.Text) error {
	for i, entry := range ring {
		if k, err := wrapped(entry.Reveal(), purposeSeal); err == nil && origin != "" && k.Context[contextOrigin] != origin {
			return fmt.Errorf("ASSUMEBOT_SEAL_KEYS: key %d was wrapped for the record %s, and this one is %s: take a key of this bot",
				i+1, k.Context[contextOrigin], origin)
		}
	}
	return nil
}

// withoutSealKeys is for who keeps s for long and needs none: a key that leaves the ring shall not stay in memory there.
func (s Settings) withoutSealKeys() Settings {
	s.inClear, s.opened = s.keysInClear(), true
	s.SealKeys, s.sealFile = nil, secret.Text{}
	return s
}

// checkSealKeys says so when a seal key was wrapped for another record.
func (s Settings) checkSealKeys() error { return sealsFor(s.origin(), s.SealKeys) }

func (u *unwrapper) recordKeys(ctx context.Context, ring []secret.Text) ([]secret.Text, error) {
	return u.keys(ctx, "ASSUMEBOT_RECORD_KEY", purposeRecord, ring, func(k awsapi.WrappedKey, held secret.Text) (secret.Text, error) {
		signer, err := tree.NewSigner(held.Reveal())
		if err != nil || signer.Origin() != k.Context[contextOrigin] {
			return secret.Text{}, errors.New("what KMS has wrapped is no private key of that record: `assumebot keygen record NAME --kms` makes one")
		}
		return held, nil
	})
}

// keysInClear says, of each ring, which key stood in clear first.
func (s Settings) keysInClear() []string {
	if s.opened {
		return s.inClear
	}
	var said []string
	for _, ring := range []struct {
		name, wrap string
		keys       []secret.Text
	}{
		{"ASSUMEBOT_SEAL_KEYS", "keygen --kms KEY --name NAME --wrap", s.SealKeys},
		{"ASSUMEBOT_RECORD_KEY", "keygen record NAME --kms KEY --wrap", s.RecordKeys},
	} {
		if i := slices.IndexFunc(ring.keys, inClearText); i >= 0 {
			said = append(said, fmt.Sprintf("%s: key %d stands in clear, and the config has wrapped_keys: required: "+
				"wrap it with `assumebot %s`, and put what that prints in its place", ring.name, i+1, ring.wrap))
		}
	}
	return said
}

// checkWrapped says so when keys that must be wrapped stood in clear.
func (s Settings) checkWrapped(required bool) error {
	var problems []error
	if required {
		for _, said := range s.keysInClear() {
			problems = append(problems, errors.New(said))
		}
	}
	return errors.Join(problems...)
}

// unwrapped returns s with every key in clear.
func (s Settings) unwrapped(ctx context.Context, u *unwrapper) (Settings, error) {
	var err error
	inClear := s.keysInClear()
	if s.RecordKeys, err = u.recordKeys(ctx, s.RecordKeys); err != nil {
		return Settings{}, err
	}
	if s.SealKeys, err = u.sealKeys(ctx, s.SealKeys, s.origin()); err != nil {
		return Settings{}, err
	}
	s.inClear, s.opened = inClear, true
	return s, nil
}

// origin is what the record is called; "" where no key says so.
func (s Settings) origin() string {
	if s.EmbeddedRedis() {
		return ""
	}
	origin, _ := s.recordOrigin() // one without a name was refused, or is not needed
	return origin
}

// wrapsAny reports whether KMS must be asked for any key.
func (s Settings) wrapsAny() bool {
	return slices.ContainsFunc(slices.Concat(s.SealKeys, s.RecordKeys), func(k secret.Text) bool { return awsapi.IsWrappedKey(k.Reveal()) })
}

// WrappedByKMS is how many keys of both rings KMS has to open.
func (s Settings) WrappedByKMS() (n, of int) {
	for _, k := range slices.Concat(s.SealKeys, s.RecordKeys) {
		if of++; awsapi.IsWrappedKey(k.Reveal()) {
			n++
		}
	}
	return n, of
}

// Unwrapped returns s with each key in clear that KMS has wrapped, for a tool: it asks KMS with the bot's own
// identity, and does not wait for it.
func (s Settings) Unwrapped(ctx context.Context, getenv func(string) string) (Settings, error) {
	if !s.wrapsAny() {
		return s, nil
	}
	aws, err := openToolAWS(ctx, getenv)
	if err != nil {
		return Settings{}, fmt.Errorf("a key is wrapped by KMS: %w", err)
	}
	return s.unwrapped(ctx, newUnwrapper(aws))
}

// untilUnwrapped waits for KMS as the bot waits for Redis. What waiting cannot mend is a [*SetupError].
func (s Settings) untilUnwrapped(ctx context.Context, u *unwrapper, log *slog.Logger) (out Settings, err error) {
	if !s.wrapsAny() {
		return s, nil
	}
	pace := retry.Pace{First: 500 * time.Millisecond, Longest: 15 * time.Second}
	pace.Report = func(err error, wait time.Duration) {
		log.WarnContext(ctx, "waiting for KMS, which opens the keys: nothing is served before it answers", "error", err, "retry_in", wait)
	}
	err = pace.Do(ctx, func() error {
		out, err = s.unwrapped(ctx, u)
		if kms := (*awsapi.KMSError)(nil); err != nil && (!errors.As(err, &kms) || !kms.Passes) {
			return retry.Final(NeedsPerson(err))
		}
		return err
	})
	if err == nil {
		n, of := s.WrappedByKMS()
		log.InfoContext(ctx, "KMS has opened the keys", "wrapped", n, "keys", of)
	}
	return out, err
}
