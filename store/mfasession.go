package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

// Sessions keeps MFA sessions.
type Sessions struct{ *core }

var _ broker.Sessions = Sessions{}

// sealedSession is an MFA session as it is sealed, whole: what it says of the
// device and of its beginning decides whether it may be used.
type sealedSession struct {
	broker.Session
	SecretAccessKey string `json:"secret_access_key"`
	SessionToken    string `json:"session_token"`
}

// SaveMFASession implements [broker.Sessions]. One that has expired already, or
// whose user ended it while it began, is an error. One round trip.
func (s Sessions) SaveMFASession(ctx context.Context, session broker.Session, c secret.Credentials, swap *broker.ClaimSwap) error {
	key, err := sessionKey(session.User)
	life := session.Expires.Sub(s.now())
	switch {
	case err != nil:
		return fmt.Errorf("save MFA session: %w", err)
	case session.ID == "" || session.MFASerial == "" || session.AccessKeyID != c.AccessKeyID:
		return errors.New("save MFA session: it needs an ID, a device and credentials of its own")
	case life <= 0:
		return errors.New("save MFA session: it has already expired")
	}
	plain, err := json.Marshal(sealedSession{Session: session, SecretAccessKey: c.SecretAccessKey.Reveal(), SessionToken: c.SessionToken.Reveal()})
	if err != nil {
		return errors.New("save MFA session: it cannot be encoded")
	}
	defer clear(plain)
	ctx, cancel := s.bound(ctx)
	defer cancel()
	ended, _ := userKey(session.User, "mfa-ended") // fails as sessionKey does, on the user
	keys, args := []string{key, ended}, []any{s.ring.seal(key, plain), milliseconds(life), session.Asked.UnixMilli()}
	if swap != nil {
		claims, err := Codes(s).claimKeys(session.User, session.MFASerial, swap.Code, swap.From)
		if err != nil {
			return fmt.Errorf("save MFA session: %w", err)
		}
		keys, args = append(keys, claims...), append(args, swap.From, swap.To)
	}
	kept, err := s.scripts.saveSession.Run(ctx, s.lane(ctx), keys, args...).Bool()
	if err != nil {
		return fmt.Errorf("save MFA session: %w", err)
	}
	if !kept {
		return errors.New("save MFA session: its user ended it while it began")
	}
	return nil
}

// FindMFASession implements [broker.Sessions]. One that does not open is an
// error, an [*UnsealError] in its chain. One round trip.
func (s Sessions) FindMFASession(ctx context.Context, user string) (broker.Session, secret.Credentials, bool, error) {
	found, _, err := s.readSession(ctx, user)
	if err != nil {
		return broker.Session{}, secret.Credentials{}, false, fmt.Errorf("find MFA session: %w", err)
	}
	if !found.Expires.After(s.now()) {
		return broker.Session{}, secret.Credentials{}, false, nil
	}
	return found.Session, secret.Credentials{
		AccessKeyID: found.AccessKeyID, Expires: found.Expires,
		SecretAccessKey: secret.New(found.SecretAccessKey), SessionToken: secret.New(found.SessionToken),
	}, true, nil
}

// DropMFASession implements [broker.Sessions]. With an ID it drops the session of
// that ID alone, never a newer one. One round trip; with an ID two.
func (s Sessions) DropMFASession(ctx context.Context, user, id string) (bool, error) {
	key, err := sessionKey(user)
	if err != nil {
		return false, fmt.Errorf("drop MFA session: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if id == "" {
		s.ended.note(key, s.now())
		ended, _ := userKey(user, "mfa-ended")
		var dropped *redis.IntCmd
		_, err := s.lane(ctx).Pipelined(ctx, func(p redis.Pipeliner) error {
			// The note comes first, so that a session that is just being saved is either
			// refused or deleted. One that somebody puts back is over by it too.
			p.Set(ctx, ended, s.now().UnixMilli(), endRemembered)
			dropped = p.Del(ctx, key)
			return nil
		})
		if err != nil {
			return false, fmt.Errorf("drop MFA session: %w", err)
		}
		return dropped.Val() > 0, nil
	}
	found, sealed, err := s.readSession(ctx, user)
	if err != nil {
		return false, fmt.Errorf("drop MFA session: %w", err)
	}
	if found.ID != id {
		return false, nil
	}
	if err := s.scripts.release.Run(ctx, s.lane(ctx), []string{key}, sealed).Err(); err != nil {
		return false, fmt.Errorf("drop MFA session: %w", err)
	}
	return true, nil
}

// readSession reads the MFA session of user as it is and as it is sealed; the
// zero one and "" when there is none.
func (s Sessions) readSession(ctx context.Context, user string) (sealedSession, string, error) {
	key, err := sessionKey(user)
	if err != nil {
		return sealedSession{}, "", err
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	endedKey, _ := userKey(user, "mfa-ended") // fails as sessionKey does, on the user
	values, err := s.lane(ctx).MGet(ctx, key, endedKey).Result()
	if err != nil {
		return sealedSession{}, "", err
	}
	sealed, there := values[0].(string)
	if !there {
		return sealedSession{}, "", nil
	}
	plain, err := s.ring.open(key, []byte(sealed))
	if err != nil {
		return sealedSession{}, "", err
	}
	defer clear(plain)
	var found sealedSession
	if json.Unmarshal(plain, &found) != nil || found.User != user { // the decoder's error may quote it
		return sealedSession{}, "", fmt.Errorf("%s holds something that is no MFA session of its user", key)
	}
	if s.endedSince(key, values[1], found.Asked) {
		return sealedSession{}, "", nil
	}
	return found, sealed, nil
}

// endedSince reports whether what is under key, asked for at asked, was ended
// after that: by what is noted in Redis, in Unix ms, or by this process.
func (s Sessions) endedSince(key string, noted any, asked time.Time) bool {
	if text, ok := noted.(string); ok {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil || ms > asked.UnixMilli() {
			return true // what is no number was not written by the bot
		}
	}
	return s.ended.of(key, s.now()).UnixMilli() > asked.UnixMilli()
}

func sessionKey(user string) (string, error) { return userKey(user, "mfa") }

// KEYS: MFA session, when its user last ended one, the claims on the code that began it.
// ARGV: the sealed session, TTL in ms, when it was asked for in ms, and where there are
// claims, the one that is there and the one to take its place.
const saveSessionScript = `
local ended = redis.call('GET', KEYS[2])
if ended and tonumber(ended) > tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
for i = 3, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[4] then redis.call('SET', KEYS[i], ARGV[5], 'KEEPTTL') end
end
return 1`
