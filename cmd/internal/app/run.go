package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assumebot/assumebot/bot"
	"github.com/assumebot/assumebot/bot/directory"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/endpoint"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/sink"
	"github.com/assumebot/assumebot/broker/recorded"
	"github.com/assumebot/assumebot/broker/watch"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
)

// An App is assumebot wired together: store, broker, bot.
type App struct {
	Store   *store.Store
	Bot     *bot.Bot
	Record  *record.Log
	record  *recording
	config  config.Config
	aws     *awsapi.Client
	watcher *watcher // nil: there is no file to watch
	leases  *lease.Roster
	sinks   []*sink.Follower
	ages    *keyAges
	keys    *rotating
	groups  broker.Directory
	seals   *resealing  // nil: the seal keys are in no file
	told    atomic.Bool // to stop
	env     Environment
}

// Environment is what an App takes from around it.
type Environment struct {
	Getenv func(string) string // where users' keys are, beside the SDK's own settings
	AWS    *awsapi.Place       // nil: where the SDK's own settings say
	Now    func() time.Time
	Log    *slog.Logger

	Host    string    // where it runs, for admins; "": not known
	Version string    // of the program, for the log and admins
	Began   time.Time // when the program was started

	Read   *config.Reading  // what the config came from; nil: it is not read again
	Look   <-chan time.Time // when to look whether it says something else, or a newer release writes to the store
	Reload <-chan os.Signal // when to read it at once

	Watch watch.Watcher // is told how the bot does; nil: nobody is
	Trace watch.Tracer  // is told what belongs to one another; nil: nobody is

	Stdout io.Writer // where a sink of that name writes

	AuditPace  time.Duration // from one post in the audit channel to the next; 0: what Slack takes
	LedgerPace ledger.Pace   // how soon a dead process is found; zero: as usual

	Line    *store.Line // the way to Redis, for a drill; nil: nobody cuts it
	Padding int32       // the least bytes of a session token, for a drill; 0: what it needs

	PauseFor time.Duration // after which a pause of this replica's ends by itself, for a drill; 0: it does not

	leases *lease.Roster
}

// Run wires assumebot with the config that was read, serves until ctx ends and
// finishes what was accepted. It reads the config again when the file changes, and
// at each signal of env.Reload. Of env it takes what is not the process's own.
func Run(ctx context.Context, read config.Reading, s Settings, env Environment) error {
	store.RouteClientLog(env.Log)
	look, stop := ticks(ctx, pollEvery)
	defer stop()
	env.Getenv, env.Now, env.Read, env.Look = os.Getenv, time.Now, &read, look
	env.Host, _ = os.Hostname() // without one it has an ID
	seen, err := listen(ctx, s, &env)
	if err != nil {
		return err
	}
	defer seen.close() //nolint:contextcheck // ctx has ended by then, and what waits is still sent
	a, err := New(ctx, read.Config, s, env)
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		env.Log.Info("told to stop while waiting for KMS or Redis")
		return nil
	case err != nil:
		return err
	}
	seen.show(a)
	return errors.Join(a.Run(ctx), a.Close())
}

// New refuses what cannot be right, has KMS open the keys, reaches Redis and wires the
// rest; it waits for both until ctx ends, and nothing is served before Run. The error is a [*SetupError], or that of ctx.
func New(ctx context.Context, cfg config.Config, s Settings, env Environment) (*App, error) {
	env.Log = slog.New(namesRequest{env.Log.Handler()})
	// What cannot be right is told before anybody is asked who may be away.
	signing, unsigned := sinkKeys(cfg.Record.Sinks, env.Getenv)
	if err := errors.Join(s.CheckConfig(cfg), unsigned, checkArchive(cfg.Record)); err != nil {
		return nil, NeedsPerson(err)
	}
	aws, err := openAWS(ctx, s, env)
	if err != nil {
		return nil, err
	}
	opening := newUnwrapper(aws)
	if s, err = s.untilUnwrapped(ctx, opening, env.Log); err != nil {
		return nil, err
	}
	warn(ctx, cfg, s.Risks, env.Log)
	st, err := openStore(ctx, store.Options{
		URL:       s.RedisURL,
		Replicas:  cfg.Record.Replicas,
		SealKeys:  s.SealKeys,
		Cleartext: s.ClearRedis(),
		Roots:     s.RedisCA,
		Now:       env.Now,
		Log:       env.Log,
		Watch:     env.Watch,
		Line:      env.Line,
	})
	if err != nil {
		return nil, err
	}
	if st.Embedded() {
		env.Log.Warn("Redis is embedded: what the bot knows ends with this process, the audit record too")
	}
	env.leases = lease.NewRoster(st.Leases, time.Now)
	a := &App{Store: st, aws: aws, config: cfg, leases: env.leases, env: env}
	a.seals = newResealing(s, opening, st.UseSealKeys, env)
	if a.record, err = newRecording(ctx, st, aws, s, cfg.Record, env, a.needed); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	a.Record = a.record.log
	a.openSinks(cfg.Record.Sinks, signing)
	a.wire(s)
	return a, nil
}

