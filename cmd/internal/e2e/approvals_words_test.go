package e2e

import (
	"strings"
	"testing"
)

func TestSessionsShowWhatWaitsAndWhatCanBeUsed(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	w.says("U01ALICE", "/assume", "vault for 30m because INC-42")
	wantText(t, w.says("U01ALICE", "/sessions", ""), "vault for 30m: waits for approval until", "You have no live credentials")
	w.press("U02BOB", w.approval("Waiting until"), "approve")
	w.approval("Approved by bob")
	wantText(t, w.says("U01ALICE", "/sessions", ""), "vault for 30m: approved by bob@example.com (U02BOB), to be used until", "[Enter code]")
	wantText(t, w.says("U01ALICE", "/assume", "cancel vautl"), "no account of that name, so nothing was cancelled", "vault for 30m")
	wantText(t, w.says("U01ALICE", "/assume", "revoke vault"), "cancelled 1 request for approval")
	wantText(t, w.says("U01ALICE", "/assume", "revoke vault"), "Nothing was live: the bot holds no credentials of yours for vault")
}

func TestTheFormatThatWasAskedForIsKeptForTheCodeForm(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	w.says("U01ALICE", "/assume", "vault for 30m as console s3 because INC-42")
	w.press("U02BOB", w.approval("Waiting until"), "approve")
	w.press("U01ALICE", w.toldAlice("Approved: vault for 30m"), "enter_code")
	w.modal("U01ALICE", "a link to the AWS console, at s3")
}

func TestAFormSaysThatItAsksOthers(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", ""))
	w.choose("U01ALICE", w.modal("U01ALICE", "Account"), "account", "vau", "vault")
	w.modal("U01ALICE", "vault needs the approval of others. Leave the code empty")
}

func TestWhoMayHaveItByBreakGlassAloneIsOfferedTheForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.run(strings.Replace(glassConfig, "allow: [S01ONCALL, U02BOB]\n    break_glass", "allow: [U02BOB]\n    break_glass", 1), w.settings())
	wantText(t, w.says("U01ALICE", "/assume", "explain vault"), "You may have vault by break-glass alone", "break-glass because REASON")
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "vault break-glass because all is down"))
	v := w.modal("U01ALICE", "Break-glass: without approval", "vault")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	w.modal("U01ALICE", "vault is yours until")
}

func TestWhatIsNotUnderstoodSaysThatTheCodeWasNotUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	for _, text := range []string{"staging {} nonsense", "staging {} because", "staging {} as klingon"} {
		wantText(t, w.says("U01ALICE", "/assume", strings.ReplaceAll(text, "{}", w.alice.Code())), "code was not used")
	}
	wantText(t, w.says("U01ALICE", "/assume", "cancle"), "Did you mean /assume cancel?")
}
