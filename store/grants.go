package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/secret"
)

// pruneAfter is how long after its expiry a Grant leaves its User's index. The
// Grant itself is gone on time; the margin keeps a replica whose clock runs
// ahead from unlisting Grants that still live.
const pruneAfter = time.Hour

// sealedCredentials is [secret.Credentials], which would redact itself, and two
// things that whoever can write to Redis must not change. Grant is the digest of
// the Grant, which is kept in clear: its account, role, MFA, approval and reason
// say whether the Credentials may be shown again. Until is the end of the reveal
// window, since a value that is put back has lost its TTL; without one, as older
// releases wrote them, the Credentials are over.
type sealedCredentials struct {
	Until           time.Time `json:"until"`
	Grant           string    `json:"grant"`
	AccessKeyID     string    `json:"access_key_id"`
	SecretAccessKey string    `json:"secret_access_key"`
	SessionToken    string    `json:"session_token"`
	Expires         time.Time `json:"expires"`
}

// Grants keeps Grants, and their Credentials for the reveal window.
type Grants struct{ *core }

var _ broker.Grants = Grants{}

// SaveGrant implements [broker.Grants]. A Grant or Credentials already expired
// are an error, and then nothing is written; without a reveal window only the Grant is
// kept. One round trip, on a cluster one to each of several nodes at the same time.
func (s Grants) SaveGrant(
	ctx context.Context, g broker.Grant, c secret.Credentials, reveal time.Duration, later ...broker.DueText,
) ([]broker.DueEntry, error) {
	keys, args, err := s.saveArguments(g, c, reveal)
	if err != nil {
		return nil, fmt.Errorf("save grant %s: %w", g.ID, err)
	}
	var put []broker.DueEntry
	_, err = askNow(ctx, s.core, func(bounded context.Context, p redis.Pipeliner) (answer[struct{}], error) {
		noted := s.addHolder(bounded, p, g.User, g.Expires)
		saved := s.scripts.saveGrant.EvalSha(bounded, p, []string{keys.index, keys.grant, keys.credentials}, args...)
		keep(ctx, ordersQuestion(g.User), p, Orders(s).send(g.User)) // in the Grant's slot, and so after it
		lists := make([]answer[broker.DueEntry], len(later))
		for i, text := range later {
			lists[i] = DueLists(s).sendPut(bounded, p, text)
		}
		return func() (struct{}, error) {
			put = make([]broker.DueEntry, len(later))
			for i, read := range lists {
				var err error
				if put[i], err = read(); redis.HasErrorPrefix(err, "NOSCRIPT") {
					return struct{}{}, err
				}
			}
			return struct{}{}, errors.Join(noted.Err(), saved.Err())
		}, nil
	})
	if err != nil {
		ahead.Drop(ctx, ordersQuestion(g.User))
		return put, fmt.Errorf("save grant %s: %w", g.ID, err)
	}
	return put, nil
}

// saveArguments are the keys and arguments of saveGrantScript.
func (s Grants) saveArguments(g broker.Grant, c secret.Credentials, reveal time.Duration) (keys userKeys, args []any, err error) {
	now := s.now()
	life := g.Expires.Sub(now)
	switch {
	case g.ID == "" || g.Account == "":
		return userKeys{}, nil, errors.New("it needs an ID and an account")
	case life <= 0 || !c.Expires.After(now):
		return userKeys{}, nil, errors.New("it has already expired")
	}
	if keys, err = grantKeys(g.User, g.ID); err != nil {
		return userKeys{}, nil, err
	}
	text, err := json.Marshal(g)
	if err != nil {
		return userKeys{}, nil, err
	}
	var sealed []byte
	if reveal > 0 {
		if sealed, err = s.sealCredentials(keys.credentials, text, c, now.Add(reveal)); err != nil {
			return userKeys{}, nil, err
		}
	}
	return keys, []any{
		g.ID, g.Expires.UnixMilli(), now.Add(-pruneAfter).UnixMilli(), text, milliseconds(life),
		sealed, milliseconds(min(reveal, c.Expires.Sub(now))),
	}, nil
}

