package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/cmd/internal/setup"
)

func initCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:               "init [--dir DIR] [--force] [flags]",
		Short:             "Ask a few questions; write a config, the manifest, IAM policies",
		Long:              "Ask what no flag says; write a config, the Slack manifest and IAM policies.",
		Example:           "  assumebot init --dir assumebot",
		Args:              noArgs("where it writes to goes after --dir"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	dir := c.Flags().String("dir", ".", "the `DIR` to write to")
	_ = c.MarkFlagDirname("dir") // fails for an unknown flag alone
	force := c.Flags().Bool("force", false, "overwrite files that are there")
	for _, q := range setup.Questions() {
		c.Flags().String(q.Flag, "", q.Help)
	}
	c.Flags().SortFlags = false
	c.RunE = func(c *cobra.Command, _ []string) error {
		if there := setup.Existing(*dir); len(there) > 0 && !*force {
			is := "is"
			if len(there) > 1 {
				is = "are"
			}
			return fmt.Errorf("%s %s there already, and nothing was written: give another --dir, or --force to overwrite", strings.Join(there, ", "), is)
		}
		a, err := answers(ctx, c, getenv("AWS_REGION"))
		if err != nil {
			return err
		}
		return initialize(c, a, *dir, *force)
	}
	return c
}

// answers are those of the flags, and what is asked for where these leave something out.
func answers(ctx context.Context, c *cobra.Command, region string) (setup.Answers, error) {
	var a setup.Answers
	if config.IsRegion(region) {
		a.HomeRegion = region
	}
	given := map[string]bool{}
	complete := true
	for _, q := range setup.Questions() {
		flag := c.Flags().Lookup(q.Flag)
		given[q.Flag] = flag.Changed
		if complete = complete && (flag.Changed || !q.Required()); !flag.Changed {
			continue
		}
		if _, err := a.Set(q, flag.Value.String()); err != nil {
			return a, usageError{cmd: c, what: fmt.Sprintf("--%s: %v", q.Flag, err), alone: true}
		}
	}
	if !complete {
		if err := newAsker(c).all(ctx, &a, given); err != nil {
			return a, err
		}
	}
	return a, a.Fill()
}

func initialize(c *cobra.Command, a setup.Answers, dir string, force bool) error {
	files, err := a.Files()
	if err != nil {
		return err
	}
	// The config is read once more as the bot will: nothing is written that is wrong.
	cfg, err := config.Parse(config.FileName, files[0].Data, func(string) ([]byte, error) { return nil, errors.New("no file is named") })
	if err != nil {
		return err
	}
	if err := setup.Write(dir, files, force); err != nil {
		return err
	}
	out := &strings.Builder{}
	for _, f := range files {
		fmt.Fprintf(out, "wrote %s\n", filepath.Join(dir, f.Name))
	}
	for _, w := range cfg.Warnings {
		fmt.Fprintf(out, "warning: %s\n", w.Message)
	}
	fmt.Fprintf(out, "\nNext:\n\n%s", a.Next(dir))
	_, err = fmt.Fprint(c.OutOrStdout(), terminal(out.String()))
	return err
}

// flagsOf lists flags as they are written.
func flagsOf(names []string) string {
	return "--" + strings.Join(names, ", --")
}
