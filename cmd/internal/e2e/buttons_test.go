package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// shown waits for a private message of user that holds all parts.
func (w *world) shown(user string, parts ...string) slacktest.Message {
	w.t.Helper()
	var found slacktest.Message
	w.await(strings.Join(parts, ", "), func() bool {
		for _, m := range w.private(user) {
			if holdsAll(m.Plain(), parts) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func TestAnotherFormatReplacesTheReplyInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.acked(w.slack.Choose("U01ALICE", m.Ref(), "", "format", "fish"))
	w.shown("U01ALICE", "set -gx AWS_SESSION_TOKEN")
	if n := len(w.private("U01ALICE")); n != 1 {
		t.Errorf("got %d messages, want the one replaced", n)
	}
	// It is remembered for the next time.
	w.later(r, time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.alice.Code()), "set -gx AWS_SESSION_TOKEN")
	if got := w.stsCalls("AssumeRole"); got != 2 {
		t.Errorf("got %d AssumeRole calls, want 2", got)
	}
}

func TestButtonsWorkFromAnyReplica(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, _ := w.realRedis()
	for range 3 {
		w.run(worldConfig, settings)
	}
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	for range 6 {
		// Each differs from the one shown before, so that the wait is for its own.
		for _, format := range [][2]string{{"fish", "set -gx"}, {"powershell", "$Env:"}, {"json", "\"Version\": 1"}} {
			w.acked(w.slack.Choose("U01ALICE", m.Ref(), "", "format", format[0]))
			m = w.shown("U01ALICE", format[1])
		}
	}
}

func TestButtonsEndWithTheRevealWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.later(r, 11*time.Minute)
	w.acked(w.slack.Choose("U01ALICE", m.Ref(), "", "format", "fish"))
	w.shown("U01ALICE", "cannot be shown or used again", "10m only", "press Renew")
	if !strings.Contains(w.private("U01ALICE")[0].Plain(), "export AWS_SESSION_TOKEN") {
		t.Error("the refusal replaced the credentials, want it beside them")
	}
	w.later(r, time.Hour)
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "end"))
	w.shown("U01ALICE", "These credentials have ended.")
}

func TestListBucketsButton(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "buckets"))
	w.shown("U01ALICE", "45 buckets in prod", "no new code needed")
	w.shown("U01ALICE", "export AWS_SESSION_TOKEN")
}

func TestRenewAsksForACodeWhereOneIsNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "renew"))
	if f, _ := w.modal("U01ALICE", "Account").Field("account"); !strings.Contains(f.Value+f.Initial, "prod") {
		t.Errorf("got account %q, want prod filled in", f.Value+f.Initial)
	}
	m = w.says("U01ALICE", "/assume", "open")
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "renew"))
	w.await("another grant", func() bool { return w.stsCalls("AssumeRole") == 3 })
}

func TestRenewKeepsDurationAndReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	m := w.says("U01ALICE", "/assume", "open for 30m because INC-42")
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "renew"))
	w.await("another grant", func() bool { return w.stsCalls("AssumeRole") == 2 })
	for _, m := range w.audit(2) {
		wantText(t, m, "for 30m", "INC-42")
	}
}

func TestEndForgetsAtOnceAndSaysWhatThatMeans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "end"))
	w.shown("U01ALICE", "Ended", "AWS keeps them valid until")
	w.auditTells("Ended", "prod", "alice@example.com")
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/buckets", "prod"))
	w.shown("U01ALICE", "prod needs the code")
}

func TestSessionsShowsWhatIsLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	wantText(t, w.says("U01ALICE", "/sessions", ""), "You have no live credentials.")
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.says("U01ALICE", "/assume", "open")
	m := w.says("U01ALICE", "/sessions", "")
	wantText(t, m, "prod until", "open until", "no MFA", "[Show again]", "[Renew]", "[End]")
	w.later(r, 11*time.Minute)
	m = w.says("U01ALICE", "/sessions", "")
	wantText(t, m, "prod until", "(49m left)")
	if strings.Contains(m.Plain(), "Show again") {
		t.Errorf("got\n%s\nwant no Show again outside the window", m.Plain())
	}
	wantText(t, w.says("U02BOB", "/sessions", ""), "You have no live credentials.")
	wantText(t, w.says("U03CAROL", "/sessions", ""), "not set up")
}

func TestHomeShowsWhatOneMayHaveAndHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.acked(w.slack.OpenHome("U01ALICE"))
	w.await("Home", func() bool {
		home, ok := w.slack.Home("U01ALICE")
		return ok && holdsAll(home.Plain(), []string{"What you have now", "You have no live credentials.", "[Get prod]", "[Get hub]",
			"your own IAM user", "It can assume every role that trusts it, outside of the bot's rules."})
	})
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.await("the grant on Home", func() bool {
		home, _ := w.slack.Home("U01ALICE")
		return holdsAll(home.Plain(), []string{"prod until", "[Show again]", "[End]"})
	})
	home, _ := w.slack.Home("U01ALICE")
	for _, b := range home.Buttons() {
		if b.Label == "Get staging" {
			w.acked(w.slack.Press("U01ALICE", home.Ref(), b.BlockID, b.ActionID))
		}
	}
	if f, _ := w.modal("U01ALICE", "Account").Field("account"); !strings.Contains(f.Value+f.Initial, "staging") {
		t.Errorf("got account %q, want staging filled in", f.Value+f.Initial)
	}
	w.acked(w.slack.OpenHome("U03CAROL"))
	w.await("carol's Home", func() bool {
		home, ok := w.slack.Home("U03CAROL")
		return ok && strings.Contains(home.Plain(), "not set up") && !strings.Contains(home.Plain(), "prod")
	})
}

func TestHelpByMentionAndDirectMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slack.AddChannel(slacktest.Channel{ID: "C0WITHBOT", Name: "with-bot", Members: []string{"U01ALICE"}, BotMember: true})
	w.start()
	for i, channel := range []string{"C0WITHBOT", w.slack.DM("U01ALICE")} {
		text := "help"
		if i == 0 {
			text = "@" + w.slack.BotName() + " help"
		}
		if _, err := w.slack.SendMessage("U01ALICE", channel, text); err != nil {
			t.Fatal(err)
		}
		w.await("help", func() bool {
			n := 0
			for _, m := range w.directMessages("U01ALICE") {
				if strings.Contains(m.Plain(), "/assume prod 123456") {
					n++
				}
			}
			return n == i+1
		})
	}
}
