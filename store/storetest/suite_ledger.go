package storetest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/store"
)

var ledgerTests = []test{
	{"who lives keeps what it owes, and who is dead loses it, the oldest first", ledgerOfTheDead},
	{"of many who look, one gets each answer", ledgerRace},
	{"what was taken over goes on to the next, and is there to be found again", ledgerGoesOn},
	{"what was taken over and is not told goes on to the next, though who took it lives", ledgerSilent},
	{"what each process owes and took over is there to be seen", ledgerSeen},
	{"what is settled or replaced is not taken over", ledgerSettled},
	{"what is owed is kept with what is asked ahead", ledgerAhead},
	{"a heartbeat says whether there was a gap", ledgerLapse},
	{"nobody is dead for a while after nobody said that they live", ledgerGrace},
	{"nobody takes over by a clock that jumped", ledgerJump},
	{"a clock that went back keeps nobody alive", ledgerBack},
	{"what another took over is told apart from what is lost", ledgerLost},
	{"what is owed is sealed, and what is not the bot's does not open", ledgerSealed},
}

func owe(t testing.TB, h *harness, owner, text string) ledger.Entry {
	t.Helper()
	e, err := h.Ledger.Owe(t.Context(), ahead.Owed{Owner: owner, ID: text, At: h.now(), Text: []byte(text)})
	must(t, err)
	h.skew(time.Second)
	return e
}

func beat(t testing.TB, h *harness, owner string, ttl time.Duration, lapsed bool) {
	t.Helper()
	if got, _, err := h.Ledger.Beat(t.Context(), owner, ttl); got != lapsed || err != nil {
		t.Errorf("heartbeat of %s: got %v, %v, want a gap: %v", owner, got, err, lapsed)
	}
}

func texts(entries []ledger.Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, string(e.Text))
	}
	return strings.Join(all, " ")
}

func wantTaken(t testing.TB, h *harness, dead, by string, most int, want string) []ledger.Entry {
	t.Helper()
	entries, err := h.Ledger.Take(t.Context(), dead, by, most, h.unit)
	if got := texts(entries); got != want || err != nil {
		t.Errorf("%s takes from %s: got %q, %v, want %q", by, dead, got, err, want)
	}
	return entries
}

// wantDead is what a heartbeat of by hears.
func wantDead(t testing.TB, h *harness, by string, want ...string) {
	t.Helper()
	if _, got, err := h.Ledger.Beat(t.Context(), by, h.unit); !slices.Equal(got, want) || err != nil {
		t.Errorf("dead: got %q, %v, want %q", got, err, want)
	}
}

func ledgerOfTheDead(t testing.TB, h *harness) {
	beat(t, h, "a", h.unit, true)
	beat(t, h, "b", h.unit, true)
	for _, text := range []string{"one", "two", "three"} {
		owe(t, h, "a", text)
	}
	wantDead(t, h, "b")
	wantTaken(t, h, "a", "b", 9, "")
	live(t, h, "b")
	wantDead(t, h, "b", "a")
	wantTaken(t, h, "a", "b", 2, "one two")
	wantTaken(t, h, "a", "b", 2, "three")
	wantTaken(t, h, "a", "b", 2, "")
	wantDead(t, h, "b")
	if _, err := h.Ledger.Take(t.Context(), "b", "b", 9, h.unit); err == nil {
		t.Error("who takes from themselves: got no error")
	}
}

