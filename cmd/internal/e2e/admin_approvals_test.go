package e2e

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// TestRevokingSomebodyEndsWhatTheyAskedFor: the approvers are shown that they are
// asked no more, and what was approved cannot be used after the block either.
func TestRevokingSomebodyEndsWhatTheyAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.slack.AddUser(slacktest.User{ID: admin, Name: "root"})
	w.slack.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: []string{"U01ALICE", "U02BOB", "U03CAROL", admin}})
	w.run(strings.Replace(approvalConfig, "users:\n", "admins: [U09ADMIN]\nusers:\n", 1), w.settings())
	w.says("U01ALICE", "/assume", "vault for 30m because INC-42")
	m := w.approval("Waiting until")
	w.press("U02BOB", m, "approve")
	w.approval("Approved by bob@example.com (U02BOB)")
	offered := w.toldAlice("Approved: vault for 30m")

	wantText(t, w.says(admin, "/assume", "revoke @alice because laptop stolen"), "Blocked alice@example.com (U01ALICE)", "[Unblock]")
	wantNoButtons(t, w.approval("Cancelled by U09ADMIN"))
	wantText(t, w.auditTells("Cancelled what alice@example.com (U01ALICE) asked for, vault, by U09ADMIN"))
	wantText(t, w.says(admin, "/assume", "unblock @alice"), "Unblocked")
	w.press("U01ALICE", offered, "enter_code")
	w.await("that it is over", func() bool {
		for _, m := range w.slack.SeenBy("U01ALICE") {
			if strings.Contains(m.Plain(), "This request was cancelled by an admin.") {
				return true
			}
		}
		return false
	})
	if n := w.stsCalls("AssumeRole"); n > 0 {
		t.Errorf("got %d calls of AssumeRole, want none", n)
	}
}
