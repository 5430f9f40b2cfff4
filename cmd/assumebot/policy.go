package main

import (
	"context"

	"github.com/spf13/cobra"
)

const policyAbout = `Say what the config's policy gives to whom: as cases that hold, as the difference
between two configs, and for one person with the reasons. Nothing is asked of Slack, Redis or AWS.`

func policyCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:               "policy COMMAND",
		Short:             "Test, compare and explain who may have what",
		Long:              policyAbout,
		Example:           "  assumebot policy test cases.txtar",
		Args:              cobra.ArbitraryArgs,
		RunE:              unknownCommand,
		ValidArgsFunction: cobra.NoFileCompletions,

		SuggestionsMinimumDistance: 2,
	}
	c.AddCommand(policyTestCommand(getenv), policyDiffCommand(getenv), policyExplainCommand(ctx, getenv))
	for _, sub := range c.Commands() {
		sub.DisableFlagsInUseLine = true
	}
	return c
}
