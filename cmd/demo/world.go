package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

//go:embed demo.yaml
var configFile []byte

const (
	hub, prod, staging, vault = "111111111111", "222222222222", "333333333333", "444444444444"

	region  = "eu-west-1"
	team    = "T0123"
	general = "C0GENERAL"
	audit   = "C0AUDIT"
)

// A longTermKey is an access key of the fake AWS.
type longTermKey struct{ id, secret string }

var (
	botKey   = longTermKey{"AKIADEMOBOT000000000", "not+a+secret/the+bot+in+the+demo+0000000"}
	aliceKey = longTermKey{"AKIADEMOALICE0000000", "not+a+secret/alice+in+the+demo+000000000"}
	bobKey   = longTermKey{"AKIADEMOBOB000000000", "not+a+secret/bob+in+the+demo+00000000000"}
)

// A person is one of the cast.
type person struct {
	name, id string // in Slack
	dm       string // the conversation with the bot
	device   *awstest.Device
	shown    *shown // the last credentials that they saw; nil before
	sealed   bool   // what they saw last is encrypted to their key
	atHome   bool   // the App Home is what is before them
	asked    *question
}

// A world is the fakes, the people in them, and the bot, which is not running yet.
type world struct {
	clock  *clock
	aws    *awstest.Server
	slack  *slacktest.Server
	app    *app.App
	people []*person
}

// newWorld starts the fakes and wires the bot to them as `assumebot run` does.
// Neither a profile nor a key of whoever starts the demo is used by it.
func newWorld(ctx context.Context, log *slog.Logger) (_ *world, err error) {
	w := &world{clock: &clock{}}
	defer func() { //nolint:contextcheck // it ends what ctx must not end
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.aws, err = awstest.Start(); err != nil {
		return nil, err
	}
	w.aws.SetClock(w.clock.now)
	w.aws.SetTravel(w.clock.moved)
	if w.slack, err = slacktest.Start(slacktest.WithTeam(team, "example")); err != nil {
		return nil, err
	}
	w.slack.SetClock(w.clock.now)
	w.setUpAWS()
	w.setUpSlack()
	w.app, err = w.newApp(ctx, log)
	return w, err
}

// newApp wires the bot, whose own identity reads bob's key from Secrets Manager.
func (w *world) newApp(ctx context.Context, log *slog.Logger) (*app.App, error) {
	cfg, err := config.Parse("demo.yaml", configFile, os.ReadFile)
	if err != nil {
		return nil, err
	}
	cfg.Broker.SigninEndpoint = w.aws.URL() + "/federation" // known only now
	getenv := botSettings(w.slack)
	settings, err := app.ReadSettings(getenv)
	if err != nil {
		return nil, err
	}
	aws := awsapi.Place{Endpoint: w.aws.URL(), Key: secret.Credentials{AccessKeyID: botKey.id, SecretAccessKey: secret.New(botKey.secret)}}
	return app.New(ctx, cfg, settings, app.Environment{Getenv: getenv, AWS: &aws, Now: w.clock.now, Log: log})
}

// close ends what was started, in reverse order.
func (w *world) close() error {
	var err error
	if w.app != nil {
		err = w.app.Close()
	}
	if w.slack != nil {
		err = errors.Join(err, w.slack.Close())
	}
	if w.aws != nil {
		err = errors.Join(err, w.aws.Close())
	}
	return err
}

// advance moves everybody's time ahead, that of Redis too.
func (w *world) advance(d time.Duration) error {
	if err := w.app.Store.Advance(d); err != nil {
		return err
	}
	w.clock.advance(d)
	return nil
}

func (w *world) setUpAWS() {
	w.aws.AddUser(awstest.User{Account: hub, Name: "assumebot", AccessKeyID: botKey.id, SecretAccessKey: botKey.secret})
	w.aws.AddUser(awstest.User{Account: hub, Name: "alice", AccessKeyID: aliceKey.id, SecretAccessKey: aliceKey.secret})
	w.aws.AddUser(awstest.User{Account: hub, Name: "bob", AccessKeyID: bobKey.id, SecretAccessKey: bobKey.secret})
	w.aws.PutSecret(hub, "assumebot/bob",
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
	w.aws.AddRole(awstest.Role{Account: prod, Name: "OnCall", MaxSession: 4 * time.Hour, Trust: inProd})
	w.aws.AddRole(awstest.Role{Account: staging, Name: "Developer", Trust: trust})
	w.aws.AddRole(awstest.Role{Account: vault, Name: "Vault", Trust: trust})
	for _, account := range []string{staging, vault} {
		w.aws.AddRole(awstest.Role{
			Account: account, Name: "AssumebotRevoker",
			Trust: awstest.Trust{Principals: []string{awstest.UserARN(hub, "assumebot")}},
		})
	}
	w.aws.AddBuckets(hub, buckets("eu-west-1", "example-cloudtrail", "example-terraform-state")...)
	w.aws.AddBuckets(staging, buckets("eu-central-1", "staging-assets", "staging-logs-app", "staging-logs-lb", "staging-uploads")...)
	w.aws.AddBuckets(vault, buckets("eu-west-1", "vault-keys", "vault-ledger")...)
	w.aws.AddBuckets(prod, prodBuckets()...)
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

func (w *world) setUpSlack() {
	w.people = []*person{
		{name: "alice", id: "U01ALICE", device: w.aws.AddDevice(hub, "alice", awstest.DeviceARN(hub, "alice"), []byte("alice's virtual device"))},
		{name: "bob", id: "U02BOB", device: w.aws.AddDevice(hub, "bob", awstest.DeviceARN(hub, "bob"), []byte("bob's virtual device"))},
		{name: "carol", id: "U03CAROL"},
	}
	var members []string
	for _, p := range w.people {
		w.slack.AddUser(slacktest.User{ID: p.id, Name: p.name})
		p.dm = w.slack.DM(p.id)
		members = append(members, p.id)
	}
	w.slack.AddChannel(slacktest.Channel{ID: general, Name: "general", Members: members, BotMember: true})
	w.slack.AddChannel(slacktest.Channel{ID: audit, Name: "aws-audit", Members: members[:2], BotMember: true})
	w.slack.SetUserGroup(slacktest.UserGroup{ID: "S01ONCALL", Handle: "oncall", Name: "On call", Members: members[:1]})
}

// person finds one of the cast by name, in any case.
func (w *world) person(name string) (*person, bool) {
	for _, p := range w.people {
		if strings.EqualFold(p.name, name) {
			return p, true
		}
	}
	return nil, false
}

// channelName is how a channel's messages are headed.
func channelName(id string) string {
	switch id {
	case general:
		return "#general"
	case audit:
		return "#aws-audit"
	}
	return id
}
