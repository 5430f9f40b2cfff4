// Package world is what the demo plays in: a fake Slack and a fake AWS on
// loopback, the people, everybody's clock, and the bot.
package world

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/demo/shell"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// ConfigFile is the config of the demo.
//
//go:embed demo.yaml
var ConfigFile []byte

const hub, prod, staging, vault = "111111111111", "222222222222", "333333333333", "444444444444"

// auditPace is from one post in the audit channel to the next: the demo's Slack takes more
// than one a second.
const auditPace = 50 * time.Millisecond

// Where AWS is called, and the workspace with its channels and its user group.
const (
	Region  = "eu-west-1"
	Team    = "T0123"
	General = "C0GENERAL"
	Audit   = "C0AUDIT"
	OnCall  = "S01ONCALL"
)

// Memory bounds what a world that runs for weeks holds: of each conversation this many
// messages, edits counted, and of each fake's calls as many. The page shows a hundred; what
// falls off is gone, and the bot does not find it, as where a plan of Slack's ends a history.
const Memory = 1000

// A longTermKey is an access key of the fake AWS.
type longTermKey struct{ id, secret string }

var (
	botKey   = longTermKey{"AKIADEMOBOT000000000", "not+a+secret/the+bot+in+the+demo+0000000"}
	aliceKey = longTermKey{"AKIADEMOALICE0000000", "not+a+secret/alice+in+the+demo+000000000"}
	bobKey   = longTermKey{"AKIADEMOBOB000000000", "not+a+secret/bob+in+the+demo+00000000000"}
)

// A Person is one of the cast.
type Person struct {
	Name, ID string          // in Slack
	DM       string          // the conversation with the bot
	Device   *awstest.Device // nil for who has none
	IAMUser  string          // the ARN of their IAM user; "" for who has none
	Key      shell.Key       // what their shell opens
}

// A World is the fakes and the people in them, and the bot if one is made.
type World struct {
	Clock  *Clock
	AWS    *awstest.Server
	Slack  *slacktest.Server
	App    *app.App // nil until MakeBot
	People []*Person
}

