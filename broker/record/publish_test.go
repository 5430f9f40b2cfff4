package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A shelf keeps the checkpoint and tiles as the store does.
type shelf struct {
	mu        sync.Mutex
	published []byte
	tiles     map[string][]byte
	m         *memory
	turns     map[string]int64
	holders   map[string]string
}

func newShelf(m *memory) *shelf {
	return &shelf{tiles: map[string][]byte{}, m: m, turns: map[string]int64{}, holders: map[string]string{}}
}

func (s *shelf) Checkpoint(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.published, nil
}

func (s *shelf) Publish(_ context.Context, f lease.Fence, previous, next []byte) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turns[f.Lease] != f.Turn || !bytes.Equal(s.published, previous) {
		return false, nil
	}
	s.published = next
	return true, nil
}

func (s *shelf) Tiles(_ context.Context, paths []string) (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]byte{}
	for _, p := range paths {
		if data, ok := s.tiles[p]; ok {
			out[p] = data
		}
	}
	return out, nil
}

func (s *shelf) SaveTiles(_ context.Context, tiles map[string][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.tiles, tiles)
	return nil
}

func (s *shelf) DeleteTiles(_ context.Context, paths []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range paths {
		delete(s.tiles, p)
	}
	return nil
}

func (s *shelf) Trim(_ context.Context, before int64) error {
	s.m.change(func(m *memory) { m.trimmed = max(m.trimmed, min(before, int64(len(m.entries))-1)) })
	return nil
}

// HoldLease and ReleaseLease implement lease.Leases; a new holder has the next turn at once.
func (s *shelf) HoldLease(_ context.Context, name, holder string, _ time.Duration) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holders[name] != holder {
		s.holders[name] = holder
		s.turns[name]++
	}
	return s.turns[name], nil
}

func (s *shelf) ReleaseLease(context.Context, string, string) error { return nil }

