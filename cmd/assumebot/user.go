package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/enrol"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

const userAbout = `Make what a person needs in AWS, or take it away: an IAM user with a policy, an MFA device, and an access key in Secrets Manager.
It uses your own AWS identity, which needs deploy/iam/user-admin-policy.json, and not the bot's. CloudTrail has each step.`

func userCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:               "user COMMAND",
		Short:             "Make what a person needs in AWS, or take it away",
		Long:              userAbout,
		Example:           "  assumebot user add alice --config assumebot.yaml",
		Args:              cobra.ArbitraryArgs,
		RunE:              unknownCommand,
		ValidArgsFunction: cobra.NoFileCompletions,

		SuggestionsMinimumDistance: 2,
	}
	c.AddCommand(userAddCommand(ctx, getenv), userRemoveCommand(ctx, getenv))
	for _, sub := range c.Commands() {
		sub.DisableFlagsInUseLine = true
	}
	return c
}

var (
	// What IAM, STS as a session name, and Secrets Manager take alike.
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
	personName = text.NewPattern(`^[A-Za-z0-9_+=.@-]{2,64}$`)
	personPath = text.NewPattern(`^/[A-Za-z0-9_+=.@-]+(/[A-Za-z0-9_+=.@-]+)*/$`)
)

const maxPersonPath = 128

// userFlags are those of both commands.
type userFlags struct {
	config, path *string
	yes          *bool
	getenv       func(string) string
}

func addUserFlags(c *cobra.Command, getenv func(string) string) userFlags {
	f := userFlags{config: configFlag(c), getenv: getenv}
	f.path = c.Flags().String("path", "/assumebot/", "the `PATH` of the IAM user; the secret has the same before the name")
	f.yes = c.Flags().Bool("yes", false, "do it; without it, say what would be done")
	c.Args = onePerson
	return f
}

func onePerson(c *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return usagef(c, "who? Give the name of the IAM user, such as alice")
	case 1:
		return nil
	}
	return usagef(c, "unexpected %q: give one name", args[1])
}

// An enrolling is a run of one of the commands.
type enrolling struct {
	enrol.Enrolment
	cfg    config.Config
	caller string // ARN
	out    *printer
}

// open reads the config and finds out who asks AWS.
func (f userFlags) open(ctx context.Context, c *cobra.Command, name string) (*enrolling, error) {
	switch {
	case !personName.MatchString(name):
		return nil, usageError{cmd: c, what: fmt.Sprintf("%q: the name of the IAM user has 2 to 64 letters, digits and _+=.@-", name), alone: true}
	case !personPath.MatchString(*f.path) || len(*f.path) > maxPersonPath:
		what := fmt.Sprintf("--path %q: write one such as /assumebot/, with a slash at both ends, and nobody else's users below it", *f.path)
		return nil, usageError{cmd: c, what: what, alone: true}
	}
	path, err := configPath(c, *f.config, f.getenv("ASSUMEBOT_CONFIG"))
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	aws, err := app.OpenToolAWS(ctx, f.getenv)
	if err != nil {
		return nil, err
	}
	people := awsapi.NewPeople(aws)
	caller, err := people.Caller(ctx)
	if err != nil {
		return nil, fmt.Errorf("your own AWS identity: %w", err)
	}
	e := &enrolling{cfg: cfg, caller: caller, out: &printer{w: c.OutOrStdout()}}
	e.Deps = enrol.Deps{
		IAM: people, Devices: people, Secrets: people, Owners: people, Now: time.Now, Say: e.out.line,
		Pause: func(ctx context.Context, d time.Duration) error {
			if err := pause(ctx, d); err != nil {
				return errors.New("stopped")
			}
			return nil
		},
	}
	e.Person = enrol.Person{Name: name, Path: *f.path, Secret: strings.Trim(*f.path, "/") + "/" + name}
	return e, nil
}

// named is the User whom the config binds to this IAM user, by the secret or by the device.
func (e *enrolling) named() (policy.User, bool) {
	for u := range e.cfg.Broker.Users.All() {
		if u.Key.Secret == e.Secret || strings.HasSuffix(u.MFASerial, ":mfa"+e.Path+e.Name) {
			return *u, true
		}
	}
	return policy.User{}, false
}

// todo prints what would be done.
func (e *enrolling) todo(todo []string) {
	e.out.line("as %s:", e.caller)
	for _, line := range todo {
		e.out.line("  %s", line)
	}
}

// again is err with what to do next.
func (e *enrolling) again(ctx context.Context, err error) error {
	var foreign *enrol.Foreign
	switch {
	case err == nil:
		return e.out.err
	case ctx.Err() != nil:
		return fmt.Errorf("stopped: what is printed above is done; run it again to go on (%w)", err)
	case errors.As(err, &foreign):
		return err
	case awsapi.RefusedAs(err, "AccessDenied", "AccessDeniedException"):
		return fmt.Errorf("%w; the identity %s needs deploy/iam/user-admin-policy.json, and `user add` with it the --boundary that this names. "+
			"What is printed above is done; run it again to go on", err, e.caller)
	}
	return fmt.Errorf("%w; what is printed above is done; run it again to go on", err)
}