// Start starts the fakes. Whoever started a World closes it.
func Start() (_ *World, err error) {
	w := &World{Clock: &Clock{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if w.AWS, err = awstest.Start(); err != nil {
		return nil, err
	}
	w.AWS.SetClock(w.Clock.Now)
	w.AWS.SetTravel(w.Clock.Moved)
	w.AWS.KeepCalls(Memory)
	if w.Slack, err = slacktest.Start(slacktest.WithTeam(Team, "example"), slacktest.WithMemory(Memory)); err != nil {
		return nil, err
	}
	w.Slack.SetClock(w.Clock.Now)
	w.setUpAWS()
	w.setUpSlack()
	for _, p := range w.People {
		if p.Key, err = shell.NewKey(); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// MakeBot wires the bot to the fakes as `assumebot run` does, with file as its
// config; App.Run runs it. Its own identity reads bob's key from Secrets Manager.
// Neither a profile nor a key of whoever starts the demo is used by it.
func (w *World) MakeBot(ctx context.Context, file []byte, log *slog.Logger) error {
	cfg, err := config.Parse("demo.yaml", w.Config(file), os.ReadFile)
	if err != nil {
		return err
	}
	getenv := w.botSettings()
	settings, err := app.ReadSettings(getenv)
	if err != nil {
		return err
	}
	aws := awsapi.Place{Endpoint: w.AWS.URL(), Key: secret.Credentials{AccessKeyID: botKey.id, SecretAccessKey: secret.New(botKey.secret)}}
	w.App, err = app.New(ctx, cfg, settings, app.Environment{Getenv: getenv, AWS: &aws, Now: w.Clock.Now, Log: log, AuditPace: auditPace})
	return err
}

// Close ends what was started, in reverse order.
func (w *World) Close() error {
	var err error
	if w.App != nil {
		err = w.App.Close()
	}
	if w.Slack != nil {
		err = errors.Join(err, w.Slack.Close())
	}
	if w.AWS != nil {
		err = errors.Join(err, w.AWS.Close())
	}
	return err
}

// ErrRealTime says that the bot is another program, whose time nobody can move.
var ErrRealTime = errors.New("time is real here: the bot is another program, whose clock and Redis the demo cannot move")

// Advance moves everybody's time ahead, that of Redis too. Without a bot of its own the World
// cannot, which is [ErrRealTime].
func (w *World) Advance(d time.Duration) error {
	if w.App == nil {
		return ErrRealTime
	}
	if err := w.App.Store.Advance(d); err != nil {
		return err
	}
	w.Clock.advance(d)
	return nil
}

func (w *World) setUpAWS() {
	w.AWS.AddUser(awstest.User{Account: hub, Name: "assumebot", AccessKeyID: botKey.id, SecretAccessKey: botKey.secret})
	w.AWS.AddUser(awstest.User{Account: hub, Name: "alice", AccessKeyID: aliceKey.id, SecretAccessKey: aliceKey.secret})
	w.AWS.AddUser(awstest.User{Account: hub, Name: "bob", AccessKeyID: bobKey.id, SecretAccessKey: bobKey.secret})
	w.AWS.PutSecret(hub, "assumebot/bob",
		fmt.Sprintf(`{"access_key_id": %q, "secret_access_key": %q}`, bobKey.id, bobKey.secret))
	people := []string{awstest.UserARN(hub, "alice"), awstest.UserARN(hub, "bob")}
	// As deploy/iam/role-trust-policy.json: with MFA, and under one's own name alone.
	trust := awstest.Trust{
		Principals:        people,
		RequireMFA:        true,
		SessionName:       awstest.UserName,
		SourceIdentity:    awstest.UserName,
		SetSourceIdentity: true,
	}
	inProd := trust
	inProd.ExternalID = "7f3c91d2"
	w.AWS.AddRole(awstest.Role{Account: prod, Name: "OnCall", MaxSession: 4 * time.Hour, Trust: inProd})
	w.AWS.AddRole(awstest.Role{Account: staging, Name: "Developer", Trust: trust})
	w.AWS.AddRole(awstest.Role{Account: vault, Name: "Vault", Trust: trust})
	for _, account := range []string{staging, vault} {
		w.AWS.AddRole(awstest.Role{
			Account: account, Name: "AssumebotRevoker",
			Trust: awstest.Trust{Principals: []string{awstest.UserARN(hub, "assumebot")}},
		})
	}
	w.AWS.AddBuckets(hub, buckets("eu-west-1", "example-cloudtrail", "example-terraform-state")...)
	w.AWS.AddBuckets(staging, buckets("eu-central-1", "staging-assets", "staging-logs-app", "staging-logs-lb", "staging-uploads")...)
	w.AWS.AddBuckets(vault, buckets("eu-west-1", "vault-keys", "vault-ledger")...)
	w.AWS.AddBuckets(prod, prodBuckets()...)
}

// buckets makes one bucket for each name, a day apart.
func buckets(region string, names ...string) []awstest.Bucket {
	out := make([]awstest.Bucket, len(names))
	first := time.Date(2025, time.March, 3, 9, 41, 7, 0, time.UTC)
	for i, name := range names {
		out[i] = awstest.Bucket{Name: name, Region: region, Created: first.AddDate(0, 0, i)}
	}
	return out
}

// prodBuckets are more than one reply shows.
func prodBuckets() []awstest.Bucket {
	var names []string
	for _, service := range []string{"api", "billing", "checkout", "events", "search", "web"} {
		for _, use := range []string{"assets", "backup", "exports", "uploads"} {
			names = append(names, "prod-"+service+"-"+use)
		}
		names = append(names, "prod-logs-"+service)
	}
	return append(buckets("eu-west-1", names...), buckets("us-east-1", "prod-cdn-edge", "prod-dr-replica")...)
}

func (w *World) setUpSlack() {
	w.People = []*Person{
		w.withIAMUser("alice", "U01ALICE"),
		w.withIAMUser("bob", "U02BOB"),
		{Name: "carol", ID: "U03CAROL"},
	}
	var members []string
	for _, p := range w.People {
		w.Slack.AddUser(slacktest.User{ID: p.ID, Name: p.Name})
		p.DM = w.Slack.DM(p.ID)
		members = append(members, p.ID)
	}
	w.Slack.AddChannel(slacktest.Channel{ID: General, Name: "general", Members: members, BotMember: true})
	w.Slack.AddChannel(slacktest.Channel{ID: Audit, Name: "aws-audit", Members: members[:2], BotMember: true})
	w.Slack.SetUserGroup(slacktest.UserGroup{ID: OnCall, Handle: "oncall", Name: "On call", Members: members[:1]})
}

// withIAMUser is a person with an IAM user of their name, and an MFA device.
func (w *World) withIAMUser(name, id string) *Person {
	return &Person{
		Name: name, ID: id, IAMUser: awstest.UserARN(hub, name),
		Device: w.AWS.AddDevice(hub, name, awstest.DeviceARN(hub, name), []byte(name+"'s virtual device")),
	}
}

// BotIdentity is the ARN of what the bot runs as in AWS.
func BotIdentity() string { return awstest.UserARN(hub, "assumebot") }

// ChannelName is how a channel's messages are headed.
func ChannelName(id string) string {
	switch id {
	case General:
		return "#general"
	case Audit:
		return "#aws-audit"
	}
	return id
}
