package form

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

const hostile = "INC-42 <!channel> *bold* <https://x.example|link> @here <@U02BOB> <!subteam^S01LEADS>"

func goldenVoice() message.Voice {
	return message.Voice{Now: func() time.Time { return goldentest.Now }, Reveal: 10 * time.Minute}
}

// approvalViews are the forms of Approvals.
func approvalViews(v message.Voice) map[string]slack.ModalViewRequest {
	waiting := approval.Approval{
		ID: "abcdefghijkl", User: "U01ALICE", UserName: "alice@example.com", Team: "T0123", Channel: "C0GENERAL", Account: "vault",
		RoleARN: "arn:aws:iam::222222222222:role/Vault", Duration: time.Hour, Reason: hostile, Needs: 1,
		State: approval.Waiting, Asked: goldentest.Now, Expires: goldentest.Now.Add(30 * time.Minute),
	}
	a := waiting
	a.State, a.Votes = approval.Approved, []approval.Vote{{User: "U02BOB", Name: "bob@example.com", At: goldentest.Now}}
	wrong := v.Error(&broker.Error{Code: broker.CodeWrongCode, What: prose.Say("AWS did not accept that code."), Hint: prose.Say("Try the next.")})
	return map[string]slack.ModalViewRequest{
		"use_approval": Use(a, State{Format: snippet.Fish}), "use_approval_refused": Use(a, State{Above: wrong.Blocks}),
		"deny": Deny(waiting),
	}
}

func TestSearchIsReadKindly(t *testing.T) {
	tests := []struct{ typed, want, wrong string }{
		{"", "", ""},
		{"  ", "", ""},
		{" Prod-Logs- ", "prod-logs-", ""},
		{"logs\u2013a", "logs-a", ""},
		{strings.Repeat("a", 63), strings.Repeat("a", 63), ""},
		{strings.Repeat("a", 64), "", "at most 63"},
		{"prod logs", "", "without spaces"},
		{"<!here>", "", "letters, digits"},
		{"größe", "", "letters, digits"},
	}
	for _, test := range tests {
		view := slack.View{State: &slack.ViewState{Values: map[string]map[string]slack.BlockAction{fieldPrefix: {fieldPrefix: {Value: test.typed}}}}}
		got, wrong := ReadSearch(view)
		if got != test.want || !strings.Contains(wrong, test.wrong) || (wrong == "") != (test.wrong == "") {
			t.Errorf("%q: got %q, %q, want %q, %q", test.typed, got, wrong, test.want, test.wrong)
		}
	}
	if got, wrong := ReadSearch(slack.View{}); got != "" || wrong != "" {
		t.Errorf("no state: got %q, %q, want nothing", got, wrong)
	}
}

func goldenAccounts() []policy.Account {
	return []policy.Account{
		{
			Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", DefaultDuration: time.Hour, MaxDuration: 4 * time.Hour, MFA: policy.MFAFresh,
			Rules: policy.Rules{Reason: policy.ReasonPolicy{Pattern: regexp.MustCompile(`^INC-\d+`)}},
		},
		{Name: "open", RoleARN: "arn:aws:iam::333333333333:role/Open", DefaultDuration: time.Hour, MaxDuration: time.Hour, MFA: policy.MFANone},
		{Name: "hub", DefaultDuration: time.Hour, MaxDuration: 36 * time.Hour},
		{
			Name: "staging", RoleARN: "arn:aws:iam::333333333333:role/Developer", DefaultDuration: time.Hour, MaxDuration: time.Hour, MFA: policy.MFASession,
		},
		{
			Name: "vault", RoleARN: "arn:aws:iam::222222222222:role/Vault", DefaultDuration: time.Hour, MaxDuration: time.Hour, MFA: policy.MFAFresh,
			Rules: policy.Rules{Approval: &policy.ApprovalPolicy{Count: 1}},
		},
	}
}

