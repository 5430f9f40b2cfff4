package store

import (
	"context"
	"crypto/sha1" //nolint:gosec // see goneName
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/patience"
)

// The ledger has two sorted sets for each process that owes answers, by when these were asked
// for: what it owes itself, and what it has taken over from dead ones. Beside them stands
// whether it lives, a key that Redis forgets by its own clock unless the process sets it again.
//
// What a dead process owes moves to another in one script, which sees that it is dead: of
// several who look, one gets each answer. That it has moved is kept for who owed it, so that
// a process that wakes tells what was lost here, and not what another tells. Who takes lives
// itself by the same clock, and somebody has said lately that they do: a clock of Redis that
// jumps has everybody look dead at once, and nobody takes over then. Who has taken something says
// far more often that it goes on to tell it: where it does not, that alone is taken from it, long
// before it counts as dead. An answer is sealed for the ledger and not for its
// owner, so that it moves as it is. Whoever can write to Redis can have an earlier one told
// once more, and can make and change none.

const (
	// maxOwed bounds what is kept of one answer.
	maxOwed = 8 << 10
	// mostOwners bounds how many processes are looked at.
	mostOwners = 64
	// goneFor is how long a process may stand still and then find what others took over.
	goneFor = 72 * time.Hour
	// maxOwedSealed bounds what is opened.
	maxOwedSealed = 2 * maxOwed
)

// Ledger keeps which answers each process owes.
type Ledger struct{ *core }

var _ ledger.Store = Ledger{}

// Owe implements [ledger.Store]. One round trip, none where it was asked ahead.
func (s Ledger) Owe(ctx context.Context, d ahead.Owed) (ledger.Entry, error) {
	e, err := ask(ctx, s.core, owedQuestion(d.ID), s.sendOwe(d))
	if err != nil {
		return e, fmt.Errorf("owe an answer: %w", err)
	}
	return e, nil
}

// OweAll implements [ledger.Store]. One round trip.
func (s Ledger) OweAll(ctx context.Context, all []ahead.Owed) ([]ledger.Entry, error) {
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	p := s.lane(ctx).Pipeline()
	entries, reads := make([]ledger.Entry, len(all)), make([]answer[ledger.Entry], len(all))
	var err error
	for i, d := range all {
		var failed error
		if reads[i], failed = s.sendOwe(d)(ctx, p); failed != nil {
			err = errors.Join(err, failed)
		}
	}
	_, _ = p.Exec(ctx) // each command has its own error
	for i, read := range reads {
		if read != nil {
			var failed error
			entries[i], failed = read()
			err = errors.Join(err, failed)
		}
	}
	if err != nil {
		return entries, fmt.Errorf("owe %d answers: %w", len(all), err)
	}
	return entries, nil
}

func (s Ledger) sendOwe(d ahead.Owed) func(context.Context, redis.Pipeliner) (answer[ledger.Entry], error) {
	return func(ctx context.Context, p redis.Pipeliner) (answer[ledger.Entry], error) {
		if d.Owner == "" || len(d.Text) == 0 || len(d.Text) > maxOwed || d.At.UnixMilli() <= 0 {
			return nil, fmt.Errorf("it needs an owner, a time and 1 to %d bytes, not %d", maxOwed, len(d.Text))
		}
		e := ledger.Entry{List: owedKey(d.Owner), At: d.At.Truncate(time.Millisecond), Text: d.Text, Sealed: string(s.ring.seal(ledgerKey, d.Text))}
		put := p.ZAdd(ctx, e.List, redis.Z{Score: float64(d.At.UnixMilli()), Member: e.Sealed})
		return func() (ledger.Entry, error) { return e, put.Err() }, nil
	}
}

// Settle implements [ledger.Store]. One round trip.
func (s Ledger) Settle(ctx context.Context, entries ...ledger.Entry) error {
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	_, err := s.lane(ctx).Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, e := range entries {
			p.ZRem(ctx, e.List, e.Sealed)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle what is owed: %w", err)
	}
	return nil
}

// Replace implements [ledger.Store]. The new one comes first: once too often is better than
// never. One round trip.
func (s Ledger) Replace(ctx context.Context, owner string, old ledger.Entry, text []byte) (ledger.Entry, error) {
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	p := s.lane(ctx).Pipeline()
	read, err := s.sendOwe(ahead.Owed{Owner: owner, At: old.At, Text: text})(ctx, p)
	var e ledger.Entry
	if err == nil {
		removed := p.ZRem(ctx, old.List, old.Sealed)
		_, _ = p.Exec(ctx) // each command has its own error
		e, err = read()
		err = errors.Join(err, removed.Err())
	}
	if err != nil {
		return e, fmt.Errorf("replace what is owed: %w", err)
	}
	return e, nil
}

