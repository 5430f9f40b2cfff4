package message

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

var goldenTime = goldentest.Now

func goldenVoice() Voice {
	return Voice{Now: func() time.Time { return goldenTime }, Reveal: 10 * time.Minute}
}

func goldenIssued(mfa bool) broker.Issued {
	return broker.Issued{
		Account: policy.Account{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", Region: "eu-west-1"},
		Way:     prose.Say("AssumeRole with your MFA code"),
		Grant: broker.Grant{
			ID: "abcdefghijkl", User: "U01ALICE", Account: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall",
			Principal:   "arn:aws:sts::222222222222:assumed-role/OnCall/alice@example.com",
			AccessKeyID: "ASIAEXAMPLE000000000", Method: broker.MethodAssumeRole, MFA: mfa, Entry: 4711, Issued: goldenTime, Expires: goldenTime.Add(time.Hour),
		},
		Credentials: secret.Credentials{
			AccessKeyID: "ASIAEXAMPLE000000000", SecretAccessKey: secret.New("wJalr/XUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY"),
			SessionToken: secret.New("IQoJb3JpZ2luX2VjEXAMPLE//+token=="), Expires: goldenTime.Add(time.Hour),
		},
		Saved: true, Sealing: secret.InClear(),
	}
}

func goldenOrder(c broker.Code, what []prose.Part, quote string) *broker.Error {
	return &broker.Error{Code: c, What: what, Hint: prose.Say("Ask in #help-aws."), Quote: quote}
}

// otherGrant is a Grant beside goldenIssued's.
func otherGrant() broker.Grant {
	g := goldenIssued(false).Grant
	g.ID, g.Account = "mnopqrstuvwx", "open"
	return g
}

func goldenBuckets(n int, prefix string, reused bool) broker.BucketList {
	list := broker.BucketList{
		Total: n, Saved: true,
		Account: policy.Account{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall"}, Grant: goldenIssued(true).Grant,
		Prefix: prefix, Reused: reused,
	}
	for i := range min(n, listing.PerPage) {
		list.Buckets = append(list.Buckets, listing.Bucket{Name: fmt.Sprintf("logs-%03d", i), Region: "eu-west-1", Created: goldenTime.AddDate(-1, 0, i)})
	}
	return list
}

// goldenMine are accounts as whoever may have them all.
func goldenMine(accounts ...policy.Account) policy.Mine {
	c := policy.Config{Users: policy.Users(policy.User{Slack: "U01ALICE"})}
	for _, a := range accounts {
		a.Allow = []policy.Rule{{Who: []string{"*"}}}
		c.Accounts.Add(a.Name, a)
	}
	return c.Index().Mine("U01ALICE", nil)
}

// goldenMessages is every kind of message that a person reads.
func goldenMessages(t *testing.T) map[string]blockkit.Message {
	v := goldenVoice()
	issued := func(mfa bool, f snippet.Format) blockkit.Message {
		m, err := Issued(v, goldenIssued(mfa), f)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	accounts := []policy.Account{
		{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", MaxDuration: 4 * time.Hour},
		{Name: "open", RoleARN: "arn:aws:iam::333333333333:role/Open", MaxDuration: time.Hour, MFA: policy.MFANone},
		{Name: "hub", MaxDuration: 36 * time.Hour},
	}
	hub := goldenIssued(true)
	hub.Account = accounts[2]
	hub.Way = prose.Say("GetSessionToken with your MFA code: this account has no role, the credentials are your own IAM user's")
	hub.Grant.Account, hub.Grant.Principal, hub.Grant.Method = "hub", "", broker.MethodGetSessionToken
	issuedOwn, err := Issued(v, hub, "")
	if err != nil {
		t.Fatal(err)
	}
	live := broker.Identity{Account: "222222222222", ARN: goldenIssued(true).Grant.Principal, UserID: "AROAEXAMPLE:alice@example.com"}
	own := broker.Identity{Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/alice", UserID: "AIDAEXAMPLE"}
	some := goldenMine(accounts[:1]...)
	some.Complete = false
	since := prose.At(goldenTime.Add(-2 * time.Hour).Truncate(time.Minute))
	return map[string]blockkit.Message{
		"issued":            issued(true, ""),
		"issued_fish":       issued(true, snippet.Fish),
		"issued_without":    issued(false, snippet.Bash),
		"issued_own":        issuedOwn,
		"buckets_none":      Buckets(v, goldenBuckets(0, "", true)),
		"buckets_unmatched": Buckets(v, goldenBuckets(0, "<!here>-*x*", true)),
		"buckets_one":       Buckets(v, goldenBuckets(1, "", false)),
		"buckets_many":      Buckets(v, goldenBuckets(345, "logs-", true)),
		"whoami":            WhoAmI(broker.WhoAmI{Own: own, Account: "prod", Live: &live, Grant: goldenIssued(true).Grant}),
		"whoami_none":       WhoAmI(broker.WhoAmI{Own: own, Account: "prod"}),
		"accounts":          Accounts(goldenMine(accounts...)),
		"accounts_unknown":  Accounts(some),
		"accounts_none":     Accounts(goldenMine()),
		"sessions": Sessions(v, Holding{Grants: []broker.Grant{goldenIssued(true).Grant, otherGrant()},
			Session: &broker.Session{Expires: goldenTime.Add(8 * time.Hour)}}),
		"sessions_none": Sessions(v, Holding{}),
		"sessions_blocked": Sessions(v, Holding{Grants: []broker.Grant{otherGrant()},
			Order: goldenOrder(broker.CodeBlocked, prose.Say("You are blocked since ", since, ": the bot does nothing for you."), "")}),
		"sessions_paused": Sessions(v, Holding{Order: goldenOrder(broker.CodePaused,
			prose.Say("The bot is paused since ", since, ", by admin@example.com: nothing is issued to anybody."), "Redis is being moved")}),
		"ended":         Ended(v, broker.Ending{Grant: goldenIssued(true).Grant}),
		"again":         Again(v, goldenIssued(true).Grant, command.Command{}, false),
		"again_console": Again(v, goldenIssued(true).Grant, command.Command{Format: snippet.Console, Duration: 30 * time.Minute}, false),
		"undelivered":   Undelivered(v, goldenIssued(true), broker.CodeUndelivered, "abcdefgh"),
		"help":          new(Helps).Help(v, slices.Values(accounts), false, false),
		"help_more":     new(Helps).Help(v, slices.Values(accounts), false, true),
		"help_approval": new(Helps).Help(v, slices.Values(append([]policy.Account{{Name: "vault", Rules: policy.Rules{
			Approval: &policy.ApprovalPolicy{}, BreakGlass: []string{"*"}}}}, accounts...)), false, true),
		"error": v.Error(&broker.Error{Code: broker.CodeNotAllowed, What: prose.Say("You may not have prod."),
			Use: broker.UseUnused, Hint: prose.Say("Ask in #help-aws.")}),
		"error_ours": v.Error(&broker.Error{Code: broker.CodeTrust, What: prose.Say("AWS does not let your IAM user assume the role of prod."),
			Hint: prose.Say(broker.AskOperator), Ref: "abcdefgh"}),
	}
}

// TestMessagesAreAsJudged compares every message with its golden file.
func TestMessagesAreAsJudged(t *testing.T) {
	all := goldenMessages(t)
	maps.Copy(all, consoleMessages(t))
	maps.Copy(all, mfaMessages())
	maps.Copy(all, sealedMessages(t))
	maps.Copy(all, deliveryMessages(t))
	maps.Copy(all, bucketPageMessages())
	maps.Copy(all, approvalMessages())
	maps.Copy(all, adminMessages())
	maps.Copy(all, receiptMessages(t))
	maps.Copy(all, historyMessages())
	goldentest.Messages(t, all)
}

func TestMessagesRedactThemselves(t *testing.T) {
	m, err := Issued(goldenVoice(), goldenIssued(true), snippet.Bash)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%v %+v %#v %s", m, m, m, m); strings.Contains(got, "EXAMPLE") {
		t.Errorf("got %q, want it redacted", got)
	}
}

func TestPrefixedCommandsAreNamedInHints(t *testing.T) {
	v := goldenVoice()
	v.Prefix = "aws-"
	m := v.Error(&broker.Error{What: prose.Say("x"), Hint: prose.Say(prose.AssumeCmd("help"), " and ", prose.BucketsCmd())})
	if want := "x /aws-assume help and /aws-buckets"; m.Text != want {
		t.Errorf("got %q, want %q", m.Text, want)
	}
}
