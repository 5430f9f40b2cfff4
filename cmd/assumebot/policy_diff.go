package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/compare"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

const policyDiffAbout = `Say who gains and who loses what when the config OLD becomes NEW, for a pull request.
Whatever loosens a rule counts as a gain, and so does what cannot be judged from the files.

The exit code is 0 when nobody gains anything, 3 when somebody does, and 1 when it failed.`

// exitGain tells a pull request's check that somebody gains.
const exitGain = 3

func policyDiffCommand(getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:     "diff OLD NEW [--json]",
		Short:   "Say who gains or loses what between two configs",
		Long:    policyDiffAbout,
		Example: "  git show main:assumebot.yaml >old.yaml\n  assumebot policy diff old.yaml assumebot.yaml",
		Args: func(c *cobra.Command, args []string) error {
			switch len(args) {
			case 0, 1:
				return usagef(c, "which configs? Give the file as it was and the file as it is")
			case 2:
				return nil
			}
			return usagef(c, "unexpected %q: give two files", args[2])
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 1 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	asJSON := c.Flags().Bool("json", false, "one JSON object")
	c.RunE = func(c *cobra.Command, args []string) error {
		before, err := loadOne(args[0])
		if err != nil {
			return err
		}
		after, err := loadOne(args[1])
		if err != nil {
			return err
		}
		report, out := compare.Configs(before, after), c.OutOrStdout()
		if *asJSON {
			err = printDiffJSON(out, report)
		} else {
			err = printDiff(out, paletteOf(out, getenv), report)
		}
		if err == nil && len(report.Of(compare.Gains)) > 0 {
			err = exitCode(exitGain)
		}
		return err
	}
	return c
}

// loadOne is [config.Load] of a file that no flag names.
func loadOne(path string) (config.Config, error) {
	if _, err := os.Stat(path); err != nil {
		return config.Config{}, config.Problems{{File: path, Message: "cannot be read: " + config.WithoutPath(err)}}
	}
	return config.Load(path)
}

// printDiffJSON has the lists in any case, so that a script need not ask whether they are there.
func printDiffJSON(w io.Writer, report compare.Report) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	list := func(kind compare.Kind) []compare.Change { return append([]compare.Change{}, report.Of(kind)...) }
	return out.Encode(map[string][]compare.Change{
		"gains": list(compare.Gains), "loses": list(compare.Loses), "changes": list(compare.Changes),
	})
}

func printDiff(w io.Writer, colours palette, report compare.Report) error {
	plain := func(s string) string { return s }
	for _, part := range []struct {
		kind   compare.Kind
		title  string
		colour func(string) string
	}{
		{compare.Gains, "gains:", colours.bad},
		{compare.Loses, "loses:", colours.good},
		{compare.Changes, "changes, and gives nobody more or less:", plain},
	} {
		changes := report.Of(part.kind)
		if len(changes) == 0 {
			continue
		}
		if _, err := fmt.Fprintln(w, part.colour(part.title)); err != nil {
			return err
		}
		tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, c := range changes {
			_, _ = fmt.Fprintf(tab, "  %s\t%s\t%s\n", cell(c.Who), cell(c.Account), cell(diffText(c))) // Flush tells of errors
		}
		if err := tab.Flush(); err != nil {
			return err
		}
	}
	last := colours.good("nobody gains anything")
	if n := len(report.Of(compare.Gains)); n > 0 {
		last = colours.bad(count(n, "gain"))
	}
	_, err := fmt.Fprintln(w, last)
	return err
}

// cell is a text that stays in its column.
func cell(s string) string { return terminal(strings.ReplaceAll(s, "\t", " ")) }

// diffText is what differs, in words.
func diffText(c compare.Change) string {
	var how []string
	switch {
	case c.Was != "" && c.Is != "":
		how = append(how, c.Is, "was "+c.Was)
	case c.Is != "":
		how = append(how, c.Is, "was not set")
	case c.Was != "":
		how = append(how, "not set", "was "+c.Was)
	}
	if len(c.Added) > 0 {
		how = append(how, "also "+strings.Join(c.Added, ", "))
	}
	if len(c.Removed) > 0 {
		how = append(how, "no longer "+strings.Join(c.Removed, ", "))
	}
	text := c.What
	if len(how) > 0 {
		text += ": " + strings.Join(how, "; ")
	}
	if c.Unjudged && c.Why != "" {
		text += " (cannot be judged: " + c.Why + ")"
	} else if c.Unjudged {
		text += " (cannot be judged)"
	}
	return text
}
