package record

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

func TestEventsGetNumbersAndEveryReplicaReadsThem(t *testing.T) {
	m := newMemory()
	a, b := running(t, m, "a"), running(t, m, "b")
	if got := a.mustRecord(t, about("e1")); got.Number != 0 {
		t.Errorf("the first entry got the number %d", got.Number)
	}
	if got := b.mustRecord(t, about("e2"), about("e3")); got.Number != 1 {
		t.Errorf("the second got the number %d", got.Number)
	}
	if got := a.mustRecord(t, about("e4")); got.Number != 3 {
		t.Errorf("the fourth got the number %d", got.Number)
	}
	awaitThat(t, "both have read four entries", func() bool { return a.Size() == 4 && b.Size() == 4 })
	if a.view.edge.Root() != b.view.edge.Root() {
		t.Error("two replicas have two roots of the same entries")
	}
}

func TestAReplyThatWasLostWritesNothingTwice(t *testing.T) {
	m := newMemory()
	lost := 2
	m.onReply = func(Batch) error {
		if lost--; lost >= 0 {
			return errLost
		}
		return nil
	}
	l := running(t, m, "a")
	if got := l.mustRecord(t, about("e1")); got.Number != 0 {
		t.Errorf("got the number %d", got.Number)
	}
	if got := l.mustRecord(t, about("e2")); got.Number != 1 {
		t.Errorf("the next got the number %d, want that the first is there once", got.Number)
	}
}

