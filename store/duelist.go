package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/patience"
)

// A due list is a sorted set of IDs, by when each is due, and a value of each ID:
// what is to be done. Its keys share a hash tag and have no TTL: an entry stays
// until it is done. Due times are by the bot's clock alone; Redis compares none
// of them with its own.
//
// An entry can have the bot delete a message or tell somebody something, so it is
// sealed for its list, its ID and its due time: whoever can write to Redis can
// delete one or put an earlier one back, but can make, change and move none.
//
// A replica takes an entry before it works on it: it replaces the entry by the
// same one, due later and with a mark of its own. Of two replicas only one can. If
// that one dies, the entry falls due again.
//
// Older releases kept entries in clear, in the list's key without "sealed". Anybody
// who can write to Redis could have made those, so the bot does nothing that they
// say. Once no older replica can be working on them, DueBy returns them as broken,
// and the caller reports them and sets them aside.

const (
	// brokenAfter is how long after its time an entry that does not open is left
	// alone: a replica with other seal keys, or of an older release, may serve it.
	brokenAfter = 5 * time.Minute
	// asideFor is how long an entry that was set aside is kept to be looked at.
	asideFor  = 30 * 24 * time.Hour
	asideMost = 1000
	// maxDueEntry bounds what is read and written.
	maxDueEntry = 64 << 10
	oldEntry    = "an older release wrote it, in clear"
)

// A keptDue is what is sealed.
type keptDue struct {
	Tries int    `json:"tries,omitempty"`
	By    string `json:"by,omitempty"` // random, of the replica that took it
	Text  []byte `json:"text"`
}

// DueLists keeps what is to be done later.
type DueLists struct{ *core }

// PutDue puts text on list, due at at, and returns the entry for SettleDue. If the
// same text is there already, only its time changes. Where the list holds most
// entries or more it puts nothing new and returns false; 0 is no limit. One round
// trip.
func (s DueLists) PutDue(ctx context.Context, list string, at time.Time, text []byte, most int) (broker.DueEntry, bool, error) {
	e, err := askNow(ctx, s.core, func(ctx context.Context, p redis.Pipeliner) (answer[broker.DueEntry], error) {
		return s.sendPut(ctx, p, broker.DueText{List: list, At: at, Text: text, Most: most}), nil
	})
	if err != nil {
		return broker.DueEntry{}, false, fmt.Errorf("put on due list %s: %w", list, err)
	}
	return e, e.ID != "", nil
}

// sendPut puts an entry on its list; the zero one is read where the list was full.
func (s DueLists) sendPut(ctx context.Context, p redis.Pipeliner, d broker.DueText) answer[broker.DueEntry] {
	failed := func(err error) answer[broker.DueEntry] {
		return func() (broker.DueEntry, error) { return broker.DueEntry{}, err }
	}
	keys, err := dueKeys(d.List)
	switch {
	case err != nil:
		return failed(err)
	case len(d.Text) == 0 || len(d.Text) > maxDueEntry:
		return failed(fmt.Errorf("an entry has 1 to %d bytes, not %d", maxDueEntry, len(d.Text)))
	case d.At.UnixMilli() <= 0:
		return failed(errors.New("it needs a time"))
	}
	id := s.ring.dueID(d.List, d.Text)
	sealed, err := s.sealDue(keys.entry(id), d.At, keptDue{Text: d.Text})
	if err != nil {
		return failed(err)
	}
	put := s.scripts.putDue.EvalSha(ctx, p, []string{keys.list, keys.entry(id)}, d.At.UnixMilli(), id, sealed, d.Most)
	return func() (broker.DueEntry, error) {
		if ok, err := put.Bool(); err != nil || !ok {
			return broker.DueEntry{}, err
		}
		return broker.DueEntry{ID: id, At: d.At.Truncate(time.Millisecond), Text: d.Text, Sealed: sealed}, nil
	}
}

