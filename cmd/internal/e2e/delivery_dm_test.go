package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/store/storetest"
)

// dmConfig is the world's config with prod shown by direct message.
var dmConfig = strings.Replace(worldConfig, "    mfa: fresh\n", "    mfa: fresh\n    delivery: dm\n", 1)

// withCredentials are the direct messages to Alice that hold credentials now.
func (w *world) withCredentials() []slacktest.Message {
	var out []slacktest.Message
	for _, m := range w.directMessages("U01ALICE") {
		if strings.Contains(m.Plain(), "AWS_SESSION_TOKEN") {
			out = append(out, m)
		}
	}
	return out
}

// sentByDM asks for prod and returns the direct message that shows it.
func (w *world) sentByDM() slacktest.Message {
	w.t.Helper()
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	wantText(w.t.(*testing.T), m, "I sent you the credentials for prod by direct message; it is deleted in 5 minutes.")
	if len(m.Preformatted()) > 0 {
		w.t.Error("the private answer holds credentials too")
	}
	shown := w.withCredentials()
	if len(shown) != 1 {
		w.t.Fatalf("got %d direct messages with credentials, want 1\n%s", len(shown), w.logs)
	}
	return shown[0]
}

// deleted waits until Alice has no direct message with credentials.
func (w *world) deleted() {
	w.t.Helper()
	w.await("the deletion", func() bool { return len(w.withCredentials()) == 0 })
}

// deletionCalls counts what Slack was asked to delete.
func (w *world) deletionCalls() int {
	n := 0
	for _, c := range w.slack.Calls() {
		if c.Method == "chat.delete" {
			n++
		}
	}
	return n
}

func TestCredentialsByDMAreDeletedInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(dmConfig, settings)
	m := w.sentByDM()
	wantText(t, m, "prod is yours until", "1h left", "This message will be deleted ", "[Renew]")
	// Slack tells the name of a message only after it was posted: until its
	// deletion is on the list there are no credentials in it.
	for _, version := range w.slack.Messages() {
		if version.TS == m.TS && version.Via == "chat.postMessage" && len(version.Preformatted()) > 0 {
			t.Error("the credentials were posted before their deletion was on the list")
		}
	}
	dueEntries(t, url, "deletions", 1, m.TS)
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours") // another account is as it was
	w.later(r, 4*time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "help"), "/assume")
	if len(w.withCredentials()) != 1 {
		t.Error("deleted too early")
	}
	w.later(r, time.Minute)
	w.deleted()
	dueEntries(t, url, "deletions", 0, "")
	if got := w.deletionCalls(); got != 1 {
		t.Errorf("got %d calls of chat.delete, want 1", got)
	}
	for key, text := range storetest.Dump(t, url) {
		if strings.Contains(text, "AWS_SESSION_TOKEN") {
			t.Errorf("%s holds credentials", key)
		}
	}
}

func TestCredentialsByDMAreDeletedAcrossARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, _ := w.realRedis()
	r := w.run(dmConfig, settings)
	w.sentByDM()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	w.later(r, 5*time.Minute)
	// A config that no longer asks for direct messages deletes them all the same.
	w.run(worldConfig, settings)
	w.deleted()
}

func TestCredentialsByDMGoThereFromAModalAndAreShownAgainThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.run(dmConfig, w.settings())
	w.command("U01ALICE", "/assume", "prod")
	form := w.modal("U01ALICE", "prod")
	w.acked(w.slack.Submit("U01ALICE", form.ID, map[string]string{"code": w.alice.Code()}))
	v := w.modal("U01ALICE", "I sent you the credentials for prod")
	if len(v.Preformatted()) > 0 {
		t.Error("the modal holds credentials too")
	}
	first := w.withCredentials()
	if len(first) != 1 {
		t.Fatalf("got %d direct messages with credentials, want 1", len(first))
	}
	w.acked(w.slack.Choose("U01ALICE", first[0].Ref(), "", "format", "dotenv"))
	w.await("the other format", func() bool { return len(w.withCredentials()) == 2 })
	w.later(r, 6*time.Minute)
	w.deleted()
}

