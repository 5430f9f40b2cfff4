package drill

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
)

const (
	// askedFor is the shortest that AWS issues.
	askedFor = 15 * time.Minute
	// toldWithin is how long the audit channel may take to tell of the begin.
	toldWithin = 30 * time.Second
	// undoWithin is what taking back has, whatever became of the drill.
	undoWithin = 3 * time.Minute
	// pausedFor is how long the drill's pause stands where nobody lifts it, as after a kill: longer
	// than all that is done meanwhile, and then is taken back.
	pausedFor = 10 * time.Minute
	readyIn   = 30 * time.Second
	signedIn  = 30 * time.Second
)

// Options are what a drill is run with.
type Options struct {
	Config   config.Config
	Digest   string // of the config
	Settings app.Settings
	Env      app.Environment // of the replica; Now and Log are needed

	User    string // Slack ID of the User who asks
	Admin   string // Slack ID of the admin who orders; "": nobody does
	Account string
	RunBy   string
	Skip    []string // steps that are not tried

	// Code returns a code of the User's device, which was not used yet.
	Code func(ctx context.Context) (string, error)
	// Say is told how it goes.
	Say func(line string)
	// RevokedWithin is how long AWS may take to refuse what was revoked; 0: two minutes.
	RevokedWithin time.Duration

	// What tests have go wrong.
	within  time.Duration               // the audit channel tells of the begin; 0: toldWithin
	lapses  time.Duration               // after which the pause ends by itself; 0: pausedFor
	padding int32                       // 0: as many bytes as AWS pads to
	uncut   bool                        // the line to Redis is not cut
	typing  func(d *drill, text string) // is told what is about to be typed
}

// Names of the steps, in their order.
func Names() []string {
	return []string{"credentials", "tokens", "refusal", "lock_out", "pause", "revoke", "redis_away", "record"}
}

// A drill is one that runs.
type drill struct {
	Options
	app        *app.App
	door       *door
	line       *store.Line
	calls      *calls
	user       policy.User
	account    policy.Account
	id         string
	began      int64 // number of the entry
	since      []byte
	source     audit.Source // of the record
	code       string       // that was used
	wrong      []string     // codes that were made up
	unanswered bool         // the order to pause
	given      secret.Credentials
	undo       []undoing
	report     Report
}

// An undoing takes back one thing that the drill imposed.
type undoing struct {
	what string
	do   func(context.Context) error
}

// Check says why a drill with these options could not show anything, before anything is done.
func (o Options) Check() error {
	u, ok := o.Config.Broker.User(o.User)
	if !ok {
		return fmt.Errorf("%s is no User of the config: name one by their Slack ID", config.Quote(o.User))
	}
	a, ok := o.Config.Broker.Account(o.Account)
	for _, name := range o.Skip {
		if !slices.Contains(Names(), name) {
			return fmt.Errorf("there is no step %s: they are %s", config.Quote(name), strings.Join(Names(), ", "))
		}
	}
	switch {
	case !ok:
		return fmt.Errorf("%s is no Account of the config", config.Quote(o.Account))
	case !a.HasRole():
		return fmt.Errorf("%s has no role: its credentials are the IAM user itself, which a drill must not hand out; name an Account with a role", a.Name)
	case a.MFA == policy.MFANone:
		return fmt.Errorf("%s asks for no MFA code, so neither a wrong code nor a lock-out could be tried: name another Account", a.Name)
	case !u.AgeKey.Empty(), u.SealRequired, a.SealRequired:
		return fmt.Errorf("the credentials of %s for %s are encrypted to a key, and a drill could not read them: name another User or Account", u.Name, a.Name)
	case o.Admin == o.User:
		return errors.New("nobody unlocks themselves: name an admin who is another person")
	}
	return nil
}

