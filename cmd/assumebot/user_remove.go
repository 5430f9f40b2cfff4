package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

const userRemoveAbout = `Take away what user add made: access keys, secret, MFA device, policy and IAM user. Without --yes it says what would be done.
The secret can be brought back for 7 days. What was issued to the person stays valid until it expires.`

type userRemove struct{ userFlags }

func userRemoveCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:               "remove NAME --config FILE [flags]",
		Short:             "Take away an IAM user with all that user add made",
		Long:              userRemoveAbout,
		Example:           "  assumebot user remove alice --config assumebot.yaml --yes",
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	r := userRemove{addUserFlags(c, getenv)}
	c.RunE = func(c *cobra.Command, args []string) error { return r.run(ctx, c, args[0]) }
	return c
}

func (r userRemove) run(ctx context.Context, c *cobra.Command, name string) error {
	e, err := r.open(ctx, c, name)
	if err != nil {
		return err
	}
	todo, _, err := e.Removal(ctx)
	if err != nil {
		return e.again(ctx, err)
	}
	if u, ok := e.named(); ok {
		e.out.line("warning: the config still names %s (%s), whose requests fail once the key is gone: take them out of it", u.Name, u.Slack)
	}
	if len(todo) == 0 {
		e.out.line("there is no IAM user %s%s, and no secret %s to remove", e.Path, e.Name, e.Secret)
		return e.out.err
	}
	e.out.line("What was issued to %s stays valid until it expires: an admin ends it in Slack with /assume block and /assume revoke", e.Name)
	if !*r.yes {
		e.todo(todo)
		return errors.Join(e.out.err, errors.New("nothing was done: --yes does it"))
	}
	return e.again(ctx, e.Remove(ctx))
}
