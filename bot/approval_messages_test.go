package bot

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
)

// hostile is what a person may type: none of it may ping, link or format.
const hostile = "INC-42 <!channel> *bold* <https://x.example|link> @here <@U02BOB> <!subteam^S01LEADS>"

func goldenApproval(change func(*broker.Approval)) broker.Approval {
	a := broker.Approval{
		ID: "abcdefghijkl", User: "U01ALICE", UserName: "alice@example.com", Team: "T0123", Channel: "C0GENERAL", Account: "vault",
		RoleARN: "arn:aws:iam::222222222222:role/Vault", Duration: time.Hour, Reason: hostile, Needs: 1,
		State: broker.ApprovalWaiting, Asked: goldenTime, Expires: goldenTime.Add(30 * time.Minute),
	}
	if change != nil {
		change(&a)
	}
	return a
}

func bobVote() broker.Vote {
	return broker.Vote{User: "U02BOB", Name: "bob@example.com", At: goldenTime}
}

// approvalStates are an Approval in each of its states.
func approvalStates() map[string]broker.Approval {
	in := func(state broker.ApprovalState, change func(*broker.Approval)) broker.Approval {
		return goldenApproval(func(a *broker.Approval) {
			a.State = state
			if change != nil {
				change(a)
			}
		})
	}
	voted := func(a *broker.Approval) { a.Votes = []broker.Vote{bobVote()} }
	ended := func(a *broker.Approval) { a.EndedBy = bobVote() }
	glass := func(a *broker.Approval) { a.Acknowledge = true; a.EndedBy = bobVote() }
	return map[string]broker.Approval{
		"waiting":   in(broker.ApprovalWaiting, nil),
		"no_reason": in(broker.ApprovalWaiting, func(a *broker.Approval) { a.Reason, a.RoleARN = "", "" }),
		"half": in(broker.ApprovalWaiting, func(a *broker.Approval) {
			a.Needs, a.Votes = 2, []broker.Vote{{User: "U03CAROL", Name: "U03CAROL", At: goldenTime}}
		}),
		"on_call": in(broker.ApprovalWaiting, func(a *broker.Approval) {
			a.OnCall, a.Channel, a.UserName, a.RoleARN, a.Reason = broker.OnCallYes, "", "", "", ""
		}),
		"approved":      in(broker.ApprovalApproved, voted),
		"used":          in(broker.ApprovalUsed, voted),
		"denied":        in(broker.ApprovalDenied, func(a *broker.Approval) { ended(a); a.Comment = "not now: " + hostile }),
		"cancelled":     in(broker.ApprovalCancelled, func(a *broker.Approval) { a.EndedBy = broker.Vote{User: a.User, Name: a.UserName} }),
		"expired":       in(broker.ApprovalExpired, nil),
		"expired_half":  in(broker.ApprovalExpired, func(a *broker.Approval) { voted(a); a.Needs = 2 }),
		"expired_use":   in(broker.ApprovalExpired, voted),
		"glass_waiting": in(broker.ApprovalWaiting, glass),
		"glass_noted":   in(broker.ApprovalAcknowledged, glass),
		"glass_expired": in(broker.ApprovalExpired, glass),
	}
}

// approvalMessages are those that ping nobody.
func approvalMessages() map[string]blockkit.Message {
	b := goldenBot()
	quiet := goldenApproval(func(a *broker.Approval) { a.Quiet = true })
	all := map[string]blockkit.Message{
		"approval_cancel":         cancelledMessage("", []broker.Approval{goldenApproval(nil), goldenApproval(func(a *broker.Approval) { a.Account = "prod" })}),
		"approval_cancel_none":    cancelledMessage("", nil),
		"approval_cancel_nothing": cancelledMessage("vault", nil),
		"approval_quiet_asked":    b.askedMessage(quiet, []string{"S01LEADS", "U04DAVE"}, asking{}),
		"approval_enter_code":     b.approvedMessage(approvalStates()["approved"], true),
	}
	for name, a := range approvalStates() {
		if a.State != broker.ApprovalWaiting {
			all["approval_"+name] = approvalMessage(a, []string{"S01LEADS", "U04DAVE"})
		}
		if m, tells := b.outcomeMessage(a, name == "expired"); tells {
			all["approval_told_"+name] = m
		}
	}
	return all
}

