package e2e

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
)

// modal waits until user sees a modal that holds all parts.
func (w *world) modal(user string, parts ...string) slacktest.View {
	w.t.Helper()
	var found slacktest.View
	w.await(fmt.Sprintf("a modal with %q", parts), func() bool {
		views := w.slack.Views(user)
		if len(views) == 0 || !holdsAll(views[len(views)-1].Plain(), parts) {
			return false
		}
		found = views[len(views)-1]
		return true
	})
	return found
}

// offered waits until the form offers a duration.
func (w *world) offered(user, duration string) slacktest.View {
	w.t.Helper()
	var found slacktest.View
	w.await("the duration "+duration, func() bool {
		for _, v := range w.slack.Views(user) {
			f, _ := v.Field("duration")
			for _, o := range f.Options {
				if o.Text == duration {
					found = v
					return true
				}
			}
		}
		return false
	})
	return found
}

func (w *world) patient() context.Context {
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	w.t.Cleanup(cancel)
	return ctx
}

// acked waits for the acknowledgement of what a person did.
func (w *world) acked(d *slacktest.Delivery, err error) {
	w.t.Helper()
	if err == nil && d != nil {
		err = d.Wait(w.patient())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) choose(user string, v slacktest.View, field, typed, value string) {
	w.t.Helper()
	f, ok := v.Field(field)
	if !ok {
		w.t.Fatalf("no field %s in:\n%s", field, v.Plain())
	}
	if f.Kind == "external_select" {
		if _, err := w.slack.Suggest(w.patient(), user, v.Ref(), f.BlockID, f.ActionID, typed); err != nil {
			w.t.Fatal(err)
		}
	}
	w.acked(w.slack.Choose(user, v.Ref(), f.BlockID, f.ActionID, value))
}

func TestModalAsksForEverythingAndShowsTheCredentialsInItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", ""))
	v := w.modal("U01ALICE", "Account", "MFA code")
	w.choose("U01ALICE", v, "account", "", "prod")
	v = w.offered("U01ALICE", "4h")
	w.choose("U01ALICE", v, "duration", "", "2h")
	code := w.alice.Code()
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": code[:3] + " " + code[3:], "reason": "INC-42"}))
	v = w.modal("U01ALICE", "prod is yours until", "2h left")
	if s := v.Preformatted(); len(s) != 1 || !strings.Contains(s[0], "export AWS_SESSION_TOKEN=") {
		t.Errorf("got snippets %q, want one to paste", s)
	}
	if n := len(w.private("U01ALICE")); n != 0 {
		t.Errorf("got %d messages in the channel, want none beside the modal", n)
	}
	wantText(t, w.audit(1)[0], "Granted prod", "INC-42", "for 2h")
}

// TestTheLastOfTwoQuickChoicesIsWhatTheFormOffers: the second is made before the form
// shows what the first changed.
func TestTheLastOfTwoQuickChoicesIsWhatTheFormOffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", ""))
	v := w.modal("U01ALICE", "Account", "MFA code")
	w.slack.Inject(slacktest.Fault{Method: "views.update", Latency: 50 * time.Millisecond})
	w.slack.Inject(slacktest.Fault{Method: "views.update", Latency: 200 * time.Millisecond})
	w.choose("U01ALICE", v, "account", "", "staging") // offers no more than an hour
	w.choose("U01ALICE", v, "account", "", "prod")
	w.offered("U01ALICE", "4h")
}

func TestModalJudgesOnItsFieldsWhatNeedsNoAWS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	for _, test := range []struct{ name, code, reason, field, says string }{
		{"seven digits", "1234567", "", "code", "six digits"},
		{"letters", "abc", "", "code", "six digits"},
		{"no code", "", "", "code", "prod needs the code"},
		{"blanks", " \u2009", "", "code", "prod needs the code"},
		{"a code as reason, and none in its field", "", "it is 123 456", "reason", "looks like a code"},
		{"the code as reason too", "123456", "it is 123 456", "reason", "looks like a code"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", ""))
			v := w.modal("U01ALICE", "Account")
			w.choose("U01ALICE", v, "account", "", "prod")
			v = w.offered("U01ALICE", "4h")
			w.submits(v, test.code, test.reason)
			v = w.modal("U01ALICE", "Account")
			if f, _ := v.Field(test.field); !strings.Contains(f.Error, test.says) {
				t.Errorf("got error %q on %s, want it to say %q", f.Error, test.field, test.says)
			}
			w.acked(w.slack.CloseView("U01ALICE", v.ID))
		})
	}
	if got := w.stsCalls("AssumeRole"); got != 0 {
		t.Errorf("got %d AssumeRole calls, want none", got)
	}
}

