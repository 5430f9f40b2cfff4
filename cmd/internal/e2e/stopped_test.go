package e2e

import (
	"testing"

	"github.com/assumebot/assumebot/store/storetest"
)

// TestARecordThatStopsOnOneReplicaStopsAllAndEachTellsItOnce removes what both replicas have read,
// in a way that Redis does not take back.
func TestARecordThatStopsOnOneReplicaStopsAllAndIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := storetest.RealRedis(t)
	a, b := w.run(worldConfig, w.settingsOn(url)), w.run(worldConfig, w.settingsOn(url))
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	w.await("both have read it", func() bool { return a.Record.Size() > 1 && a.Record.Size() == b.Record.Size() })
	rdb := storetest.Raw(t, url)
	newest, err := rdb.XRevRangeN(t.Context(), "assumebot:{record}:entries", "+", "-", 1).Result()
	if err == nil {
		err = rdb.XDel(t.Context(), "assumebot:{record}:entries", newest[0].ID).Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, w.says("U01ALICE", "/assume", "open"), "not what it was")
	w.await("both have stopped", func() bool { return a.Record.Err() != nil && b.Record.Err() != nil })
	told := func() (n int) {
		for _, m := range w.slack.InChannel("C0AUDIT") {
			if holdsAll(m.Plain(), []string{"The record does not check out", "issues nothing"}) {
				n++
			}
		}
		return n
	}
	w.await("both have told it", func() bool { return told() == 2 })
	for range 3 {
		wantText(t, w.says("U01ALICE", "/assume", "open"), "not what it was")
	}
	if n := told(); n != 2 {
		t.Errorf("it was told %d times, want once by each", n)
	}
}
