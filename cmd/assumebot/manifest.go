package main

import (
	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/cmd/internal/setup"
)

func manifestCommand(getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:   "manifest [--config FILE] [--json]",
		Short: "Print the manifest of the Slack app",
		Long: "Print the manifest of the Slack app: at https://api.slack.com/apps, Create New App, From a manifest.\n" +
			"With a config its commands have the prefix of slack.command_prefix; without one they have none.",
		Example:           "  assumebot manifest --config assumebot.yaml >slack-manifest.yaml",
		Args:              noArgs(fileGoesAfter),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	file := configFlag(c)
	asJSON := c.Flags().Bool("json", false, "print it as JSON, without comments")
	c.RunE = func(c *cobra.Command, _ []string) error {
		prefix := ""
		if path, err := configPath(c, *file, getenv("ASSUMEBOT_CONFIG")); err == nil {
			cfg, err := config.Load(path)
			if err != nil {
				return err
			}
			prefix = cfg.Slack.CommandPrefix
		}
		text := []byte(setup.Manifest(prefix))
		if *asJSON {
			var err error
			if text, err = setup.ManifestJSON(prefix); err != nil {
				return err
			}
		}
		_, err := c.OutOrStdout().Write(text)
		return err
	}
	return c
}