func testSigner(t *testing.T) *tree.Signer {
	t.Helper()
	private, _, err := tree.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := tree.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func publicKeys(t *testing.T, s *tree.Signer, witnesses ...string) tree.PublicKeys {
	t.Helper()
	keys, err := s.PublicKeys(witnesses...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func publisher(s *shelf, l testLog, key *tree.Signer) *Publisher {
	return NewPublisher(PublisherDeps{
		Log:    l.Log,
		Store:  s,
		Signer: key,
		Leases: s,
		Needed: func(context.Context) (int64, error) { return 1 << 50, nil },
		Out:    slog.New(slog.DiscardHandler),
	})
}

// publish publishes once, with a turn of its own.
func publish(t *testing.T, p *Publisher) error {
	t.Helper()
	return p.lease.Do(t.Context(), p.Publish)
}

func (l testLog) fill(t *testing.T, name string, count int) {
	t.Helper()
	for at := 0; at < count; {
		var some []event.Event
		for range min(100, count-at) {
			some = append(some, about(fmt.Sprintf("%s-%d", name, at)))
			at++
		}
		l.mustRecord(t, some...)
	}
}

func newest(t *testing.T, s *shelf, key *tree.Signer) tree.Checkpoint {
	t.Helper()
	p, err := parsePublished(s.published)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := key.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := keys.CheckEdge(p.Note, p.Edge, origin)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCheckpointsFollowOneAnotherAndProveEachEntry(t *testing.T) {
	m := newMemory()
	s, key := newShelf(m), testSigner(t)
	l := running(t, m, "a")
	p := publisher(s, l, key)
	if err := publish(t, p); err != nil || s.published != nil {
		t.Fatalf("an empty record: %v, and %s is published", err, s.published)
	}
	var last tree.Checkpoint
	for i, count := range []int{1, 3, 250, 300, 700} {
		l.fill(t, fmt.Sprintf("e%d", i), count)
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
		c := newest(t, s, key)
		if c.Size < last.Size+int64(count) {
			t.Fatalf("got a checkpoint of %d entries after %d more than %d", c.Size, count, last.Size)
		}
		last = c
	}
	keys, err := key.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	hashes := tree.HashReader(t.Context(), last.Tree(), s.Tiles)
	for n := int64(0); n < last.Size; n += 111 {
		proof, err := tree.Prove(n, last, hashes)
		if err != nil {
			t.Fatal(err)
		}
		if at, _, err := keys.CheckProof(proof, m.entries[n].Leaf, origin); err != nil || at != n {
			t.Errorf("entry %d is not proved: %v", n, err)
		}
	}
	var partial int
	for path := range s.tiles {
		if tile, err := tree.ParseTilePath(path); err != nil || tile.W < tree.TileWidth {
			partial++
		}
	}
	if partial > 3 {
		t.Errorf("%d partial tiles are kept", partial)
	}
}

func TestAReplicaThatStartsReadsFromTheNewestStart(t *testing.T) {
	m := newMemory()
	s, key := newShelf(m), testSigner(t)
	l := running(t, m, "a")
	p := publisher(s, l, key)
	blocked := about("b1")
	blocked.Data = event.BlockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}}}
	l.mustRecord(t, blocked)
	for day := range 4 {
		l.fill(t, fmt.Sprintf("d%d", day), Window+300)
		for range 2 { // the second restates what the first has signed
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
		}
		l.clock.pass(24 * time.Hour)
	}
	if m.trimmed < 300 {
		t.Fatalf("the entries before %d are gone, want those of the first day", m.trimmed)
	}
	b := New(Deps{Entries: m, Keys: testKeys("k1"), Origin: origin, Replica: "b", Now: l.clock.Now, Log: discard})
	keys, err := key.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Begin(t.Context(), s, keys); err != nil {
		t.Fatal(err)
	}
	if from := b.Size(); from <= m.trimmed {
		t.Errorf("it begins at %d, want at the newest start", from)
	}
	if err := b.readOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.tree() != l.tree() {
		t.Error("it has another tree than who read all")
	}
	if block, _ := b.Orders("UBOB"); block == nil || block.Entry != 0 {
		t.Errorf("got block %v, want the one of entry 0", block)
	}
}

func TestWhatWasLiftedSinceARestatementStaysLifted(t *testing.T) {
	r, n := newRestricted(), int64(0)
	now := time.Now()
	apply := func(data event.Payload) {
		r.restrict(n, event.Event{Kind: data.Kind(), Request: fmt.Sprint("r", n), Actor: event.Actor{User: "UADMIN"}, Data: data}, now)
		n++
	}
	of := event.Order{Target: event.Person{ID: "UBOB"}}
	lifts := of
	lifts.Ends = "r0"
	apply(event.BlockedData{Order: of})
	apply(event.PausedData{})
	restated := r.restatement(n - 1)
	apply(event.UnblockedData{Order: lifts})
	apply(event.ResumedData{Order: event.Order{Ends: "r1"}})
	apply(restated)
	if len(r.blocks) != 0 || r.pause != nil {
		t.Errorf("got %v and %v, want nothing", r.blocks, r.pause)
	}
}

// TestWhatWasSignedIsNotGoneBackOn does to the store what loses or changes what was signed.
func TestWhatWasSignedIsNotGoneBackOn(t *testing.T) {
	for what, do := range map[string]func(t *testing.T, m *memory, s *shelf, key *tree.Signer){
		"the checkpoint is nonsense": func(_ *testing.T, _ *memory, s *shelf, _ *tree.Signer) { s.published = []byte(`{"note":"AA=="}`) },
		"it is signed by another": func(t *testing.T, m *memory, s *shelf, _ *tree.Signer) {
			other, c := newShelf(m), running(t, m, "c")
			awaitThat(t, "it has read all", func() bool { return c.Size() >= 30 })
			if err := publish(t, publisher(other, c, testSigner(t))); err != nil {
				t.Fatal(err)
			}
			s.published = other.published
		},
		"another tree is signed": func(t *testing.T, _ *memory, s *shelf, key *tree.Signer) {
			forked, fork := newMemory(), newShelf(nil)
			l := running(t, forked, "c")
			l.fill(t, "fork", 20)
			if err := publish(t, publisher(fork, l, key)); err != nil {
				t.Fatal(err)
			}
			s.published = fork.published
		},
	} {
		t.Run(what, func(t *testing.T) {
			m := newMemory()
			s, key := newShelf(m), testSigner(t)
			l := running(t, m, "a")
			p := publisher(s, l, key)
			l.fill(t, "e", 30)
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
			do(t, m, s, key)
			if err := publish(t, p); !errors.Is(err, ErrStopped) {
				t.Errorf("got %v, want that the log has stopped", err)
			}
			if _, err := l.Record(t.Context(), intent("x")); !errors.Is(err, ErrStopped) {
				t.Errorf("an intent: got %v, want that it is refused", err)
			}
		})
	}
}

// TestACheckpointThatWasLostIsPutBack loses what was published, with the tiles or without.
func TestACheckpointThatWasLostIsPutBack(t *testing.T) {
	for what, lose := range map[string]func(s *shelf, older []byte){
		"it is gone":         func(s *shelf, _ []byte) { s.published = nil },
		"it and all tiles":   func(s *shelf, _ []byte) { s.published, s.tiles = nil, map[string][]byte{} },
		"it is an older one": func(s *shelf, older []byte) { s.published = older },
	} {
		t.Run(what, func(t *testing.T) {
			m := newMemory()
			s, key := newShelf(m), testSigner(t)
			l := running(t, m, "a")
			p := publisher(s, l, key)
			l.fill(t, "e", 300)
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
			older, tiles := s.published, maps.Clone(s.tiles)
			l.fill(t, "f", 300)
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
			was := newest(t, s, key)
			maps.Copy(s.tiles, tiles)
			lose(s, older)
			l.fill(t, "g", 1)
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
			now := newest(t, s, key)
			if _, err := tree.ProveConsistency(was.Tree(), now.Tree(), tree.HashReader(t.Context(), now.Tree(), s.Tiles)); err != nil {
				t.Errorf("it does not go on: %v", err)
			}
			awaitThat(t, "an alarm is on the record", func() bool { return len(alarmsOf(t, m)) > 0 })
			if got := alarmsOf(t, m)[0]; got.Code != alarmCheckpoint || got.Size != was.Size {
				t.Errorf("got the alarm %+v", got)
			}
		})
	}
}

func TestAReplicaDoesNotBeginWhereLessIsThanWasSigned(t *testing.T) {
	for what, do := range map[string]func(m *memory){
		"the newest are gone": func(m *memory) { m.entries = m.entries[:10] },
		"all are gone":        func(m *memory) { m.entries = nil },
		"two are swapped": func(m *memory) {
			m.entries[30].Sealed, m.entries[31].Sealed = m.entries[31].Sealed, m.entries[30].Sealed
		},
	} {
		t.Run(what, func(t *testing.T) {
			m := newMemory()
			s, key := newShelf(m), testSigner(t)
			l := running(t, m, "a")
			p := publisher(s, l, key)
			for range 2 { // the first makes a start, after which both are read
				l.fill(t, "e", 20)
				if err := publish(t, p); err != nil {
					t.Fatal(err)
				}
			}
			m.change(do)
			b := New(Deps{Entries: m, Keys: testKeys("k1"), Origin: origin, Replica: "b", Now: l.clock.Now, Log: discard})
			keys, err := key.PublicKeys()
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(b.Begin(t.Context(), s, keys), b.readOn(t.Context())); !errors.Is(err, ErrStopped) {
				t.Errorf("got %v, want that it stops", err)
			}
		})
	}
}
