package setup

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"

	"github.com/assumebot/assumebot/broker/policy"
)

// A Question is one answer that is asked for.
type Question struct {
	Flag    string // how the command line gives it
	Help    string // what the help of the flag says, in a line
	Asks    string // with where the answer is found
	Example string

	of       func(*Answers) *string
	standard func(Answers) string // what it is when nobody says; nil: it must be said
	unasked  func(Answers) bool   // whether it is not asked, and left out
}

// Required reports whether it has no answer by itself.
func (q Question) Required() bool { return q.standard == nil }

// Asked reports whether it is of any use after the answers that there are.
func (q Question) Asked(a Answers) bool { return q.unasked == nil || !q.unasked(a) }

// Standard is its answer when nobody says; "" is none.
func (q Question) Standard(a Answers) string {
	if q.standard == nil {
		return ""
	}
	return q.standard(a)
}

// Value is its answer as it stands.
func (q Question) Value(a Answers) string { return *q.of(&a) }

// Questions are all of them, in the order in which one follows from the other.
func Questions() []Question { return questions[:] }

var questions = [...]Question{
	{
		Flag: "workspace", Help: "the `ID` of the Slack workspace, T…",
		Asks: "Slack workspace ID, the T… of app.slack.com/client/T… in a browser", Example: "T0123EXAMPLE",
		of: func(a *Answers) *string { return &a.Workspace },
	}, {
		Flag: "channel", Help: "the `ID` of the audit channel, C…",
		Asks: "Slack channel where every request is told, the ID at the bottom of its About", Example: "C0123AUDIT",
		of: func(a *Answers) *string { return &a.Channel },
	}, {
		Flag: "slack-user", Help: "your Slack `ID`, U…",
		Asks: "Your Slack user ID: your profile, the three dots, Copy member ID", Example: "U01ALICE",
		of: func(a *Answers) *string { return &a.SlackUser },
	}, {
		Flag: "command-prefix", Help: "the `PREFIX` of the slash commands, such as aws-",
		Asks: "What stands before the bot's slash commands, where /assume is taken", Example: "aws-",
		of: func(a *Answers) *string { return &a.Prefix }, standard: nothing, unasked: always,
	}, {
		Flag: "iam-user", Help: "the `ARN` of your IAM user",
		Asks: "ARN of your IAM user, as aws sts get-caller-identity says it", Example: "arn:aws:iam::111111111111:user/alice",
		of: func(a *Answers) *string { return &a.IAMUser },
	}, {
		Flag: "mfa-serial", Help: "the `SERIAL` of its MFA device, mostly an ARN",
		Asks: "ARN of its virtual MFA device, or the serial of a hardware one", Example: "arn:aws:iam::111111111111:mfa/alice",
		of: func(a *Answers) *string { return &a.MFASerial },
		standard: func(a Answers) string {
			return "arn:" + a.Partition() + ":iam::" + a.AWSAccount() + ":mfa/" + a.UserName()
		},
	}, {
		Flag: "key", Help: "where its `KEY` is, such as \"profile alice\"",
		Asks: "Where the bot reads its access key: secret NAME (Secrets Manager), profile NAME, env PREFIX or default", Example: "secret assumebot/alice",
		of: func(a *Answers) *string { return &a.Key }, standard: func(a Answers) string { return "secret assumebot/" + a.UserName() },
	}, {
		Flag: "account", Help: "the `ALIAS` that people type",
		Asks: "Alias of the first account, which people type", Example: "prod",
		of: func(a *Answers) *string { return &a.Account }, standard: func(Answers) string { return "prod" },
	}, {
		Flag: "role", Help: "the `ARN` of the role to assume",
		Asks: "ARN of the role to assume there", Example: "arn:aws:iam::222222222222:role/OnCall",
		of: func(a *Answers) *string { return &a.Role },
	}, {
		Flag: "external-id", Help: "the external `ID` of its trust policy",
		Asks: "External ID that the role's trust policy asks for, if it has one; Enter takes a new one, for the policy that is written", Example: "7f3c91d2",
		of: func(a *Answers) *string { return &a.ExternalID }, standard: func(Answers) string { return newExternalID() },
	}, {
		Flag: "region", Help: "the AWS `REGION`",
		Asks: "AWS region", Example: "eu-west-1",
		of: func(a *Answers) *string { return &a.Region }, standard: Answers.region,
	}, {
		Flag: "allow", Help: "who may: a `LIST` of U…, S… or *",
		Asks: `Who may have it: users (U…), user groups (S…), or * for every user of the file`, Example: "S01ONCALL,U01ALICE",
		of: func(a *Answers) *string { return &a.Allow }, standard: func(a Answers) string { return a.SlackUser },
	}, {
		Flag: "revoker", Help: "the `ARN` of a role that takes credentials back",
		Asks: "ARN of a role that takes credentials back, if you want one", Example: "arn:aws:iam::222222222222:role/AssumebotRevoker",
		of: func(a *Answers) *string { return &a.Revoker }, standard: nothing,
	}, {
		Flag: "boundary", Help: "the `ARN` of the role's permissions boundary",
		Asks:    "ARN of the permissions boundary of the role, without which a revoker could widen it",
		Example: "arn:aws:iam::222222222222:policy/OnCallBoundary", of: func(a *Answers) *string { return &a.Boundary },
		standard: func(a Answers) string {
			role := policy.RoleARN(a.Role)
			return a.withRevoker("arn:" + role.Partition() + ":iam::" + role.AccountID() + ":policy/" + role.RoleName() + "Boundary")
		},
		unasked: noRevoker,
	}, {
		Flag: "bot-identity", Help: "the `ARN` of what the bot runs as",
		Asks: "ARN of the role or user that the bot runs as", Example: "arn:aws:iam::111111111111:role/assumebot",
		of: func(a *Answers) *string { return &a.Bot },
		standard: func(a Answers) string {
			return a.withRevoker("arn:" + a.Partition() + ":iam::" + a.AWSAccount() + ":role/assumebot")
		},
		unasked: noRevoker,
	},
}

// newExternalID is random, so that nobody guesses it.
func newExternalID() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // it never fails
	return hex.EncodeToString(random)
}

func nothing(Answers) string   { return "" }
func always(Answers) bool      { return true }
func noRevoker(a Answers) bool { return a.Revoker == "" }

// firstRegions are one of each partition, where AWS_REGION does not say another.
var firstRegions = map[string]string{
	"aws": "eu-west-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-eusc": "eusc-de-east-1",
	"aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1", "aws-iso-e": "eu-isoe-west-1", "aws-iso-f": "us-isof-south-1",
}

func (a Answers) region() string {
	if a.HomeRegion != "" && policy.PartitionOfRegion(a.HomeRegion) == a.Partition() {
		return a.HomeRegion
	}
	return cmp.Or(firstRegions[a.Partition()], "eu-west-1")
}

func (a Answers) withRevoker(arn string) string {
	if a.Revoker == "" {
		return ""
	}
	return arn
}
