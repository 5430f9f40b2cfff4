package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/store/storetest"
)

// TestTwoPressesAtOneInstantHaveOneOutcome lets one lead approve and another deny
// at the same time, each on whichever replica Slack gives it to.
func TestTwoPressesAtOneInstantHaveOneOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	settings, _ := w.realRedis()
	for range 3 {
		w.run(approvalConfig, settings)
	}
	rounds, outcomes := 0, map[string]int{}
	for round := 0; round < 15 && outcomes["approved"] < 5; round++ { // whoever cancels five may not ask for a while
		rounds++
		w.says("U01ALICE", "/assume", fmt.Sprintf("vault because round %d", round))
		m := w.approval("Approval wanted", fmt.Sprintf("round %d", round))
		w.press("U02BOB", m, "deny")
		v := w.modal("U02BOB", "Comment", fmt.Sprintf("round %d", round))
		approve := m.Buttons()[slices.IndexFunc(m.Buttons(), func(b slacktest.Button) bool { return b.ActionID == "approve" })]
		var both sync.WaitGroup
		both.Go(func() { // Carol's client may not show yet that the button is gone
			w.acked(w.slack.Forge("U03CAROL", m.Ref(), pressOf(approve.BlockID, approve.ActionID, approve.Value)))
		})
		both.Go(func() { w.acked(w.slack.Submit("U02BOB", v.ID, nil)) })
		both.Wait()
		approved, denied := false, false
		w.await("one outcome", func() bool {
			now, _ := w.slack.Message(m.Ref())
			approved, denied = strings.Contains(now.Plain(), "Approved by U03CAROL"), strings.Contains(now.Plain(), "Denied by bob")
			return approved || denied
		})
		if denied { // the other was told; if not, its form says so
			w.shown("U03CAROL", "This request was denied by bob@example.com")
			outcomes["denied"]++
			continue
		}
		outcomes["approved"]++
		v = w.modal("U02BOB", "approved already")
		w.acked(w.slack.CloseView("U02BOB", v.ID))
		wantText(t, w.says("U01ALICE", "/assume", "cancel vault"), "Cancelled")
	}
	w.await("the record of each", func() bool {
		told := 0
		for _, m := range w.slack.InChannel("C0AUDIT") {
			if holdsAll(m.Plain(), []string{"what alice@example.com (U01ALICE) asked for, vault"}) {
				told++
			}
		}
		return told == rounds
	})
	t.Logf("of %d: %v", rounds, outcomes)
	for _, m := range w.posted() {
		wantNoButtons(t, m)
	}
}

func TestVotesOnTwoReplicasAtOnceBothCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	settings, _ := w.realRedis()
	w.run(approvalConfig, settings)
	w.run(approvalConfig, settings)
	w.says("U01ALICE", "/assume", "safe")
	m := w.approval("Approval wanted")
	var both sync.WaitGroup
	for _, user := range []string{"U02BOB", "U03CAROL"} {
		both.Go(func() { w.acked(w.slack.Press(user, m.Ref(), "", "approve")) })
	}
	both.Wait()
	m = w.approval("Approved by", "bob@example.com (U02BOB)", "U03CAROL")
	wantNoButtons(t, m)
	w.toldAlice("Approved: safe")
}

// TestSlackDoesNotTakeTheQuestion: who asked is told, and nothing waits.
func TestSlackDoesNotTakeTheQuestion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		fault  slacktest.Fault
		posted int
	}{
		{"refused", slacktest.Fault{Method: "chat.postMessage", Error: "is_archived"}, 0},
		{"down", slacktest.Fault{Method: "chat.postMessage", Status: 503, Times: 3}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, _ := withLeads(t)
			w.slack.Inject(test.fault)
			wantText(t, w.says("U01ALICE", "/assume", "vault "+w.alice.Code()),
				"Slack did not take the message that asks for approval, so nobody was asked", "Your code was not used")
			w.auditTells("Cancelled by alice@example.com")
			wantText(t, w.says("U01ALICE", "/assume", "cancel"), "Nothing that you asked for waits")
			wantText(t, w.says("U01ALICE", "/assume", "vault"), "Asked for approval")
			w.approval("Approval wanted")
			if n := len(w.posted()); n != 1 {
				t.Errorf("got %d messages, want 1", n)
			}
		})
	}
}