func TestManyWritersOfManyReplicasAreAllServedOnce(t *testing.T) {
	const writers, each = 20, 10
	m := newMemory()
	logs := []testLog{running(t, m, "a"), running(t, m, "b"), running(t, m, "c")}
	var (
		mu      sync.Mutex
		numbers = map[int64]bool{}
		all     sync.WaitGroup
	)
	for w := range writers {
		all.Go(func() {
			for i := range each {
				r, err := logs[w%len(logs)].Record(t.Context(), about(fmt.Sprintf("e-%d-%d", w, i)))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				numbers[r.Number] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(numbers) != writers*each || len(m.entries) != writers*each {
		t.Errorf("got %d numbers and %d entries, want %d", len(numbers), len(m.entries), writers*each)
	}
}

// TestWhatIsDoneToTheStoreStopsTheLog does what somebody who can write to the store might
// do. Nobody may go on as if nothing was.
func TestWhatIsDoneToTheStoreStopsTheLog(t *testing.T) {
	forged := func(m *memory, keys Keys, of string) Entry {
		last := m.entries[len(m.entries)-1]
		leaf, _, err := about("forged").Encode()
		if err != nil {
			panic(err)
		}
		s, err := seal(keys, of, leaf, nil, last.Number, last.Root)
		if err != nil {
			panic(err)
		}
		return Entry{Number: last.Number + 1, Sealed: s}
	}
	for what, do := range map[string]func(m *memory){
		"the newest is another": func(m *memory) {
			last := &m.entries[len(m.entries)-1]
			*last = forged(m, testKeys("k1"), origin)
			last.Number--
		},
		"one of another key":    func(m *memory) { m.entries = append(m.entries, forged(m, testKeys("k2"), origin)) },
		"one of another origin": func(m *memory) { m.entries = append(m.entries, forged(m, testKeys("k1"), "elsewhere")) },
		"one of another tree":   func(m *memory) { m.entries = append(m.entries, forged(m, testKeys("k1"), origin)) },
		"one that is there twice": func(m *memory) {
			e := m.entries[1]
			e.Number = int64(len(m.entries))
			m.entries = append(m.entries, e)
		},
		"one with a bit flipped": func(m *memory) {
			e := forged(m, testKeys("k1"), origin)
			e.Leaf = slices.Clone(e.Leaf)
			e.Leaf[9] ^= 1
			m.entries = append(m.entries, e)
		},
		"one that leaves a gap": func(m *memory) {
			e := forged(m, testKeys("k1"), origin)
			e.Number++
			m.entries = append(m.entries, e)
		},
	} {
		t.Run(what, func(t *testing.T) {
			m := newMemory()
			a, b := running(t, m, "a"), running(t, m, "b")
			for i := range 5 {
				a.mustRecord(t, about(fmt.Sprintf("a%d", i)))
				b.mustRecord(t, about(fmt.Sprintf("b%d", i)))
			}
			awaitThat(t, "both have read all", func() bool { return a.Size() == 10 && b.Size() == 10 })
			m.change(do)
			for _, l := range []testLog{a, b} {
				_, err := l.Record(t.Context(), intent("after"))
				if !errors.Is(err, ErrStopped) || !errors.Is(l.Err(), ErrStopped) {
					t.Errorf("replica %s: got %v, want that it has stopped", l.Replica, err)
				}
			}
		})
	}
}

func TestTwoReplicasThatReadDifferentEntriesLearnItFromEachOther(t *testing.T) {
	m := newMemory()
	a := running(t, m, "a")
	a.mustRecord(t, about("e1"), about("e2"))
	// The second replica is shown the two in the other order.
	m.change(func(m *memory) {
		m.entries[0].Sealed, m.entries[1].Sealed = m.entries[1].Sealed, m.entries[0].Sealed
	})
	b := running(t, m, "b")
	awaitThat(t, "the second has read both", func() bool { return b.Size() == 2 })
	m.change(func(m *memory) {
		m.entries[0].Sealed, m.entries[1].Sealed = m.entries[1].Sealed, m.entries[0].Sealed
	})
	a.mustRecord(t, about("e3"))
	awaitThat(t, "the second has stopped", func() bool { return b.Err() != nil })
}

func TestAnIntentOfWhichNobodyKnowsIsClosedOnceItAppears(t *testing.T) {
	m := newMemory()
	away := true
	var late []Batch
	m.onAppend = func(b Batch) error { // the store takes it, but nobody hears of it in time
		if away {
			late = append(late, b)
			return errLost
		}
		return nil
	}
	l := running(t, m, "a")
	l.writeWithin = 50 * time.Millisecond
	if _, err := l.Record(t.Context(), intent("x")); !errors.Is(err, ErrUnsure) {
		t.Fatalf("got %v, want that nobody knows", err)
	}
	m.change(func(m *memory) {
		away = false
		if _, err := m.append(late[0]); err != nil {
			t.Errorf("the late append: %v", err)
		}
	})
	awaitThat(t, "the intent is closed", func() bool { return slices.Equal(m.ids(t), []string{"intent x", "not_acted x"}) })
}

func TestAnIntentWithoutAnOutcomeBecomesUnknownByTheReadersOwnClock(t *testing.T) {
	m := newMemory()
	dead := running(t, m, "dead")
	e := intent("x")
	e.Time = e.Time.Add(-24 * time.Hour) // its writer's clock is off
	dead.mustRecord(t, e)
	l := running(t, m, "alive")
	awaitThat(t, "the intent was read", func() bool { return l.Size() == 1 })
	if err := l.CloseOverdue(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.clock.pass(OutcomeDue - time.Second)
	l.mustRecord(t, about("e1"))
	if err := errors.Join(l.readOn(t.Context()), l.CloseOverdue(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got, want := m.ids(t), []string{"intent x", "refused "}; !slices.Equal(got, want) {
		t.Fatalf("before its time: got %q, want %q", got, want)
	}
	l.clock.pass(time.Second)
	if err := l.CloseOverdue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := m.ids(t); len(got) != 2 {
		t.Fatalf("a replica that has not looked since: got %q, want nothing new", got)
	}
	if err := errors.Join(l.readOn(t.Context()), l.CloseOverdue(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got, want := m.ids(t), []string{"intent x", "refused ", "unknown x"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	// The owner was only paused. Its outcome comes second.
	if r := dead.mustRecord(t, granted("x")); !r.Late {
		t.Error("an outcome after unknown counts")
	}
}

func TestOfTwoOutcomesTheFirstCounts(t *testing.T) {
	m := newMemory()
	a, b := running(t, m, "a"), running(t, m, "b")
	a.mustRecord(t, intent("x"))
	if r := a.mustRecord(t, granted("x")); r.Late {
		t.Error("the first outcome does not count")
	}
	if r := b.mustRecord(t, granted("x")); !r.Late {
		t.Error("the second outcome counts")
	}
	if r := b.mustRecord(t, granted("neverbegun")); !r.Late {
		t.Error("an outcome without an intent counts")
	}
}

func TestAReplicaThatIsFarBehindReadsAndThenWrites(t *testing.T) {
	m := newMemory()
	a := running(t, m, "a")
	b := running(t, m, "b")
	b.mustRecord(t, about("first"))
	awaitThat(t, "a has read it", func() bool { return a.Size() == 1 })
	m.change(func(m *memory) { m.onRead = func() error { return errLost } })
	for i := range (Window + 200) / 100 {
		var many []event.Event
		for j := range 100 {
			many = append(many, about(fmt.Sprintf("m-%d-%d", i, j)))
		}
		b.mustRecord(t, many...)
	}
	m.change(func(m *memory) { m.onRead = nil })
	a.mustRecord(t, about("atlast"))
	if a.Err() != nil {
		t.Error(a.Err())
	}
}

func TestAnOrderStandsOnTheRecordUntilItIsLifted(t *testing.T) {
	m := newMemory()
	a, b := running(t, m, "a"), running(t, m, "b")
	blocked := about("b1")
	blocked.Request, blocked.Data = "r1", event.BlockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}}}
	unblocked := about("b2")
	unblocked.Data = event.UnblockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}, Ends: "r1"}}
	paused, resumed := about("p1"), about("p2")
	paused.Request, paused.Data, resumed.Data = "r2", event.PausedData{}, event.ResumedData{Order: event.Order{Ends: "r2"}}
	a.mustRecord(t, blocked, paused)
	b.mustRecord(t, about("e"))
	if block, pause := b.Orders("UBOB"); block == nil || pause == nil || block.Entry != 0 || pause.Entry != 1 {
		t.Errorf("got block %v and pause %v, want both", block, pause)
	}
	if block, _ := b.Orders("UALICE"); block != nil {
		t.Errorf("somebody else is blocked: %v", block)
	}
	b.mustRecord(t, unblocked, resumed)
	if block, pause := b.Orders("UBOB"); block != nil || pause != nil {
		t.Errorf("got block %v and pause %v, want neither", block, pause)
	}
}
