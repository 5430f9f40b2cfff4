package record

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/recordtest"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/record/treetest"
	"github.com/assumebot/assumebot/broker/record/witness"
)

func (p *Publisher) cosignedBy(w witness.Witness, required bool) *Publisher {
	return p.with(func(d *PublisherDeps) {
		d.Witnesses = witness.Set{Client: http.DefaultClient, Limit: time.Minute, Each: []witness.Witness{w}}
		d.Required = required
	})
}

func alarms(t *testing.T, m *recordtest.Memory) (codes []string) {
	t.Helper()
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, e := range m.Entries {
		ev, err := event.Decode(e.Leaf, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := ev.Data.(event.AlarmData); ok {
			codes = append(codes, d.Code+" "+d.About)
		}
	}
	return codes
}

// cosignedKey returns a key of the log, and a witness of what it signs.
func cosignedKey(t *testing.T) (*tree.Signer, *treetest.Witness, witness.Witness) {
	t.Helper()
	private, public, err := tree.NewKey(recordtest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	key, err := tree.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	server := treetest.StartWitness(t, recordtest.Origin, public)
	w, err := witness.New(server.URL, server.VKey())
	if err != nil {
		t.Fatal(err)
	}
	return key, server, w
}

// awayWitness is w where nobody answers.
func awayWitness(t *testing.T, w witness.Witness) witness.Witness {
	t.Helper()
	away, err := witness.New("http://127.0.0.1:1", w.Key())
	if err != nil {
		t.Fatal(err)
	}
	return away
}

func TestCheckpointsAreCosignedAndTheCosignaturesKept(t *testing.T) {
	m := recordtest.NewMemory()
	s := recordtest.NewShelf(m)
	key, server, w := cosignedKey(t)
	l := running(t, m, "a")
	p := publisher(s, l, key).cosignedBy(w, false)
	for i := range 3 {
		l.fill(t, string(rune('a'+i)), 40)
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
		now, err := published.Parse(s.Published)
		if err != nil {
			t.Fatal(err)
		}
		c, err := recordtest.PublicKeys(t, key, server.VKey()).Check(now.Note, recordtest.Origin)
		if err != nil || len(c.Cosigned) != 1 || p.cosigning.size(now) != c.Size || now.Witnesses[w.Name()] != c.Size {
			t.Errorf("got %v, cosigned by %v up to %d, %v", err, c.Cosigned, p.cosigning.size(now), now.Witnesses)
		}
	}
	if got := alarms(t, m); got != nil {
		t.Errorf("got alarms %q", got)
	}
}

func TestAStoreThatWasFlushedWhileNobodyRanIsSeenByTheWitness(t *testing.T) {
	m := recordtest.NewMemory()
	s := recordtest.NewShelf(m)
	key, _, w := cosignedKey(t)
	l := running(t, m, "a")
	l.fill(t, "e", 40)
	if err := publish(t, publisher(s, l, key).cosignedBy(w, false)); err != nil {
		t.Fatal(err)
	}
	m = recordtest.NewMemory()
	after := running(t, m, "b")
	err := publisher(recordtest.NewShelf(m), after, key).cosignedBy(w, false).Ask(t.Context())
	if !errors.Is(err, ErrStopped) || !errors.Is(err, tree.ErrRewound) {
		t.Errorf("got %v, want that the log has stopped since it went back", err)
	}
	if _, err := after.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, ErrStopped) {
		t.Errorf("an intent: got %v, want that it is refused", err)
	}
}

func TestThatAWitnessIsAwayIsAnAlarmOnce(t *testing.T) {
	m := recordtest.NewMemory()
	s := recordtest.NewShelf(m)
	key, _, w := cosignedKey(t)
	l := running(t, m, "a")
	p := publisher(s, l, key).cosignedBy(w, false)
	gone := awayWitness(t, w)
	for _, each := range []witness.Witness{gone, gone, w, w} {
		p.cosigning.witnesses.Each = []witness.Witness{each}
		l.fill(t, "e", 5)
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := alarms(t, m), []string{"witness_away " + w.Name(), "witness_back " + w.Name()}; !slices.Equal(got, want) {
		t.Errorf("got alarms %q, want %q", got, want)
	}
}

func TestAWitnessThatHasSeenOtherEntriesIsAnAlarm(t *testing.T) {
	m := recordtest.NewMemory()
	key, _, w := cosignedKey(t)
	other := running(t, recordtest.NewMemory(), "c")
	other.fill(t, "fork", 30)
	if err := publish(t, publisher(recordtest.NewShelf(nil), other, key).cosignedBy(w, false)); err != nil {
		t.Fatal(err)
	}
	l := running(t, m, "a")
	l.fill(t, "e", 40)
	if err := publish(t, publisher(recordtest.NewShelf(m), l, key).cosignedBy(w, false)); err != nil {
		t.Fatal(err)
	}
	if got, want := alarms(t, m), []string{"rewound_or_forked " + w.Name()}; !slices.Equal(got, want) {
		t.Errorf("got alarms %q, want %q", got, want)
	}
}

func TestWithoutCosignaturesThatAreRequiredNothingIsGiven(t *testing.T) {
	m := recordtest.NewMemory()
	s := recordtest.NewShelf(m)
	key, _, w := cosignedKey(t)
	a, b := running(t, m, "a"), running(t, m, "b")
	p, q := publisher(s, a, key).cosignedBy(w, true), publisher(s, b, key).cosignedBy(w, true)
	a.fill(t, "e", 5)
	p.cosigning.witnesses.Each = []witness.Witness{awayWitness(t, w)}
	look := func() {
		t.Helper()
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
		if _, _, err := q.board.load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	if _, err := b.Record(t.Context(), recordtest.Intent("x")); err != nil {
		t.Fatalf("at once: %v", err)
	}
	a.clock.Pass(cosignedWithin)
	b.clock.Pass(cosignedWithin)
	look()
	for _, l := range []testLog{a, b} {
		if _, err := l.Record(t.Context(), recordtest.Intent("y")); !errors.Is(err, ErrHeld) {
			t.Errorf("replica %s: got %v, want that nothing is given", l.Replica, err)
		}
		l.mustRecord(t, recordtest.About("refused-"+l.Replica)) // what gives nothing is taken
	}
	p.cosigning.witnesses.Each = []witness.Witness{w}
	look()
	look()
	for _, l := range []testLog{a, b} {
		if _, err := l.Record(t.Context(), recordtest.Intent("z"+l.Replica)); err != nil {
			t.Errorf("replica %s, once they are there: %v", l.Replica, err)
		}
	}
}

// TestThatAllIsCosignedIsTakenFromCosignaturesAlone: the store may say what it likes.
func TestThatAllIsCosignedIsTakenFromCosignaturesAlone(t *testing.T) {
	m := recordtest.NewMemory()
	s := recordtest.NewShelf(m)
	key, _, w := cosignedKey(t)
	l := running(t, m, "a")
	p := publisher(s, l, key).cosignedBy(awayWitness(t, w), true)
	for range 3 {
		l.fill(t, "e", 5)
		if err := publish(t, p); err != nil {
			t.Fatal(err)
		}
		republish(t, s, func(now *published.State) { now.Cosigned = now.Note })
		l.clock.Pass(cosignedWithin)
	}
	if _, err := l.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, ErrHeld) {
		t.Errorf("got %v, want that nothing is given", err)
	}
}