// RevealGrant implements [broker.Grants]. Credentials that do not open are an
// error, an [*UnsealError] in its chain. Two round trips, one for a User
// without Grants.
func (s Grants) RevealGrant(ctx context.Context, user, account string) (broker.Grant, secret.Credentials, bool, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	found, err := s.readGrants(ctx, user, true)
	if err != nil {
		return broker.Grant{}, secret.Credentials{}, false, fmt.Errorf("reveal grant: %w", err)
	}
	for _, f := range slices.Backward(found) {
		if f.Account != account || f.sealed == "" {
			continue
		}
		c, kept, err := s.openCredentials(f)
		if err != nil {
			return broker.Grant{}, secret.Credentials{}, false, fmt.Errorf("reveal grant: %w", err)
		}
		if kept {
			return f.Grant, c, true, nil
		}
	}
	return broker.Grant{}, secret.Credentials{}, false, nil
}

// LiveGrants returns the Grants of user that have not expired, oldest first;
// none is an empty list. Two round trips, one for a User without Grants.
func (s Grants) LiveGrants(ctx context.Context, user string) ([]broker.Grant, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	found, err := s.readGrants(ctx, user, false)
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	out := make([]broker.Grant, len(found))
	for i, f := range found {
		out[i] = f.Grant
	}
	return out, nil
}

