package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

func publisher(s *recordtest.Shelf, l testLog, key *tree.Signer) *Publisher {
	return NewPublisher(PublisherDeps{
		Log:    l.Log,
		Store:  s,
		Signer: key,
		Leases: s,
		Needed: func(context.Context) (int64, error) { return 1 << 50, nil },
		Out:    slog.New(slog.DiscardHandler),
	})
}

// with is p of other parts.
func (p *Publisher) with(change func(d *PublisherDeps)) *Publisher {
	d := p.PublisherDeps
	change(&d)
	return NewPublisher(d)
}

// publish publishes once, with a turn of its own.
func publish(t *testing.T, p *Publisher) error {
	t.Helper()
	return p.lease.Do(t.Context(), p.Publish)
}

func TestCheckpointsFollowOneAnotherAndProveEachEntry(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	p := publisher(s, l, key)
	if err := publish(t, p); err != nil || s.Published != nil {
		t.Fatalf("an empty record: %v, and %s is published", err, s.Published)
	}
	var last tree.Checkpoint
	for i, count := range []int{1, 3, 250, 300, 700} {
		l.fill(t, fmt.Sprintf("e%d", i), count)
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
		c := recordtest.Newest(t, s, key)
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
		if at, err := keys.CheckProof(proof, m.Entries[n].Leaf, recordtest.Origin); err != nil || at.Number != n {
			t.Errorf("entry %d is not proved: %v", n, err)
		}
	}
	var partial int
	for path := range s.Kept {
		if tile, err := tree.ParseTilePath(path); err != nil || tile.W < tree.TileWidth {
			partial++
		}
	}
	if partial > 3 {
		t.Errorf("%d partial tiles are kept", partial)
	}
}

func TestAReplicaThatStartsReadsFromTheNewestStart(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	p := publisher(s, l, key)
	blocked := recordtest.About("b1")
	blocked.Data = event.BlockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}}}
	l.mustRecord(t, blocked)
	for day, count := range fullDays[:4] {
		l.fill(t, fmt.Sprintf("d%d", day), count)
		for range 2 { // the second restates what the first has signed
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
		}
		l.clock.Pass(24 * time.Hour)
	}
	if m.Trimmed < 300 {
		t.Fatalf("the entries before %d are gone, want those of the first day", m.Trimmed)
	}
	b := New(Deps{Entries: m, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: "b", Now: l.clock.Now, Log: recordtest.Discard})
	keys, err := key.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Begin(t.Context(), s, keys); err != nil {
		t.Fatal(err)
	}
	if from := b.Size(); from <= m.Trimmed {
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

// TestAReplicaThatStartsHasLittleToReadHoweverMuchWasWritten: a busy day's entries since the last
// six hours began took one longer to read than it lived.
func TestAReplicaThatStartsHasLittleToReadHoweverMuchWasWritten(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	p := publisher(s, l, key)
	for wave := range 3 {
		l.fill(t, fmt.Sprintf("w%d", wave), restateAfter+1)
		for range 2 {
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
		}
		l.clock.Pass(time.Minute)
	}
	b := New(Deps{Entries: m, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: "b", Now: l.clock.Now, Log: recordtest.Discard})
	keys, err := key.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Begin(t.Context(), s, keys); err != nil {
		t.Fatal(err)
	}
	if left := l.Size() - b.Size(); left > restateAfter {
		t.Errorf("it has %d entries to read, of %d, want %d at most", left, l.Size(), restateAfter)
	}
}

// TestManyStartsAreKeptForAsLongAsTheyAreNeeded: entries are let go of after the same time,
// however many there are.
func TestManyStartsAreKeptForAsLongAsTheyAreNeeded(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var starts []published.Start
	oldest := time.Duration(0)
	for range 24 * 60 * 5 { // one a minute, for five days
		if starts = append(stillNeeded(starts, now), published.Start{At: now}); len(starts) > startsKept {
			t.Fatalf("got %d starts, want %d at most", len(starts), startsKept)
		}
		for i, s := range starts[1:] {
			if !s.At.After(starts[i].At) {
				t.Fatalf("start %d is not after the one before it", i+1)
			}
		}
		oldest = max(oldest, now.Sub(starts[0].At))
		now = now.Add(time.Minute)
	}
	if oldest < published.KeptFor || oldest > published.KeptFor*3/2 {
		t.Errorf("the oldest start was %s old at most, want a little more than %s", oldest, published.KeptFor)
	}
}

// TestWhatWasSignedIsNotGoneBackOn does to the store what loses or changes what was signed.
func TestWhatWasSignedIsNotGoneBackOn(t *testing.T) {
	for what, do := range map[string]func(t *testing.T, m *recordtest.Memory, s *recordtest.Shelf, key *tree.Signer){
		"the checkpoint is nonsense": func(_ *testing.T, _ *recordtest.Memory, s *recordtest.Shelf, _ *tree.Signer) {
			s.Published = []byte(`{"note":"AA=="}`)
		},
		"it is signed by another": func(t *testing.T, m *recordtest.Memory, s *recordtest.Shelf, _ *tree.Signer) {
			other, c := recordtest.NewShelf(m), running(t, m, "c")
			recordtest.AwaitThat(t, "it has read all", func() bool { return c.Size() >= 30 })
			if err := publish(t, publisher(other, c, recordtest.Signer(t))); err != nil {
				t.Fatal(err)
			}
			s.Published = other.Published
		},
		"another tree is signed": func(t *testing.T, _ *recordtest.Memory, s *recordtest.Shelf, key *tree.Signer) {
			forked, fork := recordtest.NewMemory(), recordtest.NewShelf(nil)
			l := running(t, forked, "c")
			l.fill(t, "fork", 20)
			if err := publish(t, publisher(fork, l, key)); err != nil {
				t.Fatal(err)
			}
			s.Published = fork.Published
		},
	} {
		t.Run(what, func(t *testing.T) {
			m := recordtest.NewMemory()
			s, key := recordtest.NewShelf(m), recordtest.Signer(t)
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
			if _, err := l.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, ErrStopped) {
				t.Errorf("an intent: got %v, want that it is refused", err)
			}
		})
	}
}

