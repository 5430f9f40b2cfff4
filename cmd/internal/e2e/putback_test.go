package e2e

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/store/storetest"
)

// keeps has what Redis holds of people and the pause now be put back later, as somebody
// who can write there would.
func (w *world) keeps(url string) (putBack func()) {
	w.t.Helper()
	rdb, ctx := storetest.Raw(w.t, url), w.t.Context()
	about := func() (keys []string) {
		all, err := rdb.Keys(ctx, "*").Result()
		if err != nil {
			w.t.Fatal(err)
		}
		for _, key := range all {
			if strings.Contains(key, "{U0") || strings.Contains(key, "{pause}") {
				keys = append(keys, key)
			}
		}
		return keys
	}
	was := map[string]string{}
	for _, key := range about() {
		value, err := rdb.Dump(ctx, key).Result()
		if err != nil {
			w.t.Fatal(err)
		}
		was[key] = value
	}
	return func() {
		w.t.Helper()
		if keys := about(); len(keys) > 0 {
			if err := rdb.Del(ctx, keys...).Err(); err != nil {
				w.t.Fatal(err)
			}
		}
		for key, value := range was {
			if err := rdb.Restore(ctx, key, 0, value).Err(); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// TestWhatIsPutBackInRedisGivesNobodyAnything: the record knows better.
func TestWhatIsPutBackInRedisGivesNobodyAnything(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	settings, url := w.realRedis()
	r := w.run(strings.Replace(adminConfig, "contact:", "mfa_session: 8h\ncontact:", 1), settings)

	putBack := w.keeps(url)
	w.says(admin, "/assume", "block @bob because laptop lost")
	putBack()
	wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "You are blocked since")
	wantText(t, w.says(admin, "/assume", "unblock @bob"), "Unblocked bob@example.com")

	w.says(admin, "/assume", "pause because drill")
	putBack()
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.alice.Code()), "The bot is paused since")
	wantText(t, w.says(admin, "/assume", "resume"), "esumed")

	w.says("U01ALICE", "/mfa", w.code(r))
	putBack = w.keeps(url)
	w.says("U01ALICE", "/mfa", "end")
	putBack()
	wantText(t, w.says("U01ALICE", "/mfa", ""), "You have no MFA session.")

	shown := w.says("U01ALICE", "/assume", "prod "+w.code(r))
	wantText(t, shown, "prod is yours")
	putBack = w.keeps(url)
	w.acked(w.slack.Press("U01ALICE", w.says("U01ALICE", "/sessions", "").Ref(), "", "end"))
	w.await("the end", func() bool {
		return strings.Contains(w.says("U01ALICE", "/sessions", "").Plain(), "no live credentials")
	})
	putBack()
	if m := w.says("U01ALICE", "/sessions", ""); strings.Contains(m.Plain(), "prod until") {
		t.Errorf("what ended is listed: %s", m.Plain())
	}
	w.acked(w.slack.Choose("U01ALICE", shown.Ref(), "", "format", "fish"))
	w.shown("U01ALICE", "These credentials have ended")

	putBack = w.keeps(url)
	wantText(t, w.says("U01ALICE", "/assume", "key "+ageSealKey(t).public+" "+w.code(r)), "Your key is set")
	putBack()
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.code(r)), "it cannot be read", "not shown in clear")
}