// Owes implements [ledger.Store]. One round trip.
func (s Ledger) Owes(ctx context.Context, owner string, e ledger.Entry) (bool, error) {
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	err := s.lane(ctx).ZScore(ctx, goneKey(owner), goneName(e)).Err()
	switch {
	case errors.Is(err, redis.Nil):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("look at what is owed: %w", err)
	}
	return false, nil
}

// goneName is by what an entry is known that has moved.
func goneName(e ledger.Entry) string {
	sum := sha1.Sum([]byte(e.Sealed)) //nolint:gosec // a name, as Redis makes it too, of what is sealed
	return hex.EncodeToString(sum[:])
}

// Beat implements [ledger.Store]. One round trip, which others may share.
func (s Ledger) Beat(ctx context.Context, owner string, ttl time.Duration) (lapsed bool, dead []string, err error) {
	if owner == "" || ttl <= 0 {
		return false, nil, errors.New("a heartbeat needs an owner and a time")
	}
	keys := []string{aliveKey(owner), ownersKey, steadyKey, graceKey, tellersKey}
	said, err := askChore(ctx, s.core, func(ctx context.Context, p redis.Pipeliner) (answer[[]string], error) {
		return s.scripts.beat.EvalSha(ctx, p, keys, owner, milliseconds(ttl), milliseconds(ttl/2), aliveKey(""), mostOwners).StringSlice, nil
	})
	if err == nil && len(said) == 0 {
		err = errors.New("the answer is empty")
	}
	if err != nil {
		return false, nil, fmt.Errorf("say that this process lives: %w", err)
	}
	return said[0] == "0", said[1:], nil
}

// Leave implements [ledger.Store]. One round trip.
func (s Ledger) Leave(ctx context.Context, owner string) error {
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	if err := s.lane(ctx).Del(ctx, aliveKey(owner)).Err(); err != nil {
		return fmt.Errorf("say that this process ends: %w", err)
	}
	return nil
}

// Take implements [ledger.Store]. One round trip.
func (s Ledger) Take(ctx context.Context, dead, by string, most int, tells time.Duration) ([]ledger.Entry, error) {
	if dead == by || by == "" || most <= 0 || tells <= 0 {
		return nil, errors.New("take over what is owed: nobody takes over from themselves, or for no time")
	}
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	keys := []string{
		ownersKey, aliveKey(dead), graceKey, aliveKey(by), steadyKey, owedKey(dead), takenKey(dead), takenKey(by), goneKey(dead),
		goneKey(by), tellersKey, tellingKey(dead), tellingKey(by),
	}
	moved, err := s.scripts.takeOwed.Run(ctx, s.lane(ctx), keys, dead, most, milliseconds(goneFor), by, milliseconds(tells)).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("take over what is owed: %w", err)
	}
	return s.opened(takenKey(by), moved), nil
}

// Tell implements [ledger.Store]. One round trip.
func (s Ledger) Tell(ctx context.Context, by string, tells time.Duration) error {
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	_, err := s.lane(ctx).Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, tellingKey(by), "1", tells)
		p.ZAdd(ctx, tellersKey, redis.Z{Member: by})
		return nil
	})
	if err != nil {
		return fmt.Errorf("say that this process tells what it took over: %w", err)
	}
	return nil
}

// Told implements [ledger.Store]. One round trip.
func (s Ledger) Told(ctx context.Context, by string) error {
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	_, err := s.lane(ctx).Pipelined(ctx, func(p redis.Pipeliner) error {
		p.ZRem(ctx, tellersKey, by)
		p.Del(ctx, tellingKey(by))
		return nil
	})
	if err != nil {
		return fmt.Errorf("say that all is told: %w", err)
	}
	return nil
}

// Taken implements [ledger.Store]. One round trip.
func (s Ledger) Taken(ctx context.Context, by string, most int) ([]ledger.Entry, error) {
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	sealed, err := s.lane(ctx).ZRange(ctx, takenKey(by), 0, int64(most)-1).Result()
	if err != nil {
		return nil, fmt.Errorf("read what was taken over: %w", err)
	}
	return s.opened(takenKey(by), sealed), nil
}