func ledgerRace(t testing.TB, h *harness) {
	h.needsShared(t)
	const owed = 40
	for range owed {
		owe(t, h, "a", "answer")
	}
	reign(t, h, "b", "c", "d", "e")
	var all sync.WaitGroup
	var mu sync.Mutex
	seen := map[string]int{}
	for _, by := range []string{"b", "c", "d", "e"} {
		all.Go(func() {
			for range owed {
				entries, err := h.Ledger.Take(t.Context(), "a", by, 3, h.unit)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				for _, e := range entries {
					seen[e.Sealed]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for _, n := range seen {
		if n != 1 {
			t.Errorf("an answer went to %d", n)
		}
	}
	if len(seen) != owed {
		t.Errorf("got %d answers, want %d", len(seen), owed)
	}
}

func ledgerGoesOn(t testing.TB, h *harness) {
	owe(t, h, "a", "one")
	owe(t, h, "b", "its own")
	beat(t, h, "b", h.unit, true)
	live(t, h, "b")
	wantTaken(t, h, "a", "b", 9, "one")
	if again, err := h.Ledger.Taken(t.Context(), "b", 9); texts(again) != "one" || err != nil {
		t.Errorf("taken by b: got %q, %v, want it there", texts(again), err)
	}
	wantTaken(t, h, "b", "c", 9, "")
	must(t, h.Ledger.Leave(t.Context(), "b"))
	wantDead(t, h, "c", "b")
	last := wantTaken(t, h, "b", "c", 9, "its own one")
	must(t, h.Ledger.Settle(t.Context(), last...))
	if left, err := h.Ledger.Taken(t.Context(), "c", 9); len(left) != 0 || err != nil {
		t.Errorf("taken by c: got %q, %v, want none left", texts(left), err)
	}
}

// ledgerSilent: b took something over and dies while it tells that, long before it counts as dead.
func ledgerSilent(t testing.TB, h *harness) {
	owe(t, h, "a", "one")
	mine := owe(t, h, "b", "its own")
	reign(t, h, "b", "c")
	took := wantTaken(t, h, "a", "b", 9, "one")
	if len(took) == 0 {
		return
	}
	wantDead(t, h, "c", "b") // of whom it is to be looked whether it goes on to tell
	for range 3 {            // for longer than it said at first
		live(t, h, "b", "c")
		must(t, h.Ledger.Tell(t.Context(), "b", h.unit))
		wantTaken(t, h, "b", "c", 9, "")
	}
	wantTaken(t, h, "a", "c", 9, "") // and forgets a, who owes nothing any more
	live(t, h, "b", "c")
	again := wantTaken(t, h, "b", "c", 9, "one")
	if len(again) == 0 {
		return
	}
	wantOwes(t, h, "b", took[0], false)
	wantOwes(t, h, "b", mine, true)
	wantDead(t, h, "b", "c")
	wantTaken(t, h, "b", "c", 9, "")
	wantDead(t, h, "c")
	live(t, h, "b", "c")
	wantTaken(t, h, "c", "b", 9, "one") // b was only slow, and has it again
	wantOwes(t, h, "b", took[0], true)
	wantOwes(t, h, "c", again[0], false)
	must(t, h.Ledger.Told(t.Context(), "b"))
	wantTaken(t, h, "c", "b", 9, "")
	live(t, h, "b", "c")
	wantDead(t, h, "c")
	wantTaken(t, h, "b", "c", 9, "") // what it has not told by then is its own until it is dead
	must(t, h.Ledger.Leave(t.Context(), "b"))
	wantTaken(t, h, "b", "c", 9, "its own one")
}

func ledgerSeen(t testing.TB, h *harness) {
	owe(t, h, "a", "one")
	owe(t, h, "b", "its own")
	beat(t, h, "a", h.unit, true)
	reign(t, h, "b")
	wantTaken(t, h, "a", "b", 9, "one")
	owe(t, h, "a", "two")
	var got []string
	all, err := h.Ledger.Holdings(t.Context(), 9)
	for _, one := range all {
		got = append(got, one.Owner+": "+texts(one.Owes)+", "+texts(one.Took))
	}
	if want := []string{"a: two, ", "b: its own, one"}; !slices.Equal(got, want) || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func ledgerSettled(t testing.TB, h *harness) {
	one, two := owe(t, h, "a", "one"), owe(t, h, "a", "two")
	must(t, h.Ledger.Settle(t.Context(), one))
	must(t, h.Ledger.Settle(t.Context(), one))
	three, err := h.Ledger.Replace(t.Context(), "a", two, []byte("three"))
	must(t, err)
	wantOwes(t, h, "a", three, true)
	reign(t, h, "b")
	wantTaken(t, h, "a", "b", 9, "three")
	wantOwes(t, h, "a", three, false)
}

func wantOwes(t testing.TB, h *harness, owner string, e ledger.Entry, want bool) {
	t.Helper()
	if got, err := h.Ledger.Owes(t.Context(), owner, e); got != want || err != nil {
		t.Errorf("%s owes %q: got %v, %v, want %v", owner, e.Text, got, err, want)
	}
}

// ledgerLost: a process that wakes tells what Redis has lost, since nobody else does.
func ledgerLost(t testing.TB, h *harness) {
	one, two := owe(t, h, "a", "one"), owe(t, h, "a", "two")
	reign(t, h, "b")
	taken := wantTaken(t, h, "a", "b", 1, "one")
	must(t, h.Ledger.Settle(t.Context(), one, two)) // neither stands there any more
	wantOwes(t, h, "a", one, false)
	wantOwes(t, h, "a", two, true)
	wantOwes(t, h, "b", taken[0], true)
	must(t, h.Ledger.Leave(t.Context(), "b"))
	beat(t, h, "c", h.unit, true)
	wantTaken(t, h, "b", "c", 9, "one")
	wantOwes(t, h, "b", taken[0], false)
	if h.raw == nil {
		return
	}
	gone, err := h.raw.PTTL(t.Context(), "assumebot:{owed}:gone:a").Result()
	if err != nil || gone < 71*time.Hour || gone > 72*time.Hour {
		t.Errorf("what has moved from a is kept for %v, %v, want 72 h", gone, err)
	}
}

// ledgerJump: Redis's clock jumps ahead, and everybody looks dead to who looks first.
func ledgerJump(t testing.TB, h *harness) {
	owe(t, h, "a", "one")
	beat(t, h, "a", h.unit, true)
	reign(t, h, "b")
	beat(t, h, "a", h.unit, true)
	beat(t, h, "b", 4*h.unit, false)
	h.pass(t, 2*h.unit) // a does not live; that b does, nobody has said lately
	wantTaken(t, h, "a", "b", 9, "")
	beat(t, h, "b", h.unit, false) // and everybody has a while to say so
	wantTaken(t, h, "a", "b", 9, "")
	h.pass(t, 2*h.unit)
	wantTaken(t, h, "a", "b", 9, "") // b does not live either
	beat(t, h, "b", h.unit, true)
	live(t, h, "b")
	wantTaken(t, h, "a", "c", 9, "") // c has never lived
	wantTaken(t, h, "a", "b", 9, "one")
}

// ledgerBack: what was said before would count for an hour longer.
func ledgerBack(t testing.TB, h *harness) {
	h.needsShared(t)
	owe(t, h, "a", "one")
	beat(t, h, "a", h.unit, true)
	beat(t, h, "b", h.unit, true)
	for _, key := range []string{"alive:a", "alive:b", "steady", "grace"} {
		must(t, h.raw.PExpire(t.Context(), "assumebot:{owed}:"+key, time.Hour).Err())
	}
	beat(t, h, "b", h.unit, false)
	wantTaken(t, h, "a", "b", 9, "")
	live(t, h, "b")
	wantDead(t, h, "b", "a")
	wantTaken(t, h, "a", "b", 9, "one")
}

// reign has owners live, and a while have passed since nobody did.
func reign(t testing.TB, h *harness, owners ...string) {
	t.Helper()
	for _, o := range owners {
		beat(t, h, o, h.unit, true)
	}
	live(t, h, owners...)
}

func ledgerAhead(t testing.TB, h *harness) {
	ctx := ahead.With(t.Context())
	d := ahead.Owed{Owner: "a", ID: "r1", At: h.now(), Text: []byte("one")}
	h.Ahead.Ask(ctx, ahead.Questions{Seen: []string{"env:1"}, Owed: &d})
	e, err := h.Ledger.Owe(ctx, d)
	must(t, err)
	reign(t, h, "b")
	wantTaken(t, h, "a", "b", 9, "one")
	wantOwes(t, h, "a", e, false)
	entries, err := h.Ledger.OweAll(t.Context(), []ahead.Owed{{Owner: "c", ID: "r2", At: h.now(), Text: []byte("two")}, {Owner: "c"},
		{Owner: "c", ID: "r3", At: h.now().Add(time.Second), Text: []byte("three")}})
	if err == nil || len(entries) != 3 || entries[0].Sealed == "" || entries[1].Sealed != "" {
		t.Errorf("several of which one is none: got %d, %v, want the others kept and an error", len(entries), err)
	}
	wantTaken(t, h, "c", "b", 9, "two three")
	for _, no := range []ahead.Owed{{ID: "r", At: h.now(), Text: []byte("x")}, {Owner: "a", ID: "r", At: h.now()}, {Owner: "a", ID: "r", Text: []byte("x")},
		{Owner: "a", ID: "r", At: h.now(), Text: make([]byte, 8<<10+1)}} {
		if e, err := h.Ledger.Owe(t.Context(), no); err == nil || e.Sealed != "" {
			t.Errorf("%+v: got no error", no)
		}
	}
}

// live has the time pass that a gap costs, in which owners go on to live.
func live(t testing.TB, h *harness, owners ...string) {
	t.Helper()
	for range 5 {
		h.pass(t, h.unit/4)
		for _, o := range owners {
			beat(t, h, o, h.unit, false)
		}
	}
}

func ledgerGrace(t testing.TB, h *harness) {
	owe(t, h, "a", "one")
	beat(t, h, "a", h.unit, true)
	live(t, h, "a")
	h.pass(t, h.unit) // nobody lives
	beat(t, h, "b", h.unit, true)
	wantDead(t, h, "b")
	wantTaken(t, h, "a", "b", 9, "")
	live(t, h, "b")
	wantDead(t, h, "b", "a")
	wantTaken(t, h, "a", "b", 9, "one")
}

func ledgerLapse(t testing.TB, h *harness) {
	beat(t, h, "a", h.unit, true)
	beat(t, h, "a", h.unit, false)
	h.pass(t, h.unit)
	beat(t, h, "a", h.unit, true)
	must(t, h.Ledger.Leave(t.Context(), "a"))
	beat(t, h, "a", h.unit, true)
	if _, _, err := h.Ledger.Beat(t.Context(), "", h.unit); err == nil {
		t.Error("nobody's heartbeat: got no error")
	}
}

func ledgerSealed(t testing.TB, h *harness) {
	h.needsShared(t)
	owe(t, h, "a", "https://hooks.slack.com/commands/T0/1/SECRET")
	for key, value := range Dump(t, h.url) {
		if strings.Contains(value, "SECRET") {
			t.Errorf("%s holds what is owed in clear", key)
		}
	}
	other := h.replica(t, KeyTwo)
	must(t, oweIn(t.Context(), other, "of another key"))
	must(t, h.raw.ZAdd(t.Context(), "assumebot:{owed}:by:a", redis.Z{Score: 1, Member: "forged"}).Err())
	must(t, h.raw.ZAdd(t.Context(), "assumebot:{owed}:by:a", redis.Z{Score: 1, Member: strings.Repeat("x", 1<<20)}).Err())
	reign(t, h, "b")
	entries, err := h.Ledger.Take(t.Context(), "a", "b", 9, h.unit)
	must(t, err)
	opened := 0
	for _, e := range entries {
		if e.Text != nil {
			opened++
		}
	}
	if len(entries) != 4 || opened != 1 {
		t.Errorf("got %d of which %d open, want four and one", len(entries), opened)
	}
}

func oweIn(ctx context.Context, s *store.Store, text string) error {
	_, err := s.Ledger.Owe(ctx, ahead.Owed{Owner: "a", ID: text, At: time.Now(), Text: []byte(text)})
	return err
}