// TestWhatSlackDoesNotDelete: refusals are tried again for ten minutes, then
// they are on the record and told.
func TestWhatSlackDoesNotDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(dmConfig, settings)
	m := w.sentByDM()
	w.slack.ForbidDeletion(true)
	w.later(r, 5*time.Minute)
	for _, refused := range []string{`"refused":1`, `"refused":2`, `"refused":3`, `"refused":4`} {
		dueEntries(t, url, "deletions", 1, refused)
		w.later(r, 5*time.Minute)
	}
	tells := w.auditTells("Not deleted: the direct message to alice@example.com (U01ALICE) with credentials for prod", "not_deleted", "taken out of its text")
	wantText(t, tells, "AssumeRole with MFA")
	w.await("the notice", func() bool {
		for _, m := range w.directMessages("U01ALICE") {
			if holdsAll(m.Plain(), []string{"Slack does not let me delete my message with your credentials for prod", "I have taken them out of its text"}) {
				return true
			}
		}
		return false
	})
	dueEntries(t, url, "deletions", 0, "")
	if got := w.deletionCalls(); got != 5 {
		t.Errorf("got %d calls of chat.delete, want 5", got)
	}
	w.deleted()
	left, ok := w.slack.Message(m.Ref())
	if !ok || left.Deleted {
		t.Fatal("the message is gone")
	}
	wantText(t, left, "The credentials for prod that stood here were removed.")
	if !strings.Contains(w.logs.String(), "compliance_exports_prevent_deletion") {
		t.Error("the log does not say why")
	}
}

func TestWhatSlackNeitherDeletesNorChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(dmConfig, settings)
	w.sentByDM()
	w.slack.Inject(slacktest.Fault{Method: "chat.delete", Error: "cant_delete_message", Times: -1})
	w.slack.Inject(slacktest.Fault{Method: "chat.update", Error: "cant_update_message", Times: -1})
	w.later(r, 5*time.Minute)
	for _, refused := range []string{`"refused":1`, `"refused":2`, `"refused":3`, `"refused":4`} {
		dueEntries(t, url, "deletions", 1, refused)
		w.later(r, 5*time.Minute)
	}
	w.auditTells("Not deleted", "The credentials can still be read there.")
	w.await("the notice", func() bool {
		list := w.directMessages("U01ALICE")
		return strings.Contains(list[len(list)-1].Plain(), "They can still be read there.")
	})
	dueEntries(t, url, "deletions", 0, "")
}

func TestDeletionsWaitForSlack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault slacktest.Fault
		stays int
	}{
		{"down", slacktest.Fault{Method: "chat.delete", Status: 503, Times: 2}, 0},
		{"cut", slacktest.Fault{Method: "chat.delete", Drop: true}, 0},
		{"limited", slacktest.Fault{Method: "chat.delete", Error: "ratelimited", RetryAfter: time.Second}, 0},
		{"answer lost", slacktest.Fault{Method: "chat.delete", LoseAnswer: true}, 0},
		{"deleted by somebody", slacktest.Fault{Method: "chat.delete", Error: "message_not_found"}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			settings, url := w.realRedis()
			r := w.run(dmConfig, settings)
			w.sentByDM()
			w.slack.Inject(test.fault)
			w.later(r, 5*time.Minute)
			dueEntries(t, url, "deletions", 0, "")
			if got := len(w.withCredentials()); got != test.stays {
				t.Errorf("got %d messages left, want %d", got, test.stays)
			}
			if strings.Contains(w.logs.String(), "stays") {
				t.Error("it was given up")
			}
		})
	}
}

// TestADirectMessageThatSlackDoesNotTake: the person is told where they asked,
// and no credentials are shown anywhere.
func TestADirectMessageThatSlackDoesNotTake(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault slacktest.Fault
		want  string
	}{
		{"no conversation", slacktest.Fault{Method: "conversations.open", Error: "user_not_found", Times: -1}, "Slack did not take the reply"},
		{"no channel", slacktest.Fault{Method: "chat.update", Error: "channel_not_found", Times: -1}, "Slack did not take the reply"},
		{"no answer", slacktest.Fault{Method: "chat.update", Drop: true, Times: -1}, "Slack did not say whether"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run(dmConfig, w.settings())
			w.slack.Inject(test.fault)
			m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
			wantText(t, m, test.want, "[Show again]", "Reference:")
			if len(w.withCredentials()) > 0 || len(m.Preformatted()) > 0 {
				t.Error("the credentials are shown")
			}
			w.auditTells("hown", "prod", "credentials for")
			if !strings.Contains(w.logs.String(), "credentials not delivered by direct message") {
				t.Error("the log does not say so")
			}
		})
	}
}

func TestADirectMessageIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]slacktest.Fault{
		"limited open":   {Method: "conversations.open", Error: "ratelimited", RetryAfter: time.Second},
		"update down":    {Method: "chat.update", Status: 503, Times: 2},
		"limited update": {Method: "chat.update", Error: "ratelimited", RetryAfter: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run(dmConfig, w.settings())
			w.slack.Inject(fault)
			w.sentByDM()
		})
	}
}
