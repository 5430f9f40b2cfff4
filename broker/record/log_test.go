package record

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/recordtest"
)

func TestEventsGetNumbersAndEveryReplicaReadsThem(t *testing.T) {
	m := recordtest.NewMemory()
	a, b := running(t, m, "a"), running(t, m, "b")
	if got := a.mustRecord(t, recordtest.About("e1")); got.Number != 0 {
		t.Errorf("the first entry got the number %d", got.Number)
	}
	if got := b.mustRecord(t, recordtest.About("e2"), recordtest.About("e3")); got.Number != 1 {
		t.Errorf("the second got the number %d", got.Number)
	}
	if got := a.mustRecord(t, recordtest.About("e4")); got.Number != 3 {
		t.Errorf("the fourth got the number %d", got.Number)
	}
	recordtest.AwaitThat(t, "both have read four entries", func() bool { return a.Size() == 4 && b.Size() == 4 })
	if a.view.Edge.Root() != b.view.Edge.Root() {
		t.Error("two replicas have two roots of the same entries")
	}
}

func TestAReplyThatWasLostWritesNothingTwice(t *testing.T) {
	m := recordtest.NewMemory()
	lost := 2
	m.OnReply = func(entry.Batch) error {
		if lost--; lost >= 0 {
			return recordtest.ErrLost
		}
		return nil
	}
	l := running(t, m, "a")
	if got := l.mustRecord(t, recordtest.About("e1")); got.Number != 0 {
		t.Errorf("got the number %d", got.Number)
	}
	if got := l.mustRecord(t, recordtest.About("e2")); got.Number != 1 {
		t.Errorf("the next got the number %d, want that the first is there once", got.Number)
	}
}

