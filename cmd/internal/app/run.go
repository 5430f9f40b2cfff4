package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/assumebot/assumebot/bot"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/store"
)

// An App is assumebot wired together: store, broker, bot.
type App struct {
	Store *store.Store
	Bot   *bot.Bot
}

// Environment is what an App takes from around it.
type Environment struct {
	Getenv func(string) string // where users' keys are, beside the SDK's own settings
	Now    func() time.Time
	Log    *slog.Logger
}

// Run wires assumebot, serves until ctx ends and finishes what was accepted.
func Run(ctx context.Context, cfg Config, s Settings, log *slog.Logger) error {
	store.RouteClientLog(log)
	a, err := New(ctx, cfg, s, Environment{Getenv: os.Getenv, Now: time.Now, Log: log})
	if err != nil {
		return err
	}
	return errors.Join(a.Bot.Run(ctx), a.Close())
}

// New reaches Redis and wires the rest; nothing is served before Bot.Run.
func New(ctx context.Context, cfg Config, s Settings, env Environment) (*App, error) {
	if err := s.CheckPartition(cfg); err != nil {
		return nil, err
	}
	for _, w := range cfg.Warnings {
		env.Log.Warn("config: " + w.Message)
	}
	aws, err := broker.NewAWS(ctx, s.AWSRegion, env.Getenv, env.Now)
	if err != nil {
		return nil, fmt.Errorf("AWS settings: %w", err)
	}
	st, err := store.Open(ctx, store.Options{URL: s.RedisURL, SealKeys: s.SealKeys, Now: env.Now, Log: env.Log})
	if err != nil {
		return nil, err
	}
	if st.Embedded() {
		env.Log.Warn("Redis is embedded: what the bot knows ends with this process, the audit record too")
	}
	api := bot.NewClient(s.SlackAppToken, s.SlackBotToken, s.SlackAPIURL)
	issuing := cfg.Broker
	issuing.Accounts = withRegion(issuing.Accounts, s.AWSRegion)
	directory := bot.NewDirectory(bot.DirectoryDeps{
		API: api, Copies: st, Known: st, Leases: st, Recorder: st, Named: issuing.UserGroups, Now: env.Now, Log: env.Log,
	})
	b := bot.New(bot.Deps{
		API: api, HTTP: bot.NewHTTPClient(), APIURL: s.SlackAPIURL,
		Broker: broker.New(broker.Deps{
			Config: &issuing, AWS: aws, Codes: st, Claims: st, Sessions: st, Grants: st, Ledger: st, Listings: st, Keys: st, ParseKey: bot.ParsePublicKey, Recorder: st,
			Leases: st, Lockouts: st, Controls: st, Rates: st, Holders: st, Directory: directory, People: bot.NewPeople(api, st), Now: env.Now, Log: env.Log,
		}),
		Seen: st, Copies: st, Preferences: st, Homes: st, Record: st, Leases: st, Cursors: st, Due: st, Ledger: st,
		Settings: bot.Settings{
			Workspaces: cfg.Broker.Workspaces, RevealWindow: cfg.Broker.RevealWindow, MFASession: cfg.Broker.MFASession, Reminder: cfg.Reminder,
		},
		CommandPrefix: cfg.Slack.CommandPrefix, Connections: cfg.Slack.Connections, AuditChannel: cfg.Slack.AuditChannel,
		Embedded: st.Embedded(), Now: env.Now, Log: env.Log,
	})
	return &App{Store: st, Bot: b}, nil
}

// Close lets go of Redis.
func (a *App) Close() error { return a.Store.Close() }

// withRegion gives Accounts that name no region the one that STS is called in.
func withRegion(accounts []broker.Account, region string) []broker.Account {
	out := make([]broker.Account, len(accounts))
	for i, a := range accounts {
		if a.Region == "" {
			a.Region = region
		}
		out[i] = a
	}
	return out
}
