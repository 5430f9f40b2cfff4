package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"
)

// The command line. Each command is built in the file of its name; the tree of
// them is cobra's. Cobra prints nothing of its own: help is written in help.go, and
// what went wrong is returned to main, which prints it once.

const about = "assumebot hands out short-lived AWS credentials in Slack, under a policy and on a record."

// run does what args say. The environment is reached through getenv alone.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	root := newRoot(ctx, getenv)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(ctx)
}

// newRoot is the tree of all commands.
func newRoot(ctx context.Context, getenv func(string) string) *cobra.Command {
	root := &cobra.Command{
		Use:               "assumebot COMMAND (assumebot help COMMAND says more of one)",
		Long:              about,
		Example:           "  assumebot check --config assumebot.yaml",
		Args:              cobra.ArbitraryArgs,
		RunE:              unknownCommand,
		ValidArgsFunction: cobra.NoFileCompletions,
		SilenceErrors:     true,
		SilenceUsage:      true,

		DisableFlagsInUseLine:      true, // Use says itself which there are
		SuggestionsMinimumDistance: 2,
	}
	root.AddCommand(
		runCommand(ctx, getenv), checkCommand(ctx, getenv), policyCommand(ctx, getenv), recordCommand(ctx, getenv),
		userCommand(ctx, getenv), rotateKeyCommand(ctx, getenv), drillCommand(ctx, getenv),
		initCommand(ctx, getenv), manifestCommand(getenv), schemaCommand(),
		keygenCommand(ctx, getenv), versionCommand(), completionCommand(), manCommand(), environmentTopic(),
	)
	root.PersistentFlags().BoolP("help", "h", false, "say how a command is used")
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(flagError)
	root.InitDefaultHelpCmd()
	if c, _, err := root.Find([]string{"help"}); err == nil {
		c.Short = "Say how a command is used"
		c.Long, c.Example = "Say how a command is used, or what a topic is about.", "  assumebot help policy test\n  assumebot help environment"
		c.Args = helpTopic
	}
	for _, c := range root.Commands() {
		c.DisableFlagsInUseLine = true
	}
	return root
}
