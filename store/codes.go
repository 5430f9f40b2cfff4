package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/secret"
)

// Codes keeps who claims an MFA code.
type Codes struct{ *core }

var _ broker.Codes = Codes{}

// ReserveCode implements [broker.Codes]. A repeat by the same Request does not
// lengthen its claim. One round trip.
func (s Codes) ReserveCode(ctx context.Context, user, serial string, code secret.TokenCode, requestID string, ttl time.Duration) (bool, error) {
	q := ahead.Claim{User: user, Serial: serial, Code: code, RequestID: requestID, TTL: ttl}
	ours, err := ask(ctx, s.core, claimQuestion(q), s.sendReserve(q))
	if err != nil {
		return false, fmt.Errorf("reserve code: %w", err)
	}
	return ours, nil
}

func (s Codes) sendReserve(q ahead.Claim) func(context.Context, redis.Pipeliner) (answer[bool], error) {
	return func(ctx context.Context, p redis.Pipeliner) (answer[bool], error) {
		keys, err := s.claimKeys(q.User, q.Serial, q.Code, q.RequestID)
		if err == nil && q.TTL <= 0 {
			err = errors.New("no time to reserve it for")
		}
		if err != nil {
			return nil, err
		}
		said := s.scripts.reserveCode.EvalSha(ctx, p, keys, q.RequestID, milliseconds(q.TTL))
		return func() (bool, error) { return said.Bool() }, nil
	}
}

// ReleaseCode implements [broker.Codes]. One round trip.
func (s Codes) ReleaseCode(ctx context.Context, user, serial string, code secret.TokenCode, requestID string) error {
	ahead.Drop(ctx, claimQuestion(ahead.Claim{User: user, Serial: serial, RequestID: requestID}))
	keys, err := s.claimKeys(user, serial, code, requestID)
	if err != nil {
		return fmt.Errorf("release code: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.scripts.release.Run(ctx, s.lane(ctx), keys, requestID).Err(); err != nil {
		return fmt.Errorf("release code: %w", err)
	}
	return nil
}

// CodeClaim implements [broker.Codes]. One round trip.
func (s Codes) CodeClaim(ctx context.Context, user, serial string, code secret.TokenCode) (string, error) {
	keys, err := s.codeKeys(user, serial, code)
	if err != nil {
		return "", fmt.Errorf("find the claim on a code: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	values, err := s.lane(ctx).MGet(ctx, keys...).Result()
	if err != nil {
		return "", fmt.Errorf("find the claim on a code: %w", err)
	}
	for _, v := range values {
		if claim, ok := v.(string); ok {
			return claim[:min(len(claim), 2*maxID)], nil
		}
	}
	return "", nil
}

// ReplaceClaim implements [broker.Codes]. One round trip.
func (s Codes) ReplaceClaim(ctx context.Context, user, serial string, code secret.TokenCode, from, to string) error {
	keys, err := s.claimKeys(user, serial, code, from)
	if err == nil && to == "" {
		err = errors.New("it needs what becomes of the claim")
	}
	if err != nil {
		return fmt.Errorf("replace claim: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.scripts.replaceClaim.Run(ctx, s.lane(ctx), keys, from, to).Err(); err != nil {
		return fmt.Errorf("replace claim: %w", err)
	}
	return nil
}

// claimKeys are the keys of a code that a Request claims.
func (s Codes) claimKeys(user, serial string, code secret.TokenCode, requestID string) ([]string, error) {
	if requestID == "" {
		return nil, errors.New("it needs a request")
	}
	return s.codeKeys(user, serial, code)
}

func (s Codes) codeKeys(user, serial string, code secret.TokenCode) ([]string, error) {
	if serial == "" || code.Empty() {
		return nil, errors.New("it needs a device and a code")
	}
	hashes := s.ring.now.Load().codeHashes(serial, code)
	for i, hash := range hashes {
		key, err := userKey(user, "code", hash)
		if err != nil {
			return nil, err
		}
		hashes[i] = key
	}
	return hashes, nil
}

// KEYS: the code's hash under each key of the ring. ARGV: request ID, TTL in ms.
// All keys are looked at before any is set, so a conflict leaves nothing behind.
// NX keeps a repeat from lengthening its own claim.
const reserveCodeScript = `
for _, key in ipairs(KEYS) do
  local claim = redis.call('GET', key)
  if claim and claim ~= ARGV[1] then return 0 end
end
for _, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2])
end
return 1`

// KEYS: the code's hash under each key of the ring. ARGV: the claim, what
// replaces it and keeps its TTL. A repeat finds nothing to replace.
const replaceClaimScript = `
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('SET', key, ARGV[2], 'KEEPTTL') end
end
return 1`
