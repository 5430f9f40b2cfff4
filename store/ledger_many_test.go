package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// TestWhoeverTakesOverThousandsOfAnswersHasFewInHand: 256 of 10,000 at once, each of them once, while
// what its own people ask goes on and off the ledger.
func TestWhoeverTakesOverThousandsOfAnswersHasFewInHand(t *testing.T) {
	t.Parallel()
	const owed, atOnce = 10_000, 256
	s, err := store.Open(t.Context(), store.Options{
		URL: secret.New(storetest.StartRedis(t).URL), SealKeys: []secret.Text{storetest.KeyOne}, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	var all []ahead.Owed
	for i := range owed {
		all = append(all, ahead.Owed{Owner: "dead", ID: fmt.Sprint(i), At: time.Now(), Text: fmt.Appendf(nil, "%d", i)})
	}
	for some := range slices.Chunk(all, atOnce) {
		if _, err := s.Ledger.OweAll(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Ledger.Beat(t.Context(), "dead", time.Millisecond); err != nil {
		t.Fatal(err)
	}

	ctx, end := context.WithTimeout(t.Context(), time.Minute)
	var serving sync.Mutex
	told, most, inHand := map[string]int{}, 0, 0
	var l *ledger.Ledger
	l = ledger.New(ledger.Deps{
		Store: s.Ledger, Owner: "a", Pace: ledger.Pace{Beat: 20 * time.Millisecond, TTL: 3 * time.Second}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Serve: func(ctx context.Context, taken []*ledger.Debt) {
			if !serving.TryLock() {
				t.Error("two batches are told at the same time")
				return
			}
			defer serving.Unlock()
			most, inHand = max(most, len(taken)), max(inHand, l.Open())
			own := l.Owe(ctx, l.Owed(fmt.Sprint("own", len(told)), time.Now(), []byte("own")))
			if own == nil {
				t.Error("what its own people ask is on no ledger meanwhile")
			}
			for _, d := range taken {
				told[string(d.Text)]++
				d.Settle()
			}
			own.Settle()
			if len(told) == owed {
				end()
			}
		},
	})
	defer end()
	l.Begin(ctx)
	l.Run(ctx)

	if most > atOnce || inHand > atOnce {
		t.Errorf("got %d answers taken at once, and %d in hand, want %d at most", most, inHand, atOnce)
	}
	for text, times := range told {
		if times != 1 {
			t.Errorf("%s is told %d times, want once", text, times)
		}
	}
	if len(told) != owed {
		t.Errorf("got %d told, want %d", len(told), owed)
	}
	left, err := s.Ledger.Holdings(t.Context(), 1)
	for _, h := range left {
		if len(h.Owes)+len(h.Took) > 0 {
			t.Errorf("%s still has something on the ledger", h.Owner)
		}
	}
	if err != nil {
		t.Error(err)
	}
}
