package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// The command line. Each command is built in the file of its name; the tree of
// them is cobra's. Cobra prints nothing of its own: help is written here, and what
// went wrong is returned to main, which prints it once.

const about = "assumebot hands out short-lived AWS credentials in Slack, under a policy and on a record."

const environment = `environment (each of those marked * also as NAME_FILE, the path of a file that holds it):
  SLACK_APP_TOKEN *       xapp-…, with the scope connections:write
  SLACK_BOT_TOKEN *       xoxb-…
  REDIS_URL *             embedded for one process, or redis://, rediss:// or unix://
  ASSUMEBOT_SEAL_KEYS *   comma-separated or one a line, newest first; not needed with embedded
  ASSUMEBOT_RECORD_KEY *  signs the record; a list as well, newest first; none with embedded
  AWS_REGION              where STS is called; other AWS settings are the SDK's own
  ASSUMEBOT_CONFIG        the config file, when --config is not given
  SLACK_API_URL *         https://slack.com/api/ unless set
  REDIS_CLEARTEXT, REDIS_SKIP_VERIFY, AWS_FOREIGN_ENDPOINT
                          accepted, to take the risk that the name says

exit codes: 0 done, 1 failed, 2 the command line is wrong,
  78 the bot cannot run until a person mends its settings, its config or a token
`

// notes is the annotation that holds what a command's help ends with.
const notes = "notes"

// run does what args say. The environment is reached through getenv alone.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	root := &cobra.Command{
		Use:               "assumebot COMMAND (assumebot help COMMAND says more of one)",
		Long:              about,
		Annotations:       map[string]string{notes: environment},
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
		manifestCommand(getenv), schemaCommand(),
		keygenCommand(), versionCommand(), completionCommand(),
	)
	root.PersistentFlags().BoolP("help", "h", false, "say how a command is used")
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(flagError)
	root.InitDefaultHelpCmd()
	if c, _, err := root.Find([]string{"help"}); err == nil {
		c.Short, c.Long = "Say how a command is used", "Say how a command is used, and list the environment variables and the exit codes."
		c.Args = helpTopic
	}
	for _, c := range root.Commands() {
		c.DisableFlagsInUseLine = true
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(ctx)
}

// help prints what was asked for.
func help(c *cobra.Command, _ []string) {
	end := c.Annotations[notes]
	if end != "" {
		end = "\n" + end
	}
	_, _ = fmt.Fprintf(c.OutOrStdout(), "%s\n\n%s%s", c.Long, usageText(c), end)
}

// usageText is how to write c: its line, its commands and its flags.
func usageText(c *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s\n", c.UseLine())
	if c.HasAvailableSubCommands() {
		b.WriteString("\ncommands:\n")
		for _, sub := range c.Commands() {
			if !sub.Hidden {
				fmt.Fprintf(&b, "  %-*s  %s\n", c.Commands()[0].NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	if flags := c.LocalFlags().FlagUsages(); flags != "" {
		b.WriteString("\nflags:\n" + flags)
	}
	return b.String()
}
