package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// dueTexts are the entries of a due list.
func dueTexts(t *testing.T, st *store.Store, list string) []string {
	t.Helper()
	entries, err := st.DueLists.DueBy(t.Context(), list, time.Now().AddDate(0, 0, 7), 100)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, string(e.Text))
	}
	return all
}

// storeAt is the store of the bots that use url, until the test ends.
func storeAt(t *testing.T, url string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: secret.New(url), SealKeys: []secret.Text{storetest.KeyOne}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// dueEntries waits until a due list has as many entries as wanted.
func dueEntries(t *testing.T, url, list string, want int, holding string) {
	t.Helper()
	st := storeAt(t, url)
	storetest.Eventually(t, patience, "the list of "+list+" is as wanted", func() bool {
		all := dueTexts(t, st, list)
		return len(all) == want && strings.Contains(strings.Join(all, "\n"), holding)
	})
}

// reminders are those that the bot sent to user.
func (w *world) reminders(user string) []slacktest.Message {
	var out []slacktest.Message
	for _, m := range w.directMessages(user) {
		if strings.Contains(m.Plain(), " ends in ") {
			out = append(out, m)
		}
	}
	return out
}

// reminded waits for n reminders of Alice's.
func (w *world) reminded(n int) []slacktest.Message {
	w.t.Helper()
	w.await("a reminder", func() bool { return len(w.reminders("U01ALICE")) >= n })
	return w.reminders("U01ALICE")
}

func wantReminders(t *testing.T, w *world, want int) {
	t.Helper()
	if got := len(w.reminders("U01ALICE")); got != want {
		t.Errorf("got %d reminders, want %d", got, want)
	}
}

func TestAGrantIsRemindedOfOnceFromAnyReplica(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	issuer := w.run(worldConfig, settings)
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.alice.Code()), "prod is yours")
	w.later(issuer, time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "open for 15m"), "open is yours")
	wantText(t, w.says("U01ALICE", "/buckets", "staging "+w.alice.Code()), "Listed with")
	dueEntries(t, url, "reminders", 2, "prod")
	r := w.run(worldConfig, settings)
	w.run(worldConfig, settings)
	if err := issuer.stop(); err != nil {
		t.Fatal(err)
	}
	w.later(r, 54*time.Minute+time.Second)
	m := w.reminded(1)[0]
	wantText(t, m, "prod ends in 5 minutes", "ASIA", "[Renew]")
	dueEntries(t, url, "reminders", 0, "")
	wantReminders(t, w, 1)
	if m.Fallback() != "prod ends in 5 minutes." {
		t.Errorf("got fallback %q", m.Fallback())
	}
}

func TestThreeReplicasRemindOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	var r *replica
	for range 3 {
		r = w.run(worldConfig, settings)
	}
	for i := range 3 {
		wantText(t, w.says("U01ALICE", "/assume", fmt.Sprintf("open for 1h because %d", i)), "open is yours")
		w.later(r, time.Minute)
	}
	wantText(t, w.says("U01ALICE", "/assume", "staging "+w.alice.Code()), "staging is yours")
	w.later(r, 55*time.Minute)
	w.reminded(2)
	dueEntries(t, url, "reminders", 0, "")
	wantReminders(t, w, 2) // the last of open, and staging
}

func TestWhatWasEndedOrRenewedIsNotRemindedOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(worldConfig, settings)
	prod := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.says("U01ALICE", "/assume", "open")
	dueEntries(t, url, "reminders", 2, "")
	if _, err := w.slack.Press("U01ALICE", prod.Ref(), "", "end"); err != nil {
		t.Fatal(err)
	}
	w.await("the end", func() bool {
		m, ok := w.slack.Message(prod.Ref())
		return ok && strings.Contains(m.Plain(), "has forgotten")
	})
	w.later(r, 30*time.Minute)
	w.says("U01ALICE", "/assume", "open")
	w.later(r, 26*time.Minute)
	dueEntries(t, url, "reminders", 1, "open")
	wantReminders(t, w, 0)
	w.later(r, 30*time.Minute)
	wantText(t, w.reminded(1)[0], "open ends in 4 minutes")
}

func TestAReminderThatComesTooLateIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(worldConfig, settings)
	w.says("U01ALICE", "/assume", "open")
	dueEntries(t, url, "reminders", 1, "open")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	w.later(r, 2*time.Hour)
	w.run(worldConfig, settings)
	dueEntries(t, url, "reminders", 0, "")
	wantReminders(t, w, 0)
	if !strings.Contains(w.logs.String(), "reminder dropped: the grant ended before anybody could be told") {
		t.Error("the log does not tell of the dropped reminder")
	}
}

func TestRemindersCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(worldConfig, settings)
	w.says("U01ALICE", "/assume", "open")
	dueEntries(t, url, "reminders", 1, "open")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = w.run(worldConfig+"reminder: 0\n", settings)
	w.says("U01ALICE", "/assume", "open")
	w.later(r, 56*time.Minute)
	dueEntries(t, url, "reminders", 0, "")
	wantReminders(t, w, 0)
}

// TestRemindersWhenSlackIsDifficult: what Slack refuses is dropped, what it
// limits or does not answer waits, and what may have been posted is not posted
// again.
func TestRemindersWhenSlackIsDifficult(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault slacktest.Fault
		want  int
		log   string
	}{
		{"refused", slacktest.Fault{Method: "conversations.open", Error: "user_not_found"}, 0, "it is dropped"},
		{"no such channel", slacktest.Fault{Method: "chat.postMessage", Error: "channel_not_found"}, 0, "it is dropped"},
		{"limited", slacktest.Fault{Method: "conversations.open", Error: "ratelimited", RetryAfter: time.Second}, 1, "reminder put off"},
		{"limited post", slacktest.Fault{Method: "chat.postMessage", Error: "ratelimited", RetryAfter: time.Second}, 1, "reminder put off"},
		{"down", slacktest.Fault{Method: "chat.postMessage", Status: 503}, 1, "reminder put off"},
		{"cut", slacktest.Fault{Method: "conversations.open", Drop: true}, 1, "reminder put off"},
		{"answer lost", slacktest.Fault{Method: "chat.postMessage", LoseAnswer: true}, 1, "or perhaps sent"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			settings, url := w.realRedis()
			r := w.run(worldConfig, settings)
			w.says("U01ALICE", "/assume", "open")
			w.auditTells("Granted open")
			w.slack.Inject(test.fault)
			w.later(r, 56*time.Minute)
			dueEntries(t, url, "reminders", 0, "")
			wantReminders(t, w, test.want)
			if !strings.Contains(w.logs.String(), test.log) {
				t.Errorf("the log does not say %q", test.log)
			}
		})
	}
}

func TestRenewFromAReminder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.says("U01ALICE", "/assume", "open")
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.later(r, 56*time.Minute)
	w.reminded(2)
	before := len(w.private("U01ALICE"))
	for _, m := range w.reminders("U01ALICE") {
		if _, err := w.slack.Press("U01ALICE", m.Ref(), "", "renew"); err != nil {
			t.Fatal(err)
		}
	}
	w.await("the renewed credentials", func() bool { return len(w.private("U01ALICE")) > before })
	renewed := w.private("U01ALICE")[before]
	wantText(t, renewed, "open is yours", "1h left", "AWS_SESSION_TOKEN")
	if want := w.slack.DM("U01ALICE"); renewed.Channel != want {
		t.Errorf("shown in %s, want beside the reminder in %s", renewed.Channel, want)
	}
	form := w.modal("U01ALICE", "prod")
	if code, ok := form.Field("code"); !ok || code.Value != "" {
		t.Errorf("got code field %+v, want an empty one", code)
	}
	w.acked(w.slack.Submit("U01ALICE", form.ID, map[string]string{"code": w.alice.Code()}))
	w.modal("U01ALICE", "prod is yours")
	wantReminders(t, w, 2) // they stay: nothing takes the place of what stays
}
