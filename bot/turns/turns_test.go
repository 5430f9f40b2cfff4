package turns_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/bot/turns"
)

// a world is Turns of which each takes a second, and what became of what was taken.
type world struct {
	*turns.Turns[string]

	mu     sync.Mutex
	served []string
	others []string // "no alice 2" that was refused, "lost alice 3"
}

const lasts = time.Second

func newWorld(change func(*turns.Deps[string])) *world {
	w := &world{}
	d := turns.Deps[string]{
		Bounds: turns.Bounds{
			AtOnce: 1, EachAtOnce: 1, Waiting: 100, EachWaiting: 100, Within: time.Hour, SoonWithin: time.Hour,
			Refusing: 1, EachRefused: 100, Own: 1, OwnWaiting: 100, Bytes: 1 << 20, EachBytes: 1 << 20,
		},
		Serve:  func(it string) { w.say(&w.served, it); time.Sleep(lasts) },
		Refuse: func(it string) { w.say(&w.others, "no "+it); time.Sleep(lasts) },
		Lose:   func(it string) { w.say(&w.others, "lost "+it) },
	}
	if change != nil {
		change(&d)
	}
	w.Turns = turns.New(d)
	return w
}

func (w *world) say(to *[]string, it string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*to = append(*to, it)
}

// take takes "alice 1" as of alice.
func (w *world) take(its ...string) {
	for _, it := range its {
		name, _, _ := strings.Cut(it, " ")
		w.Take(turns.Who{Team: "T0123", User: name}, it, 1, false)
	}
}

// busy has the one turn taken, so that who comes next waits until all of them are there.
func (w *world) busy() {
	w.take("zoe")
	synctest.Wait()
}

// want waits until everything is done, and looks who was served and who was not, each in
// their order.
func (w *world) want(t *testing.T, served string, others ...string) {
	t.Helper()
	w.Wait()
	w.is(t, served, others...)
}

// is is want of now.
func (w *world) is(t *testing.T, served string, others ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if got := strings.Join(w.served, ", "); got != served {
		t.Errorf("served\n got %s\nwant %s", got, served)
	}
	if !slices.Equal(w.others, others) {
		t.Errorf("others\n got %q\nwant %q", w.others, others)
	}
}

func TestPeopleAreServedInTurnAndEachInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(nil)
		w.busy()
		w.take("alice 1", "alice 2", "alice 3", "alice 4", "bob 1", "bob 2", "carol 1")
		w.want(t, "zoe, carol 1, alice 1, bob 1, alice 2, bob 2, alice 3, alice 4")
	})
}

// TestWhoAsksOneThingGoesBeforeThoseWhoWaitForSeveral, who have every fourth turn
// all the same.
func TestWhoAsksOneThingGoesBeforeThoseWhoWaitForSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(nil)
		w.busy()
		w.take("alice 1", "alice 2", "bob 1", "bob 2", "carol 1", "carol 2", "dave 1")
		time.Sleep(lasts + lasts/2)
		for i := range 5 {
			w.take(fmt.Sprintf("guest%d", i))
		}
		w.take("dave 2")
		w.want(t, "zoe, dave 1, guest0, alice 1, guest1, guest2, guest3, bob 1, guest4, dave 2, carol 1, alice 2, bob 2, carol 2")
	})
}

func TestTheSameUserOfAnotherWorkspaceIsSomebodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(nil)
		w.busy()
		w.take("alice 1", "alice 2", "alice 3")
		w.Take(turns.Who{Team: "T0999", User: "alice"}, "other", 1, false)
		w.want(t, "zoe, other, alice 1, alice 2, alice 3")
	})
}

// TestNoMoreThanAFewOfOnePersonAreServedAtOnce, however many could be, and others go on.
func TestNoMoreThanAFewOfOnePersonAreServedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(func(d *turns.Deps[string]) { d.AtOnce, d.EachAtOnce = 4, 2 })
		for range 20 {
			w.take("alice")
		}
		w.take("bob")
		synctest.Wait()
		w.mu.Lock()
		slices.Sort(w.served)
		w.mu.Unlock()
		w.is(t, "alice, alice, bob")
		began := time.Now()
		w.Wait()
		if got, want := time.Since(began), 10*lasts; got != want {
			t.Errorf("got all served in %s, want %s", got, want)
		}
	})
}

func TestNoMoreAreServedAtOnceThanMayBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(func(d *turns.Deps[string]) { d.AtOnce = 3 })
		for i := range 9 {
			w.take(string(rune('a' + i)))
		}
		began := time.Now()
		w.Wait()
		if got, want := time.Since(began), 3*lasts; got != want {
			t.Errorf("got all served in %s, want %s", got, want)
		}
	})
}

