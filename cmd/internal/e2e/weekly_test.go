package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/store/storetest"
)

const weeklyConfig = "summary: {day: mon, time: '09:00', zone: Europe/Berlin}\n"

// summaries are the weekly summaries in the audit channel.
func (w *world) summaries() (all []slacktest.Message) {
	for _, m := range w.slack.InChannel("C0AUDIT") {
		if strings.HasPrefix(m.Plain(), "Weekly summary") {
			all = append(all, m)
		}
	}
	return all
}

// TestTheSummaryOfAWeekHasChartsAndATable, and lists in a Slack that has neither. The clock of the
// embedded store is moved.
func TestTheSummaryOfAWeekHasChartsAndATable(t *testing.T) {
	t.Parallel()
	for _, old := range []bool{false, true} {
		t.Run(fmt.Sprint(old), func(t *testing.T) {
			t.Parallel()
			w := newAdminWorld(t)
			if old {
				w.slack.UnknownBlocks("data_visualization", "table")
			}
			r := w.run(adminConfig+weeklyConfig, w.settings())
			w.await("that it counts", counting(t, r))
			w.says("U01ALICE", "/assume", "staging "+w.alice.Code())
			w.says("U02BOB", "/assume", "prod "+w.bob.Code())
			w.later(r, 8*24*time.Hour)
			w.await("the summary", func() bool { return len(w.summaries()) > 0 })
			m := w.summaries()[0]
			wantText(t, m, "1 grant, 1 refused, 0 failed, by 2 people.", "alice@example.com", "Nobody asked for", "open (not since ")
			if got := strings.Contains(string(m.Blocks), "data_visualization") && strings.Contains(string(m.Blocks), `"table"`); got == old {
				t.Errorf("got charts and a table: %v, of a Slack that has none: %v", got, old)
			}
			w.later(r, time.Hour)
			w.says("U01ALICE", "/assume", "help")
			if got := len(w.summaries()); got != 1 {
				t.Errorf("got %d summaries, want one", got)
			}
		})
	}
}

// TestOneOfManyReplicasPostsTheSummary over a real Redis, late, since none ran when it was due,
// and once, whichever of them holds the lease, though their own clocks differ by hours.
func TestOneOfManyReplicasPostsTheSummary(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	url := storetest.RealRedis(t)
	s := w.settingsOn(url)
	first := w.run(adminConfig+weeklyConfig, s)
	w.await("that it counts", counting(t, first))
	w.says("U01ALICE", "/assume", "staging "+w.alice.Code())
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	const key = "assumebot:{lease:weekly-summary}:cursor"
	rdb := storetest.Raw(t, url)
	var at map[string]any
	data, err := rdb.Get(t.Context(), key).Bytes()
	if err == nil {
		err = json.Unmarshal(data, &at)
	}
	if err != nil {
		t.Fatal(err)
	}
	at["since"] = time.Now().Add(-8 * 24 * time.Hour) // the clock of a real Redis cannot be moved
	if data, err = json.Marshal(at); err == nil {
		err = rdb.Set(t.Context(), key, data, 0).Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	second := w.run(adminConfig+weeklyConfig, s)
	third := w.runAt(adminConfig+weeklyConfig, s, func() time.Time { return w.now().Add(3 * time.Hour) })
	fourth := w.runAt(adminConfig+weeklyConfig, s, func() time.Time { return w.now().Add(-3 * time.Hour) })
	w.await("the summary", func() bool { return len(w.summaries()) > 0 })
	wantText(t, w.summaries()[0], "It is late")
	for _, r := range []*replica{second, third, fourth} {
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	}
	last := w.run(adminConfig+weeklyConfig, s)
	w.says("U01ALICE", "/assume", "pause") // is refused: an entry that it counts
	w.await("that the next week is counted", func() bool {
		needed, err := last.Bot.RecordNeeded(t.Context())
		return err == nil && needed >= last.Record.Size()
	})
	if got := len(w.summaries()); got != 1 {
		t.Errorf("got %d summaries, want one", got)
	}
}

// counting reports whether a replica's store has what the summary is counted in.
func counting(t *testing.T, r *replica) func() bool {
	return func() bool {
		data, err := r.Store.Cursors.LoadCursor(t.Context(), "weekly-summary")
		return err == nil && data != nil
	}
}
