package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	seen "github.com/assumebot/assumebot/broker/watch"
	"github.com/assumebot/assumebot/store/storetest"
)

// status waits until r's report is so, and then asks in Slack.
func (w *world) status(t *testing.T, r *replica, so func(seen.Report) bool, want ...string) {
	t.Helper()
	w.await("a report with "+strings.Join(want, ", "), func() bool { return so(r.Report(t.Context())) })
	wantText(t, w.says(admin, "/assume", "status"), want...)
}

// of is whether so many replicas live, all of them with both of their sockets.
func of(replicas int) func(seen.Report) bool {
	return func(r seen.Report) bool {
		return len(r.Replicas) == replicas && !slices.ContainsFunc(r.Replicas, func(one seen.Replica) bool { return one.Sockets < 2 })
	}
}

// TestStatusTellsAdminsOfEveryReplica also shows what is said first, and that who
// ended is not told of any more.
func TestStatusTellsAdminsOfEveryReplica(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	s := w.settingsOn(storetest.StartRedis(t).URL)
	one := w.run(adminConfig, s)
	w.status(t, one, of(1), "All is well.", "• Replicas  1", "unknown version, 2 sockets", "(answers you)", "Slack  counts ", "Redis  single node, ",
		"master, answers in", "Audit channel", "AWS  is asked as usual", "Config  ", "since today")
	two := w.run(adminConfig, s)
	w.status(t, one, of(2), "• Replicas  2")
	w.says(admin, "/assume", "pause because drill")
	m := w.says(admin, "/assume", "status").Plain()
	if !strings.HasPrefix(m, "1 thing to look at:\n• Paused, since today") || !strings.Contains(m, "by U09ADMIN: “drill”") {
		t.Errorf("got %s, want the pause first", m)
	}
	w.auditTells("Looked at by U09ADMIN", "how the bot does")
	if err := two.stop(); err != nil {
		t.Fatal(err)
	}
	w.status(t, one, of(1), "• Replicas  1")
	w.writes("users: [")
	one.look <- time.Now()
	one.look <- time.Now()
	w.status(t, one, func(r seen.Report) bool { return r.Config.Refused }, "The config file is refused")
}

// TestStatusByAMessageIsForAdminsAlone holds it to the same door.
func TestStatusByAMessageIsForAdminsAlone(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	w.run(adminConfig, w.settings())
	answer := func(user, want string) {
		t.Helper()
		if _, err := w.slack.SendMessage(user, w.slack.DM(user), "Status"); err != nil {
			t.Fatal(err)
		}
		w.await("an answer with "+want, func() bool {
			for _, m := range w.directMessages(user) {
				if m.Author != user && strings.Contains(m.Plain(), want) {
					return true
				}
			}
			return false
		})
	}
	answer(admin, "embedded, answers in")
	answer("U02BOB", "Only admins may see how the bot does.")
	answer("U03CAROL", "You are not set up to use this bot")
}