func TestWhatDoesNotFitIsRefusedInTheShareOfWhoSentIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(func(d *turns.Deps[string]) { d.EachWaiting = 2 })
		w.take("alice 1")
		synctest.Wait() // it is being served
		w.take("alice 2", "alice 3", "alice 4", "bob 1")
		synctest.Wait()
		w.want(t, "alice 1, bob 1, alice 2, alice 3", "no alice 4")
	})
}

// TestInACrowdEachHasTheirShareAndNobodyNone: as many wait as can be served in time, so
// who waits already waits for no more, and who comes new still does.
func TestInACrowdEachHasTheirShareAndNobodyNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(func(d *turns.Deps[string]) { d.Waiting = 3 })
		w.take("alice 1")
		synctest.Wait()
		w.take("alice 2", "alice 3", "alice 4", "alice 5", "bob 1", "bob 2", "carol 1", "dave 1", "erin 1", "erin 2")
		w.want(t, "alice 1, bob 1, carol 1, alice 2, dave 1, erin 1, alice 3, alice 4", "no alice 5", "no bob 2", "no erin 2")
	})
}

func TestWhatWaitsForTooLongIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(func(d *turns.Deps[string]) { d.Within = 2500 * time.Millisecond })
		began := time.Now()
		w.busy()
		w.take("alice 1", "alice 2", "bob 1")
		time.Sleep(time.Millisecond)
		w.take("carol 1")
		w.want(t, "zoe, bob 1, carol 1", "no alice 1", "no alice 2")
		// From 2.5 s on, one after the other.
		if got, want := time.Since(began), 4500*time.Millisecond; got != want {
			t.Errorf("got the last one told after %s, want %s", got, want)
		}
	})
}

func TestWhatIsWantedSoonWaitsForLessAndIsRefusedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(func(d *turns.Deps[string]) {
			d.Within, d.SoonWithin = 500*time.Millisecond, 200*time.Millisecond
		})
		w.take("alice 1")
		synctest.Wait()
		w.take("bob 1")
		w.Take(turns.Who{User: "carol"}, "soon carol", 1, true)
		time.Sleep(300 * time.Millisecond)
		w.is(t, "alice 1", "no soon carol")
		w.Take(turns.Who{User: "dave"}, "soon dave", 1, true)
		time.Sleep(400 * time.Millisecond) // bob's and dave's are to be refused, once carol's is
		w.want(t, "alice 1", "no soon carol", "no soon dave", "no bob 1")
	})
}

// TestWhatCannotBeRefusedEitherIsLost, of the one who sends too much alone.
func TestWhatCannotBeRefusedEitherIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(func(d *turns.Deps[string]) { d.EachWaiting, d.EachRefused = 1, 2 })
		w.take("alice 1")
		synctest.Wait()
		w.take("alice 2", "alice 3")
		synctest.Wait() // alice 3 is being refused
		w.take("alice 4", "alice 5", "alice 6", "bob 1", "bob 2")
		synctest.Wait()
		w.is(t, "alice 1", "no alice 3", "lost alice 5", "lost alice 6")
		time.Sleep(lasts + lasts/2) // another second
		w.take("alice 7")
		w.want(t, "alice 1, bob 1, alice 2", "no alice 3", "lost alice 5", "lost alice 6", "no alice 4", "no bob 2", "no alice 7")
	})
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const big = 10_000
		w := newWorld(func(d *turns.Deps[string]) { d.EachBytes, d.Bytes = big, 3*big })
		of := func(name string, size int) { w.Take(turns.Who{User: name}, name, size, false) }
		of("alice", 2*big) // the one larger thing
		synctest.Wait()
		of("alice", 1)
		of("bob", big/2)
		of("bob", big/2) // with what is held beside its bytes it is too much
		of("carol", big)
		if w.TakeOwn("own", big) {
			t.Error("the bot's own is held beyond all bounds")
		}
		w.want(t, "alice, bob", "lost alice", "lost bob", "lost carol")
		of("carol", 2*big) // there is room again
		of("bob", big/2)
		w.want(t, "alice, bob, carol, bob", "lost alice", "lost bob", "lost carol")
	})
}

func TestTheBotsOwnDoesNotWaitBehindPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(func(d *turns.Deps[string]) { d.OwnWaiting, d.Within = 2, lasts/2 })
		w.take("alice 1", "alice 2")
		synctest.Wait()
		for i, want := range []bool{true, true, false} {
			if i == 1 {
				synctest.Wait() // the first is being served
				w.TakeOwn("own 2", 1)
			}
			if got := w.TakeOwn("own", 1); got != want {
				t.Errorf("own %d: taken %t, want %t", i+1, got, want)
			}
		}
		w.want(t, "alice 1, own, own 2, own", "no alice 2")
	})
}

