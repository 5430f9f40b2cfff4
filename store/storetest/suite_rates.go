package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
)

var rateTests = []test{
	{"as many are taken as the limit says, and more after the time", rateFrees},
	{"the window slides", rateSlides},
	{"one Request counts once, and is answered again as the first time", rateRepeats},
	{"of many at once as many are taken as the limit says, and one is the first that is not", rateRaces},
	{"a name counts for itself", rateNames},
	{"whoever asks under a smaller limit leaves room", rateReserves},
	{"it keeps no more than it needs, and not for longer", rateIsBounded},
	{"what cannot be counted is an error", rateErrors},
}

func take(t testing.TB, h *harness, name, id string, limit int, per time.Duration) broker.Rate {
	t.Helper()
	got, err := h.Counters.TakeRate(t.Context(), name, id, limit, per)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func rateFrees(t testing.TB, h *harness) {
	per := 4 * h.unit
	for round := range 2 {
		for i := range 3 {
			if got := take(t, h, "x", fmt.Sprint(round, "-", i), 3, per); !got.Taken || got.First || got.Wait != 0 {
				t.Fatalf("request %d of round %d: got %+v, want it taken", i, round, got)
			}
		}
		for i := range 3 {
			got := take(t, h, "x", fmt.Sprint(round, "-more", i), 3, per)
			if got.Taken || got.First != (i == 0) || got.Wait <= 0 || got.Wait > per {
				t.Errorf("request %d too many of round %d: got %+v", i, round, got)
			}
		}
		h.pass(t, per)
	}
}

func rateSlides(t testing.TB, h *harness) {
	h.needsShared(t) // an embedded Redis moves what ends, and not its clock
	per := 4 * h.unit
	take(t, h, "x", "a", 2, per)
	h.pass(t, per/2)
	take(t, h, "x", "b", 2, per)
	refused := take(t, h, "x", "c", 2, per)
	if refused.Taken || refused.Wait > per/2 {
		t.Errorf("got %+v, want a wait for the first of the two", refused)
	}
	h.pass(t, refused.Wait)
	if got := take(t, h, "x", "d", 2, per); !got.Taken {
		t.Errorf("got %+v, want room where the first was", got)
	}
	if got := take(t, h, "x", "e", 2, per); got.Taken || got.Wait > 3*per/4 {
		t.Errorf("got %+v, want a wait for the second", got)
	}
	if got := take(t, h, "x", "f", 1, per); got.Taken || got.Wait <= per/2 {
		t.Errorf("got %+v, want a longer wait under a smaller limit", got)
	}
}

func rateReserves(t testing.TB, h *harness) {
	for i := range 6 {
		if got := take(t, h, "x", fmt.Sprint("spare", i), 3, time.Hour); got.Taken != (i < 3) {
			t.Errorf("spare %d: got %+v, want 3 taken", i, got)
		}
	}
	for i := range 4 {
		if got := take(t, h, "x", fmt.Sprint("needed", i), 5, time.Hour); got.Taken != (i < 2) {
			t.Errorf("needed %d: got %+v, want what is left of 5 taken", i, got)
		}
	}
}

func rateRepeats(t testing.TB, h *harness) {
	for range 5 {
		if got := take(t, h, "x", "a", 1, time.Hour); !got.Taken {
			t.Errorf("got %+v, want it taken each time", got)
		}
	}
	for range 3 {
		if got := take(t, h, "x", "b", 1, time.Hour); got.Taken || !got.First {
			t.Errorf("got %+v, want it the first that is not taken each time", got)
		}
		if got := take(t, h, "x", "c", 1, time.Hour); got.Taken || got.First {
			t.Errorf("got %+v, want it not taken and not the first", got)
		}
	}
}

func rateRaces(t testing.TB, h *harness) {
	var taken, first atomic.Int64
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			got, err := h.Counters.TakeRate(t.Context(), "x", fmt.Sprint("request", i), 10, time.Hour)
			if err != nil {
				t.Error(err)
			}
			if got.Taken {
				taken.Add(1)
			}
			if got.First {
				first.Add(1)
			}
		})
	}
	all.Wait()
	if taken.Load() != 10 || first.Load() != 1 {
		t.Errorf("got %d taken and %d first, want 10 and 1", taken.Load(), first.Load())
	}
}

func rateNames(t testing.TB, h *harness) {
	for _, name := range []string{"requests:U01ALICE", "requests:U02BOB", "sts:prod"} {
		if got := take(t, h, name, "a", 1, time.Hour); !got.Taken {
			t.Errorf("%s: got %+v, want it taken", name, got)
		}
	}
}

func rateIsBounded(t testing.TB, h *harness) {
	h.needsShared(t)
	for i := range 100 {
		take(t, h, "x", fmt.Sprint(i), 5, 2*h.unit)
	}
	if n := h.raw.ZCard(t.Context(), h.only(t, "taken")).Val(); n != 5 {
		t.Errorf("got %d kept, want 5", n)
	}
	h.pass(t, 2*h.unit)
	if keys, err := keysLike(t.Context(), h.raw, "*rate*"); len(keys) != 0 || err != nil {
		t.Errorf("got %v, want nothing left", keys)
	}
}