func TestManyWritersOfManyReplicasAreAllServedOnce(t *testing.T) {
	const writers, each = 20, 10
	m := recordtest.NewMemory()
	logs := []testLog{running(t, m, "a"), running(t, m, "b"), running(t, m, "c")}
	var (
		mu      sync.Mutex
		numbers = map[int64]bool{}
		all     sync.WaitGroup
	)
	for w := range writers {
		all.Go(func() {
			for i := range each {
				r, err := logs[w%len(logs)].Record(t.Context(), recordtest.About(fmt.Sprintf("e-%d-%d", w, i)))
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
	if len(numbers) != writers*each || len(m.Entries) != writers*each {
		t.Errorf("got %d numbers and %d entries, want %d", len(numbers), len(m.Entries), writers*each)
	}
}

// TestWhatIsDoneToTheStoreStopsTheLog does what somebody who can write to the store might
// do. Nobody may go on as if nothing was.
func TestWhatIsDoneToTheStoreStopsTheLog(t *testing.T) {
	forged := func(m *recordtest.Memory, keys entry.Keys, of string) entry.Entry {
		last := m.Entries[len(m.Entries)-1]
		leaf, _, err := recordtest.About("forged").Encode()
		if err != nil {
			panic(err)
		}
		s, err := entry.Seal(keys, of, leaf, nil, last.Number, last.Root)
		if err != nil {
			panic(err)
		}
		return entry.Entry{Number: last.Number + 1, Sealed: s}
	}
	for what, do := range map[string]func(m *recordtest.Memory){
		"the newest is another": func(m *recordtest.Memory) {
			last := &m.Entries[len(m.Entries)-1]
			*last = forged(m, recordtest.Keys("k1"), recordtest.Origin)
			last.Number--
		},
		"one of another key": func(m *recordtest.Memory) {
			m.Entries = append(m.Entries, forged(m, recordtest.Keys("k2"), recordtest.Origin))
		},
		"one of another origin": func(m *recordtest.Memory) {
			m.Entries = append(m.Entries, forged(m, recordtest.Keys("k1"), "elsewhere"))
		},
		"one of another tree": func(m *recordtest.Memory) {
			m.Entries = append(m.Entries, forged(m, recordtest.Keys("k1"), recordtest.Origin))
		},
		"one that is there twice": func(m *recordtest.Memory) {
			e := m.Entries[1]
			e.Number = int64(len(m.Entries))
			m.Entries = append(m.Entries, e)
		},
		"one with a bit flipped": func(m *recordtest.Memory) {
			e := forged(m, recordtest.Keys("k1"), recordtest.Origin)
			e.Leaf = slices.Clone(e.Leaf)
			e.Leaf[9] ^= 1
			m.Entries = append(m.Entries, e)
		},
		"one that leaves a gap": func(m *recordtest.Memory) {
			e := forged(m, recordtest.Keys("k1"), recordtest.Origin)
			e.Number++
			m.Entries = append(m.Entries, e)
		},
	} {
		t.Run(what, func(t *testing.T) {
			m := recordtest.NewMemory()
			a, b := running(t, m, "a"), running(t, m, "b")
			for i := range 5 {
				a.mustRecord(t, recordtest.About(fmt.Sprintf("a%d", i)))
				b.mustRecord(t, recordtest.About(fmt.Sprintf("b%d", i)))
			}
			recordtest.AwaitThat(t, "both have read all", func() bool { return a.Size() == 10 && b.Size() == 10 })
			m.Change(do)
			for _, l := range []testLog{a, b} {
				_, err := l.Record(t.Context(), recordtest.Intent("after"))
				if !errors.Is(err, ErrStopped) || !errors.Is(l.Err(), ErrStopped) {
					t.Errorf("replica %s: got %v, want that it has stopped", l.Replica, err)
				}
			}
		})
	}
}

func TestTwoReplicasThatReadDifferentEntriesLearnItFromEachOther(t *testing.T) {
	m := recordtest.NewMemory()
	a := running(t, m, "a")
	a.mustRecord(t, recordtest.About("e1"), recordtest.About("e2"))
	// The second replica is shown the two in the other order.
	m.Change(func(m *recordtest.Memory) {
		m.Entries[0].Sealed, m.Entries[1].Sealed = m.Entries[1].Sealed, m.Entries[0].Sealed
	})
	b := running(t, m, "b")
	recordtest.AwaitThat(t, "the second has read both", func() bool { return b.Size() == 2 })
	m.Change(func(m *recordtest.Memory) {
		m.Entries[0].Sealed, m.Entries[1].Sealed = m.Entries[1].Sealed, m.Entries[0].Sealed
	})
	a.mustRecord(t, recordtest.About("e3"))
	recordtest.AwaitThat(t, "the second has stopped", func() bool { return b.Err() != nil })
}

func TestAnIntentOfWhichNobodyKnowsIsClosedOnceItAppears(t *testing.T) {
	m := recordtest.NewMemory()
	away := true
	var late []entry.Batch
	m.OnAppend = func(b entry.Batch) error { // the store takes it, but nobody hears of it in time
		if away {
			late = append(late, b)
			return recordtest.ErrLost
		}
		return nil
	}
	l := running(t, m, "a")
	l.writer.within = 50 * time.Millisecond
	if _, err := l.Record(t.Context(), recordtest.Intent("x")); !errors.Is(err, ErrUnsure) {
		t.Fatalf("got %v, want that nobody knows", err)
	}
	m.Change(func(m *recordtest.Memory) {
		away = false
		if _, err := m.Put(late[0]); err != nil {
			t.Errorf("the late append: %v", err)
		}
	})
	recordtest.AwaitThat(t, "the intent is closed", func() bool { return slices.Equal(m.Kinds(t), []string{"intent x", "not_acted x"}) })
}

func TestAnIntentWithoutAnOutcomeBecomesUnknownByTheReadersOwnClock(t *testing.T) {
	m := recordtest.NewMemory()
	dead := running(t, m, "dead")
	e := recordtest.Intent("x")
	e.Time = e.Time.Add(-24 * time.Hour) // its writer's clock is off
	dead.mustRecord(t, e)
	l := running(t, m, "alive")
	closeOverdue := func() error {
		var of []Interruption
		for _, o := range l.Overdue() {
			of = append(of, Interruption{Request: o.Intent.Request, From: o.Number})
		}
		if of == nil {
			return nil
		}
		_, err := l.Interrupt(t.Context(), of)
		return err
	}
	recordtest.AwaitThat(t, "the intent was read", func() bool { return l.Size() == 1 })
	if err := closeOverdue(); err != nil {
		t.Fatal(err)
	}
	l.clock.Pass(OutcomeDue - time.Second)
	l.mustRecord(t, recordtest.About("e1"))
	if err := errors.Join(l.readOn(t.Context()), closeOverdue()); err != nil {
		t.Fatal(err)
	}
	if got, want := m.Kinds(t), []string{"intent x", "refused "}; !slices.Equal(got, want) {
		t.Fatalf("before its time: got %q, want %q", got, want)
	}
	l.clock.Pass(time.Second)
	if err := closeOverdue(); err != nil {
		t.Fatal(err)
	}
	if got := m.Kinds(t); len(got) != 2 {
		t.Fatalf("a replica that has not looked since: got %q, want nothing new", got)
	}
	if err := errors.Join(l.readOn(t.Context()), closeOverdue()); err != nil {
		t.Fatal(err)
	}
	if got, want := m.Kinds(t), []string{"intent x", "refused ", "unknown x", "interrupted "}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	// The owner was only paused. Its outcome comes second.
	if r := dead.mustRecord(t, recordtest.Granted("x")); !r.Late {
		t.Error("an outcome after unknown counts")
	}
}

func TestOfTwoOutcomesTheFirstCounts(t *testing.T) {
	m := recordtest.NewMemory()
	a, b := running(t, m, "a"), running(t, m, "b")
	a.mustRecord(t, recordtest.Intent("x"))
	if r := a.mustRecord(t, recordtest.Granted("x")); r.Late {
		t.Error("the first outcome does not count")
	}
	if r := b.mustRecord(t, recordtest.Granted("x")); !r.Late {
		t.Error("the second outcome counts")
	}
	if r := b.mustRecord(t, recordtest.Granted("neverbegun")); !r.Late {
		t.Error("an outcome without an intent counts")
	}
}

func TestAReplicaThatIsFarBehindReadsAndThenWrites(t *testing.T) {
	m := recordtest.NewMemory()
	a := running(t, m, "a")
	b := running(t, m, "b")
	b.mustRecord(t, recordtest.About("first"))
	recordtest.AwaitThat(t, "a has read it", func() bool { return a.Size() == 1 })
	m.Change(func(m *recordtest.Memory) { m.OnRead = func() error { return recordtest.ErrLost } })
	b.fill(t, "m", entry.Window+200)
	m.Change(func(m *recordtest.Memory) { m.OnRead = nil })
	a.mustRecord(t, recordtest.About("atlast"))
	if a.Err() != nil {
		t.Error(a.Err())
	}
}

func TestAnOrderStandsOnTheRecordUntilItIsLifted(t *testing.T) {
	m := recordtest.NewMemory()
	a, b := running(t, m, "a"), running(t, m, "b")
	blocked := recordtest.About("b1")
	blocked.Request, blocked.Data = "r1", event.BlockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}}}
	unblocked := recordtest.About("b2")
	unblocked.Data = event.UnblockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}, Ends: "r1"}}
	paused, resumed := recordtest.About("p1"), recordtest.About("p2")
	paused.Request, paused.Data, resumed.Data = "r2", event.PausedData{}, event.ResumedData{Order: event.Order{Ends: "r2"}}
	a.mustRecord(t, blocked, paused)
	b.mustRecord(t, recordtest.About("e"))
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
