package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/rotation"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/cmd/internal/rehearse"
)

const rotateKeyAbout = `Replace the access key of a User with credentials {secret: …}: create, store, test, switch, deactivate, delete, each on the record of
REDIS_URL. It uses the bot's settings and AWS identity, and nobody gets to see the key. The former key works for ten minutes, and is
deleted ten minutes later; to stop in between is safe. Without --yes it says what would be done.`

const (
	// rotateLeaseTTL is how long a run that died holds up the bot.
	rotateLeaseTTL = 30 * time.Second
	// rotateTurn is how long to wait for the lease: a round of the bot takes seconds for each User.
	rotateTurn = 2 * time.Minute
)

type rotateKey struct {
	config, by, iamUser *string
	yes, atOnce, json   *bool
	getenv              func(string) string
}

func rotateKeyCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:     "rotate-key USER --config FILE [flags]",
		Short:   "Replace the access key of a User by another",
		Long:    rotateKeyAbout,
		Example: "  assumebot rotate-key alice --config assumebot.yaml --at-once --yes",
		Args: func(c *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return usagef(c, "whose key? Give a name or a Slack ID")
			case 1:
				return nil
			}
			return usagef(c, "unexpected %q: give one person", args[1])
		},
	}
	r := rotateKey{config: configFlag(c), getenv: getenv}
	r.by = c.Flags().String("by", "", "the `NAME` of who has it replaced, for the record")
	r.iamUser = c.Flags().String("iam-user", "", "the `NAME` of the IAM user, where the key works no more and the bot has not noted whose it was")
	r.atOnce = c.Flags().Bool("at-once", false, "for a key that leaked: no waits; a request under way may fail")
	r.json = c.Flags().Bool("json", false, "print a JSON object for each step")
	r.yes = c.Flags().Bool("yes", false, "do it")
	c.ValidArgsFunction = inTurn(fromConfig(r.config, getenv, userNames))
	c.RunE = func(c *cobra.Command, args []string) error { return r.run(ctx, c, args[0]) }
	return c
}

func (r rotateKey) run(ctx context.Context, c *cobra.Command, who string) error {
	path, err := configPath(c, *r.config, r.getenv("ASSUMEBOT_CONFIG"))
	if err != nil {
		return err
	}
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	user, err := secretUser(cfg, who)
	if err != nil {
		return err
	}
	settings, err := app.ReadRecordSettings(ctx, r.getenv, true, true)
	if err != nil {
		return err
	}
	aws, err := app.OpenToolAWS(ctx, r.getenv)
	if err != nil {
		return err
	}
	at, err := app.OpenRecord(ctx, app.RecordPlace{Redis: true}, settings, r.getenv)
	if err != nil {
		return err
	}
	defer func() { _ = at.Close() }()
	if at.Seal == nil {
		return errors.New("ASSUMEBOT_SEAL_KEYS is not set, and what is noted and recorded is sealed with it")
	}
	out := rotatePrinter{printer: printer{w: c.OutOrStdout()}, json: *r.json}
	order := rotation.Order{AtOnce: *r.atOnce, IAMUser: *r.iamUser, By: whoRuns(*r.by)}
	if !*r.yes {
		return r.look(ctx, out, app.NewRotation(aws, at.Store, nil, time.Now), user, order)
	}
	keys, err := settings.PublicKeys(nil, nil)
	if err != nil {
		return err
	}
	return writing(ctx, at, keys, func(l *record.Log) error {
		only := lease.New(at.Store.Leases, rotation.Lease, rotateLeaseTTL, slog.New(slog.DiscardHandler))
		return alone(ctx, only, func(ctx context.Context, h *lease.Hold) error {
			fence := func() error { _, err := h.Fence(); return err }
			return replace(ctx, out, app.NewRotation(aws, at.Store, l, time.Now), fence, user, order)
		})
	})
}

// secretUser is the User whom who names, if their key stands where it can be replaced.
func secretUser(cfg config.Config, who string) (rotation.Subject, error) {
	id, err := rehearse.Person(&cfg.Broker, who)
	if err != nil {
		return rotation.Subject{}, err
	}
	u, _ := cfg.Broker.User(id)
	s, ok := app.SubjectOf(u)
	if !ok {
		return s, fmt.Errorf("the key of %s is read from %s: the bot can replace one that stands in Secrets Manager alone, with credentials {secret: …}",
			u.Name, sourceWord(u.Key))
	}
	return s, nil
}

func sourceWord(k policy.KeySource) string {
	switch {
	case k.Env != "":
		return "the environment"
	case k.Profile != "":
		return "a profile"
	}
	return "the SDK's default chain"
}

