package auditchannel

import (
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/history"
)

// plainOf is what spans say.
func plainOf(spans []blockkit.Span) string {
	m := blockkit.Message{Blocks: []slack.Block{slack.NewRichTextBlock("", slack.NewRichTextSection(spans...))}}
	return m.TextForm(func(id string) string { return id })
}

func TestWhatBecameOfARequestIsSaidInAFewWords(t *testing.T) {
	bob, alice := event.Person{ID: "U02BOB", Name: "bob"}, event.Actor{User: "U01ALICE", Name: "alice"}
	act := event.Act{Account: "prod", MFA: true, Seconds: 3600, Reason: event.NewText(wildly)}
	issued := event.Issued{AccessKeyID: "ASIAEXAMPLE", Expires: event.At(goldentest.Now)}
	console, glass, without := act, act, act
	console.Purpose, glass.BreakGlass, without.MFA = "console", true, false
	approved := act
	approved.ApprovedBy = []event.Person{bob}
	for _, test := range []struct {
		data event.Payload
		want string
	}{
		{event.GrantedData{Act: act, Issued: issued}, "Granted for 1h, ASIAEXAMPLE"},
		{event.GrantedData{Act: console, Issued: issued}, "Granted, to sign in to the console for 1h, ASIAEXAMPLE"},
		{event.GrantedData{Act: glass, Issued: issued}, "BREAK-GLASS: Granted for 1h, ASIAEXAMPLE"},
		{event.GrantedData{Act: without, Issued: issued}, "Granted for 1h, ASIAEXAMPLE NO MFA."},
		{event.GrantedData{Act: approved, Issued: issued}, "Granted for 1h, approved by bob (U02BOB), ASIAEXAMPLE"},
		{event.RefusedData{Account: "prod", Failure: event.Failure{Code: "not_an_admin", Detail: "history"}}, "Refused: Only admins may see what others did."},
		{event.FailedData{Act: act, Failure: event.Failure{Code: "later", Ref: "abcdefgh"}}, `Failed: The reason is "later". (ref abcdefgh)`},
		{event.LockedOutData{Act: act, Until: event.At(goldentest.Now)}, "Locked out until 2026-01-02 03:04 UTC"},
		{event.RevokedData{Account: "prod", Target: bob, DeniedBefore: event.At(goldentest.Now)}, "Revoked of bob (U02BOB)"},
		{event.RevokedData{Account: "prod", Failure: event.Failure{Code: "store_failed"}}, "Not revoked in AWS: The bot's own store did not answer."},
		{event.ApprovalData{Asked: event.Asked{Account: "prod", Target: bob}, State: "denied"}, "Denied, for bob (U02BOB)"},
		{event.ApprovalData{Asked: event.Asked{Account: "prod", Target: event.Person{ID: "U01ALICE"}}, State: "waiting"}, "Approval asked for"},
		{event.BlockedData{Order: event.Order{Target: bob}}, "Blocked bob (U02BOB)"},
		{event.UnblockedData{Order: event.Order{Target: bob, Failure: event.Failure{Code: "order_not_ended"}}}, "Not unblocked bob (U02BOB)"},
		{event.PausedData{}, "Paused the bot"},
		{event.PausedData{Until: event.At(goldentest.Now)}, "Paused the bot until 2026-01-02 03:04 UTC"},
		{event.HistoryData{Target: bob, Account: "prod"}, "Looked at the history of bob (U02BOB) in prod"},
		{event.EndedData{Given: event.Given{Purpose: "mfa_session"}}, "MFA session ended"},
	} {
		e := event.Event{Kind: test.data.Kind(), Time: time.Now(), Actor: alice, Data: test.data}
		if got := plainOf(Outcome(e)); got != test.want {
			t.Errorf("%s: got %q, want %q", e.Kind, got, test.want)
		}
		if strings.Contains(plainOf(Outcome(e)), "INC-42") {
			t.Errorf("%s: it holds what a person typed", e.Kind)
		}
	}
}

// TestEveryKindThatHistoryListsHasAnOutcome of its own words.
func TestEveryKindThatHistoryListsHasAnOutcome(t *testing.T) {
	listed := 0
	for _, p := range event.Payloads() {
		e := event.Event{Kind: p.Kind(), Data: p}
		if !(history.Filter{}).Keeps(e) {
			continue
		}
		listed++
		if got := plainOf(Outcome(e)); got == "" || got == string(p.Kind()) {
			t.Errorf("%s: got %q", p.Kind(), got)
		}
	}
	if listed < 20 {
		t.Errorf("got %d kinds, want those of all that people do", listed)
	}
}

func TestAnErasedReasonIsNotShown(t *testing.T) {
	e := event.Event{ID: "one", Time: goldentest.Now, Data: event.GrantedData{Act: event.Act{Account: "prod", Reason: event.NewText("secret project")}}}
	leaf, aside, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if there, err := event.Decode(leaf, aside); err != nil || ReasonOf(there) != "secret project" {
		t.Errorf("got %q, %v", ReasonOf(there), err)
	}
	if gone, err := event.Decode(leaf, nil); err != nil || ReasonOf(gone) != erasedText {
		t.Errorf("got %q, %v", ReasonOf(gone), err)
	}
}
