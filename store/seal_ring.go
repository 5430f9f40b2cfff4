package store

import (
	"encoding/hex"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/assumebot/assumebot/broker/secret"
)

// A keyring is the ring that counts now. Each use takes it once, so that what it does is under one ring; a value
// that was sealed under the former one opens, since the newest key of that stays.
type keyring struct{ now atomic.Pointer[ring] }

func (k *keyring) seal(redisKey string, plain []byte) []byte {
	return k.now.Load().seal(redisKey, plain)
}

func (k *keyring) sealAlike(redisKey string, plain []byte) []byte {
	return k.now.Load().sealAlike(redisKey, plain)
}

func (k *keyring) open(redisKey string, sealed []byte) ([]byte, error) {
	return k.now.Load().open(redisKey, sealed)
}

func (k *keyring) sealedByNewest(sealed []byte) bool { return k.now.Load().sealedByNewest(sealed) }

func (k *keyring) dueID(list string, text []byte) string { return k.now.Load().dueID(list, text) }

// UseSealKeys has s seal with the first of these keys from now on, and open with all of them. It refuses a ring
// without the key that has sealed until now: what was sealed a moment ago would be lost. It refuses one whose first
// key s could not open with until now: another replica, which reads the ring a moment later, could not open what s
// seals. It returns the ID of the key that seals, which is no secret. Nothing changes on an error.
func (s *Store) UseSealKeys(keys []secret.Text) (newest string, err error) {
	next, err := chooseRing(false, keys)
	if err != nil {
		return "", err
	}
	was := s.ring.now.Load()
	switch {
	case !next.has(was.newest()):
		return "", fmt.Errorf("the key that seals now (%s) is not among the new ones: put the new one behind it, and remove it later", was.newest())
	case !was.has(next.newest()):
		return "", fmt.Errorf("the first key (%s) is new, and another replica may not have it yet: put it behind the one that seals now (%s), "+
			"and first once every replica has read that", next.newest(), was.newest())
	}
	s.ring.now.Store(next)
	return next.newest(), nil
}

// has reports whether the key of that ID is in r.
func (r *ring) has(id string) bool {
	return slices.ContainsFunc(r.keys, func(k ringKey) bool { return hex.EncodeToString(k.id) == id })
}
