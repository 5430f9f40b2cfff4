package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
)

// glassConfig is approvalConfig in which alice may have vault by break-glass.
var glassConfig = strings.Replace(approvalConfig, "    allow: [S01ONCALL, U02BOB]\n", "    allow: [S01ONCALL, U02BOB]\n    break_glass: [U01ALICE]\n", 1)

func TestBreakGlassIsLoudAndAcknowledgedBySomebodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.run(glassConfig, w.settings())
	wantText(t, w.says("U01ALICE", "/assume", "vault "+w.alice.Code()+" break-glass"), "break-glass needs a reason", "was not used")
	wantText(t, w.says("U02BOB", "/assume", "vault "+w.bob.Code()+" break-glass because I can"), "You may not have vault by break-glass", "Your code was not used")
	wantText(t, w.says("U01ALICE", "/assume", "vault "+w.alice.Code()+" break-glass because all is down <!channel>"), "vault is yours until")

	told := w.auditTells("BREAK-GLASS", "Granted vault to alice@example.com")
	wantText(t, told, "all is down <!channel>", "rule break_glass U01ALICE")
	if got := told.Pings(); !slices.Equal(got, []string{"<!here>"}) {
		t.Errorf("the audit channel pings %v, want everybody who is there", got)
	}
	m := w.approval("Break-glass was used: alice@example.com (U01ALICE) got vault for 1h", "all is down", "To be acknowledged", "[Acknowledge]")
	if got := m.Pings(); !slices.Equal(got, []string{"<!here>", "<!subteam^S02LEADS>"}) {
		t.Errorf("the approvals channel pings %v, want everybody who is there and the approvers", got)
	}
	before := len(w.slack.SeenBy("U01ALICE"))
	w.press("U01ALICE", m, "acknowledge")
	w.await("alice's refusal", func() bool { return len(w.slack.SeenBy("U01ALICE")) > before })
	w.approval("To be acknowledged")
	w.press("U02BOB", m, "acknowledge")
	wantNoButtons(t, w.approval("Acknowledged by bob@example.com (U02BOB)"))
	wantText(t, w.auditTells("Acknowledged by bob@example.com"), "alice@example.com", "vault")
	if n := len(w.posted()); n != 1 {
		t.Errorf("%d messages ask to take note, want 1", n)
	}
}

// TestBreakGlassIsFollowedUpAfterSlackRefused: the loud post does not wait for
// the other one, and the other one is not lost.
func TestBreakGlassIsFollowedUpAfterSlackRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.run(glassConfig, w.settings())
	w.slack.Inject(slacktest.Fault{Method: "chat.postMessage", Error: "internal_error", Times: 4})
	w.says("U01ALICE", "/assume", "vault "+w.alice.Code()+" break-glass because all is down")
	w.auditTells("BREAK-GLASS", "Granted vault")
	w.approval("Break-glass was used", "[Acknowledge]")
}

// TestTheRecordIsToldWhereNobodyCanBeAskedToTakeNote: a channel that is gone holds
// up nothing but its own message.
func TestTheRecordIsToldWhereNobodyCanBeAskedToTakeNote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.run(strings.Replace(glassConfig, "approvals_channel: C0LEADS", "approvals_channel: C0GONE", 1), w.settings())
	w.says("U01ALICE", "/assume", "vault "+w.alice.Code()+" break-glass because all is down")
	w.auditTells("BREAK-GLASS", "Granted vault")
	w.says("U02BOB", "/assume", "staging "+w.bob.Code())
	w.auditTells("Granted staging to bob@example.com")
}

func TestAFormKeepsThatItIsBreakGlass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.run(glassConfig, w.settings())
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "vault break-glass because all is down"))
	v := w.modal("U01ALICE", "Break-glass: without approval", "vault")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": "000000"}))
	v = w.modal("U01ALICE", "AWS did not accept that code", "Break-glass: without approval")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	w.modal("U01ALICE", "vault is yours until")
	w.auditTells("BREAK-GLASS", "Granted vault")
}

// TestAFollowUpThatCannotBeMadeHoldsNothingUp: somebody wrote to the record, or a
// seal key is lost.
func TestAFollowUpThatCannotBeMadeHoldsNothingUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	r := w.run(glassConfig, w.settings())
	for _, user := range []string{"", "U{01}"} {
		e := event.Event{
			ID: broker.NewID(), Time: w.now(), Request: broker.NewID(), Actor: event.Actor{User: user, Team: "T0123"},
			Data: event.GrantedData{
				Act: event.Act{Account: "vault", BreakGlass: true, MFA: true}, Issued: event.Issued{Expires: event.At(w.now().Add(time.Hour))},
			},
		}
		if _, err := r.Record.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "staging is yours")
	w.auditTells("BREAK-GLASS", "Granted vault")
	w.auditTells("Granted staging to bob@example.com")
}
