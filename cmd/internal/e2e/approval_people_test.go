package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// namedConfig names an approver one by one beside the leads.
var namedConfig = strings.Replace(approvalConfig, "approval: {approvers: [S02LEADS], expires: 30m}",
	"approval: {approvers: [S02LEADS, U04DAVE], expires: 30m}\n    break_glass: [U01ALICE]", 1)

// sent waits for a direct message to user that holds all parts.
func (w *world) sent(user string, parts ...string) slacktest.Message {
	w.t.Helper()
	var found slacktest.Message
	w.await("a direct message to "+user+" with "+strings.Join(parts, ", "), func() bool {
		for _, m := range w.directMessages(user) {
			if holdsAll(m.Plain(), parts) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func TestAnApproverNamedOneByOneDecidesInADirectMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.run(namedConfig, w.settings())
	wantText(t, w.says("U01ALICE", "/assume", "vault because INC-1"), "Asked for approval: vault", "break-glass because REASON")
	wantText(t, w.approval("Approval wanted"), "AWS account 222222222222, role Vault", "Asked from")
	m := w.sent("U04DAVE", "Approval wanted", "alice@example.com", "vault", "INC-1", "[Approve", "[Deny")
	w.press("U04DAVE", m, "approve")
	w.toldAlice("Approved: vault")
	w.approval("Approved by", "U04DAVE")
	w.sent("U04DAVE", "Approved by", "U04DAVE") // in place of the buttons
	if all := w.directMessages("U02BOB"); len(all) != 0 {
		t.Errorf("got %d direct messages to bob, want none: the group is asked in the channel", len(all))
	}
}

// TestWhoMayNotDecideIsNotTold who asks for what and why.
func TestWhoMayNotDecideIsNotTold(t *testing.T) {
	t.Parallel()
	for name, dave := range map[string]slacktest.User{
		"a guest":     {ID: "U04DAVE", Name: "dave", Restricted: true},
		"deactivated": {ID: "U04DAVE", Name: "dave", Deleted: true},
		"blocked":     {ID: "U04DAVE", Name: "dave"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.leads()
			w.slack.AddUser(dave)
			w.run(strings.Replace(namedConfig, "contact:", "admins: [U02BOB]\ncontact:", 1), w.settings())
			if name == "blocked" {
				wantText(t, w.says("U02BOB", "/assume", "block @dave because INC-42"), "Blocked")
			}
			w.says("U01ALICE", "/assume", "vault because INC-1")
			w.await("that dave is passed over", func() bool {
				return strings.Contains(w.logs.String(), "an approver is not asked")
			})
			if all := w.directMessages("U04DAVE"); len(all) != 0 {
				t.Errorf("got %d direct messages, want none: %s", len(all), all[0].Plain())
			}
		})
	}
}

func TestADecisionInTheChannelShowsInTheDirectMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.run(namedConfig, w.settings())
	w.says("U01ALICE", "/assume", "vault because INC-1")
	w.sent("U04DAVE", "Approval wanted", "[Approve")
	w.press("U02BOB", w.approval("Approval wanted"), "approve")
	m := w.sent("U04DAVE", "Approved by bob@example.com")
	if strings.Contains(m.Plain(), "[Approve") {
		t.Errorf("got %q, want no buttons", m.Plain())
	}
	if all := w.directMessages("U04DAVE"); len(all) != 1 {
		t.Errorf("got %d direct messages, want the one that changed", len(all))
	}
}

func TestApproversAreRemindedOnceHalfway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	r := w.run(namedConfig, w.settings())
	w.says("U01ALICE", "/assume", "vault because INC-1")
	w.sent("U04DAVE", "Approval wanted")
	first := w.approval("Approval wanted")
	reminders := func(all []slacktest.Message) (n int) {
		for _, m := range all {
			if strings.Contains(m.Plain(), "Still waiting") {
				n++
				if m.ThreadTS == "" {
					t.Error("got a reminder outside of the thread")
				}
			}
		}
		return n
	}
	w.later(r, 16*time.Minute)
	w.await("a reminder", func() bool { return reminders(w.posted()) == 1 && reminders(w.directMessages("U04DAVE")) == 1 })
	w.later(r, 5*time.Minute)
	w.press("U02BOB", first, "approve")
	w.toldAlice("Approved: vault")
	if n, dm := reminders(w.posted()), reminders(w.directMessages("U04DAVE")); n != 1 || dm != 1 {
		t.Errorf("got %d reminders in the channel and %d direct, want one each", n, dm)
	}
}

func TestNobodyIsRemindedOfWhatIsDecided(t *testing.T) {
	t.Parallel()
	w, r := withLeads(t)
	w.says("U01ALICE", "/assume", "vault because INC-1")
	w.press("U02BOB", w.approval("Approval wanted"), "approve")
	w.toldAlice("Approved: vault")
	w.later(r, 16*time.Minute)
	w.await("the end of what was due", func() bool { n, err := r.Bot.Due(t.Context()); return err == nil && n == 0 })
	for _, m := range w.posted() {
		if strings.Contains(m.Plain(), "Still waiting") {
			t.Errorf("got %q, want no reminder", m.Plain())
		}
	}
}

func TestACodeInADirectMessageIsNotUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	for i, text := range []string{"assume prod " + w.alice.Code(), "please prod 123 456"} {
		if _, err := w.slack.SendMessage("U01ALICE", w.slack.DM("U01ALICE"), text); err != nil {
			t.Fatal(err)
		}
		w.await("an answer", func() bool {
			n := 0
			for _, m := range w.directMessages("U01ALICE") {
				if holdsAll(m.Plain(), []string{"Your code was not used", "Delete that message", "/assume ACCOUNT 123456"}) {
					n++
				}
			}
			return n == i+1
		})
	}
	if n := w.stsCalls("AssumeRole"); n != 0 {
		t.Errorf("got %d calls to STS, want none", n)
	}
}
