package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/store"
)

var orderTests = []test{
	{"a block holds for one person until it is ended", blockHoldsForOne},
	{"a pause holds for all until it is ended", pauseHoldsForAll},
	{"a pause with an end holds until then, and takes no other's place", pauseEnds},
	{"every replica sees them at once, and they outlive the bot", ordersAreShared},
	{"an order that cannot be read is an error, never absent", corruptOrder},
}

func order(h *harness, reason string) broker.Order {
	return broker.Order{By: "U09ADMIN", ByName: "admin@example.com", Reason: reason, At: h.now().UTC().Truncate(time.Second)}
}

func wantOrders(t testing.TB, s *store.Store, user string, block, pause *broker.Order) {
	t.Helper()
	gotBlock, gotPause, err := s.Orders.Orders(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*broker.Order{block, pause}, []*broker.Order{gotBlock, gotPause}); diff != "" {
		t.Errorf("block and pause of %s (-want +got):\n%s", user, diff)
	}
}

func blockHoldsForOne(t testing.TB, h *harness) {
	wantOrders(t, h.Store, alice, nil, nil)
	if was, err := h.Orders.Unblock(t.Context(), alice, order(h, "")); err != nil || was {
		t.Errorf("unblock: got %v, %v, want that there was none", was, err)
	}
	var o broker.Order
	for _, reason := range []string{"laptop lost", ""} { // the second in place of the first
		o = order(h, reason)
		if err := h.Orders.Block(t.Context(), alice, o); err != nil {
			t.Fatal(err)
		}
		wantOrders(t, h.Store, alice, &o, nil)
	}
	wantOrders(t, h.Store, "U02BOB", nil, nil)
	h.pass(t, 3*h.unit)
	wantOrders(t, h.Store, alice, &o, nil)
	if was, err := h.Orders.Unblock(t.Context(), alice, order(h, "laptop lost")); err != nil || was {
		t.Errorf("unblock by the order before: got %v, %v, want that the later one stands", was, err)
	}
	wantOrders(t, h.Store, alice, &o, nil)
	if was, err := h.Orders.Unblock(t.Context(), alice, o); err != nil || !was {
		t.Errorf("unblock: got %v, %v, want that there was one", was, err)
	}
	wantOrders(t, h.Store, alice, nil, nil)
}

func pauseHoldsForAll(t testing.TB, h *harness) {
	if was, err := h.Orders.Resume(t.Context(), order(h, "")); err != nil || was {
		t.Errorf("resume: got %v, %v, want that there was none", was, err)
	}
	pause, block := order(h, "the worst day"), order(h, "")
	if err := h.Orders.Pause(t.Context(), pause); err != nil {
		t.Fatal(err)
	}
	if err := h.Orders.Block(t.Context(), alice, block); err != nil {
		t.Fatal(err)
	}
	wantOrders(t, h.Store, alice, &block, &pause)
	wantOrders(t, h.Store, "U02BOB", nil, &pause)
	if was, err := h.Orders.Resume(t.Context(), block); err != nil || was {
		t.Errorf("resume by another order: got %v, %v, want that the pause stands", was, err)
	}
	if was, err := h.Orders.Resume(t.Context(), pause); err != nil || !was {
		t.Errorf("resume: got %v, %v, want that there was one", was, err)
	}
	wantOrders(t, h.Store, alice, &block, nil)
}

func pauseEnds(t testing.TB, h *harness) {
	lasting := func(reason string, life time.Duration) broker.Order {
		o := order(h, reason)
		o.Until = o.At.Add(life)
		return o
	}
	kept := func(o broker.Order) *broker.Order {
		o.Until = time.Time{} // which the record tells
		return &o
	}
	drill := lasting("drill", 2*h.unit)
	for range 2 { // an answer that was lost is given again
		if err := h.Orders.Pause(t.Context(), drill); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Orders.Pause(t.Context(), lasting("another drill", time.Hour)); !errors.Is(err, broker.ErrOrderStands) {
		t.Errorf("another with an end: got %v, want that the first stands", err)
	}
	h.pass(t, h.unit)
	wantOrders(t, h.Store, alice, nil, kept(drill))
	h.pass(t, h.unit)
	wantOrders(t, h.Store, alice, nil, nil)

	drill = lasting("drill", h.unit)
	if err := h.Orders.Pause(t.Context(), drill); err != nil {
		t.Fatal(err)
	}
	admins := order(h, "the worst day")
	if err := h.Orders.Pause(t.Context(), admins); err != nil {
		t.Fatal(err)
	}
	h.pass(t, h.unit)
	wantOrders(t, h.Store, alice, nil, &admins)
	if err := h.Orders.Pause(t.Context(), lasting("drill", h.unit)); !errors.Is(err, broker.ErrOrderStands) {
		t.Errorf("below an admin's: got %v, want that the admin's stands", err)
	}
	wantOrders(t, h.Store, alice, nil, &admins)
	if was, err := h.Orders.Resume(t.Context(), admins); err != nil || !was {
		t.Errorf("resume: got %v, %v, want that there was one", was, err)
	}
	if err := h.Orders.Pause(t.Context(), lasting("over at once", 0)); err == nil {
		t.Error("one that ends as it begins: got no error")
	}
	drill = lasting("drill", time.Hour)
	if err := h.Orders.Pause(t.Context(), drill); err != nil {
		t.Fatal(err)
	}
	if was, err := h.Orders.Resume(t.Context(), *kept(drill)); err != nil || !was {
		t.Errorf("resume by who knows no end, as the release before: got %v, %v, want that there was one", was, err)
	}
	wantOrders(t, h.Store, alice, nil, nil)
}

func ordersAreShared(t testing.TB, h *harness) {
	h.needsShared(t)
	other := h.replica(t, KeyOne)
	pause, block := order(h, "x"), order(h, "y")
	if err := h.Orders.Pause(t.Context(), pause); err != nil {
		t.Fatal(err)
	}
	if err := other.Orders.Block(t.Context(), alice, block); err != nil {
		t.Fatal(err)
	}
	wantOrders(t, other, alice, &block, &pause)
	wantOrders(t, h.Store, alice, &block, &pause)
	wantOrders(t, h.replica(t, KeyTwo), alice, &block, &pause) // they are not sealed
}

func corruptOrder(t testing.TB, h *harness) {
	h.needsShared(t)
	if err := h.Orders.Block(t.Context(), alice, order(h, "")); err != nil {
		t.Fatal(err)
	}
	if err := h.Orders.Pause(t.Context(), order(h, "")); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"blocked", "pause"} {
		key := h.only(t, part)
		kept, err := h.raw.Get(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		h.raw.Set(t.Context(), key, "x", 0)
		if _, _, err := h.Orders.Orders(t.Context(), alice); err == nil {
			t.Errorf("%s: got no error", part)
		}
		h.raw.Set(t.Context(), key, kept, 0)
	}
}