// TestApprovalsPingTheApproversAlone compares the messages that ping: user groups
// where there are some, people only where there are none, never who asked, and
// nothing that somebody typed.
func TestApprovalsPingTheApproversAlone(t *testing.T) {
	server, err := slacktest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	server.AddChannel(slacktest.Channel{ID: "C0AUDIT", Name: "aws-audit", BotMember: true})
	b := goldenBot()
	b.web = webapi.New(slack.New(server.BotToken(), slack.OptionAPIURL(server.APIURL())), nil, server.APIURL())
	groups, people := []string{"S01LEADS", "S02OPS", "U04DAVE"}, []string{"U01ALICE", "U02BOB", "W04DAVE", "*"}
	var many []string
	for i := range 60 {
		many = append(many, "U0"+strings.Repeat("X", 7)+string(rune('A'+i%26))+string(rune('A'+i/26)))
	}
	long := goldenApproval(func(a *broker.Approval) { a.Reason = strings.Repeat("<&>", broker.MaxReason/3) })
	explained := broker.Explanation{
		Account:  broker.Account{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", DefaultDuration: time.Hour, MaxDuration: 4 * time.Hour},
		Decision: broker.Decision{Effect: broker.NeedApproval, Rule: "allow leads (S05PLATFORM)"},
		Duration: time.Hour, Way: broker.Say("AssumeRole with your MFA code"), Contact: broker.Say("Ask in #help-aws."),
		NeedsCode: &broker.Error{Code: broker.CodeNeedsCode, What: broker.Say("prod needs the code of your MFA device.")},
		Unmet:     []*broker.Error{{What: broker.Say("prod needs a reason."), Hint: broker.Say("End your request with because and the reason.")}},
	}
	explained.Account.Approval = &broker.ApprovalPolicy{Approvers: []string{"S01LEADS", "U02BOB", "leads"}, Count: 2, Expires: 30 * time.Minute}
	states := approvalStates()
	for name, test := range map[string]struct {
		m     blockkit.Message
		pings []string
	}{
		"approval_waiting":       {approvalMessage(states["waiting"], groups), []string{"<@U01ALICE>", "<!subteam^S01LEADS>", "<!subteam^S02OPS>"}},
		"approval_people":        {approvalMessage(states["half"], people), []string{"<@U01ALICE>", "<@U02BOB>", "<@W04DAVE>"}},
		"approval_quiet":         {approvalMessage(goldenApproval(func(a *broker.Approval) { a.Quiet = true }), groups), []string{"<@U01ALICE>"}},
		"approval_no_reason":     {approvalMessage(states["no_reason"], nil), []string{"<@U01ALICE>"}},
		"approval_reminder":      {approvalReminder(states["waiting"], groups), []string{"<!subteam^S01LEADS>", "<!subteam^S02OPS>"}},
		"approval_on_call":       {approvalMessage(states["on_call"], nil), []string{"<@U01ALICE>"}},
		"approval_glass_waiting": {approvalMessage(states["glass_waiting"], groups), []string{"<!subteam^S01LEADS>", "<!subteam^S02OPS>"}},
		"approval_asked": {b.askedMessage(states["waiting"], groups, asking{sentCode: true, breakGlass: true}),
			[]string{"<!subteam^S01LEADS>", "<!subteam^S02OPS>"}},
		"approval_asked_again": {b.askedMessage(states["half"], people, asking{again: true}), []string{"<@U02BOB>", "<@W04DAVE>"}},
		"explain_approval":     {b.explainMessage(explained), []string{"<!subteam^S01LEADS>", "<@U02BOB>"}},
		"":                     {approvalMessage(long, many), nil},
	} {
		if _, err := b.web.Post(t.Context(), "C0AUDIT", test.m); err != nil {
			t.Fatalf("%s: Slack does not take it: %v", name, err)
		}
		posted := server.InChannel("C0AUDIT")
		got := posted[len(posted)-1]
		if name == "" { // only whether Slack takes it
			if n := len(got.Pings()); n != mostAsked+1 || // and who asks
				!test.m.Fits() {
				t.Errorf("pings %d, want %d", n, mostAsked+1)
			}
			continue
		}
		if !slices.Equal(got.Pings(), test.pings) || len(got.Links()) > 0 {
			t.Errorf("%s: pings %v, want %v; links %v", name, got.Pings(), test.pings, got.Links())
		}
		if got.Fallback() == "" || strings.ContainsAny(got.Text, "<>*`") {
			t.Errorf("%s: got fallback %q, want a sentence without markup", name, got.Text)
		}
		goldentest.Compare(t, name, goldentest.Posted(got), test.m.Blocks)
	}
}

// approvalViews are the forms of Approvals.
func approvalViews(b *Bot) map[string]slack.ModalViewRequest {
	a := approvalStates()["approved"]
	wrong := b.voice.error(&broker.Error{Code: broker.CodeWrongCode, What: broker.Say("AWS did not accept that code."), Hint: broker.Say("Try the next.")})
	return map[string]slack.ModalViewRequest{
		"use_approval": useView(a, formState{format: snippet.Fish}), "use_approval_refused": useView(a, formState{}, wrong.Blocks...),
		"deny": denyView(approvalStates()["waiting"]),
	}
}
