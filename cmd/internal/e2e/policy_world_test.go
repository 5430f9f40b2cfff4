package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// staging puts keys into the account of that name, which alice and bob may have.
func staging(keys string) string {
	const allowed = "    allow: [U01ALICE, U02BOB]\n"
	return strings.Replace(worldConfig, allowed, allowed+"    "+strings.ReplaceAll(strings.TrimSpace(keys), "\n", "\n    ")+"\n", 1)
}

func TestConditionsAreSaidSoThatAPersonCanMeetThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(staging(`
channels: [C0OPS]
reason: {pattern: '^INC-\d+'}
deny: [U02BOB]`), w.settings())
	w.slack.AddChannel(slacktest.Channel{ID: "C0OPS", Name: "ops", Members: []string{"U01ALICE", "U02BOB"}})
	code := w.alice.Code()
	wantText(t, w.says("U01ALICE", "/assume", "staging "+code+" because INC-1"),
		"may be asked for only from certain Slack channels", "ops", "Your code was not used")
	wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "You may not have staging")
	wantText(t, w.says("U01ALICE", "/assume", "explain staging"),
		"You may have staging", "Not right now: staging may be asked for only from certain", `Not right now: staging needs a reason that matches ^INC-\d+`)

	inOps := func(text string) {
		t.Helper()
		before := len(w.slack.SeenBy("U01ALICE"))
		w.acked(w.slack.Command("U01ALICE", "C0OPS", "/assume", text))
		w.await("an answer in #ops", func() bool { return len(w.slack.SeenBy("U01ALICE")) > before })
	}
	inOps("staging " + code)
	seen := w.slack.SeenBy("U01ALICE")
	wantText(t, seen[len(seen)-1], "staging needs a reason that matches", "Your code was not used")
	inOps("staging " + code + " because INC-1")
	seen = w.slack.SeenBy("U01ALICE")
	wantText(t, seen[len(seen)-1], "staging is yours until")
	wantText(t, w.auditTells("Granted", "staging"), "rule allow U01ALICE", "INC-1")
}

func TestAFormCountsAsAskedFromWhereItWasOpened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(staging("channels: [C0GENERAL]"), w.settings())
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "staging"))
	v := w.modal("U01ALICE", "Account", "staging")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": "000000"}))
	v = w.modal("U01ALICE", "AWS did not accept that code") // and once more when it is filled in again
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	w.modal("U01ALICE", "staging is yours until")

	w.acked(w.slack.Shortcut("U02BOB", "assume"))
	v = w.modal("U02BOB", "Account")
	w.choose("U02BOB", v, "account", "stag", "staging")
	v = w.modal("U02BOB", "Account")
	if _, err := w.slack.Submit("U02BOB", v.ID, map[string]string{"code": w.bob.Code()}); err != nil {
		t.Fatal(err)
	}
	w.await("the refusal on the field", func() bool {
		views := w.slack.Views("U02BOB")
		return len(views) > 0 && strings.Contains(views[len(views)-1].Plain(), "only from certain Slack channels")
	})
}

func TestHoursEndWhileTheyAreBeingUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.now().UTC()
	until := at.Add(2 * time.Hour).Format("15:04")
	r := w.run(staging(`hours: {time: "`+at.Add(-time.Hour).Format("15:04")+`-`+until+`", zone: UTC}`), w.settings())
	got := w.says("U01ALICE", "/assume", "staging "+w.alice.Code())
	wantText(t, got, "staging is yours until")
	w.later(r, 3*time.Hour)
	wantText(t, w.says("U01ALICE", "/assume", "staging "+w.alice.Code()), "staging may be had only every day", until, "(UTC)")
}

func TestAReasonThatLacksIsAskedForInTheForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(staging("reason: required"), w.settings())
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "staging"))
	v := w.modal("U01ALICE", "staging needs a reason.", "Type why.")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code(), "reason": "INC-42"}))
	w.modal("U01ALICE", "staging is yours until")
	wantText(t, w.auditTells("Granted", "staging"), "INC-42")
}