// Run does the drill. The error is why it could not be begun, or not be reported; what a step
// found is in the Report, and so is what could not be taken back.
func Run(ctx context.Context, o Options) (r Report, err error) {
	if err := o.Check(); err != nil {
		return r, err
	}
	d := &drill{Options: o, line: &store.Line{}, calls: &calls{}, id: strings.ToLower(rand.Text()[:12])}
	d.user, _ = o.Config.Broker.User(o.User)
	d.account, _ = o.Config.Broker.Account(o.Account)
	if d.RevokedWithin == 0 {
		d.RevokedWithin = 2 * time.Minute
	}
	if d.door, err = openDoor(ctx, o.Settings.SlackAPIURL, o.Config.Broker.Workspaces[0]); err != nil {
		return r, err
	}
	defer d.door.close()
	settings, env := o.Settings, o.Env
	settings.SlackAPIURL = d.door.apiURL()
	env.Line, env.Padding, env.Watch, env.Read = d.line, cmp.Or(o.padding, awsapi.MostPadding), d.calls, nil
	env.PauseFor = cmp.Or(o.lapses, pausedFor)
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	if d.app, err = app.New(ctx, o.Config, settings, env); err != nil {
		return r, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- d.app.Run(running) }()
	defer func() {
		d.line.Mend()
		stop()
		err = errors.Join(err, <-ended, d.app.Close())
	}()
	ready := time.NewTimer(readyIn)
	defer ready.Stop()
	select {
	case <-d.app.Bot.Ready():
	case bad := <-ended:
		ended <- nil
		return r, errors.Join(errors.New("the drill's replica could not serve"), bad)
	case <-ready.C:
		return r, errors.New("the drill's replica was not ready in time: see `assumebot check --live`")
	case <-ctx.Done():
		return r, context.Cause(ctx)
	}
	d.source = d.app.RecordSource()
	if place := o.Config.Record.Archive; place != "" { // which has the tiles that Redis has no more
		archived, err := app.OpenRecord(ctx, app.RecordPlace{Archive: place}, o.Settings, env.Getenv)
		if err != nil {
			return r, err
		}
		defer func() { _ = archived.Close() }() // only read from
		d.source = audit.WithTiles(d.source, archived.Archived)
	}
	return d.run(ctx)
}

func (d *drill) run(ctx context.Context) (Report, error) {
	if err := d.may(ctx); err != nil {
		return Report{}, err
	}
	d.report = Report{
		Version: 1, Drill: d.id, Began: d.now(), Origin: d.app.Record.Origin, Program: d.Env.Version, Config: d.Digest, RunBy: d.RunBy,
		User: d.person(d.User).String(), Account: d.account.Name, Replica: d.app.Record.Replica,
	}
	if d.Admin != "" {
		d.report.Admin = d.person(d.Admin).String()
	}
	if err := d.announce(ctx); err != nil {
		return Report{}, err
	}
	for _, s := range d.steps() {
		d.step(ctx, s)
	}
	undoing, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
	defer cancel()
	d.takeBack(undoing)
	d.report.Ended = d.now()
	d.report.Result = resultOf(d.report.Steps, d.report.Left)
	return d.report, d.conclude(undoing)
}

func (d *drill) now() time.Time { return d.Env.Now().UTC().Truncate(time.Millisecond) }

func (d *drill) person(id string) event.Person {
	u, _ := d.Config.Broker.User(id)
	return event.Person{ID: id, Name: u.Name}
}

// may looks for what would spoil the drill, or harm somebody.
func (d *drill) may(ctx context.Context) error {
	if err := d.app.Record.Err(); err != nil {
		return fmt.Errorf("the record does not check out, and nothing is issued: %w", err)
	}
	if _, err := d.app.Record.End(ctx); err != nil {
		return fmt.Errorf("the record cannot be read: %w", err)
	}
	_, pause := d.app.Record.Orders("")
	block, _ := d.app.Record.Orders(d.User)
	locked, err := d.app.Store.Counters.LockedFor(ctx, d.User)
	if err != nil {
		return err
	}
	ask := policy.Ask{User: d.User, Channel: d.channel(), Account: d.Account, Duration: askedFor, Reason: d.reason()}
	may, err := d.app.Decide(ctx, ask)
	switch {
	case err != nil:
		return fmt.Errorf("who is in which user group is not known: %w", err)
	case pause != nil && pause.Until.IsZero():
		return errors.New("the bot is paused already: an admin lifts that with /assume resume")
	case pause != nil && !pause.Over(d.now()):
		return fmt.Errorf("the bot is paused by another drill; if that was killed, the pause ends by itself at %s, or sooner with /assume resume",
			pause.Until.Format(time.RFC3339))
	case block != nil:
		return fmt.Errorf("%s is blocked: name another User, or unblock them", d.user.Name)
	case locked > 0:
		return fmt.Errorf("%s is locked out for %s: an admin lifts that with /assume unlock", d.user.Name, locked.Round(time.Second))
	case may.Effect != policy.Allow:
		return fmt.Errorf("%s may not have %s for 15m now (%s): name another Account", d.user.Name, d.account.Name, may.Rule)
	}
	for _, other := range d.app.Report(ctx).Replicas {
		switch {
		case other.ID == d.app.Record.Replica:
		case other.Version != d.Env.Version:
			return fmt.Errorf("a replica runs %q, and this is %q: drill with the release that serves", other.Version, d.Env.Version)
		case d.Digest != "" && other.Config != "" && other.Config != d.Digest:
			return errors.New("a replica goes by another config than this one: drill with the config that serves")
		}
	}
	if d.since, err = d.source.Checkpoint(ctx); err != nil {
		return fmt.Errorf("the record's checkpoint cannot be read: %w", err)
	}
	return nil
}

