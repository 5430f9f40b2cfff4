package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/enrol"
	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/cmd/internal/setup"
)

const userAddAbout = `Make an IAM user, its policy, an MFA device, a secret and an access key in it, and print what the config wants.
What is there already is left. Without --yes it says what would be done. The device is shown as a QR code on the terminal alone,
and nobody gets to see the access key. If it ends in the middle, run it again.`

// maxUserPolicy is IAM's limit on the inline policies of a user, without white space.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxUserPolicy = 2048

var slackUser = text.NewPattern(`^[UW][A-Z0-9]{2,30}$`)

type userAdd struct {
	userFlags
	slack, boundary *string
	accounts        *[]string
	qr              *choice
}

func userAddCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:               "add NAME --config FILE [flags]",
		Short:             "Make an IAM user with policy, MFA device, secret and key",
		Long:              userAddAbout,
		Example:           "  assumebot user add alice --slack U01ALICE --config assumebot.yaml --yes",
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	a := userAdd{userFlags: addUserFlags(c, getenv)}
	a.slack = c.Flags().String("slack", "", "the person's Slack `ID`, for the lines of the config that are printed")
	a.boundary = c.Flags().String("boundary", "", "the `POLICY`, a name or an ARN, that is the permissions boundary of the IAM user")
	a.accounts = c.Flags().StringSlice("account", nil, "the `ACCOUNTS` whose roles the IAM user may assume; without it those of all")
	_ = c.RegisterFlagCompletionFunc("account", fromConfig(a.config, getenv, accountNames)) // fails for an unknown flag alone
	a.qr = choiceFlag(c, "qr", "yes", "show the device as a QR code, yes or no: as text", "yes", "no")
	c.RunE = func(c *cobra.Command, args []string) error { return a.run(ctx, c, args[0]) }
	return c
}

func (a userAdd) run(ctx context.Context, c *cobra.Command, name string) error {
	if *a.slack != "" && !slackUser.MatchString(*a.slack) {
		return usageError{cmd: c, what: fmt.Sprintf("--slack %q is no Slack user ID: it is U… or W…, in the person's profile", *a.slack), alone: true}
	}
	e, err := a.open(ctx, c, name)
	if err != nil {
		return err
	}
	if e.Policy, err = policyFor(e.cfg, *a.accounts); err != nil {
		return err
	}
	if e.Boundary, err = boundaryARN(*a.boundary, e.caller); err != nil {
		return err
	}
	plan, err := e.Plan(ctx)
	switch {
	case err != nil:
		return e.again(ctx, err)
	case len(plan.Todo) == 0:
		e.out.line("all of it is there already. %s", keyThere(plan.State))
		e.lines(plan.Serial(e.Person), *a.slack)
		return e.out.err
	}
	e.todo(plan.Todo)
	if !*a.yes {
		return errors.Join(e.out.err, errors.New("nothing was done: --yes does it"))
	}
	if len(plan.Devices) == 0 {
		desk, err := openDesk(c, e.caller, a.qr.chosen == "yes")
		if err != nil {
			return err
		}
		defer desk.close()
		e.Terminal = desk
	}
	s, tested, err := e.Add(ctx, plan)
	if err != nil {
		return e.again(ctx, err)
	}
	if !tested {
		e.out.line("%s", keyThere(s))
	}
	e.lines(s.Serial(e.Person), *a.slack)
	e.out.line("\nThe trust policy of each role has to name %s.", s.User.ARN)
	return e.out.err
}

// keyThere is what is known of a key that was there before: nobody here may read the secret.
func keyThere(s enrol.State) string {
	if id, told := s.Secret.Key(); told {
		return "The secret holds the access key " + id + ", which is active; `assumebot check --live` tells whether it works."
	}
	return "Which access key the secret holds cannot be told from here: `assumebot check --live` tells whether it works."
}

// policyFor is the policy of an IAM user for these accounts of the config; "" where none has a role.
func policyFor(cfg config.Config, accounts []string) (string, error) {
	var roles []string
	for a := range cfg.Broker.Accounts.All() {
		if role := string(a.RoleARN); role != "" && (len(accounts) == 0 || slices.Contains(accounts, a.Name)) && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	for _, name := range accounts {
		if _, ok := cfg.Broker.Account(name); !ok {
			return "", fmt.Errorf("--account %s: the config has no such account", name)
		}
	}
	if len(roles) == 0 {
		return "", nil
	}
	slices.Sort(roles)
	text, err := setup.UserPolicy(roles)
	if err == nil && len(text) > maxUserPolicy {
		err = fmt.Errorf("the policy for %d roles has %d characters, and IAM takes %d: choose fewer with --account", len(roles), len(text), maxUserPolicy)
	}
	return text, err
}

// boundaryARN is a policy by its name or ARN, in the AWS account of the caller.
func boundaryARN(given, caller string) (string, error) {
	parts := strings.SplitN(caller, ":", 6)
	switch {
	case given == "" || strings.HasPrefix(given, "arn:"):
		return given, nil
	case len(parts) < 6:
		return "", fmt.Errorf("--boundary %s: write the policy's ARN", given)
	}
	return "arn:" + parts[1] + ":iam::" + parts[4] + ":policy/" + given, nil
}

// lines prints what the config wants.
func (e *enrolling) lines(serial, slack string) {
	if u, ok := e.named(); ok {
		e.out.line("the config has %s (%s) already", u.Name, u.Slack)
		return
	}
	hint := ""
	if slack == "" {
		slack, hint = "U…", " # the person's Slack user ID"
	}
	e.out.line("\nFor the config, below users:\n\n- slack: %s%s\n  name: %q\n  session_name: %q\n  mfa_serial: %q\n  credentials: {secret: %q}",
		slack, hint, e.Name, e.Name, serial, e.Secret)
}