func rateErrors(t testing.TB, h *harness) {
	for _, c := range []struct {
		name, id string
		limit    int
		per      time.Duration
	}{{"", "a", 1, time.Hour}, {"{x}", "a", 1, time.Hour}, {"x", "", 1, time.Hour}, {"x", "a", 0, time.Hour}, {"x", "a", 1, 0}} {
		if got, err := h.Counters.TakeRate(t.Context(), c.name, c.id, c.limit, c.per); err == nil || got.Taken {
			t.Errorf("%+v: got %+v, %v, want an error", c, got, err)
		}
	}
}

var holderTests = []test{
	{"whoever has a live Grant is found", holdersAreFound},
	{"no more than asked for is read", heldIsBounded},
	{"what another wrote into an index keeps nothing from being found", poisonedIndexes},
}

func wantHolders(t testing.TB, h *harness, want ...string) {
	t.Helper()
	held, err := h.Grants.Held(t.Context(), 10)
	var got []string
	for _, g := range held.Grants {
		got = append(got, g.User+" "+g.ID)
	}
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("held: got %v, %v, want %v", got, err, want)
	}
}

func saveOf(t testing.TB, h *harness, user, id string, life time.Duration) {
	t.Helper()
	g, c := grant(h, id, "prod", life)
	g.User = user
	if _, err := h.Grants.SaveGrant(t.Context(), g, c, time.Hour); err != nil {
		t.Fatal(err)
	}
}

func holdersAreFound(t testing.TB, h *harness) {
	wantHolders(t, h)
	saveOf(t, h, "U02BOB", "g1", time.Hour)
	saveOf(t, h, alice, "g2", 12*time.Hour)
	saveOf(t, h, alice, "g3", 15*time.Minute) // which ends first, and she stays
	wantHolders(t, h, alice+" g2", alice+" g3", "U02BOB g1")
	h.skew(time.Minute * 20)
	wantHolders(t, h, alice+" g2", "U02BOB g1")
	h.skew(3 * time.Hour) // bob's Grant has ended
	saveOf(t, h, "U03CAROL", "g4", time.Hour)
	wantHolders(t, h, alice+" g2", "U03CAROL g4")
	if err := h.Grants.EndGrant(t.Context(), alice, "g2"); err != nil {
		t.Fatal(err)
	}
	wantHolders(t, h, "U03CAROL g4")
}

func heldIsBounded(t testing.TB, h *harness) {
	for i := range 4 {
		saveOf(t, h, alice, fmt.Sprint("a", i), time.Hour)
		saveOf(t, h, fmt.Sprint("U0", i), "g", 30*time.Minute)
	}
	for most, want := range map[int]int{1: 1, 3: 3, 7: 7, 8: 8, 100: 8} {
		held, err := h.Grants.Held(t.Context(), most)
		if err != nil || len(held.Grants) != want || held.More != (most < 8) {
			t.Errorf("%d at most: got %d Grants, more: %t, %v; want %d", most, len(held.Grants), held.More, err, want)
		}
		if most < 5 && held.Grants[0].User != alice {
			t.Errorf("%d at most: got one of %s first, want one of who has theirs the longest", most, held.Grants[0].User)
		}
	}
}

// poisonedIndexes is what whoever can write to Redis may leave there.
func poisonedIndexes(t testing.TB, h *harness) {
	h.needsShared(t)
	saveOf(t, h, alice, "g1", time.Hour)
	wrong(t, h.Store, "x", 5)
	for _, poison := range []string{"{", "U{1}", "", strings.Repeat("x", 1<<20), "a b", "a\nb"} {
		for _, index := range []string{"assumebot:{holders}", "assumebot:{" + alice + "}:grants", "assumebot:{" + alice + "}:approvals"} {
			if err := h.raw.ZAdd(t.Context(), index, redis.Z{Score: 1e15, Member: poison}).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	wantHolders(t, h, alice+" g1")
	if grants, err := h.Grants.LiveGrants(t.Context(), alice); err != nil || len(grants) != 1 {
		t.Errorf("got %d grants, %v, want one", len(grants), err)
	}
	if approvals, err := h.Approvals.ApprovalsOf(t.Context(), alice); err != nil || len(approvals) != 0 {
		t.Errorf("got %d approvals, %v, want none", len(approvals), err)
	}
	locked := "assumebot:{U01ALICE}:locked-out"
	for name, change := range map[string]func() error{
		"for ever":     func() error { return h.raw.Persist(t.Context(), locked).Err() },
		"for too long": func() error { return h.raw.Expire(t.Context(), locked, 1000*time.Hour).Err() },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if got, err := h.Counters.LockedFor(t.Context(), "U01ALICE"); err != nil || got != 24*time.Hour {
			t.Errorf("locked %s: got %s, %v, want the longest there is", name, got, err)
		}
	}
	if err := h.raw.Set(t.Context(), "assumebot:{U01ALICE}:format", strings.Repeat("fish", 1<<18), 0).Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Preferences.LastFormat(t.Context(), "U01ALICE"); err != nil || got != "" {
		t.Errorf("got a format of %d bytes, %v, want none", len(got), err)
	}
}
