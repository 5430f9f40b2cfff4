package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
)

var aheadTests = []test{
	{"what is asked ahead is answered once, and then anew", aheadOnce},
	{"a write drops what was asked ahead of it", aheadDropped},
	{"what is asked ahead of nobody is asked anew, and refused", aheadOfNobody},
	{"scripts that one node lost are sent again, and nothing is done twice", scriptsLost},
}

// everything is all that can be asked of Alice ahead.
func everything(request string) ahead.Questions {
	return ahead.Questions{
		User: alice, Orders: true, LockOut: true, Key: true, Format: true,
		Seen:  []string{"env:" + request, "trigger:" + request},
		Rates: []ahead.Rate{{Name: "one", RequestID: request, Limit: 1, Per: time.Minute}, {Name: "all", RequestID: request, Limit: 9, Per: time.Minute}},
		Claim: &ahead.Claim{User: alice, Serial: serial, Code: code("123456"), RequestID: request, TTL: time.Minute},
	}
}

// wantAccepted asks what everything asks, and wants the answers to who comes first.
func wantAccepted(ctx context.Context, t testing.TB, h *harness, request string) {
	t.Helper()
	q := everything(request)
	if first, err := h.Counters.FirstSight(ctx, q.Seen...); !first || err != nil {
		t.Errorf("first sight: got %v, %v", first, err)
	}
	for _, r := range q.Rates {
		if rate, err := h.Counters.TakeRate(ctx, r.Name, r.RequestID, r.Limit, r.Per); !rate.Taken || err != nil {
			t.Errorf("rate %s: got %+v, %v, want it taken", r.Name, rate, err)
		}
	}
	c := q.Claim
	if ours, err := h.Codes.ReserveCode(ctx, c.User, c.Serial, c.Code, c.RequestID, c.TTL); !ours || err != nil {
		t.Errorf("claim: got %v, %v, want it", ours, err)
	}
	if locked, err := h.Counters.LockedFor(ctx, alice); locked != 0 || err != nil {
		t.Errorf("locked for %v, %v, want not", locked, err)
	}
}

// settings are what is in force of Alice: by whom she is blocked, by whom all is paused,
// her key and her format; of her Home, whether she opened it, as that word.
func settings(ctx context.Context, t testing.TB, h *harness, opened string) (got [5]string) {
	t.Helper()
	block, pause, err := h.Orders.Orders(ctx, alice)
	must(t, err)
	if block != nil {
		got[0] = block.By
	}
	if pause != nil {
		got[1] = pause.By
	}
	key, _, err := h.SealedKeys.LoadKey(ctx, alice)
	must(t, err)
	got[2] = key.Text
	got[3], err = h.Preferences.LastFormat(ctx, alice)
	must(t, err)
	home, err := h.Preferences.HomeOpened(ctx, alice)
	must(t, err)
	if home {
		got[4] = opened
	}
	return got
}

// set sets all of them to one word.
func set(ctx context.Context, t testing.TB, h *harness, word string) {
	t.Helper()
	must(t, h.Orders.Block(ctx, alice, broker.Order{By: word}))
	must(t, h.Orders.Pause(ctx, broker.Order{By: word}))
	must(t, h.SealedKeys.SaveKey(ctx, alice, broker.RegisteredKey{Text: word}))
	must(t, h.Preferences.SaveFormat(ctx, alice, word))
	must(t, h.Preferences.RememberHome(ctx, alice))
}