// TestViewsAreAsJudged compares modals with their golden files, after a Slack
// that enforces the shape of views took them.
func TestViewsAreAsJudged(t *testing.T) {
	v := goldenVoice()
	account := func(name string) policy.Account {
		all := goldenAccounts()
		return all[slices.IndexFunc(all, func(a policy.Account) bool { return a.Name == name })]
	}
	forms := map[string]slack.ModalViewRequest{
		"form":             View(State{}),
		"form_account":     View(State{Account: account("prod"), Duration: 2 * time.Hour, Format: snippet.Fish, Reason: "INC-42"}),
		"form_no_code":     View(State{Account: account("open")}),
		"form_session":     View(State{Account: account("staging"), Session: true}),
		"form_approval":    View(State{Account: account("vault")}),
		"form_break_glass": View(State{Account: account("vault"), BreakGlass: true}),
		"form_code_needed": View(State{Account: account("staging"), Above: v.Error(&broker.Error{Code: broker.CodeNeedsCode,
			What: prose.Say("staging needs the code of your MFA device: you have no live MFA session.")}).Blocks}),
		"form_refused": View(State{Account: account("prod"), Above: v.Error(&broker.Error{
			Code: broker.CodeWrongCode, What: prose.Say("AWS did not accept that code: it is wrong, or was used already."),
			Hint: prose.Say("If your device shows another code by now, use that. The next one comes in about 12s.")}).Blocks}),
		"working": Working("prod"),
	}
	maps.Copy(forms, approvalViews(v))
	server, err := slacktest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	server.AddUser(slacktest.User{ID: "U01ALICE", Name: "alice"})
	server.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: []string{"U01ALICE"}})
	api := slack.New(server.BotToken(), slack.OptionAppLevelToken(server.AppToken()), slack.OptionAPIURL(server.APIURL()))
	acknowledge(t, api, slog.New(slog.DiscardHandler))
	for name, view := range forms {
		t.Run(name, func(t *testing.T) {
			renameCodeBlock(view)
			shown := openForTest(t.Context(), t, server, api, view)
			goldentest.Compare(t, "view_"+name, goldentest.AsRead(shown.Tree(goldentest.Reader)), view)
		})
	}
}

// forgetful is a store that knows nothing of other replicas.
type forgetful struct{ broker.Counters }

func (forgetful) TakeRate(context.Context, string, string, int, time.Duration) (broker.Rate, error) {
	return broker.Rate{Taken: true}, nil
}

// acknowledge acknowledges every envelope of the fake Slack.
func acknowledge(t *testing.T, api *slack.Client, log *slog.Logger) {
	t.Helper()
	sockets := socketmode.New(socketmode.Deps{API: api, Count: 1, Counters: forgetful{}, Log: log, Handle: func(e socketmode.Envelope) { _ = e.Ack(nil) }})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sockets.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-sockets.Ready()
}

// renameCodeBlock takes the chance out of the code's block, which has a new
// name in each form.
func renameCodeBlock(view slack.ModalViewRequest) {
	KeepBlock(view.Blocks.BlockSet, FieldCode, FieldCode+"-golden")
}

func openForTest(ctx context.Context, t *testing.T, server *slacktest.Server, api *slack.Client, view slack.ModalViewRequest) slacktest.View {
	t.Helper()
	d, err := server.Command("U01ALICE", "C0GENERAL", "/assume", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.OpenViewContext(ctx, d.TriggerID, view); err != nil {
		t.Fatalf("Slack does not take it: %v", err)
	}
	views := server.Views("U01ALICE")
	return views[len(views)-1]
}

func TestMenusStayUnderTwentyKilobytesAndSayWhatTheyLeaveOut(t *testing.T) {
	c := policy.Config{Users: policy.Users(policy.User{Slack: "U01ALICE"})}
	for i := range 200 {
		name := fmt.Sprintf("a-name-as-long-as-names-of-accounts-may-be-which-is-sixty-t-%03d", i)
		c.Accounts.Add(name, policy.Account{
			Name:    name,
			RoleARN: "arn:aws:iam::222222222222:role/ARoleNameOfFiftyCharactersIsAlsoAllowedByIAMItself",
			Rules:   policy.Rules{Allow: []policy.Rule{{Who: []string{"*"}}}},
		})
	}
	menu := Menu(c.Index().Mine("U01ALICE", nil), "")
	if size := jsonSize(menu); size >= socketmode.MaxAck {
		t.Errorf("got %d bytes of options, want fewer than %d", size, socketmode.MaxAck)
	}
	shown := 0
	for _, g := range menu.OptionGroups {
		shown += len(g.Options)
		if len(g.Label.Text) > 75 {
			t.Errorf("got a heading of %d characters, want 75 at most", len(g.Label.Text))
		}
	}
	if want := "(%d of 200: type to narrow)"; shown == 0 || shown > mostOptions ||
		!cmp.Equal(menu.OptionGroups[0].Label.Text, "With your MFA code "+fmt.Sprintf(want, shown)) {
		t.Errorf("got %d options under %q", shown, menu.OptionGroups[0].Label.Text)
	}
}
