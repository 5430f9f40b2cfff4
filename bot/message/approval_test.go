package message

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// hostile is what a person may type: none of it may ping, link or format.
const hostile = "INC-42 <!channel> *bold* <https://x.example|link> @here <@U02BOB> <!subteam^S01LEADS>"

func goldenApproval(change func(*approval.Approval)) approval.Approval {
	a := approval.Approval{
		ID: "abcdefghijkl", User: "U01ALICE", UserName: "alice@example.com", Team: "T0123", Channel: "C0GENERAL", Account: "vault",
		RoleARN: "arn:aws:iam::222222222222:role/Vault", Duration: time.Hour, Reason: hostile, Needs: 1,
		State: approval.Waiting, Asked: goldenTime, Expires: goldenTime.Add(30 * time.Minute),
	}
	if change != nil {
		change(&a)
	}
	return a
}

func bobVote() approval.Vote {
	return approval.Vote{User: "U02BOB", Name: "bob@example.com", At: goldenTime}
}

// approvalStates are an Approval in each of its states.
func approvalStates() map[string]approval.Approval {
	in := func(state approval.State, change func(*approval.Approval)) approval.Approval {
		return goldenApproval(func(a *approval.Approval) {
			a.State = state
			if change != nil {
				change(a)
			}
		})
	}
	voted := func(a *approval.Approval) { a.Votes = []approval.Vote{bobVote()} }
	ended := func(a *approval.Approval) { a.EndedBy = bobVote() }
	glass := func(a *approval.Approval) { a.Acknowledge = true; a.EndedBy = bobVote() }
	return map[string]approval.Approval{
		"waiting":   in(approval.Waiting, nil),
		"no_reason": in(approval.Waiting, func(a *approval.Approval) { a.Reason, a.RoleARN = "", "" }),
		"half": in(approval.Waiting, func(a *approval.Approval) {
			a.Needs, a.Votes = 2, []approval.Vote{{User: "U03CAROL", Name: "U03CAROL", At: goldenTime}}
		}),
		"on_call": in(approval.Waiting, func(a *approval.Approval) {
			a.OnCall, a.Channel, a.UserName, a.RoleARN, a.Reason = approval.OnCallYes, "", "", "", ""
		}),
		"approved":      in(approval.Approved, voted),
		"used":          in(approval.Used, voted),
		"denied":        in(approval.Denied, func(a *approval.Approval) { ended(a); a.Comment = "not now: " + hostile }),
		"cancelled":     in(approval.Cancelled, func(a *approval.Approval) { a.EndedBy = approval.Vote{User: a.User, Name: a.UserName} }),
		"expired":       in(approval.Expired, nil),
		"expired_half":  in(approval.Expired, func(a *approval.Approval) { voted(a); a.Needs = 2 }),
		"expired_use":   in(approval.Expired, voted),
		"glass_waiting": in(approval.Waiting, glass),
		"glass_noted":   in(approval.Acknowledged, glass),
		"glass_expired": in(approval.Expired, glass),
	}
}