func wantSettings(ctx context.Context, t testing.TB, h *harness, word string) {
	t.Helper()
	if got, want := settings(ctx, t, h, word), [5]string{word, word, word, word, word}; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func aheadOnce(t testing.TB, h *harness) {
	ctx := ahead.With(t.Context())
	h.Ahead.Ask(ctx, everything("r1"))
	set(t.Context(), t, h, "later") // by somebody else
	wantAccepted(ctx, t, h, "r1")
	wantSettings(ctx, t, h, "")
	wantSettings(ctx, t, h, "later")
	if first, err := h.Counters.FirstSight(ctx, everything("r1").Seen...); first || err != nil {
		t.Errorf("first sight once more: got %v, %v, want a duplicate", first, err)
	}
	if rate := take(t, h, "one", "r2", 1, time.Minute); rate.Taken || !rate.First {
		t.Errorf("the next request: got %+v, want the first that is refused", rate)
	}
	wantReserve(t, h.Store, "r2", time.Minute, false)
	if locked, err := h.Counters.WrongCode(ctx, alice, "r1"); locked.Left != 4 || err != nil {
		t.Errorf("wrong code: got %+v, %v, want four left", locked, err)
	}
}

func aheadDropped(t testing.TB, h *harness) {
	ctx := ahead.With(t.Context())
	h.Ahead.Ask(ctx, everything("r1"))
	set(ctx, t, h, "mine")
	wantSettings(ctx, t, h, "mine")

	h.Ahead.Ask(ctx, everything("r2"))
	for _, end := range []func() (bool, error){
		func() (bool, error) { return h.Orders.Unblock(ctx, alice, broker.Order{By: "mine"}) },
		func() (bool, error) { return h.Orders.Resume(ctx, broker.Order{By: "mine"}) },
		func() (bool, error) { return true, h.SealedKeys.RemoveKey(ctx, alice) },
		func() (bool, error) { return true, h.Preferences.SaveFormat(ctx, alice, "") },
	} {
		if ended, err := end(); !ended || err != nil {
			t.Errorf("got %v, %v, want it ended", ended, err)
		}
	}
	wantSettings(ctx, t, h, "")

	h.Ahead.Ask(ctx, everything("r3"))
	for i := range 5 {
		_, err := h.Counters.WrongCode(ctx, alice, string(rune('a'+i)))
		must(t, err)
	}
	if locked, err := h.Counters.LockedFor(ctx, alice); locked < 14*time.Minute || err != nil {
		t.Errorf("locked for %v, %v, want a quarter of an hour", locked, err)
	}
	h.Ahead.Ask(ctx, everything("r4"))
	if was, err := h.Counters.Unlock(ctx, alice); !was || err != nil {
		t.Errorf("unlock: got %v, %v", was, err)
	}
	wantLocked(t, h.Store, alice, 0)
	if locked, err := h.Counters.LockedFor(ctx, alice); locked != 0 || err != nil {
		t.Errorf("locked for %v, %v, want not", locked, err)
	}
}

func aheadOfNobody(t testing.TB, h *harness) {
	ctx := ahead.With(t.Context())
	q := everything("r1")
	q.User, q.Claim.User = "{}", "{}"
	h.Ahead.Ask(ctx, q)
	if _, _, err := h.Orders.Orders(ctx, "{}"); err == nil {
		t.Error("orders: got no error")
	}
	if _, err := h.Counters.LockedFor(ctx, "{}"); err == nil {
		t.Error("locked for: got no error")
	}
	if first, err := h.Counters.FirstSight(ctx, q.Seen...); !first || err != nil {
		t.Errorf("first sight: got %v, %v, want the answer that was asked ahead", first, err)
	}
}

// scriptsLost has each node of a cluster lose its scripts alone: a pipeline then runs in
// part, and what failed is sent again with what did not.
func scriptsLost(t testing.TB, h *harness) {
	h.needsShared(t)
	var nodes []*redis.Client
	must(t, onEach(t.Context(), h.raw, func(node *redis.Client) error { nodes = append(nodes, node); return nil }))
	for i, node := range nodes {
		must(t, flush(t.Context(), h.raw))
		must(t, node.ScriptFlush(t.Context()).Err())
		ctx, id := ahead.With(t.Context()), string(rune('a'+i))
		h.Ahead.Ask(ctx, everything(id))
		wantAccepted(ctx, t, h, id)

		must(t, node.ScriptFlush(t.Context()).Err())
		g, c := grant(h, id, "prod", time.Hour)
		later := []broker.DueText{{List: "x", At: h.now(), Text: []byte("one")}, {List: "y", At: h.now(), Text: []byte("two")}}
		put, err := h.Grants.SaveGrant(ctx, g, c, time.Hour, later...)
		if err != nil || len(put) != 2 || put[0].ID == "" || put[1].ID == "" {
			t.Errorf("node %d: got %+v, %v, want a Grant and two entries", i, put, err)
		}
		wantRevealed(t, h.Store, "prod", id)
		wantLive(t, h.Store, id)
		wantDue(t, h, h.Store, time.Second, "one")
	}
}