// TestAQuestionWhoseAnswerWasLostCannotBeDecided: Slack may have posted it, so it
// is neither posted again nor good for anything, and says so when it is pressed.
func TestAQuestionWhoseAnswerWasLostCannotBeDecided(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	w.slack.Inject(slacktest.Fault{Method: "chat.postMessage", LoseAnswer: true})
	wantText(t, w.says("U01ALICE", "/assume", "vault"), "Slack did not take the message")
	m := w.approval("Approval wanted")
	w.press("U02BOB", m, "approve")
	w.shown("U02BOB", "This request was cancelled by alice@example.com")
	wantNoButtons(t, w.approval("Cancelled by alice@example.com"))
}

// TestAStateThatSlackDoesNotTakeIsShownLater, and who asked is told meanwhile.
func TestAStateThatSlackDoesNotTakeIsShownLater(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault slacktest.Fault
	}{
		{"down", slacktest.Fault{Method: "chat.update", Status: 503}},
		{"limited", slacktest.Fault{Method: "chat.update", Error: "ratelimited", RetryAfter: time.Second}},
		{"cut", slacktest.Fault{Method: "chat.update", Drop: true}},
		{"answer lost", slacktest.Fault{Method: "chat.update", LoseAnswer: true}},
		{"nobody can be told", slacktest.Fault{Method: "conversations.open", Status: 503, Times: 3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.leads()
			settings, url := w.realRedis()
			w.run(approvalConfig, settings)
			w.says("U01ALICE", "/assume", "vault")
			m := w.approval("Approval wanted")
			w.slack.Inject(test.fault)
			w.press("U02BOB", m, "approve")
			wantNoButtons(t, w.approval("Approved by bob@example.com"))
			w.toldAlice("Approved: vault")
			dueEntries(t, url, "approvals", 2, "") // its end and the reminder
			told := 0
			for _, m := range w.directMessages("U01ALICE") {
				if strings.Contains(m.Plain(), "Approved: vault") {
					told++
				}
			}
			if told != 1 {
				t.Errorf("told %d times, want once", told)
			}
		})
	}
}

// TestWhatFollowsADecisionIsDoneByOthers when whoever made it hangs or dies: it is
// on the due list before the decision is made.
func TestWhatFollowsADecisionIsDoneByOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	settings, url := w.realRedis()
	r := w.run(approvalConfig, settings)
	w.says("U01ALICE", "/assume", "vault")
	m := w.approval("Approval wanted")
	w.slack.Inject(slacktest.Fault{Method: "conversations.open", Latency: time.Hour}) // where it hangs
	w.press("U02BOB", m, "approve")
	dueEntries(t, url, "approvals", 3, "U01ALICE") // the reminder too
	w.later(r, 31*time.Second)
	wantNoButtons(t, w.approval("Approved by bob@example.com"))
	w.toldAlice("Approved: vault")
}

// TestAnApprovalEndsBeforeItWouldHaveStoppedWaiting: one that waits for a day can
// be used for an hour.
func TestAnApprovalEndsBeforeItWouldHaveStoppedWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	r := w.run(strings.ReplaceAll(approvalConfig, "expires: 30m", "expires: 24h"), w.settings())
	w.says("U01ALICE", "/assume", "vault")
	m := w.approval("Approval wanted")
	w.later(r, 20*time.Minute)
	w.press("U02BOB", m, "approve")
	w.toldAlice("Approved: vault")
	w.later(r, 61*time.Minute)
	wantNoButtons(t, w.approval("Expired: approved by bob@example.com (U02BOB), but not used in time"))
}

// TestWhoWasDeniedIsToldOnce, though the time of what they asked for ends later.
func TestWhoWasDeniedIsToldOnce(t *testing.T) {
	t.Parallel()
	w, r := withLeads(t)
	w.says("U01ALICE", "/assume", "vault")
	w.press("U02BOB", w.approval("Approval wanted"), "deny")
	v := w.modal("U02BOB", "Comment")
	w.acked(w.slack.Submit("U02BOB", v.ID, nil))
	w.toldAlice("Denied: vault")
	edits := w.approval("Denied by bob@example.com").Edits
	w.later(r, 31*time.Minute)
	w.await("the end of its time", func() bool { return w.posted()[0].Edits > edits })
	storetest.Eventually(t, patience, "nothing is due", func() bool {
		n, err := r.Bot.Due(t.Context())
		return err == nil && n == 0
	})
	if n := len(w.directMessages("U01ALICE")); n != 1 {
		t.Errorf("told %d times, want once", n)
	}
}

func TestRedisGoneRefusesAndGuessesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	server := storetest.StartRedis(t)
	w.run(approvalConfig, w.settingsOn(server.URL))
	w.says("U01ALICE", "/assume", "vault")
	m := w.approval("Approval wanted")
	server.Stop()
	w.press("U02BOB", m, "approve")
	if text := w.shown("U02BOB", "store is not answering", "nothing was done").Plain(); strings.Contains(text, "code") {
		t.Errorf("got\n%s\nwant no word of a code at a press", text)
	}
	wantText(t, w.says("U01ALICE", "/assume", "vault "+w.alice.Code()), "store is not answering", "Your code was not used")
	w.press("U02BOB", m, "deny")
	wantText(t, w.says("U01ALICE", "/assume", "vault"), "store is not answering")
	wantText(t, w.says("U01ALICE", "/assume", "cancel"), "store is not answering")
	m = w.approval("Waiting until", "[Approve] [Deny]")
	if m.Edits != 0 {
		t.Errorf("the message was changed: %s", m.Plain())
	}
}

// TestClocksThatDifferByFiveMinutesDecideNothing: what counts is Redis's.
func TestClocksThatDifferByFiveMinutesDecideNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	settings, url := w.realRedis()
	short := strings.ReplaceAll(approvalConfig, "expires: 30m", "expires: 1m")
	slow := w.runAt(short, settings, func() time.Time { return w.now().Add(-5 * time.Minute) })
	w.says("U01ALICE", "/assume", "vault")
	w.says("U01ALICE", "/assume", "safe")
	dueEntries(t, url, "approvals", 2, "")
	if err := slow.stop(); err != nil {
		t.Fatal(err)
	}
	fast := w.runAt(short, settings, func() time.Time { return w.now().Add(5 * time.Minute) })
	rdb := storetest.Raw(t, url)
	storetest.Eventually(t, patience, "what is due by one clock alone is put off", func() bool {
		due, err := rdb.ZRangeWithScores(t.Context(), "assumebot:{due:approvals}:sealed", 0, 0).Result()
		return err == nil && len(due) == 1 && int64(due[0].Score) > w.now().Add(5*time.Minute).UnixMilli()
	})
	if n, err := fast.Bot.Due(t.Context()); err != nil || n != 0 {
		t.Errorf("due: %d, %v", n, err)
	}
	for _, m := range w.posted() {
		wantText(t, m, "Waiting until", "[Approve] [Deny]")
	}
	w.press("U02BOB", w.posted()[0], "approve")
	w.await("the approval", func() bool { return strings.Contains(w.posted()[0].Plain(), "Approved by bob@example.com") })
	w.press("U01ALICE", w.toldAlice("Approved: vault"), "enter_code")
	v := w.modal("U01ALICE", "vault for 1h, approved by bob@example.com")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	w.modal("U01ALICE", "vault is yours until")
}

func TestAFormThatNeedsApprovalAsksForIt(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", ""))
	v := w.modal("U01ALICE", "Account")
	w.choose("U01ALICE", v, "account", "va", "vault")
	v = w.offered("U01ALICE", "1h")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code(), "reason": "INC-42"}))
	w.modal("U01ALICE", "Asked for approval: vault for 1h", "neither used nor kept")
	w.press("U02BOB", w.approval("Approval wanted", "INC-42"), "approve")
	w.approval("Approved by bob@example.com")
	if n := w.stsCalls("AssumeRole"); n != 0 {
		t.Errorf("got %d AssumeRole calls", n)
	}
}

func TestBucketsOfWhatNeedsApprovalAreNotAskedFor(t *testing.T) {
	t.Parallel()
	w, _ := withLeads(t)
	wantText(t, w.says("U01ALICE", "/buckets", "vault "+w.alice.Code()),
		"vault needs the approval of somebody else", "once you have the credentials, /buckets vault lists without a code", "Your code was not used")
	w.auditTells("Refused alice@example.com", "approval_needed")
	if n := len(w.posted()); n != 0 {
		t.Errorf("got %d messages to the approvers, want none", n)
	}
}

func TestConsoleAfterApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.run(approvalConfig+strings.TrimPrefix(w.withSignin(), worldConfig), w.settings())
	wantText(t, w.says("U01ALICE", "/assume", "vault "+w.alice.Code()+" as console"), "Asked for approval")
	w.press("U02BOB", w.approval("Approval wanted"), "approve")
	w.press("U01ALICE", w.toldAlice("Approved: vault"), "enter_code")
	v := w.modal("U01ALICE", "MFA code")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code(), "format": "console"}))
	w.modal("U01ALICE", "vault")
	w.approval("Approved by bob@example.com (U02BOB), and used")
}