// Holdings are what each process has on the ledger, up to most of each kind, for who looks from
// outside. Two round trips.
func (s Ledger) Holdings(ctx context.Context, most int) ([]ledger.Holding, error) {
	ctx, cancel := s.bound(patience.First(ctx))
	defer cancel()
	owners, err := s.lane(ctx).ZRange(ctx, ownersKey, 0, mostOwners-1).Result()
	if err != nil || len(owners) == 0 {
		return nil, errors.Join(err)
	}
	owed, took := make([]*redis.StringSliceCmd, len(owners)), make([]*redis.StringSliceCmd, len(owners))
	_, err = s.lane(ctx).Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, owner := range owners {
			owed[i], took[i] = p.ZRange(ctx, owedKey(owner), 0, int64(most)-1), p.ZRange(ctx, takenKey(owner), 0, int64(most)-1)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	all := make([]ledger.Holding, len(owners))
	for i, owner := range owners {
		all[i] = ledger.Holding{Owner: owner, Owes: s.opened(owedKey(owner), owed[i].Val()), Took: s.opened(takenKey(owner), took[i].Val())}
	}
	return all, nil
}

// opened opens what was read off a list. What does not open has no Text.
func (s Ledger) opened(list string, sealed []string) []ledger.Entry {
	out := make([]ledger.Entry, len(sealed))
	for i, each := range sealed {
		out[i] = ledger.Entry{List: list, Sealed: each}
		if len(each) > maxOwedSealed {
			continue
		}
		if text, err := s.ring.open(ledgerKey, []byte(each)); err == nil {
			out[i].Text = text
		}
	}
	return out
}

// KEYS: whether the owner lives, owners, whether anybody said lately that they live, whether
// there was a gap in that, who tells what they took over. ARGV: the owner, for how long it lives by that, what is lately (ms),
// what the keys of KEYS[1]'s kind begin with, which are in the same slot, how many are looked at.
// After a gap, of a store that was away, everybody has as long to say so. Where Redis's clock
// went back, all that was said would count for as long as it did: then everybody says so anew.
// It answers whether the owner lived until then, and who is dead now, or tells.
const beatScript = `
if redis.call('PTTL', KEYS[3]) > tonumber(ARGV[3]) then
  for _, owner in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do redis.call('PEXPIRE', ARGV[4] .. owner, ARGV[2]) end
  redis.call('SET', KEYS[4], '1', 'PX', ARGV[2])
end
local lived = redis.call('EXISTS', KEYS[1])
redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 0 then redis.call('SET', KEYS[4], '1', 'PX', ARGV[2]) end
redis.call('SET', KEYS[3], '1', 'PX', ARGV[3])
local said = { tostring(lived) }
if redis.call('EXISTS', KEYS[4]) == 1 then return said end
for _, owner in ipairs(redis.call('ZRANGE', KEYS[2], 0, ARGV[5] - 1)) do
  if redis.call('EXISTS', ARGV[4] .. owner) == 0 then said[#said + 1] = owner end
end
for _, teller in ipairs(redis.call('ZRANGE', KEYS[5], 0, ARGV[5] - 1)) do
  if teller ~= ARGV[1] and redis.call('EXISTS', ARGV[4] .. teller) == 1 then said[#said + 1] = teller end
end
return said`

// KEYS: owners, whether the dead one lives, whether nobody takes now, whether who takes lives,
// whether anybody said lately that they do; what the dead one owes and took over, what the one
// took over who takes, what has moved from the dead one, and from the one who takes; who tells
// what they took over, whether the dead one goes on with that, and whether the one does who takes.
// ARGV: the dead one, how many are taken, for how long it is kept that they have moved (ms), who
// takes, and for how long that one tells (ms). From one who lives and does not go on to tell what
// it took over, that alone is taken. It answers what was taken, the oldest of each list first; one
// who owes nothing is no owner any more. What comes back to who it moved from is theirs again.
const takeOwedScript = `
local taken = {}
local dead = redis.call('EXISTS', KEYS[2]) == 0
local silent = redis.call('ZSCORE', KEYS[11], ARGV[1]) and redis.call('EXISTS', KEYS[12]) == 0
if not (dead or silent) or redis.call('EXISTS', KEYS[3]) > 0 or redis.call('EXISTS', KEYS[4], KEYS[5]) < 2 then return taken end
for _, list in ipairs(dead and { KEYS[6], KEYS[7] } or { KEYS[7] }) do
  local left = ARGV[2] - #taken
  local found = left > 0 and redis.call('ZRANGE', list, 0, left - 1, 'WITHSCORES') or {}
  for i = 1, #found, 2 do
    local name = redis.sha1hex(found[i])
    redis.call('ZADD', KEYS[9], 0, name)
    redis.call('ZREM', KEYS[10], name)
    redis.call('ZADD', KEYS[8], found[i + 1], found[i])
    redis.call('ZREM', list, found[i])
    taken[#taken + 1] = found[i]
  end
end
if #taken == 0 then
  redis.call('ZREM', KEYS[11], ARGV[1])
  if dead then redis.call('ZREM', KEYS[1], ARGV[1]) end
else
  redis.call('PEXPIRE', KEYS[9], ARGV[3])
  redis.call('ZADD', KEYS[11], 0, ARGV[4])
  redis.call('SET', KEYS[13], '1', 'PX', ARGV[5])
end
return taken`
