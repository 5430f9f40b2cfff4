package recordtest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A Shelf keeps the checkpoint and tiles as the store does.
type Shelf struct {
	Mu        sync.Mutex
	Published []byte
	Kept      map[string][]byte
	M         *Memory
	Turns     map[string]int64
	holders   map[string]string
}

// NewShelf returns one that is empty, beside m.
func NewShelf(m *Memory) *Shelf {
	return &Shelf{Kept: map[string][]byte{}, M: m, Turns: map[string]int64{}, holders: map[string]string{}}
}

// Checkpoint implements [published.Store].
func (s *Shelf) Checkpoint(context.Context) ([]byte, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	return s.Published, nil
}

// Publish implements [published.Store].
func (s *Shelf) Publish(_ context.Context, f lease.Fence, previous, next []byte) (bool, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if s.Turns[f.Lease] != f.Turn || !bytes.Equal(s.Published, previous) {
		return false, nil
	}
	s.Published = next
	return true, nil
}

// Tiles implements [published.Store].
func (s *Shelf) Tiles(_ context.Context, paths []string) (map[string][]byte, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	out := map[string][]byte{}
	for _, p := range paths {
		if data, ok := s.Kept[p]; ok {
			out[p] = data
		}
	}
	return out, nil
}

// SaveTiles implements [published.Store].
func (s *Shelf) SaveTiles(_ context.Context, tiles map[string][]byte) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	maps.Copy(s.Kept, tiles)
	return nil
}

// DeleteTiles implements [published.Store].
func (s *Shelf) DeleteTiles(_ context.Context, paths []string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for _, p := range paths {
		delete(s.Kept, p)
	}
	return nil
}

// Trim implements [published.Store].
func (s *Shelf) Trim(_ context.Context, before int64) error {
	s.M.Change(func(m *Memory) { m.Trimmed = max(m.Trimmed, min(before, int64(len(m.Entries))-1)) })
	return nil
}

// HoldLease and ReleaseLease implement lease.Leases; a new holder has the next turn at once.
func (s *Shelf) HoldLease(_ context.Context, name, holder string, _ time.Duration) (int64, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if s.holders[name] != holder {
		s.holders[name] = holder
		s.Turns[name]++
	}
	return s.Turns[name], nil
}

// ReleaseLease implements [lease.Leases].
func (s *Shelf) ReleaseLease(context.Context, string, string) error { return nil }

// Signer returns one with a new key of the log.
func Signer(t *testing.T) *tree.Signer {
	t.Helper()
	private, _, err := tree.NewKey(Origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := tree.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// PublicKeys returns those of s.
func PublicKeys(t *testing.T, s *tree.Signer, witnesses ...string) tree.PublicKeys {
	t.Helper()
	keys, err := s.PublicKeys(witnesses...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Flip changes a byte of a tile.
func (s *Shelf) Flip(path string, at int) {
	if s.Kept[path] = slices.Clone(s.Kept[path]); len(s.Kept[path]) > at {
		s.Kept[path][at] ^= 1
	}
}
