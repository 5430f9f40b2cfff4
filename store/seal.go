package store

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

// A sealed value is
//
//	schema (1 byte) | key ID (8) | nonce (12) | AES-256-GCM ciphertext and tag
//
// with schema, key ID and the Redis key it is stored under as associated data,
// so that a value moved to another key does not open.
//
// Nonces are random. NIST SP 800-38D, section 8.3, allows 2^32 values under one
// key with random 96-bit nonces: at one a second that is 136 years.
const (
	sealVersion = 1 // of schema.go; no kind of value takes another yet
	seedSize    = 32
	keyIDSize   = 8
	nonceSize   = 12
	headerSize  = 1 + keyIDSize + nonceSize
)

// What each key of the ring is stretched into, so that no two uses share a key.
const (
	infoSeal  = "assumebot v1 seal"
	infoCode  = "assumebot v1 code hash"
	infoKeyID = "assumebot v1 key id"
	infoDue   = "assumebot v1 due list"
	infoLog   = "assumebot v1 record"
)

// An UnsealError says that a value in Redis did not open. It is never to be read
// as "absent": somebody may have altered it.
type UnsealError struct {
	Key        string // the Redis key
	UnknownKey string // the ID of the seal key when it is not in the ring
	Schema     int    // that it takes, when this release does not read it
}

// Error implements error; it holds no part of the value.
func (e *UnsealError) Error() string {
	if e.Schema > 0 {
		return newer(e.Key, e.Schema).Error()
	}
	if e.UnknownKey != "" {
		return fmt.Sprintf("%s: sealed with key %s, which is not among the seal keys", e.Key, e.UnknownKey)
	}
	return e.Key + ": the sealed value does not open: it was altered, cut, or moved from another key"
}

// Is finds [broker.ErrNewer].
func (e *UnsealError) Is(target error) bool { return e.Schema > 0 && target == broker.ErrNewer }

// A ring is the seal keys, newest first: the first seals, all open.
type ring struct {
	keys   []ringKey
	former []ringKey // that are no keys of the ring any more, and only open
}

type ringKey struct {
	id   []byte
	aead cipher.AEAD
	code []byte // keys the hash of MFA codes
	due  []byte // keys the names and nonces of entries of due lists
	log  []byte // keys the MACs of the record's entries
}

// newRing derives a ring from base64 texts of 32 bytes each.
func newRing(seeds []secret.Text) (*ring, error) {
	r := &ring{}
	for i, seed := range seeds {
		raw, err := base64.StdEncoding.Strict().DecodeString(seed.Reveal())
		if err != nil || len(raw) != seedSize {
			return nil, fmt.Errorf("seal key %d of %d is not 32 bytes in base64; assumebot keygen prints one", i+1, len(seeds))
		}
		key, err := deriveKey(raw)
		if err != nil {
			return nil, fmt.Errorf("seal key %d of %d: %w", i+1, len(seeds), err)
		}
		if slices.ContainsFunc(r.keys, func(k ringKey) bool { return bytes.Equal(k.id, key.id) }) {
			return nil, fmt.Errorf("seal key %d of %d is there twice", i+1, len(seeds))
		}
		r.keys = append(r.keys, key)
	}
	if len(r.keys) == 0 {
		return nil, errors.New("no seal key")
	}
	return r, nil
}

// WeakSealKey reports whether a key of 32 bytes cannot have come from a source of
// randomness: it has fewer than 12 different bytes, which happens by chance once
// in 2^80, or its bytes count up or down evenly.
func WeakSealKey(key []byte) bool {
	different, even := map[byte]bool{}, true
	for i, b := range key {
		different[b] = true
		even = even && (i < 2 || b-key[i-1] == key[1]-key[0])
	}
	return len(different) < 12 || even
}

// randomRing is the ring of one process, whose values end with it.
func randomRing() (*ring, error) {
	seed := make([]byte, seedSize)
	_, _ = rand.Read(seed) // never fails: crypto/rand ends the program instead
	key, err := deriveKey(seed)
	if err != nil {
		return nil, err
	}
	return &ring{keys: []ringKey{key}}, nil
}

