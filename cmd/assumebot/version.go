package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "version",
		Short:             "Say which version this is",
		Long:              "Say which version this is, of which commit, and which Go has built it.",
		Example:           "  assumebot version",
		Args:              noArgs("it takes no arguments"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), versionText(debug.ReadBuildInfo()))
			return err
		},
	}
}

// versionText is one line: module version, commit, compiler. What the build did
// not record is called unknown.
func versionText(info *debug.BuildInfo, ok bool) string {
	const unknown = "unknown"
	if !ok {
		return fmt.Sprintf("assumebot %s, commit %s", unknown, unknown)
	}
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = " with uncommitted changes"
		}
	}
	return fmt.Sprintf("assumebot %s, commit %s%s, %s", cmp.Or(info.Main.Version, unknown), cmp.Or(commit, unknown), dirty, cmp.Or(info.GoVersion, unknown))
}