// announce puts the begin on the record, and waits until the audit channel tells of it.
func (d *drill) announce(ctx context.Context) error {
	n, err := d.record(ctx, event.DrillData{State: event.DrillBegan})
	if err != nil {
		return fmt.Errorf("the drill could not be announced, so nothing was done: %w", err)
	}
	d.began = n
	d.Say(fmt.Sprintf("drill %s began: entry %d", d.id, n))
	err = await(ctx, cmp.Or(d.within, toldWithin), func() (bool, error) {
		next, err := d.app.Bot.AuditNext(ctx)
		return next > n, err
	})
	if err != nil {
		_, failed := d.record(context.WithoutCancel(ctx), event.DrillData{State: event.DrillEnded})
		return errors.Join(fmt.Errorf("the audit channel does not tell of the drill, so nothing was done: %w", err), failed)
	}
	return nil
}

// record writes an Event about the drill, and returns its number.
func (d *drill) record(ctx context.Context, data event.DrillData) (int64, error) {
	data.Drill, data.RunBy, data.Account, data.Target = d.id, d.RunBy, d.account.Name, d.person(d.User)
	if d.Admin != "" {
		data.Admin = d.person(d.Admin)
	}
	got, err := d.app.Record.Record(ctx, event.Event{ID: rand.Text(), Time: d.now(), Replica: d.app.Record.Replica, Data: data})
	return got.Number, err
}

// step does one step, unless it is not to be tried.
func (d *drill) step(ctx context.Context, s step) {
	began := time.Now()
	out := &Step{Name: s.name, Result: Passed}
	switch {
	case ctx.Err() != nil:
		out.Result, out.Why = NotTried, stopped
	case slices.Contains(d.Skip, s.name):
		out.Result, out.Why = NotTried, "whoever ran it left it out"
	case s.needs != "" && !d.passed(s.needs):
		out.Result, out.Why = NotTried, "it needs the step "+s.needs
	case s.orders && d.Admin == "":
		out.Result, out.Why = NotTried, "no admin was named"
	default:
		if err := s.do(ctx, &checks{step: out}); err != nil {
			out.Result, out.Why = Failed, err.Error()
		}
	}
	out.TookMS = time.Since(began).Milliseconds()
	d.report.Steps = append(d.report.Steps, *out)
	d.Say(out.line())
}

func (d *drill) passed(name string) bool {
	return slices.ContainsFunc(d.report.Steps, func(s Step) bool { return s.Name == name && s.Result == Passed })
}

// will puts how a thing is taken back on the list, before it is imposed.
func (d *drill) will(what string, undo func(context.Context) error) {
	d.undo = append(d.undo, undoing{what, undo})
}

func (d *drill) cut() {
	if !d.uncut {
		d.line.Cut()
	}
}

// takeBack takes back what was imposed, the last first.
func (d *drill) takeBack(ctx context.Context) {
	d.line.Mend()
	for _, u := range slices.Backward(d.undo) {
		err := u.do(ctx)
		if err != nil { // Redis may only now be there again
			_ = await(ctx, 5*time.Second, func() (bool, error) { err = u.do(ctx); return err == nil, nil })
		}
		if err != nil {
			d.report.Left = append(d.report.Left, u.what)
			d.Say("NOT UNDONE: " + u.what + ": " + err.Error())
		}
	}
}

// conclude puts the end on the record, and both ends' proofs into the report.
func (d *drill) conclude(ctx context.Context) error {
	end := event.DrillData{State: event.DrillEnded, Left: d.report.Left}
	for _, s := range d.report.Steps {
		end.Steps = append(end.Steps, event.DrillStep{Name: s.Name, Result: s.Result})
	}
	n, err := d.record(ctx, end)
	if err != nil {
		return fmt.Errorf("the end of the drill is not on the record: %w", err)
	}
	if d.Settings.EmbeddedRedis() {
		d.report.Unsigned = "REDIS_URL is embedded, whose record has a key for this run alone"
	}
	ended, err := d.prove(ctx, n)
	if err != nil {
		return fmt.Errorf("the end of the drill is not proved: %w", err)
	}
	began, err := d.prove(ctx, d.began)
	if err != nil {
		return fmt.Errorf("the begin of the drill is not proved: %w", err)
	}
	d.report.BeganProof, d.report.EndedProof = string(began), string(ended)
	return nil
}
