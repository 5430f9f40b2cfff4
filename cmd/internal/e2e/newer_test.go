package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/store/storetest"
)

// What becomes of a replica when a release that is newer than it writes to the same Redis.

func TestAReplicaThatMeetsANewerValueSaysSoAndShowsNothing(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	url := storetest.RealRedis(t)
	w.run(adminConfig, w.settingsOn(url))
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	rdb := storetest.Raw(t, url)
	keys, err := rdb.Keys(t.Context(), "assumebot:{U01ALICE}:grant:*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("got %v, %v, want the grant alone", keys, err)
	}
	kept := rdb.Get(t.Context(), keys[0]).Val()
	if err := rdb.Set(t.Context(), keys[0], strings.Replace(kept, "{", `{"v":2,`, 1), time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	const says = "The bot is being updated, and the part of it that you reached cannot read what the new release keeps"
	wantText(t, w.says("U01ALICE", "/sessions", ""), says, "Try again in a minute")
	wantText(t, w.says(admin, "/assume", "who"), says, "Try again in a minute")
	wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "staging is yours")
}

func TestAReplicaEndsForAPersonWhenANewerReleaseHasWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := storetest.RealRedis(t)
	bot := w.run(worldConfig, w.settingsOn(url))
	bot.look <- time.Now()
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	storetest.WriteNewerSchema(t, url, storetest.KeyOne)
	bot.look <- time.Now()
	w.await("it stops serving", func() bool { return len(w.slack.Connections()) == 0 })
	var setup *app.SetupError
	if err := bot.stop(); !errors.As(err, &setup) || !errors.Is(err, broker.ErrNewer) {
		t.Errorf("got %v, want that a newer release wrote to Redis", err)
	}
}
