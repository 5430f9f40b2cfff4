package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/store/storetest"
)

// givenUp waits until the record tells of n entries that were set aside.
func (w *world) givenUp(r *replica, n int) {
	w.t.Helper()
	ctx := w.patient()
	for next := int64(0); n > 0; {
		entries, _, err := r.Record.Read(ctx, next, 100)
		if err == nil && len(entries) == 0 {
			err = r.Record.Await(ctx, next, time.Second)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			w.t.Fatalf("%d more are to be given up: %v", n, err)
		}
		for _, e := range entries {
			if next = e.Number + 1; e.Event.Kind == event.SetAside {
				n--
			}
		}
	}
}

// TestAPoisonedEntryHarmsNoReplica: the one that ended every replica for ever,
// written by whoever can write to Redis, and sealed as only the bot can.
func TestAPoisonedEntryHarmsNoReplica(t *testing.T) {
	t.Parallel()
	const poison = `{"user":"{","id":"x","press":"p","tries":-1}`
	w := newWorld(t)
	settings, url := w.realRedis()
	rdb := storetest.Raw(t, url)
	past := redis.Z{Score: float64(time.Now().Add(-time.Hour).UnixMilli()), Member: poison}
	lists := []string{"approvals", "reminders", "deletions"}
	for _, list := range lists {
		for _, key := range []string{"assumebot:{due:" + list + "}", "assumebot:{due:" + list + "}:sealed"} {
			if err := rdb.ZAdd(t.Context(), key, past).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := w.run(worldConfig, settings)
	w.run(worldConfig, settings)
	for _, list := range lists {
		if _, _, err := r.Store.DueLists.PutDue(t.Context(), list, w.now(), []byte(poison), 0); err != nil {
			t.Fatal(err)
		}
	}
	w.givenUp(r, 9)
	for _, list := range lists {
		dueEntries(t, url, list, 0, "")
	}
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	if got := len(w.recorded(r, event.SetAside)); got != 9 {
		t.Errorf("got %d on the record, want each of the nine once", got)
	}
	w.auditTells("Given up")
	if text := w.logs.String(); strings.Contains(text, "panicked") || !strings.Contains(text, "an older release wrote it, in clear") {
		t.Error("the log does not say what was wrong, or says that the bot panicked")
	}
}
