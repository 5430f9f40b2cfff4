package e2e

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// taught are parts of what nobody but a full member may read.
var taught = []string{"staging", "oncall", "OnCall", "arn:aws", "AKIA", "123456", "Send `", "alice@example.com", "You have no"}

func wantTaughtNothing(t *testing.T, where, text string) {
	t.Helper()
	if !strings.Contains(text, "Only full members") {
		t.Errorf("%s: got %q, want a refusal", where, text)
	}
	for _, part := range taught {
		if strings.Contains(text, part) {
			t.Errorf("%s: got %q, which tells %q", where, text, part)
		}
	}
}

// madeGuest makes Alice a guest, and waits until that counts.
func (w *world) madeGuest() {
	w.t.Helper()
	w.slack.ChangeUser(slacktest.User{ID: "U01ALICE", Name: "alice", Restricted: true})
	w.await("that the change counts", func() bool {
		return strings.Contains(w.says("U01ALICE", "/assume", "help").Plain(), "Only full members")
	})
}

// TestWhoIsNoFullMemberLearnsNothing whatever they send, though the config names
// them as a User.
func TestWhoIsNoFullMemberLearnsNothing(t *testing.T) {
	t.Parallel()
	for name, as := range map[string]slacktest.User{
		"guest":                {Restricted: true},
		"single-channel guest": {UltraRestricted: true},
		"bot":                  {Bot: true},
		"deactivated":          {Deleted: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			as.ID, as.Name = "U01ALICE", "alice"
			w.slack.AddUser(as)
			w.start()
			for _, typed := range []struct{ command, text string }{
				{"/assume", ""}, {"/assume", "help"}, {"/assume", "accounts"}, {"/assume", "explain staging"}, {"/assume", "explain nowhere"},
				{"/assume", "whoami"}, {"/assume", "whoami staging"}, {"/assume", "key"}, {"/assume", "who"}, {"/assume", "status"}, {"/assume", "revoke nowhere"},
				{"/assume", "history"}, {"/assume", "history everybody"}, {"/assume", "receipt 0"}, {"/assume", "receipt x"},
				{"/assume", "staging staging"}, {"/assume", "staging " + w.alice.Code()}, {"/buckets", "staging"},
				{"/sessions", ""}, {"/mfa", ""}, {"/mfa", "what"},
			} {
				wantTaughtNothing(t, typed.command+" "+typed.text, w.says("U01ALICE", typed.command, typed.text).Plain())
			}
			w.acked(w.slack.OpenHome("U01ALICE"))
			w.await("Home", func() bool { _, ok := w.slack.Home("U01ALICE"); return ok })
			home, _ := w.slack.Home("U01ALICE")
			wantTaughtNothing(t, "Home", home.Plain())
			if got := len(w.aws.Calls()); got > 0 {
				t.Errorf("got %d calls to AWS, want none", got)
			}
		})
	}
}

func TestAGuestWhoWritesToTheBotIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slack.AddUser(slacktest.User{ID: "U01ALICE", Name: "alice", Restricted: true})
	w.slack.AddChannel(slacktest.Channel{ID: "C0BOT", Name: "bot", Members: []string{"U01ALICE"}, BotMember: true})
	w.start()
	for n, channel := range []string{w.slack.DM("U01ALICE"), "C0BOT"} {
		if _, err := w.slack.SendMessage("U01ALICE", channel, "@"+w.slack.BotName()+" help"); err != nil {
			t.Fatal(err)
		}
		answers := func() (from []slacktest.Message) {
			for _, m := range w.directMessages("U01ALICE") {
				if m.Author != "U01ALICE" {
					from = append(from, m)
				}
			}
			return from
		}
		w.await("an answer", func() bool { return len(answers()) == n+1 })
		wantTaughtNothing(t, channel, answers()[n].Plain())
	}
}

// TestAMenuOffersNothingToWhoWasMadeAGuest while a form of theirs was open; nor
// do its durations tell of an account.
func TestAMenuOffersNothingToWhoWasMadeAGuest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.acked(w.slack.Shortcut("U01ALICE", "assume"))
	v := w.modal("U01ALICE", "Account")
	if offered, err := w.slack.Suggest(w.patient(), "U01ALICE", v.Ref(), "", "account", ""); err != nil || len(offered) == 0 {
		t.Fatalf("got %v, %v, want her accounts", offered, err)
	}
	w.madeGuest()
	if offered, err := w.slack.Suggest(w.patient(), "U01ALICE", v.Ref(), "", "account", ""); err != nil || len(offered) > 0 {
		t.Errorf("got %v, %v, want nothing offered", offered, err)
	}
}

// TestWhoWasMadeAGuestStillGivesBackWhatTheyHave: that takes nothing from anybody.
func TestWhoWasMadeAGuestStillGivesBackWhatTheyHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.pasted(w.says("U01ALICE", "/assume", "staging "+w.alice.Code()))
	w.madeGuest()
	wantText(t, w.says("U01ALICE", "/assume", "revoke staging"), "has forgotten 1 set of credentials")
}
