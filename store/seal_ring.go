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

// A Ring names the keys of a ring by their IDs, which are no secret.
type Ring struct {
	Newest string   // that seals
	Former []string // that only open
}

// UseSealKeys has s seal with the first of these keys from now on, and open with all of them and with the former ones.
// It refuses a ring without the key that has sealed until now: what was sealed a moment ago would be lost. It refuses
// one whose first key was not in the ring until now: another replica, which reads the ring a moment later, could not
// open what s seals. Nothing changes on an error.
func (s *Store) UseSealKeys(keys, former []secret.Text) (Ring, error) {
	next, err := chooseRing(false, keys)
	if err == nil && len(former) > 0 {
		next.former, err = formerKeys(former)
	}
	if err != nil {
		return Ring{}, err
	}
	was := s.ring.now.Load()
	switch {
	case !next.has(was.newest()):
		return Ring{}, fmt.Errorf("the key that seals now (%s) is not among the new ones: put the new one behind it, and remove it later", was.newest())
	case !was.has(next.newest()):
		return Ring{}, fmt.Errorf("the first key (%s) is new, and another replica may not have it yet: put it behind the one that seals now (%s), "+
			"and first once every replica has read that", next.newest(), was.newest())
	}
	s.ring.now.Store(next)
	is := Ring{Newest: next.newest()}
	for _, k := range next.former {
		is.Former = append(is.Former, hex.EncodeToString(k.id))
	}
	return is, nil
}

func formerKeys(keys []secret.Text) ([]ringKey, error) {
	r, err := newRing(keys)
	if err != nil {
		return nil, err
	}
	return r.keys, nil
}

// opening are all keys that open.
func (r *ring) opening() []ringKey {
	if len(r.former) == 0 {
		return r.keys
	}
	return slices.Concat(r.keys, r.former)
}

// has reports whether the key of that ID is in r, and not one that only opens.
func (r *ring) has(id string) bool {
	return slices.ContainsFunc(r.keys, func(k ringKey) bool { return hex.EncodeToString(k.id) == id })
}