// alone has work done when no replica rotates.
func alone(ctx context.Context, only *lease.Lease, work lease.Work) error {
	until := time.Now().Add(rotateTurn)
	for {
		err := only.Do(ctx, work)
		if !errors.Is(err, lease.ErrTaken) {
			return err
		}
		if time.Now().After(until) {
			return errors.New("a replica, or somebody else, is replacing keys: nothing was done; try again in some minutes")
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return errors.New("stopped: run it again to go on, or leave the rest to rotate_keys")
	}
}

// look says how things are, and what would be done.
func (r rotateKey) look(ctx context.Context, out rotatePrinter, by *rotation.Rotation, s rotation.Subject, o rotation.Order) error {
	p, err := by.Look(ctx, s, o)
	if dead(err) { // only then is it known which one is to be replaced
		o.Replace = p.Current.ID
		p, err = by.Look(ctx, s, o)
	}
	if err != nil {
		return told(err)
	}
	if p.Next == event.RotationUnknown {
		return errors.New("nothing was done: an earlier run ended in the middle, and --yes goes on from there")
	}
	out.state(s, p)
	return errors.Join(out.err, errors.New("nothing was done: --yes replaces the access key "+p.Current.ID+" of "+s.Who.Name))
}

func dead(err error) bool {
	p := (*rotation.Problem)(nil)
	return errors.As(err, &p) && p.Code == rotation.KeyDead
}

// told is err in words that say what to do.
func told(err error) error {
	p := (*rotation.Problem)(nil)
	if !errors.As(err, &p) || rotation.Sentence(p.Code) == "" {
		return err
	}
	return fmt.Errorf("%s [%w]", rotation.Sentence(p.Code), p)
}

// replace goes on until the key that is current now is gone. Where an earlier run has switched already it ends that one.
func replace(ctx context.Context, out rotatePrinter, by *rotation.Rotation, fence func() error, s rotation.Subject, o rotation.Order) error {
	p, err := by.Look(ctx, s, o)
	if err == nil && p.Next == event.RotationUnknown {
		if p, err = by.Step(ctx, fence, s, o); err == nil {
			out.did(p)
			p, err = by.Look(ctx, s, o)
		}
	}
	if err != nil && !dead(err) {
		return told(err)
	}
	retiring := p.Waiting == rotation.WaitDeactivate || p.Waiting == rotation.WaitDelete || p.Next == event.RotateDeactivate || p.Next == event.RotateDelete
	if !retiring {
		o.Replace = p.Current.ID
	}
	for waiting := ""; ; {
		p, err := by.Step(ctx, fence, s, o)
		switch {
		case err != nil:
			return errors.Join(told(err), out.err)
		case p.Did != "" && p.Wait == 0:
			out.did(p)
		case p.Done() && p.Current.ID != o.Replace:
			out.state(s, p)
			if retiring {
				return errors.Join(out.err, errors.New("that ended an earlier rotation: run it again to replace the key that is current now"))
			}
			return out.err
		case p.Waiting != waiting:
			waiting = p.Waiting
			out.waits(p)
		}
		if err := pause(ctx, p.Wait); err != nil {
			return err
		}
	}
}

// A rotatePrinter prints steps, for people or as JSON.
type rotatePrinter struct {
	printer
	json bool
}

type rotateLine struct {
	Did     string `json:"did,omitempty"`
	Key     string `json:"access_key_id,omitempty"`
	Waiting string `json:"waiting,omitempty"`
	Seconds int64  `json:"seconds,omitempty"`
	Current string `json:"current,omitempty"`
	Created string `json:"created,omitempty"`
	IAMUser string `json:"iam_user,omitempty"`
	Next    string `json:"next,omitempty"`
}

func (o *rotatePrinter) say(l rotateLine, text string) {
	if !o.json {
		o.line("%s", text)
		return
	}
	if data, err := json.Marshal(l); err == nil { // strings and numbers always marshal
		o.line("%s", data)
	}
}

var didWords = map[string]string{
	event.RotateCreate: "created and stored beside the current one", event.RotateTest: "tested with STS", event.RotateSwitch: "is current now",
	event.RotateDeactivate: "deactivated", event.RotateDelete: "deleted", event.RotateDiscard: "deleted, since it was never stored",
	event.RotateDrop: "taken out of the secret, since it did not work", event.RotationUnknown: "an earlier run ended here: going on from what AWS has",
}

func (o *rotatePrinter) did(p rotation.Progress) {
	text := didWords[p.Did]
	if p.Key != "" {
		text = p.Key + " " + text
	}
	o.say(rotateLine{Did: p.Did, Key: p.Key}, text)
}

func (o *rotatePrinter) waits(p rotation.Progress) {
	what := map[string]string{
		rotation.WaitTest: "until IAM knows the new key everywhere", rotation.WaitDeactivate: "until no replica uses the former key",
		rotation.WaitDelete: "before the former key is deleted for good",
	}[p.Waiting]
	o.say(rotateLine{Waiting: p.Waiting, Seconds: int64(p.Wait / time.Second)}, fmt.Sprintf("waiting %s, %s", p.Wait.Round(time.Second), what))
}

func (o *rotatePrinter) state(s rotation.Subject, p rotation.Progress) {
	l := rotateLine{Current: p.Current.ID, IAMUser: p.Owner.ARN, Next: p.Next}
	age := ""
	if !p.Current.Created.IsZero() {
		l.Created = p.Current.Created.UTC().Format(time.RFC3339)
		age = ", made " + l.Created
	}
	text := fmt.Sprintf("%s has the access key %s%s", orNobody(p.Owner.ARN, s.Who.Name), p.Current.ID, age)
	if p.Next != "" {
		text += "; under way: " + p.Next
	}
	o.say(l, text)
}

func orNobody(arn, name string) string {
	if arn == "" {
		return name
	}
	return arn
}
