package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// pressLabelled presses the button of that label.
func (w *world) pressLabelled(user string, ref slacktest.MessageRef, buttons []slacktest.Button, label string) {
	w.t.Helper()
	for _, b := range buttons {
		if b.Label == label {
			w.acked(w.slack.Press(user, ref, b.BlockID, b.ActionID))
			return
		}
	}
	w.t.Fatalf("got the buttons %v, want %q", buttons, label)
}

func TestAskingAgainForWhatOneHasOffersItFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code()+" for 1h because INC-1")
	w.says("U01ALICE", "/assume", "open")
	for _, again := range []string{"prod", "prod for 1h", "prod because INC-1", "prod as fish", "open", "prod as console"} {
		m := w.says("U01ALICE", "/assume", again)
		wantText(t, m, "You have", "left", "Nothing new was issued", "[Show again]", "[Renew]")
		if strings.Contains(m.Plain(), "AWS_SECRET") {
			t.Errorf("%s: the offer shows credentials:\n%s", again, m.Plain())
		}
	}
	if got := w.stsCalls("AssumeRole"); got != 2 {
		t.Errorf("got %d AssumeRole calls, want the first two alone", got)
	}
	m := w.says("U01ALICE", "/assume", "prod as fish")
	w.pressLabelled("U01ALICE", m.Ref(), m.Buttons(), "Show again")
	w.shown("U01ALICE", "prod is yours until", "set -gx AWS_SESSION_TOKEN", "nothing new was issued")
	m = w.says("U01ALICE", "/assume", "open for 30m")
	w.pressLabelled("U01ALICE", m.Ref(), m.Buttons(), "Renew")
	w.auditTells("Granted open", "for 30m")
	w.shown("U01ALICE", "open is yours until", "30m left")

	// A code asks for new ones and is used for them; after the window there is
	// nothing to show again.
	w.later(r, time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.alice.Code()), "AssumeRole with your MFA code")
	w.later(r, 11*time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours until")
}

func TestWhoAsksForMoreThanTheyHaveIsNotOfferedThat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.says("U01ALICE", "/assume", "open for 30m because INC-1")
	for i, more := range []string{"open for 1h", "open because INC-2"} {
		wantText(t, w.says("U01ALICE", "/assume", more), "open is yours until")
		if got := w.stsCalls("AssumeRole"); got != i+2 {
			t.Errorf("%s: got %d AssumeRole calls, want %d", more, got, i+2)
		}
	}
	wantText(t, w.says("U02BOB", "/assume", "open"), "You may not have open")
}

func TestBreakGlassIsAButtonThatOpensTheForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.run(glassConfig, w.settings())
	w.says("U01ALICE", "/assume", "staging "+w.alice.Code()+" as json") // which is remembered
	m := w.says("U01ALICE", "/assume", "vault for 30m because all is down")
	wantText(t, m, "Asked for approval", "[Break-glass]")
	calls := w.stsCalls("AssumeRole")
	w.pressLabelled("U01ALICE", m.Ref(), m.Buttons(), "Break-glass")
	v := w.modal("U01ALICE", "Break-glass: without approval", "vault")
	for field, want := range map[string]string{"format": "bash", "reason": "all is down", "duration": "30m"} {
		if f, _ := v.Field(field); !strings.Contains(f.Value+f.Initial, want) {
			t.Errorf("the form has %s %q, want %q", field, f.Value+f.Initial, want)
		}
	}
	if got := w.stsCalls("AssumeRole"); got != calls {
		t.Errorf("a press made %d AssumeRole calls, want none", got-calls)
	}
	m = w.says("U02BOB", "/assume", "vault because INC-1")
	if strings.Contains(m.Plain(), "Break-glass]") {
		t.Errorf("bob may not use break-glass and has a button:\n%s", m.Plain())
	}
	w.acked(w.slack.Forge("U02BOB", m.Ref(), map[string]any{"type": "button", "action_id": "break_glass", "block_id": "glass:vault", "value": "vault"}))
	w.shown("U02BOB", "You may not have vault by break-glass")
}

func TestTypedBreakGlassIgnoresARememberedFormatThatIsNoShell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.leads()
	w.run(glassConfig, w.settings())
	w.says("U01ALICE", "/assume", "staging "+w.alice.Code()+" as json")
	w.mu.Lock()
	w.offset += time.Minute
	w.mu.Unlock()
	wantText(t, w.says("U01ALICE", "/assume", "vault "+w.alice.Code()+" break-glass because all is down"), "export AWS_SESSION_TOKEN")
}
