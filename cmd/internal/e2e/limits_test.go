package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// limited is the world's config with other limits.
func limited(limits string) string {
	return strings.Replace(worldConfig, worldLimits, limits, 1)
}

func TestAPersonsRequestsAreBoundedForAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.run(limited("limits: {requests: 3}"), w.settings())
	shown := w.says("U01ALICE", "/assume", "open")
	for range 2 {
		wantText(t, w.says("U01ALICE", "/assume", "accounts"), "You may have")
	}
	for range 3 {
		wantText(t, w.says("U01ALICE", "/assume", "open"), "asking for too much at once", "Nothing was done", "Try again in")
	}
	wantText(t, w.says("U01ALICE", "/assume", "hub "+w.alice.Code()), "asking for too much at once", "Your code was not used")
	w.acked(w.slack.Press("U01ALICE", shown.Ref(), "", "buckets"))
	w.await("the refusal of a press", func() bool { return len(w.private("U01ALICE")) == 8 })
	wantText(t, w.private("U01ALICE")[7], "asking for too much at once")
	if text := w.private("U01ALICE")[7].Plain(); strings.Contains(text, "code") {
		t.Errorf("got\n%s\nwant no word of a code at a press", text)
	}
	if got := w.stsCalls("AssumeRole"); got != 1 {
		t.Errorf("got %d calls to STS, want one", got)
	}
	wantText(t, w.says("U02BOB", "/assume", "accounts"), "You may have") // another counts for themselves
	w.later(r, time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "accounts"), "You may have")
	// One of the five refusals is on the record.
	w.auditTells("Refused alice@example.com", "asking for too much")
	refusals := 0
	for _, e := range w.everything(r) {
		if p, ok := e.Data.(event.RefusedData); ok && p.Code == "too_many_requests" {
			refusals++
		}
	}
	if refusals != 1 {
		t.Errorf("got %d refusals on the record, want the first of the minute", refusals)
	}
}

func TestAStrangersRequestsAreBoundedAndTeachNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.run(limited("limits: {requests: 2}"), w.settings())
	for range 6 {
		wantText(t, w.says("U03CAROL", "/assume", "open"), "You are not set up to use this bot")
	}
	if events := w.everything(r); len(events) != 3 {
		t.Errorf("got %d events, want the two refusals and that there were too many", len(events))
	}
}

func TestReplicasCountTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, _ := w.realRedis()
	for range 2 {
		w.run(limited("limits: {requests: 4, sts_calls: 1}"), settings)
	}
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	code := w.alice.Code()
	for range 3 {
		wantText(t, w.says("U01ALICE", "/assume", "open because more"), "Too much is being asked for open right now", "Try again in")
	}
	wantText(t, w.says("U01ALICE", "/assume", "hub "+code), "asking for too much at once")
	wantText(t, w.says("U02BOB", "/assume", "hub "+w.bob.Code()), "hub is yours")
	if got := w.stsCalls("AssumeRole"); got != 1 {
		t.Errorf("got %d calls to STS for one account, want one", got)
	}
}

func TestASubmittedFormIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(limited("limits: {requests: 3}"), w.settings()) // the command, the typing and the choice
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", ""))
	v := w.modal("U01ALICE", "Account")
	w.choose("U01ALICE", v, "account", "open", "open")
	w.await("the form after the choice", func() bool { return w.slack.Views("U01ALICE")[0].Hash != v.Hash })
	d, err := w.slack.Submit("U01ALICE", v.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(w.patient()); err != nil {
		t.Fatal(err)
	}
	w.modal("U01ALICE", "asking for too much at once")
	if got := len(w.aws.Calls()); got != 0 {
		t.Errorf("got %d calls to AWS, want none", got)
	}
}

// TestTypingIntoAMenuIsNotOnTheRecord: whoever is no user any more, and has a form
// open still, is offered nothing.
func TestTypingIntoAMenuIsNotOnTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.acked(w.slack.Shortcut("U01ALICE", "assume"))
	v := w.modal("U01ALICE", "Account")
	const alice = "  - slack: U01ALICE\n    name: alice@example.com\n    mfa_serial: arn:aws:iam::111111111111:mfa/alice\n    credentials: {env: ALICE}\n"
	w.writes(strings.NewReplacer(alice, "",
		"allow: [U01ALICE, U02BOB]", "allow: [U02BOB]", "allow: [U01ALICE]", "allow: [U02BOB]").Replace(worldConfig))
	w.notices(r)
	for range 5 {
		offered, err := w.slack.Suggest(w.patient(), "U01ALICE", v.Ref(), "", "account", "x")
		if err != nil || len(offered) > 0 {
			t.Fatalf("got %v, %v, want nothing offered", offered, err)
		}
	}
	if got := w.recorded(r, event.Refused); len(got) > 0 {
		t.Errorf("got %d refusals on the record, want none", len(got))
	}
}

func TestADenialThatIsOneTooManySaysSoInItsForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.run(strings.Replace(approvalConfig, worldLimits, "limits: {requests: 1}", 1), w.settings())
	w.says("U01ALICE", "/assume", "vault")
	w.press("U02BOB", w.approval("Approval wanted"), "deny")
	v := w.modal("U02BOB", "Comment")
	w.acked(w.slack.Submit("U02BOB", v.ID, nil))
	if f, _ := w.modal("U02BOB", "Comment").Field("comment"); !strings.Contains(f.Error, "asking for too much at once") {
		t.Errorf("got error %q, want that it is too much", f.Error)
	}
	w.approval("Waiting until", "[Approve] [Deny]")
}

// TestTypingIntoAMenuIsCounted: what is too much is offered nothing.
func TestTypingIntoAMenuIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.run(limited("limits: {requests: 3}"), w.settings())
	w.acked(w.slack.Shortcut("U01ALICE", "assume"))
	v := w.modal("U01ALICE", "Account")
	for i := range 8 {
		offered, err := w.slack.Suggest(w.patient(), "U01ALICE", v.Ref(), "", "account", "")
		if err != nil || (len(offered) > 0) != (i < 2) {
			t.Errorf("letter %d: got %v, %v, want accounts for the first two alone", i, offered, err)
		}
	}
	if got := w.recorded(r, event.Refused); len(got) != 1 {
		t.Errorf("got %d refusals on the record, want the first", len(got))
	}
}