func deriveKey(seed []byte) (ringKey, error) {
	sealing, errSeal := hkdf.Key(sha256.New, seed, nil, infoSeal, 32)
	code, errCode := hkdf.Key(sha256.New, seed, nil, infoCode, 32)
	id, errID := hkdf.Key(sha256.New, seed, nil, infoKeyID, keyIDSize)
	due, errDue := hkdf.Key(sha256.New, seed, nil, infoDue, 32)
	log, errLog := hkdf.Key(sha256.New, seed, nil, infoLog, 32)
	if err := errors.Join(errSeal, errCode, errID, errDue, errLog); err != nil {
		return ringKey{}, fmt.Errorf("derive keys: %w", err)
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return ringKey{}, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return ringKey{}, fmt.Errorf("make cipher: %w", err)
	}
	return ringKey{id: id, aead: aead, code: code, due: due, log: log}, nil
}

// seal encrypts plain with the newest key, for the Redis key it goes under.
func (r *ring) seal(redisKey string, plain []byte) []byte {
	var nonce [nonceSize]byte
	_, _ = rand.Read(nonce[:]) // never fails: crypto/rand ends the program instead
	return r.sealWith(nonce[:], redisKey, plain)
}

// sealWith is seal with a nonce that was never used for anything else.
func (r *ring) sealWith(nonce []byte, redisKey string, plain []byte) []byte {
	k := r.keys[0]
	out := make([]byte, 0, headerSize+len(plain)+k.aead.Overhead())
	out = append(out, sealVersion)
	out = append(out, k.id...)
	out = append(out, nonce...)
	return k.aead.Seal(out, nonce, plain, associated(k.id, redisKey))
}

// open reverses seal. Every failure is an [*UnsealError].
func (r *ring) open(redisKey string, sealed []byte) ([]byte, error) {
	switch {
	case len(sealed) < headerSize:
		return nil, &UnsealError{Key: redisKey}
	case sealed[0] > schemaRead && sealed[0] <= schemaRead+schemasAhead:
		return nil, &UnsealError{Key: redisKey, Schema: int(sealed[0])}
	case sealed[0] != sealVersion:
		return nil, &UnsealError{Key: redisKey}
	}
	id, nonce := sealed[1:1+keyIDSize], sealed[1+keyIDSize:headerSize]
	keys := r.opening()
	i := slices.IndexFunc(keys, func(k ringKey) bool { return bytes.Equal(k.id, id) })
	if i < 0 {
		return nil, &UnsealError{Key: redisKey, UnknownKey: hex.EncodeToString(id)}
	}
	plain, err := keys[i].aead.Open(nil, nonce, sealed[headerSize:], associated(id, redisKey))
	if err != nil {
		return nil, &UnsealError{Key: redisKey}
	}
	return plain, nil
}

func associated(id []byte, redisKey string) []byte {
	out := append([]byte{sealVersion}, id...)
	return append(out, redisKey...)
}

// sealedByNewest reports whether the newest key sealed what open has opened.
func (r *ring) sealedByNewest(sealed []byte) bool {
	return bytes.Equal(sealed[1:1+keyIDSize], r.keys[0].id)
}

// newest names the key that seals; it is no secret.
func (r *ring) newest() string { return hex.EncodeToString(r.keys[0].id) }

// codeHashes hashes a device's code under every key of the ring, newest first.
// During a rollout replicas with the rings [old] and [new, old] share a hash, so
// they still see each other's claims.
func (r *ring) codeHashes(serial string, code secret.TokenCode) []string {
	out := make([]string, len(r.keys))
	for i, k := range r.keys {
		mac := hmac.New(sha256.New, k.code)
		_, _ = mac.Write([]byte(serial + "\x00" + code.Reveal())) // a hash never fails; a serial holds no NUL
		out[i] = hex.EncodeToString(mac.Sum(nil))
	}
	return out
}