// TestABurstIsTakenBeforeItIsServed, and what does not end is served all the same.
func TestABurstIsTakenBeforeItIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(func(d *turns.Deps[string]) { d.AtOnce, d.Waiting, d.Bytes = 10_000, 10_000, 1<<30 })
		begun := func() int {
			synctest.Wait()
			w.mu.Lock()
			defer w.mu.Unlock()
			return len(w.served)
		}
		many := func(n, wave int) {
			for i := range n {
				w.take(fmt.Sprintf("%d/%d", wave, i))
			}
		}
		many(20, 0)
		if got := begun(); got != 20 {
			t.Errorf("got %d of a few begun at once, want 20", got)
		}
		many(30, 1)
		before := begun()
		time.Sleep(20 * time.Millisecond)
		if after := begun(); before >= 50 || after != 50 {
			t.Errorf("got %d begun while they came, want fewer than 50, and %d after it, want 50", before, after)
		}
		time.Sleep(time.Minute)
		for wave := range 120 {
			many(30, wave)
			time.Sleep(5 * time.Millisecond)
		}
		if got := begun() - 50; got != 30*120 {
			t.Errorf("got %d of %d begun that come without an end, want all", got, 30*120)
		}
		w.Wait()
	})
}

// TestWhatStandsStillForABurstIsHeardOfAtOnce: it is served, or heard of before.
func TestWhatStandsStillForABurstIsHeardOfAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []string
		w := newWorld(func(d *turns.Deps[string]) {
			d.EachWaiting, d.EachRefused = 40, 0
			d.Hurry = func(it string) { heard = append(heard, it) }
		})
		w.busy()
		var few, burst []string
		for i := range 23 {
			few = append(few, fmt.Sprintf("alice %d", i))
		}
		for i := range 30 {
			burst = append(burst, fmt.Sprintf("bob %d", i))
		}
		w.take(few...)
		if heard != nil {
			t.Errorf("got %q heard of where there is no burst, want none", heard)
		}
		w.take(burst...)
		if got, want := slices.Sorted(slices.Values(heard)), slices.Sorted(slices.Values(append(few, burst...))); !slices.Equal(got, want) {
			t.Errorf("got %q heard of, want each of %q once", got, want)
		}
		heard = nil
		time.Sleep(time.Minute)
		w.take("carol")
		if heard != nil {
			t.Errorf("got %q heard of after the burst, want none", heard)
		}
		w.Wait()
	})
}

// TestManyAtOnceAreEachServedOrRefusedOrLostOnce holds beside the race detector.
func TestManyAtOnceAreEachServedOrRefusedOrLostOnce(t *testing.T) {
	var mu sync.Mutex
	became := map[int]int{}
	is := func(i int) { mu.Lock(); became[i]++; mu.Unlock() }
	w := turns.New(turns.Deps[int]{
		Bounds: turns.Bounds{
			AtOnce: 8, EachAtOnce: 2, Waiting: 50, EachWaiting: 10, Within: time.Hour, SoonWithin: time.Hour,
			Refusing: 2, EachRefused: 5, Own: 1, OwnWaiting: 10, Bytes: 1 << 20, EachBytes: 1 << 20,
		},
		Serve: is, Refuse: is, Lose: is,
	})
	const senders, each = 4, 500
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for i := range each {
				w.Take(turns.Who{User: string(rune('a' + i%20))}, s*each+i, 1, i%7 == 0)
			}
		})
	}
	all.Wait()
	w.Wait()
	for i := range senders * each {
		if became[i] != 1 {
			t.Fatalf("%d was served, refused or lost %d times, want once", i, became[i])
		}
	}
}

// TestWhatWaitsForLongIsHeardOfOnceBeforeItsTurn also has what is served at once, or refused
// at once, which nobody hears of.
func TestWhatWaitsForLongIsHeardOfOnceBeforeItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w *world
		w = newWorld(func(d *turns.Deps[string]) {
			d.Within, d.EachWaiting = 1500*time.Millisecond, 2
			d.Waits = func(some []string) {
				slices.Sort(some)
				for _, it := range some {
					w.say(&w.others, "waits "+it)
				}
			}
		})
		w.take("alice 1")
		synctest.Wait()
		w.take("bob 1", "bob 2", "bob 3")
		time.Sleep(50 * time.Millisecond)
		w.take("carol 1")
		synctest.Wait()
		w.is(t, "alice 1", "no bob 3")
		time.Sleep(100 * time.Millisecond)
		w.is(t, "alice 1", "no bob 3", "waits bob 1", "waits bob 2")
		time.Sleep(100 * time.Millisecond)
		w.is(t, "alice 1", "no bob 3", "waits bob 1", "waits bob 2", "waits carol 1")
		w.Wait()
		if got := strings.Count(strings.Join(w.others, ", "), "waits"); got != 3 {
			t.Errorf("heard %d times, want once of each: %q", got, w.others)
		}
	})
}
