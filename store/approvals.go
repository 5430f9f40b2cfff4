package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
)

// An Approval is sealed whole: whoever can write to Redis can neither make one
// nor change who approved what, nor move one to another User or ID. They can
// still delete one, or put back what it was earlier, so every time that limits
// it is inside the seal.

// Approvals keeps what waits for other people, whole and sealed.
type Approvals struct{ *core }

var _ broker.Approvals = Approvals{}

// ApprovalClock implements [broker.Approvals]. It is the clock of a real Redis,
// and the store's own where Redis is in this process. One round trip.
func (s Approvals) ApprovalClock(ctx context.Context) (time.Time, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	now, err := s.withClock(ctx, nil)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the approval clock: %w", err)
	}
	return now, nil
}

// SaveApproval implements [broker.Approvals]; the very same one again is no
// error. One round trip.
func (s Approvals) SaveApproval(ctx context.Context, a approval.Approval, keep time.Duration) error {
	keys, err := approvalKeys(a.User, a.ID)
	if err == nil && keep <= 0 {
		err = errors.New("it has already expired")
	}
	if err != nil {
		return fmt.Errorf("save approval: %w", err)
	}
	plain, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("save approval: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	now := s.now()
	there, err := s.scripts.saveApproval.Run(ctx, s.lane(ctx), []string{keys.index, keys.approval}, a.ID,
		now.Add(keep).UnixMilli(), now.Add(-pruneAfter).UnixMilli(), s.ring.seal(keys.approval, plain), milliseconds(keep)).Text()
	if err != nil {
		return fmt.Errorf("save approval: %w", err)
	}
	same, err := s.opensTo(keys.approval, there, plain)
	switch {
	case err != nil:
		return fmt.Errorf("save approval: %w", err)
	case !same:
		return errors.New("save approval: there is another one with its ID")
	}
	return nil
}

// LoadApproval implements [broker.Approvals]. One that does not open is an
// [*UnsealError] in the error's chain. One round trip.
func (s Approvals) LoadApproval(ctx context.Context, user, id string) (approval.Kept, bool, error) {
	keys, err := approvalKeys(user, id)
	if err != nil {
		return approval.Kept{}, false, nil // nothing is kept under such a name
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	var get *redis.StringCmd
	now, err := s.withClock(ctx, func(p redis.Pipeliner) { get = p.Get(ctx, keys.approval) })
	if err != nil {
		return approval.Kept{}, false, fmt.Errorf("load approval: %w", err)
	}
	sealed, err := get.Bytes()
	if errors.Is(err, redis.Nil) {
		return approval.Kept{}, false, nil
	}
	kept, err := s.openApproval(keys.approval, sealed, user, id)
	if err != nil {
		return approval.Kept{}, false, fmt.Errorf("load approval: %w", err)
	}
	kept.Now = now
	return kept, true, nil
}

// SwapApproval implements [broker.Approvals]. A repeat is answered as the first
// time until the Approval changes once more. One round trip.
func (s Approvals) SwapApproval(ctx context.Context, old approval.Kept, a approval.Approval) (bool, error) {
	keys, err := approvalKeys(a.User, a.ID)
	switch {
	case err != nil:
		return false, fmt.Errorf("swap approval: %w", err)
	case old.User != a.User || old.ID != a.ID || len(old.Sealed) == 0:
		return false, errors.New("swap approval: what it replaces is another, or was not loaded")
	case a.Version <= old.Version:
		return false, errors.New("swap approval: its version must grow")
	}
	plain, err := json.Marshal(a)
	if err != nil {
		return false, fmt.Errorf("swap approval: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	there, err := s.scripts.swapApproval.Run(ctx, s.lane(ctx), []string{keys.approval}, old.Sealed, s.ring.seal(keys.approval, plain)).Text()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("swap approval: %w", err)
	}
	mine, err := s.opensTo(keys.approval, there, plain)
	if err != nil {
		return false, fmt.Errorf("swap approval: %w", err)
	}
	return mine, nil
}

// opensTo reports whether what is sealed under key is plain.
func (s Approvals) opensTo(key, sealed string, plain []byte) (bool, error) {
	opened, err := s.ring.open(key, []byte(sealed))
	return bytes.Equal(opened, plain), err
}

// ApprovalsOf implements [broker.Approvals]. What does not open is left out: it
// could not be used, and must not keep its User from asking anew. Two round trips,
// one for a User without Approvals.
func (s Approvals) ApprovalsOf(ctx context.Context, user string) ([]approval.Kept, error) {
	index, err := userKey(user, "approvals")
	if err != nil {
		return nil, fmt.Errorf("list approvals: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	ids, err := s.lane(ctx).ZRange(ctx, index, 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("list approvals: %w", err)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return !plausible(id) })
	if len(ids) == 0 {
		return nil, nil
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i], _ = userKey(user, "approval", id) // fails as the index does, on the user
	}
	var get *redis.SliceCmd
	now, err := s.withClock(ctx, func(p redis.Pipeliner) { get = p.MGet(ctx, names...) })
	if err != nil {
		return nil, fmt.Errorf("list approvals: %w", err)
	}
	var out []approval.Kept
	for i, value := range get.Val() {
		sealed, ok := value.(string)
		if !ok {
			continue // its time is over; the index is pruned when the next one is saved
		}
		kept, err := s.openApproval(names[i], []byte(sealed), user, ids[i])
		if err != nil {
			continue
		}
		kept.Now = now
		out = append(out, kept)
	}
	slices.SortStableFunc(out, func(a, b approval.Kept) int {
		return cmp.Or(a.Asked.Compare(b.Asked), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func (s Approvals) openApproval(key string, sealed []byte, user, id string) (approval.Kept, error) {
	plain, err := s.ring.open(key, sealed)
	if err != nil {
		return approval.Kept{}, err
	}
	kept := approval.Kept{Sealed: sealed}
	if err := json.Unmarshal(plain, &kept.Approval); err != nil || kept.User != user || kept.ID != id {
		return approval.Kept{}, fmt.Errorf("%s holds something that is no approval of its user", key)
	}
	return kept, nil
}

type approvalNames struct{ index, approval string }

func approvalKeys(user, id string) (approvalNames, error) {
	index, err := userKey(user, "approvals")
	if err == nil && id == "" {
		err = errors.New("an approval needs an ID")
	}
	if err != nil {
		return approvalNames{}, err
	}
	approval, _ := userKey(user, "approval", id) // fails as the first does, on the user
	return approvalNames{index: index, approval: approval}, nil
}

// KEYS: index, approval. ARGV: its ID, when it ends and the end to prune up to
// (both Unix ms), the sealed approval, its TTL in ms. Returns what is there
// afterwards. The caller opens it to see whether it is its own: the same text
// sealed twice gives different bytes.
const saveApprovalScript = `
local kept = redis.call('GET', KEYS[2])
if kept then return kept end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[5]) then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
return ARGV[4]`

// KEYS: approval. ARGV: what is there, what replaces it and keeps its TTL.
// Returns what is there afterwards, as saveApprovalScript does.
const swapApprovalScript = `
local kept = redis.call('GET', KEYS[1])
if kept ~= ARGV[1] then return kept end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return ARGV[2]`