// approvalMessages are those that ping nobody.
func approvalMessages() map[string]blockkit.Message {
	v := goldenVoice()
	quiet := goldenApproval(func(a *approval.Approval) { a.Quiet = true })
	all := map[string]blockkit.Message{
		"approval_cancel":         Cancelled("", []approval.Approval{goldenApproval(nil), goldenApproval(func(a *approval.Approval) { a.Account = "prod" })}),
		"approval_cancel_none":    Cancelled("", nil),
		"approval_cancel_nothing": Cancelled("vault", nil),
		"approval_quiet_asked":    Asked(v, quiet, []string{"S01LEADS", "U04DAVE"}, Asking{}),
		"approval_enter_code":     Approved(approvalStates()["approved"], true),
	}
	for name, a := range approvalStates() {
		if a.State != approval.Waiting {
			all["approval_"+name] = Approval(a, []string{"S01LEADS", "U04DAVE"})
		}
		if m, tells := Outcome(v, a, name == "expired"); tells {
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
	v := goldenVoice()
	client := webapi.New(slack.New(server.BotToken(), slack.OptionAPIURL(server.APIURL())), nil, server.APIURL())
	groups, people := []string{"S01LEADS", "S02OPS", "U04DAVE"}, []string{"U01ALICE", "U02BOB", "W04DAVE", "*"}
	var many []string
	for i := range 60 {
		many = append(many, "U0"+strings.Repeat("X", 7)+string(rune('A'+i%26))+string(rune('A'+i/26)))
	}
	long := goldenApproval(func(a *approval.Approval) { a.Reason = strings.Repeat("<&>", broker.MaxReason/3) })
	explained := broker.Explanation{
		Account:  policy.Account{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", DefaultDuration: time.Hour, MaxDuration: 4 * time.Hour},
		Decision: policy.Decision{Effect: policy.NeedApproval, Rule: "allow leads (S05PLATFORM)", By: policy.Match{Yes: true, Entry: "leads", Group: "S05PLATFORM"}},
		Duration: time.Hour, Way: prose.Say("AssumeRole with your MFA code"), Contact: prose.Say("Ask in #help-aws."),
		NeedsCode: &broker.Error{Code: broker.CodeNeedsCode, What: prose.Say("prod needs the code of your MFA device.")},
		Unmet:     []*broker.Error{{What: prose.Say("prod needs a reason."), Hint: prose.Say("End your request with because and the reason.")}},
	}
	explained.Account.Approval = &policy.ApprovalPolicy{Approvers: []string{"S01LEADS", "U02BOB", "leads"}, Count: 2, Expires: 30 * time.Minute}
	states := approvalStates()
	for name, test := range map[string]struct {
		m     blockkit.Message
		pings []string
	}{
		"approval_waiting":       {Approval(states["waiting"], groups), []string{"<@U01ALICE>", "<!subteam^S01LEADS>", "<!subteam^S02OPS>"}},
		"approval_people":        {Approval(states["half"], people), []string{"<@U01ALICE>", "<@U02BOB>", "<@W04DAVE>"}},
		"approval_quiet":         {Approval(goldenApproval(func(a *approval.Approval) { a.Quiet = true }), groups), []string{"<@U01ALICE>"}},
		"approval_no_reason":     {Approval(states["no_reason"], nil), []string{"<@U01ALICE>"}},
		"approval_reminder":      {ApprovalReminder(states["waiting"], groups), []string{"<!subteam^S01LEADS>", "<!subteam^S02OPS>"}},
		"approval_on_call":       {Approval(states["on_call"], nil), []string{"<@U01ALICE>"}},
		"approval_glass_waiting": {Approval(states["glass_waiting"], groups), []string{"<!subteam^S01LEADS>", "<!subteam^S02OPS>"}},
		"approval_asked": {Asked(v, states["waiting"], groups, Asking{SentCode: true, BreakGlass: true}),
			[]string{"<!subteam^S01LEADS>", "<!subteam^S02OPS>"}},
		"approval_asked_again": {Asked(v, states["half"], people, Asking{Again: true}), []string{"<@U02BOB>", "<@W04DAVE>"}},
		"approval_unnamed":     {Approved(states["half"], false), []string{"<@U03CAROL>"}},
		"explain_approval":     {Explanation(v, explained), []string{"<!subteam^S01LEADS>", "<@U02BOB>"}},
		"":                     {Approval(long, many), nil},
	} {
		if _, err := client.Post(t.Context(), "C0AUDIT", test.m); err != nil {
			t.Fatalf("%s: Slack does not take it: %v", name, err)
		}
		posted := server.InChannel("C0AUDIT")
		got := posted[len(posted)-1]
		if name == "" { // only whether Slack takes it
			if n := len(got.Pings()); n != MostAsked+1 || // and who asks
				!test.m.Fits() {
				t.Errorf("pings %d, want %d", n, MostAsked+1)
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