// wire makes the bot, and what watches its config, of what is open.
func (a *App) wire(s Settings) {
	cfg, st, env := a.config, a.Store, a.env
	web := webapi.NewHTTPClient()
	api := webapi.NewAPI(s.SlackAppToken, s.SlackBotToken, s.SlackAPIURL, web)
	m := &maker{region: s.AWSRegion, deps: ports(st, env.leases)}
	a.ages = newKeyAges(awsapi.NewInspector(a.aws), env.leases, func() policy.List[policy.User] { return m.current.Load().Users }, env.Log)
	a.keys = newRotating(NewRotation(a.aws, st, a.record, env.Now), env.leases, func() *policy.Config { return m.current.Load() }, env.Now, env.Log)
	m.deps.Recorder, m.deps.Past, m.deps.Provers = a.record, recorded.Past{Log: a.Record}, proving{a.record.publisher.Prover()}
	m.deps.AWS, m.deps.ParseKey, m.deps.Now, m.deps.Log = a.aws, snippet.ParsePublicKey, env.Now, env.Log
	m.deps.PauseFor = env.PauseFor
	m.deps = recorded.Over(a.Record, m.deps)
	people := directory.New(directory.Deps{
		API: api, Copies: st.Copies, Leases: env.leases, Recorder: a.record, Named: m.userGroups, Known: m.isUser, Now: env.Now, Log: env.Log,
	})
	m.deps.People, m.deps.Directory, a.groups = people.People, people.Groups, people.Groups
	a.Bot = bot.New(bot.Deps{
		API: api, HTTP: web, APIURL: s.SlackAPIURL,
		Broker: m.broker(cfg), Settings: botSettings(cfg),
		Counters: m.deps.Counters, Directory: people.Events, Preferences: st.Preferences, Record: a.Record, Origin: a.Record.Origin, Cursors: st.Cursors,
		Ledger: st.Ledger, LedgerPace: env.LedgerPace, Replica: a.Record.Replica,
		Leases: env.leases, Due: st.DueLists, Grants: m.deps.Grants,
		CommandPrefix: cfg.Slack.CommandPrefix, Connections: cfg.Slack.Connections, AuditChannel: cfg.Slack.AuditChannel, AuditPace: env.AuditPace,
		Embedded: st.Embedded() && !s.Alone, Watch: env.Watch, Trace: env.Trace, Report: a.Report, Clock: st.Approvals.ApprovalClock, Now: env.Now, Log: env.Log,
	})
	if env.Read != nil {
		a.watcher = &watcher{
			path: env.Read.Path(), look: env.Look, reload: env.Reload, check: s.withoutSealKeys().CheckConfig, log: env.Log, done: *env.Read,
			serve:    func(c config.Config) { a.Bot.Serve(m.broker(c), botSettings(c)) },
			announce: newAnnouncer(st, a.record, env.Now, env.Log),
		}
		a.watcher.goBy(env.Read.Digest)
	}
}

// ports is what the store is for the broker.
func ports(st *store.Store, leases lease.Leases) broker.Deps {
	return broker.Deps{
		Ahead:     st.Ahead,
		Approvals: st.Approvals,
		Codes:     st.Codes,
		Orders:    st.Orders,
		Counters:  st.Counters,
		Grants:    st.Grants,
		Keys:      st.SealedKeys,
		Leases:    leases,
		Listings:  st.Listings,
		Sessions:  st.Sessions,
	}
}

func openAWS(ctx context.Context, s Settings, env Environment) (*awsapi.Client, error) {
	if env.AWS != nil {
		return awsapi.NewAt(*env.AWS, s.AWSRegion, env.Getenv, env.Now).FallingBack(s.AWSFallback).Watched(env.Watch).Logging(env.Log).Padding(env.Padding), nil
	}
	aws, err := awsapi.New(ctx, s.AWSRegion, env.Getenv, env.Now)
	if err != nil {
		return nil, NeedsPerson(fmt.Errorf("AWS settings: %w", err))
	}
	return aws.FallingBack(s.AWSFallback).Watched(env.Watch).Logging(env.Log).Padding(env.Padding), nil
}

// Run serves until ctx ends and finishes what was accepted. What Slack says that
// only a person can mend is a [*SetupError].
func (a *App) Run(ctx context.Context) error {
	told := make(chan time.Time, 1)
	defer context.AfterFunc(ctx, func() {
		a.told.Store(true)
		told <- time.Now()
	})()
	err := a.run(ctx)
	if ctx.Err() != nil && err == nil {
		a.sayStopped(ctx, <-told)
	}
	return err
}

