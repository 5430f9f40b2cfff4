package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
)

// TestRevokingWhatOneMayNotHaveLeavesNoTrail: bob is not on call, so prod is not
// his.
func TestRevokingWhatOneMayNotHaveLeavesNoTrail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.run(revokerConfig, w.settings())
	for range 30 {
		wantText(t, w.says("U02BOB", "/assume", "revoke prod"), "Nothing was live")
	}
	if got := len(w.everything(r)); got > 2 {
		t.Errorf("got %d entries on the record, want at most 2", got)
	}
	// The channel is in order, so what alice causes is posted after all of bob's.
	w.says("U01ALICE", "/assume", "open")
	w.auditTells("Granted", "open", "alice@example.com")
	posts := slices.DeleteFunc(w.slack.InChannel("C0AUDIT"), func(m slacktest.Message) bool { return !strings.Contains(m.Plain(), "bob@example.com") })
	if len(posts) > 2 {
		t.Errorf("got %d audit posts about bob, want at most 2", len(posts))
	}
	if n := w.stsCalls("AssumeRole"); n != 1 {
		t.Errorf("got %d calls to STS, want alice's alone: no revoker was assumed", n)
	}
}

// TestAskingAndCancellingDisturbsABoundedNumberOfTimes counts what pings, and what
// is posted for the audit.
func TestAskingAndCancellingDisturbsABoundedNumberOfTimes(t *testing.T) {
	t.Parallel()
	w, r := withLeads(t)
	pings, asked := 0, 0
	for range 15 {
		if strings.Contains(w.says("U01ALICE", "/assume", "vault").Plain(), "Asked for approval") {
			asked++
			if slices.Contains(w.approval("Approval wanted", "Waiting until").Pings(), "<!subteam^S02LEADS>") {
				pings++
			}
		}
		w.says("U01ALICE", "/assume", "cancel vault")
		if asked > 0 {
			w.approval("Cancelled")
		}
	}
	if pings != 1 || asked != 5 {
		t.Errorf("got %d pings and %d requests of 15, want 1 and 5", pings, asked)
	}
	w.says("U01ALICE", "/assume", "open")
	w.auditTells("Granted", "open")
	count := func(word string) (n int) {
		for _, m := range w.slack.InChannel("C0AUDIT") {
			if strings.HasPrefix(m.Plain(), word) {
				n++
			}
		}
		return n
	}
	if n := count("Cancelled"); n != 1 {
		t.Errorf("got %d audit posts of cancelled requests within the minute, want the first", n)
	}
	w.later(r, time.Minute)
	w.auditTells("4 more requests for approval cancelled by alice@example.com (U01ALICE)")
	cancelled := 0
	for _, e := range w.recorded(r, event.Approval) {
		if e.Data.(event.ApprovalData).State == string(approval.Cancelled) {
			cancelled++
		}
	}
	if cancelled != 5 {
		t.Errorf("got %d cancelled requests on the record, want each of 5", cancelled)
	}
}

// TestAQuietRequestPingsNobodyDirectlyEither: neither in a direct message nor with
// a reminder.
func TestAQuietRequestPingsNobodyDirectlyEither(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	r := w.run(namedConfig, w.settings())
	w.says("U01ALICE", "/assume", "vault because INC-1")
	w.sent("U04DAVE", "Approval wanted")
	w.says("U01ALICE", "/assume", "cancel vault")
	w.sent("U04DAVE", "Cancelled")
	before := len(w.directMessages("U04DAVE"))
	wantText(t, w.says("U01ALICE", "/assume", "vault because INC-2"),
		"Asked for approval", "The approvers were not pinged", "without a direct message or a reminder")
	w.approval("Approval wanted", "INC-2")
	w.later(r, 16*time.Minute)
	w.await("the end of what was due", func() bool { n, err := r.Bot.Due(t.Context()); return err == nil && n == 0 })
	if after := len(w.directMessages("U04DAVE")); after != before {
		t.Errorf("got %d direct messages more, want none", after-before)
	}
	for _, m := range w.posted() {
		if strings.Contains(m.Plain(), "Still waiting") {
			t.Errorf("got %q, want no reminder", m.Plain())
		}
	}
}