// submits is alice's submission of a form. Slack's own client takes none without what is
// required; one that a client made up comes all the same.
func (w *world) submits(v slacktest.View, code, reason string) {
	w.t.Helper()
	values := map[string]string{"code": code, "reason": reason}
	if code != "" {
		w.acked(w.slack.Submit("U01ALICE", v.ID, values))
		return
	}
	if _, err := w.slack.Submit("U01ALICE", v.ID, values); err == nil || !strings.Contains(err.Error(), "required field: MFA code") {
		w.t.Errorf("got %v of Slack's client, want that the code is required", err)
	}
	w.acked(w.slack.ForgeSubmission("U01ALICE", v.ID, func(map[string]any) {}))
}

// TestDigitsThatAreNotTheCodeAreAReason: a ticket may be a number.
func TestDigitsThatAreNotTheCodeAreAReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "prod"))
	ticket := "654321"
	if w.alice.Code() == ticket {
		ticket = "654322"
	}
	w.submits(w.modal("U01ALICE", "Account"), w.alice.Code(), "ticket "+ticket)
	w.modal("U01ALICE", "prod is yours until")
	wantText(t, w.audit(1)[0], "Granted prod", "ticket "+ticket)
}

// TestTheCodeIsAskedForAsTheChosenAccountDoes, and what was typed stays while it is.
func TestTheCodeIsAskedForAsTheChosenAccountDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run("mfa_session: 8h\n"+worldConfig, w.settings())
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", ""))
	v := w.modal("U01ALICE", "MFA code (optional)", "Some accounts need none")
	w.chooses(v, "open", "Account: <open", "-MFA code")
	w.chooses(v, "staging", "Account: <staging", "MFA code:")
	w.says("U01ALICE", "/mfa", w.alice.Code())
	w.chooses(v, "hub", "Account: <hub", "MFA code:")
	v = w.chooses(v, "staging", "Account: <staging", "MFA code (optional):", "Empty uses your MFA session, for up to 1h")
	w.acked(w.slack.Submit("U01ALICE", v.ID, nil))
	w.modal("U01ALICE", "staging is yours until", "from your MFA session")
}

// chooses chooses an account in a form of alice's and waits until it holds all parts, and
// none that a minus stands before.
func (w *world) chooses(v slacktest.View, account string, parts ...string) slacktest.View {
	w.t.Helper()
	before := w.slack.Views("U01ALICE")[0].Hash
	w.choose("U01ALICE", v, "account", "", account)
	var found slacktest.View
	w.await(fmt.Sprintf("the form with %q", parts), func() bool {
		if found = w.slack.Views("U01ALICE")[0]; found.Hash == before { // what was chosen shows before it is followed
			return false
		}
		for _, part := range parts {
			unwanted, not := strings.CutPrefix(part, "-")
			if not == strings.Contains(found.Plain(), cmp.Or(unwanted, part)) {
				return false
			}
		}
		return true
	})
	return found
}

func TestAFormRefusedOnAFieldCanBeSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "prod for 90m"))
	v := w.modal("U01ALICE", "Account", "1h30m", "prod")
	w.submits(v, "", "")
	v = w.modal("U01ALICE", "prod needs the code")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	w.modal("U01ALICE", "prod is yours until", "1h30m left")
}

func TestMenusAnswerWhatMatchesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", ""))
	v := w.modal("U01ALICE", "Account")
	f, _ := v.Field("account")
	if offered, err := w.slack.Suggest(w.patient(), "U01ALICE", v.Ref(), f.BlockID, f.ActionID, "zzz"); err != nil || len(offered) != 0 {
		t.Errorf("got %v, %v; want no options and no error", offered, err)
	}
}

func TestModalIsRefilledWhenAWSRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "prod for 2h because INC-42"))
	v := w.modal("U01ALICE", "Account", "prod")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": "000000"}))
	v = w.modal("U01ALICE", "did not accept that code", "MFA code")
	for field, want := range map[string]string{"account": "prod", "duration": "2h", "reason": "INC-42"} {
		if f, _ := v.Field(field); !strings.Contains(f.Value+f.Initial, want) {
			t.Errorf("got %s %q, want %q kept", field, f.Value+f.Initial, want)
		}
	}
	if f, _ := v.Field("code"); f.Value+f.Initial != "" {
		t.Error("the old code is kept in the form, want it cleared")
	}
	w.later(r, 30*time.Second)
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	w.modal("U01ALICE", "prod is yours until", "2h left")
}

func TestModalSubmittedTwiceIssuesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Latency: 300 * time.Millisecond})
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "prod"))
	v := w.modal("U01ALICE", "Account")
	values := map[string]string{"code": w.alice.Code()}
	first, err := w.slack.Submit("U01ALICE", v.ID, values)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.slack.Redeliver(first); err != nil {
		t.Fatal(err)
	}
	w.modal("U01ALICE", "prod is yours until")
	if got := w.stsCalls("AssumeRole"); got != 1 {
		t.Errorf("got %d AssumeRole calls, want 1", got)
	}
}

func TestAcksOfModalsDoNotWaitForAWS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Latency: 4 * time.Second})
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "prod"))
	v := w.modal("U01ALICE", "Account")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	w.modal("U01ALICE", "Asking AWS for prod")
	w.modal("U01ALICE", "prod is yours until")
}

func TestAModalClosedTooSoonLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Latency: 500 * time.Millisecond})
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", "prod"))
	v := w.modal("U01ALICE", "Account")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	w.acked(w.slack.CloseView("U01ALICE", v.ID))
	w.await("a direct message", func() bool { return len(w.directMessages("U01ALICE")) > 0 })
	m := w.directMessages("U01ALICE")[0]
	wantText(t, m, "issued credentials for prod", "button shows them")
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "show"))
	w.await("the credentials", func() bool {
		for _, m := range w.private("U01ALICE") {
			if len(m.Preformatted()) > 0 {
				return true
			}
		}
		return false
	})
}

func TestTheFormSaysSoWhenSlackDoesNotOpenIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.slack.Inject(slacktest.Fault{Method: "views.open", Error: "expired_trigger_id", Times: 1})
	m := w.says("U01ALICE", "/assume", "prod")
	wantText(t, m, "did not open the form in time", "/assume prod 123456")
}

func TestFiveHundredAccountsAreFoundByTyping(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var more strings.Builder
	role := "arn:aws:iam::444444444444:role/" + strings.Repeat("VeryLongRoleName", 3)
	for i := range 500 {
		fmt.Fprintf(&more, "  - {name: team-%03d, role_arn: %q, allow: [U01ALICE]}\n", i, fmt.Sprintf("%s%03d", role, i))
	}
	w.run(worldConfig+more.String(), w.settings())
	w.acked(w.slack.Command("U01ALICE", "C0GENERAL", "/assume", ""))
	v := w.modal("U01ALICE", "Account")
	f, _ := v.Field("account")
	offered, err := w.slack.Suggest(w.patient(), "U01ALICE", v.Ref(), f.BlockID, f.ActionID, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(offered) == 0 || len(offered) > 100 || !strings.Contains(offered[0].Group, "of 504: type to narrow") {
		t.Errorf("got %d options under %q, want some and how many there are", len(offered), offered[0].Group)
	}
	offered, err = w.slack.Suggest(w.patient(), "U01ALICE", v.Ref(), f.BlockID, f.ActionID, "team 417")
	if err != nil || len(offered) != 1 || offered[0].Value != "team-417" {
		t.Errorf("got %v, %v; want team-417 alone", offered, err)
	}
}

func TestStrangersGetNoForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	wantText(t, w.says("U03CAROL", "/assume", ""), "not set up to use this bot")
	w.acked(w.slack.Shortcut("U03CAROL", "assume"))
	v := w.modal("U03CAROL", "not set up to use this bot")
	if strings.Contains(v.Plain(), "Account") {
		t.Errorf("carol sees the form:\n%s", v.Plain())
	}
}
