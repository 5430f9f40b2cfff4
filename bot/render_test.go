package bot

import (
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
)

var goldenTime = goldentest.Now

func goldenBot() *Bot {
	b := &Bot{now: func() time.Time { return goldenTime }, log: slog.New(slog.DiscardHandler)}
	b.Serve(nil, Settings{RevealWindow: 10 * time.Minute})
	return b
}

func goldenIssued(mfa bool) broker.Issued {
	return broker.Issued{
		Account: broker.Account{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", Region: "eu-west-1"},
		Way:     broker.Say("AssumeRole with your MFA code"),
		Grant: broker.Grant{
			ID: "abcdefghijkl", User: "U01ALICE", Account: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall",
			Principal:   "arn:aws:sts::222222222222:assumed-role/OnCall/alice@example.com",
			AccessKeyID: "ASIAEXAMPLE000000000", Method: broker.MethodAssumeRole, MFA: mfa, Issued: goldenTime, Expires: goldenTime.Add(time.Hour),
		},
		Credentials: broker.Credentials{
			AccessKeyID: "ASIAEXAMPLE000000000", SecretAccessKey: broker.NewSecret("wJalr/XUtnFEMI+K7MDENG/bPxRfiCYEXAMPLEKEY"),
			SessionToken: broker.NewSecret("IQoJb3JpZ2luX2VjEXAMPLE//+token=="), Expires: goldenTime.Add(time.Hour),
		},
		Kept: true, Sealing: broker.InClear(),
	}
}

func goldenOrder(c broker.Code, what []broker.Part, quote string) *broker.Error {
	return &broker.Error{Code: c, What: what, Hint: broker.Say("Ask in #help-aws."), Quote: quote}
}

// otherGrant is a Grant beside goldenIssued's.
func otherGrant() broker.Grant {
	g := goldenIssued(false).Grant
	g.ID, g.Account = "mnopqrstuvwx", "open"
	return g
}

func goldenBuckets(n int, prefix string, reused bool) broker.BucketList {
	list := broker.BucketList{
		Total: n, Kept: true,
		Account: broker.Account{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall"}, Grant: goldenIssued(true).Grant,
		Prefix: prefix, Reused: reused,
	}
	for i := range min(n, broker.BucketsPerPage) {
		list.Buckets = append(list.Buckets, broker.Bucket{Name: fmt.Sprintf("logs-%03d", i), Region: "eu-west-1", Created: goldenTime.AddDate(-1, 0, i)})
	}
	return list
}

// goldenMessages is every kind of message that a person reads.
func goldenMessages(t *testing.T) map[string]blockkit.Message {
	b := goldenBot()
	issued := func(mfa bool, f snippet.Format) blockkit.Message {
		m, err := b.issuedMessage(goldenIssued(mfa), f)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	accounts := []broker.Account{
		{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", MaxDuration: 4 * time.Hour},
		{Name: "open", RoleARN: "arn:aws:iam::333333333333:role/Open", MaxDuration: time.Hour, MFA: broker.MFANone},
		{Name: "hub", MaxDuration: 36 * time.Hour},
	}
	hub := goldenIssued(true)
	hub.Account = accounts[2]
	hub.Way = broker.Say("GetSessionToken with your MFA code: this account has no role, the credentials are your own IAM user's")
	hub.Grant.Account, hub.Grant.Principal, hub.Grant.Method = "hub", "", broker.MethodGetSessionToken
	issuedOwn, err := b.issuedMessage(hub, "")
	if err != nil {
		t.Fatal(err)
	}
	live := broker.Identity{Account: "222222222222", ARN: goldenIssued(true).Grant.Principal, UserID: "AROAEXAMPLE:alice@example.com"}
	own := broker.Identity{Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/alice", UserID: "AIDAEXAMPLE"}
	since := broker.At(goldenTime.Add(-2 * time.Hour).Truncate(time.Minute))
	return map[string]blockkit.Message{
		"issued":            issued(true, ""),
		"issued_fish":       issued(true, snippet.Fish),
		"issued_without":    issued(false, snippet.Bash),
		"issued_own":        issuedOwn,
		"buckets_none":      b.bucketsMessage(goldenBuckets(0, "", true)),
		"buckets_unmatched": b.bucketsMessage(goldenBuckets(0, "<!here>-*x*", true)),
		"buckets_one":       b.bucketsMessage(goldenBuckets(1, "", false)),
		"buckets_many":      b.bucketsMessage(goldenBuckets(345, "logs-", true)),
		"whoami":            b.whoamiMessage(broker.WhoAmI{Own: own, Account: "prod", Live: &live, Grant: goldenIssued(true).Grant}),
		"whoami_none":       b.whoamiMessage(broker.WhoAmI{Own: own, Account: "prod"}),
		"accounts":          b.accountsMessage(accounts, true),
		"accounts_unknown":  b.accountsMessage(accounts[:1], false),
		"accounts_none":     b.accountsMessage(nil, true),
		"sessions": b.sessionsMessage(holding{grants: []broker.Grant{goldenIssued(true).Grant, otherGrant()},
			session: &broker.Session{Expires: goldenTime.Add(8 * time.Hour)}}),
		"sessions_none": b.sessionsMessage(holding{}),
		"sessions_blocked": b.sessionsMessage(holding{grants: []broker.Grant{otherGrant()},
			order: goldenOrder(broker.CodeBlocked, broker.Say("You are blocked since ", since, ": the bot does nothing for you."), "")}),
		"sessions_paused": b.sessionsMessage(holding{order: goldenOrder(broker.CodePaused,
			broker.Say("The bot is paused since ", since, ", by admin@example.com: nothing is issued to anybody."), "Redis is being moved")}),
		"ended":         b.endedMessage(broker.Ending{Grant: goldenIssued(true).Grant}),
		"again":         b.againMessage(goldenIssued(true).Grant, command.Command{}, false),
		"again_console": b.againMessage(goldenIssued(true).Grant, command.Command{Format: snippet.Console, Duration: 30 * time.Minute}, false),
		"undelivered":   b.undeliveredMessage(goldenIssued(true), broker.CodeUndelivered, "abcdefgh"),
		"help":          b.helpMessage(accounts, false, false),
		"help_more":     b.helpMessage(accounts, false, true),
		"help_approval": b.helpMessage(append([]broker.Account{{Name: "vault", Rules: broker.Rules{
			Approval: &broker.ApprovalPolicy{}, BreakGlass: []string{"*"}}}}, accounts...), false, true),
		"error": b.voice.error(&broker.Error{Code: broker.CodeNotAllowed, What: broker.Say("You may not have prod."),
			Use: broker.UseUnused, Hint: broker.Say("Ask in #help-aws.")}),
		"error_ours": b.voice.error(&broker.Error{Code: broker.CodeTrust, What: broker.Say("AWS does not let your IAM user assume the role of prod."),
			Hint: broker.Say(broker.AskOperator), Ref: "abcdefgh"}),
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
	goldentest.Messages(t, all)
}

func TestMessagesRedactThemselves(t *testing.T) {
	m, err := goldenBot().issuedMessage(goldenIssued(true), snippet.Bash)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%v %+v %#v %s", m, m, m, m); strings.Contains(got, "EXAMPLE") {
		t.Errorf("got %q, want it redacted", got)
	}
}

func TestPrefixedCommandsAreNamedInHints(t *testing.T) {
	b := goldenBot()
	b.voice.prefix = "aws-"
	m := b.voice.error(&broker.Error{What: broker.Say("x"), Hint: broker.Say(broker.AssumeCmd("help"), " and ", broker.BucketsCmd())})
	if want := "x /aws-assume help and /aws-buckets"; m.Text != want {
		t.Errorf("got %q, want %q", m.Text, want)
	}
}