// ForgetCredentials implements [broker.Grants]. One round trip.
func (s Grants) ForgetCredentials(ctx context.Context, user, grantID string) error {
	keys, err := grantKeys(user, grantID)
	if err != nil {
		return fmt.Errorf("forget credentials: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.lane(ctx).Del(ctx, keys.credentials).Err(); err != nil {
		return fmt.Errorf("forget credentials: %w", err)
	}
	return nil
}

// FindGrant implements [broker.Grants]. Credentials that do not open are an
// error. One round trip.
func (s Grants) FindGrant(ctx context.Context, user, grantID string) (broker.KeptGrant, bool, error) {
	keys, err := grantKeys(user, grantID)
	if err != nil {
		return broker.KeptGrant{}, false, nil // nothing is kept under such a name
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	values, err := s.lane(ctx).MGet(ctx, keys.grant, keys.credentials, keys.ended).Result()
	if err != nil {
		return broker.KeptGrant{}, false, fmt.Errorf("find grant: %w", err)
	}
	text, ok := values[0].(string)
	if !ok || values[2] != nil || s.ended.has(keys.grant, s.now()) {
		return broker.KeptGrant{}, false, nil
	}
	found := foundGrant{keys: keys, text: text}
	if found.Grant, err = decodeGrant(keys.grant, text, user, grantID); err != nil {
		return broker.KeptGrant{}, false, fmt.Errorf("find grant: %w", err)
	}
	kept := broker.KeptGrant{Grant: found.Grant}
	if !found.Expires.After(s.now()) {
		return broker.KeptGrant{}, false, nil
	}
	if found.sealed, ok = values[1].(string); ok {
		if kept.Credentials, kept.Revealable, err = s.openCredentials(found); err != nil {
			return broker.KeptGrant{}, false, fmt.Errorf("find grant: %w", err)
		}
	}
	return kept, true, nil
}

// EndGrant implements [broker.Grants]. First it notes, in this process and in
// Redis, that the Grant has ended, which still counts where somebody puts the Grant
// back. An ID that stays in the index only costs a look-up. One round trip.
func (s Grants) EndGrant(ctx context.Context, user, grantID string) error {
	keys, err := grantKeys(user, grantID)
	if err != nil {
		return fmt.Errorf("end grant: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	s.ended.note(keys.grant, s.now())
	_, err = s.lane(ctx).Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, keys.ended, s.now().UnixMilli(), endRemembered)
		p.Del(ctx, keys.grant, keys.credentials)
		p.ZRem(ctx, keys.index, grantID)
		return nil
	})
	if err != nil {
		return fmt.Errorf("end grant: %w", err)
	}
	return nil
}

// foundGrant is a live Grant as read, with its Credentials still sealed; "" when
// they are gone or were not asked for.
type foundGrant struct {
	broker.Grant
	keys   userKeys
	text   string // the Grant as it is kept
	sealed string
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// readGrants reads the live Grants of user, oldest first.
func (s Grants) readGrants(ctx context.Context, user string, credentials bool) ([]foundGrant, error) {
	index, err := userKey(user, "grants")
	if err != nil {
		return nil, err
	}
	ids, err := s.lane(ctx).ZRange(ctx, index, 0, -1).Result()
	ids = slices.DeleteFunc(ids, func(id string) bool { return !plausible(id) })
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	keys := make([]userKeys, len(ids))
	var names []string
	for i, id := range ids {
		if keys[i], err = grantKeys(user, id); err != nil {
			return nil, err
		}
		names = append(names, keys[i].grant, keys[i].ended)
		if credentials {
			names = append(names, keys[i].credentials)
		}
	}
	values, err := s.lane(ctx).MGet(ctx, names...).Result()
	if err != nil {
		return nil, err
	}
	var out []foundGrant
	perGrant := len(names) / len(ids)
	for i := range ids {
		text, ok := values[i*perGrant].(string)
		if !ok || values[i*perGrant+1] != nil || s.ended.has(keys[i].grant, s.now()) {
			continue // it expired or was ended; the index is pruned when the next one is saved
		}
		f := foundGrant{keys: keys[i], text: text}
		if f.Grant, err = decodeGrant(keys[i].grant, text, user, ids[i]); err != nil {
			return nil, err
		}
		if credentials {
			f.sealed, _ = values[i*perGrant+2].(string)
		}
		if f.Expires.After(s.now()) {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b foundGrant) int {
		return cmp.Or(a.Issued.Compare(b.Issued), a.Expires.Compare(b.Expires), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func decodeGrant(key, text, user, id string) (broker.Grant, error) {
	var kept struct {
		versioned
		broker.Grant
	}
	if err := kept.decode(key, []byte(text), &kept); err != nil {
		return broker.Grant{}, fmt.Errorf("%s is not a grant: %w", key, err)
	}
	if kept.User != user || kept.ID != id {
		return broker.Grant{}, fmt.Errorf("%s is the grant of another key", key)
	}
	return kept.Cleaned(), nil
}

func (s Grants) sealCredentials(key string, grant []byte, c secret.Credentials, until time.Time) ([]byte, error) {
	plain, err := json.Marshal(sealedCredentials{
		Until: until, Grant: digest(grant), AccessKeyID: c.AccessKeyID, Expires: c.Expires,
		SecretAccessKey: c.SecretAccessKey.Reveal(), SessionToken: c.SessionToken.Reveal(),
	})
	if err != nil {
		return nil, errors.New("the credentials cannot be encoded")
	}
	defer clear(plain)
	return s.ring.seal(key, plain), nil
}

// openCredentials returns what was sealed with a Grant; kept is false when its
// time is over.
func (s Grants) openCredentials(f foundGrant) (c secret.Credentials, kept bool, err error) {
	plain, err := s.ring.open(f.keys.credentials, []byte(f.sealed))
	if err != nil {
		return secret.Credentials{}, false, err
	}
	defer clear(plain)
	var sealed sealedCredentials
	if err := json.Unmarshal(plain, &sealed); err != nil {
		return secret.Credentials{}, false, fmt.Errorf("%s holds something that is no credentials", f.keys.credentials) // err may quote them
	}
	if sealed.Grant != digest([]byte(f.text)) || sealed.AccessKeyID != f.AccessKeyID {
		return secret.Credentials{}, false, fmt.Errorf("%s does not belong to the credentials kept with it: the grant was altered", f.keys.grant)
	}
	if now := s.now(); !sealed.Until.After(now) || !sealed.Expires.After(now) {
		return secret.Credentials{}, false, nil
	}
	return secret.Credentials{
		AccessKeyID: sealed.AccessKeyID, Expires: sealed.Expires,
		SecretAccessKey: secret.New(sealed.SecretAccessKey), SessionToken: secret.New(sealed.SessionToken),
	}, true, nil
}

type userKeys struct{ index, grant, credentials, ended string }

func grantKeys(user, id string) (userKeys, error) {
	index, err := userKey(user, "grants")
	if err != nil {
		return userKeys{}, err
	}
	grant, _ := userKey(user, "grant", id) // fails as the first does, on the user
	credentials, _ := userKey(user, "credentials", id)
	ended, _ := userKey(user, "ended", id)
	return userKeys{index: index, grant: grant, credentials: credentials, ended: ended}, nil
}

// KEYS: index, grant, credentials. ARGV: grant ID, its expiry and the expiry to
// prune up to (both Unix ms), grant, its TTL, sealed credentials or "", their TTL
// (ms). The index comes first: it alone can fail, on a key of another type, and
// nothing else is written then.
const saveGrantScript = `
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[5]) then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
if ARGV[6] ~= '' then redis.call('SET', KEYS[3], ARGV[6], 'PX', ARGV[7]) end
return 1`
