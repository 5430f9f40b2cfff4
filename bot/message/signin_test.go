package message

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// goldenSignIn is a link of n bytes at least.
func goldenSignIn(n int, change func(*broker.SignIn)) broker.SignIn {
	s := broker.SignIn{Issued: goldenIssued(true), Until: goldenTime.Add(broker.LinkLife)}
	s.Sealing = secret.InClear()
	link := "https://signin.aws.amazon.com/federation?Action=login&Destination=https%3A%2F%2Fconsole.aws.amazon.com%2F&Issuer=assumebot&SigninToken=EXAMPLE"
	s.Link = secret.New(link + strings.Repeat("0", max(0, n-len(link))))
	if change != nil {
		change(&s)
	}
	return s
}

// consoleMessages are those of console sign-in and of explain.
func consoleMessages(t *testing.T) map[string]blockkit.Message {
	v := goldenVoice()
	signIn := func(s broker.SignIn) blockkit.Message {
		m, err := SignIn(v, s, "")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	noLink, err := NoLink(v, goldenSignIn(0, func(s *broker.SignIn) {
		s.Problem = &broker.Error{Code: broker.CodeSignin, Ref: "abcdefgh",
			What: prose.Say("The sign-in endpoint of AWS refused these credentials, so there is no link."),
			Hint: prose.Say("The credentials were issued and work: here they are. Pass the reference to whoever runs the bot.")}
	}), "")
	if err != nil {
		t.Fatal(err)
	}
	prod := broker.Explanation{
		Account:  policy.Account{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", DefaultDuration: time.Hour, MaxDuration: 4 * time.Hour},
		Decision: policy.Decision{Effect: policy.Allow, Rule: "allow S01ONCALL", By: policy.Match{Yes: true, Entry: "S01ONCALL"}},
		Duration: time.Hour, Way: prose.Say("AssumeRole with your MFA code"), Contact: prose.Say("Ask in #help-aws."),
		NeedsCode: &broker.Error{Code: broker.CodeNeedsCode, What: prose.Say("prod needs the code of your MFA device.")},
	}
	explain := func(change func(*broker.Explanation)) blockkit.Message {
		e := prod
		change(&e)
		return Explanation(v, e)
	}
	return map[string]blockkit.Message{
		"console":      signIn(goldenSignIn(maxButtonURL, nil)),
		"console_long": signIn(goldenSignIn(maxButtonURL+1, nil)),
		"console_service": signIn(goldenSignIn(0, func(s *broker.SignIn) {
			s.Service, s.Grant.MFA, s.Saved = "s3", false, false
		})),
		"console_none": noLink,
		"explain":      explain(func(*broker.Explanation) {}),
		"explain_longer": explain(func(e *broker.Explanation) {
			e.Decision.By, e.Duration = policy.Match{Yes: true, Entry: "U01ALICE"}, 2*time.Hour
		}),
		"explain_too_long": explain(func(e *broker.Explanation) {
			e.Duration, e.Way, e.NeedsCode = 0, nil, nil
			e.Problem = &broker.Error{What: prose.Say("prod is issued for 4h at most."), Hint: prose.Say("Ask for 4h or less.")}
		}),
		"explain_without": explain(func(e *broker.Explanation) {
			e.Decision.By, e.Account.MFA, e.NeedsCode = policy.Match{Yes: true, Entry: "*"}, policy.MFANone, nil
			e.Way = prose.Say("AssumeRole without MFA: the config says ", prose.Literal("mfa: none"), " for this account")
		}),
		"explain_own": explain(func(e *broker.Explanation) {
			e.Account = policy.Account{Name: "hub", DefaultDuration: time.Hour, MaxDuration: 12 * time.Hour}
			e.Way = prose.Say("GetSessionToken with your MFA code: this account has no role, the credentials are your own IAM user's")
			e.NeedsCode = &broker.Error{Code: broker.CodeNeedsCode, What: prose.Say("hub needs the code of your MFA device.")}
		}),
		"explain_approved": explain(func(e *broker.Explanation) {
			e.Decision = policy.Decision{Effect: policy.NeedApproval, By: policy.Match{Yes: true, Entry: "leads", Group: "S05PLATFORM"}}
			e.Account.Approval, e.Duration = &policy.ApprovalPolicy{Approvers: []string{"S02LEADS"}, Count: 1}, time.Hour
			approved := approvalStates()["approved"]
			e.Approved = &approved
		}),
		"explain_paused": explain(func(e *broker.Explanation) {
			e.Unmet = []*broker.Error{{Code: broker.CodePaused, What: prose.Say("Everything is paused by U09ADMIN."), Quote: "*laptop* lost"}}
		}),
		"explain_unmet": explain(func(e *broker.Explanation) {
			e.Unmet = []*broker.Error{{Code: broker.CodeChannel,
				What: prose.Say("prod may be asked for only from certain Slack channels, and this is none of them."),
				Hint: prose.Say("Ask in ", prose.Channel("C0OPS"), ", ", prose.Channel("C0DUTY"), ".")}}
		}),
		"explain_denied_by": explain(func(e *broker.Explanation) {
			denied := policy.Decision{Effect: policy.Deny, By: policy.Match{Yes: true, Entry: "leads"}}
			*e = broker.Explanation{Account: policy.Account{Name: "prod"}, Decision: denied, Contact: e.Contact}
		}),
		"explain_break_glass": explain(func(e *broker.Explanation) {
			*e = broker.Explanation{Account: policy.Account{Name: "prod"}, Decision: policy.Decision{Effect: policy.Deny, Rule: "default deny"}, Contact: e.Contact,
				BreakGlass: true}
		}),
		"explain_oncall": explain(func(e *broker.Explanation) {
			e.Decision = policy.Decision{Effect: policy.Allow, Rule: "oncall S03PAGER", By: policy.Match{Yes: true, Entry: "S03PAGER"}, OnCall: true}
		}),
		"explain_group": explain(func(e *broker.Explanation) {
			e.Decision = policy.Decision{Effect: policy.Allow, Rule: "allow leads", By: policy.Match{Yes: true, Entry: "leads"}}
		}),
		"explain_denied": explain(func(e *broker.Explanation) {
			*e = broker.Explanation{Account: policy.Account{Name: "prod"}, Decision: policy.Decision{Effect: policy.Deny, Rule: "default deny"}, Contact: e.Contact}
		}),
		"explain_unknown": explain(func(e *broker.Explanation) {
			*e = broker.Explanation{Account: policy.Account{Name: "prod"}, Contact: e.Contact,
				Decision: policy.Decision{Effect: policy.Deny, Rule: "membership unknown", Err: fmt.Errorf("usergroups.list: ratelimited")}}
		}),
	}
}

func TestSignInLinkIsNeverInTheFallbackText(t *testing.T) {
	for _, n := range []int{0, maxButtonURL, maxButtonURL + 1, 10_000} {
		m, err := SignIn(goldenVoice(), goldenSignIn(n, nil), "")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(m.Text, "http") || strings.Contains(m.Text, "EXAMPLE") {
			t.Errorf("%d bytes: got fallback %q, want nothing of the link in it", n, m.Text)
		}
		if !m.Fits() {
			t.Errorf("%d bytes do not fit", n)
		}
	}
}

func TestSignInLinkIsSealedForWhoHasAKey(t *testing.T) {
	key, err := snippet.ParsePublicKey("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
	if err != nil {
		t.Fatal(err)
	}
	s := goldenSignIn(0, func(s *broker.SignIn) { s.Sealing = secret.SealedTo(key) })
	m, err := SignIn(goldenVoice(), s, "")
	if err != nil {
		t.Fatal(err)
	}
	got := encoded(t, m)
	if strings.Contains(got, "signin.aws") || !strings.Contains(got, "BEGIN AGE ENCRYPTED FILE") {
		t.Errorf("got %s, want the link encrypted", got)
	}
	s.Sealing = secret.Sealing{}
	if m, err := SignIn(goldenVoice(), s, ""); err == nil {
		t.Errorf("got %s while nobody looked for a key, want nothing", encoded(t, m))
	}
}

func encoded(t *testing.T, m blockkit.Message) string {
	t.Helper()
	data, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	return m.Text + string(data)
}
