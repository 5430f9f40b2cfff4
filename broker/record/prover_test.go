package record

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// hasty is the Prover of p, which does not wait.
func hasty(p *Publisher) *Prover {
	out := p.Prover()
	out.within = 0
	return out
}

func TestAReceiptIsGivenOnceACheckpointCoversTheEntry(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	pub := publisher(s, l, key)
	p := hasty(pub)
	l.fill(t, "e", 300)
	if _, err := p.Prove(t.Context(), 299); !errors.Is(err, tree.ErrNoCheckpoint) {
		t.Errorf("before the first checkpoint: got %v", err)
	}
	if err := publish(t, pub); err != nil {
		t.Fatal(err)
	}
	l.fill(t, "f", 1)
	for _, n := range []int64{0, 255, 256, 299} {
		got, err := p.Prove(t.Context(), n)
		if err != nil || got.Number != n || string(got.Leaf) != string(m.Entries[n].Leaf) || len(got.Keys) != 1 {
			t.Errorf("entry %d: got %+v, %v", n, got.Number, err)
		}
	}
	last := l.Size() - 1
	if _, err := p.Prove(t.Context(), last); !errors.Is(err, audit.ErrUnsigned) {
		t.Errorf("an entry that is not signed: got %v", err)
	}
	if leaf, err := p.Written(t.Context(), last); err != nil || string(leaf) != string(m.Entries[last].Leaf) {
		t.Errorf("got %q, %v", leaf, err)
	}
	for _, n := range []int64{-1, last + 1, 1 << 60} {
		if leaf, err := p.Written(t.Context(), n); !errors.Is(err, entry.ErrNone) {
			t.Errorf("entry %d: got %q, %v", n, leaf, err)
		}
	}

	p.within = time.Minute
	signed := make(chan error)
	go func() { signed <- publish(t, pub) }()
	if got, err := p.Prove(t.Context(), last); err != nil || got.Number != last {
		t.Errorf("while it is signed: got %v", err)
	}
	if err := <-signed; err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := p.Prove(ended, last+1); err == nil {
		t.Error("for whoever waits no more: got no error")
	}
}

// TestAReceiptIsOfTheNewestCheckpointThatAllWitnessesCosigned as long as one covers the entry.
func TestAReceiptIsOfTheNewestCheckpointThatAllWitnessesCosigned(t *testing.T) {
	m := recordtest.NewMemory()
	s := recordtest.NewShelf(m)
	key, _, w := cosignedKey(t)
	l := running(t, m, "a")
	l.fill(t, "e", 5)
	if err := publish(t, publisher(s, l, key).cosignedBy(w, false)); err != nil {
		t.Fatal(err)
	}
	l.fill(t, "f", 5)
	away := publisher(s, l, key).cosignedBy(awayWitness(t, w), false)
	if err := publish(t, away); err != nil {
		t.Fatal(err)
	}
	p := hasty(away)
	got, err := p.Prove(t.Context(), 4)
	if err != nil || len(got.In.Cosigned) != 1 || len(got.Lacking) != 0 || got.In.Size != 5 {
		t.Errorf("got one of %d entries, which lacks %q, %v", got.In.Size, got.Lacking, err)
	}
	got, err = p.Prove(t.Context(), 9)
	if err != nil || len(got.In.Cosigned) != 0 || len(got.Lacking) != 1 {
		t.Errorf("one that no witness has seen: got one which lacks %q, %v", got.Lacking, err)
	}
}

// TestAReceiptIsMadeOfWhatTheArchiveAloneHas also by a replica that has not looked there since.
func TestAReceiptIsMadeOfWhatTheArchiveAloneHas(t *testing.T) {
	s := newSite(t)
	for i := range 3 {
		s.fill(t, fmt.Sprintf("e%d", i), 100)
		s.mustPublish(t)
	}
	if err := s.copyOnce(t); err != nil {
		t.Fatal(err)
	}
	m := s.m
	want := string(m.Entries[7].Leaf)
	m.Change(func(m *recordtest.Memory) { m.Trimmed = 200 })
	p := hasty(s.other(t, "b").Publisher)
	if leaf, err := p.Written(t.Context(), 7); err != nil || string(leaf) != want {
		t.Fatalf("got %q, %v", leaf, err)
	}
	if got, err := p.Prove(t.Context(), 7); err != nil || string(got.Leaf) != want {
		t.Errorf("got %v", err)
	}
	if _, err := hasty(publisher(s.s, s.testLog, s.key)).Written(t.Context(), 7); !errors.Is(err, entry.ErrNone) {
		t.Errorf("without an archive: got %v", err)
	}
}

// TestNothingIsProvedOfWhatWasPutIntoTheStore since it is not what was signed.
func TestNothingIsProvedOfWhatWasPutIntoTheStore(t *testing.T) {
	m := recordtest.NewMemory()
	s, key := recordtest.NewShelf(m), recordtest.Signer(t)
	l := running(t, m, "a")
	l.fill(t, "e", 9)
	pub := publisher(s, l, key)
	if err := publish(t, pub); err != nil {
		t.Fatal(err)
	}
	m.Alter(4)
	if got, err := hasty(pub).Prove(t.Context(), 4); err == nil {
		t.Errorf("got %s", got.Leaf)
	}
	if got, err := hasty(publisher(s, l, recordtest.Signer(t))).Prove(t.Context(), 3); err == nil {
		t.Errorf("signed by another: got %s", got.Leaf)
	}
}
