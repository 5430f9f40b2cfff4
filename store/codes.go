package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker"
)

// ReserveCode implements [broker.Codes]. A repeat by the same Request does not
// lengthen its claim. One round trip.
func (s *Store) ReserveCode(ctx context.Context, user, serial string, code broker.TokenCode, requestID string, ttl time.Duration) (bool, error) {
	keys, err := s.claimKeys(user, serial, code, requestID)
	if err != nil {
		return false, fmt.Errorf("reserve code: %w", err)
	}
	if ttl <= 0 {
		return false, errors.New("reserve code: no time to reserve it for")
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	ours, err := s.scripts.reserve.Run(ctx, s.rdb, keys, requestID, milliseconds(ttl)).Bool()
	if err != nil {
		return false, fmt.Errorf("reserve code: %w", err)
	}
	return ours, nil
}

// ReleaseCode implements [broker.Codes]. One round trip.
func (s *Store) ReleaseCode(ctx context.Context, user, serial string, code broker.TokenCode, requestID string) error {
	keys, err := s.claimKeys(user, serial, code, requestID)
	if err != nil {
		return fmt.Errorf("release code: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.scripts.release.Run(ctx, s.rdb, keys, requestID).Err(); err != nil {
		return fmt.Errorf("release code: %w", err)
	}
	return nil
}

// claimKeys are the keys of a code that a Request claims.
func (s *Store) claimKeys(user, serial string, code broker.TokenCode, requestID string) ([]string, error) {
	if requestID == "" {
		return nil, errors.New("it needs a request")
	}
	return s.codeKeys(user, serial, code)
}

func (s *Store) codeKeys(user, serial string, code broker.TokenCode) ([]string, error) {
	if serial == "" || code.Empty() {
		return nil, errors.New("it needs a device and a code")
	}
	hashes := s.ring.codeHashes(serial, code)
	for i, hash := range hashes {
		key, err := userKey(user, "code", hash)
		if err != nil {
			return nil, err
		}
		hashes[i] = key
	}
	return hashes, nil
}