func (a *App) run(ctx context.Context) error {
	recording, stop := context.WithCancel(context.WithoutCancel(ctx))
	wait := a.record.run(recording)
	defer wait()
	defer stop() // once nobody tells the record anything more
	switch err := a.mayServe(ctx); {
	case ctx.Err() != nil: // it never came to serve
		return nil
	case err != nil:
		return err
	}
	return a.serve(ctx)
}

// mayServe does what comes before anything is served and may refuse to: what concerns the
// record, in its order, and beside it what Slack says. The first error counts.
func (a *App) mayServe(ctx context.Context) error {
	ctx, refuse := context.WithCancelCause(ctx)
	defer refuse(nil)
	var asking sync.WaitGroup
	asking.Go(func() {
		if err := NeedsPerson(a.Bot.Greet(ctx)); err != nil {
			refuse(err)
		}
	})
	err := a.record.compare(ctx)
	if err == nil && a.watcher != nil {
		err = a.watcher.start(ctx, a.config)
	}
	if err != nil {
		refuse(err)
	}
	asking.Wait()
	return context.Cause(ctx)
}

// serve serves until ctx ends, or a newer release has written to the store what this one
// does not read.
func (a *App) serve(ctx context.Context) error {
	ctx, refuse := context.WithCancelCause(ctx)
	defer refuse(nil)
	beside, stop := context.WithCancel(ctx)
	living, end := context.WithCancel(context.WithoutCancel(ctx)) // while it finishes what was accepted too
	var all sync.WaitGroup
	all.Go(func() { a.sayReady(beside) })
	all.Go(func() { a.sayAlive(living) })
	all.Go(func() { a.ages.run(beside) })
	all.Go(func() { a.keys.run(beside) })
	all.Go(func() { a.seals.run(beside) })
	if a.watcher != nil {
		all.Go(func() {
			a.watcher.run(beside, func(ctx context.Context) {
				a.seals.nudge()
				if err := a.Store.Schema.Look(ctx); errors.Is(err, broker.ErrNewer) {
					refuse(err)
				}
			})
		})
	}
	told := a.runSinks(living)
	err := a.Bot.Run(ctx)
	stop()
	end()
	told()
	all.Wait()
	if newer := context.Cause(ctx); errors.Is(newer, broker.ErrNewer) {
		err = errors.Join(newer, err)
	}
	return NeedsPerson(err)
}

// A maker makes a Broker of each config. They share all that has a state.
type maker struct {
	deps    broker.Deps
	region  string // where STS is called
	current atomic.Pointer[policy.Config]
}

func (m *maker) broker(c config.Config) *broker.Broker {
	issuing := c.Broker
	issuing.Accounts = withRegion(issuing.Accounts, m.region)
	m.current.Store(&issuing)
	d := m.deps
	d.Config = &issuing
	return broker.New(d)
}

// userGroups are those that the config names now.
func (m *maker) userGroups() []string { return m.current.Load().UserGroups() }

// isUser reports whether the config names a person now.
func (m *maker) isUser(id string) bool { return m.current.Load().IsUser(id) }

func botSettings(c config.Config) bot.Settings {
	var names []string
	for a := range c.Broker.Accounts.All() {
		names = append(names, a.Name)
	}
	return bot.Settings{
		Workspaces:       c.Broker.Workspaces,
		ApprovalsChannel: c.Slack.ApprovalsChannel,
		RevealWindow:     c.Broker.RevealWindow,
		MFASession:       c.Broker.MFASession,
		Reminder:         c.Reminder,
		Weekly:           c.Weekly,
		Accounts:         names,
	}
}

// warn says what is wrong with c and no error, and which risks were taken.
func warn(ctx context.Context, c config.Config, risks []string, log *slog.Logger) {
	for _, w := range c.Warnings {
		log.WarnContext(ctx, "config: "+w.Message)
	}
	for _, risk := range riskWarnings {
		if slices.Contains(risks, risk.name) {
			log.WarnContext(ctx, risk.name+" is "+endpoint.Accepted+": "+risk.text)
		}
	}
}

// Close lets go of Redis.
func (a *App) Close() error { return errors.Join(a.record.closing(), a.Store.Close()) }

// withRegion gives Accounts that name no region the one that STS is called in.
func withRegion(accounts policy.List[policy.Account], region string) policy.List[policy.Account] {
	var out policy.List[policy.Account]
	for a := range accounts.All() {
		here := *a
		here.Region = cmp.Or(a.Region, region)
		out.Add(here.Name, here)
	}
	return out
}
