package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/cmd/internal/rehearse"
)

const policyTestAbout = `Hold policy to cases: requests, and what it should say of each. A file of cases:

  -- groups --
  S01ONCALL: alice
  -- requests --
  alice prod for 2h => allow S01ONCALL
  bob prod because INC-1 at 2026-01-05T10:00Z in C0OPS => deny default deny
  carol vault => approval by S02LEADS; allow U03CAROL

A section config.yaml takes the place of --config, and people says who is guest or deactivated.`

func policyTestCommand(getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:     "test FILE… [--config FILE]",
		Short:   "Hold policy to cases, and say which do not hold",
		Long:    policyTestAbout,
		Example: "  assumebot policy test --config assumebot.yaml cases/*.txtar",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef(c, "which cases? Give a FILE of them")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"txtar"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	file := configFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return policyTest(c, args, func() (config.Config, error) {
			path, err := configPath(c, *file, getenv("ASSUMEBOT_CONFIG"))
			if err != nil {
				return config.Config{}, errors.New("it has no section config.yaml: add one, give --config FILE or set ASSUMEBOT_CONFIG")
			}
			return config.Load(path)
		}, getenv)
	}
	return c
}

// policyTest runs the cases of all files, also where one of them cannot be read.
func policyTest(c *cobra.Command, files []string, elsewhere func() (config.Config, error), getenv func(string) string) error {
	stdout, stderr := c.OutOrStdout(), c.ErrOrStderr()
	colours := paletteOf(stderr, getenv)
	cases, failed := 0, 0
	var problems config.Problems
	for _, path := range files {
		f, err := readCases(path, elsewhere)
		var wrong config.Problems
		switch {
		case errors.As(err, &wrong):
			problems = append(problems, wrong...)
			continue
		case err != nil:
			return err
		}
		cases += f.Len()
		for _, failure := range f.Run() {
			failed++
			printFailure(stderr, colours, failure)
		}
	}
	if len(problems) > 0 {
		return problems
	}
	all := fmt.Sprintf("%s in %s", count(cases, "case"), count(len(files), "file"))
	if failed > 0 {
		return fmt.Errorf("policy test: %d of %s fail", failed, all)
	}
	hold := " hold"
	if cases == 1 {
		hold = " holds"
	}
	_, err := fmt.Fprintln(stdout, all+paletteOf(stdout, getenv).good(hold))
	return err
}

func printFailure(w io.Writer, colours palette, f rehearse.Failure) {
	_, _ = fmt.Fprintf(w, "%s %s\n  %s %s\n  %s %s\n", // that it failed is returned too
		terminal(f.Place), terminal(f.Request), colours.good("want"), terminal(f.Want), colours.bad("got "), terminal(f.Got))
}

// maxCases bounds a file of cases, which holds a config.
const maxCases = 4 << 20

func readCases(path string, elsewhere func() (config.Config, error)) (*rehearse.File, error) {
	data, err := config.ReadRegular(path, maxCases)
	switch {
	case err != nil:
		return nil, config.Problems{{File: path, Message: "cannot be read: " + config.WithoutPath(err)}}
	case len(data) > maxCases:
		return nil, config.Problems{{File: path, Message: fmt.Sprintf("larger than %d bytes: are these cases?", maxCases)}}
	}
	return rehearse.Parse(path, data, elsewhere)
}