// DueBy returns up to limit entries of list that are due at now or before, the
// earliest first, and what an older release left. It removes none. One that does
// not open is left out while another replica may still open it, then Broken.
// Two round trips, one for an empty list; others may share the first.
func (s DueLists) DueBy(ctx context.Context, list string, now time.Time, limit int64) ([]broker.DueEntry, error) {
	keys, err := dueKeys(list)
	if err != nil {
		return nil, fmt.Errorf("read due list: %w", err)
	}
	ids, err := askChore(ctx, s.core, func(ctx context.Context, p redis.Pipeliner) (answer[pair[[]redis.Z, []redis.Z]], error) {
		due := p.ZRangeArgsWithScores(ctx, dueBefore(keys.list, now, limit))
		old := p.ZRangeArgsWithScores(ctx, dueBefore(keys.old, now.Add(-brokenAfter), limit))
		return func() (pair[[]redis.Z, []redis.Z], error) {
			return pair[[]redis.Z, []redis.Z]{due.Val(), old.Val()}, errors.Join(due.Err(), old.Err())
		}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read due list %s: %w", list, err)
	}
	var out []broker.DueEntry
	for _, z := range ids.second {
		text, _ := z.Member.(string) // it is always one
		out = append(out, broker.DueEntry{At: time.UnixMilli(int64(z.Score)), Sealed: []byte(text), Broken: oldEntry})
	}
	found, err := s.openDue(ctx, keys, ids.first, now)
	if err != nil {
		return nil, fmt.Errorf("read due list %s: %w", list, err)
	}
	return append(out, found...), nil
}

func dueBefore(key string, now time.Time, limit int64) redis.ZRangeArgs {
	return redis.ZRangeArgs{Key: key, ByScore: true, Start: "-inf", Stop: strconv.FormatInt(now.UnixMilli(), 10), Count: limit}
}

// openDue reads the entries that IDs with their moments name.
func (s DueLists) openDue(ctx context.Context, keys dueNames, due []redis.Z, now time.Time) ([]broker.DueEntry, error) {
	if len(due) == 0 {
		return nil, nil
	}
	names := make([]string, len(due))
	for i, z := range due {
		id, _ := z.Member.(string)
		names[i] = keys.entry(id)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	values, err := s.lane(ctx).MGet(ctx, names...).Result()
	if err != nil {
		return nil, err
	}
	var out []broker.DueEntry
	for i, z := range due {
		e := broker.DueEntry{ID: names[i][len(keys.entry("")):], At: time.UnixMilli(int64(z.Score))}
		sealed, _ := values[i].(string)
		e.Sealed = []byte(sealed)
		kept, err := s.unsealDue(names[i], e.At, e.Sealed)
		if err != nil {
			e.Broken = err.Error()
		}
		if e.Broken != "" && now.Sub(e.At) < brokenAfter {
			continue
		}
		e.Text, e.Tries = kept.Text, kept.Tries
		out = append(out, e)
	}
	return out, nil
}

// TakeDue takes e for the caller until until; false when another took or settled
// it before. The caller works on, and settles, what it returns. One round trip.
func (s DueLists) TakeDue(ctx context.Context, list string, e broker.DueEntry, until time.Time) (broker.DueEntry, bool, error) {
	keys, err := dueKeys(list)
	if err == nil && (e.ID == "" || e.Broken != "") {
		err = errors.New("it is broken")
	}
	var sealed []byte
	if err == nil {
		sealed, err = s.sealDue(keys.entry(e.ID), until, keptDue{Tries: e.Tries + 1, By: rand.Text(), Text: e.Text})
	}
	if err != nil {
		return broker.DueEntry{}, false, fmt.Errorf("take from due list: %w", err)
	}
	taken, err := s.replaceDue(ctx, keys, e, until, sealed)
	if err != nil {
		return broker.DueEntry{}, false, fmt.Errorf("take from due list %s: %w", list, err)
	}
	e.At, e.Sealed, e.Tries = until.Truncate(time.Millisecond), sealed, e.Tries+1
	return e, taken, nil
}

// SettleDue puts next, due at at, in the place of e, or takes e off the list if
// next is nil; false when another took it meanwhile, and then nothing changes. A
// repeat is answered as the first time. It goes first: what is not settled is done
// twice. One round trip.
func (s DueLists) SettleDue(ctx context.Context, list string, e broker.DueEntry, at time.Time, next []byte) (bool, error) {
	keys, err := dueKeys(list)
	switch {
	case err != nil:
	case e.ID == "":
		err = errors.New("it is broken")
	case next != nil && (len(next) == 0 || len(next) > maxDueEntry || at.UnixMilli() <= 0):
		err = errors.New("what takes its place is none")
	}
	var sealed []byte
	if err == nil && next != nil {
		sealed, err = s.sealDue(keys.entry(e.ID), at, keptDue{Text: next})
	}
	if err != nil {
		return false, fmt.Errorf("settle on due list: %w", err)
	}
	settled, err := s.replaceDue(patience.First(ctx), keys, e, at, sealed)
	if err != nil {
		return false, fmt.Errorf("settle on due list %s: %w", list, err)
	}
	return settled, nil
}

func (s DueLists) replaceDue(ctx context.Context, keys dueNames, e broker.DueEntry, at time.Time, sealed []byte) (bool, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	return s.scripts.replaceDue.Run(ctx, s.lane(ctx), []string{keys.list, keys.entry(e.ID)}, at.UnixMilli(), e.ID, e.Sealed, sealed).Bool()
}

// SetAsideDue takes e off the list, whatever it holds, and keeps it for a while
// where nobody works on it; false when another did that before, so that only one
// reports it. One round trip.
func (s DueLists) SetAsideDue(ctx context.Context, list string, e broker.DueEntry) (bool, error) {
	keys, err := dueKeys(list)
	if err != nil {
		return false, fmt.Errorf("set aside from due list: %w", err)
	}
	from, member, entry, kept := keys.list, e.ID, keys.entry(e.ID), e.Sealed
	if e.Broken == oldEntry {
		from, member, entry, kept = keys.old, string(e.Sealed), keys.entry(""), nil
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	now := s.now()
	aside, err := s.scripts.asideDue.Run(ctx, s.lane(ctx), []string{from, entry, keys.aside}, member, kept, e.At.UnixMilli(),
		now.UnixMilli(), now.Add(-asideFor).UnixMilli(), milliseconds(asideFor), asideMost).Bool()
	if err != nil {
		return false, fmt.Errorf("set aside from due list %s: %w", list, err)
	}
	return aside, nil
}

// sealDue seals what is due at at. The same entry always gives the same bytes: a
// script can compare them, and a repeat writes what the first try wrote.
func (s DueLists) sealDue(key string, at time.Time, kept keptDue) ([]byte, error) {
	plain, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	return s.ring.sealAlike(dueAs(key, at), plain), nil
}

func (s DueLists) unsealDue(key string, at time.Time, sealed []byte) (keptDue, error) {
	var kept keptDue
	plain, err := s.ring.open(dueAs(key, at), sealed)
	if err == nil && json.Unmarshal(plain, &kept) != nil {
		err = fmt.Errorf("%s holds something else", key)
	}
	if err != nil {
		return keptDue{}, err
	}
	kept.Tries = max(kept.Tries, 0)
	return kept, nil
}

// dueAs is what an entry is sealed for: its key, and when it is due.
func dueAs(key string, at time.Time) string { return key + "@" + strconv.FormatInt(at.UnixMilli(), 10) }

// dueID is a keyed hash of text, so that the same text is on a list once; after a
// rotation of the seal keys perhaps twice.
func (r *ring) dueID(list string, text []byte) string {
	mac := hmac.New(sha256.New, r.keys[0].due)
	_, _ = mac.Write([]byte("id\x00" + list + "\x00")) // a hash never fails
	_, _ = mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// sealAlike is seal with a keyed hash of all that is sealed as the nonce: the same
// text for the same key gives the same bytes, and no nonce serves two texts.
func (r *ring) sealAlike(redisKey string, plain []byte) []byte {
	mac := hmac.New(sha256.New, r.keys[0].due)
	_, _ = mac.Write(bytes.Join([][]byte{[]byte("nonce"), []byte(redisKey), plain}, []byte{0}))
	return r.sealWith(mac.Sum(nil)[:nonceSize], redisKey, plain)
}

// KEYS: due list, the entry's value. ARGV: due (Unix ms), ID, the sealed entry, how
// many entries are too many or 0. Of one that is there already only the time changes.
const putDueScript = `
local most = tonumber(ARGV[4])
if most > 0 and not redis.call('ZSCORE', KEYS[1], ARGV[2]) and #redis.call('ZRANGE', KEYS[1], most - 1, most - 1) > 0 then return 0 end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
redis.call('SET', KEYS[2], ARGV[3])
return 1`

// KEYS: due list, the entry's value. ARGV: due (Unix ms), ID, the sealed entry that
// is there, what takes its place or "". A repeat finds it done.
const replaceDueScript = `
local kept = redis.call('GET', KEYS[2]) or ''
if kept ~= ARGV[3] and kept ~= ARGV[4] then return 0 end
if ARGV[4] == '' then
  redis.call('ZREM', KEYS[1], ARGV[2])
  redis.call('DEL', KEYS[2])
else
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
  redis.call('SET', KEYS[2], ARGV[4])
end
return 1`

// KEYS: due list, the entry's value, those set aside. ARGV: its name in the list,
// what it holds, when it was due, now, the time before which those set aside are
// dropped (all Unix ms), how long they are kept (ms), how many at most. One that
// was taken or put off meanwhile stays.
const asideDueScript = `
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) > tonumber(ARGV[3]) + 1 or (redis.call('GET', KEYS[2]) or '') ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[5])
if #redis.call('ZRANGE', KEYS[3], ARGV[7] - 1, ARGV[7] - 1) == 0 then
  redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1] .. ' ' .. ARGV[2])
  redis.call('PEXPIRE', KEYS[3], ARGV[6])
end
return 1`