// TestACheckpointThatWasLostIsPutBack loses what was published, with the tiles or without.
func TestACheckpointThatWasLostIsPutBack(t *testing.T) {
	for what, lose := range map[string]func(s *recordtest.Shelf, older []byte){
		"it is gone":         func(s *recordtest.Shelf, _ []byte) { s.Published = nil },
		"it and all tiles":   func(s *recordtest.Shelf, _ []byte) { s.Published, s.Kept = nil, map[string][]byte{} },
		"it is an older one": func(s *recordtest.Shelf, older []byte) { s.Published = older },
	} {
		t.Run(what, func(t *testing.T) {
			m := recordtest.NewMemory()
			s, key := recordtest.NewShelf(m), recordtest.Signer(t)
			l := running(t, m, "a")
			p := publisher(s, l, key)
			l.fill(t, "e", 300)
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
			older, tiles := s.Published, maps.Clone(s.Kept)
			l.fill(t, "f", 300)
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
			was := recordtest.Newest(t, s, key)
			maps.Copy(s.Kept, tiles)
			lose(s, older)
			l.fill(t, "g", 1)
			if err := publish(t, p); err != nil {
				t.Fatal(err)
			}
			now := recordtest.Newest(t, s, key)
			if _, err := tree.ProveConsistency(was.Tree(), now.Tree(), tree.HashReader(t.Context(), now.Tree(), s.Tiles)); err != nil {
				t.Errorf("it does not go on: %v", err)
			}
			recordtest.AwaitThat(t, "an alarm is on the record", func() bool { return len(alarmsOf(t, m)) > 0 })
			if got := alarmsOf(t, m)[0]; got.Code != alarmCheckpoint || got.Size != was.Size {
				t.Errorf("got the alarm %+v", got)
			}
		})
	}
}

func TestAReplicaDoesNotBeginWhereLessIsThanWasSigned(t *testing.T) {
	for what, do := range map[string]func(m *recordtest.Memory){
		"the newest are gone": func(m *recordtest.Memory) { m.Entries = m.Entries[:10] },
		"all are gone":        func(m *recordtest.Memory) { m.Entries = nil },
		"two are swapped": func(m *recordtest.Memory) {
			m.Entries[30].Sealed, m.Entries[31].Sealed = m.Entries[31].Sealed, m.Entries[30].Sealed
		},
	} {
		t.Run(what, func(t *testing.T) {
			m := recordtest.NewMemory()
			s, key := recordtest.NewShelf(m), recordtest.Signer(t)
			l := running(t, m, "a")
			p := publisher(s, l, key)
			for range 2 { // the first makes a start, after which both are read
				l.fill(t, "e", 20)
				if err := publish(t, p); err != nil {
					t.Fatal(err)
				}
			}
			m.Change(do)
			b := New(Deps{Entries: m, Keys: recordtest.Keys("k1"), Origin: recordtest.Origin, Replica: "b", Now: l.clock.Now, Log: recordtest.Discard})
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

// TestWhoHasStoppedSignsAndArchivesNothing has a replica that read what stood in a store that lagged,
// where another had read more: that one has left a mark.
func TestWhoHasStoppedSignsAndArchivesNothing(t *testing.T) {
	for what, find := range map[string]func(t *testing.T, c testLog){
		"it has stopped":           func(t *testing.T, c testLog) { _, _ = c.Record(t.Context(), recordtest.Intent("x")) },
		"it has not seen the mark": func(*testing.T, testLog) {},
	} {
		t.Run(what, func(t *testing.T) {
			a := newSite(t)
			a.fill(t, "a", 5)
			for range 3 {
				a.mustPublish(t)
			}
			if err := a.copyOnce(t); err != nil {
				t.Fatal(err)
			}
			a.fill(t, "b", 5)
			lagged := a.m.CopyOf()
			c := siteOn(t, lagged, a.s, a.key, a.o, "c")
			recordtest.AwaitThat(t, "the other has read all", func() bool { return c.Size() == a.Size() })
			mark, err := mark{Origin: recordtest.Origin, Replica: "a", Size: a.Size() + 1, Root: make([]byte, entry.RootSize), Why: "x"}.seal(recordtest.Keys("k1"))
			if err != nil {
				t.Fatal(err)
			}
			signed, archived := recordtest.Newest(t, a.s, a.key).Size, bytes.Clone(a.o.kept[archive.CheckpointPath])
			lagged.Change(func(m *recordtest.Memory) { m.Left = mark })
			find(t, c.testLog)
			if err := publish(t, c.Publisher); !errors.Is(err, ErrStopped) {
				t.Errorf("it signs: got %v, want that it has stopped", err)
			}
			if got := recordtest.Newest(t, a.s, a.key).Size; got != signed {
				t.Errorf("signed are %d entries, want %d as before", got, signed)
			}
			a.mustPublish(t)
			if err := c.copyOnce(t); !errors.Is(err, ErrStopped) || !bytes.Equal(a.o.kept[archive.CheckpointPath], archived) {
				t.Errorf("it archives: got %v, want that it has stopped", err)
			}
		})
	}
}
