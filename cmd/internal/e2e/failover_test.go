package e2e

import (
	"fmt"
	"testing"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/store/storetest"
)

// Sentinels promote a replica of Redis that lagged: what the primary acknowledged, and
// Alice saw, is not on the record any more. What becomes of it depends on who else has it.

// A failOver is a world before one.
type failOver struct {
	*world
	redis   *storetest.Sentinels
	bot     *replica
	granted int64  // the number of the grant that the replica of Redis lacks
	seen    []byte // a checkpoint that tells of it
}

// lags starts a bot, and has Alice be given credentials of which the replica of Redis does
// not hear. A checkpoint tells of them, and is saved.
func lags(t *testing.T, config string) *failOver {
	t.Helper()
	f := &failOver{world: newWorld(t), redis: storetest.StartSentinels(t)}
	f.bot = f.run(config, f.settingsOn(f.redis.URL))
	wantText(t, f.says("U02BOB", "/assume", "staging "+f.bob.Code()), "staging is yours")
	f.granted = grantIn(t, f.bot)
	f.await("it is signed", f.saves)
	f.await("the replica of Redis follows", f.redis.Follows)
	f.redis.Lag()
	wantText(t, f.says("U01ALICE", "/assume", "open"), "open is yours")
	if f.granted = grantIn(t, f.bot); f.granted < f.redis.Entries() {
		t.Fatalf("the replica of Redis has %d entries, the grant %d among them", f.redis.Entries(), f.granted)
	}
	f.await("the grant is signed", f.saves)
	return f
}

// saves saves the newest checkpoint, if it tells of the grant.
func (f *failOver) saves() bool {
	f.t.Helper()
	keys, err := f.settingsOn(f.redis.URL).PublicKeys(nil, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	note, err := audit.FromStore(f.bot.Store.Log, f.bot.Store.Checkpoints).Checkpoint(f.t.Context())
	if err != nil || note == nil {
		return false
	}
	signed, err := keys.CheckAny(note)
	if err != nil || signed.Size <= f.granted {
		return false
	}
	f.seen = note
	return true
}

// verify verifies the record as `record verify --redis --since` does, from the checkpoint
// that was saved.
func (f *failOver) verify() audit.Verified {
	f.t.Helper()
	settings := f.settingsOn(f.redis.URL)
	keys, err := settings.PublicKeys(nil, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	r, err := app.OpenRecord(f.t.Context(), app.RecordPlace{Redis: true}, settings, f.getenv)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	got, err := audit.Verify(f.t.Context(), audit.Verification{Source: r.Source, Seal: r.Seal, Keys: keys, Since: f.seen})
	if err != nil {
		f.t.Fatal(err)
	}
	return got
}

// wantPutBack wants the bot to tell of it, and the record to be what was signed before.
func (f *failOver) wantPutBack() {
	f.t.Helper()
	f.auditTells("Redis had lost part of it", "put back")
	f.await("the record is what was signed", func() bool { return len(f.verify().Findings) == 0 })
	if e, err := f.bot.Record.Entry(f.t.Context(), f.granted); err != nil || e.Kind != event.Granted {
		f.t.Errorf("entry %d: got %s, %v, want the grant", f.granted, e.Kind, err)
	}
	wantText(f.t.(*testing.T), f.says("U01ALICE", "/assume", "prod "+f.alice.Code()), "prod is yours")
}

func TestABotThatReadWhatALaggingFailOverLostPutsItBack(t *testing.T) {
	t.Parallel()
	f := lags(t, worldConfig)
	f.redis.FailOver()
	f.wantPutBack()
}

func TestAnArchiveThatHasWhatALaggingFailOverLostGivesItBack(t *testing.T) {
	t.Parallel()
	config := worldConfig + fmt.Sprintf("record: {archive: %q, require: [archive]}\n", t.TempDir())
	f := lags(t, config)
	if err := f.bot.stop(); err != nil {
		t.Fatal(err)
	}
	f.redis.FailOver()
	f.bot = f.run(config, f.settingsOn(f.redis.URL))
	f.wantPutBack()
}

// TestALaggingFailOverThatNobodyRemembersIsNamedByAnOlderCheckpoint: the bot alone cannot
// see it, and says so in its guide.
func TestALaggingFailOverThatNobodyRemembersIsNamedByAnOlderCheckpoint(t *testing.T) {
	t.Parallel()
	f := lags(t, worldConfig)
	if err := f.bot.stop(); err != nil {
		t.Fatal(err)
	}
	f.redis.FailOver()
	f.wantNamed()
	f.bot = f.run(worldConfig, f.settingsOn(f.redis.URL))
	wantText(t, f.says("U01ALICE", "/assume", "prod "+f.alice.Code()), "prod is yours")
	f.wantNamed()
}

// wantNamed wants `record verify --since` to name what was lost.
func (f *failOver) wantNamed() {
	f.t.Helper()
	if got := f.verify().Findings; len(got) != 1 || got[0].Fault != audit.FaultHistory {
		f.t.Errorf("record verify --since: got %v, want that it does not go on from there", got)
	}
}
